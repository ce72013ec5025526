-- Splits of scenario data: what is held out, and that nothing of it is anywhere else.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local stream = require "spec.support.stream"
local taken = require "spec.support.taken"
local core = cmml.core

local data = scenario_world.data(cmml)

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

-- Fails unless the parts hold every interaction of the whole once.
local function assert_partition(whole, parts)
  local sets = {}
  for p, part in ipairs(parts) do
    sets[p] = taken.sets(part)
  end
  local count = 0
  for u, items in ipairs(taken.sets(whole)) do
    for item in pairs(items) do
      local found = 0
      for _, set in ipairs(sets) do
        found = found + (set[u][item] and 1 or 0)
      end
      assert.equal(1, found)
      count = count + 1
    end
  end
  local together = 0
  for _, part in ipairs(parts) do
    together = together + #part.items
  end
  assert.equal(count, together)
end

describe("who took what, divided by chance", function()
  local lists = made_lists(300, 40)
  local all = taken.of(core, lists)

  it("loses nothing and takes nothing twice; every user keeps something", function()
    local parts = core.divide_taken(all, { 0.1, 0.2 }, { seed = 3 })
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
    local part = core.divide_taken(taken.of(core, short), { 0.1 }, { seed = 1 })[2]
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
      return taken.sets(core.divide_taken(taken.of(core, lists_), { 0.3 }, options)[2])
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

  it("refuses shares and lists that make no sense", function()
    refused("below 1 together", core.divide_taken, all, { 0.5, 0.5 }, {})
    refused("not negative", core.divide_taken, all, { -0.1 }, {})
    local falling = { users = core.segments { 2 }, items = core.ids { 2, 1 } }
    refused("rise within each list", core.divide_taken, falling, { 0.1 }, {})
    local short = { users = core.segments { 3 }, items = core.ids { 1, 2 } }
    refused("as many as its segments say", core.common_taken, short, short)
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
end)

describe("a split without leak", function()
  local split = data:split { seed = 4 }

  it("holds out a share of every user, in all scenarios", function()
    assert.is_false(split.leaky)
    assert_partition(data.interactions, { split.known, split.held_valid, split.held_test })
    assert.equal(split.background, split.known)
    assert.is_nil(split.fresh)
    local share = #split.held_test.items / #data.interactions.items
    assert.truthy(share > 0.17 and share < 0.21, share)
    for _, name in ipairs { "valid", "test" } do
      assert.is_nil(core.common_pairs(split.pairs[name], split.pairs.known))
    end
  end)

  it("gives each scenario one part, in the shares asked for", function()
    local seen = {}
    for _, part in ipairs { "train", "valid", "test" } do
      for _, s in ipairs(split[part]) do
        assert.is_nil(seen[s])
        seen[s] = part
      end
    end
    assert.equal(#data.scenarios, #split.train + #split.valid + #split.test + #split.left_out)
    assert.equal(math.floor(0.2 * #data.scenarios + 0.5), #split.test)
    assert.equal(math.floor(0.1 * #data.scenarios + 0.5), #split.valid)
    assert.not_same(split.test, data:split { seed = 5 }.test)
    assert.same(split.test, data:split { seed = 4, held_out = 0.5 }.test)
  end)

  it("keeps from the vectors what training asks for, with a query share", function()
    local apart = data:split { seed = 4, query_share = 0.3 }
    assert_partition(apart.known, { apart.background, apart.fresh })
    assert.same(split.known.items:totable(), apart.known.items:totable())
    assert.is_nil(core.common_pairs(apart.pairs.support, apart.pairs.query))
    local support = taken.sets(apart.background)
    local batch = apart:tasks { seed = 2 }:batches(1)()
    for _, rows in ipairs(taken.tasks(batch.query, { "users", "positives" })) do
      for _, row in ipairs(rows) do
        assert.is_nil(support[row[1]][row[2]])
      end
    end
  end)

  it("takes its share of every domain of a union", function()
    local joined = cmml.join_scenarios { data, (scenario_world.data(cmml, { seed = 2,
      scenarios = 10, name = "other" })) }
    local counts = {}
    for _, s in ipairs(joined:split().test) do
      local domain = joined.scenarios[s].domain
      counts[domain] = (counts[domain] or 0) + 1
    end
    assert.same({ world = math.floor(0.2 * #data.scenarios + 0.5), other = 2 }, counts)
  end)
end)

describe("the published split", function()
  local split = data:split { protocol = "published", support_pairs = 30 }

  it("is named leaky, and lets everything be learnt from", function()
    assert.is_true(split.leaky)
    assert.equal(data.interactions, split.known)
    assert.equal(0, #split.held_test.items)
  end)

  it("divides the users of a judged scenario, and leaves the others whole", function()
    local all = taken.pairs(core.scenario_pairs(data.interactions, split.candidates))
    local support, held = taken.pairs(split.pairs.support), taken.pairs(split.pairs.test)
    local judged = {}
    for _, part in ipairs { "valid", "test" } do
      for _, s in ipairs(split[part]) do
        judged[s] = true
      end
    end
    for s, pairs_ in ipairs(all) do
      if not judged[s] then
        assert.same(pairs_, support[s])
        assert.same({}, held[s])
      else
        local users, count, last = {}, {}, 0
        for _, pair in ipairs(support[s]) do
          users[pair[1]] = true
          count[pair[1]] = (count[pair[1]] or 0) + 1
          last = math.max(last, count[pair[1]])
        end
        for _, pair in ipairs(held[s]) do
          assert.is_nil(users[pair[1]])
        end
        assert.equal(#pairs_, #support[s] + #held[s])
        assert.truthy(#support[s] < 30 + last and #held[s] > 0)
      end
    end
  end)
end)

describe("what cannot be split", function()
  it("is refused with the reason", function()
    refused("scenario data were expected", cmml.split_scenarios, 3)
    refused("held_out is a share from 0 to below 1, not 1.5", data.split, data, { held_out = 1.5 })
    refused("held_out and valid_held_out must be below 1 together", data.split, data,
      { held_out = 0.6, valid_held_out = 0.5 })
    refused("protocol: \"none\" is none of no-leak, published", data.split, data,
      { protocol = "none" })
    refused("unknown option hold_out; did you mean held_out?", data.split, data,
      { hold_out = 0.1 })
    local single = taken.data(cmml, { { 1, 2 }, { 1, 2 } }, { { 1, 2 }, { 1 } })
    refused("scenario s2 has 1 items; a negative beside a positive needs two", single.split, single)
  end)

  it("leaves out training scenarios that no task can be drawn from, and says why", function()
    local few = taken.data(cmml, { { 1, 2, 5 }, { 3, 4, 5 } }, { { 1, 2, 3, 4 }, { 1, 5 },
      { 2, 3 } })
    local split = few:split { held_out = 0, valid_held_out = 0, test = 0, valid = 0,
      query_share = 0.3 }
    assert.equal(3, #split.train + #split.left_out)
    for _, entry in ipairs(split.left_out) do
      assert.matches("%d pairs to adapt to and %d to ask for", entry.reason)
    end
    local model = cmml.support_popularity(split:catalogue())
    refused("is counted, not trained", cmml.train, model, split)
  end)
end)
