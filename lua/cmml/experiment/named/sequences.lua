--- `cmml experiment sequences`: what comes next for people with short sequences (MML's problem).
--
-- @module cmml
return function(cmml, use)
  use "experiment.registry"
  local rows_of_kinds = use "experiment.rows_of_kinds"

  cmml.register_experiment {
    name = "sequences", settings = { "sequences" },
    summary = "what comes next for people never seen, new items apart: rivals, MML's learners, "
      .. "fusion and generator, and CMML; with variants its ablations",
    options = rows_of_kinds.options, defaults = { new_items = 0.1 },
    rows = function(_, setting, opt)
      return rows_of_kinds.all("experiment sequences", setting, opt)
    end,
  }
end
