-- Who took what: divided by chance, and as pairs of scenarios.
local refused = require("spec.support.refused").with_text
local stream = require "spec.support.stream"
local taken = require "spec.support.taken"
local core = require "cmml.core"
local assert_partition = taken.assert_partition

-- Lists of items by user, some of them empty or short.
local function made_lists(n_users, n_items)
  local draw, lists = stream(5), {}
  for u = 1, n_users do
    lists[u] = {}
    for i = 1, n_items do
      lists[u][#lists[u] + 1] = draw(n_items) <= u % 12 and i or nil
    end
  end
  return lists
end

describe("who took what, divided by chance", function()
  local lists = made_lists(300, 40)
  local all = taken.of(core, lists)

  it("loses nothing and takes nothing twice; every user keeps something", function()
    local parts = core.divide_interactions(all, { 0.1, 0.2 }, { seed = 3 })
    assert.equal(3, #parts)
    assert_partition(all, parts)
    local kept, first, second = parts[1].users:totable(), parts[2].users:totable(),
      parts[3].users:totable()
    for u, list in ipairs(lists) do
      local n = #list
      assert.truthy(n == 0 or kept[u] > 0)
      if n < 3 then
        assert.equal(n, kept[u])
      else
        assert.truthy(math.abs(first[u] - 0.1 * n) < 1 and math.abs(second[u] - 0.2 * n) < 1)
      end
    end
  end)

  it("takes the share on average, of short lists too, and every item as often", function()
    local n, total, counts = 3000, 0, { 0, 0, 0, 0 }
    local short = {}
    for u = 1, n do
      short[u] = { 1, 2, 3, 4 }
    end
    local part = core.divide_interactions(taken.of(core, short), { 0.1 }, { seed = 1 })[2]
    for _, item in ipairs(part.items:totable()) do
      total, counts[item] = total + 1, counts[item] + 1
    end
    assert.truthy(math.abs(total / (4 * n) - 0.1) < 0.01, total)
    for _, count in ipairs(counts) do
      assert.truthy(math.abs(count / n - 0.1) < 0.02, count)
    end
  end)

  it("depends on seed, choice and user alone", function()
    local function divided(lists_, options)
      return taken.sets(core.divide_interactions(taken.of(core, lists_), { 0.3 }, options)[2])
    end
    local whole = divided(lists, { seed = 7 })
    local other = made_lists(300, 40)
    other[1] = { 1, 2, 3, 4, 5, 6, 7 }
    local changed = divided(other, { seed = 7 })
    for u = 2, 300 do
      assert.same(whole[u], changed[u])
    end
    assert.not_same(whole, divided(lists, { seed = 8 }))
    assert.not_same(whole, divided(lists, { seed = 7, choice = 1 }))
  end)

  it("takes nothing of a list without items, however few are enough", function()
    local parts = core.divide_interactions(taken.of(core, { {}, { 1, 2 }, {} }), { 0.9 },
      { least = 0 })
    assert.same({ 0, 1, 0 }, parts[1].users:totable())
    assert.same({ 0, 1, 0 }, parts[2].users:totable())
  end)

  it("refuses shares and lists that make no sense", function()
    refused("with a sum below 1", core.divide_interactions, all, { 0.5, 0.5 }, {})
    refused("not negative", core.divide_interactions, all, { -0.1 }, {})
    local falling = { users = core.segments { 2 }, items = core.ids { 2, 1 } }
    refused("strictly ascending within each list", core.divide_interactions, falling, { 0.1 }, {})
    local short = { users = core.segments { 3 }, items = core.ids { 1, 2 } }
    refused("as many as the segments cover", core.common_interactions, short, short)
  end)
end)

describe("pairs of scenarios", function()
  it("are what a plain walk finds, in order", function()
    local lists = made_lists(60, 30)
    local draw, scenarios = stream(9), {}
    for s = 1, 6 do
      scenarios[s] = {}
      for i = 1, 30 do
        scenarios[s][#scenarios[s] + 1] = draw(3) == 1 and i or nil
      end
    end
    local items = taken.of(core, scenarios)
    local candidates = { scenarios = items.users, items = items.items }
    local found = core.scenario_pairs(taken.of(core, lists), candidates)
    local by_scenario = taken.pairs(found)
    for s, list in ipairs(scenarios) do
      local of, expected = {}, {}
      for _, item in ipairs(list) do
        of[item] = true
      end
      for u, user_items in ipairs(lists) do
        for _, item in ipairs(user_items) do
          expected[#expected + 1] = of[item] and { u, item } or nil
        end
      end
      assert.same(expected, by_scenario[s])
      local users, last = {}, nil
      for _, pair in ipairs(expected) do
        users[#users + 1] = pair[1] ~= last and pair[1] or nil
        last = pair[1]
      end
      assert.same(users, core.pair_users(found, s):totable())
    end
    assert.same({ 1, by_scenario[1][1][1], by_scenario[1][1][2] },
      { core.common_pairs(found, found) })
  end)

  -- A user who stands in two places would be moved twice, beyond the room for what is kept.
  it("are not divided where they do not rise", function()
    local function divide(scenarios, users, items)
      return core.divide_pairs({ scenarios = core.segments(scenarios), users = core.ids(users),
        items = core.ids(items) }, core.ids { 2 }, 1, 1)
    end
    refused("user 2, item 4 after user 3, item 2 in scenario 2", divide, { 1, 7 },
      { 9, 2, 3, 3, 2, 4, 2, 2 }, { 1, 1, 1, 2, 4, 5, 6, 7 })
    refused("user 2, item 1 after user 2, item 1 in scenario 2", divide, { 0, 2 }, { 2, 2 },
      { 1, 1 })
    local kept, moved = divide({ 2, 2 }, { 9, 8, 1, 2 }, { 1, 1, 1, 1 })
    assert.same({ { 2, 1 }, { 0, 1 } }, { kept.scenarios:totable(), moved.scenarios:totable() })
  end)
end)

describe("lists to rank", function()
  -- Each list that is removed takes places on the stack, of which a new coroutine has few.
  it("leave out what stands in any of many lists", function()
    local removed = {}
    for i = 1, 16 do
      removed[i] = { users = core.segments { 1 }, items = core.ids { i } }
    end
    local all = {}
    for i = 1, 20 do
      all[i] = i
    end
    local candidates = { scenarios = core.segments { 20 }, items = core.ids(all) }
    local held = { scenarios = core.segments { 1 }, users = core.ids { 1 },
      items = core.ids { 18 } }
    local rank = coroutine.wrap(core.ranking_rows)
    assert.same({ 17, 18, 19, 20 },
      rank(candidates, 1, held, removed, core.ids { 1 }).items:totable())
    removed[17] = removed[1]
    refused("too many: at most 16", core.ranking_rows, candidates, 1, held, removed,
      core.ids { 1 })
  end)
end)
