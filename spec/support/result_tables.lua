--- The numbers of tables that `cmml evaluate` prints.
local result_tables = {}

--- The rows of all tables of a text.
-- @tparam string text
-- @treturn table list of {title, metric, mean, half the width of the interval}, as they stand there
function result_tables.read(text)
  local found, heads = {}, nil
  for line in text:gmatch "[^\n]+" do
    local cells = {}
    for cell in line:gmatch "|%s*([^|]-)%s*%f[|]" do
      cells[#cells + 1] = cell
    end
    if cells[1] == "metric" then -- differences to a rival
      heads = nil
    elseif cells[1] and cells[1]:find "^model" then
      heads = cells
    elseif heads and cells[1] and not cells[1]:find "^%-" then
      for column = 2, #cells do
        local mean, interval = cells[column]:match "^(%S+) ± (%S+)$"
        found[#found + 1] = { cells[1], heads[column], tonumber(mean), tonumber(interval) }
      end
    end
  end
  return found
end

--- The titles of the rows of a metric, and their means.
-- @tparam string text
-- @tparam string metric
-- @treturn table list of {title, mean}
function result_tables.means(text, metric)
  local list = {}
  for _, row in ipairs(result_tables.read(text)) do
    if row[2] == metric then
      list[#list + 1] = { row[1], row[3] }
    end
  end
  return list
end

return result_tables
