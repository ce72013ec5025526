--- A copy of a table and of all tables in it, with their metatables; anything else is itself.
-- @param value
-- @return as `value`
local function deep_copy(value)
  if type(value) ~= "table" then
    return value
  end
  local other = setmetatable({}, getmetatable(value))
  for key, inner in pairs(value) do
    other[key] = deep_copy(inner)
  end
  return other
end

return deep_copy
