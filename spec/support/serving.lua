--- The parts of the library that freeze, for specs that look into them.
local cmml = require "cmml"

local parts = {}

local function use(name)
  if parts[name] == nil then
    local part = require("cmml." .. name)
    parts[name] = type(part) == "function" and part(cmml, use) or part
  end
  return parts[name]
end

return { graph = use "serve.graph", rewrite = use "serve.rewrite", programs = use "serve.programs",
  trace = use "serve.trace" }
