--- The preset that a search leaves: the best settings over those of the preset that was changed.
--
-- @module cmml
return function(cmml, use)
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
      protocol = settings.options.protocol, valid = settings.options.valid, trial = best.trial,
      metric = metric, value = best.value, epochs = best.epochs,
      seconds = math.floor(seconds * 10 + 0.5) / 10 }
    return preset
  end
end
