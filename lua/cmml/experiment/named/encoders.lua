--- `cmml experiment encoders`: encoders and hybrid context generators (CMML's encoder ablation).
--
-- @module cmml
local args = require "cmml.base.args"

-- The rows of the paper's ablation come first, then every other registered encoder and hybrid.
local first = { { "mean", "none" }, { "gru", "none" }, { "gru", "mlp" }, { "gru", "dot" } }

return function(cmml, use)
  use "experiment.registry"
  local models = use "pipeline.models"
  local parts = use "experiment.parts_of_preset"

  local function row_of(opt, preset, encoder, hybrid)
    local row = opt.modulation and parts.modulated(preset, opt.modulation)
      or { preset = preset, model = {} }
    row.row = ("%s, %s"):format(encoder, hybrid == "none" and "no hybrid" or hybrid)
    row.model.encoder, row.model.hybrid = encoder, hybrid
    return row
  end

  cmml.register_experiment {
    name = "encoders",
    summary = "encoders and hybrid context generators (the paper's ablation: with --preset "
      .. "published-code/scenario --modulation linear)",
    budget = "converged",
    options = {
      parts.preset_option,
      { name = "modulation", kind = "string", group = "rows", tunable = false, choices = function()
        return args.keys(cmml.modulations)
      end, help = "modulation of every row", default_text = "the preset's" },
    },
    rows = function(_, setting, opt)
      local preset = parts.preset("experiment encoders", setting, opt)
      local rows, seen = {}, {}
      local function add(encoder, hybrid)
        local key = encoder .. " " .. hybrid
        if cmml.encoders[encoder] and cmml.hybrids[hybrid] and not seen[key] then
          rows[#rows + 1] = row_of(opt, preset, encoder, hybrid)
          seen[key] = true
        end
      end
      if models.kind("experiment encoders", setting).known:find "encoder_negatives" then
        rows[1] = row_of(opt, preset, "mean", "none")
        rows[1].row, rows[1].model.encoder_negatives = "mean without negatives, no hybrid", false
      end
      for _, pair in ipairs(first) do
        add(pair[1], pair[2])
      end
      for _, encoder in ipairs(args.keys(cmml.encoders)) do
        add(encoder, "dot")
      end
      for _, hybrid in ipairs(args.keys(cmml.hybrids)) do
        add("gru", hybrid)
      end
      return rows
    end,
  }
end
