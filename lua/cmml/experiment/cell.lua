--- The cells of experiments and of tuning: a recommender of any kind learns from the data of a
-- setting, and is evaluated there.
--
-- The settings of a cell are plain data, which alone decide its result:
--
--    setting, data, files, version    names of setting and source (nil: a made world), sizes of its
--                                     files, version of the library
--    options                          how the data are read and split, with protocol
--    kind, model, preset, training, seed    the recommender, and how it learns; preset as a table
--    evaluation                       options of the setting's evaluations
--    declared                         digests of the files that declare setting and kind, of those
--                                     that are not the library's
--    code                             see `cells.run`
--
-- @module cmml
local computations = require "cmml.experiment.computations"
local diverged = require "cmml.evaluate.diverged"
local raise = require("cmml.base.args").error

return function(cmml, use)
  local pipeline = use "pipeline.data"
  local comparison = use "evaluate.comparison"
  local models = use "pipeline.models"
  local train = use "train.train"
  local cell = {}

  --- The data of a cell, read.
  -- @tparam table settings
  -- @treturn Setting
  -- @treturn table data
  function cell.read(settings)
    local setting = cmml.settings:find("cell: setting", settings.setting, 0)
    return setting, pipeline.read(setting, settings.data, settings.options)
  end

  --- The split of data that a cell asks for, prepared.
  -- @tparam Setting setting
  -- @tparam table data
  -- @tparam table settings
  -- @treturn table
  function cell.split(setting, data, settings)
    local split = pipeline.split(setting, data, settings.options, settings.preset)
    pipeline.prepare(setting, split, settings.options, settings.preset)
    return split
  end

  --- A recommender of a cell that has learnt.
  -- @tparam Setting setting
  -- @tparam table split
  -- @tparam table settings
  -- @tparam ?table callbacks further options of `train`
  -- @tparam ?table of_stages where a training in several stages keeps them, and what it tells, see
  -- `cmml.pipeline.stages`: folder, tell, callbacks
  -- @treturn Recommender
  -- @treturn ?table what `train` gives, of a kind that learns by gradient
  -- @treturn ?string what is to be told of one that was fitted
  function cell.make(setting, split, settings, callbacks, of_stages)
    return models.make(setting, split, models.kind("cell", setting, settings.kind),
      { model = settings.model, training = models.with(settings.training, callbacks),
        seed = settings.seed, stages = models.with({ by_digest = true,
          conditions = setting.conditions(split, settings.options) }, of_stages) })
  end

  -- Calls of a training that tell how far it is.
  local function callbacks_of(epochs, tell)
    return { on_step = function(epoch, step, steps)
      tell(("epoch %d%s, step %d/%d"):format(epoch, epochs and "/" .. epochs or "", step, steps))
    end }
  end

  -- The same of the stages of one, which are kept in the folder of an experiment, for other cells.
  local function stages_of(folder, tell)
    local stage = ""
    return { folder = folder and folder .. "/stages", tell = function(line)
      stage = line
      tell(line)
    end, callbacks = function(epochs)
      return callbacks_of(epochs, function(text)
        tell(("%s, %s"):format(stage, text))
      end)
    end }
  end

  --- Data, split and recommender of a cell; raises where its training diverges.
  -- @tparam table settings
  -- @tparam function tell see `cells.compute`
  -- @tparam ?string folder of the experiment
  -- @treturn Setting
  -- @treturn table split
  -- @treturn Recommender
  -- @treturn ?table what `train` gives
  -- @treturn number seconds that it took to learn
  -- @treturn ?string what is to be told of what was fitted
  function cell.learn(settings, tell, folder)
    tell "reading the data"
    local setting, data = cell.read(settings)
    tell "preparing the data"
    local split = cell.split(setting, data, settings)
    tell "learning"
    local began = cmml.core.clock()
    local model, result, told = cell.make(setting, split, settings, settings.training
      and callbacks_of(settings.training.epochs, tell), stages_of(folder, tell))
    local seconds = cmml.core.clock() - began
    if result and result.stopped == "diverged" then
      raise(result.message, 0)
    end
    return setting, split, model, result, seconds, told
  end

  -- What a model tells of what it learnt beside its weights, such as which base it has chosen.
  local function told_of(model, told)
    local texts = { told }
    for _, fact in ipairs(model.facts and model:facts() or {}) do
      texts[#texts + 1] = ("%s: %s"):format(fact[1], fact[3])
    end
    return #texts > 0 and table.concat(texts, "; ") or nil
  end

  -- What a cell keeps where its setting does not say: the values of its first evaluation.
  local function plain_values(_, results)
    local metrics = {}
    for name, metric in pairs(results[1]) do
      metrics[name] = metric.values
    end
    return { metrics = metrics }
  end

  --- What an evaluation of a model gives, as a cell keeps it.
  -- @tparam Setting setting
  -- @tparam table split
  -- @tparam Recommender model
  -- @tparam table evaluation options of the setting's evaluations
  -- @treturn table metrics (by name one value a task), weights (by name one a task, optional),
  -- rules (by the name of an evaluation, optional), unchecked, diverged ({count, of}: on how many
  -- supports steps did, if on any). Raises where scores are not finite numbers
  function cell.evaluate(setting, split, model, evaluation)
    local kept = { metrics = {} }
    for i, entry in ipairs(models.evaluate(setting, split, { model }, evaluation)) do
      if i > 1 and not setting.values then
        break
      end
      local results = entry.results
      if results.not_finite then
        local _, any = next(results[1])
        raise(comparison.diverged(model.title, results.not_finite[1], #any.values, results.noun), 0)
      end
      local values = (setting.values or plain_values)(entry.evaluation, results)
      local weights = values.weights
      kept.weights = kept.weights or weights and {}
      for name, list in pairs(values.metrics) do
        kept.metrics[name] = list
        if weights then
          kept.weights[name] = weights[name] or #weights > 0 and weights or nil
        end
      end
      for name, rule in pairs(values.rules or {}) do
        kept.rules = kept.rules or {}
        kept.rules[name] = rule
      end
      kept.unchecked = kept.unchecked or values.unchecked
      local own = (results.diverged or {})[1]
      kept.diverged = diverged.sum(kept.diverged, own and own.count > 0 and own or nil)
    end
    return kept
  end

  --- Computes a cell: metrics, weights, unchecked and diverged as `evaluate` gives them, epochs,
  -- best_epoch, stopped (why the training ended), untrained (how many tasks it left out, as their
  -- steps diverged; nil: none), told (what the model tells of what it learnt; nil: nothing) and, of
  -- what learns, train_seconds (of that alone).
  -- @tparam table settings
  -- @tparam[opt] function tell see `cells.compute`
  -- @tparam[opt] string folder of the experiment
  -- @treturn table
  function cell.run(settings, tell, folder)
    tell = tell or function() end
    local setting, split, model, result, seconds, told = cell.learn(settings, tell, folder)
    local kept = cell.evaluate(setting, split, model, models.with(settings.evaluation, {
      on_task = function(done, count)
        tell(("task %d/%d evaluated"):format(done, count))
      end }))
    if result then
      kept.epochs, kept.best_epoch, kept.stopped = result.epoch, result.best_epoch, result.stopped
      kept.untrained = result.untrained > 0 and result.untrained or nil
    end
    kept.told = told_of(model, told)
    kept.train_seconds = model.learns ~= "none" and seconds or nil
    return kept
  end

  --- Computes a trial of tuning: a model learns, and the validation tasks say how well. Test tasks
  -- are not looked at. Every trial is validated in the same way, whatever its training chose the
  -- epoch by; a kind that is fitted does not learn from the validation tasks.
  -- @tparam table settings those of a cell, without evaluation
  -- @tparam[opt] function tell see `cells.compute`
  -- @treturn table value (of the best epoch; nil if training diverged), monitored (the metric),
  -- mode, message, data (what these are, in words; nil where the setting does not say), and of a
  -- kind that learns by gradient epochs, best_epoch and stopped
  function cell.trial(settings, tell)
    local setting, data = cell.read(settings)
    local split = cell.split(setting, data, settings)
    split.test = {}
    local learns = models.kind("cell", setting, settings.kind).learns == "gradient"
    local validation = split.valid
    if not learns then
      split.valid = {}
    end
    local model, result = cell.make(setting, split, settings, learns
      and callbacks_of((settings.training or {}).epochs, tell or function() end) or nil)
    split.valid = validation
    result = result or { best_epoch = 1 }
    local value, metric, mode = train.validate(model, split)
    if result.stopped == "diverged" or result.best_epoch == 0 then
      value = nil
    end
    return { value = value, monitored = metric, mode = mode, epochs = result.epoch,
      stopped = result.stopped, data = setting.summary and setting.summary(split) or nil,
      best_epoch = learns and result.best_epoch or nil,
      message = result.message
        or not value and "a score was not a finite number" or nil }
  end

  computations.add(cmml, "evaluation", cell.run)
  computations.add(cmml, "trial", cell.trial)
  return cell
end
