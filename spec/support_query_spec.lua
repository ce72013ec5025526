-- Pairs of a positive and a negative from supports (`core.support_query`).
local cmml = require "cmml"
local core = cmml.core

-- A support of tasks, each a list of {user, item, label}.
local function support_of(tasks)
  local lengths, users, items, labels = {}, {}, {}, {}
  for t, list in ipairs(tasks) do
    lengths[t] = #list
    for _, entry in ipairs(list) do
      users[#users + 1], items[#items + 1] = entry[1], entry[2]
      labels[#labels + 1] = entry[3]
    end
  end
  return { segments = core.segments(lengths), users = core.ids(users), items = core.ids(items),
    labels = #labels > 0 and core.tensor(labels) or core.full({ 0 }, 0) }
end

local function query(tasks, options, which)
  local opt = { items = 50, seed = 1 }
  for key, value in pairs(options or {}) do
    opt[key] = value
  end
  return core.support_query(support_of(tasks), which and core.ids(which), opt)
end

-- The pairs of each task as texts "user:positive>negative", sorted.
local function pairs_in(found)
  local users, list, at = found.users:totable(), {}, 0
  local positives, negatives = found.positives:totable(), found.negatives:totable()
  for t, n in ipairs(found.segments:totable()) do
    list[t] = {}
    for _ = 1, n do
      at = at + 1
      table.insert(list[t], ("%d:%d>%d"):format(users[at], positives[at], negatives[at]))
    end
    table.sort(list[t])
  end
  return list
end

local two_users = { { 1, 11, 1 }, { 2, 13, 0 }, { 1, 21, 0 }, { 1, 12, 1 }, { 2, 14, 1 },
  { 1, 22, 0 }, { 1, 23, 0 }, { 1, 24, 0 } }

describe("pairs of a support", function()
  it("are a user's positives with the user's negatives, step by step with further ones", function()
    assert.same({ { "1:11>21", "1:12>22", "2:14>13" } }, pairs_in(query { two_users }))
    assert.same({ { "1:11>23", "1:12>24", "2:14>13" } },
      pairs_in(query({ two_users }, { step = 1 })))
    assert.same({ { "1:11>21", "1:12>22", "2:14>13" } },
      pairs_in(query({ two_users }, { step = 2 })))
  end)

  it("take the negatives of others where a user has none", function()
    local found = pairs_in(query { { { 1, 5, 1 }, { 2, 6, 1 }, { 3, 7, 0 }, { 4, 8, 0 } } })
    assert.same({ { "1:5>7", "2:6>8" } }, found)
  end)

  it("take items that are none of the user's where there are no negatives", function()
    local positives = {}
    for item = 1, 8 do
      positives[item] = { 1, item, 1 }
    end
    local all = {}
    for step = 0, 19 do
      local found = query({ positives }, { items = 10, step = step })
      for _, item in ipairs(found.negatives:totable()) do
        assert.is_true(item == 9 or item == 10)
        all[item] = true
      end
    end
    assert.is_true(all[9] and all[10])
  end)

  it("are none where there are no positives", function()
    local found, chances = query { {}, { { 1, 2, 0 } }, { { 1, 2, 1 }, { 1, 3, 0 } } }
    assert.same({ 0, 0, 1 }, found.segments:totable())
    assert.equal(3, chances.count)
    assert.equal(0, #query({}).users)
  end)

  it("of a mini-batch are random, without replacement while there are enough", function()
    local many = {}
    for i = 1, 10 do
      many[2 * i - 1], many[2 * i] = { i, i, 1 }, { i, 20 + i, 0 }
    end
    local seen = {}
    for step = 0, 30 do
      local some = query({ many }, { batch = 4, step = step }).positives:totable()
      local distinct = {}
      assert.equal(4, #some)
      for _, item in ipairs(some) do
        assert.is_nil(distinct[item])
        distinct[item], seen[item] = true, true
      end
    end
    for i = 1, 10 do
      assert.is_true(seen[i])
    end
    local more = query({ many }, { batch = 25 })
    assert.equal(25, #more.positives)
    for i, user in ipairs(more.users:totable()) do
      assert.equal(20 + user, more.negatives:totable()[i]) -- of the same user
    end
    local whole = query({ many }, { batch = 10 }).positives:totable()
    table.sort(whole)
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, whole)
  end)

  it("depend on seed, step and the task's own entries, in whatever order", function()
    local function drawn(tasks, options, which)
      local found, chances = query(tasks, options, which)
      return pairs_in(found), chances:totable()
    end
    local other = { { 3, 30, 1 }, { 3, 31, 0 }, { 4, 32, 1 } }
    local turned = {}
    for i, entry in ipairs(two_users) do
      turned[#two_users + 1 - i] = entry
    end
    local options = { batch = 2, step = 3, seed = 9 }
    local alone, chance = drawn({ two_users }, options)
    for _, case in ipairs { { { other, two_users } }, { { other, turned, other } },
      { { turned, two_users, other }, { 2 } } } do
      local at = case[2] and 1 or 2
      local found, chances = drawn(case[1], options, case[2])
      assert.same(alone[1], found[at])
      assert.equal(chance[1], chances[at])
    end
    local different = 0
    for _, key in ipairs { "seed", "step" } do
      for value = 20, 29 do
        local changed = { batch = 2, step = 3, seed = 9 }
        changed[key] = value
        local _, chances = drawn({ two_users }, changed)
        different = different + (chances[1] ~= chance[1] and 1 or 0)
        assert.is_true(chances[1] >= 0 and chances[1] <= 1)
      end
    end
    assert.equal(20, different)
  end)

  it("are refused where the support is none", function()
    local function message(change, options, which)
      local support = support_of { two_users }
      for key, value in pairs(change) do
        support[key] = value
      end
      local opt = { items = 50 }
      for key, value in pairs(options or {}) do
        opt[key] = value
      end
      return select(2, pcall(core.support_query, support, which, opt))
    end
    assert.matches("users, items and labels must be as many as the segments cover, 8",
      message { users = core.ids { 1 } })
    assert.matches("items from 1 to 20", message({}, { items = 20 }))
    assert.matches("users and items must be known",
      message { users = core.ids { 1, 2, 0, 1, 2, 1, 1, 1 } })
    assert.matches("tasks from 1 to 2 of 1", message({}, nil, core.ids { 1, 2 }))
    assert.matches("batch must be from 0 to 1048576, not %-1", message({}, { batch = -1 }))
    assert.matches("items must be from 0", message({}, { items = -1 }))
    assert.matches("labels", message { labels = "none" })
  end)
end)

describe("pairs of the rows of a support", function()
  -- The pairs of each task, from lists of {user, label}.
  local function pairs_of(...)
    local lengths, users, labels = {}, {}, {}
    for t, rows in ipairs { ... } do
      lengths[t] = #rows
      for _, row in ipairs(rows) do
        users[#users + 1], labels[#labels + 1] = row[1], row[2]
      end
    end
    local found, segments = cmml.scenarios.support_pairs { segments = cmml.segments(lengths),
      users = cmml.ids(users), labels = #labels > 0 and cmml.tensor(labels) or cmml.zeros { 0 } }
    return found.positive:totable(), found.negative:totable(), segments:totable()
  end

  it("are those of a user, the shorter side again and again", function()
    local positive, negative, lengths = pairs_of({ { 1, 1 }, { 2, 1 }, { 2, 0 }, { 1, 0 },
      { 1, 1 }, { 2, 0 }, { 2, 0 } }, { { 5, 0 }, { 5, 1 } })
    assert.same({ 1, 5, 2, 2, 2, 9 }, positive)
    assert.same({ 4, 4, 3, 6, 7, 8 }, negative)
    assert.same({ 5, 1 }, lengths)
  end)

  it("are of several users where one has positives or negatives alone", function()
    local positive, negative = pairs_of { { 1, 1 }, { 1, 0 }, { 2, 1 }, { 3, 0 }, { 3, 0 } }
    assert.same({ { 1, 3, 3 }, { 2, 4, 5 } }, { positive, negative })
    positive, negative = pairs_of { { 1, 1 }, { 1, 0 }, { 1, 0 }, { 2, 1 } }
    assert.same({ { 1, 1, 4 }, { 2, 3, 2 } }, { positive, negative })
    positive, negative = pairs_of { { 1, 1 }, { 1, 0 }, { 2, 0 }, { 3, 0 } }
    assert.same({ { 1, 1, 1 }, { 2, 3, 4 } }, { positive, negative })
  end)

  it("are none without positives or without negatives", function()
    local positive, _, lengths = pairs_of({ { 1, 1 }, { 2, 1 } }, {}, { { 1, 0 } })
    assert.same({ {}, { 0, 0, 0 } }, { positive, lengths })
  end)
end)
