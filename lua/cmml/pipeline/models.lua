--- From a split to a recommender that has learnt, and its evaluation, in whichever setting and of
-- whichever kind.
--
-- @module cmml.pipeline.models
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  local stages = use "pipeline.stages"
  local starts = use "recommenders.start"
  local models = {}

  -- A table with the fields of another over it.
  local function with(first, second)
    local all = {}
    for _, source in ipairs { first or {}, second or {} } do
      for key, value in pairs(source) do
        all[key] = value
      end
    end
    return all
  end
  models.with = with

  --- The kind of a setting where none is named: the one that the setting says, else the first of
  -- those that learn by gradient training, else the first. It predicts what tasks of the setting
  -- are about, where there is such a kind.
  -- @tparam Setting setting
  -- @tparam[opt=false] boolean ranks whether lists are compared, so that it is one that ranks
  -- @treturn ?Recommender the class; nil where the setting has no kinds
  function models.default_kind(setting, ranks)
    local named = setting.default_kind and cmml.kinds.find(setting.default_kind, setting.name)
    if named then
      return named
    end
    local list, first = cmml.kinds.list(setting.name), nil
    for _, class in ipairs(list) do
      if class.learns == "gradient" then
        if class.predicts == (ranks and "ranking" or setting.predicts) then
          return class
        end
        first = first or class
      end
    end
    return first or list[1]
  end

  --- The names of the default kinds, in words: "cmml", or where settings differ each with its own.
  -- @treturn string
  function models.default_kinds()
    local parts, names, only = {}, {}, nil
    for name, setting in cmml.settings:each() do
      local class = models.default_kind(setting)
      if class then
        only = not names[class.kind] and #parts > 0 and "" or only or class.kind
        names[class.kind], parts[#parts + 1] = true, ("%s for %s"):format(class.kind, name)
      end
    end
    return only ~= "" and only or table.concat(parts, ", ")
  end

  --- The kind of a name; raises, with the nearest name, where the setting has none.
  -- @tparam string where prefix of the message
  -- @tparam Setting setting
  -- @tparam ?string name default: see `default_kind`
  -- @treturn Recommender the class
  function models.kind(where, setting, name)
    if name == nil then
      return models.default_kind(setting) or raise(("%s: there is no kind of recommender for %s: "
        .. "declare one by cmml.kind"):format(where, setting.title), 0)
    end
    local class, message = cmml.kinds.find(name, setting.name)
    return class or raise(("%s: %s"):format(where, message), 0)
  end

  --- The preset of a kind; raises where there is none of the name.
  -- @tparam string where prefix of the message
  -- @tparam Recommender class
  -- @tparam ?string name default: the kind's
  -- @treturn ?table nil where the kind has no presets and none is named
  -- @treturn ?string its name
  function models.preset(where, class, name)
    if not name and not class.default_preset then
      return nil
    end
    return starts.preset(where, class, name)
  end

  -- Until validation stops improving: patience decides, not the number of epochs.
  local converged = { epochs = 200, patience = 10 }

  -- Such a budget of a preset. A rate that falls until the last epoch falls where validation stops
  -- improving instead, since nobody knows which epoch is the last.
  local function converged_budget(own, base)
    local schedule = own.schedule
    local kind = type(schedule) == "table" and schedule.kind or schedule
    return with(with(converged, { schedule = kind == "cosine" and "plateau" or nil }), base)
  end

  --- How long a preset is trained: the budget of a name, or as it says itself. Under `converged`
  -- every model is trained until validation stops improving.
  -- @tparam Setting setting
  -- @tparam ?table preset
  -- @tparam table opt budget (a name), quick, and over it epochs, patience, batch, lr
  -- @tparam ?table training options of `train` that count before the budget, but not before those
  -- of opt; a quick run has few epochs all the same
  -- @treturn table options of `train`
  function models.budget(setting, preset, opt, training)
    local own = preset and preset.training or {}
    local base = preset and (preset.budgets or {})[opt.budget or "default"]
    if opt.budget == "converged" then
      base = converged_budget(own, base)
    end
    if opt.quick and setting.quick_budget then
      base = setting.quick_budget
      training = with(training, { epochs = base.epochs and training and training.epochs
        and math.min(base.epochs, training.epochs) })
    end
    base = with(base, training)
    if training and training.rounds and not training.steps then
      base.steps = nil -- which would count before them
    end
    local budget = with(base, { epochs = opt.epochs, patience = opt.patience, batch = opt.batch,
      lr = opt.lr })
    if preset then -- else what the model itself says counts, or the defaults of `train`
      budget.epochs = budget.epochs or own.epochs or 30
      budget.patience = budget.patience or own.patience or (own.epochs and 0 or 5)
    end
    return budget
  end

  --- A recommender of a split that has learnt: trained, fitted, or with nothing to learn.
  -- @tparam Setting setting
  -- @tparam table split prepared, see `pipeline.data`
  -- @tparam Recommender class
  -- @tparam table given model (its options), training (options of `train`), seed (of both), stages
  -- (of a kind that learns in several: see `pipeline.stages`; nil: they are kept nowhere)
  -- @treturn Recommender
  -- @treturn ?table what `train` gives
  -- @treturn ?string what is to be told of one that was fitted
  function models.make(setting, split, class, given)
    local learn, serve = setting.catalogue(split)
    local options = with(given.model)
    if class.seeded then
      options.seed = options.seed or given.seed
    end
    local model = cmml.recommenders[class.kind](learn, options)
    if class.learns ~= "gradient" then
      local learnable = setting.learnable(split)
      learnable.stage = stages.of(split, learnable, with({ seed = given.seed or 0,
        conditions = setting.conditions(split, {}) }, given.stages))
      local told = model.fit and model:fit(learnable)
      return model, nil, type(told) == "string" and told or nil
    end
    local training = with({ seed = given.seed }, given.training)
    training.serve = serve and model.over and serve or nil
    local result = cmml.train(model, split, training)
    return training.serve and model:over(training.serve) or model, result
  end

  --- Evaluates models on a split.
  -- @tparam Setting setting
  -- @tparam table split prepared
  -- @tparam table list of recommenders
  -- @tparam table opt options of the setting's evaluation
  -- @treturn table list of {evaluation, results}: see `Setting`
  function models.evaluate(setting, split, list, opt)
    local found = {}
    for i, evaluation in ipairs(setting.evaluations(split, opt)) do
      found[i] = { evaluation = evaluation, results = cmml.evaluate(list, evaluation.tasks,
        evaluation.options) }
    end
    return found
  end

  return models
end
