--- Evaluation: adapt to the support of each task, score its lists, compare with their labels.
--
-- Tasks of any setting can be evaluated on. `tasks:evaluation(models, opt)` gives a table with
--
--    defaults     draws, cutoffs and metrics where nothing else is asked for
--    binary       whether labels are 1 and 0, so that the option relevant does not apply, unless
--                 takes_relevant says that the tasks make them so by it
--    ranks        whether lists are ranked: by `Recommender:lister` and its `list_scorer`
--    whole        whether they are of the whole catalogue, for each task
--    draws        how many there are, where that is not what is asked for
--    about        of lists of a catalogue what metrics of what they show need to know: items (Side)
--                 and, optional, popularity {counts (Tensor [items]: how many took each), people}
--    noun         what a value is one of, {"user", "users"} (default: the setting's)
--    batches(draw)    an iterator; each batch is a table with support(m), the Rows that model m
--                 adapts to, and next(), which gives lists to score (Rows with labels), the number
--                 of values before theirs, and nil at the end
--    finish(results)  optional: adds what the setting tells besides
--
-- @module cmml
local args = require "cmml.base.args"
local sets = require "cmml.base.options"
local plain = require "cmml.base.plain"
local shared = require "cmml.evaluate.shared_options"
local raise = args.error

local general = sets.declare("evaluate", {
  shared.draws, shared.cutoffs, shared.metrics, shared.relevant,
  { name = "on_task", kind = "function", help = "called as on_task(done, count)" },
  { name = "stop_if_not_finite", kind = "boolean", default = false,
    help = "give nil as soon as a score is not a finite number, instead of results that tell" },
  { name = "partial", kind = "boolean", default = false,
    help = "take a task's value over the draws that have one, instead of leaving out a task of "
      .. "which a draw has none" },
})

-- General options with those that tasks of a setting add.
local joined = setmetatable({}, { __mode = "k" })

return function(cmml, use)
  local comparison = use "evaluate.comparison"

  local function check_models(models, tasks)
    if type(models) ~= "table" or #models == 0 then
      raise("evaluate: a list of recommenders was expected", 3)
    end
    for m, model in ipairs(models) do
      if type(model) ~= "table" or not model.adapt_rows or not model.setting then
        raise(("evaluate: entry %d of the list must be a recommender, not %s"):format(m,
          args.describe(model)), 3)
      elseif model.setting.name ~= tasks.setting then
        raise(("evaluate: entry %d, %s, is for %s, but the tasks are of the setting %s"):format(m,
          tostring(model), model.setting.title, tasks.setting), 3)
      end
    end
  end

  -- Adds the values of some lists, in one of the draws, to those of a model.
  local function add_values(values, found, first, draws)
    for name, list in pairs(found) do
      local column = values[name] or {}
      values[name] = column
      for i, value in ipairs(list) do
        column[first + i] = (column[first + i] or 0) + value / draws
      end
    end
  end

  -- The same where a draw without a value counts for nothing: sums and numbers of those that exist
  -- are kept, by metric.
  local function add_existing(values, found, first, kept)
    for name, list in pairs(found) do
      local column, of = values[name] or {}, kept[name] or { sums = {}, counts = {} }
      values[name], kept[name] = column, of
      for i, value in ipairs(list) do
        local at, exists = first + i, value == value
        of.sums[at] = (of.sums[at] or 0) + (exists and value or 0)
        of.counts[at] = (of.counts[at] or 0) + (exists and 1 or 0)
        column[at] = of.sums[at] / of.counts[at] -- NaN without any
      end
    end
  end

  -- Notes which lists have a score that is not a finite number: true by number.
  local function note_not_finite(noted, scores, segments, first)
    local values, row = scores:totable(), 0
    for i, length in ipairs(segments:totable()) do
      for k = row + 1, row + length do
        noted[first + i] = noted[first + i] or values[k] - values[k] ~= 0 or nil
      end
      row = row + length
    end
    return noted
  end

  local function sorted(set)
    local list = {}
    for number in pairs(set) do
      list[#list + 1] = number
    end
    plain.sort(list)
    return list
  end

  -- The results of all models. One whose scores were not finite has no values.
  local function results_of(values, names, count, not_finite)
    local results = {}
    for m, lists in ipairs(values) do
      results[m] = {}
      for _, name in ipairs(names) do
        local list = not_finite[m] and {} or lists[name] or {}
        for i = #list + 1, cmml.metrics.is_of_test(name) and 1 or count do
          list[i] = 0 / 0
        end
        results[m][name] = { values = list }
      end
      if not_finite[m] then
        results.not_finite = results.not_finite or {}
        results.not_finite[m] = sorted(not_finite[m])
      end
    end
    return results
  end

  -- What evaluate takes of these tasks: general options, and those that the tasks add.
  local function options_of(tasks)
    local own = tasks.evaluation_options
    if not own then
      return general
    end
    joined[own] = joined[own] or sets.join(("evaluate (%s)"):format(tasks.setting), general, own)
    return joined[own]
  end

  --- Evaluates recommenders on the same tasks. Each task's value of a metric is the mean over the
  -- draws, so that the interval speaks of tasks. A task of which one of the models has no value of
  -- a metric, in one of the draws (with partial: in all of them), is left out of that metric for
  -- all of them, and counted.
  -- @tparam table models list of recommenders
  -- @tparam Tasks|ScenarioSplit tasks what to evaluate on: tasks of people (`users.tasks`), a split
  -- of scenarios, or tasks of another setting
  -- @tparam[opt] table options see below; of scenarios also those of
  -- `ScenarioSplit:evaluation`
  -- @treturn table for each model a table by metric: mean, interval, tasks, skipped (see
  -- `metrics.summary`), and values, one a task (NaN where it is left out); noun (what a task is
  -- called); not_finite, where there is such a model: by its number the list of the tasks in which
  -- its scores were not finite numbers, so that it has no values at all, and the others are
  -- compared without it; diverged: for each model {count, of}: on how many of the supports that it
  -- adapted to, over all draws, its steps diverged, so that the weights that they start from score;
  -- and what the setting tells besides
  -- @usage
  -- local tasks = cmml.users.tasks { ratings = data.all, users = data.test,
  --   bags = data.bags }
  -- local results = cmml.evaluate({ model }, tasks, { metrics = { "mae" } })
  -- print(results[1].mae.mean, results[1].mae.interval)
  function cmml.evaluate(models, tasks, options)
    if type(tasks) ~= "table" or type(tasks.evaluation) ~= "function" then
      raise("evaluate: tasks were expected (users.tasks, or a split of scenarios), not "
        .. args.describe(tasks), 2)
    end
    check_models(models, tasks)
    local opt = options_of(tasks):check(options, 3, "evaluate")
    local plan = tasks:evaluation(models, opt)
    if plan.binary and opt.relevant and not plan.takes_relevant then
      raise("evaluate: option relevant does not apply: the labels of these tasks are 1 and 0", 2)
    end
    local names = opt.metrics or plan.defaults.metrics
    if not opt.metrics and opt.relevant and not plan.binary then
      names = cmml.metrics.names(plan.about ~= nil)
    end
    opt.draws = plan.draws or opt.draws or plan.defaults.draws
    opt.cutoffs = opt.cutoffs or plan.defaults.cutoffs
    args.sizes("evaluate: cutoffs", opt.cutoffs)
    local compute, full_names, tally = cmml.metrics.computer("evaluate", names, opt.cutoffs,
      not plan.binary and opt.relevant or nil, plan.binary, plan.about)
    local values, kept, not_finite, diverged, count = {}, {}, {}, {}, 0
    for m in ipairs(models) do
      values[m], kept[m], diverged[m] = {}, {}, { count = 0, of = 0 }
    end
    local function add(m, found, first)
      if opt.partial then
        add_existing(values[m], found, first, kept[m])
      else
        add_values(values[m], found, first, opt.draws)
      end
    end
    for draw = 1, opt.draws do
      local shown = {}
      for m in ipairs(models) do
        shown[m] = tally.new()
      end
      for batch in plan.batches(draw) do
        local states = {}
        for m, one in ipairs(models) do -- states are functions of rows that give scores
          local model = plan.ranks and one.lister and one:lister() or one
          local support = batch.support(m)
          local state, bad = model:state_of(support)
          local whole = plan.whole and #support.segments or nil
          states[m] = plan.ranks and model:list_scorer(state, whole) or function(rows)
            return model:scores_of(state, rows)
          end
          diverged[m].count = diverged[m].count + #(bad or {})
          diverged[m].of = diverged[m].of + #support.segments
        end
        for rows, first in batch.next do
          local segments = rows.lists or rows.segments
          count = math.max(count, first + #segments)
          for m in ipairs(models) do
            local scores = states[m](rows)
            if scores:isfinite() then
              add(m, compute(scores, rows.labels, segments, rows.items, shown[m]), first)
            elseif opt.stop_if_not_finite then
              return nil
            else
              not_finite[m] = note_not_finite(not_finite[m] or {}, scores, segments, first)
            end
          end
        end
      end
      for m in ipairs(models) do
        add(m, tally.finish(shown[m]), 0)
      end
    end
    local results = results_of(values, full_names, count, not_finite)
    results.noun, results.diverged = plan.noun or models[1].setting.noun, diverged
    if plan.finish then
      plan.finish(results)
    end
    return comparison.align(results)
  end
end
