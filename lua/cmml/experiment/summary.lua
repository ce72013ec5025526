--- The numbers of tables of cells: means over tasks and seeds with intervals, and every cell as a
-- record.
--
-- All means of a metric in a table are of the same tasks: a task of which one cell has no value, or
-- as whose value a cell has a mean of other things than the rest, is left out of all rows and
-- seeds, and counted.
--
-- A table is {id, title, rows (names in order), metrics (list of {name, base, head}), reference
-- (one row), references (more), leaky, strong (rows that pictures stress: true by name)}; its cells
-- are {table = id, row, seed, fixed (the same for every seed), name, settings}; their results
-- {metrics = by name a list with one number a task, weights (optional: by name of the metric a list
-- with one number a task, of how many things its value is the mean; or one such list for all),
-- rules (optional, by the name of an evaluation: words that stand with its table), unchecked (true:
-- a leak would not have been seen), diverged (optional: {count, of}: on how many supports steps
-- did), seconds, and of a row that learns train_seconds, epochs, stopped and untrained (optional:
-- how many tasks its training left out, as their steps diverged)}. `noun` of a table is what a task
-- is called, `tuning` by row the seconds of the search that gave its settings.
--
-- @module cmml.experiment.summary
local args = require "cmml.base.args"
local diverged = require "cmml.evaluate.diverged"
local raise = args.error

local summary = {}

-- The results of a row by seed; those of a row that has no seeds count for each.
local function results_of(plan, results, id, row, n_seeds)
  local by_seed = {}
  for _, cell in ipairs(plan.cells) do
    if cell.table == id and cell.row == row and results[cell] then
      for seed = cell.fixed and 1 or cell.seed, cell.fixed and n_seeds or cell.seed do
        by_seed[seed] = results[cell]
      end
    end
  end
  return by_seed
end

-- The values of a metric for all tasks in some seeds; nil if a result does not have it.
local function series_of(by_seed, seeds, metric)
  local series = {}
  for _, seed in ipairs(seeds) do
    local values = by_seed[seed] and by_seed[seed].metrics[metric]
    if not values then
      return nil
    end
    table.move(values, 1, #values, #series + 1, series)
  end
  return series
end

local function seeds_of(by_seed, n_seeds)
  local seeds = {}
  for seed = 1, n_seeds do
    seeds[#seeds + 1] = by_seed[seed] and seed
  end
  return seeds
end

-- The weights of a metric in a result: one a task, or nil.
local function weights_of(result, metric)
  local weights = result.weights
  return weights and (weights[metric] or (#weights > 0 and weights or nil))
end

local function exists(value)
  return value - value == 0
end

local function has_values(list)
  for _, value in ipairs(list) do
    if exists(value) then
      return true
    end
  end
  return false
end

-- The results of a table that have values of a metric: list of {values, weights}. Raises where they
-- are not of the same tasks.
local function values_in(by_row, rows, metric)
  local list, first = {}, nil
  for _, row in ipairs(rows) do
    for seed in pairs(by_row[row] or {}) do
      local result = by_row[row][seed]
      local values = result.metrics[metric]
      if values and first and #values ~= first.count then
        raise(("experiment: %s has %d values of %s, but %s has %d: they were evaluated on "
          .. "different tasks"):format(row, #values, metric, first.row, first.count), 0)
      elseif values and has_values(values) then
        list[#list + 1] = { values = values, weights = weights_of(result, metric) }
      end
      first = first or values and { row = row, count = #values }
    end
  end
  return list, first and first.count or 0
end

-- Which tasks are left out of a metric of a table: true by number; how many those are, and of how
-- many.
local function left_out_of(by_row, rows, metric)
  local list, count = values_in(by_row, rows, metric)
  local out, n = {}, 0
  for t = 1, count do
    for _, entry in ipairs(list) do
      local weights, others = entry.weights, list[1].weights
      if not exists(entry.values[t]) or (weights and weights[t]) ~= (others and others[t]) then
        out[t] = true
      end
    end
    n = n + (out[t] and 1 or 0)
  end
  return { tasks = out, count = n, of = count }
end

-- A list of values, some runs behind each other, without those of the tasks that are left out.
local function without(series, out)
  local list = {}
  for i, value in ipairs(series) do
    list[i] = out.tasks[(i - 1) % out.of + 1] and 0 / 0 or value
  end
  return list
end

-- Mean and interval of one row, and of its difference to the reference in the same seeds.
local function summarise(cmml, by_row, row, reference, metric, opt, out)
  local seeds = seeds_of(by_row[row], opt.seeds)
  local own = #seeds > 0 and series_of(by_row[row], seeds, metric)
  if not own then
    return nil
  end
  local first = by_row[row][seeds[1]]
  local other = reference and by_row[reference] and series_of(by_row[reference], seeds, metric)
  local found = cmml.core.bootstrap({ without(own, out), without(other or own, out) }, out.of,
    { reference = 2, resamples = opt.resamples, weights = weights_of(first, metric) })[1]
  if not other or row == reference then
    found.difference, found.difference_low, found.difference_high = nil, nil, nil
  end
  found.tasks, found.left_out = out.of - out.count, out.count
  return found
end

-- How the runs of a row learnt: means of epochs and of the seconds of training, how many runs there
-- are and how many of them ended for want of improvement; and the seconds of its tuning.
local function learnt(by_seed, seeds, tuning)
  local found, count = { tuning_seconds = tuning }, 0
  for _, seed in ipairs(seeds) do
    local result = by_seed[seed]
    if result.train_seconds then
      count = count + 1
      found.train_seconds = (found.train_seconds or 0) + result.train_seconds
    end
    if result.stopped then
      found.runs, found.epochs = (found.runs or 0) + 1, (found.epochs or 0) + result.epochs
      found.patience = (found.patience or 0) + (result.stopped == "patience" and 1 or 0)
    end
  end
  found.epochs = found.epochs and found.epochs / found.runs
  found.train_seconds = found.train_seconds and found.train_seconds / count
  return found
end

--- The numbers of a table.
-- @tparam table cmml the library
-- @tparam table plan with cells
-- @tparam table results by cell
-- @tparam table tbl
-- @tparam table opt seeds (how many), resamples
-- @tparam ?table only titles of the rows that are wanted; all count for which tasks are left out
-- @treturn table list of {row, seeds (how many are there), seconds (mean of a cell), unchecked
-- (true: one of its cells is), diverged and untrained (the sums of those of its cells), told (what
-- they tell, each text once),
-- train_seconds (mean of what it took to learn), runs, epochs (their mean), patience (how many of
-- them ended for want of improvement), tuning_seconds, and by metric {mean, low, high, difference,
-- difference_low, difference_high, tasks (how many the mean is over), left_out (how many are not in
-- it)}}
function summary.of(cmml, plan, results, tbl, opt, only)
  local by_row, rows, out = {}, {}, {}
  for _, row in ipairs(tbl.rows) do
    by_row[row] = results_of(plan, results, tbl.id, row, opt.seeds)
  end
  for _, metric in ipairs(tbl.metrics) do
    out[metric.name] = left_out_of(by_row, tbl.rows, metric.name)
  end
  for i, row in ipairs(only or tbl.rows) do
    local seeds, seconds = seeds_of(by_row[row] or {}, opt.seeds), 0
    local unchecked, bad, untrained, told = nil, nil, 0, {}
    for _, seed in ipairs(seeds) do
      seconds = seconds + by_row[row][seed].seconds / #seeds
      unchecked = unchecked or by_row[row][seed].unchecked
      bad = diverged.sum(bad, by_row[row][seed].diverged)
      untrained = untrained + (by_row[row][seed].untrained or 0)
      local text = by_row[row][seed].told
      told[#told + 1] = text and not told[text] and text or nil
      told[text or ""] = true
    end
    rows[i] = learnt(by_row[row], seeds, (tbl.tuning or {})[row])
    rows[i].row, rows[i].seeds, rows[i].seconds = row, #seeds, seconds
    rows[i].unchecked, rows[i].diverged = unchecked, bad
    rows[i].untrained = untrained > 0 and untrained or nil
    rows[i].told = #told > 0 and table.concat(told, " / ") or nil
    for _, metric in ipairs(tbl.metrics) do
      rows[i][metric.name] = summarise(cmml, by_row, row, tbl.reference, metric.name, opt,
        out[metric.name])
    end
  end
  return rows
end

--- Whether what was evaluated was learnt from, in a word.
-- @tparam boolean leaky it was
-- @tparam ?boolean unchecked a leak would not have been seen
-- @treturn string
function summary.leaky(leaky, unchecked)
  return leaky and "yes" or unchecked and "unchecked" or "no"
end

local cell_columns = {}
for _, column in ipairs { { "table", "text" }, { "leaky", "text" }, { "row", "text" },
  { "seed", "text" }, { "metric", "text" }, { "mean", "number" }, { "tasks", "integer" },
  { "left_out", "integer" }, { "diverged", "integer" }, { "supports", "integer" },
  { "untrained", "integer" }, { "seconds", "number" }, { "train_seconds", "number" },
  { "epochs", "integer" }, { "stopped", "text" }, { "told", "text" } } do
  cell_columns[#cell_columns + 1] = { name = column[1], kind = column[2] }
end

-- The weighted mean of the values of tasks that are not left out; nil without any.
local function mean_of(values, weights, out)
  local sum, n = 0, 0
  for t, value in ipairs(values) do
    if exists(value) and not out.tasks[t] then
      local weight = weights and weights[t] or 1
      sum, n = sum + weight * value, n + weight
    end
  end
  return n > 0 and sum / n or nil
end

--- Every cell as a record for each of its metrics; its mean is over the tasks of all cells. What it
-- tells of what was learnt, a text, is in the first of them alone.
-- @tparam table plan
-- @tparam table results by cell
-- @treturn table see base/tables.lua
function summary.cells(plan, results)
  local records, leaky, rows, by_row, out = {}, {}, {}, {}, {}
  for _, tbl in ipairs(plan.tables) do
    leaky[tbl.id] = tbl.leaky
  end
  for _, cell in ipairs(plan.cells) do
    local id, row = cell.table, cell.row
    rows[id], by_row[id], out[id] = rows[id] or {}, by_row[id] or {}, out[id] or {}
    if not by_row[id][row] then
      table.insert(rows[id], row)
      by_row[id][row] = {}
    end
    by_row[id][row][cell.seed] = results[cell]
  end
  for _, cell in ipairs(plan.cells) do
    local result, id = results[cell], cell.table
    for i, name in ipairs(args.keys(result and result.metrics or {})) do
      out[id][name] = out[id][name] or left_out_of(by_row[id], rows[id], name)
      local left_out = out[id][name]
      local bad, supports = diverged.counts(result.diverged)
      records[#records + 1] = { table = id, leaky = summary.leaky(leaky[id], result.unchecked),
        row = cell.row, seed = cell.fixed and "any" or tostring(cell.seed), metric = name,
        mean = mean_of(result.metrics[name], weights_of(result, name), left_out),
        tasks = left_out.of - left_out.count, left_out = left_out.count,
        seconds = result.seconds, train_seconds = result.train_seconds, epochs = result.epochs,
        stopped = result.stopped, diverged = bad, supports = supports,
        untrained = result.untrained, told = i == 1 and result.told or nil }
    end
  end
  return { name = "cells", columns = cell_columns, rows = records }
end

return summary
