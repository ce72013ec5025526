-- Data sets: what is read of ratings, items and people, and the catalogue.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local core = cmml.core

describe("dataset", function()
  local schema = cmml.data.schema {}

  it("reads rows, keeps the last of repeated ratings and every item and user", function()
    local data = cmml.dataset { name = "d", schema = schema, ratings = { { "u", 7, 3 },
      { "v", 7, 4 }, { "u", "7", 5 }, { "u", 8, 1.5 } }, items = { { id = 9, title = "Nine" },
      { id = 8.0 } }, users = { { id = "w" }, { id = "v" } } }
    assert.equal("[cmml.Dataset d: 3 ratings, 3 users, 3 items]", tostring(data))
    assert.same({ items = 1, users = 1 }, data.unmatched)
    assert.same({ "1 of 2 records of items match no rating (9, for one)",
      "1 of 2 records of users match no rating (w, for one)" }, data.notes)
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

  it("tells of a split that there is nothing to predict", function()
    local plays = cmml.dataset { name = "plays", schema = schema, kind = "interactions",
      ratings = { { "u", "a" }, { "v", "a" }, { "u", "b" } } }
    assert.matches("^plays has interactions without ratings: there is nothing to predict",
      assert(cmml.cold_users(plays)).nothing_to_predict)
    local equal = cmml.dataset { name = "d", schema = schema, ratings = { { "u", "a", 4, 1 },
      { "v", "a", 4, 2 }, { "u", "b", 4, 3 } } }
    for _, name in ipairs { "full", "capped", "warm", "warm-leaky", "last", "time" } do
      assert.matches("^all 3 ratings of d are 4: there is nothing to predict",
        assert(cmml.users.protocol(equal, { protocol = name })).nothing_to_predict)
    end
    assert.is_nil(assert(cmml.cold_users(assert(cmml.movielens "data/made"))).nothing_to_predict)
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
  end)

  it("refuses records of which none matches a rating", function()
    refused("none of the 2 records of items matches a rating: one has the id tt1, but the ratings "
      .. "have ids such as 7", cmml.dataset, { schema = schema, ratings = { { "u", 7, 3 } },
      items = { { id = "tt1" }, { id = "tt2" } } })
    refused("none of the 1 records of users matches a rating: one has the id 7, but the ratings "
      .. "have ids such as u", cmml.dataset, { schema = schema, ratings = { { "u", 7, 3 } },
      users = { { id = 7 } } })
  end)

  it("refuses a field that no record has, with the nearest name", function()
    local function with(fields)
      return { schema = fields, ratings = { { "u", 1, 3 }, { "u", 2, 3 } },
        items = { { id = 1, genre = "x" }, { id = 2, year = 5, title = "t" } } }
    end
    refused("no record of items has the field genres; did you mean genre?", cmml.dataset,
      with { item = { { "genres" } } })
    refused("no record of items has the field price; known: genre, title, year", cmml.dataset,
      with { item = { { "price", kind = "number" } } })
    refused("the schema has the field age of users, but there are no records of users",
      cmml.dataset, with { user = { { "age" } } })
    assert(cmml.dataset(with { item = { { "year" }, { "title", kind = "text" }, { "id" } } }))
  end)

  it("makes a schema of the records where none is given, and says so", function()
    local data = cmml.dataset { ratings = { { "u", 1, 3 }, { "v", 2, 4 } },
      items = { { id = 1, title = "One", genre = { "a", "b" }, price = 5, taste = "salty",
        poster = { 0.5, 1 }, code = "7", year = 1999, country = "PL", ok = true },
        { id = 2, genre = "c", price = 2.5, taste = "sweet", poster = { 1.5, 2 }, code = 8,
          ["release date"] = "x", [1] = "y" } },
      users = { { id = "u", country = "DE" }, { id = "v", country = "FR" } } }
    local kinds = {}
    for i, field in ipairs(data.schema.item) do
      kinds[i] = field[1] .. " " .. field.kind
    end
    assert.same({ "code category", "country category", "genre list", "poster vector",
      "price number", "taste category", "year number" }, kinds)
    assert.same("user_country", data.schema.user[1][1])
    assert.same({ "fields of items, as the records have them: code (category), country (category), "
      .. "genre (list), poster (vector), price (number), taste (category), year (number); left "
      .. "out: 1 (its name is no text), ok (it holds boolean true), release date (a field has a "
      .. "name of letters, digits and _)",
      "fields of users, as the records have them: user_country (category)" }, data.notes)
    assert.equal("DE", data.user_records[1].user_country)
    assert.truthy(assert(cmml.cold_users(data)).catalogue)
    assert.same({}, cmml.dataset({ ratings = { { "u", 1, 3 } } }).notes)
  end)

  describe("takes vectors of a file by id", function()
    local path

    before_each(function()
      path = os.tmpname()
    end)

    after_each(function()
      os.remove(path)
    end)

    local function write(ids, vectors, more)
      local entries = { { name = "ids", value = ids }, { name = "vectors",
        value = core.tensor(vectors) } }
      table.move(more or {}, 1, #(more or {}), 3, entries)
      assert(core.write_archive(path, entries))
    end

    local function data_of(fields)
      return cmml.dataset { schema = { item = fields or { { "poster", kind = "vector",
        file = path } } }, ratings = { { "u", 3, 5 }, { "u", "1", 4 }, { "v", 2, 3 } } }
    end

    it("as numbers or as text, a line each", function()
      for _, ids in ipairs { { 1, 3, 9 }, "1\n3\n9", " 1\n3 \n9\n" } do
        write(ids, { { 1, 10 }, { 3, 30 }, { 5, 50 } })
        local data = data_of()
        assert.same({ ("poster of items: 2 of 3 have a vector of 2 numbers in %s; 1 vector is of "
          .. "no items"):format(path) }, data.notes)
        local catalogue = data:catalogue { 1, 2 }
        local expected = core.tensor { { 1, 1, 0 }, { -1, -1, 0 }, { 0, 0, 1 } }
        assert.truthy((catalogue.items.bags[1].values - expected):abs():max():item() < 1e-6)
      end
    end)

    it("and keeps what training knows apart from what it does not", function()
      write({ 1, 2, 3 }, { { 2 }, { 100 }, { 4 } })
      local values = data_of():catalogue({ 1 }).items.bags[1].values
      local expected = core.tensor { { 1, 0 }, { -1, 0 }, { 10, 0 } } -- 97 deviations count as 10
      assert.truthy((values - expected):abs():max():item() < 1e-6)
    end)

    it("refusing files that are none, with what is wrong", function()
      local function fails(message, ids, vectors, more)
        write(ids, vectors, more)
        refused(message, data_of)
      end
      fails("3 ids, but 2 vectors", { 1, 2, 3 }, { { 1 }, { 2 } })
      fails("row 2 of ids: 1 is there twice", { 1, 1 }, { { 1 }, { 2 } })
      fails("row 2 of ids: an id must not be empty", "1\n\n", { { 1 }, { 2 } })
      fails("the vector of number 2 (row 2) holds a number that is not finite", { 1, 2, 3 },
        { { 1 }, { 0 / 0 }, { 3 } })
      fails("vectors must be a matrix [n, width] of floating-point numbers, not", { 1 }, { 1 })
      fails("none of the 2 ids of", { 11, 12 }, { { 1 }, { 2 } })
      assert(core.write_archive(path, { { name = "id", value = { 1 } } }))
      refused("there is no entry ids (it needs ids and vectors); it has id", data_of)
      os.remove(path)
      refused("cannot open", data_of)
      path = os.tmpname()
    end)
  end)
end)
