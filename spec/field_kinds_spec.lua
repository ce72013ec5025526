-- Kinds of fields: numbers, texts and vectors, from records to the network.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local words = require "cmml.data.words"
local core = cmml.core
local bound = 10 -- deviations, beyond which numbers count as if they lay there

-- A catalogue of items "1", "2", .. with these records.
local function catalogue_of(fields, records, seen, schema)
  local items = core.vocab()
  for row = 1, #records do
    items:add(row)
  end
  schema = schema or {}
  schema.item = fields
  return cmml.data.catalogue { schema = cmml.data.schema(schema), items = items,
    item_records = records, seen_items = seen or records, user_records = {} }
end

local function numbers_of(catalogue, field)
  return catalogue.items.bags[field or 1].values:totable()
end

local function near(expected, got, tolerance)
  assert.truthy(math.abs(expected - got) <= (tolerance or 1e-6), ("%s, %s"):format(expected, got))
end

describe("a field of kind number", function()
  local function values(list, seen)
    local records, learnt = {}, {}
    for row, value in ipairs(list) do
      records[row] = { price = value ~= "none" and value or nil }
      learnt[#learnt + 1] = (not seen or row <= seen) and records[row] or nil
    end
    return catalogue_of({ { "price", kind = "number" } }, records, learnt)
  end

  it("is in deviations from the mean, of the population", function()
    local rows = numbers_of(values { 1, 2, 3 })
    for row, expected in ipairs { -1.224744871391589, 0, 1.224744871391589 } do
      near(expected, rows[row][1])
      assert.equal(0, rows[row][2])
    end
  end)

  it("learns mean and deviation from what may be learnt from alone", function()
    local rows = numbers_of(values({ 10, 20, 30 }, 2))
    near(-1, rows[1][1])
    near(1, rows[2][1])
    near(3, rows[3][1])
  end)

  it("marks what is missing, in whatever way it is written", function()
    local catalogue = values { 5, "none", "", " nan ", "N/A", 0 / 0, "7.0", 6 }
    local rows = numbers_of(catalogue)
    for row = 2, 6 do
      assert.same({ 0, 1 }, rows[row])
    end
    near(1.224744871391589, rows[7][1])
    local told = {}
    catalogue.items:bags_of({ { price = 5 }, {}, { price = 1e9 } }, nil, told)
    assert.same({ price = { missing = 1, beyond = 1 } }, told)
  end)

  it("gives no nan for constants, outliers and numbers of any size", function()
    local cases = { constant = { 4, 4, 4 }, zeros = { 0, 0.0, -0.0 }, ["nearly constant"] = { 0.1,
      0.1 + 1e-17, 0.30000000000000004 - 0.2 }, outlier = { 1, 2, 1e300, 3 }, huge = { 1.7e308,
      -1.7e308 }, tiny = { 5e-324, 1e-320 }, ["all missing"] = { "none", "none" }, none = {},
      one = { 7 } }
    for name, list in pairs(cases) do
      local bag = values(list).items.bags[1].values
      assert.truthy(bag:isfinite(), name)
    end
    assert.same({ { 0, 0 }, { 0, 0 }, { 0, 0 } }, numbers_of(values(cases.constant)))
    assert.same({ bound, 0 }, numbers_of(values({ 1, 2, 1e300 }, 2))[3])
    assert.same({ -bound, 0 }, numbers_of(values({ 1, 2, -1e300 }, 2))[3])
  end)

  it("refuses what is no number, naming the field", function()
    for _, bad in ipairs { "cheap", "0x10", "1,5", "inf", math.huge, true, { 1 } } do
      refused("field price is ", values, { 1, bad })
    end
    refused('field price of b is "dear", not a finite number', catalogue_of,
      { { "price", kind = "number" } }, { { id = "b", price = "dear" } })
  end)
end)

describe("a field of kind text", function()
  local records = { { title = "The cat and the dog" }, { title = "THE CAT" }, { title = "a bird" },
    {} }

  it("is the bag of its words", function()
    local catalogue = catalogue_of({ { "title", kind = "text" } }, records)
    local bag = catalogue.items.bags[1]
    assert.same({ 5, 2, 2, 0 }, bag.segments:totable())
    assert.same({ 1, 2, 3, 1, 4, 1, 2, 5, 6 }, bag.ids:totable())
    assert.same({ { name = "title", multi = true, size = 6 } }, catalogue.items:sizes())
  end)

  it("knows the words of most texts, where there is a limit", function()
    local function vocab(limit, min_count)
      local field = catalogue_of({ { "title", kind = "text", limit = limit } }, records, nil,
        { min_count = min_count }).items.fields[1]
      local list = {}
      for id = 1, #field.vocab do
        list[id] = field.vocab:text(id)
      end
      return list
    end
    assert.same({ "the", "cat" }, vocab(2)) -- in two texts each; "the" three times
    assert.same({ "the", "cat", "and" }, vocab(3))
    assert.same({ "the" }, vocab(1))
    assert.same({ "the", "cat" }, vocab(5, 2))
  end)

  it("shares vectors by hash, also among words that were never seen", function()
    local catalogue = catalogue_of({ { "title", kind = "text", hash = 7 } }, records)
    assert.same({ { name = "title", multi = true, size = 7 } }, catalogue.items:sizes())
    local told = {}
    local bags = catalogue.items:bags_of({ { title = "never seen" } }, nil, told)
    assert.same({ words.group("never", 7), words.group("seen", 7) }, bags[1].ids:totable())
    assert.same({ title = {} }, told)
  end)

  it("counts words that it does not know", function()
    local told = {}
    local bags = catalogue_of({ { "title", kind = "text" } }, records).items:bags_of({
      { title = "the fish" } }, nil, told)
    assert.same({ 1, 0 }, bags[1].ids:totable())
    assert.same({ title = { unknown = 1 } }, told)
  end)

  it("refuses what is no text", function()
    refused("field title holds number 5, not a text", catalogue_of,
      { { "title", kind = "text" } }, { { title = 5 } })
    refused("field title is not valid UTF-8", catalogue_of, { { "title", kind = "text" } },
      { { title = "\xFF" } })
  end)
end)

describe("a field of kind vector", function()
  local fields = { { "poster", kind = "vector" } }

  it("takes lists of numbers, by column in deviations from the mean", function()
    local catalogue = catalogue_of(fields, { { poster = { 1, 5, 100 } }, { poster = { 3, 5, 300 } },
      {} })
    local rows = numbers_of(catalogue)
    for column, expected in ipairs { { -1, 0, -1, 0 }, { 1, 0, 1, 0 }, { 0, 0, 0, 1 } } do
      for i, value in ipairs(expected) do
        near(value, rows[column][i])
      end
    end
    assert.same({ { name = "poster", inputs = 4 } }, catalogue.items:sizes())
  end)

  it("takes those that came from a file, and what stands in a record before them", function()
    local records = { {}, {}, { poster = { 9, 9 } } }
    records.vectors = { poster = { values = core.tensor { { 1, 2 }, { 3, 4 } },
      rows = { 2, 0, 1 } } }
    local seen = { records[1], records[2] }
    seen.vectors = { poster = { values = records.vectors.poster.values, rows = { 2, 1 } } }
    local rows = numbers_of(catalogue_of(fields, records, seen))
    near(1, rows[1][1])
    assert.same({ 0, 0, 1 }, rows[2])
    near(7, rows[3][1])
  end)

  it("gives no nan, whatever the numbers", function()
    for _, list in ipairs { { { 3e38, 1e-38 }, { -3e38, 1e-38 } }, { { 0, 0 }, { 0, 0 } },
      { { 1e-40, 1 }, { 0, 1e30 } }, { { 0.1, 1 } } } do
      local records = {}
      for row, vector in ipairs(list) do
        records[row] = { poster = vector }
      end
      assert.truthy(catalogue_of(fields, records).items.bags[1].values:isfinite())
    end
  end)

  it("refuses other lengths and what is no number", function()
    refused("field poster must be a list of 2 finite numbers, not one of 3 values", catalogue_of,
      fields, { { poster = { 1, 2 } }, { poster = { 1, 2, 3 } } })
    refused("field poster must be a list of some finite numbers", catalogue_of, fields,
      { { poster = { 0 / 0 } } })
    refused('finite numbers, not "x"', catalogue_of, fields, { { poster = "x" } })
    refused("no record that may be learnt from has a vector", catalogue_of, fields, { {} })
  end)
end)

describe("the embedding of numbers", function()
  local function embedding(init)
    return cmml.nn.field_embedding { width = 3, init = init, fields = {
      { name = "kind", size = 4 }, { name = "price", inputs = 2 },
      { name = "tags", size = 3, multi = true }, { name = "count", inputs = 3 } } }
  end
  local bags = { { ids = core.ids { 1, 4, 0 } }, { values = core.tensor { { 0.5, 0 }, { -2, 0 },
    { 0, 1 } } }, { ids = core.ids { 1, 2, 3 }, segments = core.segments { 1, 2, 0 } },
    { values = core.tensor { { 1, 2, 0 }, { 0, 0, 1 }, { 3, -1, 0 } } } }
  local names = { "kind", "price", "tags", "count" }

  it("is a linear map, beside the vectors of ids", function()
    local e = embedding(cmml.nn.init(3))
    local rows = core.ids { 3, 1, 1 }
    local got = e(names, bags, rows):totable()
    local parameters = {}
    for name, tensor in e:parameters() do
      parameters[name] = tensor
    end
    assert.same({ 3, 2 }, parameters["price.weight"].shape)
    local map, bias = parameters["price.weight"]:totable(), parameters["price.bias"]:totable()
    for k = 1, 3 do
      assert.equal(0, map[k][2]) -- what is missing begins as the mean
      near(bias[k], got[1][6 + k])
      near(0.5 * map[k][1] + bias[k], got[2][6 + k])
      near(0, got[1][k]) -- kind 0
      near(parameters["kind.weight"]:totable()[1][k], got[2][k])
    end
    assert.same(got[2], got[3])
    assert.same({ 3, 12 }, e(names, bags, rows).shape)
  end)

  it("has names of modules for fields, too", function()
    local e = cmml.nn.field_embedding { width = 2, fields = { { name = "forward", size = 2 },
      { name = "mean", inputs = 2 }, { name = "count", size = 3 } } }
    local got = e({ "forward", "mean", "count" }, { { ids = core.ids { 1 } },
      { values = core.tensor { { 1, 0 } } }, { ids = core.ids { 3 } } })
    assert.same({ 1, 6 }, got.shape)
    assert.equal(4, #e:named_parameters())
  end)
end)

describe("in double precision", function()
  local double = cmml.double

  -- Whether the gradients of a loss in some parameters are those of finite differences.
  local function check(parameters, loss)
    local inputs = {}
    for i, pair in ipairs(parameters) do
      inputs[i] = pair[2]
    end
    local gradients, step = double.grad(loss(), inputs), 1e-5
    for i, pair in ipairs(parameters) do
      local flat = pair[2]:reshape({ -1 }):totable()
      local gradient = gradients[i]:reshape({ -1 }):totable()
      for k = 1, #flat do
        local function at(value)
          flat[k] = value
          double.no_grad(function()
            pair[2]:copy_(double.core.tensor(flat):reshape(pair[2].shape))
          end)
          return loss():item()
        end
        local value = flat[k]
        local difference = (at(value + step) - at(value - step)) / (2 * step)
        at(value)
        assert.truthy(math.abs(difference - gradient[k]) < 1e-6 * (1 + math.abs(difference)),
          ("%s %d: %g %g"):format(pair[1], k, difference, gradient[k]))
      end
    end
  end

  it("embeddings of numbers and ids have the gradients of finite differences", function()
    local c = double.core
    local e = double.nn.field_embedding { width = 3, init = double.nn.init(5), fields = {
      { name = "kind", size = 4 }, { name = "price", inputs = 2 },
      { name = "tags", size = 3, multi = true }, { name = "count", inputs = 3 } } }
    local bags = { { ids = c.ids { 1, 4, 0 } }, { values = c.tensor { { 0.5, 0 }, { -2, 0 },
      { 0, 1 } } }, { ids = c.ids { 1, 2, 3 }, segments = c.segments { 1, 2, 0 } },
      { values = c.tensor { { 1, 2, 0 }, { 0, 0, 1 }, { 3, -1, 0 } } } }
    local weights = c.uniform({ 3, 12 }, -1, 1, { seed = 4 })
    check(e:named_parameters(), function()
      return (e({ "kind", "price", "tags", "count" }, bags, c.ids { 3, 1, 2 }) * weights):square()
        :sum()
    end)
  end)

  it("a model of all kinds has them, through supports and queries", function()
    local world = people.world { users = 10, items = 6, rated = 4 }
    for i, item in ipairs(world.items) do
      item.price, item.plot = i % 3 > 0 and i or nil, "plot " .. i % 2
      item.poster = i % 4 > 0 and { i, -i * 0.5 } or nil
    end
    for i, user in ipairs(world.users) do
      user.age = i % 3 > 0 and i or nil
    end
    world.schema = { item = { { "price", kind = "number" }, { "kind" }, { "plot", kind = "text" },
      { "poster", kind = "vector" } }, user = { { "age", kind = "number" } } }
    local data = assert(double.cold_users(double.dataset(world), { valid = 0 }))
    local options = people.small(2)
    options.width, options.activation, options.encoder_detach = 2, "tanh", false
    local model = double.cmml(data.catalogue, options)
    local tasks = double.users.tasks { ratings = data.ratings, users = data.train, bags = data.bags,
      support = 2, query = 2, seed = 3 }
    local batch, parameters = tasks:draw(1, { data.train[1], data.train[2], data.train[3] }), {}
    for name, tensor in model.module:parameters() do
      if name:find "^embedding" then
        parameters[#parameters + 1] = { name, tensor }
      end
    end
    assert.equal(8, #parameters)
    check(parameters, function()
      return model:loss(batch)
    end)
  end)
end)
