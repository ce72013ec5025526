-- Full ranking: exact on cases small enough for the hand; what cannot be ranked is refused.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local stub = require "spec.support.stub"
local taken = require "spec.support.taken"
local core = cmml.core

local data = scenario_world.data(cmml)
local split = data:split { seed = 3, query_fraction = 0.2 }
local popularity = cmml.recommenders.popularity(split:catalogue())

-- A recommender that gives each pair what a function of user and item says.
local function scorer(score)
  return stub(cmml, "scenarios", function()
    return {}
  end, function(_, _, rows)
    local scores, of = {}, rows.users:totable()
    for i, item in ipairs(rows.items:totable()) do
      scores[i] = score(of[i], item)
    end
    return core.tensor(scores)
  end, split:catalogue())
end

describe("full ranking", function()
  it("has the recall that a plain walk finds, pair by pair, in a fixed order", function()
    local function score(user, item)
      return (user * 7919 + item * 104729) % 1009
    end
    local found = cmml.evaluate({ scorer(score) }, split, { cutoffs = { 3, 10 },
      chunk = 50 })
    local known, valid, held = taken.sets(split.known), taken.sets(split.held_valid),
      taken.sets(split.held_test)
    local n = 0
    for i, s in ipairs(split.test) do
      local sum, count = 0, 0
      for user = 1, #data.users do
        local list, positives = {}, 0
        for _, item in ipairs(data.scenarios[s].items:totable()) do
          if not known[user][item] and not valid[user][item] then
            list[#list + 1] = item
            positives = positives + (held[user][item] and 1 or 0)
          end
        end
        if positives > 0 then
          table.sort(list, function(a, b)
            return score(user, a) > score(user, b)
          end)
          n = n + 1
          assert.equal(s, found.pairs.scenario[n])
          assert.equal(user, found.pairs.user[n])
          for _, k in ipairs { 3, 10 } do
            local hits = 0
            for rank = 1, math.min(k, #list) do
              hits = hits + (held[user][list[rank]] and 1 or 0)
            end
            local metric = found[1][("recall@%d"):format(k)]
            assert.truthy(math.abs(metric.values[n] - hits / positives) < 1e-12)
            sum, count = sum + (k == 3 and hits / positives or 0), count + (k == 3 and 1 or 0)
          end
        end
      end
      assert.truthy(math.abs(found[1]["recall@3"].by_scenario[i] - sum / count) < 1e-12)
    end
    assert.equal(n, #found[1]["recall@3"].values)
    assert.equal(n, found[1]["recall@3"].tasks)
    assert.same(split.test, found.scenarios)
  end)

  it("gives a constant model what chance gives", function()
    local found = cmml.evaluate({ scorer(function()
      return 1
    end) }, split, { cutoffs = { 5 } })[1]
    local known, valid = taken.sets(split.known), taken.sets(split.held_valid)
    local where = cmml.evaluate({ popularity }, split).pairs
    for i, value in ipairs(found["recall@5"].values) do
      local user, n = where.user[i], 0
      for _, item in ipairs(data.scenarios[where.scenario[i]].items:totable()) do
        n = n + ((known[user][item] or valid[user][item]) and 0 or 1)
      end
      assert.truthy(math.abs(value - 5 / n) < 1e-9)
      assert.truthy(math.abs(found.auc.values[i] - 0.5) < 1e-9)
    end
  end)

  it("judges models alike, alone or beside others, in chunks of any size", function()
    local cf = cmml.recommenders.cf_score(split:catalogue(cmml.vectors.als {
      ratings = split.background,
      n_items = #data.items, factors = 4 }))
    local both = cmml.evaluate({ popularity, cf }, split)
    local alone = cmml.evaluate({ cf }, split, { chunk = 1, batch = 1 })
    assert.same(both[2], alone[1])
    assert.same(both.pairs, alone.pairs)
    assert.not_same(both[1]["recall@10"].values, both[2]["recall@10"].values)
  end)

  it("samples users of a scenario by seed alone", function()
    local function users(options)
      return cmml.evaluate({ popularity }, split, options).pairs
    end
    local some = users { max_users = 5 }
    assert.same(some, users { max_users = 5, batch = 1 })
    assert.not_same(some, users { max_users = 5, seed = 2 })
    local all, count = {}, {}
    local whole = users {}
    for i, user in ipairs(whole.user) do
      all[whole.scenario[i] .. " " .. user] = true
    end
    for i, user in ipairs(some.user) do
      assert.is_true(all[some.scenario[i] .. " " .. user])
      count[some.scenario[i]] = (count[some.scenario[i]] or 0) + 1
    end
    for _, s in ipairs(split.test) do
      assert.equal(5, count[s])
    end
  end)

  it("averages over draws of the support", function()
    local model = cmml.recommenders.support_popularity(split:catalogue())
    local first = cmml.evaluate({ model }, split, { seed = 1 })[1]["recall@10"]
    local twice = cmml.evaluate({ model }, split, { seed = 1, draws = 2 })[1]["recall@10"]
    local changed_values = 0
    for i, value in ipairs(twice.values) do
      local second = 2 * value - first.values[i]
      assert.truthy(second > -1e-9 and second < 1 + 1e-9)
      changed_values = changed_values + (math.abs(second - first.values[i]) > 1e-9 and 1 or 0)
    end
    assert.truthy(changed_values > 0)
  end)

  it("skips users who have nothing else to be ranked, and counts them", function()
    local small = taken.data(cmml, { { 1, 2, 3 }, { 3, 4 }, { 1, 4 } }, { { 1, 2, 3 }, { 3, 4 },
      { 1, 4 } })
    local whole = small:split { held_out = 0, valid_held_out = 0, valid = 0, test = 0.3 }
    whole.known = taken.of(core, { { 1, 2 }, {}, {} }) -- of user 1 item 3 alone is left
    whole.background = whole.known
    whole.held_test = taken.of(core, { { 3 }, {}, { 1 } })
    local function pairs_of(given)
      return core.scenario_pairs(given, whole.candidates)
    end
    local known = pairs_of(whole.known)
    whole.pairs = { known = known, support = known, test = pairs_of(whole.held_test) }
    whole.removed = { test = { whole.known } }
    local found = cmml.evaluate({ cmml.recommenders.popularity(whole:catalogue()) }, whole, {
      scenarios = { 1 }, cutoffs = { 1 } })[1]["recall@1"]
    assert.equal(1, found.skipped)
    assert.equal(1, found.tasks)
    assert.truthy(found.values[1] ~= found.values[1])
  end)
end)

describe("what cannot be ranked", function()
  it("is refused with what to do", function()
    local evaluate = cmml.evaluate
    refused("a list of recommenders was expected", evaluate, {}, split)
    refused("entry 1 of the list must be a recommender, not table", evaluate, { {} }, split)
    refused("tasks were expected (users.tasks, or a split of scenarios), not cmml.ScenarioData",
      evaluate, { popularity }, data)
    refused("draws must be at least 1, but is 0", evaluate, { popularity }, split, { draws = 0 })
    refused("part \"train\" is not known; known: test, valid", evaluate, { popularity }, split,
      { part = "train" })
    refused("there are no valid scenarios", evaluate, { popularity }, data:split { valid = 0 },
      { part = "valid" })
    refused("max_users must be at least 1, but is 0", evaluate, { popularity }, split,
      { max_users = 0 })
    refused("there is no scenario 99; the data have 16", evaluate, { popularity }, split,
      { scenarios = { split.test[1], 99 } })
    refused("evaluate: seed must be at least 0, but is -1", evaluate, { popularity },
      split, { seed = -1 })
    for _, case in ipairs { { { 0 }, " entry 1 must be from 1 to 2147483647, but is 0" },
      { { 10, 1.5 }, " entry 2 must be an integer, not number 1.5" },
      { { "ten" }, ' entry 1 must be an integer, not "ten"' },
      { { k = 10 }, " must be a list without gaps, but has the key k" },
      { { 1 << 31 }, " entry 1 must be from 1 to 2147483647, but is 2147483648" } } do
      refused("evaluate: cutoffs" .. case[2], evaluate, { popularity }, split,
        { cutoffs = case[1] })
    end
    local many = {}
    for k = 1, 1001 do
      many[k] = k
    end
    refused("evaluate: the cutoffs are too many: at most 1000", evaluate, { popularity },
      split, { cutoffs = many })
    refused("evaluate: option relevant does not apply: the labels of these tasks are 1 and 0",
      evaluate, { popularity }, split, { relevant = 4 })
    local nothing = data:split { held_out = 0, valid_held_out = 0 }
    refused(("evaluate: there is nothing to evaluate on: of no user is an item of the %d test "
      .. "scenarios held out; raise held_out"):format(#nothing.test), evaluate, { popularity },
      nothing)
    refused("valid scenarios held out; raise valid_held_out", evaluate, { popularity }, nothing,
      { part = "valid" })
    local other = scenario_world.data(cmml, { users = 50 }):split()
    refused(("knows %d users, but the split has %d"):format(#data.users, #other.data.users),
      evaluate, { popularity }, other)
    refused("popularity: fit: data must be a table of ratings and users", popularity.fit,
      popularity,
      {})
    refused("ratings must have users (Segments) and items (Ids), not nil and nil", popularity.fit,
      popularity, { ratings = {}, users = {} })
  end)
end)
