--- Tuning: random search over options of a model and its training, evaluated on validation tasks.
--
-- Without a space of one's own a kind is searched over what its options and those of training
-- declare (`search`, see base/option.lua), the same training for every kind; the first trial is
-- then the preset as it is, and every trial learns until validation stops improving.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local cells = require "cmml.experiment.cells"
local child = require "cmml.experiment.child"
local in_memory = require "cmml.pipeline.in_memory"
local json = require "cmml.base.json"
local range = require "cmml.base.range"
local space = require "cmml.experiment.space"
local tables = require "cmml.base.tables"
local tuned_file = require "cmml.experiment.tuned_file"
local wrap = require("cmml.base.text").wrap
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local cell_options = use "experiment.cell_options"
  local models = use "pipeline.models"
  local pipeline = use "pipeline.data"
  local plans = use "experiment.plan"
  local rehearsal = use "experiment.rehearsal"
  local tuned_preset = use "experiment.tuned_preset"
  local spaces = use "experiment.spaces"
  use "experiment.cell"

  -- Raises unless every entry of a space names an option, and its values are values of that.
  local function check_space(class, entries)
    local of, names = spaces.searched(class)
    for _, name in ipairs(args.keys(entries)) do
      if not of[name] then
        raise(("tune: %s: %s is no option of %s%s that can be searched; %s"):format(
          args.option "space", name, class.kind, class.learns == "gradient"
          and " or of its training" or "", args.suggest(name, names)), 0)
      end
      entries[name].list = of[name].known:find(name).list ~= nil
      for _, value in ipairs(range.examples(entries[name])) do
        local _, problem = of[name].known:take(name, value)
        if problem then
          local is_whole = of[name].known:find(name).kind == "integer"
          raise(("tune: %s: %s %s%s"):format(args.option "space", name, problem,
            is_whole and entries[name].kind ~= "choice"
            and "; whole numbers of a range are int:LOW:HIGH" or ""), 0)
        end
      end
    end
    return of
  end

  -- The kind and the preset that trials change; raises where they cannot be tuned.
  local function class_of(opt, setting)
    local class = models.kind("tune: model", setting, opt.model)
    local _, names = spaces.searched(class)
    if #names == 0 then
      raise(("tune: model: %s has no options: there is nothing to search"):format(class.kind), 0)
    end
    for _, name in ipairs { "epochs", "patience" } do
      if opt[name] and class.learns ~= "gradient" then
        raise(("tune: %s: %s learns without gradient training, in no epochs"):format(name,
          class.kind), 0)
      end
    end
    return class, models.preset("tune", class, opt.preset)
  end

  -- How long the trials learn: as long as a preset says itself, or under the budget of a name.
  local function budget_of(opt, setting, class, preset)
    local budget = opt.budget or not opt.space and "converged" or nil
    return class.learns == "gradient" and models.budget(setting,
      preset and { training = preset.training, budgets = budget and preset.budgets },
      { epochs = opt.epochs, patience = opt.patience, budget = budget,
        quick = not opt.space and opt.quick }) or nil
  end

  -- The trials: cells without an evaluation.
  local function trials_of(opt)
    local setting = pipeline.setting_of("tune", opt)
    pipeline.check_setting("tune", cell_options.of_tune(), opt, setting)
    local class, preset, preset_name = class_of(opt, setting)
    local entries = opt.space and space.read(core, opt.space) or spaces.own(class)
    local of = check_space(class, entries)
    local shared = plans.shared("tune", setting, opt.data, setting:protocol("tune", opt.protocol),
      opt)
    local list, seen = {}, {}
    for trial = 1, opt.trials do
      local is_preset = not opt.space and trial == 1
      local values = is_preset and {} or space.sample(core, entries, opt.seed, trial)
      local parts = { model = { preset = preset_name },
        training = budget_of(opt, setting, class, preset) }
      for name, value in pairs(values) do
        parts[of[name].part][name] = value
      end
      local key = json.encode(values)
      if not seen[key] then -- a small space has fewer settings than trials
        seen[key] = true
        list[#list + 1] = { name = ("trial %d"):format(trial), trial = trial, values = values,
          settings = models.with(shared, { kind = class.kind, preset = preset, model = parts.model,
            training = parts.training, seed = opt.train_seed,
            declared = cells.declared(core, setting, class) }) }
      end
    end
    return list, entries, class
  end

  local function shown(value)
    return type(value) == "table" and json.encode(value) or plain.tostring(value)
  end

  -- What a trial has of the space, for people.
  local function values_of(trial)
    local texts = {}
    for i, name in ipairs(args.keys(trial.values)) do
      texts[i] = name .. "=" .. shown(trial.values[name])
    end
    return table.concat(texts, ", ")
  end

  -- Tells what cannot be computed before there is a process for it: a value of a choice with which
  -- no trial begins. Values that only do not go together, such as a backbone and a hypernetwork of
  -- other depths, are left to the trials.
  local function rehearse(list, left, entries, opt)
    local found, began = rehearsal.run(left, not opt.quiet), {}
    for _, trial in ipairs(list) do
      for name, value in pairs(found.refused[trial] and {} or trial.values) do
        began[name .. "=" .. shown(value)] = true
      end
    end
    for _, trial in ipairs(left) do
      local message = found.refused[trial]
      local is_wrong = message and not next(began)
      for name, value in pairs(message and trial.values or {}) do
        local is_choice = entries[name].kind == "choice"
        is_wrong = is_wrong or is_choice and not began[name .. "=" .. shown(value)]
      end
      if is_wrong then
        raise(("tune: %s: with %s: %s"):format(args.option "space", values_of(trial), message), 0)
      end
    end
    if not opt.quiet then
      return rehearsal.estimate(found.seconds, #left, opt)
    end
  end

  -- Finished trials, best first; those that diverged last. And the metric that they are compared
  -- by, and what the data are, in words.
  local function ranked(list, results)
    local found, metric, mode, data = {}, nil, nil, nil
    for _, trial in ipairs(list) do
      local result = results[trial]
      if result then
        metric, mode, data = result.monitored, result.mode, result.data
        found[#found + 1] = { trial = trial.trial, values = trial.values, value = result.value,
          epochs = result.epochs, best_epoch = result.best_epoch, stopped = result.stopped,
          seconds = result.seconds,
          message = result.message, settings = trial.settings }
      end
    end
    plain.sort(found, function(a, b)
      if not a.value or not b.value or a.value == b.value then
        return (a.value and 1 or 0) > (b.value and 1 or 0)
          or (a.value ~= nil) == (b.value ~= nil) and a.trial < b.trial
      end
      return mode == "min" and a.value < b.value or mode == "max" and a.value > b.value
    end)
    return found, metric, data
  end

  -- The best trials as Markdown, and what the data are.
  local function text_of(found, names, metric, most, data, width)
    local grid = { { "trial", "validation " .. (metric or ""), "best epoch", "seconds" } }
    table.move(names, 1, #names, 5, grid[1])
    for i = 1, math.min(most, #found) do
      local entry = found[i]
      grid[i + 1] = { tostring(entry.trial), entry.value and plain.format("%.4f", entry.value)
        or "diverged", tostring(entry.best_epoch or "-"), plain.format("%.1f", entry.seconds) }
      for k, name in ipairs(names) do
        local value = entry.values[name]
        grid[i + 1][4 + k] = value == nil and "-" or shown(value) -- the preset's
      end
    end
    return tables.markdown(grid, width) .. (data and "\n\n" .. wrap(data, 0, 79) or "")
  end

  local function write_best(best, metric, folder)
    local model = {}
    for key, value in pairs(best.settings.model) do
      model[key] = key ~= "preset" and value or nil
    end
    local ok, message = core.write_file(folder .. "/best.json", json.encode {
      kind = best.settings.kind, preset = best.settings.model.preset, model = model,
      training = best.settings.training,
      notes = { trial = best.trial, metric = metric, value = best.value } } .. "\n")
    if not ok then
      raise(("tune: %s; finished trials are kept in %s/cells"):format(message, folder), 0)
    end
  end

  local function keep(class, found, opt, metric)
    local ok, message = tuned_file.keep(core, opt.keep, class.setting.name, class.kind,
      tuned_preset(class, found, opt, metric))
    if not ok then
      raise(("tune: %s: %s"):format(args.option "keep", message), 0)
    end
  end

  -- The options, the trials, the space and the kind; all that can be wrong with them is told here,
  -- before anything runs.
  local function prepare(options)
    local opt = cell_options.of_tune():check(options, 0)
    cell_options.check_running("tune", opt, false)
    if opt.keep then
      tuned_file.check(core, opt.keep)
    end
    return opt, trials_of(opt)
  end

  local function tune(options)
    local opt, list, entries, class = args.call(prepare, options)
    local _ <close> = cells.hold(core, "tune", opt.out)
    local results, failures = cells.run(cmml, list, { folder = opt.out, jobs = opt.jobs,
      run = "trial", processes = opt.processes, modules = opt.modules, load = opt.load,
      quiet = opt.quiet, rehearse = function(left)
        return args.call(rehearse, list, left, entries, opt)
      end })
    local found, metric, data = ranked(list, results)
    if opt.out and found[1] and found[1].value then
      write_best(found[1], metric, opt.out)
    end
    if opt.keep and found[1] and found[1].value then
      args.call(keep, class, found, opt, metric)
    end
    local names = args.keys(entries)
    return { text = text_of(found, names, metric, opt.best, data), trials = found, metric = metric,
      narrow = text_of(found, names, metric, opt.best, data, 79), data = data, failures = failures }
  end

  --- Searches options of a model and its training at random: each trial draws its own from a space,
  -- learns, and is evaluated on the validation tasks. Test tasks are not looked at. What may be
  -- searched are the options that the kind and `train` declare. With `out` finished trials are
  -- kept, and the same call goes on where it was interrupted, or with more trials. The data may be
  -- an object of one's own instead of a folder, a Dataset or data of scenarios; then results are
  -- not kept.
  -- @tparam table options the space is a text such as
  -- "lr=log:1e-4:1e-2,batch=8|16|32,width=int:8:64", the path of a .lua or .json file, or a table:
  -- by name such a text, or a list of values
  -- @treturn table text (Markdown), narrow (the same in tables of at most 79 columns), trials
  -- (list, best first: trial, value, values, epochs, best_epoch, stopped, seconds), metric, data
  -- (what these are and who is left out of them, in words), failures; with out, best.json there
  -- holds the best settings, as `cmml train --settings` takes them
  -- @usage
  -- local found = cmml.tune { data = "data/made", trials = 2, epochs = 1,
  --   space = { lr = "log:1e-4:1e-2", batch = { 8, 16 } } }
  -- print(found.trials[1].value, found.metric)
  -- local own = cmml.movielens "data/made" -- or any other Dataset
  -- found = cmml.tune { data = own, model = "item_mean", quiet = true }
  -- print(found.metric)
  function cmml.tune(options)
    if child.active then
      child.stop_script()
    end
    return in_memory.call(cmml, "tune", options, tune)
  end
end
