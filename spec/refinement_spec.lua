-- CMML whose contexts are refined by gradient steps on the support: steps against differences of
-- the support's loss, training through them against differences of the query's, no step being CMML
-- bit for bit, in both settings.
local cmml = require "cmml"
local people = require "spec.support.people"
local scenario_world = require "spec.support.scenario_world"
local temporary = require "spec.support.temporary"
local told = require "spec.support.refused"

local double = cmml.double

-- What stands in both, the second's over the first's.
local function with(first, second)
  local all = {}
  for _, fields in ipairs { first, second or {} } do
    for key, value in pairs(fields) do
      all[key] = value
    end
  end
  return all
end

local worlds = { [cmml] = {}, [double] = {} }

-- A world of a library in a setting: model (of changes), draw (a batch of some tasks), support_loss
-- (of a model, a batch and a task's support under a state: the losses of all tasks, as a list).
local settings = {}

function settings.users(library)
  local data = people.data(library, { users = 60, items = 16, rated = 10 })
  local self = { data = data }
  function self.model(changes)
    return library.cmml(data.catalogue, with(with(people.small(1), { preset = "recommended",
      members = 1, pull = 0, base = false, activation = "tanh" }), changes))
  end
  function self.draw(n)
    local model_tasks = library.users.tasks { ratings = data.all, users = data.test,
      bags = data.bags, support = 5, query = 4, seed = 3 }
    return model_tasks:draw(1, { table.unpack(data.test, 1, n) })
  end
  -- By hand from the scores: the mean over a task's rows of sqrt(error^2 + 0.01), or error^2.
  function self.support_losses(model, state, support)
    local scores, labels = model:score_rows(state, support):totable(), support.labels:totable()
    local losses, row = {}, 0
    for t, length in ipairs(support.segments:totable()) do
      losses[t] = 0
      for r = row + 1, row + length do
        local error = scores[r] - labels[r]
        losses[t] = losses[t] + (model.options.loss == "squared" and error ^ 2
          or math.sqrt(error ^ 2 + 0.01)) / length
      end
      row = row + length
    end
    return losses
  end
  return self
end

function settings.scenarios(library)
  local split = scenario_world.data(library):split { seed = 1, query_fraction = 0.3 }
  local catalogue = split:catalogue((split:vectors { factors = 4, alpha = 10,
    regularization = 5 }))
  local self = { data = split }
  function self.model(changes)
    return library.cmml(catalogue, with({ preset = "recommended/scenario", encoder_widths = { 6 },
      backbone = { 5, 5 }, hyper = { 5, 5 }, dropout = 0, loss = "bpr" }, changes))
  end
  function self.draw(n)
    return split:tasks({ support = 6, support_negatives = 9, query = 5, query_negatives = 3,
      batch = 4 }):draw(3, { table.unpack(split.train, 1, n) })
  end
  -- By hand, of the pairs that spec/support_query_spec.lua knows: -log sigmoid of the distance.
  function self.support_losses(model, state, support)
    local scores = model:score_rows(state, support):totable()
    local rows, segments = library.scenarios.support_pairs(support)
    local positive, negative = rows.positive:totable(), rows.negative:totable()
    local losses, at = {}, 0
    for t, length in ipairs(segments:totable()) do
      losses[t] = 0
      for pair = at + 1, at + length do
        losses[t] = losses[t]
          + math.log(1 + math.exp(scores[negative[pair]] - scores[positive[pair]])) / length
      end
      at = at + length
    end
    return losses
  end
  return self
end

local function world(library, setting)
  worlds[library][setting] = worlds[library][setting] or settings[setting](library)
  return worlds[library][setting]
end

-- What is tried in each setting: a name, and options of the model.
local forms = {
  users = { { "plain", { loss = "squared" } }, { "absolute errors, no user fields",
    { loss = "absolute", read_users = false } }, { "with a base", { base = { factors = 3 } } },
    { "no encoder", { encoder = "none", loss = "squared" } } },
  scenarios = { { "recommended", {} }, { "no encoder", { encoder = "none" } } },
}

for setting, list in pairs(forms) do
  describe("refined contexts in the setting " .. setting, function()
    for _, form in ipairs(list) do
      local name, changes = table.unpack(form)

      -- A base changes its weights with the context; see the gradient through the steps below.
      local holds = not changes.base
      if holds then
        it("go down the differences of the support's loss: " .. name, function()
          local own = world(double, setting)
          local support, rate, step = own.draw(3).support, 0.2, 1e-6
          local state = own.model(changes):state_of(support)
          local model = own.model(with(changes, { refine_steps = 2, refine_rate = rate }))
          local context = state.context:totable()
          local function losses(values)
            return own.support_losses(model, with(state, { context = double.tensor(values) }),
              support)
          end
          local begin = losses(context)
          for _ = 1, 2 do
            local moved = {}
            for t = 1, #context do
              moved[t] = {}
              for d = 1, #context[t] do
                local both, kept = {}, context[t][d]
                for side = -1, 1, 2 do
                  context[t][d] = kept + side * step
                  both[side] = losses(context)[t]
                end
                context[t][d] = kept
                moved[t][d] = kept - rate * (both[1] - both[-1]) / (2 * step)
              end
            end
            context = moved
          end
          local found = model:state_of(support).context
          assert.is_false(found.tracked)
          local less = losses(found:totable())
          for t, values in ipairs(found:totable()) do
            for d, value in ipairs(values) do
              assert.near(context[t][d], value, 1e-7)
            end
            assert.truthy(less[t] < begin[t])
          end
        end)
      end

      it("are learnt through, as differences of the query's loss say: " .. name, function()
        local own = world(double, setting)
        local model = own.model(with(changes, { refine_steps = 2, refine_rate = 3,
          refine_train = true, width = setting == "users" and 2 or nil, encoder_widths = { 3 },
          backbone = { 4, 4 }, hyper = { 3, 3 } }))
        if model.prepare then
          model:prepare(own.data)
        end
        local batch, names, inputs = own.draw(3), {}, {}
        for parameter, tensor in model.module:parameters() do
          names[#names + 1], inputs[#inputs + 1] = parameter, tensor
        end
        local still = own.model(with(model.options, { refine_train = false }))
        for parameter, tensor in still.module:parameters() do
          double.no_grad(function()
            for _, pair in ipairs(model.module:named_parameters()) do
              if pair[1] == parameter then
                tensor:copy_(pair[2])
              end
            end
          end)
        end
        assert.truthy(math.abs(still:loss(batch):item() - model:loss(batch):item()) > 1e-6)
        -- central differences of some entries of each parameter
        local slopes = double.grad(model:loss(batch), inputs)
        for i, tensor in ipairs(inputs) do
          local values, shape = tensor:detach():reshape({ -1 }):totable(), tensor.shape
          local slope, step = slopes[i]:reshape({ -1 }):totable(), 1e-5
          local function put()
            double.no_grad(tensor.copy_, tensor, double.tensor(values):reshape(shape))
          end
          for k = 1, #values, math.max(1, #values // 4) do
            local both, kept = {}, values[k]
            for side = -1, 1, 2 do
              values[k] = kept + side * step
              put()
              both[side] = model:loss(batch):item()
            end
            values[k] = kept
            put()
            local difference = (both[1] - both[-1]) / (2 * step)
            assert.truthy(math.abs(difference - slope[k]) < 1e-6 * math.max(1,
              math.abs(difference)), ("%s: %g, not %g"):format(names[i], slope[k], difference))
          end
        end
      end)
    end

    it("are CMML's own where there are no steps, and in training that takes none", function()
      local own = world(cmml, setting)
      local batch = own.draw(3)
      local plain = own.model()
      local function bits(model)
        local state = model:state_of(batch.support)
        return state.context:tobytes() .. model:loss(batch):detach():tobytes()
      end
      assert.equal(bits(plain), bits(own.model { refine_steps = 0, refine_rate = 3,
        refine_train = true }))
      local refined = own.model { refine_steps = 1 }
      assert.equal(plain:loss(batch):item(), refined:loss(batch):item())
      assert.not_equal(bits(plain), bits(refined))
    end)

    it("stay where steps diverge, and where a support says nothing", function()
      local own = world(cmml, setting)
      local support = own.draw(3).support
      local state = own.model({ refine_steps = 3, refine_rate = 1e38, activation = "leaky_relu" })
        :state_of(support)
      assert.is_true(state.context:isfinite())
      assert.truthy(#state.diverged > 0)
      local kept = own.model({ activation = "leaky_relu" }):state_of(support).context:totable()
      for _, one in ipairs(state.diverged) do
        assert.same(kept[one.task], state.context:totable()[one.task])
        assert.truthy(one.step <= 3)
      end
      local empty = {}
      local first = own.model():adapt(empty).state.context
      assert.equal(first:tobytes(), own.model({ refine_steps = 2 }):adapt(empty).state.context
        :tobytes())
    end)
  end)
end

describe("pairs of a support", function()
  it("give each task its mean loss, 0 without pairs", function()
    local scores = double.tensor { 2, 1.5, 4, 0, 1 }
    local pairs, segments = double.scenarios.support_pairs {
      segments = double.core.segments { 3, 2 }, labels = double.tensor { 1, 0, 0, 1, 1 },
      users = double.core.ids { 7, 7, 7, 7, 7 } }
    local losses = double.scenarios.pair_losses_of_tasks("hinge", scores, pairs, segments)
    assert.same({ (0.5 + 3) / 2, 0 }, losses:totable())
    told.with_text("scenarios.pair_losses_of_tasks: each of rows", function()
      double.scenarios.pair_losses_of_tasks("hinge", scores, {}, segments)
    end)
    told.with_text('pair_losses_of_tasks: name "hing" is not known', function()
      double.scenarios.pair_losses_of_tasks("hing", scores, pairs, segments)
    end)
  end)
end)

describe("a model with refined contexts", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)
  local data = people.data(cmml, { users = 60, items = 16, rated = 10 })

  local function trained(changes, of_model)
    local model = cmml.cmml(data.catalogue, with(with(people.small(1), { preset = "recommended",
      base = { factors = 3 }, refine_steps = 2, refine_train = true }), of_model))
    cmml.train(model, data, people.training(with({ query = 6, valid_query = 4, epochs = 2,
      schedule = { kind = "cosine", steps = 12 } }, changes)))
    return model
  end

  it("is saved, loaded and serves with its steps", function()
    for _, refine_train in ipairs { false, true } do
      local model = trained({}, { refine_train = refine_train })
      assert(model:save(folder .. "/m.safetensors"))
      local loaded = assert(cmml.load(folder .. "/m.safetensors"))
      assert.equal(2, loaded.options.refine_steps)
      assert.equal(refine_train, loaded.options.refine_train)
      local support = { { "f1", 5 }, { "f2", 1 } }
      local expected = model:adapt(support):predict { "f3", "f4" }
      assert.same(expected, loaded:adapt(support):predict { "f3", "f4" })
      loaded.options.refine_steps = 0
      assert.not_same(expected, loaded:adapt(support):predict { "f3", "f4" })
    end
  end)

  it("learns other weights through the steps, the same without", function()
    local plain = people.bits(trained({ choose = "last" }, { refine_steps = 0 }))
    assert.equal(plain, people.bits(trained({ choose = "last" }, { refine_train = false })))
    assert.not_equal(plain, people.bits(trained({ choose = "last" })))
  end)

  it("resumes bit for bit, on any number of threads", function()
    local whole = people.bits(trained { epochs = 3, out = folder .. "/whole", shards = 2 })
    trained { out = folder .. "/cut", shards = 2 }
    assert.equal(whole, people.bits(trained { epochs = 3, out = folder .. "/cut", resume = true,
      shards = 2, threads = 2 }))
  end)

  it("refuses steps and rates out of bounds", function()
    local function refused(text, changes)
      told.with_text(text, cmml.cmml, data.catalogue, changes)
    end
    refused("refine_steps must be from 0 to 1000, but is -1", { refine_steps = -1 })
    refused("refine_steps must be from 0 to 1000, but is 1001", { refine_steps = 1001 })
    refused("refine_rate must be above 0, but is 0", { refine_rate = 0 })
    refused("refine_rate must be a finite number", { refine_rate = math.huge })
    refused("refine_train must be a boolean", { refine_train = 1 })
    refused("option refine_train does not apply without refine_steps", { refine_train = true })
    refused("option refine_rate does not apply without refine_steps", { refine_rate = 0.1 })
    assert.truthy(cmml.cmml(data.catalogue, { refine_train = true, refine_steps = 0 }))
  end)
end)
