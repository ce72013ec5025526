--- Groups of scenarios that share items: what task contexts are compared with, from the data alone.
--
-- @module cmml.experiment.item_groups
local plain = require "cmml.base.plain"

local item_groups = {}

--- What points (tables) have under a key.
-- @tparam table points
-- @tparam string key
-- @treturn table list
function item_groups.column(points, key)
  local list = {}
  for i, point in ipairs(points) do
    list[i] = point[key]
  end
  return list
end

-- The cosine of the sets of items of every two scenarios: [scenarios, scenarios].
local function similarities(core, scenarios, width)
  local n, places, counts = #scenarios, {}, {}
  for s, scenario in ipairs(scenarios) do
    local items = scenario.items:totable()
    counts[s] = { #items }
    for i, item in ipairs(items) do
      items[i] = (s - 1) * width + item
    end
    table.move(items, 1, #items, #places + 1, places)
  end
  local sets = core.scatter_add_rows(core.full({ n * width, 1 }, 0), core.full({ #places, 1 }, 1),
    core.ids(places)):reshape { n, width }
  sets = sets / core.sqrt(core.tensor(counts))
  return core.matmul(sets, sets:transpose(1, 2))
end

-- The scenarios of each group, most typical first: those most like the others of it.
local function typical(core, similar, clusters, k)
  local lists, likeness, members = {}, {}, {}
  for s, g in ipairs(clusters) do
    members[s] = {}
    for h = 1, k do
      members[s][h] = h == g and 1 or 0
    end
  end
  local sums = core.matmul(similar, core.tensor(members)):totable()
  for g = 1, k do
    lists[g] = {}
  end
  for s, g in ipairs(clusters) do
    table.insert(lists[g], s)
    likeness[s] = sums[s][g]
  end
  for _, list in ipairs(lists) do
    plain.sort(list, function(a, b)
      if likeness[a] ~= likeness[b] then
        return likeness[a] > likeness[b]
      end
      return a < b
    end)
  end
  return lists
end

--- The name of a scenario without that of its set, which those of a union have in front.
-- @tparam table scenario name, domain
-- @treturn string
function item_groups.short_name(scenario)
  local prefix = scenario.domain and scenario.domain .. ":" or ""
  local name = scenario.name
  return name:sub(1, #prefix) == prefix and #name > #prefix and name:sub(#prefix + 1) or name
end

-- The names of the groups of some scenarios, one a scenario.
local function divide(cmml, scenarios, n_items, k)
  local similar = similarities(cmml.core, scenarios, n_items)
  k = math.min(k, #scenarios)
  local clusters = cmml.analysis.kmeans(similar, { k = k, restarts = 50 }).clusters:totable()
  local names, groups = {}, {}
  for g, list in ipairs(typical(cmml.core, similar, clusters, k)) do
    local parts = {}
    for i = 1, math.min(3, #list) do
      parts[i] = item_groups.short_name(scenarios[list[i]])
    end
    names[g] = table.concat(parts, ", ")
  end
  for s, g in ipairs(clusters) do
    groups[s] = names[g]
  end
  return groups
end

--- Divides scenarios into groups by k-means on how much each shares with every other (the cosine of
-- their sets of items). No model and no interaction takes part. Domains, which share nothing, are
-- divided by themselves.
-- @tparam table cmml the library
-- @tparam ScenarioData data
-- @tparam integer k groups of all domains together, about; fewer scenarios are as many groups
-- @treturn {string,...} the group of each scenario, named by its three most typical ones
function item_groups.of(cmml, data, k)
  local lists, order, groups = {}, {}, {}
  for s, scenario in ipairs(data.scenarios) do
    local domain = scenario.domain or ""
    if not lists[domain] then
      order[#order + 1], lists[domain] = domain, {}
    end
    table.insert(lists[domain], s)
  end
  for _, domain in ipairs(order) do
    local scenarios = {}
    for i, s in ipairs(lists[domain]) do
      scenarios[i] = data.scenarios[s]
    end
    local found = divide(cmml, scenarios, #data.items, math.max(1, (k + #order // 2) // #order))
    for i, s in ipairs(lists[domain]) do
      groups[s] = found[i]
    end
  end
  return groups
end

return item_groups
