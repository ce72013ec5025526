--- A small made world of sequences, for runs that take seconds: people go round rings of items,
-- most often one step on, and know a ring by its colour.
--
-- @module cmml.settings.sequences.made

-- Sizes of the world.
local rings, ring, people, shortest, longest = 8, 12, 240, 5, 14

return function(cmml, use)
  use "settings.sequences.data"
  local core = cmml.core

  --- The made world.
  -- @treturn SequenceData
  return function()
    local dice = core.uniform({ people, longest + 3 }, 0, 1, { seed = 7 }):totable()
    local interactions, items = {}, {}
    for r = 1, rings do
      for i = 1, ring do
        items[#items + 1] = { id = ("r%di%d"):format(r, i), title = ("ring %d, %d"):format(r, i),
          colour = "colour " .. r, size = i }
      end
    end
    for user = 1, people do
      local d = dice[user]
      local r, at = math.floor(d[1] * rings) + 1, math.floor(d[2] * ring)
      local length = shortest + math.floor(d[3] * (longest - shortest + 1))
      for k = 1, length do
        interactions[#interactions + 1] = { "u" .. user, ("r%di%d"):format(r, at % ring + 1),
          user * 1000 + k }
        at = at + (d[3 + k] < 0.8 and 1 or 2)
      end
    end
    return cmml.sequences.data { name = "made", interactions = interactions, items = items }
  end
end
