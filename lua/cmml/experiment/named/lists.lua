--- `cmml experiment lists`: top-N lists for people that were never seen.
--
-- @module cmml
return function(cmml, use)
  use "experiment.registry"
  local rows_of_kinds = use "experiment.rows_of_kinds"

  cmml.register_experiment {
    name = "lists", settings = { "users" },
    summary = "top-N lists for people never seen: every kind that can rank, as published and tuned",
    budget = "converged", options = rows_of_kinds.options,
    defaults = { rank = "all", supports = { 1, 2, 5, 10, 20 } },
    rows = function(_, setting, opt)
      return rows_of_kinds.all("experiment lists", setting, opt)
    end,
  }
end
