--- Runs the command line in a process of its own, over the library of this one.
local child = require "spec.support.child"

--- Runs a command.
-- @tparam string ... its words
-- @treturn string what it wrote to standard output
-- @treturn string what it wrote to standard error
-- @treturn ?integer its exit code; nil if it did not come to an end of its own
return function(...)
  local words, errors = {}, os.tmpname()
  for i, word in ipairs { ... } do
    words[i] = ("%q"):format(word)
  end
  local output = child(([[
    io.stderr = assert(io.open(%q, "wb"))
    local code = require("cmml.cli.main").main { %s }
    io.write("\nexit ", code)
    os.exit(code, true)
  ]]):format(errors, table.concat(words, ", ")))
  local file = assert(io.open(errors, "rb"))
  local said = file:read "a"
  file:close()
  os.remove(errors)
  local text, code = output:match("^(.*)\nexit (%d+)$")
  return text or output, said, math.tointeger(tonumber(code))
end
