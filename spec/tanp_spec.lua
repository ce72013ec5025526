-- TaNP against an oracle in plain Lua and finite differences; that it trains, saves and serves like
-- any kind, draws by the keys of tasks, and learns what only a support can tell.
local cmml = require "cmml"
local close = require "spec.support.close"
local oracle = require "spec.support.tanp_oracle"
local people = require "spec.support.people"
local told = require "spec.support.refused"
local temporary = require "spec.support.temporary"

-- Options of a network that is small enough for a spec.
local function options(changes)
  local opt = { preset = "published-code", width = 3, item_width = 2, encoder_widths = { 5, 4 },
    latent_hidden = 4, latent = 3, task_widths = { 4, 3 }, slots = 3, decoder = { 5, 4 }, seed = 1 }
  for key, value in pairs(changes or {}) do
    opt[key] = value
  end
  return opt
end

-- A model whose parts all say something: fresh customisations are near 0, where little passes.
local function lively(library, catalogue, changes)
  local model = library.recommenders.tanp(catalogue, options(changes))
  library.no_grad(function()
    for i, pair in ipairs(model.module:named_parameters()) do
      pair[2]:copy_(pair[2] + library.normal(pair[2].shape, 0, 0.5, { seed = i }))
    end
  end)
  return model
end

local function batch_of(library, world, changes, n)
  local opt = { ratings = world.all, users = world.test, bags = world.bags, support = 5, query = 4,
    seed = 3, short_supports = 0.5 }
  for key, value in pairs(changes or {}) do
    opt[key] = value
  end
  return library.users.tasks(opt):draw(1, { table.unpack(world.test, 1, n or 6) })
end

-- The vectors of rows, one list a row, grouped by task: an item's fields, its own, the person's.
local function vectors_of(model, rows)
  local library, module, catalogue = cmml.double, model.module, model.catalogue
  local parts = {}
  local function add(vectors)
    parts[#parts + 1] = vectors:detach():totable()
  end
  local own = { rows.items:totable(), rows.segments:groups():totable() }
  local items, segments = rows.items, rows.segments
  if module.embedding then
    add(module.embedding(catalogue.items:field_names(), catalogue.items.bags, items))
  end
  if module.items then
    add(module.items(items))
  end
  if model.options.read_users ~= false then
    add(library.core.segment_expand(module.embedding(catalogue.users:field_names(),
      rows.people.bags, rows.people.rows), segments))
  end
  local tasks, labels = {}, rows.labels:totable()
  for t = 1, #segments do
    tasks[t] = { {}, {} }
  end
  for r = 1, #own[1] do
    local x, task = {}, tasks[own[2][r]]
    for _, part in ipairs(parts) do
      table.move(part[r], 1, #part[r], #x + 1, x)
    end
    task[1][#task[1] + 1], task[2][#task[2] + 1] = x, labels[r]
  end
  return tasks
end

-- Each with whether its gradient is checked, too.
local forms = {
  { "FiLM", {}, true }, { "gating", { customisation = "gating", targets = "query" }, true },
  { "other weights and degrees of freedom", { kl_weight = 0.3, cluster_weight = 0.7,
    freedom = 2.5 } }, { "absolute errors", { loss = "absolute" } },
  { "no vectors of items", { item_width = 0 } }, { "no fields of users", { read_users = false } },
  { "a single layer each", { encoder_widths = { 4 }, task_widths = { 3 }, decoder = { 4 } } },
}

describe("TaNP", function()
  local double = cmml.double
  local world = people.data(double, { users = 60, items = 16, rated = 10 })

  for _, form in ipairs(forms) do
    local name, changes, has_gradient = table.unpack(form)
    it("scores and loses as plain Lua says: " .. name, function()
      local model = lively(double, world.catalogue, changes)
      local plain, batch = oracle.of(model), batch_of(double, world, { short_supports = 1 }, 12)
      local supports, queries = vectors_of(model, batch.support), vectors_of(model, batch.query)
      local state = model:state_of(batch.support)
      local scores, row, tasks, empty = model:scores_of(state, batch.query):totable(), 0, {}, 0
      for t, support in ipairs(supports) do
        empty = empty + (#support[1] == 0 and 1 or 0)
        for _, x in ipairs(queries[t][1]) do
          row = row + 1
          assert.near(plain.score(x, support[1], support[2]), scores[row], 1e-11)
        end
        tasks[t] = { support = support, query = queries[t], noise = double.normal(
          { model.options.latent }, 0, 1, { seed = 3, epoch = 1, task = batch.tasks[t],
            stream = double.core.streams.latent }):totable() }
      end
      assert.equal(#scores, row)
      assert.truthy(empty > 0)
      table.sort(scores)
      assert.truthy(scores[row] - scores[1] > 0.1)
      assert.near(plain.loss(tasks), model:loss(batch):item(), 1e-11)
    end)

    if has_gradient then
      it("has the gradient of finite differences: " .. name, function()
        local model = lively(double, world.catalogue, changes)
        model.options.cluster_weight = 0 -- what clusters are drawn to counts as given: see below
        local batch, names, inputs = batch_of(double, world, nil, 3), {}, {}
        for parameter, tensor in model.module:parameters() do
          names[#names + 1], inputs[#inputs + 1] = parameter, tensor
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
  end

  it("draws clusters to sharper shares, which count as given", function()
    local raw = double.normal({ 5, 3 }, 0, 1, { seed = 2 }):track()
    local shares = raw:log_softmax(2)
    local losses = double.cluster_divergence(shares)
    local slope = double.grad(losses:sum(), raw, { retain = true }):totable()
    local c, sizes = shares:exp():totable(), {}
    for j = 1, 3 do
      sizes[j] = 0
      for i = 1, 5 do
        sizes[j] = sizes[j] + c[i][j]
      end
    end
    for i = 1, 5 do
      local d, total = {}, 0
      for j = 1, 3 do
        d[j] = c[i][j] ^ 2 / sizes[j]
        total = total + d[j]
      end
      local divergence = 0
      for j = 1, 3 do
        d[j] = d[j] / total
        divergence = divergence + d[j] * math.log(d[j] / c[i][j])
        assert.near(c[i][j] - d[j], slope[i][j], 1e-12) -- of -sum d log softmax
      end
      assert.near(divergence, losses:totable()[i], 1e-12)
    end
    assert.near(0, double.cluster_divergence(shares:slice(1, 2, 2)):item(), 1e-12)
  end)

  it("measures the divergence of two normal distributions by integration", function()
    local q, p = { 0.3, math.log(0.5) }, { -0.2, math.log(1.3) }
    local function density(x, of)
      return math.exp(-(x - of[1]) ^ 2 / (2 * math.exp(of[2]))) / math.sqrt(2 * math.pi
        * math.exp(of[2]))
    end
    local sum, width = 0, 1e-3
    for x = -8, 8, width do
      sum = sum + width * density(x, q) * math.log(density(x, q) / density(x, p))
    end
    local function one(value)
      return double.tensor { { value, value } }
    end
    local function found(a, b)
      return double.normal_divergence(one(a[1]), one(a[2]), one(b[1]), one(b[2])):item()
    end
    assert.near(2 * sum, found(q, p), 1e-9)
    assert.near(0, found(q, q), 1e-15)
  end)

  it("adapts a task alone as among others, in any order of its ratings", function()
    local model = lively(double, world.catalogue)
    local function scored(support)
      return model:adapt(support):predict { "f1", "f2", "f9" }
    end
    local given = { { "f3", 5 }, { "f4", 1 }, { "f5", 4 } }
    local first = scored(given)
    for i, value in ipairs(scored { given[2], given[3], given[1] }) do
      assert.near(first[i], value, 1e-12)
    end
    local batch = batch_of(double, world)
    local all, row = model:scores_of(model:state_of(batch.support), batch.query):totable(), 0
    for _, task in ipairs(batch.tasks) do
      local own = double.users.tasks { ratings = world.all, users = world.test, bags = world.bags,
        support = 5, query = 4, seed = 3, short_supports = 0.5 }:draw(1, { task })
      for _, value in ipairs(model:scores_of(model:state_of(own.support), own.query):totable()) do
        row = row + 1
        assert.near(all[row], value, 1e-12)
      end
    end
  end)

  it("draws a task's noise by its key, whatever the batch, the same each time", function()
    local model = lively(double, world.catalogue, { cluster_weight = 0 })
    local source = double.users.tasks { ratings = world.all, users = world.test, bags = world.bags,
      support = 5, query = 4, seed = 3 }
    local list = { table.unpack(world.test, 1, 6) }
    local batch, sum = source:draw(2, list), 0
    local loss = model:loss(batch):item()
    assert.equal(loss, model:loss(batch):item())
    for _, task in ipairs(list) do
      sum = sum + model:loss(source:draw(2, { task })):item() / #list
    end
    assert.near(sum, loss, 1e-11)
    batch.draw = 3 -- the same rows, other noise
    assert.truthy(math.abs(model:loss(batch):item() - loss) > 1e-6)
  end)
end)

describe("a model of TaNP", function()
  local world = people.data(cmml, { users = 60, items = 16, rated = 10 })
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local function trained(changes, of_model)
    local model = cmml.recommenders.tanp(world.catalogue, options(of_model))
    cmml.train(model, world, people.training(changes))
    return model
  end

  it("is saved and loaded, and serves any number of ratings", function()
    for _, customisation in ipairs { "film", "gating" } do
      local model = trained({ epochs = 1 }, { customisation = customisation })
      assert(model:save(folder .. "/m.safetensors"))
      local loaded = assert(cmml.load(folder .. "/m.safetensors"))
      assert.equal(people.bits(model), people.bits(loaded))
      assert.equal(customisation, loaded.options.customisation)
      local support = {}
      for n = 0, 10 do
        assert.same(model:adapt(support):predict { "f1", "f2" },
          loaded:adapt(support):predict { "f1", "f2" })
        support[n + 1] = { "f" .. n + 3, n % 2 == 0 and 5 or 1 }
      end
      assert.equal(3, #loaded:adapt(support):recommend { n = 3 })
    end
  end)

  it("resumes bit for bit", function()
    local whole = people.bits(trained { out = folder .. "/whole" })
    trained { out = folder .. "/cut", epochs = 2 }
    assert.equal(whole, people.bits(trained { out = folder .. "/cut", resume = true }))
  end)

  it("has the same bits on any number of threads", function()
    assert.equal(people.bits(trained { shards = 2, epochs = 2 }),
      people.bits(trained { shards = 2, threads = 2, epochs = 2 }))
  end)

  it("scores records of new items: their fields count, and a learnt vector goes to its item",
    function()
      local model = trained { epochs = 2 }
      local person = model:adapt { { "f1", 5 }, { "f2", 1 }, { "f5", 5 } }
      local known = { "f3", "f4" }
      local expected = person:predict(known)
      local found = person:predict { { id = "f3", kind = "loud", tags = { "tag3", "tag0" } },
        { id = "new", kind = "calm", tags = { "tag4", "tag1" } } }
      assert.near(expected[1], found[1], 1e-5)
      assert.truthy(math.abs(expected[2] - found[2]) > 1e-5) -- has no vector of its own
      cmml.no_grad(function()
        local items = model.module.items.weight
        items:copy_(items * 0)
      end)
      person = model:adapt { { "f1", 5 } }
      assert.is_true(close.difference(person:predict({ "f4" })[1], person:predict {
        { id = "new", kind = "calm", tags = { "tag4", "tag1" } } }[1]) < 1e-6)
    end)

  it("learns what only the support tells", function()
    local crowd = people.data(cmml)
    local model = cmml.recommenders.tanp(crowd.catalogue, { preset = "published-code",
      item_width = 8 })
    cmml.train(model, crowd, people.training { epochs = 80, batch = 8, lr = 3e-3 })
    local means = cmml.recommenders.item_user_mean(crowd.catalogue)
    means:fit { ratings = crowd.ratings, users = crowd.train }
    local found = cmml.evaluate({ model, means }, cmml.users.tasks { ratings = crowd.all,
      users = crowd.test, bags = crowd.bags, support = 8, query = 4, seed = 77 })
    assert.truthy(found[1].mae.mean < 0.5 * found[2].mae.mean, found[1].mae.mean)
  end)

  it("refuses options that make no sense, and items of which nothing is read", function()
    local function refused(text, changes)
      told.with_text(text, cmml.recommenders.tanp, world.catalogue, options(changes))
    end
    refused("tanp: latent must be at least 1, but is 0", { latent = 0 })
    refused("decoder is empty: leave it out, or give at least one", { decoder = {} })
    refused("slots must be at least 1, but is 0", { slots = 0 })
    refused("freedom must be above 0, but is 0", { freedom = 0 })
    refused("kl_weight must be a finite number, but is inf", { kl_weight = math.huge })
    refused('customisation "fim" is not known; did you mean film?', { customisation = "fim" })
    local bare = assert(cmml.cold_users(cmml.dataset { schema = cmml.data.schema {},
      ratings = { { "u", "a", 5 }, { "v", "a", 3 }, { "w", "b", 1 } } }, { valid = 0 }))
    told.with_text("tanp: the catalogue has no content features: give item_width",
      cmml.recommenders.tanp, bare.catalogue, options { item_width = 0 })
    assert.equal(1, #cmml.recommenders.tanp(bare.catalogue, options()):adapt({ { "a", 4 } })
      :predict { "b" })
  end)
end)
