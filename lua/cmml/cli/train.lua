--- `cmml train`: learn a model from ratings.
--
-- @module cmml.cli.train
local args = require "cmml.args"
local common = require "cmml.cli.common"
local progress = require "cmml.progress"
local settings = require "cmml.cli.settings"

local train = {
  summary = "learn a model from ratings",
  usage = "cmml train --data DIR --out DIR [OPTIONS]",
}

train.options = common.join(common.data_options, {
  { name = "out", kind = "string", arg = "DIR", required = true,
    help = "where best.safetensors, last.safetensors and log.csv go" },
  { name = "model", kind = "string", arg = "KIND", default = "cmml",
    help = "cmml, or a simple predictor: global_mean, user_mean, item_mean, item_user_mean" },
  { name = "preset", kind = "string", arg = "NAME",
    help = "settings of the model and its training [default: published-code]" },
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
  { name = "epochs", kind = "integer", arg = "N",
    help = "passes at most [default: the preset's, or 30]" },
  { name = "patience", kind = "integer", arg = "N",
    help = "stop after so many epochs without a better validation MAE; 0: never [default: 10]" },
  { name = "file-order", kind = "flag",
    help = "visit the users in the order of the data, as published, not in a fresh one each "
      .. "epoch" },
  { name = "choose", kind = "string", arg = "NAME",
    help = "epoch that is saved as the result: best (on the validation users) or last "
      .. "[default: best, or the preset's]" },
  { name = "batch", kind = "integer", arg = "N", help = "tasks a step [default: the preset's]" },
  { name = "short-supports", kind = "number", arg = "SHARE",
    help = "of the training tasks whose support is cut to a random length, so that the model "
      .. "learns to adapt to any number of ratings [default: the preset's, or 0]" },
  { name = "lr", kind = "number", arg = "X", help = "learning rate [default: the preset's]" },
  { name = "weight-decay", kind = "number", arg = "X", help = "L2 [default: the preset's]" },
  { name = "clip", kind = "number", arg = "X",
    help = "limit of every gradient entry [default: the preset's]" },
  { name = "clip-norm", kind = "number", arg = "X",
    help = "limit of the norm of the whole gradient [default: none]" },
  { name = "optimizer", kind = "string", arg = "NAME",
    help = "adam, adamw or sgd [default: adam]" },
  { name = "momentum", kind = "number", arg = "X", help = "of sgd [default: 0]" },
  { name = "schedule", kind = "string", arg = "NAME",
    help = "of the learning rate: cosine (down to 0 at the end of the last epoch) or plateau (a "
      .. "tenth after 3 epochs without a better validation MAE) [default: it stays]" },
  { name = "warmup", kind = "integer", arg = "N",
    help = "steps in which the learning rate rises to --lr [default: 0]" },
  { name = "shards", kind = "integer", arg = "N",
    help = "parts of a batch whose gradients are summed in order; decides the last digits "
      .. "[default: 1]" },
  { name = "threads", kind = "integer", arg = "N", default = 1,
    help = "threads that compute them, at most one a shard; changes no digit" },
  { name = "resume", kind = "flag", help = "go on with last.safetensors of --out, bit for bit" },
  { name = "quiet", kind = "flag", help = "no progress" },
}, settings.options, { common.modules_option })

-- Options of `train` that are given by the options of the command, under the same names.
local training = { "epochs", "patience", "support", "query", "short_supports", "batch", "lr",
  "weight_decay", "clip", "clip_norm", "optimizer", "momentum", "schedule", "warmup", "shards",
  "choose" }

-- A recommender that is counted, not trained.
local function count(cmml, values, data, found)
  local model = cmml[values.model](data.catalogue, found.model)
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

-- A recommender that learns by gradients.
local function learn(cmml, values, data, found)
  local options, opt = found.model, found.training
  options.preset, options.seed = found.preset, values.seed
  local model = cmml[values.model](data.catalogue, options)
  for _, key in ipairs(training) do
    if values[key] ~= nil then
      opt[key] = values[key]
    end
  end
  if values.file_order then
    opt.shuffle = false
  end
  local show = values.quiet and {} or progress.training(cmml.core, opt.epochs
    or cmml.presets[found.preset].training.epochs or 30)
  opt.out, opt.resume, opt.seed, opt.threads = values.out, values.resume, values.seed,
    values.threads
  opt.conditions, opt.notes = common.conditions_of(data), { seed = values.seed }
  opt.modules, opt.on_step, opt.on_epoch = common.list_of(values.modules or ""), show.on_step,
    show.on_epoch
  local result = cmml.train(model, data, opt)
  if result.stopped == "diverged" then
    return nil, ("%s; %s"):format(result.message, result.best_epoch > 0
      and "the best model so far stands in " .. values.out or "nothing was saved")
  elseif result.best_epoch == 0 then
    return nil, ("no epoch was run (--epochs %d): nothing was saved"):format(opt.epochs)
  end
  print(("%s epoch %d of %d: %s %.4f; saved %s/best.safetensors"):format(opt.choose or "best",
    result.best_epoch, result.epoch, #data.valid > 0 and "validation MAE" or "training loss",
    result.best, values.out))
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
  local found, dataset, data, message
  found, message = settings.of(cmml.core, values)
  if not found then
    return nil, message
  elseif not cmml.presets[found.preset] then
    return nil, ("there is no preset %s; %s"):format(found.preset,
      args.suggest(found.preset, args.keys(cmml.presets)))
  end
  dataset, message = common.read_dataset(cmml, values)
  if dataset then
    data, message = common.split(cmml, values, dataset)
  end
  if not data then
    return nil, message
  end
  if not values.quiet then
    print(("%s\n%d users to train, %d to validate, %d to test; protocol %s"):format(
      tostring(data.dataset), #data.train, #data.valid, #data.test, data.protocol))
  end
  return (kind.fit and count or learn)(cmml, values, data, found)
end

return train
