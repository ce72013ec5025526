-- The base of a network's scores: where it begins, that it is differentiable, and that models with
-- one train, save and serve like any other.
local cmml = require "cmml"
local dense = require "spec.support.dense_normal"
local equations = require "spec.support.normal_equations"
local people = require "spec.support.people"
local told = require "spec.support.refused"
local temporary = require "spec.support.temporary"
local own = { factors = 3, ridge = 2, bias_ridge = 1, sweeps = 5 }
local analysis = { kind = "factor_analysis", factors = 3, sweeps = 5, ridge = 2 }

local options, training = people.over_base { base = own, neighbours = false }

-- The scores of a model for the query of a batch, as a list.
local function scores(library, model, batch)
  return library.no_grad(function()
    local state = model:adapt_rows(batch.support)
    return model:score_rows(state, batch.query):totable()
  end)
end

local function batch_of(library, world, changes)
  local opt = { ratings = world.all, users = world.test, bags = world.bags, support = 5, query = 4,
    seed = 3 }
  for key, value in pairs(changes or {}) do
    opt[key] = value
  end
  return library.users.tasks(opt):draw(1, { table.unpack(world.test, 1, 6) })
end

-- The items of each person of some rows, as lists.
local function items_of(rows)
  local all, lists, first = rows.items:totable(), {}, 1
  for i, length in ipairs(rows.segments:totable()) do
    lists[i] = table.move(all, first, first + length - 1, 1, {})
    first = first + length
  end
  return lists
end

local function assert_near(expected, got, tolerance)
  assert.equal(#expected, #got)
  for i, value in ipairs(expected) do
    assert.truthy(math.abs(value - got[i]) <= tolerance, ("%d: %g, not %g"):format(i, got[i],
      value))
  end
end

-- The network adds nothing.
local function silence(model)
  local out = model.module.modulation.out
  cmml.double.no_grad(function()
    out.weight:copy_(out.weight * 0)
    out.bias:copy_(out.bias * 0)
  end)
end

describe("a model with a base", function()
  local double = cmml.double
  local world = people.data(double, { users = 60, items = 16, rated = 10 })

  it("is matrix factorisation with its fold-in before the network says anything", function()
    local before
    for _, item_bias in ipairs { "solved", "mean" } do
      local base = { factors = 3, ridge = 2, bias_ridge = 1, sweeps = 5, item_bias = item_bias }
      local model = double.cmml(world.catalogue, options { base = base })
      model:prepare(world)
      silence(model)
      base.seed = 1
      local rival = double.recommenders.matrix_factorization(world.catalogue, base)
      rival:fit { ratings = world.ratings, users = world.train }
      for _, support in ipairs { 5, 1, 0 } do
        local batch = batch_of(double, world, { support = support })
        assert_near(scores(double, rival, batch), scores(double, model, batch), 1e-9)
      end
      local bits = people.bits(model)
      assert.not_equal(before, bits)
      before = bits
    end
  end)

  it("is the posterior of factor analysis before the network says anything", function()
    local model = double.cmml(world.catalogue, options { base = analysis })
    model:prepare(world)
    silence(model)
    local other = double.cmml(world.catalogue, options { base = { kind = "factor_analysis",
      factors = 3, sweeps = 5, ridge = 2, item_shrink = 7 } })
    other:prepare(world)
    local shrunk = double.recommenders.factor_analysis(world.catalogue, { factors = 3, sweeps = 5,
      seed = 1, item_shrink = 7 })
    shrunk:fit { ratings = world.ratings, users = world.train }
    assert_near(shrunk.item_part:totable(), other.module.base.bias:totable(), 1e-12)
    local rival = double.recommenders.factor_analysis(world.catalogue, { factors = 3, sweeps = 5,
      seed = 1 })
    rival:fit { ratings = world.ratings, users = world.train }
    for _, support in ipairs { 5, 1, 0 } do
      local batch = batch_of(double, world, { support = support })
      assert_near(scores(double, rival, batch), scores(double, model, batch), 1e-9)
    end
    -- other parameters than EM gives, such as training makes of them
    local base, n = model.module.base, #world.catalogue.items
    double.no_grad(function()
      base.log_noise:copy_(double.core.uniform({ n }, -1, 1, { seed = 5 }))
      base.vectors:copy_(double.core.normal({ n, 3 }, 0, 1, { seed = 6 }))
      base.log_ridge:copy_(double.core.uniform({ 4 }, -1, 1, { seed = 7 }))
    end)
    -- ridges are precisions of the factors, which loadings can as well have in them
    local loadings = equations.rows_of(base.vectors * (base.log_ridge:slice(1, 1, 3) * -0.5):exp())
    local noise, means = base.log_noise:exp():totable(), base.bias:totable()
    for _, support in ipairs { 5, 1, 0 } do
      local batch, expected = batch_of(double, world, { support = support }), {}
      local values = batch.support.labels:totable()
      local asked, first = items_of(batch.query), 1
      for person, rated in ipairs(items_of(batch.support)) do
        local of_person = dense.expected(loadings, means, noise, rated,
          table.move(values, first, first + #rated - 1, 1, {}), asked[person])
        first = first + #rated
        table.move(of_person, 1, #of_person, #expected + 1, expected)
      end
      assert_near(expected, scores(double, model, batch), 1e-9)
    end
  end)

  it("of biases alone is item mean and user bias", function()
    local model = double.cmml(world.catalogue, options { base = { factors = 0, bias_ridge = 3 } })
    model:prepare(world)
    silence(model)
    local rival = double.recommenders.item_user_mean(world.catalogue)
    rival:fit { ratings = world.ratings, users = world.train }
    local batch = batch_of(double, world)
    assert_near(scores(double, rival, batch), scores(double, model, batch), 1e-9)
  end)

  it("starts once: a second training goes on from the weights", function()
    local model = double.cmml(world.catalogue, options())
    model:prepare(world)
    local bits = people.bits(model)
    cmml.double.no_grad(function()
      model.module.base.bias:copy_(model.module.base.bias + 1)
    end)
    model:prepare(world)
    assert.not_equal(bits, people.bits(model))
  end)

  -- Of factor analysis a training leaves these as EM found them.
  local kept = { ["base.log_noise"] = true, ["base.log_ridge"] = true }

  it("of factor analysis keeps noise and ridge as EM found them, and learns the rest", function()
    local model = double.cmml(world.catalogue, options { base = analysis })
    model:prepare(world)
    local base, before = model.module.base, {}
    for name, tensor in model.module:parameters() do
      before[name] = tensor:totable()
    end
    double.train(model, world, training { epochs = 2 })
    assert.same(before["base.log_noise"], base.log_noise:totable())
    for i, ridge in ipairs(base.log_ridge:totable()) do
      assert.equal(i <= 3, ridge == before["base.log_ridge"][i])
    end
    assert.not_same(before["base.vectors"], base.vectors:totable())
    assert.not_same(before["base.bias"], base.bias:totable())
  end)

  for name, changes in pairs { ["squared errors"] = { loss = "squared" },
    ["absolute errors"] = { loss = "absolute" },
    ["factors that the network alone sees"] = { base = { factors = 3, solve = false } },
    ["biases alone"] = { base = { factors = 0 } },
    ["factor analysis"] = { base = analysis },
    ["factor analysis whose factors the network alone sees"] = { base = {
      kind = "factor_analysis", factors = 3, sweeps = 5, solve = false } },
    ["contexts shrunk by the size of the support"] = { context_shrink = 2 },
    ["no modulation"] = { modulation = "none" }, ["no encoder"] = { encoder = "none" } } do
    it("has the gradient of finite differences: " .. name, function()
      changes.activation, changes.encoder_widths, changes.label_hidden = "tanh", {}, 1
      changes.backbone, changes.hyper, changes.width = { 2 }, { 2 }, 1
      local model = double.cmml(world.catalogue, options(changes))
      model:prepare(world)
      local batch, names, inputs = batch_of(double, world), {}, {}
      for parameter, tensor in model.module:parameters() do
        if not (model.module.base.log_noise and kept[parameter]) then
          names[#names + 1], inputs[#inputs + 1] = parameter, tensor
        end
      end
      assert.is_true(double.gradcheck(function(c, ...)
        local values = {}
        for i, tensor in ipairs { ... } do
          values[names[i]] = tensor
        end
        local other = setmetatable({ module = c.nn.functional(model.module, values),
          catalogue = model.catalogue, options = model.options }, getmetatable(model))
        return other:loss(batch)
      end, inputs, { eps = 1e-6, tolerance = 1e-5 }))
    end)
  end
end)

describe("the preset recommended", function()
  local world = people.data(cmml, { users = 60, items = 16, rated = 10 })
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  it("brings its training, which options of train change", function()
    local model = cmml.cmml(world.catalogue, options())
    local last
    cmml.train(model, world, { epochs = 2, query = 4, on_epoch = function(state)
      last = state.epoch
    end })
    assert.equal(2, last)
    assert.equal("cosine", model.training.schedule)
  end)

  it("reads no fields of users", function()
    local model = cmml.cmml(world.catalogue, options())
    assert.is_nil(model.module.embedding.age)
    model = cmml.cmml(world.catalogue, options { read_users = true })
    assert.truthy(model.module.embedding.age)
  end)

  it("is saved and loaded with its base, and serves any number of ratings", function()
    local model = cmml.cmml(world.catalogue, options())
    cmml.train(model, world, training {})
    assert(model:save(folder .. "/m.safetensors"))
    local loaded = assert(cmml.load(folder .. "/m.safetensors"))
    assert.equal(people.bits(model), people.bits(loaded))
    loaded:prepare(world) -- trained: stays
    assert.equal(people.bits(model), people.bits(loaded))
    local support = {}
    for n = 0, 10 do
      assert_near(model:adapt(support):predict { "f1", "f2" },
        loaded:adapt(support):predict { "f1", "f2" }, 0)
      support[n + 1] = { "f" .. n + 3, n % 2 == 0 and 5 or 1 }
    end
    local calm, loud = table.unpack(model:adapt(support):predict { "f2", "f1" })
    assert.truthy(loud > calm) -- who loves f3, f5, .. loves f1
  end)

  it("is saved and loaded with factor analysis as base, as it has by itself", function()
    local model = cmml.cmml(world.catalogue, options { base = analysis })
    cmml.train(model, world, training { epochs = 1 })
    assert(model:save(folder .. "/m.safetensors"))
    local loaded = assert(cmml.load(folder .. "/m.safetensors"))
    assert.equal(people.bits(model), people.bits(loaded))
    local support = { { "f3", 5 }, { "f4", 1 } }
    assert_near(model:adapt(support):predict { "f1", "f2" },
      loaded:adapt(support):predict { "f1", "f2" }, 0)
    model = cmml.cmml(world.catalogue)
    assert.equal("factor_analysis", model.options.base.kind)
    assert.equal(1, model.options.neighbours.damp)
    assert.same({ 16, 10 }, model.module.base.vectors.shape)
  end)

  it("resumes bit for bit", function()
    local function run(opt, seed)
      local model = cmml.cmml(world.catalogue, options { seed = seed })
      cmml.train(model, world, training(opt))
      return people.bits(model)
    end
    local whole = run({ out = folder .. "/whole", schedule = { kind = "cosine", steps = 12 } }, 1)
    run({ out = folder .. "/cut", epochs = 2, schedule = { kind = "cosine", steps = 12 } }, 1)
    assert.equal(whole, run({ out = folder .. "/cut", resume = true,
      schedule = { kind = "cosine", steps = 12 } }, 1))
  end)

  it("begins with no training that is refused, and not anew after a resumed one", function()
    local model = cmml.cmml(world.catalogue, options())
    local resumed, before = cmml.cmml(world.catalogue, options()), people.bits(model)
    told.with_text("short_supports must be from 0 to 1, but is 2", cmml.train, model, world,
      training { short_supports = 2 })
    assert.equal(before, people.bits(model))
    cmml.train(model, world, training { out = folder })
    cmml.train(resumed, world, training { out = folder, resume = true })
    cmml.train(resumed, world, training { epochs = 0 })
    assert.equal(people.bits(model), people.bits(resumed))
  end)

  it("has the same bits on any number of threads", function()
    local function bits(threads)
      local model = cmml.cmml(world.catalogue, options())
      cmml.train(model, world, training { shards = 2, threads = threads, epochs = 2 })
      return people.bits(model)
    end
    assert.equal(bits(1), bits(2))
  end)

  it("works without base, modulation, encoder, and with others", function()
    for _, changes in ipairs { { base = false }, { modulation = "none" }, { encoder = "none" },
      { modulation = "sigmoid" }, { encoder = "attention", hybrid = "generator" },
      { base = { factors = 0 } }, { base = analysis } } do
      local model = cmml.cmml(world.catalogue, options(changes))
      local result = cmml.train(model, world, training { epochs = 1 })
      assert.equal("epochs", result.stopped)
      assert.truthy(result.best < 5)
    end
  end)

  it("is better than item mean and user bias where the support tells more", function()
    local model = cmml.cmml(world.catalogue, options())
    cmml.train(model, world, training { epochs = 20 })
    local means = cmml.recommenders.item_user_mean(world.catalogue)
    means:fit { ratings = world.ratings, users = world.train }
    local found = cmml.evaluate({ model, means }, cmml.users.tasks { ratings = world.all,
      users = world.test, bags = world.bags, support = 6, query = 4, seed = 77 })
    assert.truthy(found[1].mae.mean < 0.6, found[1].mae.mean)
    assert.truthy(found[2].mae.mean > 1.2, found[2].mae.mean)
  end)
end)

describe("options of a base", function()
  local catalogue = people.data(cmml, { users = 20, items = 8, rated = 5 }).catalogue

  local function refused(text, changes)
    told.with_text(text, cmml.cmml, catalogue, options(changes))
  end

  it("are refused with the reason where they make no sense", function()
    refused("factor_base_options: factors must be at least 0, but is -1",
      { base = { factors = -1 } })
    refused("factor_base_options: sweeps must be at least 1, but is 0", { base = { sweeps = 0 } })
    refused("factor_base_options: ridge must be above 0, but is 0", { base = { ridge = 0 } })
    refused("factor_base_options: bias_ridge must be a finite number, but is inf",
      { base = { bias_ridge = math.huge } })
    refused('factor_base_options: item_bias "median" is not known; did you mean mean?',
      { base = { item_bias = "median" } })
    refused("factor_base_options: unknown option factor", { base = { factor = 3 } })
    refused('factor_base_options: kind "factor_analysi" is not known; did you mean '
      .. "factor_analysis?", { base = { kind = "factor_analysi" } })
    refused("factor_analysis needs factors", { base = { kind = "factor_analysis", factors = 0 } })
    refused("factor_base_options: item_shrink is of factor_analysis, but the kind is "
      .. "matrix_factorization", { base = { item_shrink = 3 } })
    refused("give no item_bias with it", { base = { kind = "factor_analysis",
      item_bias = "mean" } })
    refused("base must be a table or a boolean, not number 8", { base = 8 })
    refused('loss "huber" is not known; known: squared, absolute', { loss = "huber" })
  end)
end)
