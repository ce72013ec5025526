-- What the library offers at run time is described, what is described exists, and the files that
-- the build wrote from that are those of now.
package.path = "./tools/?.lua;./lua/?.lua;./lua/?/init.lua;" .. package.path
local gate = require "gate"
local outputs = require "reference.outputs"

local reference = require("reference.entries").build(require "cmml")
for path, contents in pairs(outputs(reference)) do
  local file = io.open(path, "rb")
  if not file or file:read "a" ~= contents then
    gate.report(path, "is not that of the sources: run `make reference`")
  end
  if file then
    file:close()
  end
  if path:find "%.lua$" then
    local chunk, message = load(contents, "@" .. path, "t")
    if not chunk then
      gate.report(path, message)
    end
  end
end

gate.finish("reference", #reference.entries, "entries")
