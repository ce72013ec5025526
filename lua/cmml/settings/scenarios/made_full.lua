--- Made scenarios of the sizes of published ones: 100 to 999 items each, of which few are taken
-- often, by 300 users. What a training step costs depends on these sizes and on those of the draws,
-- not on what people like.
--
-- @module cmml.settings.scenarios.made_full
local stream = require "cmml.base.stream"

local n_users, n_items, n_scenarios, takers, taken = 10000, 5000, 250, 300, 5

return function(cmml)
  local function names(count)
    local vocab = cmml.data.vocab()
    for row = 1, count do
      vocab:add(row)
    end
    return vocab
  end

  --- Such data.
  -- @treturn ScenarioData of 10,000 users, 5,000 items and 250 scenarios
  return function()
    local draw, users, items, groups = stream(), {}, {}, {}
    for s = 1, n_scenarios do
      local size = math.floor(101 * 9.8 ^ ((draw(1 << 30) - 1) / (1 << 30)))
      local list = cmml.core.choose(n_items, size, { seed = s }):totable()
      groups[s] = { name = "scenario " .. s, items = list }
      for _ = 1, takers do
        local user = draw(n_users)
        for _ = 1, taken do
          users[#users + 1] = user
          items[#items + 1] = list[math.min(draw(#list), draw(#list))]
        end
      end
      for _, item in ipairs(list) do -- each has somebody who took it
        users[#users + 1], items[#items + 1] = draw(n_users), item
      end
    end
    return cmml.scenarios.data { name = "made", users = names(n_users), items = names(n_items),
      user_ids = cmml.ids(users), item_ids = cmml.ids(items), groups = groups }
  end
end
