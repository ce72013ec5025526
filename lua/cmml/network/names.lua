--- The names of the components of a network that are registered, in either precision: what options
-- may choose.
--
-- @module cmml.network.names
local args = require "cmml.base.args"

local names = {}
local registries = { encoder = {}, hybrid = {}, modulation = {} }

--- Adds a registry.
-- @tparam string kind "encoder", "hybrid" or "modulation"
-- @tparam table registry constructors by name
function names.add(kind, registry)
  table.insert(registries[kind], registry)
end

--- The names of a kind, sorted.
-- @tparam string kind
-- @treturn {string,...}
function names.of(kind)
  local all = {}
  for _, registry in ipairs(registries[kind]) do
    for name in pairs(registry) do
      all[name] = true
    end
  end
  return args.keys(all)
end

--- What to do where a name is not known.
names.hint = "register_component, or --modules of the command line, makes others known"

return names
