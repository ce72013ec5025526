--- Several models on the same tasks: means over the tasks of which all of them have a value, and
-- paired differences.
--
-- Results are a list of {metric = {mean, interval, tasks, skipped, values}}, one a model, as
-- `evaluate` gives it; besides
--
--    not_finite    by the number of a model the list of the tasks in which its scores were not
--                  finite numbers: it has no values, and nothing is left out for its sake
--    diverged      for each model {count, of}: on how many of its supports its steps diverged
--    noun          what a value is one of: {"user", "users"}
--    groups        {name, noun, spans}: tasks lie in groups that are drawn together, such as the
--                  users of a scenario; spans are {first, last}, and each metric has means by group
--                  under that name
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local comparison = {}
  local nan = 0 / 0

  -- What results have for each model, by its number.
  local by_model = { not_finite = true, diverged = true }

  local function exists(value)
    return value - value == 0
  end

  -- The mean of the values of a span that exist, NaN without any, and their number.
  local function mean_of(values, first, last)
    local sum, n = 0, 0
    for i = first, last do
      if exists(values[i]) then
        sum, n = sum + values[i], n + 1
      end
    end
    return n > 0 and sum / n or nan, n
  end

  -- The lists of values of a metric, of the models that have one and whose scores are finite.
  local function lists_of(results, name)
    local lists = {}
    for m, result in ipairs(results) do
      lists[#lists + 1] = not (results.not_finite or {})[m] and result[name]
        and result[name].values or nil
    end
    return lists
  end

  --- Makes the means of several models speak of the same tasks: where one of them has no value of
  -- a metric, no model has, and the task is left out of all means of it, and counted (skipped). A
  -- model whose scores are not finite numbers has no means, and nothing is left out for its sake.
  -- @tparam table results see the head of this file; they are changed
  -- @treturn table results
  function comparison.align(results)
    local names = {}
    for _, result in ipairs(results) do
      for name in pairs(result) do
        names[name] = true
      end
    end
    for name in pairs(names) do
      local lists = lists_of(results, name)
      for i = 1, lists[1] and #lists[1] or 0 do
        local everywhere = true
        for _, list in ipairs(lists) do
          if not list[i] then
            raise(("evaluate: %d and %d values of %s: the models were evaluated on different tasks")
              :format(#lists[1], #list, name), 0)
          end
          everywhere = everywhere and exists(list[i])
        end
        for _, list in ipairs(everywhere and {} or lists) do
          list[i] = nan
        end
      end
      for _, result in ipairs(results) do
        local metric = result[name]
        local summary = metric and cmml.metrics.summary(metric.values) or {}
        for key, value in pairs(summary) do
          metric[key] = value
        end
        local is_of_test = cmml.metrics.is_of_test(name)
        if metric and is_of_test then
          metric.interval = nil -- it is one number
        end
        local groups = metric and not is_of_test and results.groups
        if groups then
          metric[groups.name] = {}
          for g, span in ipairs(groups.spans) do
            metric[groups.name][g] = mean_of(metric.values, span[1], span[2])
          end
        end
      end
    end
    return results
  end

  --- Aligns several results of the same tasks with each other, such as those of several supports.
  -- @tparam table lists of results
  -- @treturn table lists
  function comparison.align_together(lists)
    local all = { groups = (lists[1] or {}).groups }
    for _, results in ipairs(lists) do
      comparison.join(all, results)
    end
    comparison.align(all)
    return lists
  end

  --- Adds results of further models on the same tasks to others; `align` comes after the last.
  -- @tparam ?table results nil: there are none yet
  -- @tparam table more
  -- @treturn table all of them
  function comparison.join(results, more)
    if not results then
      return more
    end
    local n = #results
    for key, value in pairs(more) do
      if math.type(key) ~= "integer" and not by_model[key] then
        results[key] = value
      end
    end
    for m, result in ipairs(more) do
      results[n + m] = result
    end
    for key in pairs(by_model) do
      for m, own in pairs(more[key] or {}) do
        results[key] = results[key] or {}
        results[key][n + m] = own
      end
    end
    return results
  end

  -- What the bootstrap draws of a metric: values, or means by group with the number of values that
  -- each is the mean of.
  local function drawn(result, name, groups)
    local values = result[name].values
    if not groups then
      return values
    end
    local means, weights = {}, {}
    for _, span in ipairs(groups.spans) do
      local mean, n = mean_of(values, span[1], span[2])
      if n > 0 then
        means[#means + 1], weights[#weights + 1] = mean, n
      end
    end
    return means, weights
  end

  -- Of some models the one with the best mean of a metric, the first of equals; nil where none has
  -- a mean.
  local function best_of(results, models, name, better)
    local best
    for _, m in ipairs(models) do
      local mean = results[m][name].mean
      if exists(mean) and (not best or (better == "min" and mean < results[best][name].mean)
        or (better == "max" and mean > results[best][name].mean)) then
        best = m
      end
    end
    return best
  end

  --- The paired differences of a model to the best of some rivals, metric by metric. The rival of a
  -- metric is the one with the best mean of it on these very tasks: chosen by what is evaluated, it
  -- has luck on its side, and so the comparison is strict.
  -- @tparam table results aligned
  -- @tparam integer m number of the model
  -- @tparam {integer,...} rivals numbers of theirs
  -- @tparam {string,...} names full names of metrics
  -- @treturn table list of {metric, model, rival (numbers), difference (of the model to the rival),
  -- low, high (its 95 % interval, by the paired bootstrap over tasks), ahead (whose mean is the
  -- better one: "model", "rival" or "none"), verdict: "worse", "level" (the interval has 0 in it)
  -- or "better"}; metrics of which the model or all rivals have no mean
  -- are not there
  function comparison.differences(results, m, rivals, names)
    local list = {}
    for _, name in ipairs(names) do
      local better = cmml.metrics.better(name)
      local rival = not cmml.metrics.find("differences", name).family.describes
        and best_of(results, rivals, name, better)
      if rival and exists(results[m][name].mean) then
        local own, weights = drawn(results[m], name, results.groups)
        local other = drawn(results[rival], name, results.groups)
        local found = cmml.core.bootstrap({ own, other }, #own, { reference = 2,
          weights = weights })[1]
        local low, high = found.difference_low, found.difference_high
        local gain = better == "min" and -found.difference or found.difference
        list[#list + 1] = { metric = name, model = m, rival = rival,
          difference = found.difference, low = low, high = high,
          ahead = gain > 0 and "model" or gain < 0 and "rival" or "none",
          verdict = low <= 0 and high >= 0 and "level" or gain > 0 and "better" or "worse" }
      end
    end
    return list
  end

  --- In how many tasks a metric is left out of all means.
  -- @tparam table results aligned
  -- @tparam string name of the metric
  -- @treturn integer
  -- @treturn integer how many tasks there are
  function comparison.left_out(results, name)
    local skipped, count = 0, 0
    for m, result in ipairs(results) do
      local metric = type(result[name]) == "table" and result[name] or {}
      local own = metric.skipped or 0
      count = math.max(count, (metric.tasks or 0) + own)
      skipped = (results.not_finite or {})[m] and skipped or math.max(skipped, own)
    end
    return skipped, count
  end

  --- What is said of a model whose scores were not finite numbers.
  -- @tparam string title of it
  -- @tparam table bad list of the tasks in which they were not
  -- @tparam integer count how many tasks there are
  -- @tparam ?{string,string} noun what a task is called
  -- @treturn string
  function comparison.diverged(title, bad, count, noun)
    return ("%s: its scores of %d of %d %s are not finite numbers (the model has diverged, or its "
      .. "input is out of all bounds); it has no means"):format(title, #bad, count,
      (noun or { "task", "tasks" })[count == 1 and 1 or 2])
  end

  return comparison
end
