--- Command lines: the words that give options, and the help that explains them.
--
-- @module cmml.base.command_line
local args = require "cmml.base.args"
local option = require "cmml.base.option"
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"

local options = {}

-- What stands for a value on the command line, by kind.
local metavariables = { integer = "N", number = "X", string = "TEXT" }

-- The kind of the text that gives a value: "list", "boolean" (no text is needed) or another one;
-- nil if no text can give it.
local function kind_on_line(declared)
  if declared.line == false then
    return nil
  elseif declared.list then
    return "list"
  end
  local kinds, boolean = declared.kind, nil
  for _, kind in ipairs(type(kinds) == "table" and kinds or { kinds }) do
    if metavariables[kind] then
      return kind
    end
    boolean = boolean or kind == "boolean" and kind or nil
  end
  return boolean
end

local function dashed(name)
  return "--" .. name:gsub("_", "-")
end

local function metavariable(declared)
  return declared.arg or declared.list and "LIST" or declared.choices and "NAME"
    or metavariables[kind_on_line(declared)]
end

local booleans = { ["true"] = true, ["false"] = false }

-- The value that a text stands for, before it is checked; nil and what is wrong if it is none.
local function convert(declared, given)
  local kinds = declared.kind
  if declared.list then
    return given
  end
  local expected
  for _, kind in ipairs(type(kinds) == "table" and kinds or { kinds }) do
    if kind == "integer" or kind == "number" then
      expected = kind == "integer" and "a whole number" or "a number"
      local value = plain.tonumber(given)
      if value and kind == "integer" then
        value = math.tointeger(value)
      end
      if value and math.abs(value) < math.huge then -- "1e999", "nan" and "inf" are none
        return value
      end
    elseif kind == "boolean" then
      expected = "true or false"
      if booleans[given] ~= nil then
        return booleans[given]
      end
    elseif kind == "string" then
      return given
    end
  end
  return nil, ("must be %s, not %s"):format(expected, args.quote(given))
end

-- Puts the value of an option that a text gives into the result, or returns what is wrong.
local function set_value(set, result, declared, given)
  local value, problem = convert(declared, given)
  if declared.apart and value ~= nil then
    local before = result[declared.name] or {}
    value = table.move(before, 1, #before, 1, {})
    value[#value + 1] = given
  end
  if value ~= nil then
    value, problem = set:take(declared.name, value)
  end
  if value == nil then
    return ("%s %s"):format(dashed(declared.name), problem)
  end
  result[declared.name] = value
end

-- The option that a word names, and the value behind "=".
local function named_by(set, word)
  local name, given = word:match "^%-%-([^=]+)=(.*)$"
  name = name or word:match "^%-%-(.+)$"
  local declared = name and set:find((name:gsub("-", "_")))
  return name, declared and kind_on_line(declared) and declared or nil, given
end

--- Reads the words of a command line; see `Options:parse`. The last of several values of an option
-- holds, but a second list is refused: it would replace the first one.
-- @tparam Options set
-- @tparam table words
-- @tparam integer n how many words may stand without a name
-- @treturn ?table values by name
-- @treturn ?string message
function options.read(set, words, n)
  local result, i = {}, 1
  while i <= #words do
    local word = words[i]
    local name, declared, given = named_by(set, word)
    local kind = declared and kind_on_line(declared)
    if not name and #result < n then
      result[#result + 1] = word
    elseif not name then
      return nil, ("the word %s was not expected"):format(args.quote(word))
    elseif not declared then
      local known = {}
      for other in set:each() do
        known[#known + 1] = kind_on_line(other) and other.name:gsub("_", "-") or nil
      end
      return nil, ("unknown option --%s; %s"):format(args.shown(name),
        args.suggest((name:gsub("_", "-")), known, "--", "--help-all explains all there are"))
    elseif kind == "list" and not declared.apart and result[declared.name] ~= nil then
      return nil, ("--%s is there twice; give a list with commas"):format(name)
    else
      if kind == "boolean" then
        given = given or "true"
      elseif not given then
        i = i + 1
        given = words[i]
      end
      if not given then
        return nil, ("--%s needs a value (%s)"):format(name, metavariable(declared))
      end
      local problem = set_value(set, result, declared, given)
      if problem then
        return nil, problem
      end
    end
    i = i + 1
  end
  for declared in set:each() do
    if kind_on_line(declared) and option.is_missing(declared, result) then
      local other = declared.instead and set:find(declared.instead)
      return nil, ("%s %s is missing%s"):format(dashed(declared.name), metavariable(declared) or "",
        other and (" (or %s %s)"):format(dashed(other.name), metavariable(other)) or "")
    end
  end
  return result
end

local rest = "options" -- the heading of what has no other

-- What stands in brackets behind the help of an option on a page of one screen.
local function brief_notes_of(declared)
  local choices, default = option.choices(declared), option.default(declared, text.plain)
  if choices then
    return " [" .. table.concat(choices, ", ") .. (declared.default ~= nil and not declared.list
      and "; default: " .. default or "") .. "]"
  elseif default and kind_on_line(declared) ~= "boolean" then
    return " [default: " .. default .. "]"
  end
  return ""
end

-- What stands in brackets behind the help of an option.
local function notes_of(declared)
  local notes = {}
  if declared.setting then
    notes[#notes + 1] = declared.setting .. " only"
  end
  local choices = option.choices(declared)
  if choices then
    notes[#notes + 1] = "one of " .. table.concat(choices, ", ")
  elseif option.range(declared) then
    notes[#notes + 1] = option.range(declared)
  end
  local default = option.default(declared, text.plain)
  if declared.default == false then -- what is not there is not so
    default = nil
  end
  if declared.required then
    notes[#notes + 1] = "required" .. (declared.instead and ", or " .. dashed(declared.instead)
      or "")
  elseif default then
    notes[#notes + 1] = "default: " .. default
  elseif declared.unit then
    notes[#notes + 1] = "in " .. declared.unit
  end
  return #notes > 0 and " [" .. table.concat(notes, "; ") .. "]" or ""
end

-- The options of a command line in their groups, in the order of their first ones; those of no
-- group come last.
local function groups_of(set, all)
  local order, members, some = {}, {}, false
  for declared in set:each() do
    some = some or declared.short
  end
  for declared in set:each() do
    local group = declared.group or rest
    if kind_on_line(declared) and (all or declared.short or not some) then
      if not members[group] then
        order[#order + 1], members[group] = group, {}
      end
      table.insert(members[group], declared)
    end
  end
  if members[rest] then
    for i, group in ipairs(order) do
      if group == rest then
        table.remove(order, i)
        break
      end
    end
    order[#order + 1] = rest
  end
  return order, members
end

--- The help of options under the headings of their groups; see `Options:help`.
-- @tparam Options set
-- @tparam table how
-- @treturn {string,...} lines
function options.describe(set, how)
  local lines, width = {}, how.width or 80
  local order, members = groups_of(set, how.all)
  for _, group in ipairs(order) do
    lines[#lines + 1] = #lines > 0 and "" or nil
    lines[#lines + 1] = group .. ":"
    for _, declared in ipairs(members[group]) do
      local value = metavariable(declared)
      text.add_term("  " .. dashed(declared.name) .. (value and " " .. value or ""),
        declared.help .. (how.brief and brief_notes_of or notes_of)(declared),
        how.brief and 22 or 26, width - 1, lines)
    end
  end
  return lines
end

--- A line an option, wrapped; see `Options:lines`.
-- @tparam Options set
-- @tparam integer width
-- @treturn {string,...} lines
function options.lines(set, width)
  local lines = {}
  for declared in set:each() do
    local parts, default = { option.kind(declared) }, option.default(declared)
    parts[#parts + 1] = option.range(declared)
    local choices = option.choices(declared)
    parts[#parts + 1] = choices and "one of " .. table.concat(choices, ", ")
    parts[#parts + 1] = declared.required and "required" or default and "default " .. default
    parts[#parts + 1] = declared.setting and declared.setting .. " only"
    if declared.unit and not (default and type(declared.default) == "number") then
      parts[#parts + 1] = "in " .. declared.unit
    end
    local words = ("%s: %s; %s"):format(declared.name, table.concat(parts, ", "), declared.help)
    for line in (text.wrap(words, 4, width - 1) .. "\n"):gmatch "(.-)\n" do
      lines[#lines + 1] = line
    end
  end
  return lines
end

return options
