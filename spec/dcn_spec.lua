-- DCN: its scores and losses by hand, gradients by finite differences, training, files, bad input.
local cmml = require "cmml"
local close = require "spec.support.close"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local temporary = require "spec.support.temporary"
local core = cmml.core

local sizes = { width = 3, project = 5, cross = 3, deep = { 4, 2 }, cross_deviation = 0.5 }

local function with(changes, left_out)
  local all = {}
  for key, value in pairs(sizes) do
    all[key] = key ~= left_out and value or nil
  end
  for key, value in pairs(changes or {}) do
    all[key] = value
  end
  return all
end

local data = people.data(cmml, { users = 40, items = 16, rated = 8 })

local function ratings_batch(library, of)
  return library.users.tasks { ratings = of.ratings, users = of.train, bags = of.bags,
    support = 4, query = 3, batch = 5, seed = 5 }:batches(1)()
end

local split = scenario_world.data(cmml):split { seed = 2 }
local vectors = cmml.vectors.als { ratings = split.background, n_items = #split.data.items,
  factors = 4 }
local catalogue = split:catalogue(vectors)

local function pairs_batch(of)
  return of:tasks { support = 6, support_negatives = 6, query = 5, batch = 4 }:batches(1)()
end

-- w x + b of plain lists.
local function map(x, layer)
  local y, weight = {}, layer.weight:totable()
  local bias = layer.bias:totable()
  for i, row in ipairs(weight) do
    y[i] = bias[i]
    for k, value in ipairs(row) do
      y[i] = y[i] + value * x[k]
    end
  end
  return y
end

-- The score of a row x_0, as the paper has it.
local function score_by_hand(network, x)
  local weight = network.cross_weight and network.cross_weight:totable() or {}
  local bias = network.cross_bias and network.cross_bias:totable() or {}
  local cross, deep = x, x
  for l, w in ipairs(weight) do
    local product, next_one = 0, {}
    for k, value in ipairs(cross) do
      product = product + value * w[k]
    end
    for k, value in ipairs(cross) do
      next_one[k] = x[k] * product + bias[l][k] + value
    end
    cross = next_one
  end
  for layer = 0, network.deep and network.deep.depth - 1 or -1 do
    deep = map(deep, network.deep[tostring(layer)])
    for k, value in ipairs(deep) do
      deep[k] = math.max(0, value)
    end
  end
  local both = table.move(deep, 1, #deep, 1, {})
  return map(table.move(cross, 1, #cross, #both + 1, both), network.out)[1]
end

-- The rows x_0 of ratings: mapped vectors of the item's fields, then of the person's.
local function rows_by_hand(model, rows)
  local module, side = model.module, model.catalogue
  local items = module.embedding(side.items:field_names(), side.items.bags, rows.items)
  local users = module.embedding(side.users:field_names(), rows.people.bags, rows.people.rows)
  local list = {}
  for i, x in ipairs(core.concat({ items, users:segment_expand(rows.segments) }):totable()) do
    list[i] = map(x, module.project)
  end
  return list
end

local function scores_by_hand(model, rows)
  local scores = {}
  for i, x in ipairs(rows_by_hand(model, rows)) do
    scores[i] = score_by_hand(model.module.network, x)
  end
  return scores
end

local shapes = { { "three cross layers", {} }, { "one cross layer", { cross = 1 } },
  { "no cross layer", { cross = 0 } }, { "no deep part", { deep = {} } },
  { "neither", { cross = 0, deep = {} } } }

describe("DCN on ratings", function()
  for _, shape in ipairs(shapes) do
    it(("scores as the paper says, with %s"):format(shape[1]), function()
      local model = cmml.recommenders.dcn(data.catalogue, with(shape[2]))
      local query = ratings_batch(cmml, data).query
      local found = model:scores_of(model:state_of(query), query)
      close.near_lists(scores_by_hand(model, query), found:totable(), 1e-5, "score")
    end)
  end

  it("learns from every rating of the batch, each task counting once", function()
    local model = cmml.recommenders.dcn(data.catalogue, with())
    local batch = ratings_batch(cmml, data)
    local errors, counts = {}, {}
    for _, rows in ipairs { batch.support, batch.query } do
      local labels, groups = rows.labels:totable(), rows.segments:groups():totable()
      for i, score in ipairs(scores_by_hand(model, rows)) do
        local task = groups[i]
        errors[task] = (errors[task] or 0) + (score - labels[i]) ^ 2
        counts[task] = (counts[task] or 0) + 1
      end
    end
    local sum = 0
    for task, error in ipairs(errors) do
      sum = sum + error / counts[task]
    end
    close.near(sum / #batch.query.segments, model:loss(batch):item(), 1e-4, "loss")
  end)

  it("does not read what people rated", function()
    local model = cmml.recommenders.dcn(data.catalogue, with())
    local support = { user = { age = "2" } }
    local before = model:adapt(support):predict { "f1", "f2", "f3" }
    support[1], support[2] = { "f1", 5 }, { "f2", 1 }
    assert.same(before, model:adapt(support):predict { "f1", "f2", "f3" })
  end)

  it("scores new items by their fields", function()
    local model = cmml.recommenders.dcn(data.catalogue, with())
    local person = model:adapt { { "f1", 5 } }
    local scores = person:predict { "f1", { id = "new", kind = "loud", tags = { "tag1" } } }
    close.near(scores[1], scores[2], 1e-5, "the same fields as f1")
  end)

  it("learns which films are loved by whom where fields tell it", function()
    local ratings, items, users = {}, {}, {}
    for i = 1, 12 do
      items[i] = { id = "f" .. i, kind = i % 2 == 0 and "calm" or "loud" }
    end
    for u = 1, 60 do
      users[u] = { id = "p" .. u, age = u % 2 == 0 and "old" or "young" }
      for i = 1, 12 do
        ratings[#ratings + 1] = { "p" .. u, "f" .. i, (u + i) % 2 == 0 and 5 or 1 }
      end
    end
    local told = assert(cmml.cold_users(cmml.dataset { name = "told", ratings = ratings,
      items = items, users = users, schema = cmml.data.schema { item = { { "kind" } },
        user = { { "age" } } } }, { test_users = 0.2, valid = 0.2 }))
    local model = cmml.recommenders.dcn(told.catalogue, with { cross_deviation = 0.1 })
    local result = cmml.train(model, told, { epochs = 40, batch = 8, lr = 0.02, patience = 0 })
    assert.is_true(result.best < 0.2, result.best)
  end)
end)

describe("DCN on scenarios", function()
  for _, shape in ipairs(shapes) do
    it(("scores as the paper says, with %s"):format(shape[1]), function()
      local model = cmml.recommenders.dcn(catalogue, { cross = shape[2].cross or 3,
        deep = shape[2].deep or { 4, 2 }, cross_deviation = 0.5 })
      local rows = core.paired_rows(pairs_batch(split).query)
      local users, items = vectors.users:totable(), vectors.items:totable()
      local wanted, of_users = {}, rows.users:totable()
      for i, item in ipairs(rows.items:totable()) do
        local x = table.move(items[item], 1, 4, 5, table.move(users[of_users[i]], 1, 4, 1, {}))
        wanted[i] = score_by_hand(model.module.network, x)
      end
      close.near_lists(wanted, model:scores_of(model:state_of(rows), rows):totable(), 1e-4,
        "score")
    end)
  end

  it("has the hinge loss of the query's pairs, or the one that is asked for", function()
    local batch = pairs_batch(split)
    for _, name in ipairs { "hinge", "bpr" } do
      local model = cmml.recommenders.dcn(catalogue, { seed = 3, loss = name ~= "hinge" and name
        or nil })
      local rows = core.paired_rows(batch.query)
      local scores = model:scores_of({}, rows)
      close.near(cmml.scenarios.pair_loss(name, scores, rows, batch.query.segments):item(),
        model:loss(batch):item(), 1e-5, name)
    end
  end)

  it("learns to rank", function()
    local model = cmml.recommenders.dcn(catalogue, { seed = 1 })
    local function auc()
      return cmml.evaluate({ model }, split, { metrics = { "auc" } })[1].auc.mean
    end
    cmml.train(model, split, { epochs = 6, lr = 0.01, steps = 20 })
    assert.is_true(auc() > 0.65, auc())
  end)

  it("goes over to vectors of more interactions, of the same width alone", function()
    local model = cmml.recommenders.dcn(catalogue, { seed = 1 })
    assert.equal(people.bits(model), people.bits(model:over(catalogue)))
    local narrow = cmml.vectors.als { ratings = split.background, n_items = #split.data.items,
      factors = 2 }
    refused("over: the catalogue has vectors of 2 numbers, but the model reads vectors of 4",
      model.over, model, split:catalogue(narrow))
  end)
end)

describe("DCN", function()
  it("has gradients that finite differences confirm, in double precision", function()
    local double = cmml.double
    local of = people.data(double, { users = 20, items = 10, rated = 6 })
    local world = scenario_world.data(double, { users = 40, items = 60, scenarios = 6, size = 30 })
    local of_world = world:split { seed = 1 }
    local given = double.vectors.als { ratings = of_world.background, n_items = #world.items,
      factors = 3, iterations = 3 }
    for _, case in ipairs {
      { double.recommenders.dcn(of.catalogue, with()), ratings_batch(double, of) },
      { double.recommenders.dcn(of_world:catalogue(given), { cross = 3, deep = { 4, 2 },
        cross_deviation = 0.5, loss = "bpr" }), pairs_batch(of_world) } } do
      local model, batch, names, values = case[1], case[2], {}, {}
      for i, pair in ipairs(model.module:named_parameters()) do
        names[i], values[i] = pair[1], pair[2]:detach()
      end
      assert.is_true(double.gradcheck(function(_, ...)
        local parameters = {}
        for i, value in ipairs { ... } do
          parameters[names[i]] = value
        end
        return setmetatable({ module = double.nn.functional(model.module, parameters) },
          { __index = model }):loss(batch)
      end, values))
    end
  end)

  it("serves from its file alone, with raw ids", function()
    local folder = temporary.folder()
    for _, case in ipairs {
      { cmml.recommenders.dcn(data.catalogue, with { seed = 4 }), { { "f1", 5 }, { "f2", 1 } } },
      { cmml.recommenders.dcn(catalogue, { seed = 4 }), { { "u1", "i1", 1 } }, "u5" } } do
      local model, support, user = table.unpack(case)
      local path = folder .. "/m.safetensors"
      assert(model:save(path))
      local loaded = assert(cmml.load(path))
      assert.equal(people.bits(model), people.bits(loaded))
      assert.same(model:adapt(support):recommend { n = 3, user = user },
        loaded:adapt(support):recommend { n = 3, user = user })
    end
    temporary.remove(folder)
  end)

  it("is trained in shards and resumed, bit for bit", function()
    local folder = temporary.folder()
    local function run(options)
      local fresh = cmml.recommenders.dcn(data.catalogue, with { seed = 2 })
      for key, value in pairs { shards = 2, threads = 2, batch = 8, patience = 0 } do
        options[key] = value
      end
      cmml.train(fresh, data, options)
      return people.bits(fresh)
    end
    run { out = folder .. "/run", epochs = 1 }
    assert.equal(run { epochs = 2 }, run { out = folder .. "/run", epochs = 2, resume = true })
    temporary.remove(folder)
  end)

  it("refuses what it cannot be made of", function()
    local make = cmml.recommenders.dcn
    refused("cross must be from 0 to 100, but is -1", make, data.catalogue, with { cross = -1 })
    refused("deep entry 1 must be at least 1, but is 0", make, data.catalogue,
      with { deep = { 0 } })
    refused("there is no preset x of dcn", make, data.catalogue, { preset = "x" })
    refused("unknown option loss", make, data.catalogue, with { loss = "hinge" })
    refused("the catalogue has no vectors", make, split:catalogue())
    local bare = cmml.dataset { name = "bare", ratings = { { "a", "x", 5 }, { "b", "x", 3 } },
      items = {}, users = {}, schema = cmml.data.schema {} }
    refused("the catalogue has no content features", make,
      assert(cmml.cold_users(bare, { test_users = 0.5, valid = 0 })).catalogue)
  end)
end)
