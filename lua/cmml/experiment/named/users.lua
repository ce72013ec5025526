--- `cmml experiment users`: recommenders for people that were never seen (CMML's Table 3).
--
-- @module cmml
return function(cmml, use)
  use "experiment.registry"

  local function title_of(kind)
    return cmml.kinds.find(kind, "users").title
  end

  cmml.register_experiment {
    name = "users", settings = { "users" }, protocols = { users = { "full", "capped" } },
    summary = "ratings of people never seen: presets of CMML and baselines (Table 3)",
    rows = function()
      local rows = {
        { row = "recommended", preset = "recommended" },
        { row = "recommended without modulation", preset = "recommended",
          model = { modulation = "none" } },
        { row = "recommended without context", preset = "recommended",
          model = { encoder = "none" } },
        { row = "paper", preset = "paper" },
        { row = "published-code", preset = "published-code" },
      }
      for _, kind in ipairs { "item_user_mean", "matrix_factorization", "item_knn", "user_knn",
        "factor_analysis" } do
        rows[#rows + 1] = { row = title_of(kind), kind = kind }
      end
      return { rows = rows, reference = title_of "item_user_mean",
        references = { title_of "matrix_factorization" } }
    end,
  }
end
