-- A command of one's own that writes as the code does that it is given.
local code = ...
require "cmml".command { name = "printing", summary = "writes", usage = "cmml printing",
  run = function()
    assert(load(code))()
    return true
  end }
os.exit(require "cmml.cli.main".main { "printing" }, true)
