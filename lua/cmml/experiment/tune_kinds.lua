--- Tuning of several kinds at an equal budget: as many trials of each, trained under the same
-- limits.
--
-- @module cmml
local args = require "cmml.base.args"
local in_memory = require "cmml.pipeline.in_memory"
local output = require "cmml.base.output"
local plain = require "cmml.base.plain"
local tables = require "cmml.base.tables"
local tuned_file = require "cmml.experiment.tuned_file"
local wrap = require("cmml.base.text").wrap
local raise = args.error

return function(cmml, use)
  local cell_options = use "experiment.cell_options"
  local models = use "pipeline.models"
  local pipeline = use "pipeline.data"
  local spaces = use "experiment.spaces"
  use "experiment.tune"

  -- The kinds that are asked for, each once.
  local function kinds_of(names, setting)
    local list, seen = {}, {}
    local function add(class)
      list[#list + 1] = not seen[class] and class or nil
      seen[class] = true
    end
    for _, name in ipairs(names) do
      if name ~= "all" then
        add(models.kind("tune_kinds: kinds", setting, name))
      end
      for _, class in ipairs(name == "all" and cmml.kinds.list(setting.name) or {}) do
        if spaces.has_own(class) then
          add(class)
        end
      end
    end
    return list
  end

  -- A line for each kind that was tuned, and what the data are.
  local function text_of(list, data, width)
    local grid = { { "kind", "trials", "best trial", "validation", "value", "epochs",
      "trials at the limit", "seconds" } }
    for i, entry in ipairs(list) do
      local best = entry.trials[1] or {}
      grid[i + 1] = { entry.kind, tostring(#entry.trials), tostring(best.trial or "-"),
        entry.metric or "-", best.value and plain.format("%.4f", best.value) or "-",
        tostring(best.epochs or "-"), tostring(entry.at_limit or "-"),
        plain.format("%.0f", entry.seconds) }
    end
    return tables.markdown(grid, width) .. (data and "\n\n" .. wrap(data, 0, 79) or "")
  end

  -- What became of a kind.
  local function entry_of(class, ok, found)
    local entry = { kind = class.kind, trials = ok and found.trials or {}, seconds = 0,
      metric = ok and found.metric or nil, failures = ok and found.failures or {
        { message = ("%s: %s"):format(class.kind, tostring(found)) } } }
    entry.at_limit = ok and class.learns == "gradient" and 0 or nil
    for _, trial in ipairs(entry.trials) do
      entry.seconds = entry.seconds + trial.seconds
      entry.at_limit = entry.at_limit and entry.at_limit + (trial.stopped == "epochs" and 1 or 0)
    end
    return entry
  end

  local function prepare(options)
    local opt = cell_options.of_tune_kinds():check(options, 0)
    cell_options.check_running("tune_kinds", opt, false)
    if opt.keep then
      tuned_file.check(cmml.core, opt.keep)
    end
    return opt, kinds_of(opt.kinds, pipeline.setting_of("tune_kinds", opt))
  end

  local function tune_kinds(options)
    local opt, classes = args.call(prepare, options)
    local result, data = { kinds = {}, failures = {} }, nil
    for i, class in ipairs(classes) do
      local given = models.with(options, { model = class.kind,
        out = opt.out and ("%s/%s"):format(opt.out, class.kind) or nil })
      given.kinds = nil
      if class.learns ~= "gradient" then -- it learns in no epochs
        given.epochs, given.patience = nil, nil
      end
      if not opt.quiet then
        output.tell(("tuning %s (%d of %d)"):format(class.kind, i, #classes))
      end
      local ok, found = pcall(cmml.tune, given)
      if not ok and args.is_interrupt(found) then
        raise(found, 0)
      end
      local entry = entry_of(class, ok, found)
      table.move(entry.failures, 1, #entry.failures, #result.failures + 1, result.failures)
      result.kinds[i] = entry
      data = data or ok and found.data or nil
    end
    result.text, result.narrow = text_of(result.kinds, data), text_of(result.kinds, data, 79)
    return result
  end

  --- Tunes several kinds of a setting, one after the other, each over what its options and those of
  -- training declare, with as many trials and under the same limits. One that cannot be tuned is
  -- told in failures, and the others go on. With `out` each has a folder of its own there, and the
  -- same call goes on where it was interrupted; with `keep` what is found becomes presets. The data
  -- may be an object, as those of `tune`.
  -- @tparam table options kinds, and those of `tune` but model, preset and space
  -- @treturn table text (Markdown), narrow (the same in tables of at most 79 columns), kinds (list
  -- of {kind, trials (as `tune` gives them), metric, seconds (of all trials), at_limit (how many
  -- trials ended at the limit of epochs; nil of a kind that is fitted), failures}), failures
  -- @usage
  -- local found = cmml.tune_kinds { quick = true, trials = 2,
  --   kinds = "item_knn,item_mean" }
  -- print(found.kinds[1].kind, found.kinds[1].trials[1].value)
  function cmml.tune_kinds(options)
    return in_memory.call(cmml, "tune_kinds", options, tune_kinds)
  end
end
