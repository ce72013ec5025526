-- Experiments over several splits: what stands in the tables is of the people of all.
local cmml = require "cmml"
local folds = require "cmml.experiment.folds"

describe("cells of several splits", function()
  local plan = { title = "kept", cells = {} }
  local results = {}
  local function add(row, fold, result)
    local cell = { table = "t", row = row, seed = 1, fold = fold }
    plan.cells[#plan.cells + 1], results[cell] = cell, result
  end
  add("a", 1, { metrics = { hit = { 1, 0 } }, weights = { 3, 4 }, seconds = 2, epochs = 10,
    train_seconds = 1, stopped = "patience", told = "x", diverged = { count = 1, of = 2 },
    rules = { all = "first" } })
  add("b", nil, { metrics = { hit = { 1 } }, seconds = 1 })
  add("a", 2, { metrics = { hit = { 0 / 0 } }, weights = { hit = { 5 } }, seconds = 4, epochs = 20,
    train_seconds = 3, stopped = "epochs", told = "x", diverged = { count = 0, of = 1 },
    rules = { all = "second" }, unchecked = true, untrained = 2 })
  add("c", 1, { metrics = { hit = { 1 } }, seconds = 1 })
  add("c", 2, nil)

  it("are one, with the values of all behind each other", function()
    local joined, of = folds.joined(plan, results)
    assert.equal("kept", joined.title)
    assert.equal(3, #joined.cells)
    local a = of[joined.cells[1]]
    assert.same({ 1, 0 }, { a.metrics.hit[1], a.metrics.hit[2] })
    assert.equal(3, #a.metrics.hit)
    assert.not_equal(a.metrics.hit[3], a.metrics.hit[3])
    assert.same({ hit = { 3, 4, 5 } }, a.weights)
    assert.same({ 3, 15, 2, "x", "epochs", true, 2 }, { a.seconds, a.epochs, a.train_seconds,
      a.told, a.stopped, a.unchecked, a.untrained })
    assert.same({ count = 1, of = 3 }, a.diverged)
    assert.same({ all = "first / second" }, a.rules)
    assert.equal(results[plan.cells[2]], of[joined.cells[2]]) -- one without folds is as it was
  end)

  it("are none where one of them is missing", function()
    local joined, of = folds.joined(plan, results)
    assert.equal("c", joined.cells[3].row)
    assert.is_nil(of[joined.cells[3]])
  end)

  it("change nothing of what they are made of", function()
    assert.same({ 1, 0 }, results[plan.cells[1]].metrics.hit)
    assert.same({ all = "first" }, results[plan.cells[1]].rules)
  end)
end)

describe("an experiment by folds", function()
  it("has the people of all of them", function()
    local function run(n)
      return cmml.experiment("sequences", { quick = true, quiet = true, protocol = { "random" },
        folds = n, kinds = { "popularity", "markov" } }).tables[1].rows
    end
    local one, five = run(1), run(5)
    for i, row in ipairs(five) do
      assert.equal(5 * one[i]["new users/hit@10"].tasks, row["new users/hit@10"].tasks)
    end
    assert.truthy(five[1]["new users/hit@10"].mean < five[2]["new users/hit@10"].mean)
  end)

  it("is refused where new users are who came last", function()
    local ok, message = pcall(cmml.experiment, "sequences", { quick = true, quiet = true,
      folds = 2, kinds = { "markov" }, protocol = { "time" } })
    assert.is_false(ok)
    assert.truthy(message:find("folds are of protocol = \"random\"", 1, true), message)
  end)
end)
