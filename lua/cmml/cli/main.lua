--- The command line: `bin/cmml COMMAND`.
--
-- @module cmml.cli.main
local args = require "cmml.base.args"
local help = require "cmml.cli.help"
local options = require "cmml.base.options"
local output = require "cmml.base.output"
local plain_text = require("cmml.base.plain").tostring
local text = require "cmml.base.text"

local cli = {}

local function fail(message, code)
  output.tell("cmml: " .. message)
  return code
end

-- The words without those that name modules, and these; nil and a message if they are wrong. A
-- module may add the command, so that they have to be known before it.
local function split_modules(words)
  local rest, modules, i = {}, nil, 1
  while i <= #words do
    local given = words[i]:match "^%-%-modules=(.*)$"
    if words[i] == "--modules" then
      i, given = i + 1, words[i + 1]
      if not given then
        return nil, "--modules needs a value (LIST)"
      end
    end
    if given and modules then
      return nil, "--modules is there twice; give a list with commas"
    elseif given then
      modules = text.split(given)
    else
      rest[#rest + 1] = words[i]
    end
    i = i + 1
  end
  return rest, modules or {}
end

-- Takes the words that ask for help out of a list.
local function asks_for_help(words)
  local rest, asked, all = {}, false, false
  for _, word in ipairs(words) do
    if word == "--help" or word == "-h" or word == "--help-all" then
      asked, all = true, all or word == "--help-all"
    else
      rest[#rest + 1] = word
    end
  end
  return rest, asked, all
end

-- Values with the defaults of what was not given behind them, which `pairs` passes over.
local function with_defaults(values, set)
  return setmetatable(values, { __index = set:defaults() })
end

-- Whether a name in front of a message is that of a function of the library, which means nothing to
-- who writes commands.
local function is_function(cmml, name)
  local value, method = cmml, ":" .. name
  for what in pairs(options.registered()) do
    if what == name or what:sub(-#method) == method then
      return true
    end
  end
  for part in name:gmatch "[^.]+" do
    value = type(value) == "table" and value[part] or nil
  end
  return type(value) == "function" or type(cmml.core[name]) == "function"
end

-- A message without the place in the library, and the functions, where something was found out.
local function plain(cmml, message)
  local said = tostring(message):gsub("^[^%s:]+%.lua:%d+: ", "")
  local name, rest = said:match "^([0-9A-Za-z_.]+ ?[0-9A-Za-z_()]*): (.*)$"
  if name and is_function(cmml, name) then
    return plain(cmml, rest)
  end
  return said
end

local function run(cmml, command, values)
  local ok, done, message = pcall(command.run, values)
  local name = command.name
  if ok and done then
    return 0
  elseif not ok and args.is_interrupt(done) then
    if require "cmml.core".terminal "stderr" then -- behind a line of progress
      io.stderr:write "\n"
    end
    local resumes = command.resumes
    if type(resumes) == "function" then
      resumes = resumes(values)
    end
    return fail(("%s: interrupted%s"):format(name, resumes and "; " .. resumes or ""), 1)
  end
  -- behind the name of the command, unless the message begins with that
  local said = plain(cmml, ok and (message or "it failed") or done)
  if said:sub(1, #name + 2) == name .. ": " then
    said = said:sub(#name + 3)
  end
  return fail(said:sub(1, #name + 1) == name .. " " and said:find "^%S+ [A-Za-z]+: " and said
    or name .. ": " .. said, 1)
end

local function command_of(cmml, name)
  local command = cmml.commands:get(name)
  if command then
    return command
  end
  return nil, ("unknown command %s; %s"):format(args.shown(name),
    args.suggest(name, cmml.commands:names()))
end

--- Reads a command line, without running it.
-- @tparam table cmml the library
-- @tparam table words of the command line, without those that name modules
-- @treturn ?table the command; nil if the words are wrong
-- @treturn table|string values by name, or what is wrong
function cli.parse(cmml, words)
  local name, rest = words[1], table.move(words, 2, #words, 1, {})
  local command, message = command_of(cmml, plain_text(name))
  if not command then
    return nil, message
  end
  local set = command.options(rest)
  local values
  values, message = set:parse(rest, { words = command.words })
  if not values then
    return nil, ("%s: %s (cmml %s --help)"):format(name, message, name)
  end
  return command, with_defaults(values, set)
end

local function main(words)
  local rest, modules = split_modules(words)
  if not rest then
    return fail(modules, 2)
  end
  local cmml = require "cmml"
  for _, module in ipairs(modules) do
    local ok, message = pcall(require, module)
    if not ok then
      return fail(("--modules: %s: %s"):format(module, tostring(message):match "^[^\n]*"), 1)
    end
  end
  local asked, all
  rest, asked, all = asks_for_help(rest)
  local name = table.remove(rest, 1)
  if name == "--version" then
    output.print(cmml._VERSION)
    return 0
  elseif name == "help" then
    asked, name = true, table.remove(rest, 1)
  end
  if not name then
    output.print(help.list(cmml))
    return asked and 0 or 2
  end
  local command, values
  if asked then
    command, values = command_of(cmml, name)
    if command then
      output.print(help.page(command, rest, all))
      return 0
    end
  else
    command, values = cli.parse(cmml, { name, table.unpack(rest) })
  end
  if not command then
    return fail(values, 2)
  end
  values.modules = #modules > 0 and modules or nil
  return run(cmml, command, values)
end

--- Runs a command.
-- @tparam table words of the command line
-- @treturn integer exit code: 0 done, 1 it failed or standard output could not be written, 2 the
-- command line was wrong
function cli.main(words)
  local before = args.spell_options(true)
  local _ <close> = setmetatable({}, { __close = function()
    args.spell_options(before)
  end })
  local code = main(words)
  local problem = output.problem(require "cmml.core")
  return problem and fail(problem, math.max(code, 1)) or code
end

return cli
