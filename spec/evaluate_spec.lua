-- Evaluation of recommenders over tasks, and its results as a table.
local plain_format = require("cmml.base.plain").format
local cmml = require "cmml"
local close = require "spec.support.close"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local stub = require "spec.support.stub"
local core = cmml.core

describe("evaluate", function()
  local data = people.data(cmml, { users = 30, items = 12, rated = 6 })

  -- Predicts the same for everything.
  local function constant(value)
    return stub(cmml, "users", function()
      return value
    end, function(_, state, rows)
      return core.full({ #rows.items }, state)
    end)
  end

  local function tasks(options)
    options = options or {}
    return cmml.users.tasks { ratings = data.all, users = options.users or data.test,
      bags = data.bags,
      support = 3, query = 2, batch = options.batch, seed = 4 }
  end

  it("takes the mean of a user over the draws, then over users", function()
    local sums, draws = {}, 3
    for number = 1, draws do
      local at = 0
      for batch in tasks():batches(number) do
        local labels, row = batch.query.labels:totable(), 0
        for _, n in ipairs(batch.query.segments:totable()) do
          at = at + 1
          for i = row + 1, row + n do
            sums[at] = (sums[at] or 0) + math.abs(labels[i] - 2) / n / draws
          end
          row = row + n
        end
      end
    end
    local expected = cmml.metrics.summary(sums)
    local found = cmml.evaluate({ constant(2), constant(3) }, tasks(), { draws = draws })
    assert.equal(2, #found)
    assert.truthy(close.difference(expected.mean, found[1].mae.mean) <= 1e-6)
    assert.truthy(close.difference(expected.interval, found[1].mae.interval) <= 1e-6)
    assert.equal(#data.test, found[1].mae.tasks)
    assert.not_equal(found[1].mae.mean, found[2].mae.mean)
  end)

  it("does not depend on the batches", function()
    local one = cmml.evaluate({ constant(2.5) }, tasks { batch = 1 }, { draws = 2 })
    assert.same(one, cmml.evaluate({ constant(2.5) }, tasks { batch = 4 }, { draws = 2 }))
    assert.same(one, cmml.evaluate({ constant(2.5) }, tasks { batch = 100 }, { draws = 2 }))
  end)

  it("counts users who have nothing to be judged by as skipped", function()
    local world = people.world { users = 5, items = 6, rated = 3 }
    world.users[6], world.schema = { id = "silent", age = "1" }, cmml.data.schema {}
    local silent = cmml.dataset(world)
    local rows = { 1, silent.users:id "silent", 2 }
    local found = cmml.evaluate({ constant(3) }, cmml.users.tasks { ratings = silent.ratings,
      users = rows, bags = {} })[1]
    assert.equal(2, found.mae.tasks)
    assert.equal(1, found.mae.skipped)
    assert.truthy(found.mae.mean == found.mae.mean)
  end)

  it("takes the draws that leave something to be found, where partial is asked for", function()
    local ratings, relevant = {}, { 2, 1, 0, 4 } -- of 4 ratings each
    for u, loved in ipairs(relevant) do
      for i = 1, 4 do
        ratings[#ratings + 1] = { "p" .. u, "f" .. i, i <= loved and 5 or 1 }
      end
    end
    ratings[#ratings + 1] = { "other", "f5", 3 }
    local set = cmml.dataset { name = "four", ratings = ratings }
    local last_first = stub(cmml, "users", function()
      return {}
    end, function(_, _, rows)
      local scores = {}
      for i, item in ipairs(rows.items:totable()) do
        scores[i] = item
      end
      return core.tensor(scores)
    end, (set:catalogue { 1, 2, 3, 4, 5 }))
    local of_four = cmml.users.tasks { ratings = set.ratings, users = { 1, 2, 3, 4 }, bags = {},
      seed = 3, rank = "all", relevant = 4, support = 2 }
    local draws, expected, with_some = 9, {}, 0
    for u = 1, 4 do
      local sum, n = 0, 0
      for draw = 1, draws do
        local out, dcg, ideal, at = {}, 0, 0, 0
        for _, item in ipairs(of_four:draw(draw, { u }).support.items:totable()) do
          out[item] = true
        end
        local found = 0
        for item = 5, 1, -1 do
          at = at + (out[item] and 0 or 1)
          if not out[item] and item <= relevant[u] then
            found = found + 1
            dcg, ideal = dcg + 1 / math.log(at + 1, 2), ideal + 1 / math.log(found + 1, 2)
          end
        end
        if ideal > 0 then
          sum, n = sum + dcg / ideal, n + 1
        end
      end
      expected[u] = sum / n
      with_some = with_some + (n > 0 and n < draws and 1 or 0)
    end
    assert.equal(2, with_some, "people of whom some draws leave nothing")
    local options = { metrics = { "ndcg" }, cutoffs = { 4 }, draws = draws, partial = true }
    for _, results in ipairs(cmml.evaluate({ last_first, last_first }, of_four, options)) do
      local found = results["ndcg@4"]
      assert.same({ 3, 1 }, { found.tasks, found.skipped })
      for u = 1, 4 do
        assert.truthy(close.difference(expected[u], found.values[u]) <= 1e-6)
      end
    end
    options.partial = nil
    local found = cmml.evaluate({ last_first }, of_four, options)[1]["ndcg@4"]
    assert.same({ 1, 3 }, { found.tasks, found.skipped })
    assert.truthy(close.difference(expected[4], found.mean) <= 1e-6)
  end)

  it("records no gradients", function()
    local model = cmml.cmml(data.catalogue, people.small())
    local tracked
    local watching = stub(cmml, "users", function(_, support)
      return model:adapt_rows(support)
    end, function(_, state, rows)
      local scores = model:score_rows(state, rows)
      tracked = scores.tracked
      return scores
    end)
    cmml.evaluate({ watching }, tasks(), { draws = 1 })
    assert.is_false(tracked)
    assert.is_true(core.grad_enable(true))
  end)

  it("tells how well queries are ranked where it is told what is relevant", function()
    local by_name = stub(cmml, "users", function()
      return {}
    end, function(_, _, rows)
      local scores = {}
      for i, item in ipairs(rows.items:totable()) do
        scores[i] = item % 4
      end
      return core.tensor(scores)
    end)
    local function wide()
      return cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags,
        support = 1,
        query = 5, batch = 4, seed = 4 }
    end
    local expected, draws, options = {}, 2, { draws = 2, relevant = 4, cutoffs = { 1, 2 } }
    for draw = 1, draws do
      local first = 0
      for batch in wide():batches(draw) do
        local good = {}
        for i, label in ipairs(batch.query.labels:totable()) do
          good[i] = label >= 4 and 1 or 0
        end
        local values = cmml.metrics.ranking(by_name:score_rows(nil, batch.query),
          core.tensor(good), batch.query.segments, { 1, 2 })
        for name, list in pairs(values) do
          expected[name] = expected[name] or {}
          for i, value in ipairs(list) do
            expected[name][first + i] = (expected[name][first + i] or 0) + value / draws
          end
        end
        first = first + #batch.query.segments
      end
    end
    local plain = cmml.evaluate({ by_name }, wide(), { draws = 2, cutoffs = { 1, 2 } })[1]
    local found = cmml.evaluate({ by_name, constant(3) }, wide(), options)
    for name, values in pairs(expected) do
      local of_ratings = name:find "^ndcg_exp"
      local wanted = of_ratings and plain[name] or cmml.metrics.summary(values)
      for _, key in ipairs { "mean", "interval", "tasks", "skipped" } do
        assert.equal(wanted[key], found[1][name][key], name)
      end
    end
    assert.is_nil(plain.auc)
    assert.is_true(found[1].auc.tasks > 0)
    assert.not_equal(0.5, found[1].auc.mean)
    assert.equal(0.5, found[2].auc.mean)
    assert.same(plain.mae, found[1].mae)
    refused("relevant must be a finite number", cmml.evaluate, { by_name }, wide(),
      { relevant = 0 / 0 })
  end)

  it("refuses an evaluation of nothing", function()
    refused("a list of recommenders was expected", cmml.evaluate, constant(1), tasks())
    refused("entry 2 of the list must be a recommender, not table", cmml.evaluate,
      { constant(1), {} }, tasks())
    refused("draws must be at least 1, but is 0", cmml.evaluate, { constant(1) }, tasks(),
      { draws = 0 })
    refused("there are no users to evaluate on", cmml.evaluate, { constant(1) },
      tasks { users = {} })
    refused("unknown option draw; did you mean draws?", cmml.evaluate, { constant(1) }, tasks(),
      { draw = 1 })
  end)

  it("shows its results in columns that line up", function()
    local found = cmml.evaluate({ constant(2), constant(3) }, tasks())
    local none = { mean = 0 / 0, interval = 0 / 0 }
    found[1].average_precision, found[2].average_precision = found[1].mae, none
    local lines = {}
    for line in cmml.metrics.format_results({ "a", "longer title" }, found, { "mae", "ndcg_exp@1",
      "average_precision" }):gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    assert.equal(("means over %d users, none left out"):format(#data.test), table.remove(lines))
    assert.equal(4, #lines)
    assert.truthy(lines[4]:find("%| %- +|$"), lines[4])
    refused("format_results: there are more titles or sizes than results",
      cmml.metrics.format_results,
      { "two", "three", "four" }, found)
    refused("format_results: there is no metric auc; known: average_precision, mae, ",
      cmml.metrics.format_results, { "a", "b" }, found, { "auc" })
    assert.truthy(lines[3]:find("| a            | ", 1, true), lines[3])
    assert.truthy(lines[3]:find(plain_format("%.4f ± %.4f", found[1].mae.mean,
      found[1].mae.interval), 1, true))
    local width = utf8.len(lines[1])
    for _, line in ipairs(lines) do
      assert.equal(width, utf8.len(line), line)
    end
  end)
end)
