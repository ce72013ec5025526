--- `cmml experiment routes`: which modules a scenario goes through (CMML's Figure 4).
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local item_groups = require "cmml.experiment.item_groups"
local point_files = require "cmml.experiment.point_files"
local wrap = require("cmml.base.text").wrap
local raise = args.error

local shown = 30 -- rows of a heat map

return function(cmml, use)
  use "experiment.registry"
  local cells = use "experiment.cell"
  local context_cell = use "experiment.context_cell"
  local context_plan = use "experiment.context_plan"

  local function distance(a, b)
    local sum = 0
    for k, weight in ipairs(a.routes) do
      sum = sum + math.abs(weight - b.routes[k])
    end
    return sum
  end

  -- Points by a key, each list with the most interactions first.
  local function lists_by(points, key)
    local lists, at = {}, {}
    for _, point in ipairs(points) do
      local name = point[key] or ""
      if not at[name] then
        lists[#lists + 1] = {}
        at[name] = lists[#lists]
      end
      table.insert(at[name], point)
    end
    for _, list in ipairs(lists) do
      plain.sort(list, function(a, b)
        if a.pairs ~= b.pairs then
          return a.pairs > b.pairs
        end
        return a.name < b.name
      end)
    end
    return lists
  end

  -- Of each domain the two most different ones of its 20 largest; from one domain alone two pairs.
  local function contrasting(points)
    local chosen, lists = {}, lists_by(points, "domain")
    for _, list in ipairs(lists) do
      local left = table.move(list, 1, math.min(#list, 20), 1, {})
      for _ = 1, #lists == 1 and 2 or 1 do
        local best, first, second = -1, nil, nil
        for i = 1, #left do
          for j = i + 1, #left do
            local d = distance(left[i], left[j])
            if d > best then
              best, first, second = d, i, j
            end
          end
        end
        if first then
          chosen[#chosen + 1], chosen[#chosen + 2] = left[first], left[second]
          table.remove(left, second)
          table.remove(left, first)
        end
      end
    end
    return chosen
  end

  -- The scenarios of these names; in a union "metal" is found as "lastfm:metal", too.
  local function named(points, names)
    local chosen, missing = {}, {}
    for _, name in ipairs(names) do
      local found
      for _, point in ipairs(points) do
        if point.name == name or not found and point.domain
          and point.name == point.domain .. ":" .. name then
          found = point
        end
      end
      chosen[#chosen + 1] = found
      missing[#missing + 1] = not found and name or nil
    end
    return chosen, missing
  end

  -- The routes as matrices [from, to], the last a list.
  local function matrices(point, result)
    local m, gaps, k = result.modules, {}, 0
    for l = 1, result.depth do
      gaps[l] = {}
      for i = 1, m do
        local to = l < result.depth and m or 1
        gaps[l][i] = table.move(point.routes, k + 1, k + to, 1, {})
        k = k + to
      end
    end
    return gaps
  end

  -- Names of the columns, and bars over those of a gap between layers.
  local function columns_of(result)
    local names, spans, m = {}, {}, result.modules
    for l = 1, result.depth do
      local last = l == result.depth
      for i = 1, m do
        for j = 1, last and 1 or m do
          names[#names + 1] = ("%d\u{2192}%s"):format(i, last and "+" or j)
        end
      end
      spans[l] = { last and ("layer %d, sum"):format(l) or ("layer %d to %d"):format(l, l + 1),
        last and m or m * m }
    end
    return names, spans
  end

  -- The rows of a heat map: the largest scenarios of each group in turn, then in the order of
  -- groups.
  local function rows_of(points)
    local lists, rows, rank = lists_by(points, "group"), {}, 1
    local of = {}
    for g, list in ipairs(lists) do
      for _, point in ipairs(list) do
        of[point] = g
      end
    end
    while #rows < math.min(shown, #points) do
      for _, list in ipairs(lists) do
        rows[#rows + 1] = #rows < shown and list[rank] or nil
      end
      rank = rank + 1
    end
    plain.sort(rows, function(a, b)
      if a.domain ~= b.domain then
        return a.domain < b.domain
      elseif of[a] ~= of[b] then
        return of[a] < of[b]
      end
      return a.name < b.name
    end)
    return rows
  end

  local function heat_maps(number, row, result)
    local points, names, spans = rows_of(result.points), columns_of(result)
    local values, unlike, labels, mean = {}, {}, {}, {}
    for _, point in ipairs(result.points) do
      for k, weight in ipairs(point.routes) do
        mean[k] = (mean[k] or 0) + weight / #result.points
      end
    end
    for i, point in ipairs(points) do
      labels[i], values[i], unlike[i] = point.name, point.routes, {}
      for k, weight in ipairs(point.routes) do
        unlike[i][k] = 100 * (weight - mean[k])
      end
    end
    local note = ("%d of %d scenarios, by group; the probabilities of the routes %s each module "
      .. "sum to 1"):format(#points, #result.points, result.over == "targets" and "out of"
      or "into")
    return { point_files.file_name(number, row, "routes-heat-map.svg"), cmml.svg.heatmap {
      title = ("Routes of scenarios of %s: mean probabilities"):format(row), note = note,
      rows = labels, columns = names, spans = spans, values = values, low = 0,
      metric = "probability" } },
      { point_files.file_name(number, row, "routes-differences.svg"), cmml.svg.heatmap {
        title = ("Routes of scenarios of %s: difference to the mean of all"):format(row),
        note = "in hundredths; " .. note, rows = labels, columns = names, spans = spans,
        values = unlike, metric = "hundredths", decimals = 1, sided = true } }
  end

  local function graph(number, row, result, chosen)
    local panels = {}
    for i, point in ipairs(chosen) do
      panels[i] = { title = point.name, routes = matrices(point, result) }
    end
    return { point_files.file_name(number, row, "routes-graph.svg"), cmml.svg.routes {
      title = ("Routes of scenarios of %s"):format(row), panels = panels, across = 2, largest = 1,
      note = "mean probabilities; the strongest route into each module is labelled, unless it is "
        .. "below 0.05" } }
  end

  local function csv_of(result)
    local names, spans = columns_of(result)
    local lines = { { "scenario", "domain", "part", "group", "known_interactions" } }
    local k = 0
    for l, span in ipairs(spans) do
      for _ = 1, span[2] do
        k = k + 1
        table.insert(lines[1], ("%d:%s"):format(l, (names[k]:gsub("\u{2192}", ">"))))
      end
    end
    for i, p in ipairs(result.points) do
      lines[i + 1] = table.move(p.routes, 1, #p.routes, 6, { p.name, p.domain or "", p.part,
        p.group, p.pairs })
    end
    return point_files.csv(lines)
  end

  -- What there is beside the table: pictures and the routes.
  local function finish(plan, results, opt)
    local files, lines = {}, {}
    for d, drawn in ipairs(point_files.drawn(plan, results)) do
      local result = drawn.result
      local chosen, missing = contrasting(result.points), {}
      if opt.scenarios then
        chosen, missing = named(result.points, opt.scenarios)
      end
      table.move({ heat_maps(d, drawn.row, result) }, 1, 2, #files + 1, files)
      if #chosen > 0 then
        files[#files + 1] = graph(d, drawn.row, result, chosen)
      end
      files[#files + 1] = { point_files.file_name(d, drawn.row, "routes.csv"), csv_of(result) }
      local titles = item_groups.column(result.points, "name")
      for _, name in ipairs(missing) do
        local near = args.nearest(name, titles)
        lines[#lines + 1] = wrap(("%s has no scenario %s%s."):format(drawn.row, name,
          near and "; did you mean " .. near .. "?" or ""):gsub("%?%.$", "?"), 0, 79)
      end
    end
    return #lines > 0 and table.concat(lines, "\n") or nil, files
  end

  -- Raises where a preset has no routes: a model of each is made, on the small made world.
  local function check_routes(setting, plan)
    local settings = { setting = setting.name, options = { quick = true } }
    local _, data = cells.read(settings)
    local split = cells.split(setting, data, settings)
    for _, row in ipairs(plan.rows) do
      local model = cmml.recommenders[row.class.kind](setting.catalogue(split), row.model)
      if not model.network.modulation.route then
        raise(("experiment routes: preset %s has no routes: its modulation must be soft"):format(
          row.preset_name), 0)
      end
    end
  end

  local options = table.move(context_plan.options, 1, #context_plan.options, 1, {})
  options[#options + 1] = { name = "scenarios", list = "string", group = "rows", tunable = false,
    help = "names of scenarios whose routes are drawn as graphs",
    default_text = "two of each domain, as different as there are" }

  cmml.register_experiment {
    name = "routes", settings = { "scenarios" }, evaluates = false, options = options,
    summary = "routes of scenarios through the modules of soft modularisation, as heat map and "
      .. "graph (Figure 4)",
    plan = function(setting, opt)
      local plan = context_plan.make("routes", setting, opt, { "paper/scenario/soft" },
        "Routes of scenarios",
        { { name = "within", head = "difference within groups" },
          { name = "between", head = "difference between groups" },
          { name = "domains", head = "Rand index, domains" },
          { name = "groups", head = "Rand index, groups" } })
      check_routes(setting, plan)
      return plan
    end,
    cell = context_cell.routes, finish = finish,
  }
end
