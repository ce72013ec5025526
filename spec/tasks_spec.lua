-- Batches of tasks from a data set.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text

local data = people.data(cmml, { users = 30, items = 12, rated = 6 })

local function tasks(changes)
  local options = { ratings = data.all, users = data.train, bags = data.bags, support = 4,
    query = 2, seed = 3 }
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  return cmml.users.tasks(options)
end

-- Each user's support and query of a draw, as text, and the users in order.
local function drawn(source, draw)
  local by_user, order = {}, {}
  for batch in source:batches(draw) do
    local rows, texts = batch.support.people.rows:totable(), {}
    for _, part in ipairs { "support", "query" } do
      local items, labels = batch[part].items:totable(), batch[part].labels:totable()
      local at = 0
      for t, length in ipairs(batch[part].segments:totable()) do
        texts[t] = (texts[t] or "") .. part
        for i = at + 1, at + length do
          texts[t] = ("%s %d:%g"):format(texts[t], items[i], labels[i])
        end
        at = at + length
      end
    end
    for t, row in ipairs(rows) do
      assert.is_nil(by_user[row])
      by_user[row], order[#order + 1] = texts[t], row
    end
  end
  return by_user, order
end

describe("tasks", function()
  it("visit every user once, in batches of at most so many", function()
    for _, batch in ipairs { 1, 5, 7, #data.train, 1000 } do
      local source, count = tasks { batch = batch }, 0
      for found in source:batches(1) do
        count = count + 1
        assert.truthy(#found.support.people.rows <= batch)
        assert.equal(#found.support.people.rows, #found.support.segments)
        assert.equal(#found.support.people.rows, #found.query.segments)
      end
      assert.equal(source:count(), count)
      assert.equal(math.ceil(#data.train / batch), count)
      local _, order = drawn(source, 1)
      assert.same(data.train, order)
    end
    assert.equal(0, tasks({ users = {} }):count())
    assert.is_nil(tasks({ users = {} }):batches(1)())
  end)

  it("depend on seed, draw and user alone, whatever the batch and the order", function()
    local reference = drawn(tasks { batch = 1 }, 2)
    for _, changes in ipairs { { batch = 7 }, { batch = 1000 }, { batch = 4, shuffle = true } } do
      assert.same(reference, (drawn(tasks(changes), 2)))
    end
    local few = drawn(tasks { users = { data.train[3], data.train[1] } }, 2)
    assert.equal(reference[data.train[1]], few[data.train[1]])
    assert.equal(reference[data.train[3]], few[data.train[3]])
    assert.not_same(reference, (drawn(tasks { batch = 1 }, 3)))
    assert.not_same(reference, (drawn(tasks { batch = 1, seed = 4 }, 2)))
  end)

  it("have shorter supports where that is asked for, whatever the batch", function()
    local plain, short = drawn(tasks { batch = 5 }, 2), drawn(tasks { batch = 5,
      short_supports = 1 }, 2)
    local shorter = 0
    for row, text in pairs(plain) do
      local support, query = text:match "^(.*)query(.*)$"
      local cut, same = short[row]:match "^(.*)query(.*)$"
      assert.equal(query, same)
      assert.equal(cut, support:sub(1, #cut))
      shorter = shorter + (#cut < #support and 1 or 0)
    end
    assert.truthy(shorter > #data.train / 2)
    assert.same(short, (drawn(tasks { batch = 1000, shuffle = true, short_supports = 1 }, 2)))
    local options = tasks({ short_supports = 1 }):export() -- for another thread
    options.users = data.train
    assert.same(short, (drawn(cmml.settings:get("users").make_tasks(options), 2)))
  end)

  it("are visited in a fresh order each draw, if that is asked for", function()
    local function order(draw, seed)
      local _, rows = drawn(tasks { shuffle = true, seed = seed }, draw)
      return rows
    end
    assert.same(order(1), order(1))
    assert.not_same(order(1), order(2))
    assert.not_same(order(1), order(1, 9))
    local sorted = order(5)
    table.sort(sorted)
    assert.same(data.train, sorted)
  end)

  it("can be iterated over twice at once", function()
    local source, alone = tasks { batch = 6 }, {}
    for batch in source:batches(1) do
      alone[#alone + 1] = batch.query.items:totable()
    end
    local one, two = source:batches(1), source:batches(1)
    for i = 1, #alone do
      assert.same(alone[i], one().query.items:totable())
      assert.same(alone[i], two().query.items:totable())
    end
  end)

  it("refuse what gives nothing to evaluate, and wrong users", function()
    refused("users.tasks: query must be at least 1, but is 0", tasks,
      { query = 0 })
    refused("users.tasks: batch must be at least 1, but is 0", tasks, { batch = 0 })
    refused("users.tasks: support must be at least 0, but is -1", tasks, { support = -1 })
    refused("short_supports must be from 0 to 1, but is 2", tasks, { short_supports = 2 })
    refused("short_supports must be from 0 to 1, but is -0.5", tasks,
      { short_supports = -0.5 })
    refused("unknown option supports; did you mean support?", tasks, { supports = 1 })
    refused("option ratings must be a table", tasks, { ratings = 5 })
    refused("users from 1000 to 1000, but only 30 have ratings here", function()
      tasks({ users = { 1000 } }):batches(1)()
    end)
    refused("not a whole number", function()
      tasks({ users = { "p1" } }):batches(1)()
    end)
  end)
end)
