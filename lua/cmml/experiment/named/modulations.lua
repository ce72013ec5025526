--- `cmml experiment modulations`: every modulation that is registered (CMML's Table 5).
--
-- @module cmml
local args = require "cmml.base.args"

return function(cmml, use)
  use "experiment.registry"
  local parts = use "experiment.parts_of_preset"

  local function names()
    return args.keys(cmml.modulations)
  end

  cmml.register_experiment {
    name = "modulations",
    summary = "every registered modulation on the data given (Table 5: with --preset "
      .. "published-code/scenario)",
    budget = "converged",
    options = {
      parts.preset_option,
      { name = "modulations", list = "string", choices = names, group = "rows", tunable = false,
        help = "some of the modulations", default_text = "all that are registered" },
    },
    rows = function(_, setting, opt)
      local preset, rows = parts.preset("experiment modulations", setting, opt), {}
      local reference
      for i, name in ipairs(opt.modulations or names()) do
        rows[i] = parts.modulated(preset, name)
        rows[i].row, reference = name, name == "film" and name or reference
      end
      return { rows = rows, reference = reference }
    end,
  }
end
