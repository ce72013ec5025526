-- Lists over items that came after the training: their scores, supports that have them, and what
-- such a model is not for.
local cmml = require "cmml"
local people = require "spec.support.people"
local with = require "spec.support.merged"
local refused = require("spec.support.refused").with_text

-- Films of one kind are loved by the same people. Nobody rated the last one.
local world = people.world { users = 80, items = 24, rated = 10 }
world.items[25] = { id = "untaken", kind = "loud", tags = { "tag0" } }
world.name, world.schema = "people", cmml.data.schema { item = { { "kind" }, { "tags",
  multi = true } } }
local data = assert(cmml.cold_users(cmml.dataset(world), { test_users = 0.2, valid = 0.2 }))

local model = cmml.recommenders.cmml_lists(data.catalogue, { width = 16, backbone = { 16, 16 },
  hyper = { 16, 16 }, dropout = 0.2 })
cmml.train(model, data, { epochs = 8, batch = 16, support = 4, query = 3, lr = 0.01 })

local loud = { { "f1", 5 }, { "f3", 4.5 }, { "f2", 1 } }
local calm = { { "f1", 1 }, { "f4", 4.5 }, { "f2", 5 } }
local later = { { id = "later loud", kind = "loud", tags = { "tag0" } },
  { id = "later calm", kind = "calm", tags = { "tag1" } }, { id = "odd", kind = "silent" } }

local function scores_of(person, options)
  options = options or {}
  options.n = 99
  local scores, places, list = {}, {}, person:recommend(options)
  for place, shown in ipairs(list) do
    scores[shown.item], places[shown.item] = shown.score, place
  end
  return scores, places, #list
end

describe("lists over items that came later", function()
  local wider = model:over(model.catalogue:with_items(later))

  it("have them as one with the same fields that nobody took, and others as before", function()
    for _, support in ipairs { loud, calm, {} } do
      local before, found = scores_of(model:adapt(support)), scores_of(wider:adapt(support))
      for id, score in pairs(before) do
        assert.near(score, found[id], 1e-5)
      end
      assert.near(before.untaken, found["later loud"], 1e-5)
      assert.is_number(found["later calm"])
      assert.is_nil(found.odd) -- no field brings it near to others
    end
    local _, of_loud, n = scores_of(wider:adapt(loud))
    local _, of_calm = scores_of(wider:adapt(calm))
    assert.equal(24, n) -- 28 without the support and the odd one
    assert.is_true(of_loud["later loud"] < of_loud["later calm"])
    assert.is_true(of_calm["later calm"] < of_calm["later loud"])
    assert.same({ "odd" }, { wider.catalogue.items:text(wider:unlisted()[1]) })
    for _, fact in ipairs(wider:facts()) do
      assert.is_true(fact[1] ~= "by fields" or fact[2] == 3)
    end
  end)

  it("take records in place of ids, in the order of their scores", function()
    local person = model:adapt(loud)
    local found, places, n = scores_of(person, { items = { later[2], "f5", later[1], later[3] } })
    local all = scores_of(wider:adapt(loud))
    assert.equal(3, n)
    for _, id in ipairs { "f5", "later loud", "later calm" } do
      assert.near(all[id], found[id], 1e-5)
    end
    assert.is_true(places["later loud"] < places["later calm"])
    local list = wider:recommend_all({ loud, calm }, { n = 99 })
    for i, support in ipairs { loud, calm } do
      local expected = scores_of(wider:adapt(support))
      for _, shown in ipairs(list[i]) do
        assert.near(expected[shown.item], shown.score, 1e-5)
      end
    end
  end)

  it("pass over what a support has of them, and go over further ones", function()
    local some = { { "f1", 5 }, { "later calm", 5 }, { "f3", 4.5 }, { "f2", 1 } }
    local expected, found = scores_of(wider:adapt(loud)), scores_of(wider:adapt(some))
    assert.is_nil(found["later calm"])
    expected["later calm"] = nil
    for id, score in pairs(expected) do
      assert.near(score, found[id], 1e-5)
    end
    local popular, nothing = scores_of(wider:adapt {}), scores_of(wider:adapt { { "odd", 5 } })
    assert.near(popular.f7, nothing.f7, 1e-5)
    local records = {}
    for i, id in ipairs { 9, 4, 7 } do
      records[i] = world.items[id]
    end
    records[4] = { id = "more", kind = "loud", tags = { "tag0" } }
    local others = scores_of(wider:over(model.catalogue:of_items(records)):adapt {})
    for _, id in ipairs { "f9", "f4", "f7" } do
      assert.near(popular[id], others[id], 1e-5)
    end
    assert.near(popular.untaken, others.more, 1e-5)
  end)

  it("have the ratings that a model beside them expects", function()
    local ratings = cmml.cmml(data.catalogue, people.small(2))
    local both = cmml.with_lists(ratings, model)
    local list = both:adapt(loud):recommend { n = 9, items = { "f5", later[1], later[2] } }
    local expected = ratings:adapt(loud):predict { "f5", later[1], later[2] }
    local of = { f5 = expected[1], ["later loud"] = expected[2], ["later calm"] = expected[3] }
    assert.equal(3, #list)
    for _, shown in ipairs(list) do
      assert.near(of[shown.item], shown.expected, 1e-5)
    end
  end)

  it("are neither trained nor saved, which is told", function()
    refused("train: these are lists over other items than the model learnt of", cmml.train, wider,
      with(data, { catalogue = wider.catalogue }), { epochs = 1 })
    refused("save: cmml_lists over other items than it learnt of has no file", wider.save, wider,
      os.tmpname())
    refused("the model knows no field knd of items; did you mean kind?", function()
      return model:adapt(loud):recommend { items = { { id = "x", knd = "loud" } } }
    end)
  end)
end)
