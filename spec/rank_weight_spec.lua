-- The listwise loss beside the error: what it is by hand, and what becomes of it in training.
require "spec.support.close"
local cmml = require "cmml"
local people = require "spec.support.people"
local rating_errors = require "cmml.recommenders.rating_errors"
local double = cmml.double

local function listwise(scores, labels, lengths, scale)
  return rating_errors.listwise(double.core, double.tensor(scores), double.tensor(labels),
    double.segments(lengths), scale):totable()
end

local function near(expected, found)
  assert.equal(#expected, #found)
  for i, value in ipairs(expected) do
    assert.near(value, found[i], 1e-12)
  end
end

describe("the listwise loss", function()
  -- Ratings 1 and 3 are shares 2 and 8 of 10, equal scores shares of a half.
  local by_hand = 0.2 * math.log(0.2 / 0.5) + 0.8 * math.log(0.8 / 0.5)

  it("is the divergence of the softmaxes, one rating more counting twice", function()
    near({ by_hand, 0, 0 }, listwise({ 2, 2, 7, 1, 2 }, { 1, 3, 5, 4, 5 }, { 2, 1, 2 }))
    near({ 0.2 * math.log(0.2 / 0.8) + 0.8 * math.log(0.8 / 0.2), 0 },
      listwise({ 3, 1 }, { 1, 3 }, { 2, 0 }))
  end)

  it("counts a scale as that of five stars, whatever its width", function()
    near({ by_hand }, listwise({ 2, 2 }, { 1, 3 }, { 2 }, { smallest = 1, largest = 5 }))
    near({ by_hand }, listwise({ 30, 30 }, { 0, 50 }, { 2 }, { smallest = 0, largest = 100 }))
    near({ by_hand }, listwise({ 2, 2 }, { 1, 3 }, { 2 }, { smallest = 3, largest = 3 }))
  end)

  it("is a finite number for scores that are far out", function()
    local found = listwise({ 1e4, -1e4 }, { 1, 3 }, { 2 })
    assert.is_true(found[1] > 1 and found[1] < 30, found[1])
  end)

  it("has the gradient that differences have", function()
    local labels, segments = double.tensor { 1, 3, 5, 2, 2 }, double.segments { 3, 2 }
    assert.is_true(double.gradcheck(function(_, scores)
      return rating_errors.listwise(double.core, scores, labels, segments):sum()
    end, { double.tensor { 2, 2.5, 4, 3, 1 } }))
  end)
end)

describe("a model with a loss of ranking", function()
  local data = people.data(double, { users = 40, items = 16, rated = 8 })
  local batch = double.users.tasks({ ratings = data.all, users = data.test, bags = data.bags,
    support = 3, query = 4, seed = 3 }):draw(1, data.test)

  local function model_of(changes)
    local options = people.small(2)
    for key, value in pairs(changes) do
      options[key] = value
    end
    return double.cmml(data.catalogue, options)
  end

  for _, loss in ipairs { "absolute", "squared" } do
    it("adds as much of it as is asked for to errors: " .. loss, function()
      local values = {}
      for i, weight in ipairs { 0, 0.5, 2 } do
        local model = model_of { loss = loss, rank_weight = weight }
        values[i] = model:loss(batch):item()
        if i == 1 then
          local scores = model:scores_of(model:state_of(batch.support), batch.query)
          values.ranking = rating_errors.listwise(double.core, scores, batch.query.labels,
            batch.query.segments, data.catalogue.scale):mean():item()
        end
      end
      assert.is_true(values.ranking > 0.01)
      assert.near(values[1] + 0.5 * values.ranking, values[2], 1e-9)
      assert.near(values[1] + 2 * values.ranking, values[3], 1e-9)
    end)
  end
end)
