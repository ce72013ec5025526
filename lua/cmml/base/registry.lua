--- Registries: things by name, such as kinds of recommenders, settings, loaders and metrics. What
-- comes with the library and what a user adds are the same thing.
--
-- @module cmml.base.registry
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local raise = args.error

local Registry = {}
Registry.__index = Registry

local registry = {}

--- An empty registry.
-- @tparam string what one entry is, for messages: "kind of recommender"
-- @tparam string maker the function that adds entries, for messages: "kind"
-- @treturn Registry
function registry.new(what, maker)
  return setmetatable({ what = what, maker = maker, entries = {}, order = {}, former = {} },
    Registry)
end

-- Raises where files know another entry by a name.
local function check_files(self, name, level)
  if self.former[name] then
    raise(("%s: %s is what earlier files call the %s %s"):format(self.maker, name, self.what,
      self.former[name]), level + 1)
  end
end

--- Raises where a name is no name, or is taken.
-- @tparam string name letters, digits, "_" and "-"
-- @tparam[opt=3] integer level
function Registry:check_name(name, level)
  level = (level or 3) + 1
  if type(name) ~= "string" or not name:find "^[A-Za-z][0-9A-Za-z_-]*$" then
    raise(("%s: name must be a text of letters, digits and _, not %s"):format(self.maker,
      args.describe(name)), level)
  elseif self.entries[name] then
    raise(("%s: there is %s %s already"):format(self.maker, args.with_article(self.what), name),
      level)
  end
  check_files(self, name, level)
end


--- Adds an entry. Raises where the name is no name, or is taken.
-- @tparam string name letters, digits, "_" and "-"
-- @param entry
-- @tparam[opt] table formerly names under which files of earlier versions know it; "" is no name
-- @return the entry
function Registry:add(name, entry, formerly)
  self:check_name(name, 3)
  for i, former in ipairs(formerly or {}) do
    args.expect(("%s %s: formerly: entry %d"):format(self.maker, name, i), former, "string")
    if self.entries[former] then
      raise(("%s %s: formerly: there is a %s %s"):format(self.maker, name, self.what, former), 3)
    end
    check_files(self, former, 3)
  end
  self.entries[name], self.order[#self.order + 1] = entry, name
  for _, former in ipairs(formerly or {}) do
    self.former[former] = name
  end
  return entry
end

--- The entry of a name.
-- @tparam ?string name
-- @return nil if there is none
function Registry:get(name)
  return self.entries[name]
end

--- The entry of a name, which may be a former one.
-- @tparam string name
-- @return nil if there is none
function Registry:of_file(name)
  return self.entries[name] or self.entries[self.former[name]]
end

--- The entry of a name; raises, with the nearest known name, where there is none.
-- @tparam string where prefix of the message: the function and its option
-- @param name
-- @tparam[opt=3] integer level
-- @return the entry
function Registry:find(where, name, level)
  return self.entries[name] or raise(self:unknown(where, name), (level or 3) + 1)
end

--- What to say of a name that is not there.
-- @tparam string where
-- @param name
-- @treturn string
function Registry:unknown(where, name)
  return ("%s: there is no %s %s; %s"):format(where, self.what, args.shown(name),
    args.suggest(name, self:names()))
end

--- The names, sorted.
-- @treturn {string,...}
function Registry:names()
  local names = table.move(self.order, 1, #self.order, 1, {})
  plain.sort(names)
  return names
end

--- Iterates over the entries in the order in which they were added.
-- @treturn function giving name and entry
function Registry:each()
  local i = 0
  return function()
    i = i + 1
    local name = self.order[i]
    return name, self.entries[name]
  end
end

return registry
