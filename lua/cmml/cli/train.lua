--- `cmml train`: learn a model from ratings, or from scenarios.
--
-- @module cmml.cli.train
local args = require "cmml.base.args"
local common = require "cmml.cli.common"
local progress = require "cmml.base.progress"
local scenarios = require "cmml.cli.scenarios"
local scenario_run = require "cmml.experiment.scenario_run"
local setting_option = require("cmml.experiment.setting").option
local settings = require "cmml.cli.settings"
local wrap = require("cmml.base.text").wrap

local train = {
  summary = "learn a model from ratings, or from scenarios (groups of items)",
  usage = "cmml train --data DIR --out DIR [OPTIONS]",
}

train.options = common.join(common.data_options, { setting_option },
  scenarios.data_options, scenarios.vector_options, {
  { name = "out", kind = "string", arg = "DIR", required = true,
    help = "where best.safetensors, last.safetensors and log.csv go" },
  { name = "model", kind = "string", arg = "KIND",
    help = "cmml, or a simple predictor: global_mean, user_mean, item_mean, item_user_mean; of "
      .. "scenarios popularity, support_popularity, cf_score [default: cmml]" },
  { name = "preset", kind = "string", arg = "NAME",
    help = "settings of the model and its training [default: published-code, or "
      .. "published-code/scenario]" },
  { name = "item-fields", kind = "string", arg = "LIST", setting = "user",
    help = "user setting: what of an item the model sees, with commas [default: all that the "
      .. "data have]" },
  { name = "user-fields", kind = "string", arg = "LIST", setting = "user",
    help = "user setting: what of a person the model sees, or none: then it has to read the "
      .. "support [default: all that the data have]" },
  { name = "unknown", kind = "string", arg = "NAME", setting = "user",
    help = "user setting: a value that was never seen: zero (counts as absent) or learned (it has "
      .. "a vector of its own) [default: zero]" },
  { name = "min-count", kind = "integer", arg = "N", setting = "user",
    help = "user setting: values seen fewer times count as never seen [default: 1]" },
  { name = "seed", kind = "integer", arg = "N", default = 1,
    help = "seed of weights, order and draws" },
  { name = "epochs", kind = "integer", arg = "N",
    help = "passes at most [default: the preset's, or 30]" },
  { name = "patience", kind = "integer", arg = "N",
    help = "stop after so many epochs without a better validation MAE, or recall@20; 0: never "
      .. "[default: the preset's, or 10]" },
  { name = "rounds", kind = "integer", arg = "N", setting = "scenario",
    help = "scenario setting: tasks of each scenario an epoch [default: the preset's, or so many "
      .. "that an epoch has 200 steps]" },
  { name = "file-order", kind = "flag",
    help = "visit users, or scenarios, in the order of the data, as published, not in a fresh one "
      .. "each epoch" },
  { name = "choose", kind = "string", arg = "NAME",
    help = "epoch that is saved as the result: best (in validation) or last "
      .. "[default: best, or the preset's]" },
  { name = "batch", kind = "integer", arg = "N", help = "tasks a step [default: the preset's]" },
  { name = "short-supports", kind = "number", arg = "SHARE", setting = "user",
    help = "user setting: share of the training tasks whose support is cut to a random length, so "
      .. "that the model learns to adapt to any number of ratings [default: the preset's, or 0]" },
  { name = "lr", kind = "number", arg = "X", help = "learning rate [default: the preset's]" },
  { name = "weight-decay", kind = "number", arg = "X", help = "L2 [default: the preset's]" },
  { name = "clip", kind = "number", arg = "X",
    help = "limit of every gradient entry [default: the preset's]" },
  { name = "clip-norm", kind = "number", arg = "X",
    help = "limit of the norm of the whole gradient [default: none]" },
  { name = "optimizer", kind = "string", arg = "NAME",
    help = "adam, adamw or sgd [default: the preset's, or adam]" },
  { name = "momentum", kind = "number", arg = "X", help = "of sgd [default: 0]" },
  { name = "schedule", kind = "string", arg = "NAME",
    help = "of the learning rate: cosine (down to 0 at the end of the last epoch) or plateau (a "
      .. "tenth after 3 epochs without a better validation) [default: the preset's, or it stays]" },
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
  "choose", "rounds" }

-- Those that mean nothing to what is counted, not trained.
local of_learning = common.join(training, { "preset", "encoder", "hybrid", "modulation",
  "file_order", "resume" })

-- Ratings of users, to learn from and to count.
local function read_users(cmml, values, kind)
  local dataset, message = common.read_dataset(cmml, values)
  local data
  if dataset then
    data, message = common.split(cmml, values, dataset)
  end
  if not data then
    return nil, message
  end
  return { data = tostring(data.dataset), conditions = common.conditions_of(data),
    learners = "users", split = data, judged = #data.valid > 0 and "validation MAE",
    count = function(options)
      local model = cmml[kind](data.catalogue, options)
      model:fit(data.ratings, common.join(data.train, data.valid))
      return model
    end,
    learn = function(options, opt)
      return cmml.train(cmml[kind](data.catalogue, options), data, opt)
    end }
end

-- Scenarios, likewise. What has nothing to learn is split as no preset wants it.
local function read_scenarios(cmml, values, kind, found)
  local preset = cmml.recommenders[kind].loss and cmml.presets[found.preset] or nil
  local split = scenarios.split(values, scenarios.read(cmml, values), preset)
  local vectors = scenario_run.vectors(cmml, { vectors = values.vectors, factors = values.factors,
    preset = preset })
  return { data = tostring(split.data), conditions = scenarios.conditions_of(values, split),
    learners = "scenarios", split = split, vectors = vectors,
    judged = #split.valid > 0 and "validation " .. (found.training.watch or "recall@20"),
    count = function(options)
      args.check(kind, options, {}, 0)
      return scenario_run.rival(cmml, split, kind)
    end,
    learn = function(options, opt)
      return select(2, scenario_run.train(cmml, split, { model = options, training = opt }))
    end }
end

-- Whether a recommender can be counted as the options say.
local function check_counted(cmml, values, kind)
  for _, key in ipairs(of_learning) do
    if values[key] ~= nil then
      return nil, ("--%s means nothing to --model %s, which is counted, not trained"):format(
        key:gsub("_", "-"), kind)
    end
  end
  if cmml.core.exists(values.out .. "/last.safetensors") then
    return nil, ("%s holds a run already: give another folder"):format(values.out)
  end
  return true
end

-- A recommender that is counted, not trained.
local function count(cmml, values, source, found)
  local path = values.out .. "/best.safetensors"
  local ok, message = cmml.core.mkdir(values.out)
  if ok then
    ok, message = cmml.save(source.count(found.model), path, { notes = source.conditions })
  end
  if not ok then
    return nil, message
  end
  print("saved " .. path)
  return true
end

-- A recommender that learns by gradients.
local function learn(cmml, values, source, found)
  local options, opt = found.model, found.training
  options.preset, options.seed = found.preset, values.seed
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
  opt.conditions, opt.notes = source.conditions, { seed = values.seed }
  opt.modules, opt.on_step, opt.on_epoch = common.list_of(values.modules or ""), show.on_step,
    show.on_epoch
  local result = source.learn(options, opt)
  if result.stopped == "diverged" then
    return nil, ("%s; %s"):format(result.message, result.best_epoch > 0
      and "the best model so far stands in " .. values.out or "nothing was saved")
  elseif result.best_epoch == 0 then
    return nil, ("no epoch was run (--epochs %d): nothing was saved"):format(opt.epochs)
  end
  print(("%s epoch %d of %d: %s %.4f; saved %s/best.safetensors"):format(opt.choose or "best",
    result.best_epoch, result.epoch, source.judged or "training loss", result.best, values.out))
  return true
end

-- The kind of a model, if it is one of the setting.
local function kind_of(cmml, values, setting)
  local name = values.model or "cmml"
  if name == "cmml" and setting == "scenario" then
    return "scenario_cmml"
  end
  local class, known = cmml.recommenders[name], { setting == "scenario" and "cmml" or nil }
  if class and (class.setting or "user") ~= setting then
    return nil, scenarios.unlike("--model " .. name, class.setting or "user", values.data)
  elseif not class then
    for _, kind in ipairs(args.keys(cmml.recommenders)) do
      known[#known + 1] = (cmml.recommenders[kind].setting or "user") == setting and kind or nil
    end
    return nil, ("there is no model of kind %s; %s"):format(name, args.suggest(name, known))
  end
  return name
end

--- Runs the command.
-- @tparam table cmml the library
-- @tparam table values options
-- @treturn ?true
-- @treturn ?string message
function train.run(cmml, values)
  local setting = scenarios.setting_of(cmml, values)
  local ok, message = scenarios.check_options(cmml, train, values, setting, values.data)
  if not ok then
    return nil, message .. (setting == "user" and not values.setting
      and ", unless --setting scenario is given" or "")
  end
  local kind, found, source
  kind, message = kind_of(cmml, values, setting)
  if kind and not cmml.recommenders[kind].loss then
    ok, message = check_counted(cmml, values, kind)
  end
  if kind and ok then
    found, message = settings.of(cmml.core, values)
  end
  if found then
    found.preset = scenarios.preset(cmml, setting, found.preset)
    source, message = (setting == "user" and read_users or read_scenarios)(cmml, values, kind,
      found)
  end
  if not source then
    return nil, message
  end
  local split = source.split
  if not values.quiet then
    print(("%s\n%d %s to train, %d to validate, %d to test; protocol %s"):format(
      wrap(source.data, 2, 79), #split.train, source.learners, #split.valid, #split.test,
      split.protocol))
  end
  if source.vectors then
    scenario_run.add_vectors(split, source.vectors)
  end
  return (cmml.recommenders[kind].loss and learn or count)(cmml, values, source, found)
end

return train
