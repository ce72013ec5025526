-- Negatives of drawn tasks: uniform over what the user has not touched.
local cmml = require "cmml"
local taken = require "spec.support.taken"

local names = { "users", "positives", "negatives" }

describe("negatives of a draw of scenarios", function()
  it("draws negatives uniformly over what the user has not touched", function()
    local lists = { { 1, 3, 4 }, { 2, 5, 6, 7, 8 } }
    local small = taken.data(cmml, lists, { { 1, 2, 3, 4, 5, 6, 7, 8 } })
    local all = small:split { held_out = 0, valid_held_out = 0, test = 0, valid = 0 }
    local counts, total = { {}, {} }, { 0, 0 }
    for draw = 1, 2000 do
      local batch = all:tasks { support = 2, support_negatives = 2, query = 6 }:batches(draw)()
      for _, row in ipairs(taken.tasks(batch.query, names)[1]) do
        local user, item = row[1], row[3]
        counts[user][item], total[user] = (counts[user][item] or 0) + 1, total[user] + 1
      end
    end
    -- rows are numbered by first appearance: i1 i3 i4 i2 i5 ..
    for user, free in ipairs { { 4, 5, 6, 7, 8 }, { 1, 2, 3 } } do
      local n = 0
      for _, item in ipairs(free) do
        local share = (counts[user][item] or 0) / total[user]
        assert.truthy(math.abs(share - 1 / #free) < 0.03, share)
        n = n + (counts[user][item] or 0)
      end
      assert.equal(total[user], n)
    end
  end)

  it("finds the one free item of users who touched nearly all", function()
    local lists, items = {}, {}
    for i = 1, 60 do
      items[i] = i
    end
    for u = 1, 60 do
      lists[u] = {}
      for i = 1, 60 do
        lists[u][#lists[u] + 1] = i ~= u and i or nil
      end
    end
    local all = taken.data(cmml, lists, { items }):split { held_out = 0, valid_held_out = 0,
      test = 0, valid = 0 }
    local of_user = taken.sets(all.known)
    local batch = all:tasks { support = 64, query = 512 }:batches(1)()
    assert.equal(0, batch.fallbacks)
    for _, row in ipairs(taken.tasks(batch.query, names)[1]) do
      assert.is_nil(of_user[row[1]][row[3]])
    end
  end)

  it("takes any item for a user who touched all, and counts it", function()
    local all = taken.data(cmml, { { 1, 2, 3 }, { 1, 2, 3 } }, { { 1, 2, 3 } }):split {
      held_out = 0, valid_held_out = 0, test = 0, valid = 0 }
    local batch = all:tasks { support = 2, support_negatives = 2, query = 8 }:batches(1)()
    assert.equal(10, batch.fallbacks)
    assert.equal(8, #batch.query.negatives)
  end)

  it("goes by the touched pairs, where others share their users but not their scenarios", function()
    local core = cmml.core
    local users, items = core.ids { 1, 1, 1 }, core.ids { 1, 2, 3 }
    local candidates = { scenarios = core.segments { 4, 4 },
      items = core.ids { 1, 2, 3, 4, 1, 2, 3, 4 } }
    local touched = { scenarios = core.segments { 1, 2 }, users = users, items = items }
    local pool = { scenarios = core.segments { 3, 0 }, users = users, items = items }
    local support = core.draw_scenarios(candidates, touched, pool, nil, core.ids { 1 },
      { support = 3, support_negatives = 100, query = 0, positives_first = true })
    local seen = {}
    for row, item in ipairs(support.items:totable()) do
      seen[item] = row > 3 or seen[item] or nil
    end
    assert.same({ nil, true, true, true }, seen)
  end)
end)
