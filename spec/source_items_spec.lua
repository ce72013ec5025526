-- Items of the source domain that are drawn beside rows of the target domain, against the same in
-- plain Lua over its own Philox.
local cmml = require "cmml"
local philox = require "spec.support.philox"
local refused = require("spec.support.refused").with_text
local core = cmml.core

-- A domain of 6 items; the fourth user has taken all of it, the second nothing.
local lists = { { 2, 5 }, {}, { 6 }, { 1, 2, 3, 4, 5, 6 } }
local taken = { users = core.segments { 2, 0, 1, 6 },
  items = core.ids { 2, 5, 6, 1, 2, 3, 4, 5, 6 } }

-- A number below n of a word, where none is rejected (chance of that: n / 2^32).
local function below(word, n)
  return word * n >> 32
end

-- The place and label of a row.
local function drawn(user, item, options)
  local w = philox.words(3, { seed = (options.seed or 0) + 0x9E3779B97F4A7C15 * user,
    epoch = options.draw or 0, task = item - 1, stream = core.streams.source })
  local ratio = options.negatives or 0
  local uniform = ((w[1] >> 5) * 67108864.0 + (w[2] >> 6)) / 9007199254740992.0
  local label, of = uniform >= ratio / (ratio + 1) and 1 or 0, {}
  local has = {}
  for _, place in ipairs(lists[user]) do
    has[place] = true
  end
  for place = 1, 6 do
    of[#of + 1] = (has[place] ~= nil) == (label == 1) and place or nil
  end
  return #of > 0 and of[below(w[3], #of) + 1] or 7, label
end

local users, items = {}, {}
for user = 1, 4 do
  for item = 1, 50 do
    users[#users + 1], items[#items + 1] = user, item
  end
end

describe("draw_source_items", function()
  for _, options in ipairs { {}, { negatives = 1, seed = 3 }, { negatives = 3, draw = 7 },
    { negatives = 0.5, seed = 11, draw = 0xffffffff } } do
    it(("draws what plain Lua draws: %g negatives"):format(options.negatives or 0), function()
      local places, labels = core.draw_source_items(taken, 6, core.ids(users), core.ids(items),
        options)
      places, labels = places:totable(), labels:totable()
      for i in ipairs(users) do
        local place, label = drawn(users[i], items[i], options)
        assert.same({ place, label }, { places[i], labels[i] }, i)
      end
    end)
  end

  it("gives padding where there is no item of the sort", function()
    local places, labels = core.draw_source_items(taken, 6, core.ids { 2, 4 }, core.ids { 1, 1 },
      {})
    assert.same({ 1, 1 }, labels:totable()) -- never a negative without negatives
    assert.equal(7, places:totable()[1])
    assert.is_true(places:totable()[2] <= 6)
    places, labels = core.draw_source_items(taken, 6, core.ids { 4 }, core.ids { 1 },
      { negatives = 1e18 })
    assert.same({ 7, 0 }, { places:totable()[1], labels:totable()[1] }) -- all of it is taken
    places = core.draw_source_items({ users = core.segments { 0 }, items = core.ids {} }, 0,
      core.ids { 1 }, core.ids { 1 }, { negatives = 1 })
    assert.same({ 1 }, places:totable())
  end)

  it("depends on the row alone, and draws in the expected shares", function()
    local n, first, second = 4000, {}, {}
    for i = 1, n do
      first[i], second[i] = 1, i
    end
    local all, labels = core.draw_source_items(taken, 6, core.ids(first), core.ids(second),
      { seed = 2, negatives = 3 })
    local some = core.draw_source_items(taken, 6, core.ids { 1, 1 }, core.ids { 17, 3999 },
      { seed = 2, negatives = 3 })
    all = all:totable()
    assert.same({ all[17], all[3999] }, some:totable())
    local share = labels:mean():item() -- 1/4, with a deviation of 0.007
    assert.near(0.25, share, 0.03)
    local counts = { 0, 0, 0, 0, 0, 0, 0 }
    for _, place in ipairs(all) do
      counts[place] = counts[place] + 1
    end
    for place = 1, 6 do -- 2 and 5 are taken
      local expected = (place == 2 or place == 5) and n / 8 or n * 3 / 16
      assert.near(expected, counts[place], 100)
    end
    assert.equal(0, counts[7])
  end)

  it("refuses what does not fit", function()
    local one = core.ids { 1 }
    refused("place 6 of a domain of 5 items", core.draw_source_items, taken, 5, one, one, {})
    refused("1 users, but 2 items", core.draw_source_items, taken, 6, one, core.ids { 1, 2 }, {})
    refused("users from 5 to 5 of 4", core.draw_source_items, taken, 6, core.ids { 5 }, one, {})
    refused("users from 0 to 0 of 4", core.draw_source_items, taken, 6, core.ids { 0 }, one, {})
    for _, ratio in ipairs { -1, math.huge, 0 / 0 } do
      refused("must be finite and not negative", core.draw_source_items, taken, 6, one, one,
        { negatives = ratio })
    end
    refused("not negative and below", core.draw_source_items, taken, -1, one, one, {})
    refused("strictly ascending", core.draw_source_items, { users = core.segments { 2 },
      items = core.ids { 2, 1 } }, 6, one, one, {})
  end)
end)
