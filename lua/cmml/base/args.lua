--- Checking of arguments: errors that point at the caller's line and name the nearest known name.
--
-- @module cmml.base.args
local given = require "cmml.base.given"
local plain = require "cmml.base.plain"

local args = {}

-- A message about something named: a caller may have given a number as the name.
local told = plain.format

-- This folder, and the library's.
local base = debug.getinfo(1, "S").source:match "^(.*/)[^/]*$" or "@"
local root = base:match "^(.*/)[^/]*/$" or "@"

--- Whether a file is one of the library.
-- @tparam string source as `debug.getinfo` gives it
-- @treturn boolean
function args.is_inside(source)
  return source:sub(1, #root) == root
end

local MOST_SAID = 4000 -- bytes of a message

--- Something that was given, as a message repeats it; see `cmml.base.given`.
args.shown = given.shown
--- A text that was given, in quotes; see `cmml.base.given`.
args.quote = given.quote
--- The entry of a list that a word may have been meant for; see `cmml.base.given`.
args.nearest = given.nearest
--- What to say of a word that is not in a list; see `cmml.base.given`.
args.suggest = given.suggest

--- Raises, as the function of this name does, but an error with a position points at the line
-- outside of the library that led here, whichever functions lie between.
-- @param message
-- @tparam[opt=1] integer level 0: no position; else of the stack, seen from who calls this, which
-- counts where all of the stack is the library's
function args.error(message, level)
  level = level or 1
  if type(message) == "string" and #message > MOST_SAID then
    message = given.cut(message, MOST_SAID)
  end
  for outer = level > 0 and 2 or 201, 200 do
    local info = debug.getinfo(outer, "S")
    if not info then
      break
    elseif not args.is_inside(info.source) then
      -- where a function outside called one of this folder, the level is its own wish
      local called = info.what ~= "C" and outer > 2 and debug.getinfo(outer - 1, "S").source
      local wished = called and called:sub(1, #base) == base
      error(message, wished and math.max(outer, outer + level - 2) or outer)
    end
  end
  error(message, level > 0 and level + 1 or 0)
end

local raise = args.error

local dashed = false -- whether options are those of the command line

--- Says how options are spelled in messages.
-- @tparam boolean command_line as its options: --min-items; else as in Lua: min_items
-- @treturn boolean what held before
function args.spell_options(command_line)
  local before = dashed
  dashed = command_line
  return before
end

--- Calls a function whose messages are of options in a file, which are written as in Lua.
-- @tparam function f
-- @param ... its arguments
-- @return what it gives
function args.of_file(f, ...)
  local before = args.spell_options(false)
  local _ <close> = setmetatable({}, { __close = function()
    args.spell_options(before)
  end })
  return f(...)
end

--- An option's name, or name and value, as the user of this program writes it.
-- @tparam string name as it is declared
-- @tparam[opt] string|number|boolean value
-- @treturn string min_items, unknown = "skip"; on the command line --min-items, --unknown skip
function args.option(name, value)
  if dashed then
    local behind = (value == nil or value == true) and "" or value == false and "=false"
    return "--" .. name:gsub("_", "-") .. (behind or " " .. plain.tostring(value))
  end
  return value == nil and name or told("%s = %s", name,
    type(value) == "string" and ("%q"):format(value) or plain.tostring(value))
end

--- The same of a name where it would not be taken for an option without saying so.
-- @tparam string name
-- @treturn string option min_items; on the command line --min-items
function args.named_option(name)
  return (dashed and "" or "option ") .. args.option(name)
end

--- A value of one's own: what is done to it does nothing to the table that it was copied from.
-- @param value tables of any depth are copied, but objects are not
-- @return the copy
function args.copy(value)
  if type(value) ~= "table" or getmetatable(value) then
    return value
  end
  local copy = {}
  for key, inner in pairs(value) do
    copy[key] = args.copy(inner)
  end
  return copy
end

--- Whether two values are the same, tables by what they hold.
-- @param a
-- @param b
-- @treturn boolean
function args.equal(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not args.equal(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

--- The keys of a table as texts, sorted.
-- @tparam table t
-- @treturn {string,...}
function args.keys(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = plain.tostring(key)
  end
  plain.sort(keys)
  return keys
end

--- Whether a value is of a kind.
-- @param value
-- @tparam string kind "any", "integer" (8.0 is one), another type, or the name of a class
-- @treturn boolean
function args.fits(value, kind)
  if kind == "any" then
    return true
  elseif kind == "integer" then
    return type(value) == "number" and math.tointeger(value) ~= nil
  elseif type(value) == kind then
    return true
  end
  local meta = getmetatable(value)
  return type(meta) == "table" and meta.__name == kind
end

local fits = args.fits

--- A noun with its article: "an integer".
-- @tparam string noun
-- @treturn string
function args.with_article(noun)
  return (noun:find "^[aeiou]" and "an " or "a ") .. noun
end

--- A value for messages: its class, or its type and itself; of tables and functions the type alone,
-- as where they lie tells nobody anything.
-- @param value
-- @treturn string
function args.describe(value)
  local meta = getmetatable(value)
  if value == nil then
    return "nil"
  elseif type(meta) == "table" and meta.__name then
    return meta.__name
  end
  local kind = type(value)
  if kind == "string" then
    return args.quote(value)
  end
  return (kind == "number" or kind == "boolean") and kind .. " " .. plain.tostring(value)
    or kind
end

local describe = args.describe

local function kind_words(kinds)
  return args.with_article((kinds:gsub(" ", " or a ")))
end

local function fits_one(value, kinds)
  for kind in kinds:gmatch "%S+" do
    if fits(value, kind) then
      return true
    end
  end
end

--- What is wrong with the fields of a declaration: the first key, sorted, that is not known, or
-- whose value is of another kind; else the first that is missing.
-- @tparam table t
-- @tparam table known kinds by key: "string", or several, "string table"
-- @tparam ?{string,...} needed keys that must be there
-- @treturn ?string nil if all is well
function args.field_problem(t, known, needed)
  local first
  for key, value in pairs(t) do
    local kinds = known[key]
    if kinds ~= type(value) and not (kinds and fits_one(value, kinds))
      and (first == nil or plain.before(plain.tostring(key), plain.tostring(first))) then
      first = key
    end
  end
  if first == nil then
    for _, key in ipairs(needed or {}) do
      if t[key] == nil then
        return ("%s is missing (%s)"):format(key, kind_words(known[key]))
      end
    end
    return nil
  elseif not known[first] then
    return ("unknown field %s; %s"):format(args.shown(first), args.suggest(first,
      args.keys(known)))
  end
  return ("%s must be %s, not %s"):format(first, kind_words(known[first]), describe(t[first]))
end

--- Raises unless a declaration has the fields that it needs, of their kinds, and no others.
-- @tparam string where prefix of the message
-- @tparam table t
-- @tparam table known see `field_problem`
-- @tparam ?{string,...} needed
-- @tparam[opt=3] integer level
function args.fields(where, t, known, needed, level)
  local problem = args.field_problem(t, known, needed)
  if problem then
    raise(("%s: %s"):format(where, problem), level or 3)
  end
end

--- Raises unless a table is a list without gaps: what stands beside it would be passed over.
-- @tparam string name of the function and option, for messages
-- @tparam table list
-- @tparam[opt=3] integer level
function args.list(name, list, level)
  args.expect(name, list, "table", (level or 3) + 1)
  for i = 1, #list do
    if list[i] == nil then
      raise(told("%s must be a list without gaps, but has no entry %d", name, i), level or 3)
    end
  end
  for key in pairs(list) do
    if not (math.type(key) == "integer" and key >= 1 and key <= #list) then
      raise(told("%s must be a list without gaps, but has the key %s", name, args.shown(key)),
        level or 3)
    end
  end
end

--- Raises unless a table is a list of texts without gaps.
-- @tparam string name of the function and option, for messages
-- @tparam table list
-- @tparam[opt=3] integer level
function args.texts(name, list, level)
  args.list(name, list, (level or 3) + 1)
  for i, text in ipairs(list) do
    if type(text) ~= "string" then
      raise(told("%s: entry %d must be a text, not %s", name, i, describe(text)), level or 3)
    end
  end
end

--- Raises unless a value is a list of sizes: a layer of no width would pass nothing on, in silence.
-- @tparam string name of the function and option, for messages
-- @param list
-- @tparam[opt=3] integer level
function args.sizes(name, list, level)
  args.list(name, list, (level or 3) + 1)
  for i = 1, #list do
    local size = list[i]
    if math.type(size) ~= "integer" or size < 1 then
      raise(told("%s must be whole numbers of at least 1, not %s", name,
        type(size) == "string" and args.quote(size) or plain.tostring(size)), level or 3)
    end
  end
end

--- Whether an error is the user's wish to end the program (Ctrl-C), as the standalone interpreter
-- raises it: there is no other sign of it than its text.
-- @param problem
-- @treturn boolean
function args.is_interrupt(problem)
  return tostring(problem):find("interrupted!", 1, true) ~= nil
end

-- Whether a place, as errors tell it, is in the library. Of long ones Lua leaves out the beginning,
-- but never so much that less than 16 letters are left of the root, before what is below it.
local function is_ours(place)
  local path, tail = root:gsub("^@", ""), place:match "^%.%.%.(.*)$"
  for first = 1, tail and #path - 15 or 1 do
    local part = path:sub(first)
    if (tail or place):sub(1, #part) == part then
      return true
    end
  end
  return false
end

--- The file of the code that called.
-- @tparam integer level 2: what called the caller
-- @treturn ?string its path as it was loaded; nil where it is of no file
function args.file_of(level)
  local info = debug.getinfo(level + 1, "S")
  return info and info.source:match "^@(.+)$" or nil
end

-- Where in the library it was found that a call is wrong; not where the library itself is.
local function without_position(problem)
  local place, rest = problem:match "^([^\n]-%.lua):%d+: (.*)$"
  return rest and is_ours(place) and not rest:find "^attempt to " and rest or problem
end

--- Calls a function whose errors come from below, such as those of the core: they point at the
-- line outside of the library that led here. Errors of functions of others keep their own.
-- @tparam function f
-- @param ... its arguments
-- @return what it gives
function args.call(f, ...)
  local results = table.pack(pcall(f, ...))
  if not results[1] then
    local problem = results[2]
    local own = type(problem) == "string" and without_position(problem)
    raise(own or problem, own and not own:find "^[^\n:]+:%d+: " and 1 or 0)
  end
  return table.unpack(results, 2, results.n)
end

--- Raises unless a value is one of a list of names.
-- @tparam string name of the function and option, for messages
-- @param value
-- @tparam table known list of strings
-- @tparam[opt=3] integer level
-- @return value
function args.one_of(name, value, known, level)
  for _, candidate in ipairs(known) do
    if value == candidate then
      return value
    end
  end
  raise(type(value) == "string"
    and told("%s %s is not known; %s", name, args.quote(value), args.suggest(value, known))
    or told("%s must be one of %s, not %s", name, table.concat(known, ", "), describe(value)),
    level or 3)
end

--- Raises unless an argument is of a kind.
-- @tparam string name of the function and argument, for messages
-- @param value
-- @tparam string kind as for `fits`, or several: "string table"
-- @tparam[opt=3] integer level
-- @return value
function args.expect(name, value, kind, level)
  if not fits(value, kind) and not fits_one(value, kind) then
    raise(told("%s must be %s, not %s", name, kind_words(kind), describe(value)), level or 3)
  end
  return value
end

return args
