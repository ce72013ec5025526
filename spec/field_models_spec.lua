-- A model that reads fields of all kinds: training, files, new items, and records that do not fit.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local core = cmml.core

describe("a model with fields of all kinds", function()
  local function data()
    local world = people.world { users = 40, items = 16, rated = 8 }
    for i, item in ipairs(world.items) do
      item.price = i % 5 > 0 and i * 1.5 or nil
      item.plot = "Plot of film " .. i % 3
      item.poster = i % 4 > 0 and { i, -i, 0.5 } or nil
    end
    for i, user in ipairs(world.users) do
      user.age = i % 7 > 0 and 20 + i % 30 or nil
    end
    world.schema = { item = { { "kind" }, { "price", kind = "number" }, { "tags", kind = "list" },
      { "plot", kind = "text", limit = 5 }, { "poster", kind = "vector" } },
      user = { { "age", kind = "number" } } }
    return assert(cmml.cold_users(cmml.dataset(world), { valid = 0.2 }))
  end

  local function model_of(made)
    return cmml.cmml(made.catalogue, people.small(2))
  end

  it("trains, and gives the same scores from its file, also for ages never seen", function()
    local made = data()
    local model = model_of(made)
    cmml.train(model, made, { epochs = 2, batch = 8, support = 4, query = 4, lr = 0.01,
      valid_draws = 1 })
    local path = os.tmpname()
    assert(model:save(path))
    local loaded = assert(cmml.load(path))
    local function scores(of, user)
      return of:adapt({ { "f1", 5 }, { "f2", 1 }, user = user }):predict { "f3", "f4", "f5" }
    end
    for _, user in ipairs { {}, { age = 33 }, { age = "33" }, { age = 1e12 }, { age = -4 } } do
      assert.same(scores(model, user), scores(loaded, user))
    end
    assert.not_same(scores(model, { age = 20 }), scores(model, { age = 60 }))
    assert.same(model.catalogue.schema, loaded.catalogue.schema)
    assert.equal("kind (2), price (number, 12.23 with deviation 6.982), tags (5), "
      .. "plot (text, 5 words), poster (vector of 3)", loaded.catalogue.items:fields_text())
    assert(loaded:save(path .. "2"))
    assert.equal(core.read_file(path), core.read_file(path .. "2"))
    os.remove(path)
    os.remove(path .. "2")
  end)

  it("gives the same weights on any number of threads", function()
    local function bits(threads)
      local made = data()
      local model = model_of(made)
      cmml.train(model, made, { epochs = 1, batch = 8, support = 4, query = 4, lr = 0.01,
        valid_draws = 1, shards = 2, threads = threads })
      return people.bits(model)
    end
    assert.equal(bits(1), bits(2))
  end)

  it("is refused from a file whose parts do not fit", function()
    local model = model_of(data())
    local function import(change)
      local kept = model:export()
      local schema = cmml.core.json_decode(require("cmml.base.json").encode(kept.config.schema))
      local fields = {}
      for _, field in ipairs(schema.item) do
        fields[field.name] = field
      end
      kept.config.schema = schema
      for i, entry in ipairs(kept.entries) do
        kept.entries[i] = { name = entry.name, value = entry.value }
      end
      change(fields, kept.entries)
      return cmml.import_recommender(kept)
    end
    import(function() end)
    local function fails(message, change)
      refused(message, import, change)
    end
    for _, bad in ipairs { {}, { 1, 2 }, { "x" }, 5, false } do
      fails("field price: mean must be a list of 1 finite numbers", function(fields)
        fields.price.mean = bad
      end)
    end
    for _, bad in ipairs { 0, -1 } do
      fails("field price: deviation must be a list of 1 finite numbers above 0", function(fields)
        fields.price.deviation = { bad }
      end)
    end
    for _, bad in ipairs { 0, 1.5, "3", 1 << 40 } do
      fails("field poster: ", function(fields)
        fields.poster.width = bad
      end)
    end
    fails("ask for a parameter of shape", function(fields)
      fields.plot.hash = 1 << 24
    end)
    fails("field plot: hash must be from 1 to 16777216", function(fields)
      fields.plot.hash = 1 << 40
    end)
    fails("kind \"colour\" is not known", function(fields)
      fields.price.kind = "colour"
    end)
    local function replace(name, value)
      return function(_, entries)
        for _, entry in ipairs(entries) do
          entry.value = entry.name == name and value or entry.value
        end
      end
    end
    fails("catalogue.numbers.price is missing or of a wrong type", replace(
      "catalogue.numbers.price", { 1, 2 }))
    fails("catalogue.numbers.price is missing or of a wrong type", replace(
      "catalogue.numbers.price", core.full({ 16, 2 }, 0 / 0)))
    fails("field price does not fit the 16 items", replace("catalogue.numbers.price",
      core.full({ 16, 3 }, 0)))
    fails("field poster does not fit the 16 items", replace("catalogue.numbers.poster",
      core.full({ 15, 4 }, 0)))
  end)
end)
