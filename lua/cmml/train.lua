--- Training: epochs over tasks, validation, early stopping, checkpoints that survive anything.
--
-- @module cmml
local args = require "cmml.args"

return function(cmml)
  local core = cmml.core

  -- What decides the numbers of a run: a run is resumed only under the same.
  local decisive = { "seed", "batch", "support", "query", "lr", "weight_decay", "clip" }

  local known = {
    out = "string?", resume = { "boolean", false }, epochs = { "integer", 30 },
    patience = { "integer", 10 }, valid_draws = { "integer", 2 }, seed = { "integer", 1 },
    batch = { "integer", 32 }, support = { "integer", 40 }, query = { "integer", 10 },
    lr = { "number", 3e-4 }, weight_decay = { "number", 1e-5 }, clip = { "number", 10 },
    notes = { "table", {} }, on_step = "function?", on_epoch = "function?",
  }

  local function tasks_of(data, users, opt, shuffle)
    return cmml.tasks { ratings = data.ratings, users = users, bags = data.bags, batch = opt.batch,
      support = opt.support, query = opt.query, seed = opt.seed, shuffle = shuffle }
  end

  -- One epoch; the mean loss, or nil and the step at which it ceased to be a number.
  local function run_epoch(model, optimiser, tasks, epoch, opt)
    local sum, steps, count = 0, 0, tasks:count()
    for batch in tasks:batches(epoch) do
      local loss = model:loss(batch)
      local value = loss:item()
      steps = steps + 1
      if value ~= value or math.abs(value) == math.huge then
        return nil, steps
      end
      optimiser:backward(loss)
      optimiser:step()
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

  local function path_of(opt, name)
    return opt.out .. "/" .. name .. ".safetensors"
  end

  -- Saves or raises: a run that cannot keep its result must not go on as if it could.
  local function save(model, path, extra)
    local ok, message = cmml.save(model, path, extra)
    if not ok then
      error("train: " .. message, 0)
    end
  end

  -- The caller's notes, with the epoch that a file's weights are from.
  local function notes_of(opt, state)
    local notes = {}
    for key, value in pairs(opt.notes) do
      notes[key] = value
    end
    notes.epoch, notes.valid_mae = state.epoch, state.mae
    return notes
  end

  local function save_last(model, optimiser, opt, state)
    local tensors, steps = optimiser:state()
    local notes = notes_of(opt, state)
    notes.state, notes.steps, notes.options = state, steps, {}
    for _, key in ipairs(decisive) do
      notes.options[key] = opt[key]
    end
    save(model, path_of(opt, "last"), { tensors = tensors, notes = notes })
  end

  -- The state of an interrupted run, put back into model and optimiser.
  local function resume(model, optimiser, opt)
    local path = path_of(opt, "last")
    local saved, found = cmml.load(path)
    if not saved then
      error("train: cannot resume: " .. found, 0)
    end
    local notes = found.notes
    if type(notes) ~= "table" or type(notes.state) ~= "table" or type(notes.options) ~= "table" then
      error(("train: cannot resume: %s holds a model, but no state of a training"):format(path), 0)
    end
    local function same(key, was, is)
      if was ~= is then
        error(("train: cannot resume: %s was %s, now it is %s"):format(key, tostring(was),
          tostring(is)), 0)
      end
    end
    for _, key in ipairs(decisive) do
      same(key, notes.options[key], opt[key])
    end
    for key, value in pairs(opt.notes) do
      if type(value) ~= "table" then
        same(key, notes[key], value)
      end
    end
    local weights = {}
    for _, pair in ipairs(saved:tensors()) do
      weights[pair[1]] = pair[2]
    end
    model.module:load_parameters(weights)
    optimiser:restore(found.tensors, notes.steps)
    return notes.state
  end

  local function log_line(state)
    return ("%d,%.6f,%.6f,%.6f,%.6f,%.3f\n"):format(state.epoch, state.loss, state.mae, state.rmse,
      state.ndcg, state.seconds)
  end

  -- The log is written anew each time from the lines so far: after a resume it has no line twice.
  local function write_log(opt, lines)
    local ok, message = core.write_file(opt.out .. "/log.csv",
      "epoch,loss,valid_mae,valid_rmse,valid_ndcg_exp@1,seconds\n" .. table.concat(lines))
    if not ok then
      error("train: " .. message, 0)
    end
  end

  -- The validation metrics; nil if the model's scores have ceased to be numbers, which evaluate
  -- would refuse.
  local function validate(model, tasks, opt)
    local finite = true
    local watched = { adapt_rows = function(_, ...)
      return model:adapt_rows(...)
    end, score_rows = function(_, ...)
      local scores = model:score_rows(...)
      finite = finite and scores:isfinite()
      return finite and scores or core.full(scores.shape, 0)
    end }
    local result = cmml.evaluate({ watched }, tasks, { draws = opt.valid_draws,
      cutoffs = { 1 } })[1]
    if finite then
      return result.mae.mean, result.rmse.mean, result["ndcg_exp@1"].mean
    end
  end

  local function clone_weights(model)
    local weights = {}
    for name, tensor in model.module:parameters() do
      weights[name] = tensor:clone()
    end
    return weights
  end

  local function stored_weights(path)
    local weights, model = {}, assert(cmml.load(path))
    for _, pair in ipairs(model:tensors()) do
      weights[pair[1]] = pair[2]
    end
    return weights
  end

  -- Runs and judges one epoch; nil and a message if the numbers ceased to be finite.
  local function next_epoch(model, optimiser, tasks, valid, epoch, opt)
    local began = core.clock()
    local loss, step = run_epoch(model, optimiser, tasks, epoch, opt)
    local mae, rmse, ndcg
    if loss and is_finite(model) then
      if valid then
        mae, rmse, ndcg = validate(model, valid, opt)
      else
        mae, rmse, ndcg = loss, math.sqrt(loss), 0
      end
    end
    if not mae then
      return nil, ("the loss was no longer a finite number in epoch %d%s; lower the learning rate "
        .. "(now %g)"):format(epoch, loss and "" or ", step " .. step, opt.lr)
    end
    return { epoch = epoch, loss = loss, mae = mae, rmse = rmse, ndcg = ndcg,
      seconds = core.clock() - began }
  end

  local function write_files(model, optimiser, opt, state, improved)
    if improved then
      save(model, path_of(opt, "best"), { notes = notes_of(opt, state) })
    end
    save_last(model, optimiser, opt, state)
    write_log(opt, state.log)
  end

  local function check_call(model, data, opt)
    if type(model) ~= "table" or not model.catalogue then
      error("train: a recommender was expected, not " .. type(model), 3)
    elseif not model.loss then
      error(("train: a %s is counted, not trained: use fit"):format(model.kind), 3)
    end
    args.check("train: data", type(data) == "table" and { ratings = data.ratings,
      bags = data.bags, train = data.train, valid = data.valid } or data,
      { ratings = "table", bags = "table", train = "table", valid = "table" }, 4)
    if #data.train == 0 then
      error("train: there are no training users", 3)
    elseif opt.resume and not opt.out then
      error("train: resume needs out, the folder of the run to go on with", 3)
    end
  end

  --- Trains a recommender that learns by gradients. Every epoch visits each training user once, in
  -- a fresh order, with a fresh draw of support and query; then the validation users judge.
  --
  -- With `out`, a folder, each epoch leaves last.safetensors (model and state of the training) and
  -- log.csv there, and best.safetensors when the validation MAE has fallen.
  -- @tparam Recommender model its weights are changed; in the end they are the best ones (without a
  -- good epoch: those at the start)
  -- @tparam table data ratings (grouped by user), bags (user fields of all rows), train and valid
  -- (lists of user rows; without valid users the training loss chooses)
  -- @tparam[opt] table options out, resume (go on with last.safetensors, bit for bit), epochs (30),
  -- patience (stop after so many epochs without improvement, 10; 0: never), seed, batch, support,
  -- query, lr, weight_decay, clip, valid_draws, notes (plain data kept in the files),
  -- on_step(epoch, step, steps, loss), on_epoch(state)
  -- @treturn table epoch, best_epoch, best (validation MAE), stopped ("epochs", "patience" or
  -- "diverged"), message
  function cmml.train(model, data, options)
    local opt = args.check("train", options, known)
    check_call(model, data, opt)
    local optimiser = cmml.adam(model.module, { lr = opt.lr, weight_decay = opt.weight_decay,
      clip = opt.clip })
    local tasks = tasks_of(data, data.train, opt, true)
    local valid = #data.valid > 0 and tasks_of(data, data.valid, opt, false) or nil
    if opt.out then
      local ok, message = core.mkdir(opt.out)
      if not ok then
        error("train: " .. message, 0)
      end
    end
    local state = opt.resume and resume(model, optimiser, opt)
      or { epoch = 0, best = math.huge, best_epoch = 0, log = {} }
    local best_weights = state.best_epoch > 0 and stored_weights(path_of(opt, "best"))
      or clone_weights(model)
    local stopped, message = "epochs", nil
    while state.epoch < opt.epochs do
      if opt.patience > 0 and state.epoch - state.best_epoch >= opt.patience then
        stopped = "patience"
        break
      end
      local result
      result, message = next_epoch(model, optimiser, tasks, valid, state.epoch + 1, opt)
      if not result then
        stopped = "diverged"
        break
      end
      for key, value in pairs(result) do
        state[key] = value
      end
      state.log[#state.log + 1] = log_line(state)
      local improved = state.mae < state.best
      if improved then
        state.best, state.best_epoch = state.mae, state.epoch
        best_weights = clone_weights(model)
      end
      if opt.out then
        write_files(model, optimiser, opt, state, improved)
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
