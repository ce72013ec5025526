-- Bags of ids in which every task has numbers of its own.
local cmml = require "cmml"
local leaks = require "spec.support.leaks"
local refused = require("spec.support.refused").with_text
local core = cmml.core

leaks.around(setup, teardown, core)

describe("bags of tasks", function()
  -- bag 1: 5, 7, 5; bag 2: none; bag 3: 7, 0 (unknown); bag 4: 9
  local ids, bags

  before_each(function()
    ids, bags = core.ids { 5, 7, 5, 7, 0, 9 }, core.segments { 3, 0, 2, 1 }
  end)

  after_each(function()
    ids, bags = nil, nil
  end)

  it("number each pair of an id and a task once", function()
    local of, owners, places, lengths = core.task_bags(ids, bags, core.ids { 1, 3, 2, 3, 4, 0 },
      core.segments { 3, 0, 3 })
    assert.same({ 5, 7, 7, 9 }, of:totable())
    assert.same({ 1, 1, 3, 3 }, owners:totable())
    assert.same({ 1, 2, 1, 2, 3, 4 }, places:totable())
    assert.same({ 3, 1, 0, 1, 1, 0 }, lengths:totable())
  end)

  it("go on behind pairs that have numbers", function()
    local of, owners, places, lengths = core.task_bags(ids, bags, core.ids { 1, 4, 3 },
      core.segments { 1, 2 }, core.ids { 7, 7, 2 }, core.ids { 2, 1, 1 })
    assert.same({ 5, 9 }, of:totable())
    assert.same({ 1, 2 }, owners:totable())
    assert.same({ 4, 2, 4, 5, 1 }, places:totable())
    assert.same({ 3, 1, 1 }, lengths:totable())
  end)

  it("hold one id each without segments, and may be empty", function()
    local of, owners, places, lengths = core.task_bags(ids, nil, core.ids { 2, 5, 6 },
      core.segments { 3 })
    assert.same({ 7, 9 }, of:totable())
    assert.same({ 1, 1 }, owners:totable())
    assert.same({ 1, 2 }, places:totable())
    assert.same({ 1, 0, 1 }, lengths:totable())
    of, owners, places, lengths = core.task_bags(ids, bags, core.ids {}, core.segments { 0, 0 })
    assert.same({ 0, 0, 0, 0 }, { #of, #owners, #places, #lengths })
  end)

  it("refuse what does not fit", function()
    local rows, tasks = core.ids { 1, 2 }, core.segments { 2 }
    refused("the segments cover 2 ids, but there are 6", core.task_bags, ids, core.segments { 2 },
      core.ids { 1 }, core.segments { 1 })
    refused("rows contains 5, but there are only 4 bags", core.task_bags, ids, bags,
      core.ids { 5 }, core.segments { 1 })
    refused("the tasks cover 3 rows, but there are 2", core.task_bags, ids, bags, rows,
      core.segments { 3 })
    refused("2 ids were seen, but 1 owners", core.task_bags, ids, bags, rows, tasks,
      core.ids { 1, 2 }, core.ids { 1 })
    refused("the pairs that were seen are not distinct", core.task_bags, ids, bags, rows, tasks,
      core.ids { 1, 1 }, core.ids { 1, 1 })
    refused("seen and owners belong together", core.task_bags, ids, bags, rows, tasks,
      core.ids { 1 })
  end)

  it("are joined field by field, and repeated where they stand for several rows", function()
    local first = { places = core.ids { 1, 2, 1, 3 }, bags = core.segments { 2, 1, 0, 1 },
      owners = core.ids { 1, 1, 3 } }
    local second = { places = core.ids { 2, 1, 2 }, bags = core.segments { 1, 2 },
      owners = core.ids { 1, 2 }, repeated = core.segments { 3, 1 } }
    local places, lengths, pairs_ = core.join_task_bags({ first, second }, 3)
    assert.same({ 1, 2, 1, 3, 5, 5, 5, 4, 5 }, places:totable())
    assert.same({ 2, 1, 0, 1, 1, 1, 1, 2 }, lengths:totable())
    assert.same({ 2, 0, 1, 1, 1, 0 }, pairs_:totable())
    places, lengths, pairs_ = core.join_task_bags({}, 2)
    assert.same({ 0, 0, 0 }, { #places, #lengths, #pairs_ })
  end)

  it("are not joined if they do not fit", function()
    local function field(change)
      local own = { places = core.ids { 1, 2 }, bags = core.segments { 1, 1 },
        owners = core.ids { 1, 2 } }
      for key, value in pairs(change) do
        own[key] = value
      end
      return own
    end
    local function wrong(text, change, tasks)
      refused(text, core.join_task_bags, { field {}, field(change) }, tasks or 2)
    end
    wrong("field 2: the bags cover 1 places, but there are 2", { bags = core.segments { 1 } })
    wrong("field 2: places must be from 1 to 2", { places = core.ids { 1, 3 } })
    wrong("field 2: places must be from 1 to 2", { places = core.ids { 1, 0 } })
    wrong("field 2: owners must rise from 1 to at most 2", { owners = core.ids { 2, 1 } })
    wrong("owners must rise from 1 to at most 1", {}, 1)
    wrong("field 2: 1 bags are repeated, but there are 2", { repeated = core.segments { 2 } })
    wrong("field 2 has 3 rows, field 1 has 2", { repeated = core.segments { 2, 1 } })
    wrong("places of field 2 must be Ids, not table", { places = {} })
    refused("field 1 must be a table", core.join_task_bags, { 1 }, 2)
    refused("a number of tasks", core.join_task_bags, {}, -1)
    local many = {}
    for i = 1, 65 do
      many[i] = field {}
    end
    refused("at most 64", core.join_task_bags, many, 2)
  end)
end)
