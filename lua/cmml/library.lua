--- The library over a core: the float32 one for use, the float64 one for checking.
--
-- Every part is a file that adds its functions to the library it is given, so that the two
-- libraries share all code and no state.
local parts = {
  "tensor", "grad", "joined", "module", "nn", "layer_norm", "gru", "lstm", "attention",
  "dropout", "features", "component", "encoder", "hybrid", "modulation", "soft_modulation",
  "network", "factor_base", "optim", "schedule", "schema", "catalogue", "dataset", "split",
  "tasks", "vectors", "svg", "analysis", "cf", "recommender", "presets", "preset_options",
  "contextual",
  "simple", "matrix_factorization", "item_knn",
  "metrics", "evaluate", "protocol", "warm", "quadrants", "judged",
  "scenario_data", "scenario_groups", "scenario_split", "scenario_tasks", "scenario_catalogue",
  "scenario_recommender", "pair_inputs", "pair_losses", "scenario_cmml", "scenario_rivals",
  "evaluate_ranking", "taobao_themes", "scenario_join", "scenario_vectors", "scenario_source",
  "checkpoint", "team", "training_source", "train", "movielens",
  "lastfm", "yelp", "movielens_scenarios",
  "gradcheck", "experiment", "tune", "help",
}

--- The library over a core.
-- @tparam table core what `require "cmml.core"` or `require "cmml.core64"` gives
-- @treturn table the library
return function(core)
  local cmml = {}
  --- The core alone: everything that is made in C.
  cmml.core = core
  --- "cmml " and the version.
  cmml._VERSION = "cmml " .. core.info().version
  for name, value in pairs(core) do
    if name ~= "testing" and cmml[name] == nil then
      cmml[name] = value
    end
  end
  for _, part in ipairs(parts) do
    require("cmml." .. part)(cmml)
  end
  return setmetatable(cmml, {
    __index = function(_, key)
      if key == "double" and core.info().dtype == "float32" then
        --- The same library over the float64 core, for checking gradients; loaded when first used.
        cmml.double = require "cmml.library"(require "cmml.core64")
        return cmml.double
      end
      return nil
    end,
  })
end
