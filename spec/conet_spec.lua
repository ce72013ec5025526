-- CoNet: training per scenario beside the same for one scenario alone with layers and an optimiser
-- of its own, and what it does as a kind. Its network is in cross_connections_spec.lua.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local temporary = require "spec.support.temporary"
local double = cmml.double

-- A world of two domains, its split, and a catalogue with vectors of 6 numbers.
local function world_of(c, options)
  options = options or { outside = 40 }
  local data = scenario_world.data(c, options)
  local split = data:split { seed = 3 }
  return split, split:catalogue(split:vectors { factors = 6, iterations = 3 }), data
end

local small = { layers = { 5, 3 }, inner_steps = 6, inner_lr = 0.02 }
local function with(changes)
  local all = {}
  for _, source in ipairs { small, changes or {} } do
    for key, value in pairs(source) do
      all[key] = value
    end
  end
  return all
end

-- The support of one task of several, as Rows of one task.
local function alone(c, support, task)
  local lengths, first = support.segments:totable(), 0
  for t = 1, task - 1 do
    first = first + lengths[t]
  end
  local function cut(ids)
    return c.ids(table.move(ids:totable(), first + 1, first + lengths[task], 1, {}))
  end
  return { segments = c.segments { lengths[task] }, users = cut(support.users),
    items = cut(support.items), labels = support.labels:slice(1, first + 1, first + lengths[task]) }
end

describe("CoNet per scenario", function()
  it("trains as layers and an optimiser of its own would for each scenario alone", function()
    local split, catalogue = world_of(double)
    local options = with { sparse_ratio = 0.02, inner_clip = 0.05, inner_decay = 0.01,
      source_negatives = 2, seed = 4 }
    local model = double.recommenders.conet(catalogue, options)
    local batch = split:tasks({ scenarios = "test", query = 0, support = 12,
      support_negatives = 12 }):batches(1)()
    local state = model:state_of(batch.support)
    assert.same({}, state.diverged)
    assert.is_false(state.weights.target[1].weight.tracked)
    local source = catalogue.source
    local place = {}
    for k, row in ipairs(source.domain:totable()) do
      place[row] = k
    end
    local own = {}
    for i, row in ipairs(source.items:totable()) do
      own[i] = place[row]
    end
    local taken = { users = source.users, items = double.ids(own) }
    local users, items = catalogue.users.vectors.cf, catalogue.items.vectors.cf
    local of_source = double.concat({ items:gather_rows(source.domain), double.zeros { 1, 6 } }, 1)
    for task = 1, 2 do
      local support = alone(double, batch.support, task)
      local network = double.cross_connections { inp = 12, layers = { 5, 3 },
        init = double.nn.init(4) }
      local optimizer = double.optim.adam(network, { lr = 0.02, clip = 0.05, weight_decay = 0.01 })
      local x = double.concat { users:gather_rows(support.users),
        items:gather_rows(support.items) }
      for step = 1, 6 do
        local places, labels = double.core.draw_source_items(taken, 40, support.users,
          support.items, { seed = 4, draw = step, negatives = 2 })
        local beside = double.concat { users:gather_rows(support.users),
          of_source:gather_rows(places) }
        local a, b = network.logits(x, beside, network:weights(), support.segments)
        optimizer:backward(double.bce_with_logits(a, support.labels)
          + double.bce_with_logits(b, labels)
          + network.sparsity(network:weights()) * 0.02)
        optimizer:step()
      end
      for name, list in pairs(network:weights()) do
        for l, layer in ipairs(list.weight and { list } or list) do
          local found = list.weight and state.weights[name] or state.weights[name][l]
          for key, value in pairs(layer) do
            local difference = found[key]:slice(1, task, task):reshape(value.shape) - value
            assert.is_true(difference:abs():max():item() < 1e-12)
          end
        end
      end
    end
  end)

  local split, catalogue, data = world_of(cmml)
  local tasks = split:tasks { scenarios = "test", query = 0, support = 12, support_negatives = 12 }
  local support = tasks:batches(1)().support

  local function first_layer(state, task)
    return state.weights.target[1].weight:slice(1, task, task):reshape({ -1 }):totable()
  end

  it("is the same whatever stands beside a task or a row, and each time", function()
    for _, seed in ipairs { 1, 2 } do
      local model = cmml.recommenders.conet(catalogue, with { seed = seed })
      local state, one = model:state_of(support), model:state_of(alone(cmml, support, 2))
      local both, own = first_layer(state, 2), first_layer(one, 1)
      for i in ipairs(both) do
        assert.near(both[i], own[i], 1e-5)
      end
      local function rows(users, items)
        return { segments = cmml.segments { #users }, users = cmml.ids(users),
          items = cmml.ids(items) }
      end
      local scores = model:scores_of(one, rows({ 1, 2, 3, 1 }, { 5, 6, 7, 8 })):totable()
      local third = model:scores_of(one, rows({ 3 }, { 7 })):totable()
      assert.near(scores[3], third[1], 1e-5)
      local again = cmml.recommenders.conet(catalogue, with { seed = seed })
      assert.same(scores, again:scores_of(again:state_of(alone(cmml, support, 2)),
        rows({ 1, 2, 3, 1 }, { 5, 6, 7, 8 })):totable())
      local other = cmml.recommenders.conet(catalogue, with { seed = 3 })
      assert.is_true(first_layer(other:state_of(support), 2)[1] ~= both[1])
    end
  end)

  it("leaves the start where the support is empty, whatever else is adapted to", function()
    local model = cmml.recommenders.conet(catalogue, with { sparse_ratio = 1 })
    local start = model.network:weights().target[1].weight:reshape({ -1 }):totable()
    local lengths, rows = support.segments:totable(), {}
    for key, value in pairs(support) do
      rows[key] = value
    end
    table.insert(lengths, 2, 0)
    rows.segments = cmml.segments(lengths)
    local state = model:state_of(rows)
    assert.same(start, first_layer(state, 2))
    assert.is_true(first_layer(state, 1)[1] ~= start[1])
    assert.same(start, first_layer(model:adapt({}).state, 1))
    assert.is_true(model:adapt({}):predict({ "i1" }, { user = "u1" })[1] ~= nil)
  end)

  it("names scenarios whose training diverges, which have the start", function()
    local model = cmml.recommenders.conet(catalogue, with { inner_lr = 1e38, inner_steps = 3 })
    local state = model:state_of(support)
    assert.equal(#support.segments, #state.diverged)
    assert.equal(1, state.diverged[1].task)
    assert.same(model.network:weights().target[1].weight:reshape({ -1 }):totable(),
      first_layer(state, 1))
  end)

  it("gives a person without source items the padding row", function()
    local source, lengths = {}, catalogue.source.users:totable()
    for key, value in pairs(catalogue.source) do
      source[key] = value
    end
    local items = source.items:totable()
    table.move(items, lengths[1] + 1, #items + lengths[1], 1) -- those of the first user
    lengths[1] = 0
    source.users, source.items = cmml.segments(lengths), cmml.ids(items)
    local own = cmml.scenarios.catalogue { users = data.users, items = data.items, source = source,
      vectors = split:vectors { factors = 6, iterations = 3 } }
    local user, item = own.users.vectors.cf:slice(1, 1, 1), own.items.vectors.cf:slice(1, 9, 9)
    local model = cmml.recommenders.conet(own, small)
    local network = model.network
    local score = model:scores_of(model:adapt({}).state, { segments = cmml.segments { 1 },
      users = cmml.ids { 1 }, items = cmml.ids { 9 } }):item()
    local expected = network.logits(cmml.concat { user, item },
      cmml.concat { user, cmml.zeros { 1, 6 } }, network:weights(), cmml.segments { 1 }):item()
    assert.near(expected, score, 1e-5)
  end)

  it("learns what a support says: its positives stand above its negatives", function()
    local model = cmml.recommenders.conet(catalogue, { inner_steps = 200, inner_lr = 0.01,
      sparse_ratio = 0 })
    local scores, at = model:scores_of(model:state_of(support), support):totable(), 0
    local labels = support.labels:totable()
    for _, length in ipairs(support.segments:totable()) do
      local sums, counts = { [0] = 0, 0 }, { [0] = 0, 0 }
      for i = at + 1, at + length do
        local label = math.tointeger(labels[i])
        sums[label], counts[label] = sums[label] + scores[i], counts[label] + 1
      end
      at = at + length
      assert.is_true(sums[1] / counts[1] > sums[0] / counts[0] + 1)
    end
  end)

  it("draws negatives from the catalogue where a support has none, and learns nothing without "
    .. "positives", function()
    local model = cmml.recommenders.conet(catalogue, { inner_steps = 150, inner_lr = 0.01 })
    local liked, passed = {}, {}
    for k = 1, 12 do
      liked[k], passed[k] = { "u" .. 4 * k, "i" .. 4 * k, 1 }, { "u" .. 4 * k, "i" .. 4 * k, 0 }
    end
    local adapted, above, count = model:adapt(liked), 0, 0
    for k = 1, 12 do
      local scores = adapted:predict({ "i" .. 4 * k, "i" .. 4 * k + 1, "i" .. 4 * k + 2 },
        { user = "u" .. 4 * k })
      for other = 2, 3 do
        above, count = above + (scores[1] > scores[other] and 1 or 0), count + 1
      end
    end
    assert.is_true(above / count > 0.75)
    local start = model.network:weights().target[1].weight:reshape({ -1 }):totable()
    assert.same(start, first_layer(model:adapt(passed).state, 1))
  end)

  it("is evaluated, saved and loaded like any kind; a file has no weights, but the source domain",
    function()
      local model = cmml.recommenders.conet(catalogue, with { seed = 3 })
      local found = cmml.evaluate({ model }, split, { metrics = { "auc" }, max_users = 10 })
      assert.is_true(found[1].auc.mean > 0.4)
      local path = os.tmpname()
      assert(model:save(path))
      local loaded = assert(cmml.load(path))
      local core = cmml.core
      local archive = assert(core.read_archive(path))
      archive.metadata.config = archive.metadata.config:gsub('"sparse_ratio":[^,}]*,', "")
      for i, entry in ipairs(archive.tensors) do
        archive.tensors[i] = { name = entry.name, value = entry.value }
      end
      assert(core.write_archive(path, archive.tensors, archive.metadata))
      local _, message = cmml.load(path)
      os.remove(path)
      assert.matches("the option sparse_ratio is missing", message)
      assert.same({}, loaded:tensors())
      assert.equal(3, loaded.options.seed)
      local liked = { { "u1", "i1", 1 }, { "u2", "i7", 1 }, { "u1", "i3", 0 } }
      local function predicted(of)
        return of:adapt(liked):predict({ "i1", "i2", "i150" }, { user = "u5" })
      end
      assert.same(predicted(model), predicted(loaded))
      assert.equal(3, #loaded:adapt(liked):recommend { user = "u4", n = 3 })
    end)

  it("refuses a catalogue without a source domain, and options out of bounds", function()
    local _, apart = world_of(cmml, {})
    refused("conet: there is no source domain: every item lies in a scenario",
      cmml.recommenders.conet, apart)
    refused("conet: the catalogue has no vectors", cmml.recommenders.conet, split:catalogue())
    for text, options in pairs {
      ["inner_steps must be from 0 to 100000, but is -1"] = { inner_steps = -1 },
      ["inner_lr must be at least 0"] = { inner_lr = -1 },
      ["inner_lr"] = { inner_lr = 0 / 0 },
      ["layers"] = { layers = { 0 } },
      ["source_negatives must be from 0 to"] = { source_negatives = -1 },
    } do
      refused(text, cmml.recommenders.conet, catalogue, options)
    end
  end)

  it("runs with several seeds in experiments, as what starts from random weights", function()
    assert.is_true(cmml.recommenders.conet(catalogue).seeded)
    assert.is_true(cmml.recommenders.conet_pooled(catalogue).seeded)
    assert.is_false(cmml.recommenders.popularity(catalogue).seeded)
    local folder = temporary.folder()
    cmml.experiment { setting = "scenarios", seeds = 2, quick = true, draws = 1, resamples = 20,
      metrics = "auc", out = folder, rows = { { row = "a", kind = "conet",
      model = { inner_steps = 3 } }, { row = "p", kind = "popularity" } } }
    local text = assert(cmml.core.read_file(folder .. "/results.csv"))
    temporary.remove(folder)
    local means = {}
    for row, seed, mean in text:gmatch "made[^\n]*,([ap]),([^,]+),auc,([^,]+)" do
      means[row .. " " .. seed] = mean
    end
    assert.truthy(means["a 1"] and means["a 2"] and means["p any"], text)
    assert.is_true(means["a 1"] ~= means["a 2"])
  end)
end)

describe("pooled CoNet", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local split, catalogue = world_of(cmml)
  local options = { layers = { 8, 4 }, sparse_ratio = 0.01 }
  local training = { batch = 4, query = 16, query_negatives = 2, lr = 5e-3, epochs = 2, rounds = 2,
    patience = 0 }

  it("minimises the cross entropy of both domains and the transfer weights", function()
    local of, own = world_of(double)
    local model = double.recommenders.conet_pooled(own, options)
    local batch = of:tasks({ query = 5, query_negatives = 2, support = 4 }):batches(3)()
    local sum, query = 0, batch.query
    local users, positives = query.users:totable(), query.positives:totable()
    local negatives, at = query.negatives:totable(), 0
    local source, network = own.source, model.network
    local vectors = own.items.vectors.cf
    local place = {}
    for k, row in ipairs(source.domain:totable()) do
      place[row] = k
    end
    local items = {}
    for i, row in ipairs(source.items:totable()) do
      items[i] = place[row]
    end
    local taken = { users = source.users, items = double.ids(items) }
    local function one(user, item, label)
      local places, labels = double.core.draw_source_items(taken, 40, double.ids { user },
        double.ids { item }, { seed = batch.seed, draw = batch.draw, negatives = 1 })
      local row = places:totable()[1]
      local other = row > 40 and double.zeros { 1, 6 }
        or vectors:gather_rows(double.ids { source.domain:totable()[row] })
      local of_user = own.users.vectors.cf:gather_rows(double.ids { user })
      local own_item = vectors:gather_rows(double.ids { item })
      local a, b = network.logits(double.concat { of_user, own_item },
        double.concat { of_user, other }, network:weights(), double.segments { 1 })
      return double.bce_with_logits(a, double.tensor { label }):item()
        + double.bce_with_logits(b, labels):item()
    end
    for _, length in ipairs(query.segments:totable()) do
      local own_sum = 0
      for i = at + 1, at + length do
        own_sum = own_sum + one(users[i], positives[i], 1)
        for k = 1, 2 do
          own_sum = own_sum + one(users[i], negatives[2 * (i - 1) + k], 0)
        end
      end
      at = at + length
      sum = sum + own_sum / (3 * length)
    end
    local expected = sum / #query.segments
      + 0.01 * network.sparsity(network:weights()):item()
    assert.near(expected, model:loss(batch):item(), 1e-10)
  end)

  it("learns, is resumed bit for bit, and computed by several threads", function()
    local function run(changes)
      local model = cmml.recommenders.conet_pooled(catalogue, options)
      local opt = {}
      for _, source in ipairs { training, changes or {} } do
        for key, value in pairs(source) do
          opt[key] = value
        end
      end
      return model, cmml.train(model, split, opt)
    end
    local model, result = run { shards = 2, threads = 2 }
    assert.equal("epochs", result.stopped)
    run { shards = 2, out = folder .. "/run", epochs = 1 }
    local resumed = run { shards = 2, out = folder .. "/run", resume = true }
    for name, tensor in model.module:parameters() do
      for other, value in resumed.module:parameters() do
        if name == other then
          assert.same(tensor:reshape({ -1 }):totable(), value:reshape({ -1 }):totable())
        end
      end
    end
    local trained = run { epochs = 15, rounds = 6 }
    local found = cmml.evaluate({ trained, cmml.recommenders.conet_pooled(catalogue, options) },
      split, { metrics = { "auc" } })
    assert.is_true(found[1].auc.mean > 0.55)
    assert.is_true(found[1].auc.mean > found[2].auc.mean)
  end)

  it("makes transfer weights sparse where these cost enough", function()
    local function sparsity(ratio)
      local model = cmml.recommenders.conet_pooled(catalogue, { layers = { 8, 4 },
        sparse_ratio = ratio })
      cmml.train(model, split, training)
      return model.network.sparsity(model.network:weights()):item()
    end
    assert.is_true(sparsity(1) < 0.8 * sparsity(0))
  end)

  it("is saved, loaded and held over another catalogue", function()
    local model = cmml.recommenders.conet_pooled(catalogue, options)
    local path = folder .. "/model.safetensors"
    assert(model:save(path))
    local loaded = assert(cmml.load(path))
    local function predicted(of)
      return of:adapt({}):predict({ "i1", "i2", "i150" }, { user = "u5" })
    end
    assert.same(predicted(model), predicted(loaded))
    assert.same(predicted(model), predicted(model:over(catalogue)))
    local other = split:catalogue(split:vectors { factors = 4, iterations = 1 })
    refused("the model reads vectors of 6 numbers", model.over, model, other)
    local bare = cmml.scenarios.catalogue { users = split.data.users, items = split.data.items,
      vectors = split:vectors { factors = 6, iterations = 1 } }
    refused("conet_pooled: the catalogue has no source domain", model.over, model, bare)
  end)
end)
