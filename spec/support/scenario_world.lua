--- A made world of scenarios whose truth is known: items and users are of clusters, and a user
-- takes items of the own cluster far more often than others, good items more often than bad ones.
-- A scenario is a group of items from two clusters, and groups overlap.
local stream = require "spec.support.stream"

local scenario_world = {}

-- A list of `take` different numbers from 1 to n, rising.
local function choose(draw, n, take)
  local chosen, list = {}, {}
  while take > 0 do
    local k = draw(n)
    if not chosen[k] then
      chosen[k], take = true, take - 1
    end
  end
  for k = 1, n do
    list[#list + 1] = chosen[k] and k or nil
  end
  return list
end

--- The world as options of `cmml.scenario_data`, and its truth.
-- @tparam[opt] table options users (96), items (160), clusters (4), scenarios (16), size (items of
-- a scenario, 40), seed (1), name ("world"), outside (further items that lie in no scenario, 0)
-- @treturn table options of `scenarios.data`: interactions and groups in raw ids ("u1", "i1",
-- "tag1"), min_items 10, max_items 100
-- @treturn table user_cluster, item_cluster (by number, from 1), good (by number of the item),
-- chance (function of user and item: with what probability the user takes it)
function scenario_world.make(options)
  options = options or {}
  local n_users, n_items = options.users or 96, options.items or 160
  local n_clusters, n_scenarios = options.clusters or 4, options.scenarios or 16
  local draw = stream(options.seed or 1)
  local truth = { user_cluster = {}, item_cluster = {}, good = {} }
  local members = {}
  for c = 1, n_clusters do
    members[c] = {}
  end
  for i = 1, n_items do
    local cluster = (i - 1) % n_clusters + 1
    truth.item_cluster[i], truth.good[i] = cluster, draw(3) == 1
    table.insert(members[cluster], i)
  end
  for u = 1, n_users do
    truth.user_cluster[u] = (u - 1) % n_clusters + 1
  end
  function truth.chance(u, i)
    local own = truth.user_cluster[u] == truth.item_cluster[i]
    return (own and 0.3 or 0.03) * (truth.good[i] and 2 or 1)
  end
  local world = { name = options.name or "world", interactions = {}, groups = {}, min_items = 10,
    max_items = 100 }
  for u = 1, n_users do
    for i = 1, n_items do
      if draw(10000) <= 10000 * truth.chance(u, i) then
        table.insert(world.interactions, { "u" .. u, "i" .. i })
      end
    end
  end
  for s = 1, n_scenarios do
    local items = {}
    for k = 0, 1 do
      local pool = members[(s + k * (1 + s // n_clusters) - 1) % n_clusters + 1]
      for _, m in ipairs(choose(draw, #pool, math.min(#pool, (options.size or 40) // 2))) do
        items[#items + 1] = "i" .. pool[m]
      end
    end
    world.groups[s] = { name = "tag" .. s, items = items }
  end
  for i = n_items + 1, n_items + (options.outside or 0) do
    truth.item_cluster[i], truth.good[i] = (i - 1) % n_clusters + 1, draw(3) == 1
    for u = 1, n_users do
      if draw(10000) <= 10000 * truth.chance(u, i) then
        table.insert(world.interactions, { "u" .. u, "i" .. i })
      end
    end
  end
  world.unknown = "skip" -- an item that nobody took is in no list of interactions
  return world, truth
end

--- The data set of that world.
-- @tparam table cmml the library
-- @tparam[opt] table options of `make`
-- @treturn ScenarioData
-- @treturn table truth
function scenario_world.data(cmml, options)
  local world, truth = scenario_world.make(options)
  return cmml.scenarios.data(world), truth
end

return scenario_world
