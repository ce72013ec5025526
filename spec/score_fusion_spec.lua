-- Fusion of learners' scores beyond the golden cases: forms of its input, options, given weights,
-- and what is refused.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text

local people, learners, items, width = 3, 2, 5, 4

local function random(shape, task)
  return cmml.core.normal(shape, 0, 1, { seed = 7, task = task })
end

local function apart(a, b)
  return (a - b):abs():max():item()
end

-- The entries of one dim-2 index: what a list of learners holds.
local function by_learner(x)
  local list = {}
  for m = 1, learners do
    list[m] = x:slice(2, m, m):reshape { people, -1 }
  end
  return list
end

describe("score_fusion", function()
  local states = random({ people, learners, 2, 2 }, 1)
  local scores = random({ people, learners, items }, 2)

  it("reads learners from a list as from one tensor", function()
    local fusion = cmml.score_fusion { width = width, items = items, hidden = 3 }
    local fused, weights = fusion(states, scores)
    local again, same = fusion(by_learner(states), by_learner(scores))
    assert.are.equal(0, apart(fused, again))
    assert.are.equal(0, apart(weights, same))
    assert.is_true(apart(weights, cmml.full(weights.shape, 1 / learners)) > 0.01)
  end)

  it("without scales of items is the weighted sum of standard scores", function()
    local fusion = cmml.score_fusion { width = width, last_relu = false }
    local fused, weights = fusion(states, scores)
    -- the divisor of the norm is the number of items, that of fuse_standardised one less
    local expected = cmml.fuse_standardised(scores, weights) * math.sqrt(items / (items - 1))
    assert.is_true(apart(fused, expected) < 1e-3) -- the norm adds 1e-5 to variances
    for name in fusion:parameters() do
      assert.is_falsy(name:find "score_norm")
    end
  end)

  it("counts the parameters that are published", function()
    local with = cmml.score_fusion { width = 3200, items = 50777 }
    assert.are.equal(416257 + 2 * 50777, with:count())
  end)

  it("weighs all learners alike where the last relu gives 0, and not without it", function()
    for _, last_relu in ipairs { true, false } do
      local fusion = cmml.score_fusion { width = width, last_relu = last_relu }
      cmml.no_grad(function()
        fusion.gate["1"].bias:copy_(cmml.full({ 1 }, -100))
      end)
      local weights = fusion:weights(states)
      local uneven = apart(weights, cmml.full(weights.shape, 1 / learners))
      assert.are.equal(last_relu, uneven == 0)
    end
  end)

  it("refuses what does not fit", function()
    local fusion = cmml.score_fusion { width = width, items = items }
    refused("each learner's must have 4 numbers", fusion, random({ people, learners, 3 }, 1),
      scores)
    refused("scores must be of 5 items, not 4", fusion, states, scores:slice(3, 1, 4))
    refused("at least one learner", fusion, {}, scores)
    refused("entry 2 must be a cmml.Tensor", fusion, { states, 3 }, scores)
    refused("must be a Tensor [people, learners, ..], not one [3]", fusion, random({ 3 }, 1),
      scores)
    refused("must be [people, learners, items]", fusion, states, states)
  end)
end)

describe("fuse_standardised", function()
  it("agrees with the definition", function()
    local scores = { { { 1, 2, 6 }, { 70, 50, 60 } } }
    local weights, expected = { 0.7, 0.3 }, { 0, 0, 0 }
    for m, row in ipairs(scores[1]) do
      local mean, squares = (row[1] + row[2] + row[3]) / 3, 0
      for _, s in ipairs(row) do
        squares = squares + (s - mean) ^ 2
      end
      for i, s in ipairs(row) do
        expected[i] = expected[i] + weights[m] * (s - mean) / math.sqrt(squares / 2)
      end
    end
    local found = cmml.fuse_standardised(cmml.tensor(scores), weights):totable()[1]
    for i, value in ipairs(expected) do
      assert.is_true(math.abs(value - found[i]) < 1e-5)
    end
  end)

  it("takes weights of each person", function()
    local scores = random({ people, learners, items }, 3)
    local own = cmml.tensor { { 1, 0 }, { 0, 1 }, { 0.5, 0.5 } }
    local found = cmml.fuse_standardised(scores, own)
    for person, weights in ipairs(own:totable()) do
      local alone = cmml.fuse_standardised(scores:slice(1, person, person), weights)
      assert.is_true(apart(alone, found:slice(1, person, person)) < 1e-5)
    end
  end)

  it("lets a learner that tells no items apart count nothing", function()
    local some, none = random({ 1, items }, 4), cmml.full({ 1, items }, 0)
    local alone = cmml.fuse_standardised({ some }, { 0.5 })
    assert.are.equal(0, apart(alone, cmml.fuse_standardised({ some, none }, { 0.5, 0.5 })))
  end)

  it("refuses weights of another number of learners", function()
    refused("a number for each of 2 learners, not [3]", cmml.fuse_standardised,
      random({ people, learners, items }, 5), { 1, 2, 3 })
  end)
end)
