--- Whether two ways to the same numbers give the same.
--
-- @module cmml.serve.near

--- The first of some numbers that is another than was expected: by more than rounding makes of the
-- largest of them.
-- @tparam table found numbers
-- @tparam table expected as many; what is not a number there must not be one in `found`
-- @treturn integer|nil
return function(found, expected)
  local most = 0
  for _, value in ipairs(expected) do
    most = math.max(most, math.abs(value))
  end
  for i, value in ipairs(expected) do
    local same = math.abs(value - found[i]) <= 1e-4 * most
    local neither = value ~= value and found[i] ~= found[i]
    if not same and not neither then
      return i
    end
  end
  return nil
end
