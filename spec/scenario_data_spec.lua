-- Interactions and groups of items: what a data set of scenarios keeps, counts and refuses.
local cmml = require "cmml"
local refused = require "spec.support.refused"
local scenario_world = require "spec.support.scenario_world"
local stream = require "spec.support.stream"
local core = cmml.core

local function options(changes)
  local o = { min_items = 1, max_items = 10, min_users = 1,
    interactions = { { "ann", "x" }, { "bob", "z" }, { "ann", "y" }, { "ann", "x" } },
    groups = { { name = "g", items = { "x", "y" } } } }
  for key, value in pairs(changes or {}) do
    o[key] = value ~= "none" and value or nil
  end
  return o
end

-- What the definition says, in plain Lua: names and item rows of scenarios and of those left out.
local function oracle(o, items)
  local takers, found = {}, { scenarios = {}, left_out = {} }
  for _, pair in ipairs(o.interactions) do
    takers[pair[2]] = takers[pair[2]] or {}
    takers[pair[2]][pair[1]] = true
  end
  for _, group in ipairs(o.groups) do
    local rows, users, n_users, seen = {}, {}, 0, {}
    for _, id in ipairs(group.items) do
      if takers[id] and not seen[id] then
        seen[id] = true
        rows[#rows + 1] = items:id(id)
        for user in pairs(takers[id]) do
          n_users = n_users + (users[user] and 0 or 1)
          users[user] = true
        end
      end
    end
    table.sort(rows)
    local fits = #rows >= o.min_items and #rows <= o.max_items and n_users >= o.min_users
    table.insert(fits and found.scenarios or found.left_out, { name = group.name, items = rows })
  end
  return found
end

local function refuses(changes, text)
  refused.with_text(text, function()
    cmml.scenarios.data(options(changes))
  end)
end

describe("scenario data", function()
  it("keeps each interaction once, items rising within a user", function()
    local data = cmml.scenarios.data(options())
    assert.same({ 2, 1 }, data.interactions.users:totable())
    assert.same({ 1, 3, 2 }, data.interactions.items:totable())
    assert.equal(1, data.duplicates)
    assert.same({ "ann", "bob" }, { data.users:text(1), data.users:text(2) })
    assert.same({ 1, 3 }, data.scenarios[1].items:totable())
    assert.equal("[cmml.scenarios.Data data: 3 interactions, 2 users, 3 items, 1 scenarios]",
      tostring(data))
  end)

  it("takes rows of vocabularies, Ids, domains and titles", function()
    local users, items = core.vocab(), core.vocab()
    for _, id in ipairs { "a b", "nobody", "c" } do
      users:add(id)
      items:add(id)
    end
    local data = cmml.scenarios.data { users = users, items = items, titles = { "A", "B", "C" },
      user_ids = core.ids { 3, 1, 3 }, item_ids = core.ids { 3, 1, 1 }, min_items = 1,
      groups = { { name = "both", items = core.ids { 3, 2, 1, 3 }, domain = "d" },
        { name = "none", items = { 2 } }, { name = "one", items = { 1.0 } } } }
    assert.same({ 1, 0, 2 }, data.interactions.users:totable())
    assert.same({ 1, 1, 3 }, data.interactions.items:totable())
    assert.same({ 1, 3 }, data.scenarios[1].items:totable())
    assert.equal("d", data.scenarios[1].domain)
    assert.equal("one", data.scenarios[2].name)
    assert.same({ { name = "none", reason = "0 items that somebody took, fewer than 1" } },
      data.left_out)
    assert.equal("C", data.titles[3])
  end)

  it("agrees with the definition on random data", function()
    for seed = 1, 60 do
      local draw = stream(seed)
      local o = { interactions = {}, groups = {}, unknown = "skip", min_items = draw(3),
        max_items = 2 + draw(5), min_users = draw(4), raises = false }
      for i = 1, draw(40) do
        o.interactions[i] = { "u" .. draw(6), "i" .. draw(12) }
      end
      for g = 1, 8 do
        o.groups[g] = { name = "g" .. g, items = {} }
        for i = 1, draw(9) - 1 do
          o.groups[g].items[i] = "i" .. draw(14)
        end
      end
      local data, message = cmml.scenarios.data(o)
      local items = data and data.items or core.vocab()
      for _, pair in ipairs(o.interactions) do
        items:add(pair[2])
      end
      local expected = oracle(o, items)
      assert.equal(#expected.scenarios > 0, data ~= nil, message)
      for s, scenario in ipairs(expected.scenarios) do
        assert.equal(scenario.name, data.scenarios[s].name)
        assert.same(scenario.items, data.scenarios[s].items:totable())
      end
      for g, group in ipairs(data and expected.left_out or {}) do
        assert.equal(group.name, data.left_out[g].name)
      end
    end
  end)

  it("says why a group is no scenario", function()
    local data = cmml.scenarios.data(options { min_items = 2, max_items = 2, min_users = 2,
      groups = { { name = "all", items = { "x", "y", "z" } }, { name = "empty", items = {} },
        { name = "lonely", items = { "x", "y" } }, { name = "good", items = { "x", "z" } } } })
    assert.same({ { name = "all", reason = "3 items that somebody took, more than 2" },
      { name = "empty", reason = "0 items that somebody took, fewer than 2" },
      { name = "lonely", reason = "1 users took any of its items, fewer than 2" } }, data.left_out)
  end)

  it("counts unknown items where they may be", function()
    local data = cmml.scenarios.data(options { unknown = "skip", groups = {
      { name = "g", items = { "x", "new", "new" } }, { name = "h", items = { "other", "y" } } } })
    assert.equal(2, data.unknown_items)
    refuses({ groups = { { name = "g", items = { "new" } } } },
      'group g: item "new" is unknown; unknown = "skip" leaves such out')
  end)

  it("groups by a function of row and raw id", function()
    local data = cmml.scenarios.data(options { groups = function(row, id)
      return id == "z" and "late" or id == "x" and { "early", "first" .. row } or nil
    end })
    local names = {}
    for s, scenario in ipairs(data.scenarios) do
      names[s] = scenario.name
    end
    assert.same({ "early", "first1", "late" }, names)
    refuses({ groups = function() return true end },
      'the group of item "x" must be a text, a whole number or a list of them, not boolean')
  end)

  it("refuses what is no data", function()
    refuses({ interactions = {} }, "data: there are no interactions")
    refuses({ interactions = { { "ann" } } }, "interaction 1 must be {user, item}")
    refuses({ interactions = { 7 } }, "interaction 1 must be {user, item}, not number")
    refuses({ interactions = "none" }, "must be Vocab, not nil")
    refuses({ user_ids = core.ids { 1 } }, "not both")
    local vocab = core.vocab()
    vocab:add "a"
    local columns = { interactions = "none", users = vocab, items = vocab }
    columns.user_ids, columns.item_ids = core.ids { 1, 1 }, core.ids { 1 }
    refuses(columns, "2 user_ids, but 1 item_ids")
    columns.item_ids = core.ids { 1, 2 }
    refuses(columns, "interactions (a row is a user, a column an item): sparse: column 2 of only 1")
    columns.item_ids = core.ids { 1, 0 }
    refuses(columns, "unknown column")
  end)

  it("refuses groups that are none, and says which sizes there are", function()
    refuses({ groups = 3 }, "groups must be a list, a function or what data.read_groups gives")
    refuses({ groups = { "g" } }, "group 1 must be {name = text, items = list}, not string")
    refuses({ groups = { { items = {} } } }, "not a table without a name")
    refuses({ groups = { { name = "g", items = 4 } } }, "group g: items must be Ids or a list")
    refuses({ groups = { { name = "g", items = { 4 } } } }, "item 4 is no row of the 3 items")
    refuses({ groups = { { name = "g", items = { 1.5 } } } }, "item 1.5 is no row of the 3 items")
    refuses({ groups = { { name = "g", items = core.ids { 4 } } } }, "item 4 is no row")
    refuses({ groups = { { name = "g", items = {} }, { name = "g", items = {} } } },
      'two groups have the name "g"')
    refuses({ groups = {} }, "there are no groups")
    refuses({ min_items = 3, groups = { { name = "g", items = { "x" } },
      { name = "h", items = {} }, { name = "i", items = { "x", "y" } } } },
      "none of the 3 groups is a scenario: they have 0 to 2 items that somebody took (median 1); "
      .. "a scenario needs 3 to 10 such items and 1 users")
    refuses({ min_items = 0 }, "min_items must be at least 1, but is 0")
    refuses({ max_items = 0 }, "max_items must be at least 1, but is 0")
    refuses({ min_users = 0 }, "min_users must be at least 1, but is 0")
    refuses({ min_items = 5, max_items = 4 }, "min_items (5) must not be above max_items (4)")
    refuses({ unknown = "drop" }, 'unknown "drop" is not known; known: error, skip')
    refuses({ min_item = 3 }, "did you mean min_items?")
  end)

  it("finds scenarios by name", function()
    local data = cmml.scenarios.data(options { min_items = 2, groups = {
      { name = "dream pop", items = { "x", "y" } }, { name = "rock", items = { "x", "z" } },
      { name = "noise", items = { "x" } } } })
    assert.equal(2, data:find "rock")
    local none, message = data:find "rocks"
    assert.is_nil(none)
    assert.equal("data: there is no scenario rocks; did you mean rock?", message)
    assert.equal("data: noise is no scenario: 1 items that somebody took, fewer than 2",
      select(2, data:find "noise"))
    assert.equal("data: there is no scenario 17", select(2, data:find(17)))
  end)

  it("points at the caller", function()
    local ok, message = pcall(function()
      local data = cmml.scenarios.data(options { groups = {} })
      return data
    end)
    assert.is_false(ok)
    assert.truthy(message:find("scenario_data_spec.lua", 1, true), message)
  end)

  it("has a made world with overlapping groups", function()
    local data, truth = scenario_world.data(cmml)
    assert.equal(16, #data.scenarios)
    local own, all = 0, 0
    local users = data.interactions.users:groups():totable()
    local items = data.interactions.items:totable()
    for row, user in ipairs(users) do
      local u = tonumber(data.users:text(user):sub(2))
      local i = tonumber(data.items:text(items[row]):sub(2))
      own = own + (truth.user_cluster[u] == truth.item_cluster[i] and 1 or 0)
      all = all + 1
    end
    assert.near(0.3 / (0.3 + 3 * 0.03), own / all, 0.03)
  end)
end)
