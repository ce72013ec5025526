-- Splits of a data set by users, and the protocol for people never seen.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local core = cmml.core

-- Whether lists of rows have none in common and together are 1 to n.
local function partition(n, ...)
  local seen, count = {}, 0
  for _, rows in ipairs { ... } do
    for _, row in ipairs(rows) do
      assert.is_nil(seen[row], row)
      seen[row], count = true, count + 1
    end
  end
  assert.equal(n, count)
end

describe("split", function()
  local data = people.dataset(cmml, { users = 50, items = 8, rated = 4 })

  it("by shares: every user once, the same for a seed", function()
    local split = data:split { test = 0.2, valid = 0.25, seed = 3 }
    assert.equal(10, #split.test)
    assert.equal(10, #split.valid)
    partition(50, split.train, split.valid, split.test)
    assert.same(split, data:split { test = 0.2, valid = 0.25, seed = 3 })
    assert.not_same(split.test, data:split({ test = 0.2, valid = 0.25, seed = 4 }).test)
  end)

  it("by a list: those are the test users, whatever the seed", function()
    for seed = 1, 3 do
      local split = data:split { test = { "p9", "p2", "p9" }, valid = 0, seed = seed }
      assert.same({ data.users:id "p2", data.users:id "p9" }, split.test)
      partition(50, split.train, split.test)
    end
  end)

  it("by a file, in which blank lines and the ends of lines do not matter", function()
    local path = os.tmpname()
    assert(core.write_file(path, "p2\r\n\n  p9 \n"))
    assert.same(data:split({ test = { "p2", "p9" } }).test, data:split({ test = path }).test)
    assert(core.write_file(path, "p2\n\n\nnobody\np9"))
    local split, message = data:split { test = path }
    assert.is_nil(split)
    assert.truthy(message:find(path .. ", line 4: there is no user nobody in people", 1, true),
      message)
    os.remove(path)
    split, message = data:split { test = path }
    assert.is_nil(split)
    assert.truthy(message:find("cannot open " .. path, 1, true), message)
  end)

  it("leaves users without ratings out", function()
    local world = people.world { users = 10, items = 8, rated = 4 }
    world.users[11], world.schema = { id = "silent", age = "1" }, cmml.data.schema {}
    local silent = cmml.dataset(world):split { test = 0.3, valid = 0.3 }
    partition(10, silent.train, silent.valid, silent.test)
  end)

  it("refuses fractions that are none, and other kinds", function()
    for _, bad in ipairs { -0.1, 1, 0 / 0 } do
      refused(bad == bad and "valid must be at least 0 and below 1" or "valid must be a finite",
        data.split, data, { valid = bad })
      refused(bad == bad and "test must be a fraction from 0 to below 1" or "test must be a finite",
        data.split, data, { test = bad })
    end
    refused("test must be a number or a string or a table, not boolean", data.split, data,
      { test = true })
    refused("unknown option vaild; did you mean valid?", data.split, data, { vaild = 0 })
    local split, message = data:split { test = { "p1", "px" } }
    assert.is_nil(split)
    assert.truthy(message:find("test, entry 2: there is no user px", 1, true), message)
  end)
end)

describe("cold_users", function()
  local data = people.dataset(cmml, { users = 40, items = 24, rated = 12 })

  it("keeps test users out of what is learnt from, their values too", function()
    local world = people.world { users = 40, items = 24, rated = 12 }
    for i, user in ipairs(world.users) do
      user.zip = "z" .. i
    end
    world.schema = cmml.data.schema { item = { { "kind" } }, user = { { "zip" } } }
    local cold = assert(cmml.cold_users(cmml.dataset(world), { test_users = 0.25, valid = 0.25 }))
    partition(40, cold.train, cold.valid, cold.test)
    assert.equal(#cold.train, #cold.catalogue.users.fields[1].vocab)
    local ids = cold.bags[1].ids:totable()
    for _, part in ipairs { cold.test, cold.valid } do
      for _, row in ipairs(part) do
        assert.equal(0, ids[row])
      end
    end
    for _, row in ipairs(cold.train) do
      assert.truthy(ids[row] > 0)
    end
  end)

  it("caps the ratings to train on once, and no others", function()
    local capped = assert(cmml.cold_users(data, { protocol = "capped", cap = 5 }))
    local again = assert(cmml.cold_users(data, { protocol = "capped", cap = 5 }))
    for _, length in ipairs(capped.ratings.users:totable()) do
      assert.equal(5, length)
    end
    assert.same(capped.ratings.items:totable(), again.ratings.items:totable())
    assert.equal(480, #capped.all.items)
    assert.equal(480, #assert(cmml.cold_users(data, { protocol = "full" })).ratings.items)
  end)

  it("takes the item rows of a model's catalogue, which may be another's", function()
    local world = people.world { users = 40, items = 24, rated = 12 }
    local reversed = { schema = data.schema, items = world.items, users = world.users,
      ratings = {} }
    for i, row in ipairs(world.ratings) do
      reversed.ratings[#world.ratings + 1 - i] = row
    end
    local catalogue = cmml.dataset(reversed):catalogue { 1 }
    local cold = assert(cmml.cold_users(data, { catalogue = catalogue }))
    local items = cold.all.items:totable()
    for i, row in ipairs(data.ratings.items:totable()) do
      assert.equal(data.items:text(row), catalogue.items:text(items[i]))
    end
    local fewer = people.data(cmml, { users = 5, items = 4, rated = 2 }).catalogue
    local refusal, message = cmml.cold_users(data, { catalogue = fewer })
    assert.is_nil(refusal)
    assert.truthy(message:find("20 items rated in people are not in the model's catalogue (f", 1,
      true), message)
  end)

  it("refuses data without what a model reads of users", function()
    local catalogue = people.data(cmml, { users = 40, items = 24, rated = 12 }).catalogue
    local world = people.world { users = 40, items = 24, rated = 12 }
    world.users, world.schema = nil, cmml.data.schema {}
    refused("the model reads the field age of users, but no user of data has it", cmml.cold_users,
      cmml.dataset(world), { catalogue = catalogue })
  end)

  it("points at the caller where a value cannot be read", function()
    local world = people.world { users = 40, items = 24, rated = 12 }
    world.items[3].price, world.items[4].price = "dear", 5
    world.schema = { item = { { "price", kind = "number" } } }
    local set = cmml.dataset(world)
    local ok, message = pcall(function()
      local cold = cmml.cold_users(set) -- no tail call, which would leave out a level
      return cold
    end)
    assert.is_false(ok)
    assert.matches("user_split_spec.lua:%d+: field price of f3 is \"dear\", not a finite number",
      message)
  end)

  it("refuses protocols that do not exist", function()
    refused('cold_users: protocol "caped" is not known; did you mean capped?', cmml.cold_users,
      data,
      { protocol = "caped" })
  end)
end)
