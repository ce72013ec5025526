--- Options of CMML that it has in every setting: those of its network.
--
-- @module cmml.recommenders.cmml_options
local names = require "cmml.network.names"

-- Where the biases start of the components that are the preset's.
local function kept_starts(starts, given, preset)
  if given.bias_start ~= nil then
    return given.bias_start
  end
  local kept = {}
  for part, value in pairs(starts or {}) do
    local kind = part == "encoder" and "encoder" or "modulation"
    if not given[kind] or given[kind] == preset[kind] then
      kept[part] = value
    end
  end
  return next(kept) and kept or nil
end

local preset = "the preset's"

--- The declarations over a library.
-- @tparam table cmml
-- @treturn table list
return function(cmml)
  local function names_of(registry)
    return function()
      local known = {}
      for name in pairs(registry) do
        known[#known + 1] = name
      end
      table.sort(known)
      return known
    end
  end
  local function component(name, registry, help)
    return { name = name, kind = "string", choices = names_of(registry), group = "model",
      short = true, help = help, default_text = preset,
      hint = names.hint },
      { name = name .. "_options", kind = "table", group = "model", belongs_to = name,
        help = ("options of the %s's own"):format(name), default_text = preset }
  end
  local encoder, encoder_options = component("encoder", cmml.encoders, "context encoder")
  local hybrid, hybrid_options = component("hybrid", cmml.hybrids, "hybrid context generator")
  local modulation, modulation_options = component("modulation", cmml.modulations,
    "modulation head")
  return {
    encoder, hybrid, modulation, encoder_options, hybrid_options, modulation_options,
    { name = "encoder_widths", kind = "table", group = "model", default_text = preset,
      help = "widths of the encoder's layers" },
    { name = "encoder_detach", kind = "boolean", group = "model", default_text = preset,
      help = "whether the encoder sees the rows as constants" },
    { name = "backbone", kind = "table", group = "model", default_text = preset,
      help = "widths of the modulated layers" },
    { name = "hyper", kind = "table", group = "model", default_text = preset,
      help = "widths of the hypernetwork's layers" },
    { name = "activation", kind = "string", group = "model", default_text = preset,
      help = "activation of backbone and hypernetwork" },
    { name = "bias_start", kind = "table", group = "model", default_text = preset, tunable = false,
      inherit = kept_starts, help = "where the biases of a part of the network start, by part" },
    { name = "context_shrink", kind = "number", from = 0, group = "model", default_text = preset,
      help = "the context of a support of n rows is multiplied by n / (n + context_shrink)" },
  }
end
