--- Numbers as people write them in files: with a point or a comma before the decimals.
--
-- @module cmml.data.numbers
local plain = require "cmml.base.plain"

local numbers = {}

--- Whether a text looks like a number, of whichever way of writing.
-- @tparam string text
-- @treturn boolean
function numbers.is_like(text)
  return text:find "^[+-]?%d*[.,]?%d+[eE]?[+-]?%d*$" ~= nil or text:find "^%d+[.,]$" ~= nil
end

--- Whether numbers have a comma before the decimals: one has a comma, and none a point.
-- @tparam {string,...} texts
-- @treturn boolean
-- @treturn ?string one of them, where each comma may as well stand between thousands
function numbers.comma(texts)
  local found, sure = nil, false
  for _, text in ipairs(texts) do
    if text:find(".", 1, true) then
      return false
    elseif text:find "^[+-]?%d+,%d+$" then
      found = found or text
      sure = sure or not text:find "^[+-]?[1-9]%d?%d?,%d%d%d$"
    end
  end
  return found ~= nil and sure, not sure and found or nil
end

--- The finite number that a text is.
-- @tparam string text
-- @tparam boolean comma whether a comma stands before the decimals
-- @treturn ?number nil if it is none
function numbers.of(text, comma)
  local number = text:find "^[+-]?[%d.]+[eE]?[+-]?%d*$" and plain.tonumber(text)
    or comma and text:find "^[+-]?%d+,%d+$" and plain.tonumber((text:gsub(",", ".")))
  return number and number - number == 0 and number or nil
end

return numbers
