--- Evaluation: adapt to each test user's support, predict the query, compare.
--
-- @module cmml
local args = require "cmml.args"

return function(cmml)
  local function check_models(models)
    if type(models) ~= "table" or #models == 0 then
      error("evaluate: a list of recommenders was expected", 3)
    end
    for m, model in ipairs(models) do
      if type(model) ~= "table" or not model.adapt_rows then
        error(("evaluate: entry %d of the list must be a recommender, not %s"):format(m,
          type(model)), 3)
      end
    end
  end

  -- The metrics of the query of a batch by name. Of both kinds of ndcg_exp the one that reads the
  -- ratings themselves is kept.
  local function judge(scores, query, opt)
    local metrics = cmml.metrics.rating(scores, query.labels, query.segments, opt.cutoffs)
    if opt.relevant then
      local labels = 1 - query.labels:lt(opt.relevant)
      for name, list in pairs(cmml.metrics.ranking(scores, labels, query.segments,
        opt.cutoffs)) do
        metrics[name] = metrics[name] or list
      end
    end
    return metrics
  end

  --- Evaluates recommenders on the same tasks. Each user's value of a metric is the mean over the
  -- draws, so that the interval speaks of users.
  -- @tparam table models list of recommenders
  -- @tparam Tasks tasks
  -- @tparam[opt] table options draws (default 5), cutoffs (of metrics of the first k, default
  -- {1, 3}), relevant (a rating: query items that a user rated so or higher are to be found, and
  -- the metrics of `metrics.ranking` say how well each query is ranked; default: none of them)
  -- @treturn table for each model a table by metric: mean, interval, tasks, skipped (see
  -- `metrics.summary`). A user whose metric does not exist in one of the draws is skipped.
  function cmml.evaluate(models, tasks, options)
    local opt = args.check("evaluate", options, { draws = { "integer", 5 },
      cutoffs = { "table", { 1, 3 } }, relevant = "number?" })
    args.check("evaluate", { tasks = tasks }, { tasks = "cmml.Tasks" })
    check_models(models)
    if opt.draws < 1 then
      error(("evaluate: draws must be at least 1, but is %d"):format(opt.draws), 2)
    elseif opt.relevant and opt.relevant - opt.relevant ~= 0 then -- infinite, or no number
      error(("evaluate: relevant must be a rating, not %g"):format(opt.relevant), 2)
    elseif tasks:count() == 0 then
      error("evaluate: there are no users to judge by", 2)
    end
    local values = {}
    for m in ipairs(models) do
      values[m] = {}
    end
    for draw = 1, opt.draws do
      local first = 0
      for batch in tasks:batches(draw) do
        for m, model in ipairs(models) do
          local scores = cmml.no_grad(function()
            local state = model:adapt_rows(batch.support, batch.users)
            return model:score_rows(state, batch.query.items, batch.query.segments)
          end)
          for name, list in pairs(judge(scores, batch.query, opt)) do
            local sums = values[m][name] or {}
            values[m][name] = sums
            for i, value in ipairs(list) do
              sums[first + i] = (sums[first + i] or 0) + value / opt.draws
            end
          end
        end
        first = first + #batch.query.segments
      end
    end
    local results = {}
    for m in ipairs(models) do
      results[m] = {}
      for name, list in pairs(values[m]) do
        results[m][name] = cmml.metrics.summary(list)
      end
    end
    return results
  end

  --- The results of `evaluate` as a Markdown table.
  -- @tparam table titles one a model
  -- @tparam table results
  -- @tparam[opt] table names metrics, in the order of the columns; default: mae, rmse, ndcg_exp@1,
  -- ndcg_exp@3
  -- @treturn string
  function cmml.format_results(titles, results, names)
    names = names or { "mae", "rmse", "ndcg_exp@1", "ndcg_exp@3" }
    local width = #"model"
    for _, title in ipairs(titles) do
      width = math.max(width, #title)
    end
    local lines = { ("| %-" .. width .. "s |"):format("model") }
    local rule = "|" .. ("-"):rep(width + 2) .. "|"
    for _, name in ipairs(names) do
      lines[1] = lines[1] .. (" %-15s |"):format(name)
      rule = rule .. ("-"):rep(math.max(15, #name) + 2) .. "|"
    end
    lines[2] = rule
    for m, result in ipairs(results) do
      local line = ("| %-" .. width .. "s |"):format(titles[m])
      for _, name in ipairs(names) do
        local metric = result[name]
        if not metric then
          error(("format_results: there is no metric %s; %s"):format(tostring(name),
            args.suggest(tostring(name), args.keys(result))), 2)
        end
        local cell = ("%.4f ± %.4f"):format(metric.mean, metric.interval)
        line = line .. (" %s%s |"):format(cell, (" "):rep(math.max(15, #name) - utf8.len(cell)))
      end
      lines[#lines + 1] = line
    end
    return table.concat(lines, "\n")
  end
end
