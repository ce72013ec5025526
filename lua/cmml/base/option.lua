--- One option: its declaration checked, its values checked, its words.
--
-- Fields of a declaration; any other is refused:
--
-- - `name` in small letters, digits and _; `help` a noun phrase or a sentence without full stop
-- - `kind`: "integer", "number", "string", "boolean", "table", "function", "any", a class such as
--   "cmml.Catalogue", or a list of these
-- - `default` a constant, `default_text` words for any other default (or a function that gives
--   them), or `required` (true); `instead`, of what is required: an option that may stand in place
--   of it
-- - `from`, `to` (inclusive), `above`, `below` (exclusive); numbers are finite unless `infinite`
-- - `choices`: names, or a function that gives them; `hint`: what to do where a name is not known
-- - `list`: "string", "integer" or "number", in place of a kind: a list, or a text with commas;
--   bounds and choices hold for each entry; `may_be_empty` ("none" is the empty one),
--   `repeats` (an entry may come twice), `apart` (of texts: a text is one entry, commas and all;
--   the command line names the option for each)
-- - `unit`: what a number counts, such as "steps"; `group`: its heading in help; `setting`: the
--   only one it is for; `arg`: stands for the value on the command line; `short`: in short help
-- - `decides`: it decides the numbers of a run; `tunable` (false: never tuned); `search`: what a
--   search draws from where it is told nothing else, see base/range.lua; `line` (false: no option
--   of the command line)
-- - of a model with presets: `belongs_to`, another option (a preset's value does not count where
--   that one is another than the preset's); `inherit`, a function of the preset's value, the given
--   options and the preset that gives what counts of it
--
-- @module cmml.base.option
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local range = require "cmml.base.range"
local text = require "cmml.base.text"

local option = {}

local basic = { "integer", "number", "string", "boolean", "table", "function", "any" }
local is_basic = {}
for _, kind in ipairs(basic) do
  is_basic[kind] = true
end

-- The fields of a declaration, by the types that they may have.
local fields = {
  name = "string", kind = "string table", help = "string",
  default = "number string boolean table", default_text = "string function", required = "boolean",
  instead = "string",
  from = "number", to = "number", above = "number", below = "number", infinite = "boolean",
  choices = "table function",
  hint = "string", list = "string", may_be_empty = "boolean", repeats = "boolean",
  apart = "boolean",
  unit = "string", group = "string", setting = "string", arg = "string",
  short = "boolean", decides = "boolean", tunable = "boolean", line = "boolean",
  search = "string table",
  belongs_to = "string", inherit = "function",
}

-- A list of names without gaps?
local function is_list_of_names(value)
  local n = 0
  for _ in pairs(value) do
    n = n + 1
  end
  for i = 1, n do
    if type(value[i]) ~= "string" then
      return false
    end
  end
  return n > 0
end

local function check_kind(kind)
  if not is_basic[kind] and not kind:find "%." then
    return ("kind %s is not known; %s (a class, such as \"cmml.Catalogue\", is one, too)"):format(
      args.quote(kind), args.suggest(kind, basic))
  end
end

-- What is wrong with the fields of a declaration, each by itself.
local function field_problem(declared)
  local problem = args.field_problem(declared, fields)
  if problem then
    return problem
  elseif not declared.name:find "^[a-z][a-z0-9_]*$" then
    return "the name must be of small letters, digits and _"
  elseif not declared.help or declared.help == "" then
    return "field help is missing"
  elseif not declared.kind and not declared.list then
    return "field kind is missing"
  end
end

-- Words that the kinds of an option are told by: "string or table".
local function kinds_of(declared)
  local kind = declared.list or declared.kind
  return type(kind) == "table" and kind or { kind }
end

-- What is wrong with fields beside others.
local function problem_of(declared)
  local problem = field_problem(declared)
  if problem then
    return problem
  elseif type(declared.kind) == "table" and not is_list_of_names(declared.kind) then
    return "field kind must be a name or a list of names"
  end
  local numeric, textual = false, false
  for _, kind in ipairs(kinds_of(declared)) do
    problem = problem or check_kind(kind)
    numeric = numeric or kind == "integer" or kind == "number"
    textual = textual or kind == "string" or kind == "any"
  end
  if problem then
    return problem
  elseif declared.list and not (declared.list == "string" or numeric) then
    return ("list %s must be string, integer or number"):format(args.quote(declared.list))
  elseif declared.list and declared.kind and declared.kind ~= declared.list then
    return "field kind is given beside list, which says the kind of the entries"
  elseif (declared.may_be_empty or declared.repeats) and not declared.list then
    return "fields may_be_empty and repeats are for lists"
  elseif declared.apart and declared.list ~= "string" then
    return "field apart is for lists of texts"
  elseif (declared.from or declared.to or declared.above or declared.below or declared.infinite)
    and not numeric then
    return "bounds are for numbers"
  elseif declared.from and declared.above or declared.to and declared.below then
    return "has two bounds of one side"
  elseif (declared.from or declared.above or -math.huge)
    > (declared.to or declared.below or math.huge) then
    return "no number is within its bounds"
  elseif declared.hint and not declared.choices then
    return "field hint is for choices"
  elseif declared.choices and not textual then
    return "choices are for strings"
  elseif type(declared.choices) == "table" and not is_list_of_names(declared.choices) then
    return "field choices must be a list of names, or a function that gives one"
  elseif declared.required and (declared.default ~= nil or declared.default_text) then
    return "is required and has a default"
  elseif declared.instead and not declared.required then
    return "field instead is for what is required"
  elseif declared.default ~= nil and declared.default_text then
    return "fields default and default_text exclude each other"
  end
end

--- The bounds in words: "from 1 to 10", "above 0 and at most 1".
-- @tparam table declared
-- @treturn ?string nil without bounds
function option.range(declared)
  local from, to, above, below = declared.from, declared.to, declared.above, declared.below
  if from and to then
    return ("from %s to %s"):format(text.value(from), text.value(to))
  end
  local least = above and "above " .. text.value(above) or from and "at least " .. text.value(from)
  local most = below and "below " .. text.value(below) or to and "at most " .. text.value(to)
  return least and most and least .. " and " .. most or least or most or nil
end

local function out_of_range(declared, value)
  local from, to, above, below = declared.from, declared.to, declared.above, declared.below
  if value ~= value or not declared.infinite and (value == math.huge or value == -math.huge) then
    return ("must be a finite number, but is %s"):format(text.value(value))
  elseif from and value < from or to and value > to or above and value <= above
    or below and value >= below then
    return ("must be %s, but is %s"):format(option.range(declared), text.value(value))
  end
end

--- The names that may be chosen.
-- @tparam table declared
-- @treturn ?{string,...}
function option.choices(declared)
  local choices = declared.choices
  if type(choices) == "function" then
    return choices()
  end
  return choices
end

local function not_chosen(rule, value)
  local set = rule.set
  if set and set[value] then
    return nil
  end
  local known = option.choices(rule.declared)
  for _, name in ipairs(known) do
    if name == value then
      return nil
    end
  end
  local hint = rule.declared.hint
  return ("%s is not known; %s%s"):format(args.quote(value), args.suggest(value, known),
    hint and "; " .. hint or "")
end

-- A value of one kind, or nil.
local function of_kind(kind, value)
  if kind == "integer" then
    return type(value) == "number" and math.tointeger(value) or nil
  elseif args.fits(value, kind) then
    return value
  end
end

-- A single value: itself, as an integer where one is meant; or nil and what is wrong.
local function take_single(rule, value)
  local taken
  for i = 1, #rule.kinds do
    taken = of_kind(rule.kinds[i], value)
    if taken ~= nil then
      break
    end
  end
  local problem
  if taken == nil then
    return nil, ("must be %s, not %s"):format(rule.kind_words, args.describe(value)), true
  elseif rule.numeric and type(taken) == "number" then
    problem = out_of_range(rule.declared, taken)
  elseif rule.declared.choices and type(taken) == "string" then
    problem = not_chosen(rule, taken)
  end
  if problem then
    return nil, problem
  end
  return taken
end

-- The entries of a list: of a table as they are, of a text what stands between commas.
local function entries_of(rule, value)
  if type(value) == "table" and getmetatable(value) == nil then
    local n = 0
    for key in pairs(value) do
      n = n + 1
      if math.type(key) ~= "integer" or key < 1 or key > #value then
        return nil, ("must be a list without gaps, but has the key %s"):format(args.shown(key))
      end
    end
    if n < #value then
      return nil, "must be a list without gaps"
    end
    return table.move(value, 1, n, 1, {})
  elseif type(value) ~= "string" then
    return nil, ("must be a list or a text with commas, not %s"):format(args.describe(value)), true
  elseif rule.declared.may_be_empty and value == "none" then
    return {}
  elseif rule.declared.apart then
    return { value }
  end
  if value:find "[^,%s]" and ("," .. value .. ","):find ",%s*," then
    return nil, ("has an empty entry: %s"):format(args.quote(value))
  end
  local list = text.split(value)
  if rule.numeric then
    for i, entry in ipairs(list) do
      list[i] = plain.tonumber(entry) or entry
    end
  end
  return list
end

local function take_list(rule, value)
  local list, problem, wrong_type = entries_of(rule, value)
  if not list then
    return nil, problem, wrong_type
  end
  local seen = {}
  for i = 1, #list do
    local entry
    entry, problem = take_single(rule, list[i])
    if entry == "" then
      problem = "is an empty text"
    elseif entry ~= nil and seen[entry] and not rule.declared.repeats then
      return nil, ("names %s twice"):format(text.value(entry))
    end
    if problem then
      return nil, ("entry %d %s"):format(i, problem)
    end
    list[i], seen[entry] = entry, true
  end
  if #list == 0 and not rule.declared.may_be_empty then
    return nil, "is empty: leave it out, or give at least one"
  end
  return list
end

--- Takes a value of an option.
-- @tparam table rule from `option.rule`
-- @param value not nil
-- @return the value, lists as fresh tables, 8.0 as 8 where integers are meant; nil if it is refused
-- @treturn ?string what is wrong, to be put behind the name: "must be above 0, but is -1"
-- @treturn ?boolean whether the type is wrong
function option.take(rule, value)
  if rule.declared.list then
    return take_list(rule, value)
  end
  return take_single(rule, value)
end

-- What is wrong with the range of a search. Names of a registry may be declared later.
local function search_problem(rule)
  local declared = rule.declared
  local entry, problem = range.read(declared.search)
  if type(declared.choices) == "function" then
    return problem
  end
  if entry then
    entry.list = declared.list ~= nil
  end
  for _, value in ipairs(entry and range.examples(entry) or {}) do
    if not problem then
      problem = select(2, option.take(rule, value))
    end
  end
  return problem
end

local rules = setmetatable({}, { __mode = "k" }) -- by declaration

--- Checks a declaration and makes what values are checked by.
-- @tparam table declared
-- @treturn ?table rule: declared, name, default
-- @treturn ?string what is wrong
function option.rule(declared)
  if rules[declared] then
    return rules[declared]
  end
  local problem = problem_of(declared)
  if problem then
    return nil, problem
  end
  local rule = { declared = declared, name = declared.name, kinds = kinds_of(declared),
    required = declared.required }
  local words = {}
  for i, kind in ipairs(rule.kinds) do
    rule.numeric = rule.numeric or kind == "integer" or kind == "number"
    words[i] = args.with_article(kind)
  end
  rule.kind_words = table.concat(words, " or ")
  -- values of this type need no look at all
  local only = #words == 1 and not declared.list and not declared.choices and rule.kinds[1]
  rule.plain = (only == "string" or only == "boolean" or only == "table" or only == "function")
    and only or nil
  if type(declared.choices) == "table" then
    rule.set = {}
    for _, name in ipairs(declared.choices) do
      rule.set[name] = true
    end
  end
  if declared.default ~= nil then
    local default
    default, problem = option.take(rule, declared.default)
    if problem then
      return nil, "default " .. problem
    end
    rule.default, rule.copies = default, type(default) == "table"
  end
  problem = declared.search ~= nil and search_problem(rule)
  if problem then
    return nil, "search: " .. problem
  end
  rules[declared] = rule
  return rule
end

--- Whether an option is required that a table of values lacks.
-- @tparam table declared
-- @tparam table values by name
-- @treturn boolean
function option.is_missing(declared, values)
  return declared.required == true and values[declared.name] == nil
    and (declared.instead == nil or values[declared.instead] == nil)
end

--- The kinds in words: "integer", "string or table", "list of integers".
-- @tparam table declared
-- @treturn string
function option.kind(declared)
  if declared.list then
    return ("list of %ss"):format(declared.list)
  end
  local words = {}
  for i, kind in ipairs(kinds_of(declared)) do
    words[i] = kind:gsub("^cmml%.", "")
  end
  return table.concat(words, " or ")
end

--- The default in words: "30 epochs", "the preset's".
-- @tparam table declared
-- @tparam ?function written of a value; texts in quotes without it
-- @treturn ?string nil without a default
function option.default(declared, written)
  local words = declared.default_text
  if words or declared.default == nil then
    return type(words) == "function" and words() or words
  end
  local value = (written or text.value)(declared.default)
  return declared.unit and type(declared.default) == "number" and value .. " " .. declared.unit
    or value
end

return option
