--- `cmml experiment contexts`: where the contexts of scenarios lie (CMML's Figure 3).
--
-- @module cmml
local plain = require "cmml.base.plain"
local item_groups = require "cmml.experiment.item_groups"
local point_files = require "cmml.experiment.point_files"
local wrap = require("cmml.base.text").wrap

return function(cmml, use)
  use "experiment.registry"
  local context_cell = use "experiment.context_cell"
  local context_plan = use "experiment.context_plan"

  -- The names of groups, largest first.
  local function by_size(groups)
    local counts, order = {}, {}
    for _, group in ipairs(groups) do
      if not counts[group] then
        order[#order + 1] = group
      end
      counts[group] = (counts[group] or 0) + 1
    end
    plain.sort(order, function(a, b)
      if counts[a] ~= counts[b] then
        return counts[a] > counts[b]
      end
      return a < b
    end)
    return order
  end

  -- The pictures of one data set: both projections, coloured by domain if it has several, by group,
  -- and by the part that the scenarios had in training.
  local function pictures(number, row, result)
    local files, points = {}, result.points
    local names = {}
    for i, point in ipairs(points) do
      names[i] = item_groups.short_name(point)
    end
    local ways = { { key = "pca", title = "principal components", ticks = true,
      x = plain.format("first component (%.0f %% of the variance)", 100 * result.shares[1]),
      y = plain.format("second component (%.0f %%)", 100 * result.shares[2]) },
      { key = "tsne", title = "t-SNE", ticks = false } }
    local by = { { key = "group", text = "groups of scenarios that share items, named by their "
      .. "most typical ones" }, { key = "part", text = "what the scenario was for in training" } }
    if points[1].domain then
      table.insert(by, 1, { key = "domain", text = "domain" })
    end
    for _, way in ipairs(ways) do
      for _, colour in ipairs(by) do
        local groups = item_groups.column(points, colour.key)
        files[#files + 1] = { point_files.file_name(number, row, ("%s-by-%s.svg"):format(way.key,
          colour.key)), cmml.svg.scatter {
          title = ("Task contexts of %s: %s"):format(row, way.title),
          note = ("%d scenarios; colour and shape: %s"):format(#points, colour.text),
          points = item_groups.column(points, way.key), groups = groups, order = by_size(groups),
          names = names, x = way.x, y = way.y, ticks = way.ticks } }
      end
    end
    return files
  end

  local function csv_of(points)
    local lines = { { "scenario", "domain", "part", "group", "known_interactions", "pca_1", "pca_2",
      "tsne_1", "tsne_2" } }
    for i, p in ipairs(points) do
      lines[i + 1] = { p.name, p.domain or "", p.part, p.group, p.pairs, p.pca[1], p.pca[2],
        p.tsne[1], p.tsne[2] }
    end
    return point_files.csv(lines)
  end

  -- What there is beside the table: pictures and the coordinates.
  local function finish(plan, results)
    local files, lines = {}, {}
    for d, drawn in ipairs(point_files.drawn(plan, results)) do
      local points = drawn.result.points
      table.move(pictures(d, drawn.row, drawn.result), 1, 6, #files + 1, files)
      files[#files + 1] = { point_files.file_name(d, drawn.row, "contexts.csv"), csv_of(points) }
      local text = plain.format("%s: %d scenarios; the first two principal components hold %.0f "
        .. "and %.0f %% of the variance of their contexts%s.", drawn.row, #points,
        100 * drawn.result.shares[1], 100 * drawn.result.shares[2],
        drawn.result.note and "; " .. drawn.result.note or "")
      lines[#lines + 1] = wrap(text:gsub("%.%.$", "."), 0, 79)
    end
    return #lines > 0 and table.concat(lines, "\n") or nil, files
  end

  cmml.register_experiment {
    name = "contexts", settings = { "scenarios" }, evaluates = false,
    summary = "task contexts of all scenarios by PCA and t-SNE, and whether they tell groups apart "
      .. "(Figure 3)",
    options = context_plan.options,
    plan = function(setting, opt)
      return context_plan.make("contexts", setting, opt, nil, "Task contexts",
        { { name = "domains", head = "Rand index, domains" },
          { name = "groups", head = "Rand index, groups" } })
    end,
    cell = context_cell.contexts, finish = finish,
  }
end
