--- The words of Lua code, as gates look at it: names, texts, numbers and signs, without comments,
-- so that a text that looks like code or like a comment is neither.

-- Signs of more than one letter, the longest first.
local signs = { "...", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", ".." }

local escapes = { n = "\n", t = "\t", r = "\r", a = "\a", b = "\b", f = "\f", v = "\v" }

-- A text in quotes as Lua reads it, as far as names need it.
local function unquoted(body)
  return (body:gsub("\\(.)", function(letter)
    return escapes[letter] or letter
  end))
end

-- The end of a long bracket that opens at a place, and what is in it; nil if none does.
local function long(code, at)
  local level = code:match("^%[(=*)%[", at)
  if level then
    local first = at + #level + 2
    local from, to = code:find("]" .. level .. "]", first, true)
    return to or #code, code:sub(first, (from or #code + 1) - 1)
  end
end

-- The end of a text in quotes that opens at a place.
local function quoted(code, at)
  local quote, last = code:sub(at, at), at + 1
  while last <= #code and code:sub(last, last) ~= quote do
    last = last + (code:sub(last, last) == "\\" and 2 or 1)
  end
  return last, unquoted(code:sub(at + 1, last - 1))
end

-- The token that begins at a place, where there is no blank: its last letter, kind and text; nil of
-- a comment.
local function token(code, at)
  local letter = code:sub(at, at)
  if code:find("^%-%-", at) then
    return long(code, at + 2) or (code:find("\n", at, true) or #code + 1) - 1
  elseif letter == '"' or letter == "'" then
    local last, text = quoted(code, at)
    return last, "string", text
  elseif letter == "[" and long(code, at) then
    local last, text = long(code, at)
    return last, "string", text
  elseif code:find("^[%a_]", at) then
    local _, last = code:find("^[%w_]+", at)
    return last, "name", code:sub(at, last)
  elseif code:find("^%.?%d", at) then
    local _, last = code:find("^[%w.]+", at)
    return last, "number", code:sub(at, last)
  end
  for _, sign in ipairs(signs) do
    if code:sub(at, at + #sign - 1) == sign then
      return at + #sign - 1, "sign", sign
    end
  end
  return at, "sign", letter
end

--- The tokens of a text.
-- @tparam string code
-- @treturn table list of {kind = "name", "string", "number" or "sign", text, line}
return function(code)
  local list, at, line = {}, 1, 1
  while at <= #code do
    local blanks = code:match("^%s*", at)
    line, at = line + select(2, blanks:gsub("\n", "")), at + #blanks
    if at > #code then
      break
    end
    local last, kind, text = token(code, at)
    if kind then
      list[#list + 1] = { kind = kind, text = text, line = line }
    end
    line, at = line + select(2, code:sub(at, last):gsub("\n", "")), last + 1
  end
  return list
end
