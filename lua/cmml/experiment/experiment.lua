--- Experiments: tables of recommenders over data sets, protocols and seeds, from one call each.
--
-- @module cmml
local args = require "cmml.base.args"
local cells = require "cmml.experiment.cells"
local child = require "cmml.experiment.child"
local folds = require "cmml.experiment.folds"
local page = require "cmml.experiment.page"
local parts_of = require("cmml.experiment.parts").of
local records = require "cmml.experiment.records"
local report = require "cmml.experiment.report"
local summary = require "cmml.experiment.summary"
local tables = require "cmml.base.tables"
local wrap = require("cmml.base.text").wrap
local raise = args.error

return function(cmml, use)
  local experiments = use "experiment.registry"
  local cell_options = use "experiment.cell_options"
  local pipeline = use "pipeline.data"
  local plans = use "experiment.plan"
  local rehearsal = use "experiment.rehearsal"

  -- The experiment, its options and what is to be computed; all that can be wrong in the options is
  -- told here, before anything runs.
  local function prepare(name, options)
    local entry = experiments:find("experiment", name, 0)
    local where, known = "experiment " .. entry.name, entry.known()
    for declared in entry.unused():each() do
      if type(options) == "table" and options[declared.name] ~= nil then
        raise(("%s: %s does not apply; cmml experiment %s --help-all shows what does"):format(where,
          args.named_option(declared.name), entry.name), 0)
      end
    end
    local opt = known:check(options, 0)
    opt.budget = opt.budget or entry.budget or "default"
    for key, value in pairs(entry.defaults or {}) do
      opt[key] = opt[key] == nil and value or opt[key]
    end
    cell_options.check_running(where, opt, true, entry.made)
    local setting = plans.setting(where, entry, opt)
    pipeline.check_setting(where, known, opt, setting)
    local plan = entry.plan and entry.plan(setting, opt) or plans.make(entry, setting, opt)
    return entry, opt, plan
  end

  -- The words behind the script that is running, if processes are to run it, too.
  local function arguments_of(load)
    for _, path in ipairs(arg and load or {}) do
      if path == arg[0] then
        return table.move(arg, 1, #arg, 1, {})
      end
    end
    return {}
  end

  -- Looks at the cells that are left: raises what one would refuse, with the title of its row. One
  -- of an optional row is taken out of them, and told: by row, why.
  local function rehearse(name, left, opt, left_out)
    local found = rehearsal.run(left, not opt.quiet)
    for i = #left, 1, -1 do
      local cell = left[i]
      local refused = found.refused[cell]
      if refused and not cell.optional then
        raise(("experiment %s: row %s: %s"):format(name, args.quote(cell.row), refused), 0)
      elseif refused then
        table.remove(left, i)
        left_out[cell.table] = left_out[cell.table] or {}
        left_out[cell.table][cell.row] = refused
      end
    end
    if not opt.quiet then
      return rehearsal.estimate(found.seconds, #left, opt)
    end
  end

  -- Tables and pictures into the folder.
  local function write_files(plan, results, result, folder, more)
    local values = plan.tables[1] and summary.cells(plan, results) or nil
    local function write(file, text)
      local ok, message = cmml.core.write_file(folder .. "/" .. file, text)
      if ok then
        result.files[#result.files + 1] = folder .. "/" .. file
      else
        result.failures[#result.failures + 1] = { message = message }
      end
    end
    write("results.md", result.text .. "\n")
    local all = table.move(result.document.tables, 1, #result.document.tables, 1, {})
    all[#all + 1] = values
    write("results.csv", tables.render({ name = "cells", tables = { values or all[1] } }, "csv"))
    write("results.json", tables.render({ name = result.document.name,
      facts = result.document.facts, tables = all }, "json"))
    for _, file in ipairs(more or {}) do
      write(file[1], file[2])
    end
    for i, tbl in ipairs(plan.tables) do
      for _, metric in ipairs(tbl.metrics) do
        local base = ("%s-%s"):format(tbl.title, metric.head or metric.name)
        local svg = report.svg(cmml, tbl, metric, result.tables[i].rows)
        if svg then
          write(("%d-%s.svg"):format(i, (base:gsub("[^0-9A-Za-z@]+", "-"))), svg)
        end
      end
    end
  end

  -- The tables as text, before them where the subjects of the comparison are not the best.
  local function text_of(plan, parts, opt, width, finished)
    local texts = {}
    texts[1] = plan.title and "## " .. plan.title or nil
    texts[#texts + 1] = page.verdict(parts)
    texts[#texts + 1] = wrap(plan.budget, 0, 79)
    texts[#texts + 1] = #parts > 0 and page.tables(parts, opt.seeds, width) or nil
    texts[#texts + 1] = finished
    return table.concat(texts, "\n\n")
  end

  -- What there is to be written out, see base/tables.lua.
  local function document_of(name, plan, result, parts, finished)
    local all = { #parts > 0 and records.of(parts) or nil }
    return { name = "experiment", facts = { { "experiment", name }, { "title", plan.title },
      { "budget", plan.budget }, { "failures", #result.failures } },
      tables = table.move(finished or {}, 1, #(finished or {}), #all + 1, all), text = function()
        return result.narrow
      end }
  end

  --- Runs an experiment: computes every cell (a row, a seed and a data set under a protocol), and
  -- makes tables of means with 95 % intervals, from a bootstrap over tasks that keeps all values of
  -- a task together, and of paired differences to a reference. All means of a metric in a table
  -- are over the same tasks: one of which a row has no value is left out of all, and counted. With
  -- `out`, cells that were finished before are not computed again. Before the first cell, what one
  -- would refuse is told, and (unless it is quiet) how long the run will take.
  -- @tparam string|table name one of `experiments`: "users" (what CMML's Table 3 asks), "scenarios"
  -- (Table 2), "modulations" (Table 5), "encoders" (the encoder ablation), "contexts" (Figure 3),
  -- "routes" (Figure 4), "efficiency" (Figure 2 and Table 1), "compare" (rows of one's own), or one
  -- that was registered; a table is the options of "compare"
  -- @tparam[opt] table options see below; besides those that the experiment itself declares, such
  -- as rows of "compare": a list of {row = title, kind, preset, model = options, training =
  -- options}, or the path of a Lua file that returns one; `cmml experiment NAME --help-all` has
  -- them all
  -- @treturn table text (Markdown), narrow (the same in tables of at most 79 columns), rows (of the
  -- first table: row, seeds, seconds, and by metric mean, low, high, difference, difference_low,
  -- difference_high, tasks, left_out; and of one that learns train_seconds, tuning_seconds, runs,
  -- epochs (their mean), patience (how many runs it ended)), tables (list of {title, leaky, rule,
  -- rows, verdicts (see experiment/verdict.lua), left_out (by row why the data refused it)}),
  -- failures (list of {cell, message}; without cell: of a file that could not be written), files,
  -- document (what results.json has)
  -- @usage
  -- local compared = cmml.experiment { data = "data/made", seeds = 1,
  --   epochs = 1, draws = 1, rows = {
  --     { row = "CMML", preset = "published-code", model = { width = 8 } },
  --     { row = "item mean", kind = "item_mean" } } }
  -- print(compared.rows[2].row, compared.rows[2]["cold users/mae"].mean)
  function cmml.experiment(name, options)
    if child.active then
      child.stop_script()
    end
    if type(name) == "table" then
      name, options = "compare", name
    end
    local entry, opt, plan = args.call(prepare, name, options)
    local _ <close> = cells.hold(cmml.core, "experiment", opt.out)
    local left_out = {}
    local results, failures = cells.run(cmml, plan.cells, { folder = opt.out,
      run = entry.cell and entry.name or "evaluation", jobs = opt.jobs, processes = opt.processes,
      modules = opt.modules, load = opt.load, arg = arguments_of(opt.load), quiet = opt.quiet,
      rehearse = function(left)
        return args.call(rehearse, entry.name, left, opt, left_out)
      end })
    plan, results = folds.joined(plan, results)
    local parts = parts_of(cmml, plan, results, left_out, opt)
    local result = { tables = {}, failures = failures, files = {} }
    for i, part in ipairs(parts) do
      result.tables[i] = { title = part.tbl.title, leaky = part.tbl.leaky or false,
        rule = part.rule, rows = part.rows, verdicts = part.verdicts, left_out = part.left_out }
    end
    local finished, more, of_finish
    if entry.finish then
      finished, more, of_finish = entry.finish(plan, results, opt)
    end
    result.rows = result.tables[1] and result.tables[1].rows or of_finish and of_finish[1].rows
    result.text = text_of(plan, parts, opt, nil, finished)
    result.narrow = text_of(plan, parts, opt, 79, finished)
    result.document = document_of(entry.name, plan, result, parts, of_finish)
    if opt.out then
      write_files(plan, results, result, opt.out, more)
    end
    return result
  end
end
