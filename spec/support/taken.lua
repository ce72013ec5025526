--- Who took what in plain tables, for specs of the scenario setting.
local assert = require "luassert"

local taken = {}

--- {users = Segments, items = Ids} as a list of sets of items by user.
-- @tparam table given
-- @treturn table
function taken.sets(given)
  local sets, items, at = {}, given.items:totable(), 0
  for u, length in ipairs(given.users:totable()) do
    sets[u] = {}
    for i = at + 1, at + length do
      sets[u][items[i]] = true
    end
    at = at + length
  end
  return sets
end

--- Pairs {scenarios = Segments, users, items = Ids} as lists of {user, item} by scenario.
-- @tparam table given
-- @treturn table
function taken.pairs(given)
  local lists, users, items, at = {}, given.users:totable(), given.items:totable(), 0
  for s, length in ipairs(given.scenarios:totable()) do
    lists[s] = {}
    for i = at + 1, at + length do
      lists[s][i - at] = { users[i], items[i] }
    end
    at = at + length
  end
  return lists
end

--- Columns of a draw's support or query as a list of rows for each task.
-- @tparam table part with segments
-- @tparam table names of the columns: Ids or tensors
-- @treturn table
function taken.tasks(part, names)
  local columns, lists, at = {}, {}, 0
  for c, name in ipairs(names) do
    local list = part[name]
    columns[c] = #list > 0 and list:totable() or {}
  end
  for t, length in ipairs(part.segments:totable()) do
    lists[t] = {}
    for i = at + 1, at + length do
      local row = {}
      for c in ipairs(names) do
        row[c] = columns[c][i]
      end
      lists[t][i - at] = row
    end
    at = at + length
  end
  return lists
end

--- {users = Segments, items = Ids} of a list of lists of items by user.
-- @tparam table core
-- @tparam table lists
-- @treturn table
function taken.of(core, lists)
  local lengths, items = {}, {}
  for u, list in ipairs(lists) do
    lengths[u] = #list
    table.move(list, 1, #list, #items + 1, items)
  end
  return { users = core.segments(lengths), items = core.ids(items) }
end

--- Scenario data made by hand: users 1, 2, .. and items 1, 2, ..
-- @tparam table cmml
-- @tparam table lists items of each user
-- @tparam table scenarios items of each scenario
-- @treturn ScenarioData
function taken.data(cmml, lists, scenarios)
  local rows, groups = {}, {}
  for u, list in ipairs(lists) do
    for _, item in ipairs(list) do
      rows[#rows + 1] = { "u" .. u, "i" .. item }
    end
  end
  for s, list in ipairs(scenarios) do
    groups[s] = { name = "s" .. s, items = {} }
    for k, item in ipairs(list) do
      groups[s].items[k] = "i" .. item
    end
  end
  return cmml.scenarios.data { name = "by hand", interactions = rows, groups = groups,
    min_items = 1, min_users = 1 }
end

--- Fails unless the parts hold every interaction of the whole once.
-- @tparam table whole {users = Segments, items = Ids}
-- @tparam table parts list of such
function taken.assert_partition(whole, parts)
  local sets = {}
  for p, part in ipairs(parts) do
    sets[p] = taken.sets(part)
  end
  local count = 0
  for u, items in ipairs(taken.sets(whole)) do
    for item in pairs(items) do
      local found = 0
      for _, set in ipairs(sets) do
        found = found + (set[u][item] and 1 or 0)
      end
      assert.equal(1, found)
      count = count + 1
    end
  end
  local together = 0
  for _, part in ipairs(parts) do
    together = together + #part.items
  end
  assert.equal(count, together)
end

return taken
