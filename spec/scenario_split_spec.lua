-- Splits of scenario data: what is held out, and that nothing of it is anywhere else.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local taken = require "spec.support.taken"
local core = cmml.core
local assert_partition = taken.assert_partition

local data = scenario_world.data(cmml)

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
    local apart = data:split { seed = 4, query_fraction = 0.3 }
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
    local joined = cmml.scenarios.join { data, (scenario_world.data(cmml, { seed = 2,
      scenarios = 10, name = "other" })) }
    local counts = {}
    for _, s in ipairs(joined:split().test) do
      local domain = joined.scenarios[s].domain
      counts[domain] = (counts[domain] or 0) + 1
    end
    assert.same({ world = math.floor(0.2 * #data.scenarios + 0.5), other = 2 }, counts)
  end)
end)

describe("vectors of a union", function()
  it("are asked what they were made of, as those of one set are", function()
    local joined = cmml.scenarios.join { data, (scenario_world.data(cmml, { seed = 2,
      scenarios = 10, name = "other" })) }
    local of_union = joined:split()
    local function judged(interactions)
      local vectors = joined:vectors(interactions, function(options, name)
        options.factors, options.iterations = name == "world" and 2 or 4, 2
        return cmml.vectors.als(options)
      end)
      return cmml.evaluate({ cmml.recommenders.cf_score(of_union:catalogue(vectors)) }, of_union)
    end
    assert.truthy(judged(of_union.background)[1]["recall@10"].mean > 0)
    refused("is in what the vectors of [cmml recommender cf_score", judged, joined.interactions)
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
    refused("data of scenarios.data were expected, not number 3", cmml.scenarios.split, 3)
    refused("held_out must be at least 0 and below 1, but is 1.5", data.split, data,
      { held_out = 1.5 })
    refused("held_out and valid_held_out must be below 1 together", data.split, data,
      { held_out = 0.6, valid_held_out = 0.5 })
    refused("protocol \"none\" is not known; known: no-leak, published", data.split, data,
      { protocol = "none" })
    refused("unknown option hold_out; did you mean held_out?", data.split, data,
      { hold_out = 0.1 })
    for _, name in ipairs { "seed", "support_pairs" } do
      refused(("scenarios.split: %s must be at least 0, but is -1"):format(name), data.split, data,
        { [name] = -1 })
    end
    local split = data:split { protocol = "published", support_pairs = 0, seed = 0 }
    assert.equal("published", split.protocol)
    refused("ScenarioSplit:catalogue: Vectors were expected, not number 5", split.catalogue,
      split, 5)
    refused("ScenarioSplit:tasks: a table of options was expected, not number 5", split.tasks,
      split, 5)
    refused("scenarios.tasks: seed must be at least 0, but is -2", split.tasks, split,
      { seed = -2 })
    local single = taken.data(cmml, { { 1, 2 }, { 1, 2 } }, { { 1, 2 }, { 1 } })
    refused("scenario s2 has 1 items; a negative beside a positive needs two", single.split, single)
  end)

  it("leaves out training scenarios that no task can be drawn from, and says why", function()
    local few = taken.data(cmml, { { 1, 2, 5 }, { 3, 4, 5 } }, { { 1, 2, 3, 4 }, { 1, 5 },
      { 2, 3 } })
    local split = few:split { held_out = 0, valid_held_out = 0, test = 0, valid = 0,
      query_fraction = 0.3 }
    assert.equal(3, #split.train + #split.left_out)
    for _, entry in ipairs(split.left_out) do
      assert.matches("%d pairs to adapt to and %d to ask for", entry.reason)
    end
    local model = cmml.recommenders.support_popularity(split:catalogue())
    refused("support_popularity learns without gradient training: it is ready as it is", cmml.train,
      model, split)
  end)
end)
