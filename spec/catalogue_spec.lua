-- Schemas and catalogues: what values are known, and how they become ids.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local core = cmml.core

local function dataset(schema)
  return cmml.dataset { schema = cmml.data.schema(schema),
    ratings = { { "u1", "a", 4 }, { "u2", "a", 2 }, { "u2", "b", 5 }, { "u3", "b", 1 },
      { "u3", "c", 3 } },
    items = { { id = "a", title = "A", kind = "x", tags = { "p", "q" } },
      { id = "b", title = "B\nb", kind = "y", tags = {} }, { id = "c", tags = { "q", "q" } } },
    users = { { id = "u1", zip = "11111", age = 25 }, { id = "u2", zip = "22222", age = 25 },
      { id = "u3", zip = "33333", age = 35 } } }
end

local schema = { item = { { "kind" }, { "tags", multi = true } }, user = { { "zip" }, { "age" } } }

local function changed(changes)
  local copy = {}
  for _, t in ipairs { schema, changes } do
    for key, value in pairs(t) do
      copy[key] = value
    end
  end
  return copy
end

-- The values of a field, of whichever side.
local function vocab_of(catalogue, name)
  for _, side in ipairs { catalogue.items, catalogue.users } do
    for _, field in ipairs(side.fields) do
      if field.name == name then
        return field.vocab
      end
    end
  end
end

describe("schema", function()
  it("fills in what was not said", function()
    assert.same({ item = { { "f", kind = "category" } }, user = {}, unknown = "zero",
      min_count = 1 },
      cmml.data.schema { item = { { "f" } } })
    assert.same({ item = {}, user = {}, unknown = "zero", min_count = 1 }, cmml.data.schema())
  end)

  it("knows a field of several values by either name", function()
    assert.same(cmml.data.schema { item = { { "f", multi = true } } },
      cmml.data.schema { item = { { "f", kind = "list" } } })
  end)

  it("refuses fields without names, twice or with settings that do not exist", function()
    refused('field 1 of item must be {"name"}', cmml.data.schema, { item = { "kind" } })
    refused('field 2 of user must be {"name"}', cmml.data.schema, { user = { { "a" }, { "b c" } } })
    refused("field a is declared twice", cmml.data.schema,
      { item = { { "a" } }, user = { { "a" } } })
    refused("field a of kind category has no setting mutli; did you mean multi?",
      cmml.data.schema, { item = { { "a", mutli = true } } })
    refused("field a of kind text has no setting limt; did you mean limit?", cmml.data.schema,
      { item = { { "a", kind = "text", limt = 5 } } })
    refused("field a: limit must be at least 1", cmml.data.schema,
      { item = { { "a", kind = "text", limit = 0 } } })
    refused('field a: kind "nubmer" is not known; did you mean number?', cmml.data.schema,
      { item = { { "a", kind = "nubmer" } } })
    refused('field a: multi = true does not fit kind = "number"', cmml.data.schema,
      { item = { { "a", kind = "number", multi = true } } })
    refused("field a: multi must be true or false, not number 1", cmml.data.schema,
      { item = { { "a", multi = 1 } } })
    refused('unknown "one" is not known; known: zero, learned', cmml.data.schema,
      { unknown = "one" })
    refused("unknown option items; did you mean item?", cmml.data.schema, { items = {} })
  end)
end)

describe("a catalogue", function()
  it("knows the values of the training users and of the items that they rated", function()
    assert.same({ 1, 0, 0 }, dataset(schema):catalogue({ 1 }).items.bags[1].ids:totable())
    local catalogue = dataset(schema):catalogue { 1, 2 }
    assert.equal(2, #vocab_of(catalogue, "kind"))
    assert.equal(2, #vocab_of(catalogue, "tags"))
    assert.equal(2, #vocab_of(catalogue, "zip"))
    assert.is_nil(vocab_of(catalogue, "zip"):id "33333")
    assert.equal(1, #vocab_of(catalogue, "age"))
    assert.same({ { name = "zip", multi = false, size = 2 }, { name = "age", multi = false,
      size = 1 } }, catalogue.users:sizes())
  end)

  it("gives unseen and missing values the id 0", function()
    local bags = dataset(schema):catalogue({ 1, 2 }).users:bags_of({ { zip = "33333", age = "25" },
      {}, { zip = 22222, age = 25.0 } })
    assert.same({ 0, 0, 2 }, bags[1].ids:totable())
    assert.same({ 1, 0, 1 }, bags[2].ids:totable())
    assert.is_nil(bags[1].segments)
  end)

  it("keeps lists of values as bags, the empty ones too", function()
    local catalogue = dataset(schema):catalogue { 1, 2 }
    local bag = catalogue.items.bags[2]
    assert.same({ 2, 0, 2 }, bag.segments:totable())
    assert.same({ 1, 2, 2, 2 }, bag.ids:totable())
    assert.same({ 1, 2, 0 }, catalogue.items.bags[1].ids:totable())
  end)

  it("has a row of its own for unseen values if that is asked for, and none for missing", function()
    local data = dataset(changed { unknown = "learned", min_count = 2 })
    local catalogue = data:catalogue { 1, 2, 3 }
    assert.equal(2, catalogue.users:sizes()[2].size)
    local bags = catalogue.users:bags_of({ { age = 35 }, {}, { age = 25 } })
    assert.same({ 2, 0, 1 }, bags[2].ids:totable())
    refused("needs min_count of at least 2", cmml.data.schema, { unknown = "learned" })
  end)

  it("counts values that are too rare as unseen", function()
    local catalogue = dataset(changed { min_count = 2 }):catalogue { 1, 2, 3 }
    assert.equal(0, #vocab_of(catalogue, "zip"))
    assert.equal(1, #vocab_of(catalogue, "age"))
    assert.equal(1, #vocab_of(catalogue, "tags"))
    assert.equal(1, vocab_of(catalogue, "tags"):id "q")
    assert.same({ 0, 1, 1, 1 }, catalogue.items.bags[2].ids:totable())
  end)

  it("shows titles, or ids where there are none", function()
    local catalogue = dataset(schema):catalogue { 1 }
    assert.equal("A", catalogue.items:title(1))
    assert.equal("c", catalogue.items:title(3))
  end)

  it("refuses a list in a field for one value, naming it", function()
    local data = dataset { item = { { "tags" } } }
    refused("field tags of a holds a list, but was not declared with kind = \"list\"",
      data.catalogue,
      data, { 1 })
  end)
end)

describe("the vector of an unseen value", function()
  local function vector(unknown, zip)
    local data = people.data(cmml, { users = 20, items = 8, rated = 4, unknown = unknown })
    local model = cmml.cmml(data.catalogue, people.small())
    local bags = data.catalogue.users:bags_of({ { age = zip } })
    return cmml.no_grad(model.module.embed_fields, model.module, "user", bags,
      core.ids { 1 }):reshape({ -1 }):totable(), model
  end

  it("is zero, like that of a missing one", function()
    assert.same({ 0, 0, 0, 0 }, (vector("zero", "never seen")))
    assert.same({ 0, 0, 0, 0 }, (vector("zero", nil)))
    assert.not_same({ 0, 0, 0, 0 }, (vector("zero", "1")))
  end)

  it("is a row that can learn, if that is asked for", function()
    local found, model = vector("learned", "never seen")
    local weight = model.module.embedding.age.weight:totable()
    assert.same(weight[#weight], found)
    assert.same({ 0, 0, 0, 0 }, (vector("learned", nil)))
  end)
end)

describe("an exported catalogue", function()
  -- As a model file keeps it, changed.
  local function import(change)
    local data = cmml.recommenders.global_mean(dataset(schema):catalogue { 1, 2 }):export()
    local values, entries = {}, {}
    for _, entry in ipairs(data.entries) do
      values[entry.name] = entry.value
    end
    change(values, data.config.schema)
    for _, entry in ipairs(data.entries) do
      entries[#entries + 1] = { name = entry.name, value = values[entry.name] }
      entries[#entries] = values[entry.name] ~= nil and entries[#entries] or nil
    end
    return cmml.import_recommender({ entries = entries, config = data.config }).catalogue
  end

  it("comes back as it was, through JSON too", function()
    local original = dataset(schema):catalogue { 1, 2 }
    local back = import(function(_, plain)
      assert.same(plain, core.json_decode(require("cmml.base.json").encode(plain)))
    end)
    assert.same(original.schema, back.schema)
    for _, name in ipairs { "kind", "tags", "zip", "age" } do
      assert.same({ vocab_of(original, name):export() }, { vocab_of(back, name):export() })
    end
    for f = 1, 2 do
      assert.same(original.items.bags[f].ids:totable(), back.items.bags[f].ids:totable())
    end
    assert.same({ 2, 0, 2 }, back.items.bags[2].segments:totable())
    assert.equal("A", back.items:title(1))
    assert.equal("B b", back.items:title(2))
    assert.equal("c", back.items:title(3))
  end)

  it("is refused where its parts do not fit", function()
    local function fails(text, change)
      refused(text, import, change)
    end
    fails("catalogue.items.bytes is missing", function(values)
      values["catalogue.items.bytes"] = nil
    end)
    fails("catalogue.ids.kind is missing or of a wrong type", function(values)
      values["catalogue.ids.kind"] = "123"
    end)
    fails("catalogue.ids.kind: id 9 of 2 values", function(values)
      values["catalogue.ids.kind"] = { 1, 9, 0 }
    end)
    fails("not a whole number from 0", function(values)
      values["catalogue.ids.kind"] = { 1, -1, 0 }
    end)
    fails("field kind does not fit the 3 items", function(values)
      values["catalogue.ids.kind"] = { 1, 2 }
    end)
    fails("field tags does not fit the 3 items", function(values)
      values["catalogue.lengths.tags"] = { 2, 0, 3 }
    end)
    fails("vocab", function(values)
      values["catalogue.values.zip.offsets"] = { 0, 50, 10 }
    end)
    fails("schema: option item must be a table", function(_, plain)
      plain.item = "kind"
    end)
    fails("schema: field 1 of user must be", function(_, plain)
      plain.user[1] = 7
    end)
  end)
end)
