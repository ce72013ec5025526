--- Options of a model over those of its preset, and weights for a model that comes from a file.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local core = cmml.core

  -- The model's own: what is done to its options does nothing to the preset or the caller's table.
  local function copy_of(value)
    if type(value) ~= "table" or getmetatable(value) then
      return value
    end
    local copy = {}
    for key, inner in pairs(value) do
      copy[key] = copy_of(inner)
    end
    return copy
  end

  -- Where the biases start of the components that are the preset's.
  local function kept_starts(starts, given, preset)
    local kept = {}
    for part, value in pairs(starts or {}) do
      local kind = part == "encoder" and "encoder" or "modulation"
      if not given[kind] or given[kind] == preset.model[kind] then
        kept[part] = value
      end
    end
    return next(kept) and kept or nil
  end

  --- The options of a model: what was given, else what its preset says. Where a component is
  -- another than the preset's, the preset's options of that component do not count; beside given
  -- terms its term_start does not.
  -- @tparam string name of the function, for messages
  -- @tparam table given checked options; preset names the preset
  -- @tparam table known by key: the options that a model file keeps
  -- @tparam string setting that the preset has to be for
  -- @treturn table a copy
  function cmml.preset_options(name, given, known, setting)
    local preset = cmml.presets[given.preset]
    if not preset then
      raise(("%s: there is no preset %s; %s"):format(name, given.preset,
        args.suggest(given.preset, args.keys(cmml.presets))), 3)
    elseif preset.setting ~= setting then
      raise(("%s: preset %s is for the %s setting, not for %s"):format(name, given.preset,
        preset.setting, setting == "user" and "ratings of users" or "scenarios"), 3)
    end
    local chosen = {}
    for key in pairs(known) do
      local kind = key:match "^(.*)_options$"
      local replaced = kind and given[kind] and given[kind] ~= preset.model[kind]
      if given[key] ~= nil then
        chosen[key] = copy_of(given[key])
      elseif key == "bias_start" then
        chosen[key] = kept_starts(preset.model[key], given, preset)
      elseif not replaced and not (key == "term_start" and given.terms) then
        chosen[key] = copy_of(preset.model[key])
      end
    end
    return chosen
  end

  --- Initial values for a model that comes from a file: a parameter is made only if the file holds
  -- one of its shape, so that memory is in proportion to the file.
  -- @tparam table tensors list of {name, tensor}
  -- @treturn table like `nn.init`
  -- @treturn table the tensors by name
  function cmml.stored_init(tensors)
    local stored, values = {}, {}
    for _, pair in ipairs(tensors) do
      local shape = table.concat(pair[2].shape, "x")
      stored[shape] = (stored[shape] or 0) + 1
      values[pair[1]] = pair[2]
    end
    local function blank(shape)
      local text = table.concat(shape, "x")
      if not stored[text] or stored[text] == 0 then
        raise(("the model's options ask for a parameter of shape %s, but the file holds %s"):format(
          text, stored[text] and "no other" or "none"), 0)
      end
      stored[text] = stored[text] - 1
      return core.full(shape, 0)
    end
    return { uniform = blank, normal = blank }, values
  end
end
