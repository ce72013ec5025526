-- Metrics of predicted ratings, by hand and by brute force.
local cmml = require "cmml"
local close = require "spec.support.close"
local seed = require "spec.support.seed"
local refused = require("spec.support.refused").with_text
local core = cmml.core

local function near(expected, actual, tolerance)
  assert.truthy(close.difference(expected, actual) <= (tolerance or 1e-6),
    ("%.9g was expected, not %.9g"):format(expected, actual))
end

local function rating(scores, labels, lengths, cutoffs)
  local function tensor(list)
    return #list > 0 and core.tensor(list) or core.full({ 0 }, 0)
  end
  return cmml.metrics.rating(tensor(scores), tensor(labels), core.segments(lengths or { #scores }),
    cutoffs)
end

describe("rating metrics", function()
  it("are the sums by hand", function()
    local m = rating({ 0.5, 1, 0.25 }, { 5, 3, 1 })
    near((4.5 + 2 + 0.75) / 3, m.mae[1])
    near(math.sqrt((20.25 + 4 + 0.5625) / 3), m.rmse[1])
    -- gains 2^label - 1: 31, 7, 1; by score the order is 7, 31, 1
    near(7 / 31, m["ndcg_exp@1"][1])
    near((7 + 31 / 1.5849625007 + 1 / 2) / (31 + 7 / 1.5849625007 + 1 / 2), m["ndcg_exp@3"][1])
  end)

  it("give each list its own value, and none to an empty one", function()
    local m = rating({ 4, 1, 2, 2 }, { 5, 1, 3, 1 }, { 1, 0, 3 }, { 2 })
    near(1, m.mae[1])
    near(2 / 3, m.mae[3])
    near(math.sqrt(2 / 3), m.rmse[3])
    near(1, m["ndcg_exp@2"][1])
    for _, list in pairs(m) do
      assert.equal(3, #list)
      assert.truthy(list[2] ~= list[2])
    end
    local none = rating({}, {}, {})
    assert.same({}, none.mae)
    assert.same({}, none["ndcg_exp@1"])
  end)

  it("have no ndcg_exp where no label is above 0, but errors all the same", function()
    local m = rating({ 1, 2 }, { 0, 0 })
    assert.truthy(m["ndcg_exp@1"][1] ~= m["ndcg_exp@1"][1])
    near(1.5, m.mae[1])
  end)

  it("give equal scores the mean over all their orders", function()
    local function permutations(list, n, visit)
      if n == 0 then
        return visit(list)
      end
      for i = 1, n do
        list[i], list[n] = list[n], list[i]
        permutations(list, n - 1, visit)
        list[i], list[n] = list[n], list[i]
      end
    end
    local function dcg(order, labels, k)
      local sum = 0
      for rank = 1, math.min(k, #order) do
        sum = sum + (2 ^ labels[order[rank]] - 1) / math.log(rank + 1, 2)
      end
      return sum
    end
    local stream = seed "ties"
    for _ = 1, 20 do
      local scores, labels = {}, {}
      for i = 1, 6 do
        scores[i], labels[i] = stream:uniform(0, 3) // 1, stream:uniform(1, 6) // 1
      end
      local best, found = { 1, 2, 3, 4, 5, 6 }, rating(scores, labels, nil, { 1, 2, 4, 9 })
      table.sort(best, function(a, b) return labels[a] > labels[b] end)
      for _, k in ipairs { 1, 2, 4, 9 } do
        local sum, count = 0, 0
        permutations({ 1, 2, 3, 4, 5, 6 }, 6, function(order)
          for rank = 2, 6 do
            if scores[order[rank - 1]] < scores[order[rank]] then
              return
            end
          end
          sum, count = sum + dcg(order, labels, k), count + 1
        end)
        near(sum / count / dcg(best, labels, k), found["ndcg_exp@" .. k][1])
      end
    end
  end)

  it("refuse what is no finite number, and shapes that do not fit", function()
    refused("score 2 is not a finite number", rating, { 1, 0 / 0 }, { 1, 2 })
    refused("score 1 is not a finite number", rating, { 1 / 0, 1 }, { 1, 2 })
    refused("label 2 is not a finite number", rating, { 1, 1 }, { 1, -1 / 0 })
    refused("one label per score", rating, { 1, 2 }, { 1 })
    refused("one score per row", rating, { 1, 2 }, { 1, 2 }, { 3 })
    refused("at least 1", rating, { 1, 2 }, { 1, 2 }, nil, { 0 })
  end)
end)

describe("metrics.summary", function()
  it("is the mean with 1.96 standard deviations over the root of the count", function()
    local s = cmml.metrics.summary { 1, 2, 0 / 0, 6 }
    assert.equal(3, s.mean)
    near(1.96 * math.sqrt(14 / 3) / math.sqrt(3), s.interval, 1e-15)
    assert.equal(3, s.tasks)
    assert.equal(1, s.skipped)
    assert.equal(0, cmml.metrics.summary({ 4, 4 }).interval)
  end)

  it("has no mean where there is nothing to count", function()
    local s = cmml.metrics.summary { 0 / 0 }
    assert.truthy(s.mean ~= s.mean)
    assert.equal(0, s.tasks)
    assert.equal(1, s.skipped)
  end)
end)
