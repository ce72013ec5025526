--- Command lines: a declared list of options, parsed, checked and explained.
--
-- @module cmml.base.command_line
local args = require "cmml.base.args"

local options = {}

--- Words of a text in lines of at most `width`, the second and later ones indented.
-- @tparam string text
-- @tparam integer indent
-- @tparam integer width
-- @treturn string
function options.wrap(text, indent, width)
  local lines, line = {}, ""
  for word in text:gmatch("%S+") do
    if #line + #word + 1 > width - indent and line ~= "" then
      lines[#lines + 1], line = line, word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n" .. (" "):rep(indent))
end

local function default_of(option)
  if option.default == nil or option.kind == "flag" then
    return ""
  end
  return (" [default: %s]"):format(tostring(option.default))
end

--- The help of a command, at most 80 columns wide.
-- @tparam table command name, summary, usage, options: list of {name, kind = "string", "integer",
-- "number" or "flag", arg, default, help, required}; words: how many may stand without a name (0)
-- @treturn string
function options.help(command)
  local lines = { "usage: " .. options.wrap(command.usage, 7, 79), "",
    options.wrap(command.summary, 0, 79), "" }
  for _, option in ipairs(command.options) do
    local head = "  --" .. option.name .. (option.kind == "flag" and "" or " " .. option.arg)
    local text = options.wrap(option.help .. default_of(option), 26, 79)
    if #head < 25 then
      lines[#lines + 1] = head .. (" "):rep(26 - #head) .. text
    else
      lines[#lines + 1] = head .. "\n" .. (" "):rep(26) .. text
    end
  end
  return table.concat(lines, "\n")
end

local function convert(option, text)
  if option.kind == "integer" then
    local value = math.tointeger(tonumber(text))
    return value, value == nil and ("--%s must be a whole number, not %q"):format(option.name, text)
  elseif option.kind == "number" then
    local value = tonumber(text)
    value = value and math.abs(value) < math.huge and value or nil
    return value, value == nil and ("--%s must be a number, not %q"):format(option.name, text)
  end
  return text
end

-- What options that take several values with commas between them call these.
local lists = { LIST = true, FILES = true, DIRS = true, ["N[,N..]"] = true }

--- Reads the words of a command line. Of an option that is there twice the last one counts, but for
-- those that take a list.
-- @tparam table command see `help`
-- @tparam table words
-- @treturn ?table values by name, dashes as underscores (the names that Lua functions use); words
-- without a name in the list part
-- @treturn ?string message
function options.parse(command, words)
  local by_name, names, result, given = {}, {}, {}, {}
  for _, option in ipairs(command.options) do
    by_name[option.name] = option
    names[#names + 1] = option.name
    result[option.name:gsub("-", "_")] = option.default
  end
  local i = 1
  while i <= #words do
    local word = words[i]
    local name, value = word:match("^%-%-([^=]+)=(.*)$")
    name = name or word:match("^%-%-(.+)$")
    if not name and #result < (command.words or 0) then
      result[#result + 1] = word
    elseif not name then
      return nil, ("the word %q was not expected"):format(word)
    elseif not by_name[name] then
      return nil, ("unknown option --%s; %s"):format(name,
        args.suggest(name, names, "--"))
    elseif given[name] and lists[by_name[name].arg] then
      return nil, ("--%s is there twice; give a list with commas"):format(name)
    elseif by_name[name].kind == "flag" then
      if value then
        return nil, ("--%s takes no value"):format(name)
      end
      result[name:gsub("-", "_")] = true
    else
      if not value then
        i = i + 1
        value = words[i]
      end
      if not value then
        return nil, ("--%s needs a value (%s)"):format(name, by_name[name].arg)
      end
      local converted, message = convert(by_name[name], value)
      if message then
        return nil, message
      end
      result[name:gsub("-", "_")], given[name] = converted, true
    end
    i = i + 1
  end
  for _, option in ipairs(command.options) do
    if option.required and result[option.name:gsub("-", "_")] == nil then
      return nil, ("--%s %s is missing"):format(option.name, option.arg)
    end
  end
  return result
end

return options
