--- `cmml train`: learn a model from ratings.
--
-- @module cmml.cli.train
local args = require "cmml.args"
local common = require "cmml.cli.common"
local progress = require "cmml.progress"

local train = {
  summary = "learn a model from ratings",
  usage = "cmml train --data DIR --out DIR [OPTIONS]",
}

train.options = common.join(common.data_options, {
  { name = "out", kind = "string", arg = "DIR", required = true,
    help = "where best.safetensors, last.safetensors and log.csv go" },
  { name = "model", kind = "string", arg = "KIND", default = "cmml",
    help = "cmml, or a simple predictor: global_mean, user_mean, item_mean, item_user_mean" },
  { name = "preset", kind = "string", arg = "NAME", default = "published-code",
    help = "settings of the model and its training" },
  { name = "item-fields", kind = "string", arg = "LIST",
    help = "what of an item the model sees, with commas [default: all that the data have]" },
  { name = "user-fields", kind = "string", arg = "LIST",
    help = "what of a person the model sees, or none: then it has to read the support "
      .. "[default: all that the data have]" },
  { name = "unknown", kind = "string", arg = "NAME", default = "zero",
    help = "a value that was never seen: zero (counts as absent) or learned (it has a vector of "
      .. "its own)" },
  { name = "min-count", kind = "integer", arg = "N", default = 1,
    help = "values seen fewer times count as never seen" },
  { name = "seed", kind = "integer", arg = "N", default = 1,
    help = "seed of weights, order and draws" },
  { name = "epochs", kind = "integer", arg = "N", default = 30, help = "passes at most" },
  { name = "patience", kind = "integer", arg = "N", default = 10,
    help = "stop after so many epochs without a better validation MAE; 0: never" },
  { name = "batch", kind = "integer", arg = "N", help = "tasks a step [default: the preset's]" },
  { name = "lr", kind = "number", arg = "X", help = "learning rate [default: the preset's]" },
  { name = "weight-decay", kind = "number", arg = "X", help = "L2 [default: the preset's]" },
  { name = "clip", kind = "number", arg = "X",
    help = "limit of every gradient entry [default: the preset's]" },
  { name = "clip-norm", kind = "number", arg = "X",
    help = "limit of the norm of the whole gradient [default: none]" },
  { name = "optimizer", kind = "string", arg = "NAME", default = "adam",
    help = "adam, adamw or sgd" },
  { name = "momentum", kind = "number", arg = "X", help = "of sgd [default: 0]" },
  { name = "schedule", kind = "string", arg = "NAME",
    help = "of the learning rate: cosine (down to 0 at the end of the last epoch) or plateau (a "
      .. "tenth after 3 epochs without a better validation MAE) [default: it stays]" },
  { name = "warmup", kind = "integer", arg = "N", default = 0,
    help = "steps in which the learning rate rises to --lr" },
  { name = "shards", kind = "integer", arg = "N", default = 1,
    help = "parts of a batch whose gradients are summed in order; decides the last digits" },
  { name = "threads", kind = "integer", arg = "N", default = 1,
    help = "threads that compute them, at most one a shard; changes no digit" },
  { name = "resume", kind = "flag", help = "go on with last.safetensors of --out, bit for bit" },
  { name = "quiet", kind = "flag", help = "no progress" },
})

-- A recommender that is counted, not trained.
local function count(cmml, values, data)
  local model = cmml[values.model](data.catalogue)
  model:fit(data.ratings, common.join(data.train, data.valid))
  local path = values.out .. "/best.safetensors"
  local ok, message = cmml.core.mkdir(values.out)
  if ok then
    ok, message = cmml.save(model, path, { notes = common.conditions_of(data) })
  end
  if not ok then
    return nil, message
  end
  print("saved " .. path)
  return true
end

--- Runs the command.
-- @tparam table cmml the library
-- @tparam table values options
-- @treturn ?true
-- @treturn ?string message
function train.run(cmml, values)
  local kind = cmml.recommenders[values.model]
  if not kind then
    return nil, ("there is no model of kind %s; %s"):format(values.model,
      args.suggest(values.model, args.keys(cmml.recommenders)))
  end
  if not cmml.presets[values.preset] then
    return nil, ("there is no preset %s; %s"):format(values.preset,
      args.suggest(values.preset, args.keys(cmml.presets)))
  end
  local dataset, data, message
  dataset, message = common.read_dataset(cmml, values)
  if dataset then
    data, message = common.split(cmml, values, dataset)
  end
  if not data then
    return nil, message
  end
  if not values.quiet then
    print(("%s; %d users to train, %d to validate, %d to test; protocol %s"):format(
      tostring(data.dataset), #data.train, #data.valid, #data.test, data.protocol))
  end
  if kind.fit then
    return count(cmml, values, data)
  end
  local model = cmml[values.model](data.catalogue, { preset = values.preset, seed = values.seed })
  local show = values.quiet and {} or progress.training(cmml.core, values.epochs)
  local result = cmml.train(model, data, {
    out = values.out, resume = values.resume, epochs = values.epochs, patience = values.patience,
    seed = values.seed, support = values.support, query = values.query, batch = values.batch,
    lr = values.lr, weight_decay = values.weight_decay, clip = values.clip,
    clip_norm = values.clip_norm, optimizer = values.optimizer, momentum = values.momentum,
    schedule = values.schedule, warmup = values.warmup, shards = values.shards,
    threads = values.threads,
    conditions = common.conditions_of(data), notes = { seed = values.seed },
    on_step = show.on_step, on_epoch = show.on_epoch,
  })
  if result.stopped == "diverged" then
    return nil, ("%s; %s"):format(result.message, result.best_epoch > 0
      and "the best model so far stands in " .. values.out or "nothing was saved")
  elseif result.best_epoch == 0 then
    return nil, ("no epoch was run (--epochs %d): nothing was saved"):format(values.epochs)
  end
  print(("best epoch %d of %d: %s %.4f; saved %s/best.safetensors"):format(result.best_epoch,
    result.epoch, #data.valid > 0 and "validation MAE" or "training loss", result.best, values.out))
  return true
end

return train
