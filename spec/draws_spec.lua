-- Ratings grouped by user, capped, drawn as tasks.
local cmml = require "cmml"
local drawn = require "spec.support.drawn"
local refused = require("spec.support.refused").with_pattern
local core = cmml.core
local draw, grouped, groups_of = drawn.draw, drawn.grouped, drawn.groups_of

local function sorted_text(group)
  local list = {}
  for i, row in ipairs(group) do
    list[i] = ("%d:%g"):format(row[1], row[2])
  end
  table.sort(list)
  return table.concat(list, " ")
end

describe("group_ratings", function()
  -- User 3 rated item 7 in rows 1, 5 and 7, user 1 item 2 in rows 4 and 8.
  local function columns()
    return core.ids { 3, 1, 3, 1, 3, 3, 3, 1 }, core.ids { 7, 7, 5, 2, 7, 6, 7, 2 },
      core.tensor { 1, 2, 3, 4, 5, 6, 0.5, 8 }
  end

  local function group(options, ratings)
    local users, items, values = columns()
    if ratings == false then
      values = nil
    end
    return core.group_ratings(users, items, values, 4, options)
  end

  it("groups by user, in the order of the source, and keeps the last of repeated ones", function()
    local ratings, repeated = group()
    assert.same({ 2, 0, 3, 0 }, ratings.users:totable())
    assert.same({ 7, 2, 5, 6, 7 }, ratings.items:totable())
    assert.same({ 2, 8, 3, 6, 0.5 }, ratings.ratings:totable())
    assert.equal(3, repeated)
    assert.is_nil(ratings.times)
  end)

  it("keeps the latest where times differ, and of equal times the last row", function()
    local big = 1700000000123456789
    local ratings, repeated = group { times = core.times { big + 1, 5, 6, 9, big + 2, 3, big, 9 } }
    assert.same({ 7, 2, 5, 7, 6 }, ratings.items:totable())
    assert.same({ 2, 8, 3, 5, 6 }, ratings.ratings:totable())
    assert.same({ 5, 9, 6, big + 2, 3 }, ratings.times:totable())
    assert.equal(3, repeated)
  end)

  it("adds repeated ones up; without ratings each row is 1", function()
    local times = core.times { 4, 5, 6, 9, 3, 3, 4, 9 }
    local ratings, repeated = group { repeats = "add", times = times }
    assert.same({ 7, 2, 5, 6, 7 }, ratings.items:totable())
    assert.same({ 2, 12, 3, 6, 6.5 }, ratings.ratings:totable())
    assert.same({ 5, 9, 6, 3, 4 }, ratings.times:totable())
    assert.equal(3, repeated)
    ratings = group({ repeats = "add" }, false)
    assert.same({ 1, 2, 1, 1, 3 }, ratings.ratings:totable())
    ratings = group({}, false)
    assert.same({ 1, 1, 1, 1, 1 }, ratings.ratings:totable())
    local largest = 3.4e38
    refused("add up to no number that float32 holds", core.group_ratings, core.ids { 1, 1 },
      core.ids { 1, 1 }, core.tensor { largest, largest }, 1, { repeats = "add" })
  end)

  it("keeps all rows of a user where repeats are to stay, in the order of the source", function()
    local times = core.times { 9, 5, 1, 9, 3, 2, 4, 9 }
    local ratings, repeated = group { repeats = "keep", times = times }
    assert.same({ 3, 0, 5, 0 }, ratings.users:totable())
    assert.same({ 7, 2, 2, 7, 5, 7, 6, 7 }, ratings.items:totable())
    assert.same({ 2, 4, 8, 1, 3, 5, 6, 0.5 }, ratings.ratings:totable())
    assert.same({ 5, 9, 9, 9, 1, 3, 2, 4 }, ratings.times:totable())
    assert.equal(0, repeated)
    local sorted, late = core.ratings_by_time(ratings)
    assert.same({ 7, 2, 2, 5, 6, 7, 7, 7 }, sorted.items:totable())
    assert.same({ 2, 4, 8, 3, 6, 5, 0.5, 1 }, sorted.ratings:totable())
    assert.same({ 5, 9, 9, 1, 2, 3, 4, 9 }, sorted.times:totable())
    assert.equal(4, late) -- all of user 3 but the first, which is the latest
    assert.equal(0, select(2, core.ratings_by_time(sorted)))
    refused("where all repeats are kept", group, { repeats = "keep", first = core.ids { 7 } })
  end)

  it("keeps the first row of items that are named, whatever the time", function()
    local ratings = group { first = core.ids { 7, 0, 99 },
      times = core.times { 1, 5, 6, 9, 2, 3, 7, 8 } }
    assert.same({ 7, 2, 7, 5, 6 }, ratings.items:totable())
    assert.same({ 2, 4, 1, 3, 6 }, ratings.ratings:totable())
  end)

  it("takes columns that are given away, and gives the same", function()
    local users, items, values = columns()
    local times = core.times { 1, 2, 3, 4, 5, 6, 7, 8 }
    local kept = core.group_ratings(users, items, values, 4, { times = times })
    assert.equal(8, #users)
    local freed = core.group_ratings(users, items, values, 4, { times = times, release = true })
    for _, key in ipairs { "users", "items", "ratings", "times" } do
      assert.same(kept[key]:totable(), freed[key]:totable())
    end
    for _, column in ipairs { users, items, values, times } do
      assert.matches("released", tostring(column))
    end
    local same = core.ids { 1, 2, 2 } -- one object for two columns
    local ratings = core.group_ratings(same, same, nil, 2, { release = true })
    assert.same({ 1, 2 }, ratings.items:totable())
  end)

  it("refuses options that are none of its own, and times of another number", function()
    refused('repeats must be "last", "add" or "keep", not first', group, { repeats = "first" })
    refused('repeats must be "last", "add" or "keep", not 7', group, { repeats = 7 })
    refused("8 users and items, but 2 times", group, { times = core.times { 1, 2 } })
    refused("cmml.Times expected, got table", group, { times = { 1, 2 } })
    refused("cmml.Ids expected, got table", group, { first = { 1, 2 } })
    refused("table expected, got boolean", group, true)
  end)

  it("takes no ratings at all", function()
    local none = grouped { 0, 0 }
    assert.same({ 0, 0 }, none.users:totable())
    assert.equal(0, #none.items)
  end)

  it("refuses unknown ids, users beyond the number and columns of other lengths", function()
    local ids, values = core.ids { 1, 2 }, core.tensor { 1, 2 }
    refused("unknown user or item", core.group_ratings, core.ids { 1, 0 }, ids, values, 2)
    refused("unknown user or item", core.group_ratings, ids, core.ids { 0, 1 }, values, 2)
    refused("user id 2 of only 1 users", core.group_ratings, ids, ids, values, 1)
    refused("2 users, 1 items and 2 ratings", core.group_ratings, ids, core.ids { 1 }, values, 2)
    refused("below 2^31", core.group_ratings, ids, ids, values, 1 << 31)
    refused("number them from 1 without gaps", core.group_ratings, ids, core.ids { 1, 2000000000 },
      values, 2)
  end)
end)

describe("cap_ratings", function()
  local all = grouped { 3, 30, 0, 10 }

  it("keeps at most so many of each user, and of those with fewer all in their order", function()
    local whole = groups_of(all.users, all.items, all.ratings)
    local capped = core.cap_ratings(all, 10, 7)
    assert.same({ 3, 10, 0, 10 }, capped.users:totable())
    local kept = groups_of(capped.users, capped.items, capped.ratings)
    assert.same(whole[1], kept[1])
    assert.same(whole[4], kept[4])
    local text, seen = " " .. sorted_text(whole[2]) .. " ", {}
    for _, row in ipairs(kept[2]) do
      local one = ("%d:%g"):format(row[1], row[2])
      assert.truthy(text:find(" " .. one .. " ", 1, true))
      assert.is_nil(seen[one])
      seen[one] = true
    end
  end)

  it("keeps the same for a seed, others for another", function()
    local function kept(seed)
      local items = core.cap_ratings(all, 10, seed).items:totable()
      table.sort(items)
      return table.concat(items, " ")
    end
    assert.equal(kept(1), kept(1))
    assert.not_equal(kept(1), kept(2))
  end)

  it("keeps each rating of a user as often as any other", function()
    local counts = {}
    for seed = 1, 600 do
      for _, item in ipairs(core.cap_ratings(grouped { 0, 6 }, 2, seed).items:totable()) do
        counts[item] = (counts[item] or 0) + 1
      end
    end
    for i = 1, 6 do -- 200 expected, deviation 11.5
      assert.truthy(math.abs(counts[200 + i] - 200) < 58, counts[200 + i])
    end
  end)

  it("can keep none", function()
    assert.same({ 0, 0, 0, 0 }, core.cap_ratings(all, 0, 1).users:totable())
    refused("not negative", core.cap_ratings, all, -1, 1)
  end)
end)

describe("draw_tasks", function()
  local counts = { 60, 3, 1, 0, 12 }
  local all = grouped(counts)
  local whole = groups_of(all.users, all.items, all.ratings)
  local options = { seed = 5, draw = 1, support = 8, query = 4 }

  it("gives at most ceil(n / 2) rows to the query, and of the rest some to support", function()
    local support, query = draw(all, { 1, 2, 3, 4, 5 }, options)
    for u, sizes in ipairs { { 8, 4 }, { 1, 2 }, { 0, 1 }, { 0, 0 }, { 8, 4 } } do
      assert.equal(sizes[1], #support[u])
      assert.equal(sizes[2], #query[u])
    end
  end)

  it("takes each row once: support and query have none in common", function()
    for number = 1, 20 do
      local support, query = draw(all, { 5, 1, 2 }, { seed = 9, draw = number, support = 8,
        query = 4 })
      for t, u in ipairs { 5, 1, 2 } do
        local left = {}
        for _, row in ipairs(whole[u]) do
          left[row[1]] = row[2]
        end
        for _, part in ipairs { support[t], query[t] } do
          for _, row in ipairs(part) do
            assert.equal(left[row[1]], row[2])
            left[row[1]] = nil
          end
        end
      end
    end
  end)

  it("depends on seed, draw and user alone, not on who is drawn together", function()
    local support, query = draw(all, { 1, 2, 3, 4, 5 }, options)
    for _, order in ipairs { { 5, 1 }, { 1 }, { 2, 5, 1, 5 }, { 5 } } do
      local s, q = draw(all, order, options)
      for t, u in ipairs(order) do
        assert.same(support[u], s[t])
        assert.same(query[u], q[t])
      end
    end
    for _, other in ipairs { { seed = 6, draw = 1 }, { seed = 5, draw = 2 } } do
      other.support, other.query = 8, 4
      assert.not_same(query[1], select(2, draw(all, { 1 }, other))[1])
    end
  end)

  it("draws every row of a user as often as any other", function()
    local in_query = {}
    for number = 1, 600 do
      local _, query = draw(all, { 5 }, { seed = 3, draw = number, support = 8, query = 4 })
      for _, row in ipairs(query[1]) do
        in_query[row[1]] = (in_query[row[1]] or 0) + 1
      end
    end
    for i = 1, 12 do -- 200 expected, deviation 11.5
      assert.truthy(math.abs(in_query[500 + i] - 200) < 58, in_query[500 + i])
    end
  end)

  it("permutes the labels within each support set only, when asked", function()
    local plain, query = draw(all, { 1, 2, 5 }, options)
    local mixed, same_query = draw(all, { 1, 2, 5 }, { seed = 5, draw = 1, support = 8, query = 4,
      shuffle_labels = true })
    assert.same(query, same_query)
    local moved = 0
    for t, group in ipairs(plain) do
      local before, after = {}, {}
      for i, row in ipairs(group) do
        assert.equal(row[1], mixed[t][i][1])
        before[i], after[i] = row[2], mixed[t][i][2]
        moved = moved + (row[2] ~= mixed[t][i][2] and 1 or 0)
      end
      table.sort(before)
      table.sort(after)
      assert.same(before, after)
    end
    assert.truthy(moved > 8)
  end)

  it("refuses users that there are not, and negative sizes", function()
    refused("users from 6 to 6, but only 5", core.draw_tasks, all, core.ids { 6 }, options)
    refused("users from 0 to 1", core.draw_tasks, all, core.ids { 1, 0 }, options)
    refused("must not be negative", core.draw_tasks, all, core.ids { 1 }, { support = -1 })
    refused("must be a whole number", core.draw_tasks, all, core.ids { 1 }, { support = "x" })
    refused("field users must hold", core.draw_tasks, {}, core.ids { 1 }, options)
    refused("as many rows", core.draw_tasks, { users = all.users, items = core.ids { 1 },
      ratings = all.ratings }, core.ids { 1 }, options)
  end)

  it("raises when memory fails, at every allocation, and leaves nothing behind", function()
    collectgarbage()
    collectgarbage()
    local before, failures = core.memory().blocks, 0
    for n = 0, 60 do
      core.testing.fail_allocation_after(n)
      local ok, message = pcall(function()
        local capped = core.cap_ratings(grouped { 5, 2 }, 3, 1)
        return #draw(capped, { 1, 2 }, options)
      end)
      core.testing.fail_allocation_after()
      collectgarbage()
      collectgarbage()
      assert.equal(before, core.memory().blocks)
      if ok then
        break
      end
      failures = failures + 1
      assert.matches("out of memory", message)
    end
    assert.truthy(failures > 10 and failures < 60, failures)
  end)
end)
