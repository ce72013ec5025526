-- A value that does not exist is no value of one model alone: it is left out of all models that are
-- compared, counted, and never printed as nan. Each case was reported of this or another library.
local cmml = require "cmml"
local close = require "spec.support.close"
local people = require "spec.support.people"
local stub = require "spec.support.stub"
local tables = require "cmml.base.tables"
local core = cmml.core
local nan = 0 / 0

local function near(expected, actual)
  assert.truthy(close.difference(expected, actual) <= 1e-6,
    ("%.9g was expected, not %.9g"):format(expected, actual))
end

local function rating(scores, labels, cutoffs)
  return cmml.metrics.rating(core.tensor(scores), core.tensor(labels), core.segments { #scores },
    cutoffs)
end

local function ranking(scores, labels, cutoffs)
  return cmml.metrics.ranking(core.tensor(scores), core.tensor(labels), core.segments { #scores },
    cutoffs)
end

describe("ndcg_exp", function()
  it("does not overflow, however large the labels are", function()
    for _, large in ipairs { 1023, 1024, 5000, 1e6, 3e38 } do
      -- the other rows count nothing beside the one with the largest label
      local m = rating({ 1, 2, 3 }, { large, 1, 2 }, { 1, 2, 3 })
      near(0, m["ndcg_exp@1"][1])
      near(0, m["ndcg_exp@2"][1])
      near(1 / math.log(4, 2), m["ndcg_exp@3"][1])
      near(1, rating({ 3, 2, 1 }, { large, 1, 2 }, { 1 })["ndcg_exp@1"][1])
      for _, found in ipairs { ranking({ 1, 2, 3 }, { large, 1, 0 }, { 3 }) } do
        near(1 / math.log(4, 2), found["ndcg_exp@3"][1])
        near(1, ranking({ 3, 2, 1 }, { large, 1, 0 }, { 1 })["ndcg@1"][1])
      end
    end
  end)

  it("of two large labels has the ratio of their gains", function()
    -- 2^2000 and 2^1999, the smaller one first
    near((0.5 + 1 / math.log(3, 2)) / (1 + 0.5 / math.log(3, 2)),
      rating({ 2, 1 }, { 1999, 2000 }, { 2 })["ndcg_exp@2"][1])
  end)

  it("is the formula with 2^label - 1 for ratings as they are", function()
    local labels, scores = { 5, 3, 0.5, 1, 4 }, { 0.1, 0.9, 0.8, 0.4, 0.5 }
    local function dcg(order)
      local sum = 0
      for rank, i in ipairs(order) do
        sum = sum + (2 ^ labels[i] - 1) / math.log(rank + 1, 2)
      end
      return sum
    end
    near(dcg { 2, 3, 5, 4, 1 } / dcg { 1, 5, 2, 4, 3 },
      rating(scores, labels, { 5 })["ndcg_exp@5"][1])
    -- of small labels a difference of two numbers near 1 would keep no digit
    near((1 + 2 / math.log(3, 2)) / (2 + 1 / math.log(3, 2)),
      rating({ 2, 1 }, { 1e-12, 2e-12 }, { 2 })["ndcg_exp@2"][1])
  end)

  it("gives a row with a negative label no gain, so that it is from 0 to 1", function()
    local m = rating({ 3, 2, 1 }, { -2, 3, 0 }, { 1, 2 })
    near(0, m["ndcg_exp@1"][1]) -- and not -0.107
    near(1 / math.log(3, 2), m["ndcg_exp@2"][1])
    near(1, rating({ 1, 2 }, { -10, 2 }, { 2 })["ndcg_exp@2"][1])
  end)

  it("does not exist where no label is above 0", function()
    for _, labels in ipairs { { 0, 0 }, { -1, -2 }, { -1, 0 } } do
      local value = rating({ 1, 2 }, labels, { 1 })["ndcg_exp@1"][1]
      assert.truthy(value ~= value)
    end
  end)
end)

describe("mae and rmse", function()
  it("are finite where the squares of errors overflow", function()
    local other = require "cmml.core64"
    local m = other.rating_metrics(other.tensor { 3e200, 0 }, other.tensor { 0, 4e200 },
      other.segments { 2 }, { 1 })
    near(3.5, m.mae[1] / 1e200)
    near(math.sqrt(12.5), m.rmse[1] / 1e200)
  end)
end)

describe("models that are compared", function()
  local data = people.data(cmml, { users = 30, items = 12, rated = 6 })
  local tasks = cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags,
    support = 3, query = 2, seed = 4 }

  -- Scores that are a function of the row of an item.
  local function scoring(f)
    return stub(cmml, "users", function()
      return {}
    end, function(_, _, rows)
      local scores = {}
      for i, item in ipairs(rows.items:totable()) do
        scores[i] = f(item)
      end
      return core.tensor(scores)
    end)
  end

  -- The correlation of scores and labels does not exist where either is constant.
  if not pcall(cmml.metrics.find, "spec", "spec_correlation") then
    cmml.metrics.register { names = { "spec_correlation" }, compute = function(scores, labels,
        segments)
      local s, y, at, list = scores:totable(), labels:totable(), 0, {}
      for t, n in ipairs(segments:totable()) do
        local ms, my, ss, yy, sy = 0, 0, 0, 0, 0
        for i = at + 1, at + n do
          ms, my = ms + s[i] / n, my + y[i] / n
        end
        for i = at + 1, at + n do
          ss, yy = ss + (s[i] - ms) ^ 2, yy + (y[i] - my) ^ 2
          sy = sy + (s[i] - ms) * (y[i] - my)
        end
        list[t], at = sy / math.sqrt(ss * yy), at + n
      end
      return { spec_correlation = list }
    end }
  end

  local function even(item)
    return item % 2 -- the same for both items of some queries
  end
  local function rising(item)
    return item
  end

  it("have their means of the tasks of which all of them have a value", function()
    local options = { draws = 1, metrics = { "spec_correlation", "mae" } }
    local alone = cmml.evaluate({ scoring(rising) }, tasks, options)[1].spec_correlation
    local found = cmml.evaluate({ scoring(rising), scoring(even) }, tasks, options)
    local first, second = found[1].spec_correlation, found[2].spec_correlation
    assert.truthy(second.tasks > 0 and second.skipped > alone.skipped)
    assert.equal(first.tasks, second.tasks)
    assert.equal(first.skipped, second.skipped)
    local sum, n = 0, 0
    for t, value in ipairs(first.values) do
      assert.equal(value ~= value, second.values[t] ~= second.values[t])
      if value == value then
        assert.equal(alone.values[t], value)
        sum, n = sum + value, n + 1
      end
    end
    near(sum / n, first.mean)
    assert.equal(0, found[1].mae.skipped)
    local text = cmml.metrics.format_results({ "rising", "even" }, found, { "spec_correlation",
      "mae" })
    assert.truthy(text:find(("%d of %d users left out of spec_correlation, where not every model "
      .. "has a value"):format(first.skipped, #data.test), 1, true), text)
  end)

  it("are compared without one of constant scores, which has no correlation at all", function()
    local found = cmml.evaluate({ scoring(function()
      return 3
    end) }, tasks, { draws = 1, metrics = { "spec_correlation" } })
    assert.equal(0, found[1].spec_correlation.tasks)
    local text = cmml.metrics.format_results({ "constant" }, found, { "spec_correlation" })
    assert.truthy(text:find("| constant | -                |", 1, true), text)
    assert.is_nil(text:find("nan", 1, true), text)
  end)

  it("have the same tasks over supports of all sizes", function()
    local changing = stub(cmml, "users", function(_, support)
      return #support.items
    end, function(_, count, rows)
      local scores = {}
      for i, item in ipairs(rows.items:totable()) do
        scores[i] = count > 0 and item or 3
      end
      return core.tensor(scores)
    end)
    local by_size = cmml.users.evaluate_by_support({ changing, scoring(even) }, tasks, { 1, 2 },
      { draws = 1, metrics = { "spec_correlation" } })
    assert.same(by_size[1][1].spec_correlation.tasks, by_size[2][2].spec_correlation.tasks)
    by_size = cmml.users.evaluate_by_support({ changing, scoring(rising) }, tasks, { 0, 2 },
      { draws = 1, metrics = { "spec_correlation", "mae" } })
    assert.equal(0, by_size[2][1].spec_correlation.tasks) -- there are none without a support
    assert.equal(#data.test, by_size[2][1].mae.tasks)
  end)

  for name, bad in pairs { ["nan"] = nan, ["inf"] = math.huge } do
    it("are told of one whose scores are " .. name .. ", and go on without it", function()
      local calls = 0
      local diverged = stub(cmml, "users", function()
        return {}
      end, function(_, _, rows)
        calls = calls + 1
        local scores = {}
        for i = 1, #rows.items do
          scores[i] = i == 1 and bad or 3
        end
        return core.tensor(scores)
      end)
      local options = { draws = 2, metrics = { "mae" } }
      local alone = cmml.evaluate({ scoring(rising) }, tasks, options)
      local found = cmml.evaluate({ diverged, scoring(rising) }, tasks, options)
      assert.truthy(calls > 0)
      assert.same(alone[1].mae, found[2].mae)
      assert.equal(0, found[1].mae.tasks)
      assert.is_nil(alone.not_finite)
      assert.same({ 1 }, { found.not_finite[1][1] })
      local text = cmml.metrics.format_results({ "wild", "tame" }, found, { "mae" })
      local bads = #found.not_finite[1]
      assert.truthy(text:find(("wild: its scores of %d of %d users are not finite numbers"):format(
        bads, #data.test), 1, true), text)
      assert.truthy(text:find("| wild  | -  ", 1, true), text)
      assert.truthy(text:find("none left out", 1, true), text)
      for _, word in ipairs { "nan", "inf ", "inf|" } do
        assert.is_nil(text:find(word, 1, true), text)
      end
      assert.is_nil(cmml.evaluate({ diverged }, tasks, { stop_if_not_finite = true }))
    end)
  end
end)

describe("a value that does not exist", function()
  local document = { name = "numbers", facts = { { "share", nan } }, tables = { { name = "list",
    columns = { { name = "who", kind = "text" }, { name = "value", kind = "number" } },
    rows = { { who = "a", value = nan }, { who = "b", value = -nan }, { who = "c",
      value = math.huge }, { who = "d", value = -math.huge }, { who = "e" }, { who = "f",
      value = 0.1 } } } } }

  it("is a dash in text, empty in CSV and null in JSON", function()
    assert.equal([[
share        -

| who | value |
|-----|-------|
| a   | -     |
| b   | -     |
| c   | -     |
| d   | -     |
| e   | -     |
| f   | 0.1   |
]], tables.render(document, "text"))
    assert.equal("who,value\r\na,\r\nb,\r\nc,\r\nd,\r\ne,\r\nf,0.1\r\n",
      tables.render(document, "csv"))
    local found = core.json_decode(tables.render(document, "json"))
    assert.equal(core.json_null, found.share)
    for i = 1, 5 do
      assert.equal(core.json_null, found.list[i].value)
    end
    assert.equal(0.1, found.list[6].value)
  end)
end)
