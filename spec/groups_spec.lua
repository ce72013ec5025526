-- Groups of items in the core, and lists of ids put together.
local core = require "cmml.core"
local refused = require "spec.support.refused"

local function tables(list)
  local result = {}
  for i, ids in ipairs(list) do
    result[i] = ids and ids:totable()
  end
  return result
end

describe("group_items", function()
  -- Items 1 to 4, taken by users {1, 2}, nobody, {2}, {3}.
  local takers = core.sparse(core.ids { 1, 1, 3, 4 }, core.ids { 1, 2, 2, 3 }, nil, 4, 3)
  local groups = core.sparse(core.ids { 1, 1, 2, 3, 3, 3, 4 }, core.ids { 2, 3, 2, 4, 1, 3, 4 },
    nil, 5, 4)

  it("gives the items that somebody took, and counts who did", function()
    local found = core.group_items(groups, takers, { min_users = 9 })
    assert.same({ false, false, false, false, false }, found.items)
    assert.same({ 1, 0, 3, 1, 0 }, found.n_items)
    assert.same({ 1, 0, 3, 1, 0 }, found.n_users)
    found = core.group_items(groups, takers, {})
    assert.same({ { 3 }, {}, { 1, 3, 4 }, { 4 }, {} }, tables(found.items))
    assert.same({ 0, 0, 0, 0, 0 }, found.n_users)
  end)

  it("keeps to its bounds, ends included", function()
    local found = core.group_items(groups, takers, { min_items = 1, max_items = 2 })
    assert.same({ { 3 }, false, false, { 4 }, false }, tables(found.items))
    found = core.group_items(groups, takers, { min_users = 3 })
    assert.same({ false, false, { 1, 3, 4 }, false, false }, tables(found.items))
    found = core.group_items(groups, takers, { min_users = 2 })
    assert.same({ 1, 0, 2, 1, 0 }, found.n_users)
  end)

  it("takes no groups and no interactions", function()
    local none = core.sparse(core.ids {}, core.ids {}, nil, 0, 4)
    assert.same({ items = {}, n_items = {}, n_users = {} }, core.group_items(none, takers, {}))
    local nobody = core.sparse(core.ids {}, core.ids {}, nil, 4, 3)
    assert.same({ 0, 0, 0, 0, 0 }, core.group_items(groups, nobody, {}).n_items)
  end)

  it("refuses parts that do not fit", function()
    refused.with_text("items beyond those of argument 2", core.group_items, groups,
      core.sparse(core.ids { 1 }, core.ids { 1 }, nil, 3, 1), {})
    refused.with_text("items beyond", core.group_items,
      { rows = core.segments { 2 }, columns = core.ids { 1 } }, takers, {})
    refused.with_text("items beyond", core.group_items,
      { rows = core.segments { 1 }, columns = core.ids { 0 } }, takers, {})
    refused.with_text("the field rows must hold", core.group_items, {}, takers, {})
    refused.with_text("user 2147483647: number users from 1 without gaps", core.group_items,
      { rows = core.segments { 1 }, columns = core.ids { 1 } },
      { rows = core.segments { 1 }, columns = core.ids { 2147483647 } }, { min_users = 1 })
    refused.with_text("min_users: not negative", core.group_items, groups, takers,
      { min_users = -1 })
    refused.with_text("min_items must be a whole number", core.group_items, groups, takers,
      { min_items = 0.5 })
  end)
end)

describe("select_ids", function()
  it("keeps what stands beside known ids or numbers that are not zero", function()
    local ids = core.ids { 5, 0, 7, 2 }
    assert.same({ 5, 2 }, core.select_ids(ids, core.ids { 1, 0, 0, 3 }):totable())
    assert.same({ 0, 7 }, core.select_ids(ids, core.tensor { 0, 1, -0.5, -0.0 }):totable())
    assert.same({}, core.select_ids(core.ids {}, core.ids {}):totable())
  end)

  it("refuses lists of other lengths", function()
    refused.with_text("an entry for each id", core.select_ids, core.ids { 1 }, core.ids {})
    refused.with_text("an entry for each id", core.select_ids, core.ids { 1 },
      core.tensor { 1, 2 })
    refused.with_text("contiguous", core.select_ids, core.ids { 1, 2, 3, 4 },
      core.full({ 2, 2 }, 1):transpose(1, 2))
    refused.with_text("bad argument #2", core.select_ids, core.ids { 1 }, 3)
  end)
end)

describe("join_ids", function()
  it("puts lists one after another, shifted", function()
    local joined = core.join_ids({ core.ids { 1, 0 }, core.ids {}, core.ids { 2 } }, { 0, 5, 10 })
    assert.same({ 1, 0, 12 }, joined:totable())
    assert.same({}, core.join_ids({}, {}):totable())
  end)

  it("refuses what are no lists and no numbers", function()
    refused.with_text("join_ids: entry 1 of lists must be Ids, not number", core.join_ids, { 3 },
      { 0 })
    refused.with_text("join_ids: shift 1 must be a whole number of at least 0 and below 2^31 - 1, "
      .. "not nil", core.join_ids, { core.ids { 1 } }, {})
    refused.with_text("not -1", core.join_ids, { core.ids { 1 } }, { -1 })
    refused.with_text("join_ids: shift 1 takes the ids of its list, up to 2, beyond 2^31 - 1",
      core.join_ids, { core.ids { 2 } }, { 2 ^ 31 - 2 })
    refused.with_text("map_ids: new has 1 entries, but must have one for each number up to the "
      .. "largest in ids, 2", core.map_ids, core.ids { 2 }, core.ids { 1 })
    local many, shifts = {}, {}
    for i = 1, 101 do
      many[i], shifts[i] = core.ids { 1 }, 0
    end
    refused.with_text("at most 100 lists", core.join_ids, many, shifts)
  end)
end)
