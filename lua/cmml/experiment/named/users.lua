--- `cmml experiment users`: recommenders for people that were never seen (CMML's Table 3).
--
-- @module cmml
return function(cmml, use)
  use "experiment.registry"
  local rows_of_kinds = use "experiment.rows_of_kinds"

  cmml.register_experiment {
    name = "users", settings = { "users" }, protocols = { users = { "full", "capped" } },
    summary = "ratings of people never seen: every kind of recommender, as published and tuned "
      .. "(Table 3)",
    budget = "converged", options = rows_of_kinds.options,
    rows = function(_, setting, opt)
      return rows_of_kinds.all("experiment users", setting, opt)
    end,
  }
end
