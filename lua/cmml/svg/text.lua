--- Text for pictures: from any bytes to what XML can hold and a person can read.
--
-- @module cmml.svg.text
local plain = require "cmml.base.plain"

local text = {}

local replacement = "\u{FFFD}"

-- Code points that must not reach a picture: controls, marks that turn the direction of the text
-- around it, surrogates, and what is no character.
local function is_hidden(code)
  return code < 0x20 or (code >= 0x7F and code < 0xA0) or code == 0x2028 or code == 0x2029
    or (code >= 0x200B and code <= 0x200F) or (code >= 0x202A and code <= 0x202E)
    or (code >= 0x2060 and code <= 0x206F) or (code >= 0xD800 and code <= 0xDFFF)
    or code == 0xFEFF or code % 0x10000 >= 0xFFFE or (code >= 0xFDD0 and code <= 0xFDEF)
    or code > 0x10FFFF
end

-- The characters of any bytes, as a list of code points; what is no UTF-8 becomes U+FFFD, blanks of
-- all kinds become one space each.
local function codes_of(bytes)
  local codes, i = {}, 1
  while i <= #bytes do
    local whole = utf8.len(bytes, i, i)
    local code = whole and utf8.codepoint(bytes, i) or 0xFFFD
    local length = whole and #utf8.char(code) or 1
    if code == 9 or code == 10 or code == 13 or code == 0xA0 then
      code = 0x20
    elseif is_hidden(code) then
      code = 0xFFFD
    end
    codes[#codes + 1] = code
    i = i + length
  end
  return codes
end

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
  ["'"] = "&#39;" }

--- Any bytes as text of an XML document, or as the value of an attribute: UTF-8, with the marks of
-- XML escaped. Control characters, bytes that are no UTF-8 and marks that turn the direction of the
-- text around them become U+FFFD.
-- @param value a text, or what tostring makes one of
-- @treturn string
function text.escape(value)
  local parts = {}
  for i, code in ipairs(codes_of(plain.tostring(value))) do
    local character = code == 0xFFFD and replacement or utf8.char(code)
    parts[i] = entities[character] or character
  end
  return table.concat(parts)
end

-- Widths in a usual sans-serif face, in parts of its size; generous, so that nothing overlaps where
-- another face is used.
local narrow, wide = {}, {}
for character in ("iljI.,:;'|!()[]tf "):gmatch "." do
  narrow[character:byte()] = true
end
for character in ("mwMW@%"):gmatch "." do
  wide[character:byte()] = true
end

local function width_of(code)
  if narrow[code] then
    return 0.36
  elseif wide[code] then
    return 0.95
  elseif code < 0x2E80 then
    return code >= 0x41 and code <= 0x5A and 0.7 or 0.61
  end
  return 1
end

--- About how wide a text is drawn.
-- @tparam string value
-- @tparam number size of the letters
-- @treturn number
function text.width(value, size)
  local sum = 0
  for _, code in ipairs(codes_of(value)) do
    sum = sum + width_of(code)
  end
  return sum * size
end

--- The beginning of a text that fits, with an ellipsis where something was left out.
-- @param value a text, or what tostring makes one of
-- @tparam number size of the letters
-- @tparam number room width that there is
-- @treturn string not yet escaped
function text.shorten(value, size, room)
  value = plain.tostring(value)
  local sum, kept, codes = 0, nil, codes_of(value:sub(1, 4000)) -- more never fits
  for i, code in ipairs(codes) do
    if not kept and sum + size > room then
      kept = i - 1
    end
    sum = sum + width_of(code) * size
  end
  if sum <= room and #value <= 4000 then
    return value
  end
  local parts = {}
  for i = 1, math.max(1, kept or #codes) do
    parts[i] = codes[i] and utf8.char(codes[i]) or ""
  end
  return (table.concat(parts):gsub("%s+$", "")) .. "\u{2026}"
end

return text
