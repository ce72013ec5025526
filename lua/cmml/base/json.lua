--- Writing JSON. Reading is the core's (`core.json_decode`).
--
-- @module cmml.base.json
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"

local json = {}

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quote(words)
  if not utf8.len(words) then
    error(("json: the text %s is not UTF-8, and could not be read again"):format(
      args.quote(words)), 0)
  end
  return '"' .. words:gsub('[\0-\31"\\\127]', function(c)
    return escapes[c] or ("\\u%04x"):format(c:byte())
  end) .. '"'
end

local function number(value)
  if value ~= value or math.abs(value) == math.huge then
    error("json: " .. plain.tostring(value) .. " cannot be written", 0)
  end
  return plain.number(value)
end

local encode

local function encode_table(value)
  local parts, keys, length = {}, {}, 0
  for key in pairs(value) do
    if math.type(key) == "integer" and key >= 1 and key <= #value then
      length = length + 1
    elseif type(key) == "string" then
      keys[#keys + 1] = key
    else
      error("json: a table must be a list or have text keys", 0)
    end
  end
  if length > 0 and (#keys > 0 or length ~= #value) then
    error("json: a table must be a list without gaps or have text keys, not both", 0)
  elseif #keys == 0 then
    for i = 1, length do
      parts[i] = encode(value[i])
    end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  plain.sort(keys)
  for i, key in ipairs(keys) do
    parts[i] = quote(key) .. ":" .. encode(value[key])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode(value)
  local kind = type(value)
  if kind == "table" then
    return encode_table(value)
  elseif kind == "string" then
    return quote(value)
  elseif kind == "number" then
    return number(value)
  elseif kind == "boolean" or args.describe(value) == "null" then
    return plain.tostring(value)
  end
  error("json: a " .. kind .. " cannot be written", 0)
end

--- A value as JSON text, keys sorted, so that equal values give equal text. An empty table is [].
-- @param value tables (lists, or with text keys), strings in UTF-8, finite numbers, booleans,
-- null as `json_decode` gives it
-- @treturn string
function json.encode(value)
  return encode(value)
end

return json
