--- Options: each is declared once, and what reads options reads the declaration.
--
-- A set of options belongs to a function (or a command, a kind of recommender, a component):
--
--     local known = options.declare("optim.adam", {
--       { name = "lr", kind = "number", above = 0, required = true, help = "learning rate" },
--       { name = "eps", kind = "number", default = 1e-8, above = 0, help = "added to the root" },
--     })
--     local opt = known:check(given) -- a fresh table with defaults, or an error
--
-- The fields of a declaration are listed in base/option.lua, what a set can be asked in
-- base/option_set.lua.
--
-- @module cmml.base.options
local option_set = require "cmml.base.option_set"
local raise = require("cmml.base.args").error
local compile = option_set.compile
local options = {}

local registered, places, later = {}, {}, {} -- by what

local loading = 0 -- how many parts of the library are being loaded, each within another
local loaded = setmetatable({}, { __close = function()
  loading = loading - 1
end })

--- Says that the library loads a part of its own: what that declares is looked at when it is first
-- used, and not at once.
-- @return a value that says, when it is closed, that the part is loaded
function options.loading()
  loading = loading + 1
  return loaded
end

--- Whether it does.
-- @treturn boolean
function options.is_loading()
  return loading > 0
end

-- A set, registered unless it is a part of another.
local function new(what, list, unregistered)
  local self = setmetatable({ what = what, list = list }, option_set.class)
  if not options.is_loading() then
    compile(self, 2)
  end
  self.place = debug.getinfo(3, "Sl")
  if not unregistered then
    options.register(self)
  end
  return self
end

--- Registers a set under what it is for, so that the reference shows it.
-- @tparam Options set
function options.register(set)
  local what, caller = set.what, set.place
  -- one place may declare again: the two libraries share their files
  local place = places[what]
  if place and (place.source ~= caller.source or place.currentline ~= caller.currentline) then
    raise(("options of %s are declared already at %s"):format(what, options.place(what)), 2)
  end
  registered[what], places[what] = set, caller
end

--- Declares options without registering them: for what may still be refused for other reasons.
-- @tparam string what see `declare`
-- @tparam table list of declarations
-- @treturn Options
function options.make(what, list)
  local set = new(what, list, true)
  return set
end

--- Declares the options of a function.
-- @tparam string what its name, as the library's user writes it: for messages and the reference
-- @tparam table list of declarations
-- @treturn Options
function options.declare(what, list)
  if type(what) ~= "string" or type(list) ~= "table" then
    raise("options.declare: a name and a list of declarations were expected", 2)
  end
  local set = new(what, list)
  return set
end

--- A set that is put together of declarations for the moment, and not registered: the same name
-- may be made again.
-- @tparam string what see `declare`
-- @tparam table list of declarations; of a name that comes twice the first one counts
-- @treturn Options
function options.of(what, list)
  local chosen, seen = {}, {}
  for _, declared in ipairs(list) do
    if not seen[declared.name] then
      chosen[#chosen + 1], seen[declared.name] = declared, true
    end
  end
  local set = new(what, chosen, true)
  return set
end

-- The declaration that one was made of by changing fields, by copy.
local originals = setmetatable({}, { __mode = "k" })

-- Fields of which false says something.
local may_be_false = { tunable = true, line = true }

--- A declaration with some fields changed, for a function that takes an option as another does.
-- @tparam table declared it stays as it is
-- @tparam table changes fields by name; false removes one, but for `tunable` and `line`
-- @tparam ?table further changes, after these
-- @treturn table
function options.changed(declared, changes, further)
  local copy = {}
  for key, value in pairs(declared) do
    copy[key] = value
  end
  for _, fields in ipairs { changes, further } do
    for key, value in pairs(fields) do
      if value == false and not may_be_false[key] then
        value = nil
      end
      copy[key] = value
    end
  end
  originals[copy] = options.original(declared)
  return copy
end

--- The declaration that one was made of by `changed`, or itself.
-- @tparam table declared
-- @treturn table
function options.original(declared)
  return originals[declared] or declared
end

--- Whether two declarations say the same to people.
-- @tparam table a
-- @tparam table b
-- @treturn boolean
function options.is_same(a, b)
  local function words(declared)
    return table.concat(options.of("one", { declared }):lines(), "\n")
  end
  return a == b or a.short == b.short and words(a) == words(b)
end

--- One set of several. A declaration may be in more than one of them; different ones of one name
-- are refused.
-- @tparam string what see `declare`
-- @tparam Options ... sets
-- @treturn Options
function options.join(what, ...)
  local list = {}
  for i, set in ipairs { ... } do
    if getmetatable(set) ~= option_set.class then
      raise(("options.join: argument %d must be a set of options"):format(i + 1), 2)
    end
    table.move(set.list, 1, #set.list, #list + 1, list)
  end
  local set = new(what, list)
  return set
end

--- Names a set that is joined when it is first used, since parts of it may be declared later, such
-- as the options of a setting: `registered` has it all the same.
-- @tparam string what see `declare`
-- @tparam function make gives the set, joined under that name
function options.later(what, make)
  later[what] = make
end

--- Every declared set.
-- @treturn table by what it is for
function options.registered()
  for _, make in pairs(later) do
    make()
  end
  local all = {}
  for what, set in pairs(registered) do
    all[what] = set
    if not set.rules then
      compile(set, 2)
    end
  end
  return all
end

--- Where a set is declared.
-- @tparam string what it is for
-- @treturn ?string file:line
function options.place(what)
  local place = places[what]
  return place and ("%s:%d"):format(place.source:gsub("^@", ""), place.currentline)
end

return options
