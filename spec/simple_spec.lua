-- The simple predictors: numbers worked by hand.
local cmml = require "cmml"
local baselines = require "spec.support.baselines"
local close = require "spec.support.close"
local refused = require("spec.support.refused").with_text
local core = cmml.core

-- Users u1 and u2 to learn from; u3, whose ratings are far off, is not.
local data = cmml.dataset { schema = cmml.data.schema {}, ratings = { { "u1", "a", 5 },
  { "u1", "b", 3 }, { "u2", "a", 4 }, { "u3", "a", 100 }, { "u3", "c", 100 } },
  items = { { id = "a" }, { id = "d" } } }
local catalogue = data:catalogue { 1, 2 }

local function fitted(kind, options)
  local model = cmml.recommenders[kind](catalogue, options)
  model:fit { ratings = data.ratings, users = { data.users:id "u1", data.users:id "u2" } }
  return model
end

local function predicts(expected, kind, support, options)
  local found = fitted(kind, options):adapt(support):predict { "a", "b", "c", "d" }
  for i, value in ipairs(expected) do
    assert.truthy(close.difference(value, found[i]) < 2e-6,
      ("%s, item %d: %.9g was expected, not %.9g"):format(kind, i, value, found[i]))
  end
end

local support = { { "a", 5 }, { "b", 2 } }

describe("the simple predictors", function()
  -- the mean of 5, 3 and 4 is 4; an item's n ratings with sum s and 5 imaginary ones at the mean
  -- give (s + 5 * 4) / (n + 5)
  local a, b = (9 + 20) / 7, (3 + 20) / 6

  it("are in order", function()
    local names = {}
    for i, class in ipairs(cmml.kinds.baselines "users") do
      names[i] = class.kind
    end
    assert.same({ "global_mean", "user_mean", "item_mean", "item_user_mean",
      "matrix_factorization", "item_knn", "user_knn", "factor_analysis" }, names)
  end)

  it("predict the mean of the training ratings, whatever the support", function()
    predicts({ 4, 4, 4, 4 }, "global_mean", support)
    predicts({ 4, 4, 4, 4 }, "global_mean", {})
  end)

  it("predict the mean of the support, or of all where there is none", function()
    predicts({ 3.5, 3.5, 3.5, 3.5 }, "user_mean", support)
    predicts({ 1, 1, 1, 1 }, "user_mean", { { "d", 1 } })
    predicts({ 4, 4, 4, 4 }, "user_mean", {})
  end)

  it("predict shrunk means of items", function()
    predicts({ a, b, 4, 4 }, "item_mean", support)
    predicts({ 4.5, 3, 4, 4 }, "item_mean", {}, { item_shrink = 0 })
    predicts({ 10 / 2.5, 4, 4, 4 }, "item_mean", {}, { item_shrink = 1e9 })
  end)

  it("predict shrunk means of items with a shrunk bias of the person", function()
    local bias = ((5 - a) + (2 - b)) / (2 + 3)
    predicts({ a + bias, b + bias, 4 + bias, 4 + bias }, "item_user_mean", support)
    predicts({ a, b, 4, 4 }, "item_user_mean", {})
    predicts({ a + (1 - 4) / 1, b - 3, 1, 1 }, "item_user_mean", { { "c", 1 } },
      { user_shrink = 0 })
  end)

  it("adapt each of several tasks by its own support", function()
    local model = fitted "item_user_mean"
    local state = model:adapt_rows { segments = core.segments { 2, 0, 1 },
      items = core.ids { 1, 2, 3 }, labels = core.tensor { 5, 2, 1 } }
    local scores = model:score_rows(state, { items = core.ids { 1, 1, 1, 2 },
      segments = core.segments { 1, 1, 2 } }):totable()
    local bias = ((5 - a) + (2 - b)) / 5
    for i, expected in ipairs { a + bias, a, a - 3 / 4, b - 3 / 4 } do
      assert.truthy(close.difference(expected, scores[i]) < 1e-6)
    end
  end)

  it("are finite when nothing was rated", function()
    for _, kind in ipairs(baselines.means) do
      local model = cmml.recommenders[kind](catalogue)
      model:fit { ratings = data.ratings, users = {} }
      for _, value in ipairs(model:adapt({}):predict { "a", "d" }) do
        assert.equal(0, value)
      end
    end
  end)

  it("refuse options that make no sense", function()
    refused("item_user_mean: item_shrink must be at least 0, but is -1",
      cmml.recommenders.item_user_mean, catalogue, { item_shrink = -1 })
    for _, shrink in ipairs { 0 / 0, 1 / 0 } do
      refused("user_shrink must be a finite number, but is", cmml.recommenders.user_mean,
        catalogue, { user_shrink = shrink })
    end
    refused("unknown option shrink; known: item_shrink, user_shrink", cmml.recommenders.item_mean,
      catalogue,
      { shrink = 1 })
    refused("item_mean: catalogue must be a cmml.Catalogue, not nil", cmml.recommenders.item_mean)
    refused("must be a cmml.Catalogue", cmml.recommenders.item_mean, {})
  end)

  it("are fitted to all that may be learnt from, validation users too", function()
    local cold = assert(cmml.cold_users(data, { test_users = { "u3" }, valid = 0.5 }))
    assert.equal(1, #cold.valid)
    local models = baselines.fitted(cmml, cold, baselines.means)
    assert.equal(#baselines.means, #models)
    assert.truthy(close.difference(4, models[1]:adapt({}):predict({ "d" })[1]) < 1e-6)
  end)
end)
