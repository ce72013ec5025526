--- Columns of a table that was read, as Lua lists.
--
-- @module cmml.data.columns
local columns = {}

--- The texts of a column, row by row.
-- @tparam table column of kind "text": vocab and ids
-- @treturn {string,...}
function columns.texts(column)
  local list = {}
  for row, id in ipairs(column.ids:totable()) do
    list[row] = column.vocab:text(id)
  end
  return list
end

return columns
