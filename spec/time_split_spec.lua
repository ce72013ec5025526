-- Splits by time: what is learnt, supported and predicted lies on the right side of it.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local without = require("spec.support.refused").with_message
local core = cmml.core

local base = 1700000000000000000 -- nanoseconds: beyond what a float holds

-- A data set of {user, item, rating, time}.
local function dataset(ratings, name)
  return cmml.dataset { name = name or "timed", schema = cmml.data.schema {}, ratings = ratings }
end

-- {[user] = {"item:rating", ..}} of ratings, in their order.
local function by_user(data, ratings)
  local items, values = ratings.items:totable(), ratings.ratings:totable()
  local row, found = 0, {}
  for user, n in ipairs(ratings.users:totable()) do
    for i = row + 1, row + n do
      local name = data.users:text(user)
      found[name] = found[name] or {}
      table.insert(found[name], ("%s:%g"):format(data.items:text(items[i]), values[i]))
    end
    row = row + n
  end
  return found
end

local function names(data, rows)
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = data.users:text(row)
  end
  table.sort(list)
  return table.concat(list, " ")
end

describe("ratings in order of time", function()
  it("are sorted within each user, ties as they were, and divided", function()
    local ratings = core.group_ratings(core.ids { 1, 2, 1, 1, 2, 1 }, core.ids { 1, 1, 2, 3, 2, 4 },
      core.tensor { 1, 2, 3, 4, 5, 6 }, 3, { times = core.times { base + 2, 9, base, base + 2, 8,
        base + 1 } })
    local sorted = core.ratings_by_time(ratings)
    assert.same({ 2, 4, 1, 3, 2, 1 }, sorted.items:totable())
    assert.same({ 3, 6, 1, 4, 5, 2 }, sorted.ratings:totable())
    assert.same({ base, base + 1, base + 2, base + 2, 8, 9 }, sorted.times:totable())
    local first, others = core.divide_ratings(sorted, core.segments { 1, 2, 0 })
    assert.same({ 1, 2, 0 }, first.users:totable())
    assert.same({ 2, 2, 1 }, first.items:totable())
    assert.same({ 3, 0, 0 }, others.users:totable())
    assert.same({ 6, 1, 4 }, others.ratings:totable())
    assert.same({ base + 1, base + 2, base + 2 }, others.times:totable())
    refused("user 2 has 2 ratings, not 3", core.divide_ratings, sorted, core.segments { 1, 3, 0 })
    refused("2 lengths for 3 users", core.divide_ratings, sorted, core.segments { 1, 3 })
    sorted.times = nil
    refused("the ratings have no times", core.ratings_by_time, sorted)
    first = core.divide_ratings(sorted, core.segments { 4, 0, 0 })
    assert.is_nil(first.times)
  end)

  it("have ranks, whatever their order", function()
    local stream = require "spec.support.stream"
    for _, kind in ipairs { "random", "few", "sorted", "equal" } do
      local draw, list = stream(7), {}
      for i = 1, 500 do
        list[i] = kind == "random" and draw(1 << 30) or kind == "few" and draw(3)
          or kind == "sorted" and i or 5
      end
      local times = core.times(list)
      table.sort(list)
      for _, k in ipairs { 1, 2, 250, 499, 500 } do
        assert.equal(list[k], times:ranked(k), kind)
      end
    end
    refused("position 0 of 1 times", core.times({ 1 }).ranked, core.times { 1 }, 0)
    refused("position 2 of 1 times", core.times({ 1 }).ranked, core.times { 1 }, 2)
  end)
end)

-- Five people: a and b rate before the time 10 alone, c and d before and after it, e and f after.
local timed = { { "a", "i1", 1, base + 1 }, { "a", "i2", 2, base + 2 }, { "b", "i1", 3, base + 3 },
  { "c", "i3", 1, base + 12 }, { "c", "i1", 4, base + 4 }, { "c", "i2", 5, base + 10 },
  { "d", "i2", 2, base + 9 }, { "d", "i4", 3, base + 30 }, { "e", "i1", 5, base + 14 },
  { "e", "i2", 4, base + 13 }, { "e", "i3", 3, base + 11 }, { "e", "i4", 2, base + 14 },
  { "f", "i4", 1, base + 20 } }

describe("the protocol time", function()
  it("learns before the cut, and predicts what people rated from it on", function()
    local set = dataset(timed)
    local data = assert(cmml.users.protocol(set, { protocol = "time", cut = base + 10, valid = 0,
      last_n = 1 }))
    assert.equal("a b c d", names(set, data.train))
    assert.equal("e f", names(set, data.test))
    local learnt = by_user(set, data.ratings)
    assert.same({ "i1:1", "i2:2" }, learnt.a)
    assert.same({ "i1:4" }, learnt.c)
    assert.same({ "i2:2" }, learnt.d)
    local warm, cold = data.evaluations[1], data.evaluations[2]
    assert.same({ "warm users", "cold users" }, { warm.name, cold.name })
    assert.equal("c d", names(set, warm.tasks.users))
    assert.same({ 2, 0 }, { warm.left_out, warm.ties })
    assert.same({ "i2:5", "i3:1" }, by_user(set, warm.tasks.query_ratings).c)
    -- of the new people: f has one rating and so no query; e's last two have the same time, and
    -- the order of the data makes i4 the last
    assert.equal("e", names(set, cold.tasks.users))
    assert.same({ 1, 1 }, { cold.left_out, cold.ties })
    assert.same({ "i4:2" }, by_user(set, cold.tasks.query_ratings).e)
    assert.same({ "i3:3", "i2:4", "i1:5" }, by_user(set, cold.tasks.ratings).e)
    cmml.users.check_no_leak(data)
    assert.same({ protocol = "time", cut = base + 10, last_n = 1, valid = 0, data_seed = 1 },
      data.conditions)
  end)

  it("takes a cut as a fraction of ratings that lie before it", function()
    for fraction, cut in pairs { [0.5] = base + 11, [0.2] = base + 3, [0.99] = base + 30 } do
      local data = assert(cmml.users.time(dataset(timed), { cut = fraction, valid = 0 }))
      assert.equal(cut, data.conditions.cut)
    end
  end)

  it("refuses a cut without ratings on both sides, and options that it does not take", function()
    for cut, side in pairs { [base] = "before", [base + 1] = "before", [base + 31] = "at or behind",
      [1.5] = "before", [-3] = "before", [0] = "before" } do
      without(("no rating of timed lies %s it (times from %d to %d)"):format(side, base + 1,
        base + 30), cmml.users.time, dataset(timed), { cut = cut })
    end
    refused("time takes no test_users: it tests those whose first rating", cmml.users.protocol,
      dataset(timed), { protocol = "time", test_users = 0.2 })
    for message, options in pairs { ["time takes no cap"] = { protocol = "time", cap = 3 },
      ["full takes no cut"] = { cut = 3 }, ["last takes no cut"] = { protocol = "last", cut = 3 },
      ["warm takes no last_n"] = { protocol = "warm", last_n = 3 } } do
      refused(message, cmml.users.protocol, dataset(timed), options)
    end
  end)
end)

describe("the protocol last", function()
  it("predicts each person's last ratings, at most half of them", function()
    local set = dataset(timed)
    local data = assert(cmml.users.protocol(set, { protocol = "last", last_n = 2, valid = 0,
      test_users = { "e", "f" } }))
    assert.equal("a b c d", names(set, data.train))
    local learnt = by_user(set, data.ratings)
    assert.same({ "i1:1" }, learnt.a)
    assert.same({ "i1:3" }, learnt.b)
    assert.same({ "i1:4", "i2:5" }, learnt.c)
    local warm, cold = data.evaluations[1], data.evaluations[2]
    assert.equal("a c d", names(set, warm.tasks.users))
    assert.same({ 1, 0 }, { warm.left_out, warm.ties })
    local asked = by_user(set, warm.tasks.query_ratings)
    assert.same({ { "i2:2" }, { "i3:1" }, { "i4:3" } }, { asked.a, asked.c, asked.d })
    assert.equal("e", names(set, cold.tasks.users))
    assert.same({ "i1:5", "i4:2" }, by_user(set, cold.tasks.query_ratings).e)
    assert.same({ "i3:3", "i2:4" }, by_user(set, cold.tasks.ratings).e)
    cmml.users.check_no_leak(data)
  end)
end)

describe("data without times to split by", function()
  it("are refused, and it is said why", function()
    local equal, none = {}, {}
    for i, row in ipairs(timed) do
      equal[i], none[i] = { row[1], row[2], row[3], 0 }, { row[1], row[2], row[3] }
    end
    for _, protocol in ipairs { "last", "time" } do
      without("same has the time 0 in all of its 13 ratings: it cannot be split by time",
        cmml.users.protocol, dataset(equal, "same"), { protocol = protocol })
      without("bare has no times: it cannot be split by time. Name the column that holds times",
        cmml.users.protocol, dataset(none, "bare"), { protocol = protocol })
    end
  end)
end)

describe("people with too few ratings", function()
  local few = require "cmml.settings.users.few"

  it("are counted, and the rule is told", function()
    local set = dataset(timed)
    local all = { ratings = set.ratings, users = { 1, 2, 3, 4, 5, 6 }, query = 2, support = 1 }
    -- a has 2 ratings, b 1, c 3, d 2, e 4, f 1
    assert.equal("a query is at most 2 ratings and at most half of a person's, rounded up, a "
      .. "support up to 1 others; of 6 people 4 have too few for a whole query, 2 for a whole "
      .. "support (2 have none)", few.rule(all))
    local data = assert(cmml.users.time(set, { cut = base + 10, valid = 0, last_n = 1 }))
    local cold = data.evaluations[2]
    cold.tasks.query, cold.tasks.support = 1, 4
    assert.equal("a query is up to 1 ratings that were held out, a support up to 4 others; of 1 "
      .. "people 0 have too few for a whole query, 1 for a whole support (0 have none); 1 others "
      .. "have no query and are left out; of 1 the support ends and the query begins at the same "
      .. "time, where the order of the data decides", few.rule(cold.tasks, cold))
  end)

  it("are told with the tables of an evaluation and of an experiment", function()
    local people = require "spec.support.people"
    local data = people.data(cmml, { users = 20, items = 12, rated = 6 })
    local setting = cmml.settings:get "users"
    local found = setting.evaluations(data, { support = { 2, 4 } })
    local model = cmml.recommenders.item_mean(data.catalogue)
    model:fit(setting.learnable(data))
    for i, entry in ipairs(found) do
      found[i] = { evaluation = entry, results = cmml.evaluate({ model }, entry.tasks,
        entry.options) }
    end
    local text = setting.report(found, { "mean" }, data, {}):gsub("%s+", " ")
    assert.truthy(text:find("rounded up, a support up to 4 others; of 4 people 4 have too few for "
      .. "a whole query, 4 for a whole support (0 have none)", 1, true), text)
    local result = cmml.experiment { quick = true, seeds = 1, quiet = true,
      rows = { { row = "mean", kind = "item_mean" } } }
    assert.truthy(result.text:gsub("%s+", " "):find("rounded up, a support up to 40 others; of ", 1,
      true), result.text)
    assert.matches("^a query is at most 10 ratings", result.tables[1].rule)
  end)
end)
