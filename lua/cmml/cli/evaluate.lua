--- `cmml evaluate`: how well models do on what they have never seen, beside the baselines of their
-- setting.
--
-- @module cmml
local args = require "cmml.base.args"
local base = require "cmml.base.shared_options"
local judging = require "cmml.evaluate.shared_options"
local options = require "cmml.base.options"
local output = require "cmml.base.output"
local plain = require "cmml.base.plain"
local progress = require "cmml.base.progress"
local setting_defaults = require "cmml.base.setting_defaults"
local shared = require "cmml.cli.shared_options"
local raise = args.error

return function(cmml, use)
  local pipeline = use "pipeline.data"
  local models = use "pipeline.models"
  local check_options = use "cli.check_options"
  local model_files = use "cli.model_files"
  local tell = use "cli.tell"
  local commands = use "cli.command"
  local comparison = use "evaluate.comparison"
  local document = use "evaluate.document"
  local results = use "cli.results"
  local join = commands.join
  local core = cmml.core
  local with = models.with

  local function ready_kinds()
    local names, seen = {}, {}
    for _, class in ipairs(cmml.kinds.list()) do
      if class.learns ~= "gradient" and not seen[class.kind] then
        names[#names + 1], seen[class.kind] = class.kind, true
      end
    end
    plain.sort(names)
    return names
  end

  local declared = options.declare("cmml evaluate: of its own", {
    { name = "model", list = "string", arg = "FILES", required = true, instead = "scores",
      repeats = true, group = "models", short = true,
      help = "model files, with commas between them" },
    { name = "scores", list = "string", arg = "FILES", repeats = true, group = "models",
      help = "scores of other programs for the queries of --split: files of user, item and score, "
        .. "tabs between them" },
    { name = "baselines", list = "string", choices = ready_kinds, may_be_empty = true,
      group = "models", short = true, default_text = "all of the setting",
      help = "kinds that need no training run, to show beside them; or none" },
    shared.data,
    options.changed(judging.draws, { group = "evaluation", short = true }),
    options.changed(base.seed, { group = "evaluation", default = false,
      help = "seed of the draws", default_text = setting_defaults.of "seed" }),
    options.changed(judging.metrics, { group = "evaluation", short = true,
      help = "metrics to show, such as mae or recall@20", default_text = "the setting's" }),
    options.changed(judging.cutoffs, { group = "evaluation" }),
    shared.split_out, options.changed(shared.out, { short = true }),
    options.changed(shared.format, { short = true }), shared.quiet,
  })

  local function as_trained(option)
    return options.changed(option, { default_text = "as the model was trained" })
  end

  -- Options that say how data are split, beside those by which data alone are read: what a model
  -- file notes of them counts where they are not given.
  local function split_options(setting)
    local list = {}
    for option in setting.options:each() do
      list[#list + 1] = (setting.noted or {})[option.name] and as_trained(option) or nil
    end
    for _, name in ipairs(setting.split_files or {}) do
      list[#list + 1] = setting.options:find(name)
    end
    return options.of("cmml evaluate", list)
  end

  local general, of_files = {}, {}
  for _, option in ipairs(require "cmml.data.file_options") do
    of_files[option.name] = true
  end
  for option in (pipeline.option_sets()):without({ "data", "setting", "quick" }):each() do
    general[#general + 1] = of_files[option.name] and option or as_trained(option)
  end
  general = options.of("cmml evaluate", general)

  local function sets_of(setting)
    return { declared, general, split_options(setting), setting.evaluation_options }
  end

  local function all_sets()
    local sets = { declared, general }
    for _, setting in cmml.settings:each() do
      sets[#sets + 1] = split_options(setting)
      sets[#sets + 1] = setting.evaluation_options
    end
    return sets
  end

  -- Raises unless all models are for the same setting.
  local function setting_of(entries)
    local setting = entries[1].model.setting
    for _, entry in ipairs(entries) do
      if entry.model.setting ~= setting then
        raise(("evaluate: %s is for %s, but %s is for %s: evaluate them apart"):format(
          entry.path, entry.model.setting.title, entries[1].path, setting.title), 0)
      end
    end
    return setting
  end

  -- The classes of the baselines that are asked for; raises where one is not of the setting.
  local function baselines_of(setting, wanted, ranks)
    local list = {}
    if not wanted then
      return cmml.kinds.baselines(setting.name, ranks)
    end
    for i, name in ipairs(wanted) do
      list[i] = models.kind("evaluate: --baselines", setting, name)
    end
    return list
  end

  -- Those of some kinds that the data have something to learn for; others are told, and refuse if
  -- they were asked for by name.
  local function learnable_kinds(setting, split, classes, wanted)
    local list, left_out = {}, {}
    local nothing = setting.learnable(split).nothing_to_predict
    for _, class in ipairs(classes) do
      local out = nothing and not wanted and class.predicts == "ratings"
      table.insert(out and left_out or list, out and class.kind or class)
    end
    if #left_out > 0 then
      output.tell(("baselines: left out %s, which predict ratings: %s"):format(
        table.concat(left_out, ", "), nothing))
    end
    return list
  end

  -- Adds the results of one model to those of the others, evaluation by evaluation.
  local function add(found, list, title)
    for e, one in ipairs(list) do
      one.results.unchecked = one.results.unchecked and title or nil
      found[e] = found[e] or { evaluation = one.evaluation }
      found[e].results = comparison.join(found[e].results, one.results)
    end
  end

  -- Makes all means of an evaluation speak of the same tasks, whatever the size of the support, and
  -- puts parts behind it.
  local function align(found, setting, split)
    local lists, order = {}, {}
    for _, entry in ipairs(found) do
      local name = entry.evaluation.name
      if not lists[name] then
        order[#order + 1], lists[name] = name, {}
      end
      table.insert(lists[name], entry.results)
    end
    for _, name in ipairs(order) do
      comparison.align_together(lists[name])
    end
    local parts = setting.parts and setting.parts(found[1], split) or {}
    table.move(parts, 1, #parts, #found + 1, found)
  end

  -- What there is to be written out.
  local function document_of(setting, found, list, split, opt)
    local titles = {}
    for m, model in ipairs(list) do
      titles[m] = model.title
    end
    document.compare(found, list)
    local text, names = setting.report(found, titles, split, opt)
    names = names or args.keys(found[1].results[1])
    local compared, sentences = document.comparison_text(found, list, names, 79)
    return { name = "evaluation", facts = { { "setting", setting.name },
      { "data", opt.data or opt.ratings }, { "protocol", split.protocol },
      { "rule", found[1].evaluation.rule }, { "compared", sentences } },
      tables = { document.records(found, list) }, text = function()
        return text .. (compared and "\n\n" .. compared or "")
      end }
  end

  -- What is wrong with models of which the scores were not finite numbers; nil if there are none.
  local function diverged(found, list)
    for _, entry in ipairs(found) do
      for m, model in ipairs(list) do
        local bad = (entry.results.not_finite or {})[m]
        if bad then
          local _, metric = next(entry.results[m])
          return comparison.diverged(model.title, bad, #metric.values, entry.results.noun)
        end
      end
    end
  end

  local function run(values)
    local source = pipeline.source("evaluate", values, "--")
    local entries, message = model_files.read(values.model or {})
    if not entries then
      return nil, message
    end
    local setting = entries[1] and setting_of(entries) or pipeline.setting_of("evaluate", {
      data = values.data, ratings = values.ratings, setting = rawget(values, "setting") })
    local known = check_options("evaluate", sets_of(setting), all_sets(), values, setting)
    for _, name in ipairs(values.metrics or {}) do
      cmml.metrics.find("evaluate", name)
    end
    local ranks = rawget(values, "rank") ~= nil
    for _, entry in ipairs(entries) do
      entry.model = ranks and entry.model:lister() or entry.model
    end
    local classes = baselines_of(setting, values.baselines, ranks)
    -- What is an option is as in the training of the first model, where it is not given.
    local opt = {}
    for key, value in pairs(entries[1] and model_files.noted(entries[1], values) or {}) do
      if known:find(key) then
        opt[key] = value
      end
    end
    opt = with(opt, values)
    local data = pipeline.read(setting, source, opt)
    if not values.quiet then
      tell(data)
    end
    local found, list, split = {}, {}, nil
    local function evaluate(title, model, simple)
      local show = progress.evaluating(core, title, values.quiet)
      add(found, models.evaluate(setting, split, { model }, with(opt, { on_task = show.on_task })),
        title)
      list[#list + 1] = { title = title, kind = model.kind, simple = simple }
      show.finish()
    end
    -- Splits the data; the first split is written to files where that is asked for.
    local function make_split(own)
      local is_first = split == nil
      split = pipeline.split(setting, data, own)
      return pipeline.write_split(setting, split, is_first and values.split_out or nil, opt)
    end
    local catalogue, ok
    for _, entry in ipairs(entries) do
      catalogue = entry.model.catalogue
      -- what is no option, each model has its own of
      ok, message = make_split(with(with(model_files.noted(entry, values), opt),
        { catalogue = catalogue }))
      if not ok then
        return nil, message
      end
      opt = with(setting.agreed and setting.agreed(split, opt) or {}, opt)
      if setting.check_unseen then
        ok, message = setting.check_unseen(entry, split, opt)
        if not ok then
          return nil, message
        end
      end
      evaluate(model_files.title_of(entry, entries), entry.model, false)
    end
    if #classes > 0 or values.scores then
      ok, message = make_split(with(opt, { catalogue = catalogue }))
      if not ok then
        return nil, message
      end
    end
    for _, path in ipairs(values.scores or {}) do
      local scored, left_out = pipeline.read_scores(setting, split, path)
      if not scored then
        return nil, left_out
      elseif left_out then
        output.tell(left_out)
      end
      evaluate(path, scored, false)
    end
    if #classes > 0 then
      local first = entries[1] and entries[1].model
      local preset = first and first.presets[first.options.preset]
      pipeline.prepare(setting, split, opt, preset)
      for _, class in ipairs(learnable_kinds(setting, split, classes, values.baselines)) do
        evaluate(class.title, (models.make(setting, split, class, {})), true)
      end
    end
    align(found, setting, split)
    ok, message = results.write(values, document_of(setting, found, list, split, opt))
    if not ok then
      return nil, message
    end
    message = diverged(found, list)
    return not message or nil, message
  end

  cmml.command {
    name = "evaluate", summary = "evaluate models on users or scenarios that they have never seen",
    usage = "cmml evaluate --model FILE[,FILE..] --data DIR|--ratings FILE [OPTIONS]",
    options = function()
      return join(all_sets())
    end,
    run = run,
    lists = function()
      local lists = {}
      for _, setting in ipairs(commands.settings()) do
        local name, names = setting.name, {}
        for i, class in ipairs(cmml.kinds.baselines(name, true)) do
          names[i] = class.kind
        end
        lists[#lists + 1] = { "baselines for " .. name, names }
        lists[#lists + 1] = { "protocols for " .. name, setting:protocol_names() }
      end
      table.insert(lists, { "metrics", cmml.metrics.names() })
      return lists
    end,
    examples = { "cmml evaluate --data ml-1m --model runs/films/best.safetensors",
      "cmml evaluate --data ml-1m --model a.safetensors --metrics mae,rmse" },
  }
end
