--- Whether two ways to the same numbers give the same.
--
-- @module cmml.serve.near

local far = require "cmml.serve.far"

--- The first of some numbers that is another than was expected: by more than rounding makes of the
-- largest of them that is not far off.
-- @tparam table found numbers
-- @tparam table expected as many; what is not a number there must not be one in `found`
-- @treturn integer|nil
return function(found, expected)
  local most = 0
  for _, value in ipairs(expected) do
    local size = math.abs(value)
    most = size < far and math.max(most, size) or most
  end
  for i, value in ipairs(expected) do
    local size = math.abs(value)
    local same = math.abs(value - found[i]) <= 1e-4 * (size < far and most or size)
    local neither = value ~= value and found[i] ~= found[i]
    if not same and not neither then
      return i
    end
  end
  return nil
end
