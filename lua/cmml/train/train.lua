--- Training: epochs over tasks, validation, early stopping, checkpoints that survive anything.
--
-- Where the tasks come from is the setting's to say. Its `source(model, data)` gives a table with
--
--    training, defaults    options for a model that brings none; options for what is still open
--    metrics               list of {field of the state, name of the metric, shown = true in the
--                          progress of a run}: what is validated
--    monitored             the field that chooses the epoch; what is better, the metric says
--    count, learners       how many tasks there are to learn from, and what they are called
--    validates             whether there is anything to validate on
--    check(opt)            optional: takes the options of a run
--    tasks(opt)            the tasks to learn from
--    validation(opt)       tasks to validate on, and options of `evaluate`
--    conditions()          plain data that a resumed run must have unchanged
--    nothing_to_validate   optional: what to say where the monitored metric exists of no task
--
-- @module cmml
local args = require "cmml.base.args"
local machine_memory = require "cmml.base.machine_memory"
local plain = require "cmml.base.plain"
local worker = require "cmml.train.worker"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local known = use "train.options"
  local Optimisation = use "train.optimisation"
  local files = use "train.run_files"

  -- Refuses options that another setting alone has.
  local function check_setting(model, given)
    for declared in known.all():each() do
      local own = declared.setting
      if own and own ~= model.setting.name and given[declared.name] ~= nil then
        raise(("train: %s applies only to %s, but the model is for %s"):format(
          args.named_option(declared.name), cmml.settings:get(own).title, model.setting.title), 3)
      end
    end
  end

  -- The options, with the defaults of the model's preset and of the source.
  local function read_options(model, source, options)
    local opt, given = known.all():check(options, 4), options or {}
    check_setting(model, given)
    local set = {}
    for _, defaults in ipairs { model.training or source.training, source.defaults } do
      for key, value in pairs(defaults) do
        if not known.all():find(key) then
          raise(("train: training of preset %s of %s has an unknown option %s; %s"):format(
            tostring(model.options.preset), model.kind, args.shown(key),
            args.suggest(plain.tostring(key), known.all():names())), 3)
        elseif given[key] == nil and not set[key] then
          opt[key], set[key] = value, true
        end
      end
    end
    opt.epochs, opt.patience = opt.epochs or 30, opt.patience or 10
    opt.optimizer, opt.warmup = opt.optimizer or "adam", opt.warmup or 0
    opt.shuffle, opt.choose = opt.shuffle ~= false, opt.choose or "best"
    if opt.resume and not opt.out then
      raise(("train: %s needs %s, the folder of the run to go on with"):format(args.option "resume",
        args.option "out"), 3)
    end
    if source.check then
      source:check(opt)
    end
    if opt.serve then
      model:over(opt.serve) -- raises now, not when there is something to save
    end
    return opt
  end

  local function check_learns(model, data)
    if type(model) ~= "table" or not model.catalogue or not model.adapt_rows then
      raise(("train: a recommender was expected, not %s%s"):format(type(model),
        type(data) == "table" and data.adapt_rows and ": train(model, data)" or ""), 3)
    elseif model.learns ~= "gradient" then
      raise(("train: %s learns without gradient training: %s"):format(model.kind,
        model.declaration.stages and "use cmml.fit(model, split)"
          or model.fit and "use model:fit(data)" or "it is ready as it is"), 3)
    end
  end

  -- Where the tasks come from, once model and data are known to go together.
  local function source_of(model, data)
    local source = model.setting.source(model, data)
    if source.count == 0 then
      raise("train: there are no " .. source.learners, 3)
    end
    return source
  end

  -- One epoch; the mean loss, or nil, the step and what ceased to be a number there; last, what the
  -- loss left out.
  local function run_epoch(model, team, optimisation, tasks, epoch, opt)
    local sum, steps, count, left_out = 0, 0, tasks:count(), nil
    for people, draw in tasks:people(epoch) do
      local value, out = team:backward(draw or epoch, people)
      steps, left_out = steps + 1, worker.sum(left_out, out)
      if value ~= value or math.abs(value) == math.huge then
        return nil, steps, "loss", left_out
      end
      if model.before_step then
        model:before_step()
      end
      if not optimisation:step() then
        return nil, steps, "gradient", left_out
      end
      sum = sum + value
      if opt.on_step then
        opt.on_step(epoch, steps, count, sum / steps)
      end
    end
    return sum / steps, nil, nil, left_out
  end

  local function is_finite(model)
    for _, tensor in model.module:parameters() do
      if not tensor:isfinite() then
        return false
      end
    end
    return true
  end

  local function clone_weights(model)
    local weights = {}
    for name, tensor in model.module:parameters() do
      weights[name] = tensor:clone()
    end
    return weights
  end

  -- Into the same tensors each time: fresh ones would wait long for the collector.
  local function keep_weights(model, weights)
    for name, tensor in model.module:parameters() do
      weights[name]:copy_(tensor)
    end
  end

  -- The field that chooses the epoch, and what is better in it: "min" or "max".
  local function monitored_by(source)
    if not source.validates then
      return "loss", "min"
    end
    for _, metric in ipairs(source.metrics) do
      if metric[1] == source.monitored then
        return metric[1], cmml.metrics.better(metric[2])
      end
    end
    raise(("train: the setting monitors %s, but validates by no metric of that name"):format(
      plain.tostring(source.monitored)), 3)
  end

  -- The metrics of the validation tasks, the same ones each time; nil if a score was not finite. In
  -- a training a kind first chooses by them what gradients cannot.
  local function validate(model, source, opt, training)
    local tasks, options = source:validation(opt)
    options.stop_if_not_finite = true
    if training and model.settle then
      for _, metric in ipairs(source.metrics) do
        if metric[1] == source.monitored then
          model:settle(tasks, options, metric[2])
        end
      end
    end
    local found = cmml.evaluate({ model }, tasks, options)
    if not found then
      return nil
    end
    local values = {}
    for _, metric in ipairs(source.metrics) do
      values[metric[1]] = found[1][metric[2]].mean
    end
    values.diverged = found.diverged[1].count > 0 and found.diverged[1] or nil
    local value = values[source.monitored]
    if value ~= value and source.nothing_to_validate then
      raise(source.nothing_to_validate, 2)
    end
    return values
  end

  -- Runs and validates one epoch; nil and a message if the numbers ceased to be finite. Without
  -- anything to validate on there are no metrics.
  local function next_epoch(model, team, optimisation, tasks, source, epoch, opt)
    local began = core.clock()
    local loss, step, what, left_out = run_epoch(model, team, optimisation, tasks, epoch, opt)
    local result = { epoch = epoch, loss = loss, left_out = left_out }
    local finite = result.loss and is_finite(model)
    if finite and source.validates then
      local values = validate(model, source, opt, true)
      finite = values ~= nil
      for key, value in pairs(values or {}) do
        result[key] = value
      end
    end
    if not finite then
      return nil, plain.format("the %s was no longer a finite number in epoch %d%s; lower the "
        .. "learning rate (now %g)%s", what or "loss", epoch, step and ", step " .. step or "",
        optimisation:rate(), result.left_out and "; " .. result.left_out.text or "")
    end
    result.seconds = core.clock() - began
    return result
  end

  -- Refuses what needs more memory than there is, where a kind knows what its steps need: numbers
  -- of a step, and of each parameter itself, gradient, two moments and the best so far.
  local function check_memory(model, opt)
    if not (model.memory and opt.support and opt.query) then
      return
    end
    local at_once = math.ceil(opt.batch / (opt.shards or 1)) * (opt.threads or 1)
    local numbers = model:memory(math.min(at_once, opt.batch), opt.support, opt.query)
      + 5 * model.module:count()
    local bytes, free = numbers * (core.info().dtype == "float64" and 8 or 4),
      machine_memory.available()
    if free and bytes > free then
      raise(plain.format("train: a step of %s with %s and %s needs about %.1f GB of memory, but "
        .. "only %.1f GB are available: lower them, or the steps or the size of the model, or cut "
        .. "batches by %s", model.kind, args.option("batch", opt.batch),
        args.option("support", opt.support), bytes / 1e9, free / 1e9, args.option "shards"), 3)
    end
  end

  local own = {}

  --- What the epochs of a training are validated on.
  -- @tparam Recommender model
  -- @tparam table data of `train`
  -- @tparam table options of `train`
  -- @treturn ?table tasks; nil where there is nothing to validate on
  -- @treturn ?table options of `evaluate`
  function own.validation(model, data, options)
    local source = source_of(model, data)
    local opt = read_options(model, source, options)
    if source.validates then
      return source:validation(opt)
    end
  end

  --- How well a recommender, however it has learnt, does on what epochs are validated on.
  -- @tparam Recommender model
  -- @tparam table data of `train`
  -- @treturn ?number the monitored metric; nil where a score was not finite
  -- @treturn string its name
  -- @treturn string "min" or "max": what is better
  function own.validate(model, data)
    local source = source_of(model, data)
    local opt = read_options(model, source, {})
    if not source.validates then
      raise(("train: there is nothing to validate on: raise %s of the split"):format(
        args.option "valid"), 2)
    end
    local values = validate(model, source, opt)
    return values and values[source.monitored], monitored_by(source)
  end

  --- A training that goes on for as long as it is asked to, a step at a time and without
  -- validation, for what measures steps.
  -- @tparam Recommender model
  -- @tparam table data of `train`
  -- @tparam table options of `train`
  -- @tparam[opt] Tasks tasks where the batches come from; default: those of `train`
  -- @treturn function that takes a step, giving its loss
  -- @treturn Tasks
  function own.stepper(model, data, options, tasks)
    check_learns(model, data)
    local source = source_of(model, data)
    local opt = read_options(model, source, options)
    tasks = tasks or source:tasks(opt)
    local _, mode = monitored_by(source)
    local optimisation = Optimisation.new(model.module, opt, opt.epochs * tasks:count(), mode)
    local team = cmml.team(model, tasks, optimisation.optimizer)
    if model.prepare then
      model:prepare(data)
    end
    local next_batch = coroutine.wrap(function()
      for epoch = 1, math.maxinteger do
        for people, draw in tasks:people(epoch) do
          coroutine.yield(draw or epoch, people)
        end
      end
    end)
    return function()
      local value = team:backward(next_batch())
      optimisation:step()
      return value
    end, tasks
  end

  --- Trains a recommender that learns by gradients. Every epoch visits each training task once (of
  -- scenarios `rounds` times), with a fresh draw of support and query; then it is validated.
  --
  -- With `out`, a folder, each epoch leaves last.safetensors (model and state of the training) and
  -- log.csv there, and best.safetensors when the monitored metric has improved (or always, with
  -- choose = "last").
  -- @tparam Recommender model its weights are changed; in the end they are the best ones (without a
  -- good epoch: those at the start)
  -- @tparam table data what the model's setting learns from: of users ratings (grouped by user),
  -- bags (user fields of all rows), train and valid (lists of user rows; without valid users the
  -- training loss chooses the epoch), as `cold_users` gives them; of scenarios a ScenarioSplit
  -- @tparam[opt] table options see below; defaults are those of the model's preset
  -- @treturn table epoch, best_epoch, best (the monitored metric, or without validation tasks the
  -- training loss), monitored (its name), mode ("min" or "max": what is better in it), stopped
  -- ("epochs", "patience" or "diverged"), message, untrained (how many tasks of all epochs were
  -- left out of the loss, as their steps diverged)
  -- @usage
  -- local result = cmml.train(model, data, { epochs = 2,
  --   on_epoch = function(state)
  --     print(state.epoch, state.loss, state.mae)
  --   end })
  -- print(result.best_epoch, result.best)
  function cmml.train(model, data, options)
    check_learns(model, data)
    local source = source_of(model, data)
    local opt = read_options(model, source, options)
    check_memory(model, opt)
    local _ <close> = opt.out and files.open(opt)
    local tasks = source:tasks(opt)
    local monitored, mode = monitored_by(source)
    local optimisation = Optimisation.new(model.module, opt, opt.epochs * tasks:count(), mode)
    local team <close> = cmml.team(model, tasks, optimisation.optimizer, { threads = opt.threads,
      shards = opt.shards, modules = opt.modules })
    local state, best_weights = { epoch = 0, best_epoch = 0, log = {}, untrained = 0 }, nil
    if opt.resume then
      state, best_weights = files.resume(model, source, optimisation, opt)
      model.fresh = nil -- its weights are those of the run
    elseif model.prepare then
      model:prepare(data)
    end
    state.best = state.best or mode == "min" and math.huge or -math.huge
    best_weights = best_weights or clone_weights(model)
    local stopped, message = "epochs", nil
    while state.epoch < opt.epochs do
      if opt.patience > 0 and state.epoch - state.best_epoch >= opt.patience then
        stopped = "patience"
        break
      end
      local result
      result, message = next_epoch(model, team, optimisation, tasks, source, state.epoch + 1,
        opt)
      if not result then
        stopped = "diverged"
        break
      end
      state.left_out, state.diverged = nil, nil
      state.untrained = state.untrained + (result.left_out and result.left_out.count or 0)
      for key, value in pairs(result) do
        state[key] = value
      end
      local value = state[monitored]
      local improved = opt.choose == "last" or mode == "min" and value < state.best
        or mode == "max" and value > state.best
      if improved then
        state.best, state.best_epoch = value, state.epoch
        cmml.no_grad(keep_weights, model, best_weights)
      end
      optimisation:validated(value)
      if opt.out then
        files.write(model, source, optimisation, opt, state, improved)
      end
      if opt.on_epoch then
        opt.on_epoch(state, improved, source.metrics)
      end
    end
    model.module:load_parameters(best_weights)
    return { epoch = state.epoch, best_epoch = state.best_epoch, best = state.best,
      monitored = monitored, mode = mode, stopped = stopped, message = message,
      untrained = state.untrained }
  end

  return own
end
