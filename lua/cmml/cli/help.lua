--- Help of the command line: the list of commands, and the page of each.
--
-- @module cmml.cli.help
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"

local help = {}

local width, column = 79, 14

local function add_wrapped(lines, words, indent)
  for line in (text.wrap(words, indent, width) .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = line
  end
end

--- Names in one line: those that are alike up to the last "/" as a/{b,c}, as shells understand it.
-- @tparam {string,...} names
-- @treturn string
function help.names(names)
  local groups, order = {}, {}
  for _, name in ipairs(names) do
    local head = name:match "^(.*/)[^/]+$" or ""
    if not groups[head] then
      groups[head], order[#order + 1] = {}, head
    end
    table.insert(groups[head], name:sub(#head + 1))
  end
  local parts = {}
  for _, head in ipairs(order) do
    local tails = groups[head]
    if head == "" or #tails == 1 then
      for _, tail in ipairs(tails) do
        parts[#parts + 1] = head .. tail
      end
    else
      parts[#parts + 1] = head .. "{" .. table.concat(tails, ", ") .. "}"
    end
  end
  return table.concat(parts, ", ")
end

-- What can be chosen: names behind one another, or a line or more each with what they are.
local function add_lists(lines, lists)
  for _, list in ipairs(lists) do
    if type(list[2][1]) == "table" then
      lines[#lines + 1] = list[1] .. ":"
      for _, term in ipairs(list[2]) do
        text.add_term("  " .. term[1], term[2], column, width, lines)
      end
    else
      add_wrapped(lines, ("%s: %s"):format(list[1], help.names(list[2])), 2)
    end
  end
end

-- The names of the options that are asked for most.
local function short_names(set)
  local names = {}
  for declared in set:each() do
    names[#names + 1] = declared.short and declared.name or nil
  end
  return names
end

-- The options under their headings; whether there are more than these.
local function add_options(lines, sets, all)
  local marked, count, shown = false, 0, 0
  for _, set in ipairs(sets) do
    for declared in set:each() do
      marked = marked or declared.short or false
    end
  end
  for _, set in ipairs(sets) do
    local every = set:help { all = true }
    local short = marked and set:only(short_names(set)):help { brief = true } or every
    for _, line in ipairs(all and every or short) do
      if all or line ~= "" then -- the short page is one screen
        lines[#lines + 1] = line
      end
    end
    if all then
      lines[#lines + 1] = ""
    end
    count, shown = count + #every, shown + (all and #every or #short)
  end
  return shown < count
end

--- The page of a command, at most 79 columns wide.
-- @tparam Command command
-- @tparam table words of the command line, without those that ask for help
-- @tparam boolean all every option, not only those that are asked for most
-- @treturn string
function help.page(command, words, all)
  local lines, _, sets = {}, command.options(words)
  add_wrapped(lines, "usage: " .. command.usage, 7)
  add_wrapped(lines, command.summary:gsub("^[a-z]", plain.upper) .. ".", 0)
  lines[#lines + 1] = ""
  local more = add_options(lines, sets, all)
  add_lists(lines, command.lists and command.lists(words, all) or {})
  if #(command.examples or {}) > 0 then
    lines[#lines + 1] = "examples:"
    for _, example in ipairs(command.examples) do
      lines[#lines + 1] = "  " .. example
    end
  end
  if all then
    add_wrapped(lines, "An option without a value, such as --quiet, also takes =true and =false.",
      0)
  elseif more then
    lines[#lines + 1] = ("`cmml %s --help-all` explains every option."):format(command.name)
  end
  return table.concat(lines, "\n")
end

--- The list of commands.
-- @tparam table cmml the library
-- @treturn string
function help.list(cmml)
  local lines = { "usage: cmml COMMAND [OPTIONS]", "",
    "Recommenders that adapt to a person they have never seen.", "" }
  for _, name in ipairs(cmml.commands:names()) do
    text.add_term("  " .. name, cmml.commands:get(name).summary, 14, width, lines)
  end
  lines[#lines + 1] = ""
  add_wrapped(lines, "`cmml COMMAND --help` explains a command, `--help-all` with every option. "
    .. "An option that decides a model, its training, an evaluation or an experiment has the same "
    .. "name in Lua, with _ for -: `--short-supports 0.5` is `short_supports = 0.5` of cmml.train. "
    .. "Options that name files to read, and --quiet, are the command line's own. `--modules LIST` "
    .. "loads modules of your own, and the commands they add. `cmml --version` tells the version.",
    0)
  return table.concat(lines, "\n")
end

return help
