--- What specs of the command line in the scenario setting share: runs and folders.
local cli = require "spec.support.cli"
local scenario_folders = require "spec.support.scenario_folders"
local scenario_world = require "spec.support.scenario_world"

local scenario_cli = {}

--- Options that fit the made world.
scenario_cli.small = { "--min-items=10", "--max-items=100", "--factors=8" }

--- Runs a command that must do its work, in lines of 80 characters (but for paths).
-- @treturn string what it wrote to standard output
-- @treturn string what it wrote to standard error
function scenario_cli.runs(...)
  local output, said, code = cli(...)
  assert(code == 0, output .. said)
  for line in output:gmatch "[^\n]+" do
    assert(utf8.len(line) <= 80 or line:find "/best.safetensors", line)
  end
  return output, said
end

-- Runs a command that must end with an exit code and a message, and print nothing.
local function ends(expected, text, ...)
  local output, said, code = cli(...)
  assert(code == expected and output == "", output .. said)
  assert(said:find(text, 1, true), said)
  assert(not said:find("traceback", 1, true) and not said:find("attempt to", 1, true), said)
end

--- Runs a command that must fail with a message, and print nothing.
-- @tparam string text that the message has in it
-- @tparam string ... words
function scenario_cli.fails(text, ...)
  ends(1, text, ...)
end

--- Runs a command whose words are wrong in themselves, likewise.
-- @tparam string text that the message has in it
-- @tparam string ... words
function scenario_cli.is_wrong(text, ...)
  ends(2, text, ...)
end

--- Raises unless a text has a part, wherever its lines break.
function scenario_cli.contains(text, part)
  assert(text:gsub("%s+", " "):find(part:gsub("%s+", " "), 1, true), text)
end

--- Writes a made world as a folder.
-- @tparam table core
-- @tparam string folder
-- @tparam string format lastfm or yelp
-- @tparam[opt] table options of `scenario_world.make`
-- @treturn string the folder
function scenario_cli.folder(core, folder, format, options)
  assert(core.mkdir(folder))
  scenario_folders.write_world(core, folder, format, (scenario_world.make(options)))
  return folder
end

--- The words that train a small model.
-- @tparam string data folder
-- @tparam string out
-- @tparam string ... further words
-- @treturn string words
function scenario_cli.train(data, out, ...)
  local words = { "train", "--data", data, "--out", out, "--preset=recommended/scenario",
    "--epochs=2", "--rounds=2" }
  for _, more in ipairs { scenario_cli.small, { ... } } do
    table.move(more, 1, #more, #words + 1, words)
  end
  return table.unpack(words)
end

return scenario_cli
