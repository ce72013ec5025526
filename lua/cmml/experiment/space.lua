--- Spaces that `cmml tune` searches: for each setting what values it may have.
--
-- In text: `lr=log:1e-4:1e-2,batch=8|16|32,width=int:8:64`; as a table (of a Lua file) or a JSON
-- object: by name such a text, or a list of values of any kind, such as {{64, 64}, {128}}.
--
-- @module cmml.experiment.space
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"

local space = {}

local function fail(name, message, ...)
  error(("%s: %s: %s"):format(args.option "space", name, message:format(...)), 0)
end

-- A word as what it looks like.
local function value_of(word)
  if word == "true" or word == "false" then
    return word == "true"
  end
  return math.tointeger(plain.tonumber(word)) or plain.tonumber(word) or word
end

-- One range of numbers.
local function range_of(name, kind, low, high)
  local least, most = plain.tonumber(low), plain.tonumber(high)
  if not least or not most or most - least <= 0 or math.abs(most - least) == math.huge then
    fail(name, "%s:%s:%s is no range: two numbers, the lower one first", kind, low, high)
  elseif kind == "int" and not (math.tointeger(least) and math.tointeger(most)) then
    fail(name, "int:%s:%s must be two whole numbers", low, high)
  elseif kind:find "log" and least <= 0 then
    fail(name, "%s:%s:%s must begin above 0", kind, low, high)
  end
  return { kind = kind, low = least, high = most }
end

local kinds = { "lin", "log", "int" }

-- What values a setting may have, from the text or list that says so.
local function read_entry(name, given)
  if type(given) == "table" and #given > 0 then
    return { kind = "choice", values = given }
  elseif type(given) == "number" or type(given) == "boolean" then
    return { kind = "choice", values = { given } }
  elseif type(given) ~= "string" or given == "" then
    fail(name, "a range such as log:1e-4:1e-2, values such as 8|16|32, or a list was expected")
  end
  local kind, low, high = given:match "^([A-Za-z]+):([^:|]*):([^:|]*)$"
  if kind then
    args.one_of(args.option "space" .. ": " .. name, kind, kinds, 0)
    return range_of(name, kind, low, high)
  end
  local values = {}
  for word in (given .. "|"):gmatch "([^|]*)|" do
    if word == "" then
      fail(name, "an empty value in %s", args.quote(given))
    end
    values[#values + 1] = value_of(word)
  end
  return { kind = "choice", values = values }
end

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
    result[name] = read_entry(name, given)
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

local function draw(entry, u)
  if entry.kind == "choice" then
    return entry.values[math.min(math.floor(u * #entry.values) + 1, #entry.values)]
  elseif entry.kind == "int" then
    return math.tointeger(math.min(entry.low + math.floor(u * (entry.high - entry.low + 1)),
      entry.high))
  elseif entry.kind == "log" then
    return plain.tonumber(plain.format("%.3g", entry.low * (entry.high / entry.low) ^ u))
  end
  return plain.tonumber(plain.format("%.3g", entry.low + u * (entry.high - entry.low)))
end

--- Some values that an entry may give: all of a choice, of a range both ends and one within.
-- @tparam table entry of `read`
-- @treturn table list
function space.examples(entry)
  return entry.kind == "choice" and entry.values or { entry.low, entry.high, draw(entry, 0.37) }
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
    values[name] = draw(entry, core.uniform({ 1 }, 0, 1, { seed = seed, epoch = trial,
      task = key_of(name), stream = core.streams.user }):item())
  end
  return values
end

return space
