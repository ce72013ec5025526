--- A small made world for runs that take seconds: users and items are of four kinds, users take
-- items of their own kind far more often than others, and a scenario is half of the items of two
-- kinds; some items lie in none.
--
-- @module cmml.settings.scenarios.made
local stream = require "cmml.base.stream"

-- The filters where nothing is said.
local least, most = 10, 100

return function(cmml)
  --- Scenarios of that world.
  -- @tparam[opt] table filters min_items (default 10), max_items (default 100)
  -- @treturn ?ScenarioData of 96 users, 184 items and 16 scenarios
  -- @treturn ?string message instead, where the filters leave none
  return function(filters)
    local draw, interactions, groups = stream(), {}, {}
    -- Who takes the items from one number to another.
    local function take(first, last)
      for u = 1, 96 do
        for i = first, last do
          if draw(100) <= (u % 4 == i % 4 and 40 or 5) then
            interactions[#interactions + 1] = { "u" .. u, "i" .. i }
          end
        end
      end
    end
    take(1, 160)
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
    take(161, 184) -- these are in no group
    return cmml.scenarios.data { name = "made", interactions = interactions, groups = groups,
      unknown = "skip", min_items = filters and filters.min_items or least,
      max_items = filters and filters.max_items or most, raises = false }
  end
end
