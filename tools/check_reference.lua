-- What the library offers at run time is described, what is described exists, and the files written
-- from that are those of the repository.
package.path = "./tools/?.lua;./lua/?.lua;./lua/?/init.lua;" .. package.path
if arg[1] then
  package.cpath = ("./%s/?.so;"):format(arg[1]) .. package.cpath
end
local gate = require "gate"
local outputs = require "reference.outputs"

local reference = require("reference.entries").build(require "cmml")
for path, contents in pairs(outputs(reference)) do
  local file = io.open(path, "rb")
  if not file or file:read "a" ~= contents then
    gate.report(path, "is not up to date: run `make reference`")
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
