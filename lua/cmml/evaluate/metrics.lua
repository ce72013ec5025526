--- Metrics: means over tasks, with intervals.
--
-- @module cmml
local args = require "cmml.base.args"

return function(cmml)
  local metrics = {}
  cmml.metrics = metrics

  --- What is known of a metric from its value for each task. Values that do not exist (NaN) are
  -- left out and counted.
  -- @tparam table values list of numbers, one a task
  -- @treturn table mean, interval (half the width of the 95 % interval: 1.96 standard deviations /
  -- sqrt(tasks)), tasks (that count), skipped
  function metrics.summary(values)
    local n, sum = 0, 0
    for _, value in ipairs(values) do
      if value == value then
        n, sum = n + 1, sum + value
      end
    end
    local mean, squares = sum / n, 0
    for _, value in ipairs(values) do
      if value == value then
        squares = squares + (value - mean) ^ 2
      end
    end
    return { mean = mean, interval = 1.96 * math.sqrt(squares / n) / math.sqrt(n), tasks = n,
      skipped = #values - n }
  end

  --- The rating metrics of every task by name: mae, rmse, ndcg_exp@k.
  -- @tparam Tensor score [rows]
  -- @tparam Tensor label [rows]
  -- @tparam Segments segments one a task
  -- @tparam[opt={1, 3}] table cutoffs
  -- @treturn table by name: a list with one number a task, NaN where it does not exist
  function metrics.rating(score, label, segments, cutoffs)
    cutoffs = cutoffs or { 1, 3 }
    local raw = args.call(cmml.core.rating_metrics, score, label, segments, cutoffs)
    local named = { mae = raw.mae, rmse = raw.rmse }
    for j, k in ipairs(cutoffs) do
      named[("ndcg_exp@%d"):format(k)] = raw.ndcg_exp[j]
    end
    return named
  end

  --- The ranking metrics of every task by name: recall@k, precision@k, hit@k, ndcg@k (gain: the
  -- label), ndcg_exp@k (gain: 2^label - 1), mrr@k, map@k, and of the whole list reciprocal_rank,
  -- average_precision and auc. Rows are ranked by score, highest first; among equal scores every
  -- order is as likely, and the expected value is given. A row is relevant if its label is above 0.
  -- @tparam Tensor score [rows]
  -- @tparam Tensor label [rows], not negative
  -- @tparam Segments segments one a task
  -- @tparam[opt={10, 20}] table cutoffs
  -- @treturn table by name: a list with one number a task, NaN where it does not exist (no row is
  -- relevant; for auc also: all are); `summary` gives the mean of those that do
  function metrics.ranking(score, label, segments, cutoffs)
    cutoffs = cutoffs or { 10, 20 }
    local at, named = args.call(cmml.core.ranking_metrics, score, label, segments, cutoffs)
    for name, lists in pairs(at) do
      for j, k in ipairs(cutoffs) do
        named[("%s@%d"):format(name, k)] = lists[j]
      end
    end
    return named
  end
end
