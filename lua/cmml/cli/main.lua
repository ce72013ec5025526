--- The command line: `bin/cmml COMMAND`.
--
-- @module cmml.cli.main
local args = require "cmml.base.args"
local common = require "cmml.cli.common"
local options = require "cmml.base.command_line"

local cli = {}

local names = { "train", "evaluate", "recommend", "info", "embed", "experiment", "tune", "fetch" }

-- How a command that was interrupted goes on.
local going_on = { train = "; --resume goes on after the last whole epoch",
  experiment = "; finished cells are kept, and the same command goes on",
  tune = "; finished trials are kept, and the same command goes on" }

local function print_help()
  print("usage: cmml COMMAND [OPTIONS]\n")
  print("Recommenders that adapt to a person they have never seen.\n")
  for _, name in ipairs(names) do
    print(("  %-10s %s"):format(name, require("cmml.cli." .. name).summary))
  end
  print("\n`cmml COMMAND --help` explains a command. Every option has the same name in Lua,")
  print("with _ for -. `cmml --version` tells the version.")
end

local function fail(message, code)
  io.stderr:write("cmml: ", message, "\n")
  return code
end

--- Runs a command.
-- @tparam table words of the command line
-- @treturn integer exit code: 0 done, 1 it failed, 2 the command line was wrong
function cli.main(words)
  local name = words[1]
  if name == nil or name == "--help" or name == "-h" or name == "help" then
    print_help()
    return name and 0 or 2
  elseif name == "--version" then
    print(require("cmml")._VERSION)
    return 0
  end
  local known
  for _, candidate in ipairs(names) do
    known = known or candidate == name
  end
  if not known then
    return fail(("unknown command %s; %s"):format(name, args.suggest(name, names)), 2)
  end
  local command = require("cmml.cli." .. name)
  local rest = table.move(words, 2, #words, 1, {})
  for _, word in ipairs(rest) do
    if word == "--help" or word == "-h" then
      print(options.help(command))
      return 0
    end
  end
  local values, message = options.parse(command, rest)
  if not values then
    return fail(("%s: %s (cmml %s --help)"):format(name, message, name), 2)
  end
  local ok, result
  ok, result, message = pcall(function()
    local cmml = require "cmml"
    local loaded, trouble = common.require_all(values.modules)
    if not loaded then
      return nil, trouble
    end
    return command.run(cmml, values)
  end)
  -- What it says, behind the name of the command, unless it begins with that.
  local function say(text)
    text = text:match("^" .. name .. ": (.*)$") or text
    return fail(text:find("^" .. name .. " %a+: ") and text or name .. ": " .. text, 1)
  end
  if not ok and tostring(result):find("interrupted!", 1, true) then
    local begun = name ~= "train"
      or require("cmml.core").exists(values.out .. "/last.safetensors")
    return fail(("%s: interrupted%s"):format(name, begun and going_on[name] or ""), 1)
  elseif not ok then
    local text = tostring(result):gsub("^[^%s:]+%.lua:%d+: ", "") -- where in the library: no matter
    return say(text)
  elseif not result then
    return say(message)
  end
  return 0
end

return cli
