-- Do numbers agree with the stored ones? The rule of the case files:
-- max |got - want| <= atol + rtol * max |want|, a stored NaN asking for NaN.
local cmml = require "cmml"

local compare = {}

local zero_bound = 1e-5 -- for what is zero in exact arithmetic

-- Appends the numbers of nested lists in row-major order; returns their shape.
local function flatten(value, list)
  if type(value) ~= "table" then
    list[#list + 1] = value
    return {}
  end
  local shape
  for i, part in ipairs(value) do
    local inner = flatten(part, list)
    if shape and table.concat(shape, "x") ~= table.concat(inner, "x") then
      error("the parts of a list differ in shape", 0)
    end
    shape = shape or inner
    if i == #value then
      return { #value, table.unpack(shape) }
    end
  end
  return { 0 }
end

--- Shape and numbers of a tensor, a number or nested lists of numbers.
-- @param value
-- @treturn table shape, a list
-- @treturn table numbers, row-major
function compare.numbers(value)
  local list = {}
  if not cmml.is_tensor(value) then
    return flatten(value, list), list
  end
  if value.count > 0 then
    flatten(value:totable(), list)
  end
  return value.shape, list
end

local function shape_text(shape)
  return #shape == 0 and "a single number" or "shape " .. table.concat(shape, "x")
end

local function largest(numbers)
  local most = 0
  for _, number in ipairs(numbers) do
    if number == number then
      most = math.max(most, math.abs(number))
    end
  end
  return most
end

-- How far a number is off; infinite where one of the two is NaN or infinite and the other is not.
local function distance(got, want)
  if got == want or (got ~= got and want ~= want) then
    return 0
  end
  local off = math.abs(got - want)
  return off == off and off or math.huge
end

--- Compares a computed value with a stored tensor.
-- @param got a tensor, a number or nested lists
-- @tparam table want a stored tensor: shape, values
-- @tparam table tolerance rtol, atol
-- @tparam ?boolean zero whether the value is zero by structure
-- @treturn ?number the largest error as a share of what is allowed; nil if they do not agree
-- @treturn ?string why not
function compare.agree(got, want, tolerance, zero)
  local shape, numbers = compare.numbers(got)
  if table.concat(shape, "x") ~= table.concat(want.shape, "x") then
    return nil, ("is %s, but %s was expected"):format(shape_text(shape), shape_text(want.shape))
  end
  local bound = zero and zero_bound
    or tolerance.atol + tolerance.rtol * largest(want.values)
  local worst, at = 0, 1
  for i, number in ipairs(numbers) do
    local off = distance(number, zero and 0 or want.values[i])
    if off > worst then
      worst, at = off, i
    end
  end
  if worst <= bound then
    return bound > 0 and worst / bound or 0
  end
  return nil, ("number %d is %.9g, but %.9g was expected: off by %.3g, allowed are %.3g"):format(
    at, numbers[at], zero and 0 or want.values[at], worst, bound)
end

return compare
