--- `cmml fetch`: public data from their own sites.
--
-- @module cmml.cli.fetch
local fetch = {
  summary = "fetch MovieLens-1M or MovieLens-20M from its public site",
  usage = "cmml fetch ml-1m|ml-20m --out DIR [--yes]",
  words = 1,
  options = {
    { name = "out", kind = "string", arg = "DIR", required = true,
      help = "the data go to DIR/ml-1m, or what the set is called" },
    { name = "url", kind = "string", arg = "URL", help = "another source of the same archive" },
    { name = "yes", kind = "flag", help = "accept the licence without being asked" },
  },
}

--- Runs the command.
-- @tparam table cmml the library
-- @tparam table values options
-- @treturn ?true
-- @treturn ?string message
function fetch.run(cmml, values)
  local path, message = require("cmml.fetch.fetch").run {
    name = values[1] or "ml-1m", out = values.out, url = values.url, yes = values.yes,
    progress = cmml.core.terminal "stderr" ~= nil,
  }
  if not path then
    return nil, message
  end
  print(path)
  return true
end

return fetch
