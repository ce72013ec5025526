--- The preset that a search leaves: the best settings over those of the preset that was changed.
--
-- @module cmml
local args = require "cmml.base.args"

-- Options of which other fields of an entry tell.
local told = { data = true, protocol = true, valid = true, quick = true }

return function(cmml, use)
  local cell_options = use "experiment.cell_options"
  local models = use "pipeline.models"
  local plans = use "experiment.plan"

  -- The options of a model over those of its preset, complete: what belongs to another option goes
  -- where that one is another than the preset's.
  local function model_of(class, preset, found)
    local own = preset and preset.model or {}
    local model = models.with(own, found)
    model.preset = nil
    for declared in class.known:each() do
      local name, of = declared.name, declared.belongs_to
      if declared.inherit then
        model[name] = declared.inherit(own[name], found, preset or {})
      elseif of and found[of] ~= nil and found[of] ~= own[of] then
        model[name] = found[name]
      end
    end
    return model
  end

  -- What was asked of the data and their split beside the defaults, such as a population or filters
  -- of scenarios, but for the paths of files; nil where there is nothing.
  local function asked(setting, chosen)
    local found = {}
    for declared in cell_options.of_tune():each() do
      local name = declared.name
      local value, default = chosen[name], setting.defaults[name]
      if default == nil then
        default = declared.default
      end
      local is_path = (declared.arg or ""):find "^DIRS?$" or (declared.arg or ""):find "^FILES?$"
      if value ~= nil and not told[name] and not is_path and not args.equal(value, default) then
        found[name] = value
      end
    end
    return next(found) and found or nil
  end

  --- What is kept of a search: a preset that stands by itself, and in `tuned` how it was found.
  -- @tparam Recommender class
  -- @tparam table found trials, best first, see `tune`
  -- @tparam table opt options of `tune`
  -- @tparam string metric that trials are compared by
  -- @treturn table
  return function(class, found, opt, metric)
    local best, seconds, old = found[1], 0, found[1].settings.preset
    for _, trial in ipairs(found) do
      seconds = seconds + trial.seconds
    end
    local preset = models.with(old, { model = model_of(class, old, best.settings.model),
      training = class.learns == "gradient"
        and models.with(old and old.training, best.settings.training) or nil })
    preset.budgets = nil
    local settings = best.settings
    preset.tuned = { preset = settings.model.preset, version = cmml._VERSION, seed = opt.seed,
      data = opt.data and plans.source_title(opt.data) or "made", trials = #found,
      protocol = settings.options.protocol, valid = settings.options.valid,
      options = asked(class.setting, settings.options), trial = best.trial,
      metric = metric, value = best.value, epochs = best.epochs,
      seconds = math.floor(seconds * 10 + 0.5) / 10 }
    return preset
  end
end
