-- Metrics of ranked lists: by their definitions over every order of equal scores, and by hand.
local close = require "spec.support.close"
local cmml = require "cmml"
local seed = require "spec.support.seed"
local refused = require("spec.support.refused").with_text

local function near(expected, actual, name)
  assert.truthy(close.difference(expected, actual) <= 1e-12,
    ("%s: %.17g was expected, not %.17g"):format(name or "", expected, actual))
end

local function ranking(library, scores, labels, lengths, cutoffs)
  local function tensor(list)
    return #list > 0 and library.tensor(list) or library.full({ 0 }, 0)
  end
  return library.metrics.ranking(tensor(scores), tensor(labels),
    library.segments(lengths or { #scores }), cutoffs)
end

-- Visits every order of a list.
local function orders(list, n, visit)
  if n == 0 then
    return visit(list)
  end
  for i = 1, n do
    list[i], list[n] = list[n], list[i]
    orders(list, n - 1, visit)
    list[i], list[n] = list[n], list[i]
  end
end

local function dcg(labels, gain, k)
  local sum = 0
  for rank = 1, math.min(k, #labels) do
    sum = sum + gain(labels[rank]) / math.log(rank + 1, 2)
  end
  return sum
end

local gains = {
  ndcg = function(label)
    return label
  end,
  ndcg_exp = function(label)
    return 2 ^ label - 1
  end,
}

-- The definitions, on the labels of a list without ties, best score first.
local function defined(labels, k)
  local best, positives, found, precisions, first = { table.unpack(labels) }, 0, 0, 0, nil
  table.sort(best, function(a, b) return a > b end)
  for rank, label in ipairs(labels) do
    if label > 0 then
      positives = positives + 1
      first = first or rank
      if rank <= k then
        found, precisions = found + 1, precisions + positives / rank
      end
    end
  end
  local result = { recall = found / positives, precision = found / k, hit = found > 0 and 1 or 0,
    mrr = first <= k and 1 / first or 0, map = precisions / math.min(k, positives) }
  for name, gain in pairs(gains) do
    result[name] = dcg(labels, gain, k) / dcg(best, gain, k)
  end
  return result
end

local function auc(scores, labels)
  local sum, pairs_ = 0, 0
  for i, a in ipairs(scores) do
    for j, b in ipairs(scores) do
      if labels[i] > 0 and labels[j] == 0 then
        pairs_ = pairs_ + 1
        sum = sum + (a > b and 1 or a == b and 0.5 or 0)
      end
    end
  end
  return sum / pairs_
end

-- The mean of the definitions over all orders that the scores allow.
local function expected(scores, labels, k)
  local sums, count, places = {}, 0, {}
  for i in ipairs(scores) do
    places[i] = i
  end
  orders(places, #places, function(order)
    for rank = 2, #order do
      if scores[order[rank - 1]] < scores[order[rank]] then
        return
      end
    end
    local ranked = {}
    for rank, i in ipairs(order) do
      ranked[rank] = labels[i]
    end
    count = count + 1
    for name, value in pairs(defined(ranked, k)) do
      sums[name] = (sums[name] or 0) + value
    end
  end)
  for name, sum in pairs(sums) do
    sums[name] = sum / count
  end
  return sums
end

describe("ranking metrics", function()
  it("are the mean of their definitions over all orders of equal scores", function()
    local stream, cutoffs = seed "ranking", { 1, 2, 3, 5, 9 }
    for round = 1, 40 do
      local scores, labels, levels = {}, {}, 1 + round % 6
      for i = 1, 6 do
        scores[i], labels[i] = stream:uniform(0, levels) // 1, stream:uniform(-2, 4) // 1
        labels[i] = math.max(labels[i], 0)
      end
      labels[1 + round % 6] = 1 + round % 3
      local found = ranking(cmml.double, scores, labels, nil, cutoffs)
      for _, k in ipairs(cutoffs) do
        for name, value in pairs(expected(scores, labels, k)) do
          near(value, found[name .. "@" .. k][1], name .. "@" .. k)
        end
      end
      local whole = expected(scores, labels, 6)
      near(whole.mrr, found.reciprocal_rank[1], "reciprocal_rank")
      near(whole.map, found.average_precision[1], "average_precision")
      local value = auc(scores, labels)
      if value == value then
        near(value, found.auc[1], "auc")
      else
        assert.truthy(found.auc[1] ~= found.auc[1])
      end
    end
  end)

  it("give a constant model what chance gives, in lists of any length", function()
    for _, n in ipairs { 3, 1000, 100000 } do
      local scores, labels = {}, {}
      for i = 1, n do
        scores[i], labels[i] = 0.25, i == 2 and 1 or 0
      end
      local found = ranking(cmml.double, scores, labels, nil, { 2 })
      near(2 / n, found["recall@2"][1])
      near(2 / n, found["hit@2"][1])
      near(1 / n, found["precision@2"][1])
      near(1.5 / n, found["mrr@2"][1])
      near(0.5, found.auc[1])
    end
  end)

  it("do not depend on the order in which the rows are given", function()
    local stream, scores, labels, n = seed "rows", {}, {}, 500
    for i = 1, n do
      scores[i], labels[i] = stream:uniform(0, 40) // 1, stream:uniform(-3, 3)
      labels[i] = math.max(labels[i], 0)
    end
    local back_scores, back_labels = {}, {}
    for i = 1, n do
      back_scores[i], back_labels[i] = scores[n + 1 - i], labels[n + 1 - i]
    end
    assert.same(ranking(cmml, scores, labels), ranking(cmml, back_scores, back_labels))
  end)

  it("give each list its own values, none to one without anything to find", function()
    local found = ranking(cmml, { 1, 2, 5, 5, 3, 1 }, { 1, 0, 0, 1, 1, 1 }, { 2, 0, 1, 3 }, { 1 })
    assert.same({ 0.0, 0.0, 0.5 }, { found["recall@1"][1], found.auc[1],
      found.reciprocal_rank[1] })
    for name, list in pairs(found) do
      assert.equal(4, #list, name)
      assert.truthy(list[2] ~= list[2], name)
      assert.truthy(list[3] ~= list[3], name)
    end
    assert.equal(1, found["ndcg@1"][4])
    assert.truthy(found.auc[4] ~= found.auc[4])
    assert.equal(2, cmml.metrics.summary(found["hit@1"]).tasks)
    assert.equal(0.5, cmml.metrics.summary(found["hit@1"]).mean)
    for _, list in pairs(ranking(cmml, {}, {}, {})) do
      assert.same({}, list)
    end
  end)

  it("read scores that lie apart in memory", function()
    local scores = cmml.tensor({ { 1, 9 }, { 2, 9 }, { 3, 9 } }):transpose():slice(1, 1, 1)
      :reshape({ 3 })
    local column = cmml.tensor({ { 3, 0 }, { 2, 1 }, { 1, 0 } }):slice(2, 2, 2):reshape({ 3 })
    local found = cmml.metrics.ranking(scores, column, cmml.segments { 3 }, { 1, 2 })
    assert.same({ 0, 1 }, { found["hit@1"][1], found["hit@2"][1] })
  end)

  it("have finite gains however large the labels are", function()
    local found = ranking(cmml.double, { 3, 2, 1 }, { 5000, 4999, 0 }, nil, { 1, 2 })
    assert.equal(1, found["ndcg_exp@1"][1])
    near(1, ranking(cmml.double, { 3, 2, 1 }, { 5000, 4999, 0 }, nil, { 2 })["ndcg_exp@2"][1])
    near(0.5, ranking(cmml.double, { 2, 3, 1 }, { 5000, 4999, 0 }, nil, { 1 })["ndcg_exp@1"][1])
  end)

  it("refuse what is no finite number, negative labels, cutoffs and shapes that do not fit",
    function()
      refused("score 2 is not a finite number", ranking, cmml, { 1, 0 / 0 }, { 1, 0 })
      refused("score 1 is not a finite number", ranking, cmml, { -1 / 0, 1 }, { 1, 0 })
      refused("label 2 is not a finite number", ranking, cmml, { 1, 1 }, { 1, 1 / 0 })
      refused("label 2 is negative: -1", ranking, cmml, { 1, 1 }, { 1, -1 })
      refused("one label per score", ranking, cmml, { 1, 2 }, { 1 })
      refused("one score per row", ranking, cmml, { 1, 2 }, { 1, 2 }, { 3 })
      for _, k in ipairs { 0, -1, 1.5, 1 << 31 } do
        refused("whole numbers, at least 1", ranking, cmml, { 1, 2 }, { 1, 0 }, nil, { k })
      end
      local many = {}
      for k = 1, 1001 do
        many[k] = k
      end
      refused("at most 1000", ranking, cmml, { 1, 2 }, { 1, 0 }, nil, many)
    end)
end)
