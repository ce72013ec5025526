--- Training: epochs over tasks, validation, early stopping, checkpoints that survive anything.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local Learner = use "train.optimisation"
  local files = use "train.run_files"

  local known = {
    out = "string?", resume = { "boolean", false }, epochs = "integer?",
    patience = "integer?", seed = { "integer", 1 }, shuffle = "boolean?",
    choose = "string?", conditions = { "table", {} },
    notes = { "table", {} }, threads = { "integer", 1 }, shards = { "integer", 1 },
    modules = { "table", {} }, on_step = "function?", on_epoch = "function?",
  }
  for _, more in ipairs { Learner.options, cmml.training_options } do
    for name, rule in pairs(more) do
      known[name] = rule
    end
  end

  -- The options, with the defaults of the model's preset and of the source.
  local function read_options(model, source, options)
    local opt = args.check("train", options, known, 4)
    for name in pairs(cmml.training_options) do
      if opt[name] ~= nil and not source.options[name] then
        raise(("train: %s means nothing here: there are no %s of this kind in %s"):format(name,
          name, source.what), 3)
      end
    end
    for _, defaults in ipairs { model.training or source.training, source.defaults } do
      for key, value in pairs(defaults) do
        if opt[key] == nil then
          opt[key] = value
        end
      end
    end
    opt.epochs, opt.patience = opt.epochs or 30, opt.patience or 10
    opt.optimizer, opt.warmup = opt.optimizer or "adam", opt.warmup or 0
    opt.shuffle, opt.choose = opt.shuffle ~= false, opt.choose or "best"
    args.one_of("train: choose", opt.choose, { "best", "last" }, 4)
    for _, key in ipairs { "epochs", "patience", "seed", "warmup" } do
      if opt[key] < 0 then
        raise(("train: %s must not be negative, as %d is"):format(key, opt[key]), 3)
      end
    end
    if opt.valid_draws < 1 then
      raise(("train: valid_draws must be at least 1, but is %d"):format(opt.valid_draws), 3)
    elseif opt.resume and not opt.out then
      raise("train: resume needs out, the folder of the run to go on with", 3)
    end
    if source.check then
      source:check(opt)
    end
    if opt.serve then
      model:over(opt.serve) -- raises now, not when there is something to save
    end
    return opt
  end

  -- Where the tasks come from, once model and data are known to go together.
  local function source_of(model, data)
    if type(model) ~= "table" or not model.catalogue or not model.adapt_rows then
      raise(("train: a recommender was expected, not %s%s"):format(type(model),
        type(data) == "table" and data.adapt_rows and ": train(model, data)" or ""), 3)
    elseif not model.loss then
      raise(("train: a %s is counted, not trained: use fit"):format(model.kind), 3)
    end
    local of_scenarios = type(data) == "table" and data.training_source
    if (model.setting == "scenario") ~= (of_scenarios ~= nil and of_scenarios ~= false) then
      raise(("train: a %s learns from %s"):format(model.kind, of_scenarios
        and "ratings of users, not from scenarios" or "a split of scenario data (data:split)"), 3)
    end
    local source = of_scenarios and data:training_source()
      or cmml.user_source(data, model.catalogue)
    if source.count == 0 then
      raise("train: there are no " .. source.learners, 3)
    end
    return source
  end

  -- One epoch; the mean loss, or nil, the step and what ceased to be a number there.
  local function run_epoch(team, learner, tasks, epoch, opt)
    local sum, steps, count = 0, 0, tasks:count()
    for people, draw in tasks:people(epoch) do
      local value = team:backward(draw or epoch, people)
      steps = steps + 1
      if value ~= value or math.abs(value) == math.huge then
        return nil, steps, "loss"
      end
      if not learner:step() then
        return nil, steps, "gradient"
      end
      sum = sum + value
      if opt.on_step then
        opt.on_step(epoch, steps, count, sum / steps)
      end
    end
    return sum / steps
  end

  local function is_finite(model)
    for _, pair in ipairs(model:tensors()) do
      if not pair[2]:isfinite() then
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

  -- Runs and judges one epoch; nil and a message if the numbers ceased to be finite. Without
  -- anything to judge by there are no metrics.
  local function next_epoch(model, team, learner, tasks, source, epoch, opt)
    local began = core.clock()
    local result = { epoch = epoch }
    local step, what
    result.loss, step, what = run_epoch(team, learner, tasks, epoch, opt)
    local finite = result.loss and is_finite(model)
    if finite and source.judged then
      local values = source:validate(model, opt)
      finite = values ~= nil
      for key, value in pairs(values or {}) do
        result[key] = value
      end
    end
    if not finite then
      return nil, ("the %s was no longer a finite number in epoch %d%s; lower the learning rate "
        .. "(now %g)"):format(what or "loss", epoch, step and ", step " .. step or "",
        learner:rate())
    end
    result.seconds = core.clock() - began
    return result
  end

  --- Trains a recommender that learns by gradients. Every epoch visits each training user once,
  -- with a fresh draw of support and query; then the validation users judge. A recommender of the
  -- scenario setting learns from a split in the same way: an epoch visits each training scenario
  -- `rounds` times; then the validation scenarios judge by full ranking.
  --
  -- With `out`, a folder, each epoch leaves last.safetensors (model and state of the training) and
  -- log.csv there, and best.safetensors when the validation MAE has fallen, or the recall has risen
  -- (or always, with choose = "last").
  -- @tparam Recommender model its weights are changed; in the end they are the best ones (without a
  -- good epoch: those at the start)
  -- @tparam table data ratings (grouped by user), bags (user fields of all rows), train and valid
  -- (lists of user rows; without valid users the training loss chooses the epoch); or a
  -- ScenarioSplit
  -- @tparam[opt] table options out; resume (go on with last.safetensors, bit for bit); epochs (30);
  -- patience (stop after so many epochs without improvement, 10; 0: never); seed (1); batch,
  -- support, query, short_supports (share of the training tasks whose support is cut to a random
  -- length, see `tasks`; of ratings of users alone), valid_query (of the validation users;
  -- default: query), lr, weight_decay, clip
  -- (math.huge: none; defaults: those of the model's preset); shuffle (visit the users in a fresh
  -- order each epoch, true; false: in the order of data.train, as the published code); choose
  -- (which epoch's weights count: "best", the default, or "last", which never stops for want of
  -- patience); optimizer ("adam", the default, "adamw" or "sgd"), momentum, clip_norm and groups
  -- (see `adam` and `sgd`); warmup (steps in which the rate rises, 0), schedule (nil: the rate
  -- stays; "cosine": down to 0 at the end of the last epoch; "plateau": told the validation MAE, or
  -- without validation users the training loss, with a patience of 2; or a table of options of
  -- `cosine` or `plateau` with that name as kind); shards of a batch (1), threads (1) and modules,
  -- see `team`: another number of shards gives other last digits, another number of threads the
  -- same; valid_draws (2; of scenarios 1); of scenarios alone: support_negatives, query_negatives,
  -- order, negatives (see `ScenarioSplit:tasks`), rounds (default: so many that an epoch has 200
  -- steps), valid_users (of a scenario at most, a fixed sample, 100), watch (what chooses the
  -- epoch: "recall@20", the default, "recall@10" or "ndcg@20"; a plateau is told it, too) and serve
  -- (a ScenarioCatalogue: best.safetensors holds the model over it, see `ScenarioCmml:over`);
  -- conditions (plain data that a resumed run must have unchanged) and notes (plain data), both
  -- kept in the files; on_step(epoch, step, steps, loss); on_epoch(state, improved)
  -- @treturn table epoch, best_epoch, best (validation MAE, or without
  -- validation users the training loss), stopped ("epochs", "patience" or
  -- "diverged"), message
  function cmml.train(model, data, options)
    local source = source_of(model, data)
    local opt = read_options(model, source, options)
    local tasks = source:tasks(opt)
    local watched, mode = source.judged and source.watched or "loss",
      source.judged and source.mode or "min"
    local learner = Learner.new(model.module, opt, opt.epochs * tasks:count(), mode)
    local team <close> = cmml.team(model, tasks, learner.optimizer, { threads = opt.threads,
      shards = opt.shards, modules = opt.modules })
    if opt.out then
      files.open(opt)
    end
    local state = { epoch = 0, best_epoch = 0, log = {} }
    if opt.resume then
      state = files.resume(model, source, learner, opt)
      model.fresh = nil -- its weights are those of the run
    elseif model.prepare then
      model:prepare(data)
    end
    state.best = state.best or mode == "min" and math.huge or -math.huge
    local best_weights = state.best_epoch > 0 and files.best_weights(opt) or clone_weights(model)
    local stopped, message = "epochs", nil
    while state.epoch < opt.epochs do
      if opt.patience > 0 and state.epoch - state.best_epoch >= opt.patience then
        stopped = "patience"
        break
      end
      local result
      result, message = next_epoch(model, team, learner, tasks, source, state.epoch + 1,
        opt)
      if not result then
        stopped = "diverged"
        break
      end
      for key, value in pairs(result) do
        state[key] = value
      end
      local value = state[watched]
      local improved = opt.choose == "last" or mode == "min" and value < state.best
        or mode == "max" and value > state.best
      if improved then
        state.best, state.best_epoch = value, state.epoch
        cmml.no_grad(keep_weights, model, best_weights)
      end
      learner:judge(value)
      if opt.out then
        files.write(model, source, learner, opt, state, improved)
      end
      if opt.on_epoch then
        opt.on_epoch(state, improved)
      end
    end
    model.module:load_parameters(best_weights)
    return { epoch = state.epoch, best_epoch = state.best_epoch, best = state.best,
      stopped = stopped, message = message }
  end
end
