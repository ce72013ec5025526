--- `cmml experiment scenarios`: ranking in scenarios that were never seen (CMML's Table 2).
--
-- @module cmml
return function(cmml, use)
  use "experiment.registry"
  local rows_of_kinds = use "experiment.rows_of_kinds"

  cmml.register_experiment {
    name = "scenarios", settings = { "scenarios" },
    summary = "ranking in scenarios never seen: every kind of recommender, as published and tuned "
      .. "(Table 2)",
    budget = "converged", options = rows_of_kinds.options,
    rows = function(_, setting, opt)
      return rows_of_kinds.all("experiment scenarios", setting, opt)
    end,
  }
end
