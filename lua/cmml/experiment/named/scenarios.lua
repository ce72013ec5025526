--- `cmml experiment scenarios`: ranking in scenarios that were never seen (CMML's Table 2).
--
-- @module cmml
return function(cmml, use)
  use "experiment.registry"

  local function title_of(kind)
    return cmml.kinds.find(kind, "scenarios").title
  end

  cmml.register_experiment {
    name = "scenarios", settings = { "scenarios" },
    summary = "ranking in scenarios never seen: presets of CMML and baselines (Table 2)",
    rows = function()
      local rows = {
        { row = "recommended", preset = "recommended/scenario" },
        { row = "recommended without modulation", preset = "recommended/scenario",
          model = { modulation = "none" } },
        { row = "recommended without context", preset = "recommended/scenario",
          model = { encoder = "none" } },
        { row = "paper", preset = "paper/scenario" },
        { row = "published-code", preset = "published-code/scenario" },
      }
      for _, kind in ipairs { "cf_score", "popularity", "support_popularity" } do
        rows[#rows + 1] = { row = title_of(kind), kind = kind }
      end
      return { rows = rows, reference = title_of "cf_score",
        references = { title_of "popularity" } }
    end,
  }
end
