-- CMML for lists, trained: what it lists, also for whom nothing is known of, how much its base
-- counts, files and resumed runs, other kinds of data.
local cmml = require "cmml"
local with = require "spec.support.merged"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"

local core = cmml.core

local lists = require "spec.support.small_lists" (cmml)
local data, loud = lists.data, lists.loud
local list_of, trained, world = lists.list_of, lists.trained, lists.world

local function quality(models, of)
  local tasks = cmml.users.tasks { ratings = of.all, users = of.test, bags = of.bags, support = 4,
    query = 3, rank = "all", relevant = of.relevant, seed = 9 }
  local found, values = cmml.evaluate(models, tasks, { metrics = { "ndcg" }, cutoffs = { 5 } }), {}
  for m, results in ipairs(found) do
    values[m] = results["ndcg@5"].mean
  end
  return values
end

local function saved(model)
  local path = os.tmpname()
  assert(model:save(path))
  local loaded = assert(cmml.load(path))
  os.remove(path)
  return loaded
end

describe("a trained CMML for lists", function()
  local model = trained(data)

  it("lists what people of the same taste love, sorted by score and without the support",
    function()
      local list = model:adapt(loud):recommend { n = 12 }
      assert.equal(9, #list)
      local loved = 0
      for i, shown in ipairs(list) do
        assert.falsy(shown.item == "f1" or shown.item == "f2" or shown.item == "f3")
        assert(i == 1 or list[i - 1].score >= shown.score)
        loved = loved + (i <= 4 and tonumber(shown.item:sub(2)) % 2 or 0)
      end
      assert.equal(4, loved)
      local popular = cmml.recommenders.popularity(data.catalogue)
      popular:fit(popular.setting.learnable(data))
      local alone = trained(data, { base = "none" }, { epochs = 20 })
      local values = quality({ model, alone, popular }, data)
      assert(values[1] > values[3] + 0.1, values[1])
      assert(values[2] > values[3] + 0.1, values[2])
    end)

  for name, options in pairs { chosen = {}, ease = { base = "ease" },
    ["ease by rank"] = { base = "ease", base_options = { rank = 4 } },
    ials = { base = "ials", base_options = { factors = 4, regularization = 1 } },
    slim = { base = "slim" }, neighbours = { base = "item_knn_implicit" }, none = { base = "none",
      modulation = "film" } } do
    it("gives the same list from its file, with the base " .. name, function()
      local one = trained(data, options, { epochs = 1 })
      local again = saved(one)
      assert.equal(people.bits(one), people.bits(again))
      assert.same(list_of(one, loud, 12), list_of(again, loud, 12))
    end)
  end

  it("gives whom it knows nothing of the most popular", function()
    local popular = cmml.recommenders.popularity(data.catalogue)
    popular:fit { ratings = data.ratings, users = data.train }
    assert.same(list_of(popular, {}, 12), list_of(model, {}, 12))
    local person = model:adapt({ { "nowhere", 5 } }, { unknown = "skip" })
    assert.same({ 0, 1 }, { person.counting, #person.skipped })
    assert.equal(list_of(popular, {})[1], person:recommend({ n = 1 })[1].item)
  end)

  it("reads ratings that are not relevant", function()
    assert.equal(1, model:adapt({ { "f2", 1 } }).counting)
    local alone, scores = trained(data, { base = "none" }, { epochs = 1 }), {}
    for i, rating in ipairs { 1, 2, 5 } do
      scores[i] = alone:adapt({ { "f2", rating } }):recommend({ n = 1 })[1].score
    end
    assert.are_not.equal(scores[1], scores[2])
    assert.are_not.equal(scores[2], scores[3])
  end)

  it("learns the same in a run that was cut off, in shards and in threads", function()
    local folder = temporary.folder()
    local function run(changes)
      local other, result = trained(data, {}, changes)
      return people.bits(other), result.best
    end
    for _, more in ipairs { {}, { shards = 2, threads = 2 } } do
      local out = folder .. "/run" .. (more.shards or 1)
      local whole, best = run(with(more, { epochs = 4 }))
      run(with(more, { epochs = 2, out = out }))
      local rest, best_of_rest = run(with(more, { epochs = 4, out = out, resume = true }))
      assert.same({ whole, best }, { rest, best_of_rest })
    end
    temporary.remove(folder)
  end)
end)

describe("CMML for lists", function()
  local function dataset(kind, rating)
    local ratings = {}
    for i, row in ipairs(people.world(world).ratings) do
      ratings[i] = { row[1], row[2], rating and rating(row[3]) }
    end
    return assert(cmml.cold_users(cmml.dataset { name = "d", kind = kind, ratings = ratings },
      { test_users = 0.2, valid = 0.2 }))
  end

  it("learns from data without ratings, with weights, and of one rating", function()
    for kind, rating in pairs { interactions = false, weights = function(value)
      return value
    end, ratings = function()
      return 3
    end } do
      local of = dataset(kind, rating or nil)
      local model = trained(of, {}, { epochs = 1 })
      assert.is_nil(model.module.network.rated)
      assert.equal(5, #list_of(saved(model), kind == "interactions" and { "f1", "f3" } or loud))
    end
  end)

  it("refuses what cannot be", function()
    local of = assert(cmml.cold_users(people.dataset(cmml, world), { test_users = 0.2,
      relevant = 6 }))
    refused("is relevant (6 or higher): lower relevant", trained, of)
    refused('base "cmml" is not known; known: chosen, none, ease', trained, data, { base = "cmml" })
    refused("unknown option factors", trained, data, { base = "ease",
      base_options = { factors = 3 } })
    refused("ranks items and predicts no ratings", function()
      return trained(data, {}, { epochs = 0 }):adapt(loud):predict { "f5" }
    end)
  end)

  it("has layers as wide as its vectors, at each width that a search draws", function()
    local search
    for _, option in ipairs(getmetatable(trained(data, {}, { epochs = 0 })).declaration.options) do
      search = option.name == "width" and option.search or search
    end
    for width in search:gmatch "%d+" do
      local model = cmml.recommenders.cmml_lists(data.catalogue, { width = tonumber(width) })
      assert.equal(5, #list_of(model, loud))
    end
  end)

  it("refuses weights with which scores would not stay finite", function()
    for _, name in ipairs { "base_weight", "popularity_weight" } do
      for _, bad in ipairs { -1, 1e300 } do
        refused(name .. " must be from 0 to 1000000000", cmml.recommenders.cmml_lists,
          data.catalogue, { [name] = bad })
      end
    end
  end)

  it("takes every encoder of the library by its name alone", function()
    for _, name in ipairs { "none", "mean", "max", "sum", "gru", "attention" } do
      local model = trained(data, { encoder = name }, { epochs = 1 })
      local list = list_of(model, loud)
      assert.equal(5, #list)
      assert.same(list, list_of(saved(model), loud))
    end
  end)

  it("refuses a file whose base is damaged", function()
    local model = trained(data, { base = "ease" }, { epochs = 0 })
    model:prepare(data)
    local contents = model:export()
    for i, entry in ipairs(contents.entries) do
      if entry.name == "model.base.weights" then
        contents.entries[i] = { name = entry.name, value = core.full({ 2, 2 }, 0) }
      end
    end
    refused("weights has shape 2x2, but 12x12 was expected", cmml.import_recommender, contents)
    for _, choice in ipairs { { 2 }, { 0 }, {}, { 1, 1 } } do
      contents = model:export()
      for _, entry in ipairs(contents.entries) do
        entry.value = entry.name == "model.base.choice" and choice or entry.value
      end
      refused("choice is not one number from 1 to 1", cmml.import_recommender, contents)
    end
  end)

  it("refuses options of a base where none is named", function()
    refused("base_options goes with the kind that base names", trained, data,
      { base_options = { ridge = 3 } })
  end)
end)
