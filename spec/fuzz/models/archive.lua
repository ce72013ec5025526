--- Safetensors files taken apart and put together again, however wrong: what a reader checks, this
-- does not.
local core = require "cmml.core"

local archive = {}

--- A value of JSON text that is not checked, such as an object with a key twice.
-- @tparam string text
-- @treturn table
function archive.raw(text)
  return setmetatable({ text = text }, archive)
end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\" }

local function quote(text)
  return '"' .. text:gsub('[%c"\\]', function(c)
    return escapes[c] or ("\\u%04x"):format(c:byte())
  end) .. '"'
end

-- {object = {{key, value}, ..}} is an object in that order; other tables are lists.
local function encode(value, parts)
  local kind = type(value)
  if getmetatable(value) == archive then
    parts[#parts + 1] = value.text
  elseif kind == "table" and value.object then
    parts[#parts + 1] = "{"
    for i, pair in ipairs(value.object) do
      parts[#parts + 1] = (i > 1 and "," or "") .. quote(pair[1]) .. ":"
      encode(pair[2], parts)
    end
    parts[#parts + 1] = "}"
  elseif kind == "table" then
    parts[#parts + 1] = "["
    for i, entry in ipairs(value) do
      parts[#parts + 1] = i > 1 and "," or ""
      encode(entry, parts)
    end
    parts[#parts + 1] = "]"
  elseif kind == "string" then
    parts[#parts + 1] = quote(value)
  elseif value == core.json_null then
    parts[#parts + 1] = "null"
  elseif math.type(value) == "float" then
    parts[#parts + 1] = (("%.17g"):format(value):gsub(",", ".")) -- of whatever locale
  else
    parts[#parts + 1] = tostring(value)
  end
  return parts
end

--- JSON text of a value: objects are {object = {{key, value}, ..}}, tables are lists.
-- @param value
-- @treturn string
function archive.encode(value)
  return table.concat(encode(value, {}))
end

--- The form that `encode` takes, from what the core's reader gives.
-- @param value tables, of which empty ones are lists, as JSON does not say; keys may be of any type
-- @return the same, each object with its keys in order
function archive.ordered(value)
  if type(value) ~= "table" then
    return value
  elseif #value > 0 or next(value) == nil then
    local list = {}
    for i, entry in ipairs(value) do
      list[i] = archive.ordered(entry)
    end
    return list
  end
  local keys, object = {}, {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(one, other)
    return tostring(one) < tostring(other)
  end)
  for i, key in ipairs(keys) do
    object[i] = { tostring(key), archive.ordered(value[key]) }
  end
  return { object = object }
end

--- A file taken apart.
-- @tparam string bytes
-- @treturn table entries (list of {name, dtype, shape, data}), metadata and config (for `encode`)
function archive.parse(bytes)
  local length = string.unpack("<I8", bytes)
  local header = assert(core.json_decode(bytes:sub(9, 8 + length)))
  local parsed, first = { entries = {} }, 9 + length
  for name, entry in pairs(header) do
    if name ~= "__metadata__" then
      parsed.entries[#parsed.entries + 1] = { name = name, dtype = entry.dtype,
        shape = entry.shape, at = entry.data_offsets[1],
        data = bytes:sub(first + entry.data_offsets[1], first + entry.data_offsets[2] - 1) }
    end
  end
  table.sort(parsed.entries, function(a, b)
    return a.at < b.at or a.at == b.at and a.name < b.name
  end)
  local config = assert(core.json_decode(header.__metadata__.config))
  header.__metadata__.config = nil
  parsed.metadata = archive.ordered(header.__metadata__)
  parsed.config = archive.ordered(config)
  return parsed
end

--- The bytes of a file; fields of entries may be missing or of any kind. Offsets are made right
-- unless an entry has some of its own (offsets).
-- @tparam table parsed
-- @treturn string
function archive.bytes(parsed)
  local header, parts, at = {}, {}, 0
  local metadata = { object = { table.unpack(parsed.metadata.object or {}) } }
  if parsed.config ~= nil then
    local text = type(parsed.config) == "string" and parsed.config
      or archive.encode(parsed.config)
    table.insert(metadata.object, { "config", text })
  end
  header[1] = { "__metadata__", metadata }
  for _, entry in ipairs(parsed.entries) do
    header[#header + 1] = { entry.name, { object = {
      { "dtype", entry.dtype }, { "shape", entry.shape },
      { "data_offsets", entry.offsets or { at, at + #entry.data } } } } }
    parts[#parts + 1], at = entry.data, at + #entry.data
  end
  local text = archive.encode { object = header }
  return ("<I8"):pack(parsed.length or #text) .. text .. table.concat(parts)
end

return archive
