--- How a file of records is written: guessed from its beginning where nobody says.
--
-- @module cmml.data.dialect
local args = require "cmml.base.args"

local dialect = {}

-- In this order: a tab hardly stands in a text, a comma may; a blank stands in most.
local candidates = { "\t", "::", ";", ",", "|", " " }

local names = { ["\t"] = "tab", [" "] = "blank", [","] = "comma", [";"] = "semicolon" }

--- A delimiter in words.
-- @tparam string delimiter
-- @treturn string
function dialect.name(delimiter)
  return names[delimiter] or delimiter
end

--- The lines of a text that are not empty, at most 200.
-- @tparam string text the beginning of a file
-- @tparam boolean whole whether it is all of the file; if not, its last line is only begun
-- @treturn {string,...}
function dialect.lines(text, whole)
  local lines = {}
  for line in text:gmatch "[^\n]+" do
    line = line:gsub("\r$", "")
    lines[#lines + 1] = line ~= "" and line or nil
    if #lines > 200 then
      break
    end
  end
  if not whole and #lines > 1 and not text:find "\n$" then
    lines[#lines] = nil
  end
  lines[201] = nil
  return lines
end

local function trimmed(field)
  return field:match "^[ \t]*(.-)[ \t]*$"
end

--- The fields of a line, with blanks and quotes around them cut. A quoted field that holds a line
-- end is no matter here: what is shown and guessed is of single lines.
-- @tparam string line
-- @tparam string delimiter
-- @tparam boolean quotes
-- @treturn {string,...}
function dialect.fields(line, delimiter, quotes)
  local fields, at = {}, 1
  while true do
    local field, stop
    local open = quotes and line:match('^[ \t]*()"', at)
    if open then
      local close = open + 1
      repeat -- a doubled quote is one of the text
        close = line:find('"', close, true)
        local doubled = close and line:sub(close + 1, close + 1) == '"'
        close = doubled and close + 2 or close
      until not doubled
      if close then
        field = line:sub(open + 1, close - 1):gsub('""', '"')
        stop = line:find(delimiter, close + 1, true)
      end
    end
    if not field then
      stop = line:find(delimiter, at, true)
      field = trimmed(line:sub(at, (stop or #line + 1) - 1))
    end
    fields[#fields + 1] = field
    if not stop then
      return fields
    end
    at = stop + #delimiter
  end
end

-- Whether fields of some lines begin with a quote and end with one.
local function has_quotes(lines, delimiter)
  local escaped = delimiter:gsub("[!-/:-@[-`{-~]", "%%%0")
  for _, line in ipairs(lines) do
    local framed = delimiter .. line .. delimiter
    if framed:find(escaped .. '[ \t]*".-"[ \t]*' .. escaped) then
      return true
    end
  end
  return false
end

-- How many fields the lines have with a delimiter: the fewest, and whether all have as many.
local function count(lines, delimiter, quotes)
  local fewest, same = math.huge, true
  for i, line in ipairs(lines) do
    local n = #dialect.fields(line, delimiter, quotes)
    same = same and (i == 1 or n == fewest)
    fewest = math.min(fewest, n)
  end
  return fewest, same
end

-- The delimiter of lines: the first by which all have as many fields, at least so many of them; or
-- else by which all have at least two.
local function guess_delimiter(lines, given, least)
  local even, ragged
  for _, delimiter in ipairs(candidates) do
    local quotes = given.quotes == "on" or not given.quotes and has_quotes(lines, delimiter)
    local fewest, same = count(lines, delimiter, quotes)
    if fewest >= least and same then
      return delimiter
    end
    even = even or fewest >= 2 and same and delimiter
    ragged = ragged or fewest >= 2 and delimiter
  end
  return even or ragged or ","
end

--- Guesses how a file is written.
-- @tparam string text its beginning
-- @tparam boolean whole whether that is all of it
-- @tparam table given delimiter, quotes, as data/file_options.lua declares them
-- @tparam ?integer least how many columns are known to be there; default 2
-- @treturn ?table json (true), or delimiter, quotes, escapes (booleans); and lines
-- @treturn ?string what is wrong
function dialect.guess(text, whole, given, least)
  local lines = dialect.lines(text, whole)
  local first = text:match "^%s*(.)"
  if not given.delimiter and first == "{" and (lines[1] or ""):find '^%s*{%s*["}]' then
    return { json = true, lines = lines }
  elseif not given.delimiter and first == "[" and (lines[1]:find "^%s*%[%s*{"
    or lines[1]:find "^%s*%[%s*$") then
    return nil, "it is one JSON array, but an object a line is read: convert it first (jq -c "
      .. "'.[]')"
  elseif not given.delimiter and first == "{" and lines[1]:find "^%s*{%s*$" then
    return nil, "its JSON objects go over several lines, but an object a line is read: convert it "
      .. "first (jq -c .)"
  elseif text:find "\r" and not text:find "\n" then
    return nil, "its lines end with CR alone, as on very old Macs: convert it first (tr '\\r' "
      .. "'\\n')"
  end
  local delimiter = given.delimiter
  if delimiter == "tab" or delimiter == "\\t" then
    delimiter = "\t"
  elseif delimiter == "blank" then
    delimiter = " "
  elseif not delimiter then
    delimiter = guess_delimiter(lines, given, math.max(least or 2, 2))
  elseif not delimiter:find '^[^\r\n"]+$' or #delimiter > 8 then
    return nil, ("a delimiter has 1 to 8 bytes, without quotes and line ends, not %s"):format(
      args.quote(delimiter))
  end
  local quotes = given.quotes == "on" or not given.quotes
    and (delimiter == "," or has_quotes(lines, delimiter))
  return { delimiter = delimiter, quotes = quotes, lines = lines,
    escapes = quotes and text:find('\\"', 1, true) ~= nil }
end

return dialect
