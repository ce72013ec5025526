-- Writes the reference of the API from comments, op descriptors and what the library offers at run
-- time. Without an argument: the files for `cmml.help` and for editors; with --build, as the build
-- calls it, without a word on what lacks a comment, which is the gate's to tell. With a folder:
-- sources for ldoc, one a page, there.
package.path = "./tools/?.lua;./lua/?.lua;./lua/?/init.lua;" .. package.path
local gate = require "gate"
local outputs = require "reference.outputs"
local site = require "reference.site"

local reference = require("reference.entries").build(require "cmml")
local building = arg[1] == "--build"
local folder = not building and arg[1] or nil
for path, contents in pairs(folder and site(reference, folder) or outputs(reference)) do
  gate.write(path, contents)
end
if not building then
  gate.finish("reference", #reference.entries, "entries")
end
