--- A small made world for runs that take seconds: items are of two kinds that no field tells, and a
-- person loves one and hates the other, so that only what a person rated can tell what comes next.
--
-- @module cmml.settings.users.made
local stream = require "cmml.base.stream"

return function(cmml)
  --- Ratings of that world.
  -- @treturn Dataset of 120 users and 24 items
  return function()
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
end
