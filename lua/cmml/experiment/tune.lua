--- Tuning: random search over settings of a model and its training, judged on validation tasks.
--
-- @module cmml
local args = require "cmml.base.args"
local cells = require "cmml.experiment.cells"
local child = require "cmml.experiment.child"
local given = require "cmml.experiment.given"
local json = require "cmml.base.json"
local rehearsal = require "cmml.experiment.rehearsal"
local report = require "cmml.experiment.report"
local setting = require "cmml.experiment.setting"
local space = require "cmml.experiment.space"

return function(cmml, use)
  local core = cmml.core

  -- Options of a training that a space may hold.
  local function training_options()
    local known = { epochs = true, patience = true, batch = true, support = true, query = true,
      shuffle = true, choose = true, valid_draws = true, shards = true }
    for _, list in ipairs { use("train.optimisation").options, cmml.training_options or {} } do
      for name in pairs(list) do
        known[name] = true
      end
    end
    return known
  end

  -- Names of options of a model, from what it says of one that there is not.
  local function model_options(make)
    local _, message = pcall(make, nil, { ["?"] = true })
    local names = {}
    for name in (tostring(message):match "known: (.*)$" or ""):gmatch "[%w_]+" do
      names[#names + 1] = name
    end
    return names
  end

  -- Whether a model has an option; raises where the value is of no use.
  local function is_of_model(make, name, value)
    local _, message = pcall(make, nil, { [name] = value })
    message = tostring(message)
    if message:find("unknown option " .. name, 1, true) then
      return false
    elseif message:find("option " .. name .. " must", 1, true) then
      error("tune: space: " .. message:match "[^:]*: (option.*)$", 0)
    end
    return true
  end

  -- The sampled settings as options of the model and of its training.
  local function divide(make, values, model, training)
    local known = training_options()
    for name, value in pairs(values) do
      if is_of_model(make, name, value) then
        model[name] = value
      elseif known[name] then
        training[name] = value
      else
        local all = args.keys(known)
        table.move(model_options(make), 1, 1000, #all + 1, all)
        error(("tune: space: %s is an option neither of the model nor of train; %s"):format(name,
          args.suggest(name, all)), 0)
      end
    end
  end

  local function trials_of(opt, entries)
    local shared, make = setting.tuning(cmml, opt)
    local preset = shared.model.preset
    local own = cmml.presets[preset].training
    local list, seen = {}, {}
    for trial = 1, opt.trials do
      local settings = {}
      for key, value in pairs(shared) do
        settings[key] = value
      end
      local values = space.sample(core, entries, opt.seed, trial)
      settings.model, settings.preset = { preset = preset }, cmml.presets[preset]
      settings.training = { epochs = opt.epochs or own.epochs or 30,
        patience = opt.patience or own.patience or (own.epochs and 0 or 5) }
      divide(make, values, settings.model, settings.training)
      local key = json.encode(values)
      if not seen[key] then -- a small space has fewer settings than trials
        seen[key] = true
        list[#list + 1] = { name = ("trial %d"):format(trial), trial = trial, values = values,
          settings = settings }
      end
    end
    return list, shared
  end

  local function plain(value)
    return type(value) == "table" and json.encode(value) or tostring(value)
  end

  -- What a trial has of the space, for people.
  local function values_of(trial)
    local texts = {}
    for i, name in ipairs(args.keys(trial.values)) do
      texts[i] = name .. "=" .. plain(trial.values[name])
    end
    return table.concat(texts, ", ")
  end

  -- Tells what cannot be computed before there is a process for it: a value of a choice with which
  -- no trial begins. Values that only do not go together, such as a backbone and a hypernetwork of
  -- other depths, are left to the trials.
  local function rehearse(list, shared, entries)
    local data, began, refused = rehearsal.data(cmml, shared), {}, {}
    for _, trial in ipairs(list) do
      local ok, message = pcall(args.call, rehearsal.begin, cmml, data, trial.settings)
      refused[trial] = not ok and message or nil
      for name, value in pairs(ok and trial.values or {}) do
        began[name .. "=" .. plain(value)] = true
      end
    end
    for _, trial in ipairs(list) do
      local message = refused[trial]
      local is_wrong = message and not next(began)
      for name, value in pairs(message and trial.values or {}) do
        local is_choice = entries[name].kind == "choice"
        is_wrong = is_wrong or is_choice and not began[name .. "=" .. plain(value)]
      end
      if is_wrong then
        error(("tune: space: with %s: %s"):format(values_of(trial), message), 0)
      end
    end
  end

  -- Finished trials, best first; those that diverged last.
  local function ranked(list, results, less)
    local found = {}
    for _, trial in ipairs(list) do
      local result = results[trial]
      if result then
        found[#found + 1] = { trial = trial.trial, values = trial.values, value = result.value,
          epochs = result.epochs, best_epoch = result.best_epoch, seconds = result.seconds,
          message = result.message, settings = trial.settings }
      end
    end
    table.sort(found, function(a, b)
      if not a.value or not b.value or a.value == b.value then
        return (a.value and 1 or 0) > (b.value and 1 or 0)
          or (a.value ~= nil) == (b.value ~= nil) and a.trial < b.trial
      end
      return less and a.value < b.value or not less and a.value > b.value
    end)
    return found
  end

  -- The best trials as Markdown.
  local function text_of(found, names, metric, most)
    local grid = { { "trial", "validation " .. metric, "best epoch", "seconds" } }
    table.move(names, 1, #names, 5, grid[1])
    for i = 1, math.min(most, #found) do
      local entry = found[i]
      grid[i + 1] = { tostring(entry.trial), entry.value and ("%.4f"):format(entry.value)
        or "diverged", tostring(entry.best_epoch), ("%.1f"):format(entry.seconds) }
      for k, name in ipairs(names) do
        grid[i + 1][4 + k] = plain(entry.values[name])
      end
    end
    return report.markdown(grid)
  end

  local function write_best(best, metric, folder)
    local model = {}
    for key, value in pairs(best.settings.model) do
      model[key] = key ~= "preset" and value or nil
    end
    local ok, message = core.write_file(folder .. "/best.json", json.encode {
      preset = best.settings.model.preset, model = model, training = best.settings.training,
      notes = { trial = best.trial, metric = metric, value = best.value } } .. "\n")
    if not ok then
      error(("tune: %s; finished trials are kept in %s/cells"):format(message, folder), 0)
    end
  end

  -- The options, the names of the space and the trials; all that can be wrong is told here, before
  -- anything runs.
  local function prepare(options)
    local opt = args.check("tune", options, { data = "any?", space = "any",
      trials = { "integer", 20 }, seed = { "integer", 1 }, train_seed = { "integer", 1 },
      preset = "string?", protocol = "string?", setting = "string?", valid = "number?",
      data_seed = "integer?", epochs = "integer?", patience = "integer?",
      quick = { "boolean", false }, best = { "integer", 10 }, out = "string?",
      jobs = { "integer", 1 }, processes = "boolean?", modules = { "table", {} },
      load = { "table", {} }, quiet = { "boolean", true } }, 0)
    given.check("tune", opt)
    if not opt.data and not opt.quick then
      error("tune: option data is missing (or quick, for a small made world)", 0)
    elseif (opt.jobs > 1 or opt.processes) and not opt.out then
      error("tune: trials in processes of their own need out, a folder for their results", 0)
    end
    opt.data = type(opt.data) == "string" and { opt.data } or opt.data
    if opt.data and (type(opt.data) ~= "table" or type(opt.data[1]) ~= "string") then
      error("tune: data must be the path of a folder, not " .. type(opt.data), 0)
    end
    local entries = space.read(core, opt.space)
    local list, shared = trials_of(opt, entries)
    rehearse(list, shared, entries)
    return opt, args.keys(entries), list, shared
  end

  --- Searches settings at random: each trial takes its settings from a space, learns, and is judged
  -- on the validation tasks. Test users and scenarios are not looked at. With `out` finished trials
  -- are kept, and the same call goes on where it was interrupted, or with more trials.
  -- @tparam table options data (folder; see `experiment`), space (a text such as
  -- "lr=log:1e-4:1e-2,batch=8|16|32,width=int:8:64", the path of a .lua or .json file, or a table:
  -- by name such a text, or a list of values); trials (how many, default 20); seed (of the search,
  -- 1) and train_seed (of every training, 1); preset (what the settings change); setting, protocol,
  -- valid, data_seed; epochs, patience (default: the preset's, or 30 and 5; of a preset with epochs
  -- of its own 0); quick (a small made world if there are no data); best (how many trials the text
  -- shows, default 10); out, jobs, processes, modules, load, quiet: see `experiment`
  -- @treturn table text (Markdown), trials (list, best first: trial, value, values, epochs,
  -- best_epoch, seconds), metric, failures; with out, best.json there holds the best settings, as
  -- `cmml train --settings` takes them
  function cmml.tune(options)
    if child.active then
      child.stop_script()
    end
    local opt, names, list, shared = args.call(prepare, options)
    local processes = opt.processes
    if processes == nil then
      processes = opt.jobs > 1
    end
    local results, failures = cells.run(cmml, list, { folder = opt.out, jobs = opt.jobs,
      run = { "cmml.experiment.tune_cell", "run" }, processes = processes, modules = opt.modules,
      load = opt.load, quiet = opt.quiet })
    local found = ranked(list, results, shared.metric == "MAE")
    if opt.out and found[1] and found[1].value then
      write_best(found[1], shared.metric, opt.out)
    end
    return { text = text_of(found, names, shared.metric, opt.best), trials = found,
      metric = shared.metric, failures = failures }
  end
end
