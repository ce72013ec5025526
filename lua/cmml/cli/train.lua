--- `cmml train`: learn a model from data of any setting.
--
-- @module cmml
local args = require "cmml.base.args"
local base = require "cmml.base.shared_options"
local diverged = require "cmml.evaluate.diverged"
local options = require "cmml.base.options"
local output = require "cmml.base.output"
local plain = require "cmml.base.plain"
local progress = require "cmml.base.progress"
local shared = require "cmml.cli.shared_options"
local wrap = require("cmml.base.text").wrap

local parts_of_file = require "cmml.cli.part_option"

local own_options = {
  shared.data,
  { name = "out", kind = "string", arg = "DIR", required = true, group = "data", short = true,
    help = "folder for best.safetensors, last.safetensors and log.csv" },
  { name = "model", kind = "string", arg = "KIND", group = "model", short = true,
    help = "kind of recommender, see below" },
  parts_of_file,
  { name = "preset", kind = "string", arg = "NAME", group = "model", short = true,
    help = "settings of the model and its training, see below" },
  { name = "settings", kind = "string", arg = "FILE", group = "model",
    help = "JSON of kind, preset, model (its options) and training, as cmml tune writes it; "
      .. "options of the command line count before it" },
  options.changed(base.seed, { group = "training", short = true,
    help = "seed of weights, order and draws" }),
  shared.split_out, shared.quiet,
}

return function(cmml, use)
  local pipeline = use "pipeline.data"
  local models = use "pipeline.models"
  local training = use "train.options"
  local own = use "cli.train_options"
  local settings_file = use "cli.settings_file"
  local run_files = use "train.run_files"
  local parts = use "cli.train_parts"
  local tell = use "cli.tell"
  use "cli.command"
  local core = cmml.core

  for i, option in ipairs(own_options) do
    own_options[i] = option.name == "model" and options.changed(option, {
      default_text = models.default_kinds }) or option
  end
  local declared = options.declare("cmml train: of its own", own_options)

  -- Preset, options of the model and of its training: those that were given over those of a file.
  local function settings_of(values, found, class, training_names)
    found.preset = rawget(values, "preset") or found.preset
    for option in class.known:each() do
      local name = option.name
      local value = rawget(values, name)
      if not training_names[name] and value ~= nil and value ~= found.model[name] then
        found.model[name] = value
        for other in class.known:each() do -- what belongs to the file's goes with it
          if other.belongs_to == name and rawget(values, other.name) == nil then
            found.model[other.name] = nil
          end
        end
      end
    end
    found.model.preset = nil
    for name in pairs(training_names) do
      local value = rawget(values, name)
      if value ~= nil then
        found.training[name] = value
      end
    end
  end

  -- The names of the options of `train` that mean the training, not the model.
  local function training_names(class)
    local names = {}
    if class.learns == "gradient" then
      for option in training.all():each() do
        names[option.name] = option.name ~= "seed" or nil
      end
    end
    return names
  end

  -- A recommender that does not learn by gradients: it is ready at once.
  local function save_ready(values, setting, split, class, found, conditions)
    if next(found.training) then
      return nil, ("%s: training does not apply to --model %s, which %s"):format(values.settings,
        class.kind, own.untrained(class))
    end
    local path = values.out .. "/best.safetensors"
    local model, _, told = models.make(setting, split, class, { model = found.model,
      seed = values.seed, stages = { folder = values.out, conditions = conditions,
        tell = not values.quiet and output.tell or nil, callbacks = not values.quiet
          and function(epochs)
            return progress.training(core, epochs)
          end or nil } })
    if told then
      output.tell(told)
    end
    local ok, message = cmml.save(model, path, { notes = conditions })
    if not ok then
      return nil, message
    end
    output.print("saved " .. path)
    return true
  end

  -- A recommender that learns by gradients; saved is what is told of its file.
  local function learn(values, setting, split, class, found, preset, conditions, saved)
    local opt = found.training
    local epochs = opt.epochs or preset and (preset.training or {}).epochs or 30
    local show = values.quiet and {} or progress.training(core, epochs)
    opt.out, opt.resume, opt.modules = values.out, values.resume, values.modules
    opt.conditions, opt.notes = conditions, { seed = values.seed }
    opt.on_step, opt.on_epoch = show.on_step, show.on_epoch
    local model, result = models.make(setting, split, class, { model = found.model, training = opt,
      seed = values.seed })
    if result.stopped == "diverged" then
      return nil, ("%s; %s"):format(result.message, result.best_epoch > 0
        and "the best model so far is in " .. values.out or "nothing was saved")
    elseif result.best_epoch == 0 then
      return nil, ("no epoch was run (--epochs %d): nothing was saved"):format(epochs)
    end
    output.print(plain.format("%s epoch %d of %d: %s %.4f; %s", opt.choose or "best",
      result.best_epoch, result.epoch,
      result.monitored == "loss" and "training loss" or "validation " .. result.monitored,
      result.best, saved or ("saved %s/best.safetensors"):format(values.out)))
    for _, fact in ipairs(model.facts and model:facts() or {}) do
      output.print(wrap(("%s: %s"):format(fact[1], fact[3]), 2, 79))
    end
    local told = diverged.untrained(class.title, result.untrained)
    if told then
      output.print(wrap(told, 0, 79))
    end
    return true
  end

  -- What is said before a training begins.
  local function print_summary(setting, split)
    local summary = setting.summary and setting.summary(split) or setting.title
    output.print(("%s\n%d %s to train, %d to validate, %d to test; protocol %s"):format(
      wrap(summary, 2, 79), #split.train, setting.noun[2], #split.valid, #split.test,
      split.protocol))
  end

  -- What is missing of a split is told whether the rest is or not.
  local function tell_missing(setting, split, is_gradient)
    local noun = setting.noun[2]
    if #split.test == 0 then
      output.tell(("no %s are left to test: with these data nothing can say how good the model is")
        :format(noun))
    end
    if is_gradient and #split.valid == 0 then
      output.tell(("no %s are left to validate: the training loss chooses the epoch (%s)"):format(
        noun, args.option "valid"))
    end
  end

  -- What a kind is to be trained with: found is completed; gives its preset. What is wrong is found
  -- now, not when the data are read and vectors made.
  local function settled(values, setting, class, found)
    own.check(declared, values, setting, class)
    settings_of(values, found, class, training_names(class))
    local preset, preset_name = models.preset("train", class, found.preset)
    found.model.preset = preset_name
    if class.known:find "seed" then
      found.model.seed = rawget(values, "seed")
    end
    class.known:check(found.model, 0)
    training.all():check(found.training, 0)
    return preset
  end

  local function run(values)
    local source = pipeline.source("train", values, "--")
    local setting = pipeline.setting_of("train", { data = values.data, ratings = values.ratings,
      setting = rawget(values, "setting") })
    local found = { model = {}, training = {} }
    if values.settings then
      local message
      found, message = settings_file.read(values.settings)
      if not found then
        return nil, message
      end
    end
    local part, by_default = parts.chosen(values, setting)
    local class = part == "lists" and parts.lists_kind(setting)
      or models.kind("train: --model", setting, rawget(values, "model") or found.kind)
    if values.settings then
      local good, message = settings_file.check_model(values.settings, found, class)
      if not good then
        return nil, message
      end
    end
    local preset = settled(values, setting, class, found)
    local is_gradient = class.learns == "gradient"
    if not is_gradient and core.exists(values.out .. "/last.safetensors") then
      return nil, ("%s holds a run already: give another folder"):format(values.out)
    end
    pipeline.files(setting, source, values) -- raises where there are none
    local _ <close> = run_files.claim(values.out, values.resume)
    local data = pipeline.read(setting, source, values)
    local split = pipeline.split(setting, data, values, preset)
    if not values.quiet then
      tell(data)
      print_summary(setting, split)
    end
    tell_missing(setting, split, is_gradient)
    local nothing = by_default and setting.learnable(split).nothing_to_predict
    if nothing then
      output.tell(nothing .. ": what makes lists is trained alone")
      part, class, found = "lists", parts.lists_kind(setting), { model = {}, training = {} }
      preset = settled(values, setting, class, found)
    end
    local ok, message = pipeline.write_split(setting, split, values.split_out, {})
    if not ok then
      return nil, message
    end
    pipeline.prepare(setting, split, values, preset)
    local conditions = setting.conditions(split, values)
    if part == "both" then
      return parts.train(values, setting, function(of, own_class, saved)
        if own_class == nil then
          return learn(of, setting, split, class, found, preset, conditions)
        end
        local other = { model = {}, training = parts.training(values) }
        local own_preset, name = models.preset("train", own_class)
        other.model.preset = name
        return learn(of, setting, split, own_class, other, own_preset, conditions, saved)
      end)
    elseif is_gradient then
      return learn(values, setting, split, class, found, preset, conditions)
    end
    return save_ready(values, setting, split, class, found, conditions)
  end

  cmml.command {
    name = "train",
    summary = "learn a model from ratings, sequences, or scenarios (groups of items)",
    usage = "cmml train --data DIR|--ratings FILE --out DIR [OPTIONS]", run = run,
    options = function(words)
      return own.parsed(declared, words), own.shown(declared, words)
    end,
    lists = own.lists,
    resumes = function(values)
      return core.exists(values.out .. "/last.safetensors")
        and "--resume goes on after the last whole epoch" or nil
    end,
    examples = { "cmml train --data ml-1m --out runs/films",
      "cmml train --ratings own.csv --columns user,item,rating,time --out runs/own" },
  }
end
