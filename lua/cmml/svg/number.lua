--- Numbers as text for pictures, whatever the locale of the process, and the ticks of an axis.
--
-- @module cmml.svg.number
local plain = require "cmml.base.plain"

local number = {}

--- Whether a value is a number that can be drawn: finite, and not so large that a range overflows.
-- @param x
-- @treturn boolean
function number.is_finite(x)
  return type(x) == "number" and math.abs(x) < 1e300
end

--- A number with so many decimals: "-0.50". No locale changes the point; -0 is written as 0.
-- @tparam number x finite
-- @tparam integer decimals 0 to 9
-- @treturn string
function number.fixed(x, decimals)
  local scale = 10 ^ decimals
  local magnitude = math.abs(x) * scale
  if magnitude >= 2 ^ 53 then -- the decimals are beyond what a number holds
    return (plain.format("%.6e", x):gsub("^(%-?%d)[^%d]+(%d)", "%1.%2"))
  end
  local units = math.floor(magnitude + 0.5)
  local sign = x < 0 and units > 0 and "-" or ""
  local digits = ("%d"):format(units)
  if decimals == 0 then
    return sign .. digits
  end
  digits = ("0"):rep(decimals + 1 - #digits) .. digits
  return sign .. digits:sub(1, -decimals - 1) .. "." .. digits:sub(-decimals)
end

--- The same without zeros at the end: a coordinate, "12.5".
-- @tparam number x finite
-- @tparam[opt=2] integer decimals at most
-- @treturn string
function number.short(x, decimals)
  local text = number.fixed(x, decimals or 2)
  if text:find("e", 1, true) or not text:find(".", 1, true) then
    return text
  end
  return (text:gsub("0+$", ""):gsub("%.$", ""))
end

--- How many decimals tell numbers apart that are `step` from each other.
-- @tparam number step above 0
-- @treturn integer 0 to 9
function number.decimals(step)
  return math.max(0, math.min(9, math.ceil(-math.log(step, 10) - 1e-9)))
end

--- A range that has a width: one number alone gets room on both sides.
-- @tparam number low
-- @tparam number high
-- @tparam[opt=0] number margin share of the width added at each end
-- @treturn number
-- @treturn number
function number.widened(low, high, margin)
  local width = high - low
  if width <= 1e-9 * math.max(math.abs(low), math.abs(high)) then
    width = math.max(math.abs(high), math.abs(low)) * 0.1
    width = width > 0 and width or 1
    return low - width / 2, high + width / 2
  end
  return low - width * (margin or 0), high + width * (margin or 0)
end

--- Round numbers within a range: steps of 1, 2 or 5 times a power of ten.
-- @tparam number low
-- @tparam number high above low
-- @tparam[opt=6] integer most how many at most, at least 2
-- @treturn {number,...}
-- @treturn integer decimals that tell them apart
function number.ticks(low, high, most)
  local rough = (high - low) / math.max(1, (most or 6) - 1)
  local power = 10.0 ^ math.floor(math.log(rough, 10))
  local step = power * 10
  for _, factor in ipairs { 1, 2, 5 } do
    if factor * power >= rough * (1 - 1e-9) then
      step = factor * power
      break
    end
  end
  local list = {}
  for i = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) do
    list[#list + 1] = i * step
  end
  return list, number.decimals(step)
end

return number
