-- MetaCS-DNN as a kind: what a task changes of the embeddings is its own; files and serving. The
-- steps themselves are held against known answers by `make golden`.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"

local data = people.data(cmml, { users = 60, items = 20, rated = 10 })
local support = { { "f1", 5 }, { "f2", 1 }, { "f4", 1.5 } }

local metacs = people.maker("metacs", { width = 4, hidden = { 8, 8 }, seed = 3 }, cmml,
  data.catalogue)

describe("rows of tasks", function()
  local c = cmml.double
  local bag = { ids = c.ids { 2, 3, 1, 0, 2 }, segments = c.segments { 2, 1, 1, 1 } }

  it("are the table's to begin with, and each task's own from then on", function()
    local weights = c.tensor { { 1, 10 }, { 2, 20 }, { 3, 30 } }
    local rows = c.task_rows(bag, c.ids { 1, 4, 2 }, c.segments { 2, 1 })
    assert.same({ 2, 3, 1 }, rows.ids:totable())
    assert.same({ 1, 1, 2 }, rows.owners:totable())
    local start = rows:start(weights)
    assert.same({ { 2.5, 25 }, { 2, 20 }, { 1, 10 } }, rows:look_up(start, true):totable())
    local changed = start + c.tensor { { 100 }, { 0 }, { 1000 } }
    -- the first task changed 2, the second 1; neither sees what the other did
    local beside = rows:beside(bag, c.ids { 4, 2, 4, 2, 3 }, c.segments { 2, 3 })
    assert.same({ { 102, 120 }, { 1, 10 }, { 2, 20 }, { 1001, 1010 }, { 0, 0 } },
      beside:look_up(changed, true, weights):totable())
  end)
end)

describe("MetaCS-DNN", function()
  it("has the settings of CMML's released code and of validation users as presets", function()
    local presets = cmml.kinds.find("metacs", "users").presets
    local code, own = presets["published-code"], presets.recommended
    assert.same({ 32, { 64, 64 }, 5, { 0.01 }, 3e-4, 10, 32, 30, 0 }, { code.model.width,
      code.model.hidden, code.model.inner_steps, code.model.inner_rate, code.training.lr,
      code.training.clip, code.training.batch, code.training.epochs, code.training.patience })
    assert.same({ 1e-3, 100, 10 }, { own.training.lr, own.training.epochs, own.training.patience })
    assert.is_nil(presets.published) -- the paper says too little for one
  end)

  it("leaves its tables as they are, whoever adapts", function()
    local model = metacs { inner_rate = { 0.1 } }
    local before = people.bits(model)
    local alone = model:adapt(support):predict { "f3", "f2", "f9" }
    local rows = model.setting.read_support(model, support, { unknown = "error" }).rows
    assert.equal(before, people.bits(model))
    assert.equal(3, #rows.items)
    assert.same(alone, model:adapt(support):predict { "f3", "f2", "f9" })
    assert.not_same(alone, model:adapt({}):predict { "f3", "f2", "f9" })
  end)

  it("adapts a person as it does beside others", function()
    local model = metacs { inner_rate = { 0.1 } }
    local tasks = cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags,
      support = 5, query = 3 }
    local people_ = { data.test[1], data.test[2], data.test[3] }
    local all = tasks:draw(1, people_)
    local scores = model:scores_of(model:state_of(all.support), all.query):totable()
    local at = 0
    for _, row in ipairs(people_) do
      local one = tasks:draw(1, { row })
      for _, score in ipairs(model:scores_of(model:state_of(one.support), one.query):totable()) do
        at = at + 1
        assert.near(score, scores[at], 1e-5)
      end
    end
    assert.equal(#scores, at)
  end)

  it("changes what MeLU leaves: an embedding that only the support names", function()
    local found = {}
    for _, name in ipairs { "melu", "metacs" } do
      local model = cmml.recommenders[name](data.catalogue, { width = 4, hidden = { 3 }, seed = 3,
        inner_rate = { 0.1 }, inner_steps = 1 })
      local still = cmml.recommenders[name](data.catalogue, { width = 4, hidden = { 3 }, seed = 3,
        inner_steps = 0 })
      assert.same(still:adapt(support):predict { "f9" }, model:adapt({}):predict { "f9" })
      found[name] = model:adapt(support):predict { "f9" }[1]
    end
    assert.not_equal(found.melu, found.metacs)
  end)

  it("takes the same steps by one op as recorded, and gives the same gradients", function()
    local double = cmml.double
    local world = people.data(double, { users = 20, items = 12, rated = 9 })
    local batch = double.users.tasks({ ratings = world.all, users = world.test, bags = world.bags,
      support = 6, query = 3 }):batches(1)()
    for _, options in ipairs { {}, { activation = "leaky_relu" }, { rates = "layer" },
      { order = "first" }, { read_users = false }, { loss = "absolute" } } do
      local found = {}
      for i, form in ipairs { "fast", "generic" } do
        options.form, options.inner_rate, options.inner_steps = form, { 0.1 }, 3
        local model = metacs(options, double, world.catalogue)
        local points = {}
        for k, pair in ipairs(model.module:named_parameters()) do
          points[k] = pair[2]
        end
        local loss = model:loss(batch)
        found[i] = { loss, table.unpack(double.grad(loss, points)) }
      end
      for k, value in ipairs(found[1]) do
        assert.near(0, (value - found[2][k]):abs():max():item(), 1e-12)
      end
    end
  end)

  it("takes the same steps by one op whatever tasks and bags are empty", function()
    local c = cmml.double
    local core = c.core
    local genre = { ids = core.ids { 1, 2, 3 }, segments = core.segments { 2, 0, 1, 0 } }
    local year, person = { ids = core.ids { 1, 2, 3, 1 } }, { ids = core.ids { 1, 2, 1 } }
    local function parts_of(items, segments)
      local persons, ones = {}, {}
      for task = 1, #segments do
        persons[task], ones[task] = task, 1
      end
      return { { names = { "genre", "year" }, bags = { genre, year }, rows = core.ids(items),
        tasks = segments }, { names = { "person" }, bags = { person }, rows = core.ids(persons),
        tasks = core.segments(ones), repeated = segments } }
    end
    for _, case in ipairs { { { 1, 2, 3 }, { 0, 3 } }, { { 2, 4 }, { 1, 1 } }, { {}, { 0, 0 } },
      { { 1 }, { 1 } }, { {}, {} }, { { 1, 1, 1, 3 }, { 3, 1, 0 } } } do
      local items, segments, query, lengths = case[1], core.segments(case[2]), {}, {}
      for task = 1, #segments do
        table.move({ 1, 2, 3, 4 }, 1, 4, #query + 1, query)
        lengths[task] = 4
      end
      local of_query, found = core.segments(lengths), {}
      for i, form in ipairs { "fast", "generic" } do
        local net = c.inner_network { fields = { { name = "genre", size = 4, multi = true },
          { name = "year", size = 3 }, { name = "person", size = 2 } }, width = 2,
          hidden = { 3, 2 }, inner_steps = 3, inner_rate = { 0.1 }, form = form,
          init = c.nn.init(1) }
        local points = {}
        for k, pair in ipairs(net:named_parameters()) do
          points[k] = pair[2]
        end
        local scores = net:adapt(parts_of(items, segments), c.uniform({ #items }, 1, 5,
          { seed = 3 }), segments, { losses = false })(parts_of(query, of_query), of_query)
        found[i] = { scores, table.unpack(c.grad(scores:square():sum(), points)) }
      end
      for k, value in ipairs(found[1]) do
        assert.same(found[2][k].shape, value.shape)
        assert.near(0, value.count > 0 and (value - found[2][k]):abs():max():item() or 0, 1e-12)
      end
    end
  end)

  it("is differentiated through, to its embeddings, by derivatives of second order", function()
    local double = cmml.double
    local world = people.data(double, { users = 20, items = 8, rated = 5 })
    for _, rates in ipairs { "fixed", "weight" } do
      local model = metacs({ width = 1, hidden = { 2 }, activation = "tanh", inner_rate = { 0.1 },
        inner_steps = 2, rates = rates }, double, world.catalogue)
      local batch = double.users.tasks({ ratings = world.all, users = world.test,
        bags = world.bags, support = 3, query = 2 }):batches(1)()
      local names, points = {}, {}
      for i, pair in ipairs(model.module:named_parameters()) do
        names[i], points[i] = pair[1], pair[2]:detach()
      end
      assert.is_true(double.gradcheck(function(c, ...)
        local values = {}
        for i, value in ipairs { ... } do
          values[names[i]] = value
        end
        local other = c.nn.functional(model.module, values)
        other.embedding.of_field = {}
        for _, name in ipairs(other.embedding.registered) do
          other.embedding.of_field[name] = other.embedding[name]
        end
        return setmetatable({ module = other }, { __index = model }):loss(batch)
      end, points))
    end
  end)

  it("is what it was after saving and loading, and on any number of threads", function()
    local folder = temporary.folder()
    for _, options in ipairs { {}, { rates = "layer", order = "first" }, { rates = "weight" },
      { loss = "absolute", read_users = false } } do
      local model = metacs(options)
      cmml.train(model, data, people.training { epochs = 1 })
      local path = folder .. "/metacs.safetensors"
      assert(model:save(path))
      local loaded = assert(cmml.load(path))
      assert.same(model:adapt(support):predict { "f3", "f6" },
        loaded:adapt(support):predict { "f3", "f6" })
    end
    temporary.remove(folder)
    local one, two = metacs(), metacs()
    cmml.train(one, data, people.training { shards = 3, epochs = 2 })
    cmml.train(two, data, people.training { shards = 3, threads = 2, epochs = 2 })
    assert.equal(people.bits(one), people.bits(two))
    local scores = one:adapt(support):predict { "f3",
      { id = "new", kind = "calm", tags = { "tag1" } } }
    assert.is_true(scores[2] == scores[2])
  end)

  it("reads numbers, and fields whose names modules have", function()
    local world = people.world { users = 30, items = 10, rated = 6 }
    for i, item in ipairs(world.items) do
      item.forward, item.price = item.kind, tostring(i)
    end
    world.schema = cmml.data.schema { item = { { "forward" }, { "price", kind = "number" } } }
    local numbers = assert(cmml.cold_users(cmml.dataset(world), { test_users = 0.2 }))
    for _, rates in ipairs { "fixed", "weight" } do
      local model = metacs({ rates = rates }, cmml, numbers.catalogue)
      cmml.train(model, numbers, people.training { epochs = 1 })
      assert.not_same(model:adapt({}):predict { "f3" }, model:adapt(support):predict { "f3" })
      local still = metacs({ inner_steps = 0 }, cmml, numbers.catalogue)
      local begun = metacs({}, cmml, numbers.catalogue)
      assert.near(still:adapt(support):predict({ "f3" })[1], begun:adapt({}):predict({ "f3" })[1],
        1e-6)
    end
  end)

  it("learns what only the support can tell", function()
    local tasks = cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags,
      support = 6, query = 4 }
    local models = { metacs { inner_rate = { 0.05 } }, metacs { inner_steps = 0 } }
    for _, model in ipairs(models) do
      cmml.train(model, data, people.training { epochs = 25 })
    end
    local found = cmml.evaluate(models, tasks)
    assert.is_true(found[1].mae.mean < 0.8 * found[2].mae.mean)
  end)

  it("leaves a task out that diverges, and serves it by the weights of the start", function()
    local model = metacs { inner_rate = { 1.5 }, inner_steps = 8, hidden = { 16, 16 } }
    local told = {}
    cmml.train(model, data, people.training { epochs = 2, lr = 1e-5, on_epoch = function(state)
      told[#told + 1] = state.left_out
    end })
    assert.is_true(#told > 0)
    assert.matches("^metacs: task %d+ of a batch %(row %d+%) diverged", told[1].text)
    local wild = metacs { inner_rate = { 100 }, inner_steps = 60 }
    local person = wild:adapt(support)
    assert.equal(1, #person.state.diverged)
    assert.same(wild:adapt({}):predict { "f3" }, person:predict { "f3" })
  end)

  it("finds a loss that is not finite where the weights stay finite, in both forms", function()
    local found, labels = {}, cmml.tensor { 1, 2, 1e25 } -- whose square is none of float32's
    for i, form in ipairs { "fast", "generic" } do
      local net = cmml.inner_network { fields = { { name = "year", size = 3 } }, width = 2,
        hidden = { 3, 2 }, inner_steps = 3, inner_rate = { 1e-25 }, form = form }
      local segments = cmml.segments { 1, 2 }
      local adapted = net:adapt({ { names = { "year" }, bags = { { ids = cmml.ids { 1, 2, 3 } } },
        rows = cmml.ids { 1, 2, 3 }, tasks = segments } }, labels, segments, { losses = false })
      found[i] = adapted.diverged
    end
    assert.same({ { task = 2, step = 1, loss = math.huge } }, found[2])
    assert.same(found[2], found[1])
  end)

  it("refuses what does not fit", function()
    refused("inner_rate has 2 rates for the embeddings and 3 layers", metacs,
      { inner_rate = { 1, 2 } })
    for text, options in pairs { ["each weight has a rate"] = { rates = "weight" },
      ["there are 3 hidden layers, not 2"] = { hidden = { 4, 4, 4 } },
      ["the activation is tanh"] = { activation = "tanh" },
      ["rates are learnt"] = { rates = "layer", order = "first" } } do
      options.form = "fast"
      refused("form fast does not fit: " .. text, metacs, options)
    end
    refused("inner_steps must be from 0 to 1000", metacs, { inner_steps = 1.5e3 // 1 | 0 })
    local bare = cmml.dataset { schema = cmml.data.schema {}, ratings = { { "u", "a", 5 } },
      items = { { id = "a" } } }
    refused("metacs: the catalogue has no content features", cmml.recommenders.metacs,
      bare:catalogue { 1 })
  end)
end)
