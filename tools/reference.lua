-- Writes the reference of the API from comments, op descriptors and what the library offers at run
-- time. Without an argument: the files that are kept in the repository, for `cmml.help` and for
-- editors. With a folder: sources for ldoc, one a page, there.
package.path = "./tools/?.lua;./lua/?.lua;./lua/?/init.lua;" .. package.path
local gate = require "gate"
local outputs = require "reference.outputs"
local site = require "reference.site"

local reference = require("reference.entries").build(require "cmml")
for path, contents in pairs(arg[1] and site(reference, arg[1]) or outputs(reference)) do
  local file = assert(io.open(path, "wb"))
  assert(file:write(contents))
  assert(file:close())
end
gate.finish("reference", #reference.entries, "entries")
