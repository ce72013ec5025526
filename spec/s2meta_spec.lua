-- S2Meta as a recommender of scenarios; its steps are in learnt_steps_spec.lua, and known answers
-- in spec/golden.
local cmml = require "cmml"
local temporary = require "spec.support.temporary"
local world = require "spec.support.scenario_world"

local split = world.data(cmml):split { seed = 1 }
local catalogue = split:catalogue(split:vectors { factors = 8 })
local tasks = split:tasks { support = 12, support_negatives = 12, query = 10, batch = 5, seed = 3 }

local function make(options)
  local all = { widths = { 12, 6 }, controller_hidden = 5, min_step = 4, max_step = 8 }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  return cmml.recommenders.s2meta(catalogue, all)
end

local function flat(tensor)
  return tensor:detach():reshape({ -1 }):totable()
end

-- The tasks of a batch alone.
local function alone(batch, task)
  return tasks:draw(batch.draw, { batch.tasks[task] })
end

describe("S2Meta", function()
  local batch = tasks:batches(1)()

  it("has the published parameters", function()
    local wide = split:catalogue(split:vectors { factors = 64 })
    local model = cmml.recommenders.s2meta(wide, { preset = "published-code" })
    local counts = { net = 0, update = 0, stop = 0 }
    for name, tensor in model.module:parameters() do
      local part = name:match "^%a+"
      counts[part] = counts[part] + tensor.count
    end
    assert.same({ net = 10881, update = 12560, stop = 2143 }, counts)
    assert.equal(25584, model.module:count())
  end)

  it("trains the stop controller at half of any rate, as was published", function()
    local presets = cmml.kinds.find("s2meta", "scenarios").presets
    for _, name in ipairs { "recommended", "published-code" } do
      for _, training in ipairs { presets[name].training, presets[name].budgets.default } do
        local optimizer = cmml.optim.adam(make().module, { lr = training.lr,
          groups = training.groups })
        assert.equal(training.lr / 2, optimizer.groups[1].lr)
        optimizer = cmml.optim.adam(make().module, { lr = 0.25, groups = training.groups })
        assert.equal(0.125, optimizer.groups[1].lr)
      end
    end
    local code = presets["published-code"].training
    assert.equal(5e-5, code.lr * code.groups[1].lr_factor)
  end)

  it("takes the same loss and gradients from tasks together and alone", function()
    for _, options in ipairs { {}, { inner_batch = 7, loss = "bpr" }, { tower = "hybrid" },
      { tower = "dot", step_penalty = 0.1 } } do
      options.min_step = 1
      local model, sum, sums = make(options), 0, {}
      local list = model.module:named_parameters()
      local function gradients(loss)
        local tensors = {}
        for i, pair in ipairs(list) do
          tensors[i] = pair[2]
        end
        return cmml.grad(loss, tensors)
      end
      local together = model:loss(batch)
      local found = gradients(together)
      for task = 1, #batch.tasks do
        local loss = model:loss(alone(batch, task))
        sum = sum + loss:item() / #batch.tasks
        for i, gradient in ipairs(gradients(loss)) do
          sums[i] = (sums[i] or 0) + gradient * (1 / #batch.tasks)
        end
      end
      assert.near(sum, together:item(), 1e-5)
      for i, gradient in ipairs(found) do
        local most = math.max(1e-2, gradient:abs():max():item())
        assert.near(0, (gradient - sums[i]):abs():max():item(), 2e-4 * most, list[i][1])
      end
    end
  end)

  it("stops reproducibly, by its seed and the support", function()
    local sampled = { min_step = 1, stop = "sampled" }
    local model, again = make(sampled), make(sampled)
    local steps = model:state_of(batch.support).steps
    assert.same(steps, again:state_of(batch.support).steps)
    local different, spread = 0, {}
    for seed = 2, 9 do
      local other = make { min_step = 1, stop = "sampled", step_seed = seed }
      for task, count in ipairs(other:state_of(batch.support).steps) do
        assert.is_true(count >= 1 and count <= 8)
        different, spread[count] = different + (count ~= steps[task] and 1 or 0), true
      end
    end
    assert.is_true(different > 0)
    assert.is_true(spread[1] and spread[2])
    for _, count in ipairs(make({ min_step = 8 }):state_of(batch.support).steps) do
      assert.equal(8, count)
    end
    local greedy = make { min_step = 2, stop = "greedy" }
    assert.same(greedy:state_of(batch.support).steps, greedy:state_of(batch.support).steps)
  end)

  it("trains to the same bits by several threads, and when a run is cut off", function()
    local folder = temporary.folder()
    finally(function()
      temporary.remove(folder)
    end)
    local function trained(options)
      local model = make { min_step = 1, max_step = 5 }
      for key, value in pairs { rounds = 1, batch = 4, lr = 3e-3, support = 8,
        support_negatives = 8, query = 8, shards = 2, valid_users = 5 } do
        options[key] = value
      end
      cmml.train(model, split, options)
      return flat(model.module.update["0"].lstm.weight_hh)
    end
    local once = trained { epochs = 2 }
    assert.same(once, trained { epochs = 2, threads = 2 })
    trained { epochs = 1, out = folder }
    assert.same(once, trained { epochs = 2, out = folder, resume = true })
  end)

  it("leaves a task out of training whose steps diverge, and names it; or stops", function()
    local model = make { min_step = 1 }
    local parameter = model.module.update["0"].lstm.weight_hh
    -- The loss and a gradient of tasks; a task by that number has a user without finite scores.
    local function run(list, harmed)
      local drawn = tasks:draw(batch.draw, list)
      local users = drawn.support.users:totable()
      for row, task in ipairs(drawn.support.segments:groups():totable()) do
        users[row] = task == harmed and model.users.shape[1] or users[row]
      end
      drawn.support.users = cmml.ids(users)
      local loss = model:loss(drawn)
      return loss:item(), cmml.grad(loss, parameter)
    end
    local nobody = cmml.full({ 1, model.users.shape[2] }, 0 / 0)
    model.users = cmml.core.concat({ model.users, nobody }, 1)
    local list, others = batch.tasks, {}
    for task, scenario in ipairs(list) do
      others[#others + 1] = task ~= 2 and scenario or nil
    end
    local expected, expected_gradient = run(others)
    assert.is_nil(model.left_out)
    local loss, gradient = run(list, 2)
    assert.equal(1, model.left_out.count)
    assert.matches(("^s2meta: task 2 of a batch %%(row %d%%) diverged: .*; lower max_step")
      :format(list[2]), model.left_out.text)
    assert.near(expected, loss, 1e-5)
    assert.near(0, (gradient - expected_gradient):abs():max():item(),
      1e-4 * expected_gradient:abs():max():item())
    model.options.diverging, model.left_out = "stop", nil
    assert.error_matches(function()
      run(list, 2)
    end, "^s2meta: task 2 of a batch")
    model.options.diverging = "leave-out"
    local only = run({ list[2] }, 1)
    assert.is_true(only ~= only)
  end)

  it("keeps no graph in a state outside of training", function()
    local state = make():state_of(batch.support)
    for _, value in ipairs(state.values) do
      assert.is_false(value.tracked)
    end
  end)

  it("learns, and ranks better adapted than by its start", function()
    local model, losses = make { stop = "greedy", unit_rows = true }, {}
    local result = cmml.train(model, split, { epochs = 12, patience = 0, rounds = 4, batch = 4,
      lr = 1e-2, support = 16, support_negatives = 16, query = 16, on_epoch = function(state)
        losses[#losses + 1] = state.loss
      end })
    assert.equal("epochs", result.stopped)
    assert.is_true(losses[#losses] < 0.6 * losses[1])
    local options = { min_step = 0, max_step = 0 }
    for key, value in pairs(model.options) do
      options[key] = options[key] or value
    end
    local still = model.restore(catalogue, options, model:tensors())
    local found = cmml.evaluate({ model, still }, split, { metrics = { "auc" } })
    local adapted, start = found[1].auc.mean, found[2].auc.mean
    assert.is_true(adapted > start + 0.01 and adapted > 0.64, ("%g, %g"):format(adapted, start))
  end)

  it("is saved, loaded and served", function()
    local model = make()
    local folder = temporary.folder()
    local path = folder .. "/model.safetensors"
    finally(function()
      temporary.remove(folder)
    end)
    assert(model:save(path))
    local loaded = assert(cmml.load(path))
    assert.equal(tostring(model), tostring(loaded))
    local support = { { "u1", "i5", 1 }, { "u1", "i7", 0 }, { "u2", "i9", 1 }, { "u2", "i3", 0 } }
    local first, second = model:adapt(support), loaded:adapt(support)
    assert.same(first.state.steps, second.state.steps)
    local items = { "i1", "i2", "i20" }
    assert.same(first:predict(items, { user = "u3" }), second:predict(items, { user = "u3" }))
    assert.equal(3, #first:recommend { n = 3, user = "u3" })
    assert.equal(catalogue, model.catalogue)
    assert.same(flat(model:over(catalogue).module.net["0"].weight),
      flat(model.module.net["0"].weight))
    local narrow = split:catalogue(split:vectors { factors = 4 })
    assert.matches("over: the catalogue has vectors of 4 numbers, but the model reads vectors of 8",
      select(2, pcall(model.over, model, narrow)))
  end)

  it("keeps its start where a support says nothing, and steps on positives alone", function()
    local model = make()
    local start = flat(model.module.net["0"].weight)
    for _, support in ipairs { {}, { { "u1", "i5", 0 } } } do
      local state = model:adapt(support).state
      assert.equal(0, state.steps[1])
      assert.same(start, flat(state.values[1]))
    end
    local state = model:adapt({ { "u1", "i5", 1 }, { "u2", "i9", 1 } }).state
    assert.is_true(state.steps[1] >= 4)
    assert.not_same(start, flat(state.values[1]))
  end)

  it("tells what does not go together", function()
    for options, text in pairs {
      [{ min_step = 9 }] = "s2meta: min_step %(9%) must not be above max_step %(8%)",
      [{ tower = "dto" }] = "did you mean dot",
      [{ tower = "dot", widths = {} }] = "widths",
      [{ controller_hidden = 0 }] = "controller_hidden must be",
      [{ preset = "published" }] = "there is no preset published",
      [{ diverging = "ignore" }] = "diverging \"ignore\" is not known",
      [{ stop = "never" }] = "stop \"never\" is not known",
    } do
      local ok, message = pcall(make, options)
      assert.is_false(ok)
      assert.matches(text, message)
    end
    assert.matches("there is no tower none", select(2, pcall(cmml.tower_of, "here", "none")))
    assert.matches("the catalogue has no vectors",
      select(2, pcall(cmml.recommenders.s2meta, split:catalogue())))
  end)
end)
