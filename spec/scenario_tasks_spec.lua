-- Draws of tasks from scenarios, held to what is said of them by a plain walk over every row.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local taken = require "spec.support.taken"
local core = cmml.core

local data = scenario_world.data(cmml)
local split = data:split { seed = 1 }
local known = taken.sets(split.known)
local pairs_of = taken.pairs(split.pairs.known)
local items_of = {}
for s, scenario in ipairs(data.scenarios) do
  items_of[s] = {}
  for _, item in ipairs(scenario.items:totable()) do
    items_of[s][item] = true
  end
end

local support_names, query_names = { "users", "items", "labels" },
  { "users", "positives", "negatives" }

-- All tasks of a draw: {scenario, support, query}.
local function tasks_of(tasks, draw)
  local list = {}
  for batch in tasks:batches(draw) do
    local support = taken.tasks(batch.support, support_names)
    local query = taken.tasks(batch.query, query_names)
    for t, scenario in ipairs(batch.tasks) do
      list[#list + 1] = { scenario = scenario, support = support[t], query = query[t] }
    end
  end
  return list
end

local function key(user, item)
  return user .. "/" .. item
end

-- The positives of a support by pair, and its negatives as a list.
local function sides(support)
  local positives, negatives, count = {}, {}, 0
  for _, row in ipairs(support) do
    if row[3] == 1 then
      positives[key(row[1], row[2])], count = true, count + 1
    else
      negatives[#negatives + 1] = row
    end
  end
  return positives, negatives, count
end

describe("a draw of scenarios", function()
  it("has supports and queries of the sizes asked for, of known pairs, disjoint", function()
    local tasks = split:tasks { support = 16, support_negatives = 24, query = 20 }
    for _, task in ipairs(tasks_of(tasks, 1)) do
      local s = task.scenario
      local positives, negatives, count = sides(task.support)
      assert.equal(16, count)
      assert.equal(24, #negatives)
      assert.equal(20, #task.query)
      for _, row in ipairs(task.support) do
        assert.is_true(items_of[s][row[2]])
        assert.equal(row[3] == 1, known[row[1]][row[2]] == true)
      end
      local asked, n = {}, 0
      for _, row in ipairs(task.query) do
        assert.is_true(known[row[1]][row[2]] and items_of[s][row[2]] and items_of[s][row[3]])
        assert.is_nil(known[row[1]][row[3]])
        assert.is_nil(positives[key(row[1], row[2])])
        asked[key(row[1], row[2])] = true
      end
      for _ in pairs(asked) do
        n = n + 1
      end
      assert.equal(math.min(20, #pairs_of[s] - 16), n) -- without replacement while there are enough
    end
  end)

  it("depends on seed, draw and scenario alone", function()
    local function by_scenario(options, draw)
      local found = {}
      for _, task in ipairs(tasks_of(split:tasks(options), draw)) do
        found[task.scenario] = task
      end
      return found
    end
    local whole = by_scenario({ batch = 16 }, 3)
    assert.same(whole, by_scenario({ batch = 1 }, 3))
    assert.same(whole, by_scenario({ batch = 3, shuffle = true }, 3))
    local one = split.train[2]
    assert.same(whole[one], by_scenario({ scenarios = { one } }, 3)[one])
    assert.not_same(whole[one], by_scenario({}, 4)[one])
    assert.not_same(whole[one], by_scenario({ seed = 2 }, 3)[one])
  end)

  it("mixes the support afresh, or puts positives first", function()
    local first = { support = 10, support_negatives = 10, query = 4, order = "positives-first" }
    local mixed = { support = 10, support_negatives = 10, query = 4 }
    local ordered, shuffled = tasks_of(split:tasks(first), 1), tasks_of(split:tasks(mixed), 1)
    local moved = 0
    for t, task in ipairs(ordered) do
      local rows = {}
      for i, row in ipairs(task.support) do
        assert.equal(i <= 10 and 1 or 0, row[3])
        rows[i] = table.concat(row, " ")
      end
      local others = {}
      for i, row in ipairs(shuffled[t].support) do
        others[i] = table.concat(row, " ")
        moved = moved + (row[3] == 0 and i <= 10 and 1 or 0)
      end
      table.sort(rows)
      table.sort(others)
      assert.same(rows, others)
      assert.same(task.query, shuffled[t].query)
    end
    assert.truthy(moved > #ordered * 2, moved) -- about half of the negatives
  end)

  it("halves a scenario of few pairs, and pads the support by drawing again", function()
    local tasks = split:tasks { support = 500, support_negatives = 500, query = 700 }
    for _, task in ipairs(tasks_of(tasks, 1)) do
      local n = #pairs_of[task.scenario]
      assert.truthy(n < 500)
      local positives, _, count = sides(task.support)
      local different, asked, n_asked = 0, {}, 0
      for _ in pairs(positives) do
        different = different + 1
      end
      for _, row in ipairs(task.query) do
        assert.is_nil(positives[key(row[1], row[2])])
        n_asked = n_asked + (asked[key(row[1], row[2])] and 0 or 1)
        asked[key(row[1], row[2])] = true
      end
      assert.equal(500, count)
      assert.equal(n // 2, different)
      assert.truthy(n_asked <= n - n // 2 and n_asked > 0.8 * (n - n // 2))
    end
  end)

  it("has published negatives: of a random positive's user, only other than its item", function()
    local tasks = split:tasks { support = 12, support_negatives = 24, query = 4,
      negatives = "published", order = "positives-first" }
    local touched = 0
    for draw = 1, 5 do
      for _, task in ipairs(tasks_of(tasks, draw)) do
        local users = {}
        for i = 1, 12 do
          users[task.support[i][1]] = true
        end
        for i = 13, 36 do
          local user, item = task.support[i][1], task.support[i][2]
          assert.truthy(users[user] and items_of[task.scenario][item])
          touched = touched + (known[user][item] and 1 or 0)
        end
      end
    end
    assert.truthy(touched > 0, "some are other positives of the user")
  end)

  it("shows without query what there is, unpadded, negatives in proportion", function()
    local lists = { { 1, 2 }, { 3 } }
    local all = taken.data(cmml, lists, { { 1, 2, 3 } }):split { held_out = 0, valid_held_out = 0,
      test = 0, valid = 0 }
    local batch = all:tasks { support = 64, support_negatives = 128, query = 0 }:batches(1)()
    local positives, negatives, count = sides(taken.tasks(batch.support, support_names)[1])
    assert.same({ ["1/1"] = true, ["1/2"] = true, ["2/3"] = true }, positives)
    assert.equal(3, count)
    assert.equal(6, #negatives)
    assert.equal(0, #batch.query.users)
  end)

  it("visits every scenario once a round, in a fresh order", function()
    local tasks = split:tasks { batch = 3, rounds = 2, shuffle = true }
    local function visits(draw)
      local list, numbers = {}, {}
      for people, number in tasks:people(draw) do
        numbers[number] = true
        table.move(people, 1, #people, #list + 1, list)
      end
      return list, numbers
    end
    local list, numbers = visits(2)
    assert.same({ [3] = true, [4] = true }, numbers)
    local n = #split.train
    assert.equal(2 * n, #list)
    local first, second = table.move(list, 1, n, 1, {}), table.move(list, n + 1, 2 * n, 1, {})
    assert.not_same(first, second)
    assert.not_same(list, (visits(1)))
    for _, half in ipairs { first, second } do
      table.sort(half)
      assert.same(split.train, half)
    end
    local batches = 0
    for _ in tasks:people(1) do
      batches = batches + 1
    end
    assert.equal(batches, tasks:count())
  end)

  it("has rows of positives and negatives for the loss, task by task", function()
    local query = { segments = core.segments { 2, 0, 1 }, users = core.ids { 1, 2, 3 },
      positives = core.ids { 10, 20, 30 }, negatives = core.ids { 11, 21, 31 } }
    local rows = core.paired_rows(query)
    assert.same({ 4, 0, 2 }, rows.segments:totable())
    assert.same({ 10, 20, 11, 21, 30, 31 }, rows.items:totable())
    assert.same({ 1, 2, 1, 2, 3, 3 }, rows.users:totable())
    assert.same({ 1, 2, 5 }, rows.positive:totable())
    assert.same({ 3, 4, 6 }, rows.negative:totable())
  end)

  it("refuses what it cannot draw", function()
    refused("order \"random\" is not known; known: mixed, positives-first", split.tasks, split,
      { order = "random" })
    for _, name in ipairs { "batch", "rounds", "query_negatives" } do
      refused(name .. " must be at least 1, but is 0", split.tasks, split, { [name] = 0 })
    end
    for _, name in ipairs { "support", "support_negatives", "query", "seed" } do
      refused(name .. " must be at least 0, but is -1", split.tasks, split, { [name] = -1 })
    end
    refused("scenarios from 99 to 99 of 16", split:tasks({ scenarios = { 99 } }):batches(1))
    refused("must be from 0 to 1048576", split:tasks({ support = 1 << 30 }):batches(1))
  end)
end)
