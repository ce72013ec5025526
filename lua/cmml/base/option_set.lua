--- A set of options in order: what a function, a command, a kind of recommender or a component
-- takes. Sets are declared by base/options.lua; here is what can be asked of one.
--
-- @module cmml.base.option_set
local args = require "cmml.base.args"
local option = require "cmml.base.option"

local raise = args.error

--- A set of options in order.
-- @type Options
local Options = { __name = "cmml.Options" }
Options.__index = Options

-- Makes the rules of a set, once. What is wrong with a declaration is found here: of the library's
-- own when they are first used, so that loading it stays fast, of all others at once.
local function compile(self, level)
  local rules, by_name = {}, {}
  args.list(self.what .. ": the declarations", self.list, level + 1)
  for i, declared in ipairs(self.list) do
    local named = type(declared) == "table" and type(declared.name) == "string"
    if not named then
      raise(("%s: option %d has no name"):format(self.what, i), level)
    end
    local rule, problem = option.rule(declared)
    if not rule then
      raise(("%s: declaration of option %s: %s"):format(self.what, declared.name, problem), level)
    elseif by_name[declared.name] and by_name[declared.name] ~= rule then
      raise(("%s: option %s is declared twice"):format(self.what, declared.name), level)
    elseif not by_name[declared.name] then
      rules[#rules + 1], by_name[declared.name] = rule, rule
    end
  end
  self.rules, self.by_name = rules, by_name
  return rules
end

-- The first of the keys that are no options.
local function refuse_unknown(self, given, what, level)
  local known = self:names()
  for _, key in ipairs(args.keys(given)) do
    if not self.by_name[key] then
      raise(("%s: unknown option %s; %s"):format(what, args.shown(key),
        args.suggest(key, known)), level)
    end
  end
end

--- Checks what a function was given.
-- @tparam ?table given nil counts as {}
-- @tparam[opt=3] integer level of the stack that errors point at, where all of it is the library's;
-- 0: no position
-- @tparam[opt] string what the name for messages, where it is not the one of the declaration
-- @treturn table a fresh table with defaults
function Options:check(given, level, what)
  local rules, result = self.rules or compile(self, 2), {}
  level, what = level or 3, what or self.what
  if given == nil then
    given = result
  elseif type(given) ~= "table" then
    raise(("%s: a table of options was expected, not %s"):format(what, args.describe(given)),
      level)
  end
  local by_name = self.by_name
  for key in next, given do
    if not by_name[key] then
      refuse_unknown(self, given, what, level)
    end
  end
  for i = 1, #rules do
    local rule = rules[i]
    local name = rule.name
    local value = given[name]
    if value == nil then
      value = rule.default
      if rule.copies then
        value = args.copy(value)
      elseif option.is_missing(rule.declared, given) then
        raise(("%s: %s is missing"):format(what, args.named_option(name)), level)
      end
    elseif type(value) ~= rule.plain then
      local problem, wrong_type
      value, problem, wrong_type = option.take(rule, value)
      if problem then
        local named = wrong_type and args.named_option or args.option
        raise(("%s: %s %s"):format(what, named(name), problem), level)
      end
    end
    result[name] = value
  end
  return result
end

--- Takes one value, as `check` does.
-- @tparam string name of an option of the set
-- @param value not nil
-- @return the value; nil if it is refused
-- @treturn ?string what is wrong, to be put behind the name
function Options:take(name, value)
  local taken, problem = option.take(self:rule(name), value)
  return taken, problem
end

--- The rule of an option; raises if there is none.
-- @tparam string name
-- @treturn table see `cmml.base.option`
function Options:rule(name)
  local rule = (self.rules or compile(self, 2)) and self.by_name[name]
  if not rule then
    raise(("%s: there is no option %s; %s"):format(self.what, args.shown(name),
      args.suggest(name, self:names())), 2)
  end
  return rule
end

--- The names in order.
-- @treturn {string,...}
function Options:names()
  local names = {}
  for i, rule in ipairs(self.rules or compile(self, 2)) do
    names[i] = rule.name
  end
  return names
end

--- The declaration of an option.
-- @tparam string name
-- @treturn ?table nil if the set has none of the name
function Options:find(name)
  if self.rules then
    local rule = self.by_name[name]
    return rule and rule.declared
  end
  local found = self.found -- the library's own, before anything needs their rules
  if not found then
    found = {}
    for _, declared in ipairs(self.list) do
      found[declared.name] = found[declared.name] or declared
    end
    self.found = found
  end
  return found[name]
end

--- Iterates over the declarations in order: `for declared in known:each() do`.
-- @treturn function
function Options:each()
  local rules, i = self.rules or compile(self, 2), 0
  return function()
    i = i + 1
    return rules[i] and rules[i].declared
  end
end

-- The options whose names are, or are not, in a list.
local function filtered(self, names, keep)
  local listed, list = {}, {}
  for _, name in ipairs(names) do
    self:rule(name) -- raises if there is none
    listed[name] = true
  end
  for declared in self:each() do
    if (listed[declared.name] or false) == keep then
      list[#list + 1] = declared
    end
  end
  local set = setmetatable({ what = self.what, list = list }, Options)
  compile(set, 2)
  return set
end

--- The set without some of its options.
-- @tparam {string,...} names
-- @treturn Options
function Options:without(names)
  return filtered(self, names, false)
end

--- Some options of the set alone, in its order.
-- @tparam {string,...} names
-- @treturn Options
function Options:only(names)
  return filtered(self, names, true)
end

--- The constant defaults.
-- @treturn table by name
function Options:defaults()
  local defaults = {}
  for _, rule in ipairs(self.rules or compile(self, 2)) do
    local value = rule.default
    defaults[rule.name] = args.copy(value)
  end
  return defaults
end

--- Reads the words of a command line. Defaults are not filled in: what is not there was not given.
-- @tparam table words
-- @tparam ?table how words: how many may stand without a name (0)
-- @treturn ?table values by name, of the declared types; words without a name in the list part
-- @treturn ?string message
function Options:parse(words, how)
  return require("cmml.base.command_line").read(self, words, how and how.words or 0)
end

--- The help of a command's options, under the headings of their groups.
-- @tparam ?table how all (true: every option, not only the short list), width (80), brief (true:
-- without ranges and what is required, for a page of one screen)
-- @treturn {string,...} lines
function Options:help(how)
  return require("cmml.base.command_line").describe(self, how or {})
end

--- A line an option, wrapped: kind, range, default and help.
-- @tparam[opt=80] integer width
-- @treturn {string,...} lines
function Options:lines(width)
  return require("cmml.base.command_line").lines(self, width or 80)
end

return { class = Options, compile = compile }
