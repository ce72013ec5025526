--- assert.near_tensor(expected, actual, tolerance): `expected` is an oracle tensor { shape, data }
-- or a number, `actual` a tensor of a core or an oracle tensor; elements may differ by tolerance
-- times the larger of 1 and their size. Not a number is near itself alone, and so is an infinity.
local luassert = require "luassert"
local ref = require "spec.support.ref"

local close = {}

--- How far two numbers are apart, relative to the larger one where that is above 1.
-- @treturn number 0 for equal ones (not a number included), infinite for what cannot be compared
function close.difference(a, b)
  if a == b or (a ~= a and b ~= b) then
    return 0
  end
  local d = math.abs(a - b) / math.max(1, math.abs(a), math.abs(b))
  return d == d and d or math.huge
end

local function shape_text(shape)
  return "{" .. table.concat(shape, ", ") .. "}"
end

--- The first fault, as text; nil if there is none.
function close.fault(expected, actual, tolerance)
  if type(expected) == "number" then
    expected = ref.new({}, { expected })
  end
  local got = type(actual) == "table" and actual or ref.of(actual)
  if shape_text(got.shape) ~= shape_text(expected.shape) then
    return ("shape %s was expected, not %s"):format(shape_text(expected.shape),
      shape_text(got.shape))
  end
  for i, value in ipairs(expected.data) do
    if close.difference(value, got.data[i]) > tolerance then
      return ("element %d of shape %s: %.17g was expected, not %.17g"):format(i,
        shape_text(got.shape), value, got.data[i])
    end
  end
  return nil
end

luassert:register("assertion", "near_tensor", function(state, arguments)
  local fault = close.fault(arguments[1], arguments[2], arguments[3])
  state.failure_message = fault
  return fault == nil
end)

--- Asserts that a number is near to what was expected, as `difference` measures it.
-- @tparam number expected
-- @tparam number found
-- @tparam number bound
-- @tparam[opt] string what for the message
function close.near(expected, found, bound, what)
  luassert.truthy(close.difference(expected, found) <= bound,
    ("%s: %.17g was expected, not %.17g"):format(what or "value", expected, found))
end

--- The same for each entry of two lists of one length.
-- @tparam table expected
-- @tparam table found
-- @tparam number bound
-- @tparam string what
function close.near_lists(expected, found, bound, what)
  luassert.equal(#expected, #found)
  for i, value in ipairs(expected) do
    close.near(value, found[i], bound, ("%s, %d"):format(what, i))
  end
end

return close
