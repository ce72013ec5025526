--- Experiments: tables of models over data sets, protocols and seeds, from one call each.
--
-- An experiment is a module `cmml.experiment.NAME` with `summary`, `options` (declared as those of
-- a command), `plan`, a function of (cmml, options) that gives tables and cells (see
-- `cmml.experiment.report`), `run`, the {module, function} that computes a cell, and, if it has
-- more to show than tables, `finish`, a function of (cmml, plan, results, options) that gives more
-- text, and optionally more files: a list of {name, text}.
--
-- @module cmml
local args = require "cmml.base.args"
local cells = require "cmml.experiment.cells"
local child = require "cmml.experiment.child"
local given = require "cmml.experiment.given"
local wrap = require("cmml.base.text").wrap
local report = require "cmml.experiment.report"

local names = { "users", "scenarios", "modulations", "encoders", "contexts", "routes" }

-- The metrics that the caller wants to see.
local function choose_metrics(name, plan, wanted)
  for _, tbl in ipairs(wanted and plan.tables or {}) do
    local kept, known = {}, {}
    for _, metric in ipairs(tbl.metrics) do
      known[metric.base or metric.name] = true
    end
    for _, base in ipairs(wanted) do
      if not known[base] and tbl == plan.tables[1] then
        error(("experiment %s: there is no metric %s; %s"):format(name, base,
          args.suggest(base, args.keys(known))), 0)
      end
      for _, metric in ipairs(tbl.metrics) do
        kept[#kept + 1] = (metric.base or metric.name) == base and metric or nil
      end
    end
    tbl.metrics = #kept > 0 and kept or tbl.metrics
  end
end

-- The experiment, its options and what is to be computed; all that can be wrong in the options is
-- told here, before anything runs.
local function prepare(cmml, name, options)
  args.one_of("experiment", name, names, 0)
  local module = require("cmml.experiment." .. name)
  local opt = given.read(name, module, options)
  local plan = module.plan(cmml, opt)
  choose_metrics(name, plan, opt.metrics)
  return module, opt, plan
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

-- Tables and pictures into the folder.
local function write_files(cmml, plan, results, result, folder, more)
  local function write(file, text)
    local ok, message = cmml.core.write_file(folder .. "/" .. file, text)
    if ok then
      result.files[#result.files + 1] = folder .. "/" .. file
    else
      result.failures[#result.failures + 1] = { message = message }
    end
  end
  write("results.md", result.text .. "\n")
  write("results.csv", report.csv(plan, results))
  for _, file in ipairs(more or {}) do
    write(file[1], file[2])
  end
  for i, tbl in ipairs(plan.tables) do
    for _, metric in ipairs(tbl.metrics) do
      local base = ("%s-%s"):format(tbl.title, metric.head or metric.name)
      local svg = report.svg(cmml, tbl, metric, result.tables[i].rows)
      if svg then
        write(("%d-%s.svg"):format(i, (base:gsub("[^%w@]+", "-"))), svg)
      end
    end
  end
end

return function(cmml)
  --- The experiments that there are, in order: names that `experiment` knows.
  cmml.experiments = names

  --- Runs an experiment: a table of models over data sets and seeds. Each cell of it is computed
  -- once; with `out` its result is kept there, and the same call goes on where it was interrupted.
  -- @tparam string name "users", "scenarios", "modulations", "encoders", "contexts" or "routes"
  -- @tparam[opt] table options data (folder, or list of them); seeds (how many, default 5); budget
  -- ("default", or "published": steps as in the paper's code), epochs, patience, batch, lr, draws,
  -- valid and data_seed over it; quick (a run of seconds, on a small made world without data);
  -- metrics (names of those to show); resamples of the bootstrap (10000); out (folder of cells,
  -- results.md, results.csv and pictures; default: nothing is written); jobs (1: cells are computed
  -- in this process; more: so many processes at a time) and processes (true: even one job is a
  -- process); modules and load (modules and Lua files that each process takes in first, so that
  -- components of a script's own are known there; a script that calls this function is one itself,
  -- up to this call; where one of these files has changed, cells are computed anew);
  -- quiet (true); and those of the experiment alone, see `cmml experiment --help`
  -- @treturn table text (Markdown), rows (of the first table: row, seeds, seconds, and by metric
  -- mean, low, high, difference, difference_low, difference_high), tables (list of {title, rows}),
  -- failures (list of {cell, message}; without cell: of a file that could not be written), files
  function cmml.experiment(name, options)
    if child.active then
      child.stop_script()
    end
    local module, opt, plan = args.call(prepare, cmml, name, options)
    local results, failures = cells.run(cmml, plan.cells, { folder = opt.out, run = module.run,
      jobs = opt.jobs, processes = opt.processes, modules = opt.modules, load = opt.load,
      arg = arguments_of(opt.load), quiet = opt.quiet })
    local result = { tables = {}, failures = failures, files = {} }
    local texts = { wrap(plan.budget, 0, 79) }
    for i, tbl in ipairs(plan.tables) do
      local rows = report.summary(cmml, plan, results, tbl, opt)
      result.tables[i] = { title = tbl.title, leaky = tbl.leaky or false, rows = rows }
      texts[#texts + 1] = report.text(tbl, rows, opt.seeds)
      for _, reference in ipairs(tbl.references or {}) do
        local other = setmetatable({ reference = reference }, { __index = tbl })
        texts[#texts + 1] = report.differences(other, report.summary(cmml, plan, results, other,
          opt))
      end
    end
    local more
    if module.finish then
      texts[#texts + 1], more = module.finish(cmml, plan, results, opt)
    end
    result.rows = result.tables[1] and result.tables[1].rows
    result.text = table.concat(texts, "\n\n")
    if opt.out then
      write_files(cmml, plan, results, result, opt.out, more)
    end
    return result
  end
end
