--- What experiments share that exchange parts of a preset of CMML.
--
-- @module cmml
return function(cmml, use)
  local models = use "pipeline.models"
  local parts = {}

  --- The option that says whose parts are exchanged.
  parts.preset_option = { name = "preset", kind = "string", arg = "NAME", group = "rows",
    short = true, tunable = false,
    help = "preset whose parts are exchanged; the paper's tables were made under "
      .. "published-code, or published-code/scenario",
    default_text = "the recommended one" }

  --- The preset whose parts are exchanged; raises where there is none of the name.
  -- @tparam string where prefix of messages
  -- @tparam Setting setting
  -- @tparam table opt preset
  -- @treturn string its name
  function parts.preset(where, setting, opt)
    local _, name = models.preset(where, models.kind(where, setting), opt.preset)
    return name
  end

  --- A row that differs from a preset in its modulation alone, but for the sizes that were
  -- published for that modulation.
  -- @tparam string preset
  -- @tparam string name of the modulation
  -- @treturn table preset, model
  function parts.modulated(preset, name)
    local own = preset .. "/" .. name
    if cmml.presets[own] then
      return { preset = own, model = {} }
    end
    return { preset = preset, model = { modulation = name } }
  end

  return parts
end
