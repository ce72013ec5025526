--- A small made world for runs that take seconds: items are of two kinds that no field tells, and a
-- person loves one and hates the other, so that only what a person did can tell what comes next.
--
-- @module cmml.experiment.made
local made = {}

-- A number from 1 to n that is the same everywhere.
local function stream()
  local state = 3
  return function(n)
    state = state * 6364136223846793005 + 1442695040888963407
    return ((state >> 33) % n) + 1
  end
end

--- Ratings of that world.
-- @tparam table cmml the library
-- @treturn Dataset of 120 users and 24 items
function made.ratings(cmml)
  local draw, ratings, items, users = stream(), {}, {}, {}
  for i = 1, 24 do
    items[i] = { id = "i" .. i, title = "Item " .. i, color = "color" .. i % 5 }
  end
  for u = 1, 120 do
    local loves, rated, left = draw(2) - 1, {}, 14
    users[u] = { id = "u" .. u }
    while left > 0 do
      local i = draw(24)
      if not rated[i] then
        rated[i], left = true, left - 1
        ratings[#ratings + 1] = { "u" .. u, "i" .. i,
          (i % 2 == loves and 4 or 1) + (draw(3) - 1) / 2 }
      end
    end
  end
  return cmml.dataset { name = "made", ratings = ratings, items = items, users = users,
    schema = cmml.data.schema { item = { { "color" } } } }
end

--- The filters of its scenarios where nothing is said.
made.filters = { min_items = 10, max_items = 100 }

--- Scenarios of a made world: users and items are of four kinds, users take items of their own kind
-- far more often than others, and a scenario is half of the items of two kinds.
-- @tparam table cmml the library
-- @tparam[opt] table filters min_items (default 10), max_items (default 100)
-- @treturn ScenarioData of 96 users, 160 items and 16 scenarios
-- @treturn ?string message instead, where the filters leave none
function made.scenarios(cmml, filters)
  local draw, interactions, groups = stream(), {}, {}
  for u = 1, 96 do
    for i = 1, 160 do
      if draw(100) <= (u % 4 == i % 4 and 40 or 5) then
        interactions[#interactions + 1] = { "u" .. u, "i" .. i }
      end
    end
  end
  for s = 1, 16 do
    local items = {}
    for i = 1, 160 do
      local kind = i % 4
      if (kind == s % 4 or kind == (s + 1 + s // 4) % 4) and draw(2) == 1 then
        items[#items + 1] = "i" .. i
      end
    end
    groups[s] = { name = "scenario " .. s, items = items }
  end
  return cmml.scenario_data { name = "made", interactions = interactions, groups = groups,
    unknown = "skip", min_items = filters and filters.min_items or made.filters.min_items,
    max_items = filters and filters.max_items or made.filters.max_items, raises = false }
end

return made
