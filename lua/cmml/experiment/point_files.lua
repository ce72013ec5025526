--- Files of points that `contexts` and `routes` write beside their tables.
--
-- @module cmml.experiment.point_files
local plain = require "cmml.base.plain"

local point_files = {}

--- The results of the first seed, which are drawn.
-- @tparam table plan
-- @tparam table results by cell
-- @treturn table list of {row, result}
function point_files.drawn(plan, results)
  local list = {}
  for _, cell in ipairs(plan.cells) do
    list[#list + 1] = cell.seed == 1 and results[cell] and { row = cell.row,
      result = results[cell] } or nil
  end
  return list
end

--- The name of a file: number and title of a data set, in letters that every file system takes.
-- @tparam integer number
-- @tparam string row
-- @tparam string ending
-- @treturn string
function point_files.file_name(number, row, ending)
  return ("%d-%s-%s"):format(number, (row:gsub("[^0-9A-Za-z]+", "-")), ending)
end

--- A CSV document.
-- @tparam table lines list of lists of texts and numbers
-- @treturn string
function point_files.csv(lines)
  local texts = {}
  for i, line in ipairs(lines) do
    local cells = {}
    for j, value in ipairs(line) do
      local text = math.type(value) == "float" and plain.format("%.6g", value)
        or plain.tostring(value)
      cells[j] = text:find '[",\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
    end
    texts[i] = table.concat(cells, ",")
  end
  return table.concat(texts, "\n") .. "\n"
end

return point_files
