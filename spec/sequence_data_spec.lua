-- Sequences of users: their order, repeats, what is known of items, and the catalogue.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"
local told = require "spec.support.told"
local core = cmml.core

describe("sequences.data", function()
  it("puts what users did in the order of time, repeats and all, and says so", function()
    local big = 1700000000123456789
    local data = cmml.sequences.data { name = "shop", interactions = { { "anna", "tea", big + 1 },
      { "ben", "pot", 5 }, { "anna", "pot", big }, { "ben", "pot", 7 }, { "ben", "cup", 7 },
      { "ben", "tea", 5 } } }
    assert.equal("anna: pot tea; ben: pot tea pot cup", told(data))
    assert.same({ big, big + 1, 5, 5, 7, 7 }, data.sequences.times:totable())
    assert.equal(2, data.disordered)
    assert.same({ "2 of 6 interactions stood behind a later one of their user: sorted by time" },
      data.notes)
    assert.equal("[cmml.SequenceData shop: 6 interactions, 2 users, 3 items]", tostring(data))
    assert.equal(tostring(data) .. "; sequences of 2 to 4, median 2", data:summary())
  end)

  it("takes the order in which they stand where there are no times, or all are equal", function()
    local data = cmml.sequences.data { interactions = { { "u", 3 }, { "v", 1 }, { "u", 1 },
      { "u", 3 } } }
    assert.equal("u: 3 1 3; v: 1", told(data))
    assert.is_nil(data.sequences.times)
    assert.equal(0, data.disordered)
    assert.same({ "there are no times: the order counts in which the interactions stand" },
      data.notes)
    assert.matches("median 1, without times$", data:summary())
    data = cmml.sequences.data { interactions = { { "u", 3, 0 }, { "u", 1, 0 } } }
    assert.equal("u: 3 1", told(data))
    assert.same({ "all times are equal: the order counts in which the interactions stand" },
      data.notes)
  end)

  it("takes columns of a table, and of ids, which may be given away", function()
    local users, items = core.vocab(), core.vocab()
    for _, name in ipairs { "u", "v", "w" } do
      users:add(name)
      items:add("i" .. name)
    end
    local columns = { users = users, items = items, user_ids = core.ids { 3, 1, 3 },
      item_ids = core.ids { 1, 2, 2 }, times = core.times { 2, 1, 1 }, release = true }
    local data = cmml.sequences.data { interactions = columns }
    assert.equal("u: iv; v: ; w: iv iu", told(data))
    assert.matches("released", tostring(columns.user_ids))
    local path = os.tmpname()
    assert(core.write_file(path, "u;b;2\nv;a;1\nu;a;1\n"))
    local read = assert(core.read_table(path, { delimiter = ";", columns = { { name = "user" },
      { name = "item" }, { name = "time", kind = "time" } } }))
    os.remove(path)
    data = cmml.sequences.data { interactions = { users = read.columns.user,
      items = read.columns.item, times = read.columns.time } }
    assert.equal("u: a b; v: a", told(data))
  end)

  it("knows items that nobody had, and counts what it knows", function()
    local data = cmml.sequences.data { interactions = { { "u", "a" }, { "u", "a" }, { "v", "b" } },
      items = { { id = "n", title = "New", color = "red" }, { id = "a", color = "blue" } } }
    assert.same({ "", "", "New" }, data.titles)
    assert.same({ { "color", kind = "category" } }, data.schema.item)
    assert.same({ items = 1 }, data.unmatched)
    assert.same({ "fields of items, as the records have them: color (category)",
      "there are no times: the order counts in which the interactions stand",
      "1 of 3 items have no content feature (b, for one): a vector that is learnt stands for "
        .. "what they lack",
      "1 of 2 records of items match no interaction (n, for one)" }, data.notes)
    local found = data:stats()
    assert.same({ 3, 2, 2, 1 }, { found.entries, found.users, found.items, found.duplicates })
    assert.same({ 1, 2 }, { found.per_user.least, found.per_user.most })
    assert.same({ 0, 1 }, { found.more[1][2], found.more[2][2].items })
    assert.equal(2 / 4, found.density) -- what comes twice counts once
    assert.equal("1 record of items matches no interaction", found.more[2][3])
  end)

  it("counts what some users had, and gives a catalogue of what may be learnt from", function()
    local data = cmml.sequences.data { interactions = { { "u", "a" }, { "u", "a" }, { "v", "b" },
      { "w", "c" } }, items = { { id = "a", color = "red" }, { id = "b", color = "blue" },
      { id = "c", color = "green" } } }
    assert.same({ 2, 0, 1 }, cmml.sequences.counts(data.sequences, { 1, 3 }, 3):totable())
    assert.same({ 0, 0, 0 }, cmml.sequences.counts(data.sequences, {}, 3):totable())
    local catalogue = data:catalogue { 3, 1 }
    assert.same({ "sequences", 3, 0 }, { catalogue.setting, #catalogue.items, #catalogue.users })
    local colors = catalogue.items.fields[1].vocab
    assert.same({ 1, nil, 2 }, { colors:id "red", colors:id "blue", colors:id "green" })
    catalogue = data:catalogue({ 1, 2 }, { users = core.segments { 0, 1, 0 },
      items = core.ids { 2 } })
    assert.equal(1, #catalogue.items.fields[1].vocab)
    refused("entry 2 of users is number 4, not a row from 1 to 3", cmml.sequences.counts,
      data.sequences, { 1, 4 }, 3)
    refused("users must be a table, not nil", data.catalogue, data)
  end)

  it("has vectors of items from a file, told by how many have one", function()
    local folder = temporary.folder()
    local path = folder .. "/look.safetensors"
    local vectors = core.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } }
    assert(core.write_archive(path, { { name = "ids", value = "c\na\nb" },
      { name = "vectors", value = vectors } }, {}))
    local data = cmml.sequences.data { interactions = { { "u", "a" }, { "u", "d" } },
      items = { { id = "a" }, { id = "e" } },
      schema = { item = { { "look", kind = "vector", file = path } } } }
    temporary.remove(folder)
    assert.equal("look of items: 1 of 3 have a vector of 2 numbers in " .. path
      .. "; 2 vectors are of no items", data.notes[1])
    local bags = data:catalogue({ 1 }).items.bags
    assert.same({ 0, 1, 1 }, bags[1].values:slice(2, 3, 3):reshape({ 3 }):totable())
  end)

  it("has vectors that stand beside the records", function()
    local items = { { id = "b" }, { id = "a" }, { id = "c" },
      vectors = { text = { values = core.tensor { { 1, 5 }, { 3, 5 } }, rows = { 2, 1, 0 } } } }
    local data = cmml.sequences.data { interactions = { { "u", "a" }, { "u", "b" } },
      items = items, schema = { item = { { "text", kind = "vector" } } } }
    local values = data:catalogue({ 1 }).items.bags[1].values -- in deviations from the mean
    local wanted = core.tensor { { -1, 0, 0 }, { 1, 0, 0 }, { 0, 0, 1 } }
    assert.is_true((values - wanted):abs():max():item() < 1e-6)
  end)

  it("refuses what is no sequence", function()
    local function bad(text, interactions, more)
      local opt = { interactions = interactions }
      for key, value in pairs(more or {}) do
        opt[key] = value
      end
      refused(text, cmml.sequences.data, opt)
    end
    refused("option interactions is missing", cmml.sequences.data, {})
    bad("there are no interactions", {})
    bad("interaction 2 must be {user, item, time}, not number", { { "u", "a" }, 3 })
    bad("interaction 2 has no time, but interaction 1 has one", { { "u", "a", 1 }, { "u", "a" } })
    bad("the time of interaction 1 is 1.5, not a whole number", { { "u", "a", 1.5 } })
    bad("the item of interaction 1 must be a string or a number, not nil", { { "u" } })
    bad("the user of interaction 1: ", { { " ", "a" } })
    bad("the item of interaction 2: ", { { "u", "a" }, { "u", "\xff" } })
    bad("not a table with the key x", { x = 1 })
    local vocab, ids = core.vocab(), core.ids { 1 }
    vocab:add "a"
    bad("interactions.users must be a cmml.Vocab, not table", { users = {}, items = vocab,
      user_ids = ids, item_ids = ids })
    bad("interactions.times must be a cmml.Times, not table", { users = vocab, items = vocab,
      user_ids = ids, item_ids = ids, times = { 1 } })
    bad("interactions have no column ratings: leave it out", { users = vocab, items = vocab,
      user_ids = ids, item_ids = ids, ratings = core.tensor { 1 } })
    bad("2 users, 1 items", { users = vocab, items = vocab, user_ids = core.ids { 1, 1 },
      item_ids = ids })
    bad("user id 2 of only 1 users", { users = vocab, items = vocab, user_ids = core.ids { 2 },
      item_ids = ids })
    bad("item_ids has 2 of only 1 items", { users = vocab, items = vocab, user_ids = ids,
      item_ids = core.ids { 2 } })
    bad("items has two records with the id a", { { "u", "a" } }, { items = { { id = "a" },
      { id = "a" } } })
    bad("record 1 of items has no id", { { "u", "a" } }, { items = { { name = "a" } } })
    bad("none of the 1 records of items matches an interaction: one has the id b, but the "
      .. "interactions have ids such as a", { { "u", "a" } }, { items = { { id = "b" } } })
    bad("no record of items has the field colour; did you mean color", { { "u", "a" } },
      { items = { { id = "a", color = 1 } }, schema = { item = { { "colour" } } } })
    bad("sequences know items alone", { { "u", "a" } }, { schema = { user = { { "age" } } } })
  end)
end)
