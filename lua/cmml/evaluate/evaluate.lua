--- Evaluation: adapt to each test user's support, predict the query, compare.
--
-- @module cmml
local args = require "cmml.base.args"
local error = args.error

return function(cmml)
  local function check_models(models)
    if type(models) ~= "table" or #models == 0 then
      error("evaluate: a list of recommenders was expected", 3)
    end
    for m, model in ipairs(models) do
      if type(model) ~= "table" or not model.adapt_rows then
        error(("evaluate: entry %d of the list must be a recommender, not %s"):format(m,
          type(model)), 3)
      elseif model.setting == "scenario" then
        error(("evaluate: entry %d, %s, ranks in scenarios: evaluate_ranking judges it"):format(m,
          model.kind), 3)
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
  -- `metrics.summary`), and values, one a user. A user whose metric does not exist in one of the
  -- draws is skipped.
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
        results[m][name].values = list
      end
    end
    return results
  end

  --- Evaluates recommenders on supports of several sizes. The query of a user's draw is the same
  -- for every size, and a smaller support is the beginning of a larger one, so only what was shown
  -- makes a difference. A user with fewer ratings than a size beside the query shows them all.
  -- @tparam table models list of recommenders
  -- @tparam Tasks tasks whose own support does not count
  -- @tparam table sizes list of supports, such as {0, 1, 2, 5, 10, 20, 40}
  -- @tparam[opt] table options draws, cutoffs, relevant: see `evaluate`
  -- @treturn table for each size what `evaluate` gives
  function cmml.evaluate_by_support(models, tasks, sizes, options)
    args.check("evaluate_by_support", { tasks = tasks, sizes = sizes },
      { tasks = "cmml.Tasks", sizes = "table" })
    local by_size = {}
    for i, size in ipairs(sizes) do
      by_size[i] = cmml.evaluate(models, tasks:with_support(size), options)
    end
    return by_size
  end

  -- A Markdown table of "mean ± interval": metric(m, c) is the metric of row m in column c.
  local function format_table(titles, heads, leaky, metric)
    local corner = leaky and "model (leaky)" or "model"
    local width = #corner
    for _, title in ipairs(titles) do
      width = math.max(width, #title)
    end
    local lines = { ("| %-" .. width .. "s |"):format(corner) }
    local rule = "|" .. ("-"):rep(width + 2) .. "|"
    for _, head in ipairs(heads) do
      lines[1] = lines[1] .. (" %-15s |"):format(head)
      rule = rule .. ("-"):rep(math.max(15, #head) + 2) .. "|"
    end
    lines[2] = rule
    for m, title in ipairs(titles) do
      local line = ("| %-" .. width .. "s |"):format(title)
      for c, head in ipairs(heads) do
        local value = metric(m, c)
        local cell = ("%.4f ± %.4f"):format(value.mean, value.interval)
        line = line .. (" %s%s |"):format(cell, (" "):rep(math.max(15, #head) - utf8.len(cell)))
      end
      lines[#lines + 1] = line
    end
    return table.concat(lines, "\n")
  end

  local function metric_of(what, result, name)
    if not result then
      error(what .. ": there are more titles or sizes than results", 5)
    end
    return result[name] or error(("%s: there is no metric %s; %s"):format(what, tostring(name),
      args.suggest(tostring(name), args.keys(result))), 5)
  end

  --- The results of `evaluate` as a Markdown table.
  -- @tparam table titles one a model
  -- @tparam table results
  -- @tparam[opt] table names metrics, in the order of the columns; default: mae, rmse, ndcg_exp@1,
  -- ndcg_exp@3
  -- @tparam[opt=false] boolean leaky what was judged had been learnt from: the table says so
  -- @treturn string; a line after the table says where `evaluate_ranking` could not check for leaks
  function cmml.format_results(titles, results, names, leaky)
    names = names or { "mae", "rmse", "ndcg_exp@1", "ndcg_exp@3" }
    local text = format_table(titles, names, leaky, function(m, c)
      return metric_of("format_results", results[m], names[c])
    end)
    return text .. (results.unchecked
      and "\n\nleaks could not be checked: the vectors or counts are from a file" or "")
  end

  --- One metric of the results of `evaluate_by_support` as a Markdown table, a column a size.
  -- @tparam table titles one a model
  -- @tparam table sizes as they were evaluated
  -- @tparam table by_size
  -- @tparam[opt="mae"] string name of the metric
  -- @tparam[opt=false] boolean leaky see `format_results`
  -- @treturn string
  function cmml.format_by_support(titles, sizes, by_size, name, leaky)
    local heads = {}
    for i, size in ipairs(sizes) do
      heads[i] = ("support %d"):format(size)
    end
    return format_table(titles, heads, leaky, function(m, c)
      return metric_of("format_by_support", by_size[c] and by_size[c][m], name or "mae")
    end)
  end
end
