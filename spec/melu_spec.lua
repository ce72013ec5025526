-- MeLU as a kind: its steps against plain Lua, what becomes of tasks that diverge, files and
-- serving. The steps themselves are held against known answers by `make golden`.
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

describe("a task of MeLU that diverges", function()
  local options = { inner_rate = { 1.5 }, inner_steps = 8, hidden = { 16, 16 } }

  it("is left out, counted and told, and training goes on", function()
    local model, told, epochs = melu(options), {}, 0
    cmml.train(model, data, training { epochs = 3, lr = 1e-5, on_epoch = function(state)
      epochs = epochs + 1
      told[#told + 1] = state.left_out
    end })
    assert.equal(3, epochs)
    assert.is_true(#told > 0)
    assert.is_true(told[1].count > 0)
    assert.matches("^melu: task %d+ of a batch %(row %d+%) diverged: .*lower inner_rate",
      told[1].text)
    for _, tensor in model.module:parameters() do
      assert.is_true(tensor:isfinite())
    end
  end)

  -- Tasks of which those of every third person diverge: a squared error is beyond float64.
  local function harmed(library, world)
    local tasks = library.users.tasks { ratings = world.ratings, users = world.train,
      bags = world.bags, support = 4, query = 3, seed = 2 }
    return { draw = function(_, draw, persons)
      local batch, at = tasks:draw(draw, persons), 1
      local labels = batch.support.labels:totable()
      for i, n in ipairs(batch.support.segments:totable()) do
        labels[at] = persons[i] % 3 == 0 and 1e200 or labels[at]
        at = at + n
      end
      batch.support.labels = library.tensor(labels)
      return batch
    end }
  end

  it("is left out of shards as of a whole batch, also where nothing is left of one", function()
    local c = cmml.double
    local world = people.data(c, { users = 40, items = 12, rated = 8 })
    local persons, bad = table.move(world.train, 1, 12, 1, {}), 0
    for _, row in ipairs(persons) do
      bad = bad + (row % 3 == 0 and 1 or 0)
    end
    for _, name in ipairs { "melu", "metacs" } do
      local model = c.recommenders[name](world.catalogue, { width = 4, hidden = { 8, 8 },
        seed = 3, inner_rate = { 0.01 } })
      local optimizer = c.optim.adam(model.module)
      local function run(shards, times)
        local team <close> = c.team(model, harmed(c, world), optimizer, { shards = shards })
        optimizer:clear()
        local loss, out
        for _ = 1, times or 1 do
          loss, out = team:backward(1, persons)
        end
        local gradients = {}
        for i, gradient in ipairs(optimizer.core:gradients()) do
          gradients[i] = gradient * (1 / (times or 1))
        end
        return loss, out, gradients
      end
      local loss, out, gradients = run(1)
      assert.equal(bad, out.count)
      for _, case in ipairs { { 12 }, { 5 }, { 12, 2 } } do
        local other, left_out, others = run(table.unpack(case))
        assert.near(loss, other, 1e-9 * loss)
        assert.equal(bad, left_out.count)
        assert.equal(out.text:match "row %d+", left_out.text:match "row %d+")
        for i, gradient in ipairs(gradients) do
          local scale = gradient:abs():max():item()
          assert.near(0, (gradient - others[i]):abs():max():item(), 1e-9 * scale + 1e-30)
        end
      end
    end
  end)

  it("is in the state of each epoch, wherever it was found", function()
    local counts, bits = {}, {}
    for i, shared in ipairs { {}, { shards = 4 }, { shards = 4, threads = 2 }, { shards = 16 } } do
      shared.on_epoch = function(state)
        counts[i] = state.left_out
      end
      shared.epochs, shared.lr = 1, 1e-9
      local model = melu(options)
      local result = cmml.train(model, data, training(shared))
      assert.same({ "epochs", counts[i].count }, { result.stopped, result.untrained })
      bits[i] = people.bits(model)
    end
    assert.equal(bits[2], bits[3])
    assert.is_true(counts[1].count > 0)
    for i = 2, 4 do
      assert.equal(counts[1].count, counts[i].count)
      assert.equal(counts[1].text:match "row %d+", counts[i].text:match "row %d+")
    end
  end)

  it("is counted when a training is resumed, and by experiments", function()
    local folder = temporary.folder()
    local function run(changes)
      changes.lr = 1e-9
      return cmml.train(melu(options), data, training(changes)).untrained
    end
    local whole = run { epochs = 2 }
    run { epochs = 1, out = folder .. "/run" }
    assert.equal(whole, run { epochs = 2, out = folder .. "/run", resume = true })
    temporary.remove(folder)
    local result = cmml.experiment { quick = true, seeds = 1, epochs = 1, draws = 1,
      resamples = 20, rows = { { row = "wild", kind = "melu", model = options,
        training = { lr = 1e-9 } } } }
    local row = result.tables[1].rows[1]
    assert.is_true(row.untrained > 0)
    assert.is_true(row.diverged.count > 0)
    assert.truthy(result.text:find(("wild: training left out %d task"):format(row.untrained), 1,
      true), result.text)
  end)

  it("ends training where nothing is left of a batch, with the reason", function()
    for shards = 1, 2 do
      local result = cmml.train(melu { inner_rate = { 100 }, inner_steps = 60 }, data,
        training { shards = shards, threads = shards })
      assert.equal("diverged", result.stopped)
      assert.matches("the loss was no longer a finite number in epoch 1, step 1", result.message)
      assert.matches("melu: task 1 of a batch %(row %d+%) diverged", result.message)
    end
  end)

  it("stops training with its name, if that is asked for", function()
    options.diverging = "stop"
    assert.error_matches(function()
      cmml.train(melu(options), data, training { lr = 1e-5 })
    end, "^melu: task %d+ of a batch %(row %d+%) diverged: ")
  end)

  it("does not change the gradient of the others", function()
    local c = cmml.double
    local world = people.data(c, { users = 40, items = 12, rated = 8 })
    local tasks = c.users.tasks { ratings = world.ratings, users = world.train, bags = world.bags,
      support = 4, query = 3 }
    local model = melu({ inner_rate = { 0.01 } }, c, world.catalogue)
    local _, first = next(model.module:named_parameters())
    local alone = c.grad(model:loss(tasks:draw(1, { world.train[1], world.train[3] })), first[2])
    local batch = tasks:draw(1, { world.train[1], world.train[2], world.train[3] })
    local n, labels = 0, batch.support.labels:totable()
    for i = 1, batch.support.segments:totable()[1] do
      n = i
    end
    for _, label in ipairs { 1e200, 1e150 } do -- its squared error is beyond float64, or nearly so
      labels[n + 1] = label
      batch.support.labels = c.tensor(labels)
      local found = c.grad(model:loss(batch), first[2])
      assert.equal(1, model.left_out.count)
      assert.near(0, (found - alone):abs():max():item(), 1e-12)
      model.left_out = nil
    end
  end)

  it("is served by the weights of the start", function()
    local model = melu { inner_rate = { 100 }, inner_steps = 60 }
    local person = model:adapt(support)
    assert.equal(1, #person.state.diverged)
    assert.is_true(person.diverged.step > 0)
    assert.same(model:adapt({}):predict { "f3" }, person:predict { "f3" })
  end)

  it("is counted and told where models are evaluated, and where lists are made", function()
    local bad = melu { inner_rate = { 100 }, inner_steps = 60 }
    local fine = melu { inner_rate = { 1e-3 }, inner_steps = 1 }
    local results = cmml.evaluate({ fine, bad }, cmml.users.tasks { ratings = data.ratings,
      users = data.test, bags = data.bags, support = 4, query = 2 }, { draws = 2,
      metrics = { "mae" } })
    assert.same({ count = 0, of = 2 * #data.test }, results.diverged[1])
    assert.same({ count = 2 * #data.test, of = 2 * #data.test }, results.diverged[2])
    local told = cmml.metrics.format_results({ "fine", "bad" }, results, { "mae" })
    local all = tostring(2 * #data.test)
    assert.matches("bad: its steps diverged on " .. all .. " of " .. all .. " supports", told, 1,
      true)
    assert.is_nil(told:find("fine: its steps", 1, true))
    local lists, _, _, diverged = bad:recommend_all({ {}, support, {} }, { n = 1 })
    assert.equal(3, #lists)
    assert.same({ false, false }, { diverged[1], diverged[3] })
    assert.is_true(diverged[2].step > 0)
    assert.is_nil(fine:adapt(support).diverged)
  end)

  it("is counted where training validates", function()
    local counts = {}
    local wild = melu { inner_rate = { 1.5 }, inner_steps = 8, hidden = { 16, 16 } }
    cmml.train(wild, data, training { epochs = 1, lr = 1e-5, on_epoch = function(state)
      counts[#counts + 1] = state.diverged
    end })
    assert.is_true(counts[1].count > 0)
    assert.is_true(counts[1].of >= counts[1].count)
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
      ["inner_rate has 2 rates for 3 layers; give one, or one a layer"] =
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
