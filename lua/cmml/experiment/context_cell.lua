--- The cells of `contexts` and `routes`: a model learns from some scenarios; all are looked at.
--
-- @module cmml
local item_groups = require "cmml.experiment.item_groups"

return function(cmml, use)
  local cells = use "experiment.cell"
  local core, context_cell = cmml.core, {}

  -- The supports of all scenarios, from what may be learnt from, as the model's preset draws them.
  local function tasks_of(model, split, settings, query)
    local all, training = {}, model.training or {}
    for s = 1, #split.data.scenarios do
      all[s] = s
    end
    return split:tasks { scenarios = all, query = query, seed = settings.context.seed,
      support = settings.training.support or training.support,
      support_negatives = settings.training.support_negatives or training.support_negatives,
      order = training.order, negatives = training.negatives }
  end

  -- The mean over draws of what a function gives for the tasks of a batch: [scenarios, ..].
  local function mean_over_draws(tasks, draws, f)
    local sum
    for draw = 1, draws do
      local list = {}
      for batch in tasks:batches(draw) do
        list[#list + 1] = f(batch)
      end
      local all = core.concat(list, 1)
      sum = sum and sum + all or all
    end
    return sum * (1 / draws)
  end

  -- What is known of each scenario.
  local function describe(split, settings)
    local points, data = {}, split.data
    local groups = item_groups.of(cmml, data, settings.context.groups)
    local pairs_of = split.pairs.known.scenarios:totable()
    for s, scenario in ipairs(data.scenarios) do
      points[s] = { name = scenario.name, domain = scenario.domain, part = "left out",
        group = groups[s], pairs = pairs_of[s] }
    end
    for _, part in ipairs { "train", "valid", "test" } do
      for _, s in ipairs(split[part]) do
        points[s].part = part
      end
    end
    return points
  end

  -- How far clusters of the rows of x agree with a grouping; as many clusters as groups.
  local function agreement(x, groups)
    local seen, k = {}, 0
    for _, group in ipairs(groups) do
      k = k + (seen[group] and 0 or 1)
      seen[group] = true
    end
    local found = cmml.analysis.kmeans(x, { k = k, restarts = 20 })
    return cmml.analysis.adjusted_rand_index(found.clusters, groups)
  end

  -- The metrics that both experiments have.
  local function metrics_of(x, points)
    local metrics = { groups = { agreement(x, item_groups.column(points, "group")) } }
    if points[1].domain then
      metrics.domains = { agreement(x, item_groups.column(points, "domain")) }
    end
    return metrics
  end

  --- A cell of `contexts`.
  -- @tparam table settings those of a cell, and context: groups (how many), draws and seed (of
  -- supports)
  -- @tparam function tell see `cells.compute`
  -- @treturn table metrics (by name a list of one number), points (list of {name, domain, part,
  -- group, pairs, pca, tsne}), shares, note
  function context_cell.contexts(settings, tell)
    local _, split, model = cells.learn(settings, tell)
    local tasks = tasks_of(model, split, settings, 0)
    local contexts = mean_over_draws(tasks, settings.context.draws, function(batch)
      return model:state_of(batch.support).context
    end)
    local points = describe(split, settings)
    local pca, tsne = cmml.analysis.pca(contexts), cmml.analysis.tsne(contexts)
    local first, second = pca.coordinates:totable(), tsne.coordinates:totable()
    for s, point in ipairs(points) do
      point.pca, point.tsne = first[s], second[s]
    end
    return { metrics = metrics_of(contexts, points), points = points, shares = pca.shares,
      note = tsne.note }
  end

  -- Half the sum of the differences between distributions: 0 for equal ones, 1 for those that share
  -- nothing; the mean over pairs of scenarios of one group, and over all others.
  local function distances(routes, points, distributions)
    local sums, counts = { within = 0, between = 0 }, { within = 0, between = 0 }
    for s, point in ipairs(points) do
      local row = (routes - routes:slice(1, s, s)):abs():sum(2):totable()
      for other, distance in ipairs(row) do
        local kind = points[other].group == point.group and "within" or "between"
        if other ~= s then
          sums[kind] = sums[kind] + distance / (2 * distributions)
          counts[kind] = counts[kind] + 1
        end
      end
    end
    return sums.within / counts.within, sums.between / counts.between
  end

  --- A cell of `routes`.
  -- @tparam table settings see `contexts`
  -- @tparam function tell see `cells.compute`
  -- @treturn table metrics, points (list of {name, domain, part, group, pairs, routes: a list of
  -- numbers}), depth, modules, over
  function context_cell.routes(settings, tell)
    local _, split, model = cells.learn(settings, tell)
    local modulation = model.network.modulation
    local tasks = tasks_of(model, split, settings, 128)
    local routes = mean_over_draws(tasks, settings.context.draws, function(batch)
      local rows, columns = core.paired_rows(batch.query), {}
      local _, parts = core.no_grad(model.score_rows, model, model:state_of(batch.support), rows,
        { parts = true })
      for l, weights in ipairs(parts.route) do
        columns[l] = core.segment_mean(weights:reshape { rows.segments:rows(), -1 }, rows.segments)
      end
      return core.concat(columns, 2)
    end)
    local points, list = describe(split, settings), routes:totable()
    for s, point in ipairs(points) do
      point.routes = list[s]
    end
    local m, metrics = modulation.modules, metrics_of(routes, points)
    local within, between = distances(routes, points, (modulation.depth - 1) * m + 1)
    metrics.within, metrics.between = { within }, { between }
    return { metrics = metrics, points = points, depth = modulation.depth, modules = m,
      over = modulation.over }
  end

  return context_cell
end
