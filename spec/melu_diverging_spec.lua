-- Tasks of MeLU whose steps diverge: left out of what training learns from, told, and served.
local cmml = require "cmml"
local people = require "spec.support.people"
local temporary = require "spec.support.temporary"

local data = people.data(cmml, { users = 60, items = 20, rated = 10 })
local support = { { "f1", 5 }, { "f2", 1 }, { "f4", 1.5 } }

local training = people.training
local melu = people.maker("melu", { width = 4, hidden = { 8, 8 }, seed = 3 }, cmml, data.catalogue)

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
