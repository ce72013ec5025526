--- What the preset of a kind may decide of the data of scenarios: which known interactions are kept
-- from the vectors, and how these are made. What is held out, and from whom, is for the split
-- alone, the same for all that are compared.
--
-- @module cmml
local args = require "cmml.base.args"
local check_vectors = require "cmml.settings.scenarios.vector_checks"
local options = require "cmml.base.options"

local of_split = options.declare("preset of scenarios: split", {
  require "cmml.settings.scenarios.query_fraction" })
local structural = { method = true, sets = true, further = true }

return function(_, use)
  local methods = use "vectors.als_bpr"

  -- Options of a method, without those that the split gives itself.
  local function check_values(known, values)
    local of_method = {}
    for key, value in pairs(values) do
      of_method[key] = not structural[key] and value or nil
    end
    known:check(of_method, 0, "vectors")
  end

  -- Raises where a preset decides something else.
  return function(preset)
    of_split:check(preset.split, 0, "split")
    local own = preset.vectors or {}
    local known = methods[check_vectors(own, 0)]:without { "ratings", "n_items", "n_users",
      "start", "on_iteration" }
    check_values(known, own)
    for _, name in ipairs(args.keys(own.sets or {})) do
      for key in pairs(structural) do
        if own.sets[name][key] ~= nil then
          args.error(("vectors: sets.%s: %s is for all sets"):format(name, key), 0)
        end
      end
      check_values(known, own.sets[name])
    end
  end
end
