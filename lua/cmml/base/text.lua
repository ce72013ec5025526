--- Plain text: wrapping, padding, lists with commas, values for people.
--
-- @module cmml.base.text
local plain = require "cmml.base.plain"

local text = {}

--- Wraps words into lines of at most `width` columns; the second and later lines are indented.
-- @tparam string words
-- @tparam integer indent
-- @tparam integer width
-- @treturn string
function text.wrap(words, indent, width)
  local lines, line = {}, ""
  for word in words:gmatch("%S+") do
    if text.width(line) + text.width(word) + 1 > width - indent and line ~= "" then
      lines[#lines + 1], line = line, word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n" .. (" "):rep(indent))
end

--- The number of columns of a text on a terminal: its characters, or bytes where it is not UTF-8.
-- @tparam string words
-- @treturn integer
function text.width(words)
  return utf8.len(words) or #words
end

local function escape(byte)
  return ("\\x%02x"):format(byte:byte(-1))
end

--- A text as a terminal may have it: control characters, which it would obey, and bytes that are
-- not UTF-8 are written as \x1b. Ends of lines and tabs stay.
-- @tparam string words
-- @treturn string
function text.visible(words)
  if not utf8.len(words) then
    words = words:gsub("[\x80-\xff]", escape)
  end
  return (words:gsub("[\0-\8\11-\31\127]", escape):gsub("\xC2[\x80-\x9F]", escape))
end

--- The same for what is to stay on one line, such as an id or a title.
-- @tparam string words
-- @treturn string
function text.one_line(words)
  return (text.visible(words):gsub("[\t\r\n]", escape))
end

--- A text that is cut where it is longer than so many columns, with an ellipsis at its end.
-- @tparam string words
-- @tparam integer width columns at most
-- @treturn string
function text.shortened(words, width)
  if text.width(words) <= width then
    return words
  end
  words = utf8.len(words) and words or text.visible(words)
  return words:sub(1, utf8.offset(words, width) - 1) .. "\u{2026}"
end

--- Pads a text with spaces on the right.
-- @tparam string words
-- @tparam integer width columns at least
-- @treturn string
function text.pad(words, width)
  return words .. (" "):rep(width - text.width(words))
end

--- A term and its explanation: the term on the left, the explanation wrapped in a column beside
-- it, or below where the term is too long.
-- @tparam string term with its indent
-- @tparam string words
-- @tparam integer column where the explanation begins, from 0
-- @tparam integer width columns of a line at most
-- @tparam table lines to append to
function text.add_term(term, words, column, width, lines)
  local wrapped = text.wrap(words, column, width)
  if text.width(term) >= column - 1 then
    lines[#lines + 1], term = term, ""
  end
  for line in (text.pad(term, column) .. wrapped .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = line
  end
end

--- The parts of a text between commas, without blanks around them; empty parts are left out.
-- @tparam string list
-- @treturn {string,...}
function text.split(list)
  local parts = {}
  for part in list:gmatch "[^,]+" do
    part = part:match "^%s*(.-)%s*$"
    if part ~= "" then
      parts[#parts + 1] = part
    end
  end
  return parts
end

--- A value as people write it: 1e-05, "text", { 1, 2 }.
-- @param value
-- @treturn string
function text.value(value)
  if type(value) == "table" and not getmetatable(value) then
    local parts = {}
    for i, entry in ipairs(value) do
      parts[i] = text.value(entry)
    end
    return #parts > 0 and "{ " .. table.concat(parts, ", ") .. " }" or "{}"
  elseif type(value) == "number" then
    return plain.format("%.14g", value)
  end
  return type(value) == "string" and ("%q"):format(value) or plain.tostring(value)
end

--- A value as it is written on a command line: texts without quotes, lists with commas, none for
-- an empty list.
-- @param value
-- @treturn string
function text.plain(value)
  if type(value) == "table" and not getmetatable(value) then
    local parts = {}
    for i, entry in ipairs(value) do
      parts[i] = text.plain(entry)
    end
    return #parts > 0 and table.concat(parts, ",") or "none"
  end
  return type(value) == "string" and value or text.value(value)
end

return text
