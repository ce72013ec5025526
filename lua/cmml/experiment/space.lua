--- Spaces that `cmml tune` searches: for each setting what values it may have, as base/range.lua
-- reads them.
--
-- In text: `lr=log:1e-4:1e-2,batch=8|16|32,width=int:8:64`; as a table (of a Lua file) or a JSON
-- object: by name such a text, or a list of values of any kind, such as {{64, 64}, {128}}.
--
-- @module cmml.experiment.space
local args = require "cmml.base.args"
local range = require "cmml.base.range"

local space = {}

-- A table of entries from a text or a file.
local function read_source(core, source)
  if type(source) == "table" then
    return source
  end
  if source:find "%.json$" then
    local text, message = core.read_file(source, true)
    local found
    if text then
      found, message = core.json_decode(text, source)
    end
    return found or error(args.option "space" .. ": " .. message, 0)
  elseif source:find "%.lua$" then
    local script, message = loadfile(source)
    local found = script and script() or nil
    return found or error(("%s: %s"):format(args.option "space", message
      or source .. " returns nothing"), 0)
  end
  local entries = {}
  for part in source:gmatch "[^,]+" do
    local name, given = part:match "^%s*([0-9A-Za-z_%-]+)%s*=%s*(.-)%s*$"
    if not name or entries[name] then
      error(("%s: %s is not name=values%s"):format(args.option "space", args.quote(part),
        name and ", or there twice" or ""), 0)
    end
    entries[(name:gsub("-", "_"))] = given
  end
  return entries
end

--- Reads a space.
-- @tparam table core
-- @tparam string|table source a text as above, the path of a .lua or .json file, or a table
-- @treturn table by name: kind ("choice", "lin", "log", "int") and values, or low and high
function space.read(core, source)
  local entries, result = read_source(core, source), {}
  if type(entries) ~= "table" or next(entries) == nil or #entries > 0 then
    error(args.option "space" .. ": settings with their values were expected, such as "
      .. "lr=log:1e-4:1e-2", 0)
  end
  for name, given in pairs(entries) do
    local entry, problem = range.read(given)
    result[name] = entry or error(("%s: %s: %s"):format(args.option "space", name, problem), 0)
  end
  return result
end

-- A key of a stream from a name, so that one setting more changes none of the others.
local function key_of(name)
  local h = 0
  for i = 1, #name do
    h = (h * 31 + name:byte(i)) & 0x7fffffff
  end
  return h
end

--- The settings of a trial: independent of all other trials. Numbers of ranges have three digits.
-- @tparam table core
-- @tparam table entries of `read`
-- @tparam integer seed
-- @tparam integer trial from 1
-- @treturn table values by name
function space.sample(core, entries, seed, trial)
  local values = {}
  for name, entry in pairs(entries) do
    values[name] = range.draw(entry, core.uniform({ 1 }, 0, 1, { seed = seed, epoch = trial,
      task = key_of(name), stream = core.streams.user }):item())
  end
  return values
end

return space
