-- Kinds of the setting users whose scores rank: what they learn from, and where they are refused.
local cmml = require "cmml"
local toys = require "spec.support.toy_ranking"
local refused = require("spec.support.refused").with_text
local saved = require "spec.support.saved"
local core = cmml.core

local function dataset(kind, ratings, more)
  local options = { name = "d", kind = kind, ratings = ratings }
  for key, value in pairs(more or {}) do
    options[key] = value
  end
  return cmml.dataset(options)
end

-- Four people; dan is tested.
local rated = { { "anna", "a", 5 }, { "anna", "b", 4 }, { "anna", "c", 2 }, { "ben", "b", 5 },
  { "ben", "c", 4 }, { "cleo", "a", 1 }, { "cleo", "c", 3 }, { "dan", "a", 5 }, { "dan", "c", 1 } }

local function split(kind, ratings, options)
  local given = { test_users = { "dan" }, valid = 0 }
  for key, value in pairs(options or {}) do
    given[key] = value
  end
  return assert(cmml.cold_users(dataset(kind, ratings), given))
end

local function fitted(data, options)
  local model = cmml.recommenders.toy_taken(data.catalogue, options)
  model:fit(model.setting.learnable(data))
  return model
end

local function rows_of(matrix)
  local lists, row = {}, 0
  local columns, weights = matrix.columns:totable(), matrix.weights:totable()
  for i, length in ipairs(matrix.rows:totable()) do
    lists[i] = {}
    for k = row + 1, row + length do
      lists[i][columns[k]] = weights[k]
    end
    row = row + length
  end
  return lists
end

describe("what kinds learn from that rank", function()
  it("is of ratings those from three quarters of their scale on, or from what is asked for",
    function()
      local data = split("ratings", rated)
      assert.same({ 4, 4 }, { data.catalogue.relevant, data.relevant })
      fitted(data) -- items are a, b, c in the order of the data
      assert.same({ { 1, 1 }, { [2] = 1, [3] = 1 }, {} }, rows_of(toys.fitted))
      data = split("ratings", rated, { relevant = 2 })
      assert.equal(2, data.relevant)
      fitted(data)
      assert.same({ { 1, 1, 1 }, { [2] = 1, [3] = 1 }, { [3] = 1 } }, rows_of(toys.fitted))
      for relevant, scale in pairs { [4] = { 1, 5, 1 }, [8] = { 1, 10, 1 }, [1] = { 0, 1, 1 },
        [0] = { 0, 0 }, [5] = { -10, 10, 2.5 }, [4.5] = { 3, 5, 0.5 } } do
        local list = {}
        for value = scale[1], scale[2], scale[3] or 1 do
          table.insert(list, { "u", #list + 1, value })
        end
        local catalogue = dataset("ratings", list):catalogue { 1 }
        assert.equal(scale[3] and relevant or nil, catalogue.relevant)
      end
    end)

  it("is of weights and interactions each with its weight", function()
    local counts = { { "anna", "a", 5 }, { "anna", "b", 0.5 }, { "ben", "a", 2 }, { "ben", "a", 1 },
      { "cleo", "b", 0 }, { "dan", "b", 1 } }
    local data = split("weights", counts)
    assert.is_nil(data.relevant)
    fitted(data)
    assert.same({ { 5, 0.5 }, { 3 }, {} }, rows_of(toys.fitted))
    fitted(split("weights", counts, { relevant = 1 }))
    assert.same({ { 5 }, { 3 }, {} }, rows_of(toys.fitted))
    local plays = {}
    for i, row in ipairs(counts) do
      plays[i] = { row[1], row[2] }
    end
    fitted(split("interactions", plays))
    assert.same({ { 1, 1 }, { 2 }, { [2] = 1 } }, rows_of(toys.fitted))
    fitted(split("ratings", { { "anna", "a", 3 }, { "ben", "b", 3 }, { "dan", "a", 3 } }))
    assert.same({ { 1 }, { [2] = 1 } }, rows_of(toys.fitted))
  end)

  it("is refused where it is nothing, with what to do", function()
    local model = cmml.recommenders.toy_taken(split("ratings", rated, { relevant = 6 }).catalogue)
    refused("none of the 7 ratings of 3 people is relevant (6 or higher): lower relevant",
      model.fit, model, model.setting.learnable(split("ratings", rated, { relevant = 6 })))
    refused("relevant must be a finite number", cmml.cold_users, dataset("ratings", rated),
      { relevant = 0 / 0 })
    refused("catalogue must be a cmml.Catalogue", cmml.users.weights, {}, core.tensor { 1 })
  end)

  it("is kept by a model file, by which supports are read", function()
    local model = fitted(split("ratings", rated, { relevant = 5 }))
    for _, one in ipairs { model, saved(model) } do
      assert.equal(5, one.catalogue.relevant)
      -- 5 of b (ben's) weighs nothing beside anything; counts of a, b: 1 each
      local list = one:adapt({ { "a", 5 } }):recommend { n = 3 }
      assert.same({ "b", "c" }, { list[1].item, list[2].item })
    end
    local catalogue = split("ratings", rated, { relevant = 4 }).catalogue
    assert.same({ 1, 1, 0 }, cmml.users.weights(catalogue, core.tensor { 5, 4, 3 }):totable())
  end)
end)

describe("a kind that ranks", function()
  it("recommends for one and for many, by what the support was taken with", function()
    local model = fitted(split("ratings", rated))
    local by_one = model:adapt({ { "c", 4 } }):recommend { n = 3 }
    assert.same({ { "b", 3 }, { "a", 1 } }, { { by_one[1].item, by_one[1].score },
      { by_one[2].item, by_one[2].score } }) -- b: 2 people, one of them with c
    local lists = model:recommend_all({ { { "c", 4 } }, { { "c", 1 } }, {} }, { n = 1 })
    assert.same({ 3, 2, 2 }, { lists[1][1].score, lists[2][1].score, lists[3][1].score })
    assert.equal(100, model:stars(100)) -- no rating, so it is not cut to the scale
  end)

  it("takes items without ratings for relevant", function()
    local model = fitted(split("ratings", rated))
    local by_rating = model:adapt({ { "c", 4 } }):recommend { n = 3 }
    for _, support in ipairs { { "c" }, { { "c" } }, { { item = "c" } } } do
      assert.same(by_rating, model:adapt(support):recommend { n = 3 })
    end
    local path = os.tmpname()
    assert(core.write_file(path, "c\na\n"))
    local setting = cmml.settings:get "users"
    local given = assert(setting.read_request(model, { support = path, rate = { "b", "a,c" } }))
    os.remove(path)
    assert.same({ { "c" }, { "a" }, { "b" }, { "a" }, { "c" } }, { table.unpack(given) })
    local mean = cmml.recommenders.item_mean(model.catalogue)
    refused("entry 1 must be {item, rating}", mean.adapt, mean, { "c" })
  end)

  it("predicts no ratings, and is not evaluated on them", function()
    local data = split("ratings", rated)
    local model = fitted(data)
    local person = model:adapt { { "a", 5 } }
    refused("predict: a toy_taken ranks items and predicts no ratings: recommend gives its list",
      person.predict, person, { "b" })
    refused("evaluate: entry 2, [cmml recommender toy_taken, 3 items], ranks items and predicts no "
      .. "ratings", cmml.evaluate, { cmml.recommenders.item_mean(data.catalogue), model },
      cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags })
    refused("kinds: toy_taken ranks items and predicts no ratings", cmml.experiment, "users",
      { quick = true, kinds = "toy_taken" })
  end)

  it("learns of data without ratings, of which others have nothing to learn", function()
    local data = split("interactions", { { "anna", "a" }, { "ben", "b" }, { "dan", "a" } })
    assert.truthy(data.nothing_to_predict)
    assert.equal(1, fitted(data):adapt({}):recommend({ n = 1 })[1].score)
    local mean = cmml.recommenders.item_mean(data.catalogue)
    refused("item_mean predicts ratings: d has interactions without ratings: there is nothing to "
      .. "predict", mean.fit, mean, mean.setting.learnable(data))
    refused("train: cmml predicts ratings: d has interactions without ratings", cmml.train,
      cmml.cmml(data.catalogue), data)
    refused("evaluate: d has interactions without ratings", cmml.users.evaluate_protocol,
      { mean }, data)
  end)

  it("may predict ratings, and order lists by another score", function()
    local data = split("ratings", rated)
    local person = cmml.recommenders.toy_apart(data.catalogue):adapt {}
    assert.same({ 3, 3 }, person:predict { "a", "b" })
    local list = person:recommend {}
    assert.same({ "a", 2, "b", 1, "c", 0 }, { list[1].item, list[1].score, list[2].item,
      list[2].score, list[3].item, list[3].score })
  end)

  it("is declared so", function()
    local function declared(more)
      local kind = { name = "odd", title = "odd", settings = { "users" }, learns = "none",
        make = print, adapt = print, score = print }
      for key, value in pairs(more) do
        kind[key] = value
      end
      return kind
    end
    refused("kind odd: predicts \"stars\" is not known; known: ranking, ratings", cmml.kind,
      declared { predicts = "stars" })
    refused("predicts is \"ratings\", but the setting scenarios has none", cmml.kind,
      declared { predicts = "ratings", settings = { "scenarios" } })
    refused("the function rank is for kinds that predict ratings", cmml.kind,
      declared { predicts = "ranking", rank = print })
    assert.equal("ranking", cmml.kinds.find("popularity", "scenarios").predicts)
    assert.equal("ratings", cmml.kinds.find("item_knn", "users").predicts)
  end)
end)
