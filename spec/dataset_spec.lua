-- Data sets, their splits, tasks from them, and the protocol for people never seen.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local without = require("spec.support.refused").with_message
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

describe("dataset", function()
  local schema = cmml.data.schema {}

  it("reads rows, keeps the last of repeated ratings and every item and user", function()
    local data = cmml.dataset { name = "d", schema = schema, ratings = { { "u", 7, 3 },
      { "v", 7, 4 }, { "u", "7", 5 }, { "u", 8, 1.5 } }, items = { { id = 9, title = "Nine" } },
      users = { { id = "w" } } }
    assert.equal("[cmml.Dataset d: 3 ratings, 3 users, 3 items]", tostring(data))
    assert.equal(1, data.duplicates)
    assert.same({ 2, 1, 0 }, data.ratings.users:totable())
    assert.same({ 5, 1.5, 4 }, data.ratings.ratings:totable())
    assert.same({ "ratings", nil }, { data.kind, data.ratings.times })
    assert.same({ "", "", "Nine" }, data.titles)
  end)

  it("keeps times exactly, and of repeated ratings the latest", function()
    local now = 1700000000123456789
    local data = cmml.dataset { schema = schema, ratings = { { "u", "a", 3, now + 1 },
      { "v", "a", 4, 5 }, { "u", "a", 5, now }, { "u", "b", 1.5, now } } }
    assert.equal(1, data.duplicates)
    assert.same({ 3, 1.5, 4 }, data.ratings.ratings:totable())
    assert.same({ now + 1, now, 5 }, data.ratings.times:totable())
  end)

  it("adds up interactions and weights, and says what they are", function()
    local data = cmml.dataset { name = "plays", schema = schema, kind = "interactions",
      ratings = { { "u", "a" }, { "v", "a" }, { "u", "a" }, { "u", "b" } } }
    assert.equal("[cmml.Dataset plays: 3 interactions, 2 users, 2 items]", tostring(data))
    assert.same({ 2, 1, 1 }, data.ratings.ratings:totable())
    assert.equal(1, data.duplicates)
    data = cmml.dataset { schema = schema, kind = "weights", ratings = { { "u", "a", 10, 7 },
      { "u", "a", 2.5, 9 }, { "u", "a", 1, 8 } } }
    assert.same({ 13.5 }, data.ratings.ratings:totable())
    assert.same({ 9 }, data.ratings.times:totable())
    data = cmml.dataset { schema = schema, kind = "interactions", ratings = { users = core.vocab(),
      items = core.vocab(), user_ids = core.ids {}, item_ids = core.ids {} } }
    assert.equal(0, #data.ratings.items)
  end)

  it("refuses to split what has nothing to predict", function()
    local plays = cmml.dataset { name = "plays", schema = schema, kind = "interactions",
      ratings = { { "u", "a" }, { "v", "a" }, { "u", "b" } } }
    without("plays has interactions without ratings: there is nothing to predict", cmml.cold_users,
      plays)
    for _, protocol in ipairs(cmml.users.protocols) do
      without("all 3 ratings of d are 4: there is nothing to predict", cmml.users.protocol,
        cmml.dataset { name = "d", schema = schema, ratings = { { "u", "a", 4 }, { "v", "a", 4 },
          { "u", "b", 4 } } }, { protocol = protocol.name })
    end
  end)

  it("refuses what does not fit the kind, and times that are missing or not whole", function()
    local function with(kind, ...)
      return { schema = schema, kind = kind, ratings = { { "u", "a", 3, 5 }, { ... } } }
    end
    refused("rating 1 (user u, item a) is 3, but interactions have no rating", cmml.dataset,
      with("interactions", "u", "b"))
    refused("rating 2 (user u, item b) is nil, not a finite number", cmml.dataset,
      with("weights", "u", "b"))
    refused("rating 2 has no time, but rating 1 has one: all have one or none", cmml.dataset,
      with("ratings", "u", "b", 1))
    refused("the time of rating 2 is 1.5, not a whole number", cmml.dataset,
      with("ratings", "u", "b", 1, 1.5))
    refused('the time of rating 2 is the text "now", not a whole number', cmml.dataset,
      with("ratings", "u", "b", 1, "now"))
    local ids = core.ids { 1 }
    local columns = { users = core.vocab(), items = core.vocab(), user_ids = ids, item_ids = ids }
    refused("weights have values, but there is no column ratings", cmml.dataset,
      { schema = schema, kind = "weights", ratings = columns })
    columns.ratings = core.tensor { 1 }
    refused("interactions have no column ratings: leave it out", cmml.dataset,
      { schema = schema, kind = "interactions", ratings = columns })
    refused('kind "plays" is not known', cmml.dataset, with("plays", "u", "b", 1))
  end)

  it("refuses ratings that are no finite numbers, naming the row", function()
    local function with(rating)
      return { schema = schema, ratings = { { "u", "i", 3 }, { "v", "j", rating } } }
    end
    refused("rating 2 (user v, item j) is nan, not a finite number", cmml.dataset,
      with(math.abs(0 / 0)))
    refused("rating 2 (user v, item j) is inf", cmml.dataset, with(1 / 0))
    refused("rating 2 (user v, item j) is -inf", cmml.dataset, with(-1 / 0))
    refused("rating 2 (user v, item j) is the text \"5\", not a finite number",
      cmml.dataset, with "5")
    refused("rating 2 (user v, item j) is nil", cmml.dataset, with(nil))
    refused("a rating is too large for float32", cmml.dataset, with(1e300))
    refused("rating 1 must be {user, item, rating}, not number", cmml.dataset,
      { schema = schema, ratings = { 5 } })
    refused("the user of rating 2 must be a string or a number, not boolean", cmml.dataset,
      { schema = schema, ratings = { { "u", "i", 3 }, { true, "i", 3 } } })
    refused("the item of rating 1 must be a string or a number, not nil", cmml.dataset,
      { schema = schema, ratings = { { "u", nil, 3 } } })
    refused("dataset: the user of rating 2: 1.5 is not an id", cmml.dataset,
      { schema = schema, ratings = { { "u", "i", 3 }, { 1.5, "i", 3 } } })
    refused("dataset: the item of rating 1: an id must not be empty", cmml.dataset,
      { schema = schema, ratings = { { "u", " ", 3 } } })
    refused("dataset: record 1 of items: an id must not be empty", cmml.dataset,
      { schema = schema, ratings = { { "u", "i", 3 } }, items = { { id = "" } } })
  end)

  it("takes columns of a table that was read", function()
    local path = os.tmpname()
    assert(core.write_file(path, "player,level,stars,turns\na,x,3.5,1\nb,x,4,2\na,y,1,3\n"))
    local t = assert(cmml.data.read_table(path, { header = "names", columns = { { name = "player" },
      { name = "level" }, { name = "stars", kind = "number" },
      { name = "turns", kind = "integer" } } })).columns
    os.remove(path)
    local function data_of(ratings)
      return cmml.dataset { schema = schema, ratings = ratings }
    end
    local data = data_of { users = t.player, items = t.level, ratings = t.stars }
    local listed = data_of { { "a", "x", 3.5 }, { "b", "x", 4 }, { "a", "y", 1 } }
    assert.equal(tostring(listed), tostring(data))
    for _, key in ipairs { "users", "items", "ratings" } do
      assert.same(listed.ratings[key]:totable(), data.ratings[key]:totable())
    end
    assert.equal("b", data.users:text(2))
    local turns = data_of { users = t.player, items = t.level, ratings = t.turns }
    assert.same({ 1, 3, 2 }, turns.ratings.ratings:totable())
    refused("not a table with the key ", data_of, t)
    refused("not a table with the key ", data_of, { rows = 3, columns = t })
    refused("items must be a column of kind \"text\" (the default), not nil", data_of,
      { users = t.player, ratings = t.stars })
    refused("ratings must be a column of kind \"number\", not \"text\"", data_of,
      { users = t.player, items = t.level, ratings = t.level })
    refused("there are no ratings", data_of, {})
  end)

  it("refuses records without an id and options that do not exist", function()
    refused("record 2 of items has no id", cmml.dataset, { schema = schema,
      ratings = { { "u", 1, 3 } }, items = { { id = 1 }, { title = "x" } } })
    refused("unknown option rating; did you mean ratings?", cmml.dataset, { schema = schema,
      rating = {} })
    refused("option schema is missing", cmml.dataset, { ratings = {} })
  end)
end)

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

  it("refuses protocols that do not exist", function()
    refused('cold_users: protocol "caped" is not known; did you mean capped?', cmml.cold_users,
      data,
      { protocol = "caped" })
  end)
end)
