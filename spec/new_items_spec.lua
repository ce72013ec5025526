-- Items that a trained model has never seen: scored and recommended by their fields.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text

local support = { { "f1", 5 }, { "f2", 1 }, { "f3", 4.5 } }

-- A world whose items have fields of all kinds, but one item that nobody rated.
local function data_of(changes)
  local world = people.world { users = 40, items = 16, rated = 8 }
  for i, item in ipairs(world.items) do
    item.price, item.plot, item.poster = i * 1.5, "plot " .. i % 3, { i, -i }
  end
  world.schema = { item = { { "kind" }, { "price", kind = "number" }, { "tags", kind = "list" },
    { "plot", kind = "text" }, { "poster", kind = "vector" } }, user = { { "age" } },
    unknown = changes and changes.unknown, min_count = changes and changes.min_count }
  return assert(cmml.cold_users(cmml.dataset(world), { valid = 0.2 })), world
end

local function trained(data, options)
  local model = cmml.cmml(data.catalogue, options)
  cmml.train(model, data, { epochs = 1, batch = 8, support = 4, query = 4, lr = 0.01,
    valid_draws = 1 })
  return model
end

local function near(a, b)
  assert.equal(#a, #b)
  for i, value in ipairs(a) do
    assert.truthy(math.abs(value - b[i]) < 1e-5, ("%d: %s, %s"):format(i, value, b[i]))
  end
end

describe("a trained model", function()
  local data, world = data_of()
  local model = trained(data, people.small(2))

  local function record(i, id)
    local copy = {}
    for key, value in pairs(world.items[i]) do
      copy[key] = value
    end
    copy.id = id
    return copy
  end

  it("scores a new item as one that has the same fields", function()
    local person = model:adapt(support)
    local expected = person:predict { "f4", "f5", "f6" }
    local got, told = person:predict { record(4, "new"), "f5", record(6, "newer") }
    near(expected, got)
    assert.same({ kind = {}, price = {}, tags = {}, plot = {}, poster = {} }, told)
    assert.is_nil(select(2, person:predict { "f5" }))
    near(expected, person:predict { { id = "f4" }, { id = "f5", title = "Five" }, "f6" })
    near({ expected[2] }, person:predict { record(5, "f4") }) -- as its record says
  end)

  it("counts values that it does not know, and refuses fields that it does not know", function()
    local person = model:adapt(support)
    local _, told = person:predict { { id = "x", kind = "odd", tags = { "tag1", "a", "b" },
      plot = "plot unseen", price = 1e9 }, { id = "y", kind = "calm" } }
    assert.same({ kind = { unknown = 1 }, tags = { unknown = 2, missing = 1 },
      plot = { unknown = 1, missing = 1 }, price = { beyond = 1, missing = 1 },
      poster = { missing = 2 } }, told)
    local function predict(...)
      return person:predict { ... }
    end
    refused("predict: the model knows no field knd of items; did you mean kind?", predict,
      { id = "x", knd = "calm" })
    refused("predict: entry 2 is a record without an id", predict, "f1", { kind = "calm" })
    refused("predict: two records have the id x", predict, { id = "x", kind = "calm" },
      { id = "x", kind = "loud" })
    refused("field price of x is \"dear\", not a finite number", predict, { id = "x",
      price = "dear" })
    refused("predict: entry 1: item nobody is not in the catalogue", predict, "nobody")
    refused("predict: entry 2: an id must not be empty", predict, "f1", { id = " ", price = 1 })
  end)

  it("recommends new items beside those that it knows", function()
    local person = model:adapt(support)
    local list, told = person:recommend { n = 4, items = { "f4", record(5, "new"), "f5", "f6",
      record(8, "other"), "f1" }, exclude = { "other" } }
    assert.same({ kind = {}, price = {}, tags = {}, plot = {}, poster = {} }, told)
    local by_id, scores = {}, {}
    for i, entry in ipairs(list) do
      by_id[entry.item], scores[i] = entry, entry.score
    end
    assert.is_nil(by_id.other)
    assert.is_nil(by_id.f1) -- the support has it
    near({ by_id.f5.score }, { by_id.new.score })
    assert.equal("Film 5", by_id.new.title)
    local sorted = table.move(scores, 1, #scores, 1, {})
    table.sort(sorted, function(a, b)
      return a > b
    end)
    assert.same(sorted, scores)
    assert.equal(4, #list)
    assert.same({ "new" }, { (person:recommend { items = { record(4, "new") } })[1].item })
  end)

  it("goes on over a catalogue with more items, which a file keeps", function()
    local catalogue, told = model.catalogue:with_items { record(4, "new"), { id = "bare" } }
    assert.equal(18, #catalogue.items)
    assert.equal(1, told.price.missing)
    local wider = model:over(catalogue)
    local ids = { "f1", "f4", "f16", "new" }
    local expected = model:adapt(support):predict { "f1", "f4", "f16", "f4" }
    near(expected, wider:adapt(support):predict(ids))
    local path = os.tmpname()
    assert(wider:save(path))
    near(expected, assert(cmml.load(path)):adapt(support):predict(ids))
    os.remove(path)
    assert.equal(18, #wider:adapt({}):recommend { n = 100 })
    refused("with_items: item f4 is in the catalogue already", catalogue.with_items,
      catalogue, { { id = "f4" } })
    refused("with_items: the model knows no field color", catalogue.with_items, catalogue,
      { { id = "z", color = "red" } })
  end)

  it("reads the items of other data, whatever the order of their values", function()
    local other, shuffled = data_of(), people.world { users = 40, items = 16, rated = 8 }
    for i = 1, 16 do
      shuffled.items[i] = record(17 - i, "f" .. 17 - i)
    end
    for i = 1, #shuffled.ratings // 2 do
      local j = #shuffled.ratings + 1 - i
      shuffled.ratings[i], shuffled.ratings[j] = shuffled.ratings[j], shuffled.ratings[i]
    end
    shuffled.items[17] = { id = "f17", kind = "calm", price = 700, tags = { "tag0", "rare" } }
    shuffled.schema = other.dataset.schema
    local catalogue = cmml.dataset(shuffled):catalogue { 1, 2, 3 }
    local all = {}
    for i = 1, 16 do
      all[i] = "f" .. i
    end
    assert.not_same(model.catalogue.items:text(1), catalogue.items:text(1))
    near(model:adapt(support):predict(all), model:over(catalogue):adapt(support):predict(all))
  end)

  it("refuses catalogues of other fields, naming the field", function()
    local function over(fields)
      local changed = people.world { users = 4, items = 16, rated = 8 }
      for i = 1, 16 do
        changed.items[i] = record(i, "f" .. i)
      end
      changed.schema = { item = fields }
      return model:over(cmml.dataset(changed):catalogue { 1, 2, 3, 4 })
    end
    refused("over: the model reads the field price of items, which the catalogue does not have; it "
      .. "has kind (2)", over, { { "kind" } })
    refused("the field kind of items is text (text, 2 words) in the catalogue, but the model reads "
      .. "category (2)", over, { { "kind", kind = "text" } })
  end)
end)

describe("a model with a base of factors", function()
  local data = data_of()

  -- Of both kinds of bases what the mean of all items is, and what is 0.
  for kind, starts in pairs { matrix_factorization = { bias = "mean", vectors = "zero" },
    factor_analysis = { bias = "mean", vectors = "mean", log_noise = "mean" } } do
    it("keeps what it learnt of items that it knows, and begins others at the mean: " .. kind,
      function()
        local model = trained(data, { width = 4, encoder_widths = { 8 }, label_hidden = 4,
          backbone = { 8 }, hyper = { 8 }, base = { kind = kind, factors = 3 } })
        local wider = model:over(model.catalogue:with_items { { id = "new", kind = "calm" } })
        local all = {}
        for i = 1, 16 do
          all[i] = "f" .. i
        end
        near(model:adapt(support):predict(all), wider:adapt(support):predict(all))
        for name, start in pairs(starts) do
          local before, after = model.module.base[name], wider.module.base[name]
          local n = before.shape[2] or 1
          local last = after:reshape({ 17, n }):slice(1, 17, 17):reshape({ n }):totable()
          for k, mean in ipairs((before:reshape({ 16, n }):sum(1) / 16):totable()) do
            assert.truthy(math.abs(last[k] - (start == "mean" and mean or 0)) < 1e-5, name)
          end
        end
        local person = model:adapt(support)
        near(wider:adapt(support):predict { "new" },
          (person:predict { { id = "new", kind = "calm" } }))
      end)
  end
end)

describe("unseen values that are learned", function()
  it("stand for new values of new items", function()
    local data = data_of { unknown = "learned", min_count = 2 }
    local model = trained(data, people.small(2))
    local person = model:adapt(support)
    near(person:predict { { id = "a", kind = "odd" } }, (person:predict { { id = "b",
      kind = "even" } }))
    assert.not_same(person:predict { { id = "a", kind = "odd" } },
      (person:predict { { id = "b" } }))
  end)
end)

describe("a model that learns of single items", function()
  it("says that it cannot score records", function()
    local data = data_of()
    local model = cmml.recommenders.item_mean(data.catalogue)
    local person = model:adapt {}
    refused("predict: an item_mean learns of single items, and cannot score records of new ones",
      person.predict, person, { { id = "new", kind = "calm" } })
  end)

  it("so does one of scenarios", function()
    local split = require("spec.support.scenario_world").data(cmml):split {}
    local catalogue = split:catalogue(split:vectors { factors = 2, iterations = 1 })
    refused("the items of this catalogue are known by vectors, not by fields", catalogue.with_items,
      catalogue, { { id = "new" } })
  end)
end)

describe("what is known of a person", function()
  local data = data_of()
  local model = cmml.cmml(data.catalogue, people.small(2))

  it("is counted where the model does not know it, and refused where it has no such field",
    function()
      assert.same({ age = { unknown = 1 } }, model:adapt({ user = { age = "300" } }).told)
      assert.same({ age = {} }, model:adapt({ user = { age = "1" } }).told)
      refused("the model knows nothing of a user's agee; did you mean age?", model.adapt, model,
        { user = { agee = "1" } })
    end)
end)

