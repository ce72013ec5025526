-- What the recommended settings of scenarios are made of: several negatives, losses, vectors of one
-- size, dropout.
local cmml = require "cmml"
local close = require "spec.support.close"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local taken = require "spec.support.taken"
local core, near = cmml.core, close.near

local function split_of(library, options)
  return scenario_world.data(library, options):split { seed = 1, query_fraction = 0.3 }
end

local function model_of(library, split, options)
  local all = { preset = "recommended/scenario", encoder_widths = { 6 }, backbone = { 5, 5 },
    hyper = { 5, 5 } }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  return library.cmml(split:catalogue((split:vectors { factors = 4, alpha = 10,
    regularization = 5 })), all)
end

local small = { support = 6, support_negatives = 6, query = 5, query_negatives = 3, batch = 4 }

describe("several negatives of a positive", function()
  it("are untouched items of the scenario, as many for each", function()
    local split = split_of(cmml)
    local known, tasks = taken.sets(split.known), split:tasks(small)
    local seen = 0
    for batch in tasks:batches(1) do
      local query, row = batch.query, 0
      local users, negatives = query.users:totable(), query.negatives:totable()
      assert.equal(3 * #users, #negatives)
      for t, length in ipairs(query.segments:totable()) do
        local items = {}
        for _, item in ipairs(split.data.scenarios[batch.tasks[t]].items:totable()) do
          items[item] = true
        end
        for _ = 1, length do
          row = row + 1
          for k = 3 * row - 2, 3 * row do
            assert.truthy(items[negatives[k]] and not known[users[row]][negatives[k]])
            seen = seen + 1
          end
        end
      end
    end
    assert.equal(15 * #split.train, seen)
    refused("query_negatives must be at least 1, but is 0", split.tasks, split,
      { query_negatives = 0 })
  end)

  it("stand behind the positives of their task", function()
    local query = { segments = core.segments { 2, 0, 1 }, users = core.ids { 1, 2, 3 },
      positives = core.ids { 10, 20, 30 }, negatives = core.ids { 11, 12, 21, 22, 31, 32 } }
    local rows = core.paired_rows(query)
    assert.same({ 6, 0, 3 }, rows.segments:totable())
    assert.same({ 10, 20, 11, 12, 21, 22, 30, 31, 32 }, rows.items:totable())
    assert.same({ 1, 2, 1, 1, 2, 2, 3, 3, 3 }, rows.users:totable())
    assert.same({ 1, 2, 7 }, rows.positive:totable())
    assert.same({ 3, 4, 5, 6, 8, 9 }, rows.negative:totable())
    assert.equal(2, rows.each)
    query.negatives = core.ids { 1, 2, 3, 4 }
    refused("as many negatives for each", core.paired_rows, query)
  end)
end)

describe("losses of pairs", function()
  local c = cmml.double.core
  local positive, negative = { 0.3, -2 }, { { 0.1, 1.7, -0.4 }, { -3.5, -1.2, 0 } }
  local function sum(list, of)
    local all = 0
    for _, x in ipairs(list) do
      all = all + of(x)
    end
    return all
  end
  local expected = {
    hinge = function(p, n)
      return sum(n, function(x) return math.max(0, 1 - p + x) end) / 3
    end,
    bpr = function(p, n)
      return sum(n, function(x) return math.log(1 + math.exp(x - p)) end) / 3
    end,
    softmax = function(p, n)
      return math.log(math.exp(p) + sum(n, math.exp)) - p
    end,
  }

  it("are their definitions, with gradients", function()
    for name, define in pairs(expected) do
      local found = cmml.double.scenarios.pair_losses[name](c.tensor(positive):reshape { 2, 1 },
        c.tensor(negative)):totable()
      for i = 1, 2 do
        near(define(positive[i], negative[i]), found[i], 1e-12, name)
      end
      cmml.gradcheck(function(library_core, p, n)
        local library = library_core == cmml.core and cmml or cmml.double
        return library.scenarios.pair_losses[name](p:reshape { 2, 1 }, n)
      end, { positive, negative })
    end
  end)

  it("are named in the options", function()
    refused('cmml: loss "square" is not known; known: bpr, hinge, softmax', model_of,
      cmml, split_of(cmml), { loss = "square" })
  end)
end)

describe("a model of the recommended preset", function()
  local double = cmml.double
  local split = split_of(double)
  local lists = { split.train[1], split.train[2], split.train[3] }

  it("has the gradients that differences give", function()
    for _, loss in ipairs { "softmax", "bpr" } do
      local model = model_of(double, split, { loss = loss })
      local batch = split:tasks(small):draw(3, lists)
      local list = {}
      for name, tensor in model.module:parameters() do
        list[#list + 1] = { name, tensor }
      end
      assert.truthy(#list > 8)
      for _, pair in ipairs(list) do
        local weights, step = pair[2], 1e-5
        local gradient = double.grad(model:loss(batch), { weights })[1]:reshape { -1 }:totable()
        local values, shape = weights:detach():reshape { -1 }:totable(), weights.shape
        for k = 1, math.min(#values, 3) do
          local both, kept = {}, values[k]
          for side = -1, 1, 2 do
            values[k] = kept + side * step
            double.no_grad(weights.copy_, weights, double.core.tensor(values):reshape(shape))
            both[side] = model:loss(batch):item()
          end
          values[k] = kept
          double.no_grad(weights.copy_, weights, double.core.tensor(values):reshape(shape))
          near((both[1] - both[-1]) / (2 * step), gradient[k], 1e-5, pair[1])
        end
      end
    end
  end)

  it("hides other numbers in each task, whatever the batch", function()
    local model, tasks = model_of(double, split), split:tasks(small)
    local sum = 0
    for _, scenario in ipairs(lists) do
      sum = sum + model:loss(tasks:draw(1, { scenario })):item() / #lists
    end
    near(sum, model:loss(tasks:draw(1, lists)):item(), 1e-12, "loss")
    local batch = tasks:draw(1, lists)
    batch.draw = 2 -- the same rows under other masks
    assert.truthy(math.abs(model:loss(batch):item() - sum) > 1e-6)
    local plain = model_of(double, split, { dropout = 0 })
    plain.module:load_parameters((function()
      local values = {}
      for _, pair in ipairs(model:tensors()) do
        values[pair[1]] = pair[2]
      end
      return values
    end)())
    assert.truthy(math.abs(plain:loss(batch):item() - sum) > 1e-6)
    local function scores(of)
      local rows = double.core.paired_rows(batch.query)
      return of:score_rows(of:adapt_rows(batch.support), rows):totable()
    end
    assert.same(scores(plain), scores(model)) -- to serve nothing is hidden
  end)

  it("reads vectors of one size, and their cosine as the CF score", function()
    local vectors = split:vectors { factors = 4 }
    local rows = vectors:unit_rows()
    for _, side in ipairs { "users", "items" } do
      local of, before = rows[side]:totable(), vectors[side]:totable()
      for r, row in ipairs(of) do
        local square, own = 0, 0
        for k, x in ipairs(row) do
          square, own = square + x * x / 4, own + before[r][k] ^ 2 / 4
        end
        near(math.sqrt(own) / (math.sqrt(own) + 0.01), math.sqrt(square), 1e-12, side)
      end
    end
    local model = model_of(double, split, { term_start = { 1, 0 } })
    local read = model.row_terms(double.core.ids { 3 }, double.core.ids { 7 }):totable()[1]
    local u, i = model.users:totable()[3], model.items:totable()[7]
    near((u[1] * i[1] + u[2] * i[2] + u[3] * i[3] + u[4] * i[4]) / 2, read[1], 1e-12, "cosine")
  end)

  it("goes over to other vectors, and into a file, as it is", function()
    local float = split_of(cmml)
    local model = model_of(cmml, float)
    local _, known = float:vectors { factors = 4, alpha = 10, regularization = 5 }
    local other = model:over(float:catalogue(known))
    local path = os.tmpname()
    assert(cmml.save(other, path))
    local loaded = assert(cmml.load(path))
    os.remove(path)
    local batch = float:tasks(small):draw(1, lists)
    local rows = core.paired_rows(batch.query)
    local function scores(of)
      return of:score_rows(of:adapt_rows(batch.support), rows):totable()
    end
    assert.same(scores(other), scores(loaded))
    assert.same(scores(model), scores(model:over(model.catalogue)))
    assert.not_same(scores(model), scores(other))
    refused("has vectors of 5 numbers, but the model reads vectors of 4 numbers", model.over,
      model, float:catalogue((float:vectors { factors = 5 })))
  end)
end)
