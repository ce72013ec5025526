-- MeLU as a kind: its steps against plain Lua, files and serving. The steps themselves are held
-- against known answers by `make golden`.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"

local data = people.data(cmml, { users = 60, items = 20, rated = 10 })
local support = { { "f1", 5 }, { "f2", 1 }, { "f4", 1.5 } }

local training = people.training
local melu = people.maker("melu", { width = 4, hidden = { 8, 8 }, seed = 3 }, cmml, data.catalogue)

describe("MeLU", function()
  it("has the settings of paper, code and validation users as presets", function()
    local class = cmml.kinds.find("melu", "users")
    local published, code = class.presets.published, class.presets["published-code"]
    assert.same({ 1, { 5e-6 }, "first", 5e-5, 20 }, { published.model.inner_steps,
      published.model.inner_rate, published.model.order, published.training.lr,
      published.training.epochs })
    assert.same({ 5, { 0.01 }, 3e-4, 10, 32, 30 }, { code.model.inner_steps, code.model.inner_rate,
      code.training.lr, code.training.clip, code.training.batch, code.training.epochs })
    local model = cmml.recommenders.melu(data.catalogue)
    assert.same({ 64, 64 }, model.options.hidden)
    assert.equal("recommended", model.options.preset)
    assert.equal(1e-3, model.training.lr)
  end)

  it("takes its steps down the mean squared error, written in plain Lua", function()
    local model = melu { hidden = { 3 }, inner_steps = 2, inner_rate = { 0.1 } }
    local items, catalogue = { "f1", "f2", "f4", "f7" }, data.catalogue
    local rows = {}
    for i, id in ipairs(items) do
      rows[i] = catalogue.items:id(id)
    end
    local before = melu({ hidden = { 3 }, inner_steps = 0 })
    before.module:load_parameters((function()
      local values = {}
      for name, tensor in model.module:parameters() do
        values[name] = tensor
      end
      return values
    end)())
    local item = model.module.embedding(catalogue.items:field_names(), catalogue.items.bags,
      cmml.ids(rows)):totable()
    local mlp = model.module.layers.mlp
    local w1, b1 = mlp["0"].weight:totable(), mlp["0"].bias:totable()
    local w2, b2 = mlp["1"].weight:totable()[1], mlp["1"].bias:totable()[1]
    local function score(x)
      local h, sum = {}, b2
      for j = 1, 3 do
        h[j] = b1[j]
        for k, value in ipairs(x) do
          h[j] = h[j] + w1[j][k] * value
        end
        h[j] = math.max(h[j], 0)
        sum = sum + w2[j] * h[j]
      end
      return sum, h
    end
    -- nobody's fields: the vector of a person of whom nothing is known is 0
    for i, x in ipairs(item) do
      for k = 1, 4 do
        x[#x + 1] = 0 * k
      end
      assert.near(score(x), before:adapt({}):predict({ items[i] })[1], 1e-5)
    end
    for _ = 1, 2 do
      local d1, e1, d2, e2 = {}, { 0, 0, 0 }, { 0, 0, 0 }, 0
      for j = 1, 3 do
        d1[j] = {}
      end
      for r = 1, 3 do
        local o, h = score(item[r])
        local delta = 2 * (o - support[r][2]) / 3
        e2 = e2 + delta
        for j = 1, 3 do
          d2[j] = d2[j] + delta * h[j]
          local back = h[j] > 0 and delta * w2[j] or 0
          e1[j] = e1[j] + back
          for k, value in ipairs(item[r]) do
            d1[j][k] = (d1[j][k] or 0) + back * value
          end
        end
      end
      b2 = b2 - 0.1 * e2
      for j = 1, 3 do
        w2[j], b1[j] = w2[j] - 0.1 * d2[j], b1[j] - 0.1 * e1[j]
        for k in ipairs(w1[j]) do
          w1[j][k] = w1[j][k] - 0.1 * d1[j][k]
        end
      end
    end
    local found = model:adapt(support):predict(items)
    for i, x in ipairs(item) do
      assert.near(score(x), found[i], 1e-5)
    end
  end)

  it("does the same in both forms, trained too", function()
    local bits = {}
    for _, form in ipairs { "fast", "generic" } do
      local double = cmml.double
      local world = people.data(double, { users = 40, items = 12, rated = 8 })
      local model = melu({ form = form }, double, world.catalogue)
      double.train(model, world, training())
      bits[form] = model:adapt(support):predict { "f3", "f5" }
    end
    for i, value in ipairs(bits.fast) do
      assert.near(value, bits.generic[i], 1e-7 * math.abs(value))
    end
  end)

  it("learns what only the support can tell, and more of it than without steps", function()
    local tasks = cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags,
      support = 6, query = 4 }
    local models = { melu { inner_rate = { 0.05 } }, melu { inner_steps = 0 } }
    for _, model in ipairs(models) do
      cmml.train(model, data, training { epochs = 25 })
    end
    local found = cmml.evaluate(models, tasks)
    assert.is_true(found[1].mae.mean < 0.8 * found[2].mae.mean)
  end)

  it("scores an empty support with the weights of the start", function()
    local model, still = melu(), melu { inner_steps = 0 }
    assert.same(still:adapt({}):predict { "f3" }, model:adapt({}):predict { "f3" })
    assert.same(still:adapt(support):predict { "f3" }, model:adapt({}):predict { "f3" })
    assert.not_same(model:adapt(support):predict { "f3" }, model:adapt({}):predict { "f3" })
  end)

  it("is what it was after saving and loading, and goes on where it was cut off", function()
    local folder = temporary.folder()
    for _, options in ipairs { {}, { rates = "layer", order = "first" }, { rates = "weight" },
      { base = { factors = 3 }, loss = "absolute", read_users = false } } do
      local model = melu(options)
      cmml.train(model, data, training { epochs = 2 })
      local path = folder .. "/melu.safetensors"
      assert(model:save(path))
      local loaded = assert(cmml.load(path))
      assert.same(model:adapt(support):predict { "f3", "f6" },
        loaded:adapt(support):predict { "f3", "f6" })
      assert.same(model.options, loaded.options)
    end
    local whole, cut = melu(), melu()
    cmml.train(whole, data, training { epochs = 3 })
    cmml.train(cut, data, training { epochs = 1, out = folder .. "/run" })
    cut = melu()
    cmml.train(cut, data, training { epochs = 3, out = folder .. "/run", resume = true })
    assert.equal(people.bits(whole), people.bits(cut))
    local one, two = melu(), melu()
    cmml.train(one, data, training { shards = 3 })
    cmml.train(two, data, training { shards = 3, threads = 2 })
    assert.equal(people.bits(one), people.bits(two))
  end)

  it("scores new items by their fields", function()
    local model = melu { base = { factors = 3 } }
    cmml.train(model, data, training { epochs = 1 })
    local scores = model:adapt(support):predict { "f3",
      { id = "new", kind = "calm", tags = { "tag1" } } }
    assert.is_true(scores[2] == scores[2])
  end)

  it("learns its rates", function()
    for _, rates in ipairs { "layer", "weight" } do
      local model = melu { rates = rates }
      local before = model.module.layers.rate:named_parameters()[1][2]:clone()
      cmml.train(model, data, training { epochs = 1 })
      local after = model.module.layers.rate:named_parameters()[1][2]
      assert.is_true((after - before):abs():max():item() > 1e-4)
    end
  end)
end)

describe("MeLU refuses", function()
  it("to train with more memory than there is, before it takes any", function()
    local model = melu { inner_steps = 1000, hidden = { 1024, 1024 } }
    local before = cmml.core.memory(true).live
    refused("train: a step of melu with batch = 100000 and support = 40 needs about", cmml.train,
      model, data, training { batch = 100000, support = 40 })
    assert.near(before, cmml.core.memory().peak, 1e5) -- the model alone has 4.4e6 bytes
    for _, one in ipairs { melu(), melu { form = "generic" } } do
      local few, many = one:memory(1, 10, 10), one:memory(32, 40, 10)
      assert.is_true(few > 0 and many > 32 * few)
    end
  end)

  it("steps and rates that are out of bounds, and what does not go together", function()
    for text, options in pairs {
      ["inner_steps must be from 0 to 1000, but is -1"] = { inner_steps = -1 },
      ["inner_steps must be from 0 to 1000, but is 1001"] = { inner_steps = 1001 },
      ["inner_rate"] = { inner_rate = { -0.5 } },
      ["inner_rate has 2 rates for 3 layers; give one, or one for each"] =
        { inner_rate = { 0.1, 0.2 } },
      ["order \"third\" is not known"] = { order = "third" },
      ["form fast needs a rate for each layer"] = { form = "fast", rates = "weight" },
      ["base must be a table of options"] = { base = true },
      ["diverging \"ignore\" is not known"] = { diverging = "ignore" },
    } do
      refused(text, melu, options)
    end
  end)

  it("a catalogue without fields", function()
    local bare = cmml.dataset { schema = cmml.data.schema {}, ratings = { { "u", "a", 5 } },
      items = { { id = "a" } } }
    refused("melu: the catalogue has no content features that are read", cmml.recommenders.melu,
      bare:catalogue { 1 })
  end)
end)
