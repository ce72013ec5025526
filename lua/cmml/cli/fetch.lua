--- `cmml fetch`: public data from their own sites.
--
-- @module cmml
local fetch = require "cmml.fetch.fetch"
local output = require "cmml.base.output"

return function(cmml, use)
  use "cli.command"

  local function run(values)
    local given = { name = values[1] or values.name, progress = cmml.core.terminal "stderr" ~= nil,
      hold = cmml.core.hold_folder }
    for name, value in pairs(values) do
      if type(name) == "string" and name ~= "modules" and given[name] == nil then
        given[name] = value
      end
    end
    local path, message = fetch.run(given)
    if not path then
      return nil, message
    end
    output.print(path)
    return true
  end

  cmml.command {
    name = "fetch", summary = "fetch a public data set from its publisher", words = 1,
    usage = "cmml fetch [NAME] [--out DIR] [--yes]", run = run,
    options = fetch.options:without { "progress", "log", "hold" },
    lists = function()
      return { { "data sets", fetch.names() } }
    end,
    examples = { "cmml fetch ml-1m", "cmml fetch ml-20m --out /data --yes" },
  }
end
