-- Rows: what a support, a query and a list to be ranked are, in every setting.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"

describe("rows", function()
  it("are made of plain lists", function()
    local rows = cmml.data.rows { lengths = { 2, 0, 1 }, items = { 3, 1, 3 }, users = { 1, 1, 2 },
      labels = { 1, 0, 0.5 } }
    assert.same({ 2, 0, 1 }, rows.segments:totable())
    assert.same({ 3, 1, 3 }, rows.items:totable())
    assert.same({ 1, 1, 2 }, rows.users:totable())
    assert.same({ 1, 0, 0.5 }, rows.labels:totable())
    assert.is_nil(rows.people)
    local empty = cmml.data.rows { lengths = { 0 }, items = {}, labels = {} }
    assert.equal(0, #empty.items)
    assert.same({}, empty.labels:totable())
    assert.is_nil(empty.users)
    assert.is_nil(cmml.data.rows({ lengths = { 1 }, items = { 1 } }).labels)
  end)

  it("are refused where lists are none", function()
    refused("option lengths is missing", cmml.data.rows, { items = {} })
    refused("option items is missing", cmml.data.rows, { lengths = {} })
    refused("unknown option item; did you mean items?", cmml.data.rows, { lengths = {}, item = {} })
    refused("not a whole number", cmml.data.rows, { lengths = { 1 }, items = { "i1" } })
    refused("lengths", cmml.data.rows, { lengths = 5, items = {} })
  end)

  it("of users know the people of their tasks, by segments", function()
    local data = people.data(cmml, { users = 20, items = 8, rated = 5 })
    local batch = cmml.users.tasks({ ratings = data.all, users = data.test, bags = data.bags,
      support = 3, query = 2 }):batches(1)()
    for _, rows in ipairs { batch.support, batch.query } do
      assert.equal(#rows.segments, #rows.people.rows)
      assert.equal(data.bags, rows.people.bags)
      assert.equal(rows.segments:rows(), #rows.items)
      assert.equal(#rows.items, rows.labels.count)
      assert.is_nil(rows.users)
    end
    local model = cmml.recommenders.global_mean(data.catalogue)
    local support = model:adapt({ { "f1", 4 }, user = { age = "2" } }).rows
    assert.equal(1, #support.people.rows)
    assert.same({ 4 }, support.labels:totable())
  end)

  it("of scenarios have users row by row", function()
    local split = scenario_world.data(cmml):split {}
    local batch = split:tasks({ support = 4, query = 3 }):batches(1)()
    assert.equal(#batch.support.items, #batch.support.users)
    assert.equal(batch.support.segments:rows(), batch.support.labels.count)
    assert.is_nil(batch.support.people)
    local model = cmml.recommenders.support_popularity(split:catalogue())
    local support = model:adapt({ { "u1", "i1", 1 }, { "u2", "i3", 0 } }).rows
    assert.same({ 2, 2, 2 }, { #support.users, #support.items, support.labels.count })
  end)

  it("of no length are scored by no recommender", function()
    local data = people.data(cmml, { users = 20, items = 8, rated = 5 })
    local model = cmml.cmml(data.catalogue, people.small())
    local state = model:state_of(model:adapt({}).rows)
    assert.same({}, model:scores_of(state, cmml.data.rows { lengths = { 0 },
      items = {} }):totable())
  end)
end)
