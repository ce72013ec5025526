-- What a recommender that has adapted offers is the same in either setting: predict and recommend,
-- with a user where the setting has such, and items to choose from.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"

local data = people.data(cmml, { users = 30, items = 12, rated = 6 })
local split = scenario_world.data(cmml):split { seed = 2 }
local vectors = split:vectors { factors = 4, iterations = 2 }

local knn = cmml.recommenders.item_knn(data.catalogue, { shrink = 1 })
knn:fit(cmml.settings:get("users").learnable(data))

local worlds = {
  users = { model = knn, support = { { "f1", 5 }, { "f2", 1 }, { "f3", 4.5 } }, prefix = "f" },
  scenarios = { model = cmml.recommenders.cf_score(split:catalogue(vectors)), user = "u1",
    support = { { "u1", "i1", 1 }, { "u2", "i2", 1 }, { "u1", "i3", 0 } }, prefix = "i" },
}

for setting, world in pairs(worlds) do
  describe("an adapted recommender of " .. setting, function()
    local adapted = world.model:adapt(world.support)

    local function names(...)
      local list = { ... }
      for i, number in ipairs(list) do
        list[i] = world.prefix .. number
      end
      return list
    end

    local function items_of(list)
      local items = {}
      for i, entry in ipairs(list) do
        items[i] = entry.item
      end
      return items
    end

    local function recommend(options)
      options.user = world.user
      return adapted:recommend(options)
    end

    it("predicts items, the user as an option or in front", function()
      local expected = adapted:predict(names(4, 5, 6), { user = world.user })
      assert.equal(3, #expected)
      assert.same(expected, adapted:predict(world.user, names(4, 5, 6)))
      assert.equal(expected[2], adapted:predict(names(5), { user = world.user })[1])
      assert.same({}, adapted:predict({}, { user = world.user }))
    end)

    it("recommends of given items alone, each once, those of the support left out", function()
      local chosen = names(1, 4, 5, 6, 4)
      local list = recommend { items = chosen }
      local found = items_of(list)
      table.sort(found)
      assert.same(names(4, 5, 6), found)
      local whole = {}
      for _, entry in ipairs(recommend { n = 1000 }) do
        whole[entry.item] = entry.score
      end
      for i, entry in ipairs(list) do
        assert.truthy(math.abs(whole[entry.item] - entry.score) < 1e-5)
        assert.truthy(i == 1 or list[i - 1].score >= entry.score)
      end
      assert.equal(2, #recommend { items = chosen, n = 2 })
      found = items_of(recommend { items = chosen, include_support = true })
      table.sort(found)
      assert.same(names(1, 4, 5, 6), found)
      found = items_of(recommend { items = chosen, exclude = names(4, 99) })
      table.sort(found)
      assert.same(names(5, 6), found)
      assert.same({}, recommend { items = {} })
    end)

    it("refuses items that are not in the catalogue, in both", function()
      local count = #world.model.catalogue.items
      refused(("predict: entry 2: item %sx is not in the catalogue of %d"):format(world.prefix,
        count), adapted.predict, adapted, names(4, "x"), { user = world.user })
      refused(("recommend: entry 2 of items: item %sx is not in the catalogue of %d"):format(
        world.prefix, count), adapted.recommend, adapted, { items = names(4, "x"),
          user = world.user })
      refused("items must be a table, not", adapted.recommend, adapted, { items = "f1",
        user = world.user })
      refused("n must", adapted.recommend, adapted, { n = -1, user = world.user })
      refused("unknown option item; did you mean items?", adapted.recommend, adapted,
        { item = {}, user = world.user })
    end)
  end)
end

describe("whom an adapted recommender is asked for", function()
  it("is a user of the catalogue in the setting scenarios", function()
    local adapted = worlds.scenarios.model:adapt(worlds.scenarios.support)
    refused("recommend: option user is missing: whom to rank for", adapted.recommend, adapted)
    refused("predict: option user is missing: whom to rank for", adapted.predict, adapted, { "i1" })
    refused("recommend: user: user nobody is not in the catalogue of 96", adapted.recommend,
      adapted, { user = "nobody" })
    refused("option user must be a string or a number, not table", adapted.predict, adapted,
      { "i1" },
      { user = {} })
  end)

  it("is nobody else than who was adapted to in the setting users", function()
    local adapted = worlds.users.model:adapt(worlds.users.support)
    for _, name in ipairs { "predict", "recommend" } do
      refused(name .. ": option user does not apply: the model was adapted to a person's own "
        .. "support", function()
        if name == "predict" then
          adapted:predict({ "f1" }, { user = "p1" })
        else
          adapted:recommend { user = "p1" }
        end
      end)
    end
  end)
end)
