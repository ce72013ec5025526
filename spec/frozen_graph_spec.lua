-- Graphs: what is made of two traces computes what the function does, at any size; rewritten and
-- cut into programs it computes the same, and says what each value depends on.
require "spec.support.close"
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local serving = require "spec.support.serving"
local core = cmml.core
local graph, rewrite, programs = serving.graph, serving.rewrite, serving.programs

local data = people.data(cmml, { users = 40, items = 24, rated = 10 })

local function graph_of(model)
  return graph.of(function(size)
    local support, candidates, inputs = model.setting.frozen_rows(model, size)
    return inputs, function(late)
      local state = model:adapt_rows(support)
      late()
      return { scores = (model.list_rows or model.score_rows)(model, state, candidates) }
    end
  end)
end

-- Inputs of n interactions and m candidates.
local function inputs_of(n, m)
  local items, labels, candidates = {}, {}, {}
  for i = 1, n do
    items[i], labels[i] = (i * 5) % 24 + 1, i % 5 + 0.5
  end
  for i = 1, m do
    candidates[i] = (i * 7) % 24 + 1
  end
  return { ["support.items"] = core.ids(items),
    ["support.labels"] = n > 0 and core.tensor(labels) or core.full({ 0 }, 0),
    ["support.segments"] = core.segments { n }, items = core.ids(candidates),
    segments = core.segments { m } }
end

local function count_of(of, call)
  local count = 0
  for _, node in ipairs(of.nodes) do
    count = count + (node.call == call and 1 or 0)
  end
  return count
end

local models = {
  ["cmml"] = function() return cmml.cmml(data.catalogue, people.small(1)) end,
  ["cmml by a gru"] = function()
    local options = people.small(1)
    options.encoder = "gru"
    return cmml.cmml(data.catalogue, options)
  end,
  ["cmml over a base"] = function()
    local options = people.small(1)
    options.base, options.read_users = { kind = "factor_analysis", factors = 3 }, false
    options.neighbours = { keep = 5 }
    local model = cmml.cmml(data.catalogue, options)
    model:prepare { ratings = data.ratings, train = data.train }
    return model
  end,
}
for _, kind in ipairs { "dcn", "tanp", "factor_analysis", "item_knn", "user_mean" } do
  models[kind] = function()
    local model = cmml.recommenders[kind](data.catalogue)
    if model.fit then
      model:fit(model.setting.learnable(data))
    end
    return model
  end
end

describe("the graph of", function()
  for name, make in pairs(models) do
    it(name .. " computes the same when it is written with less, and cut into programs", function()
      local of = graph_of(make())
      local short = rewrite.of(of)
      local levels = { constant = true, task = true, item = true, pair = true }
      for _, node in ipairs(short.nodes) do
        for _, value in ipairs(node.gives) do
          assert.is_true(levels[value.level])
          assert.not_equal("constant", value.level) -- that was computed
        end
      end
      local list, names, tables = programs.of(short, 24)
      for _, sizes in ipairs { { 0, 3 }, { 1, 1 }, { 7, 24 }, { 30, 2 } } do
        local inputs = inputs_of(table.unpack(sizes))
        local expected = graph.compute(of, inputs).scores
        local written = { shape = expected.shape, data = expected:reshape({ -1 }):totable() }
        assert.near_tensor(written, graph.compute(short, inputs).scores, 1e-5)
        assert.near_tensor(written, programs.compute(list, names, tables, inputs, 24).scores, 1e-5)
      end
    end)
  end
end)

-- A graph of a function of (support items, labels, segments, items, segments).
local function small(f)
  local sizes = { { 3, 5, 2 }, { 7, 4, 6 }, { 2, 9, 2 }, { 0, 1, 1 } }
  return function()
    return graph.of(function(size)
      local inputs = inputs_of(sizes[size][1], sizes[size][2])
      return { { "support.items", inputs["support.items"] },
        { "support.labels", inputs["support.labels"] },
        { "support.segments", inputs["support.segments"] }, { "items", inputs.items },
        { "segments", inputs.segments } }, function()
        return { scores = f(inputs) }
      end
    end)
  end
end

local rows = core.normal({ 24, 3 }, 0, 1, { seed = 1 })

describe("a graph", function()
  it("has what the outputs need, once for what is the same", function()
    local of = small(function(x)
      local _ = x["support.labels"]:exp()
      local y = rows:gather_rows(x.items)
      return (y * 2 + rows:gather_rows(x.items) * 2):sum(2)
    end)()
    assert.equal(0, count_of(of, "exp"))
    assert.equal(2, count_of(of, "gather_rows"))
    local short = rewrite.of(of)
    assert.equal(1, count_of(short, "gather_rows"))
    assert.equal(1, count_of(short, "mul"))
  end)

  it("folds what follows from constants", function()
    local short = rewrite.of(small(function(x)
      return (rows * 3):tanh():gather_rows(x.items):sum(2)
    end)())
    assert.equal(0, count_of(short, "mul"))
    assert.equal(0, count_of(short, "tanh"))
    assert.equal(1, count_of(short, "gather_rows"))
  end)

  it("is compared by the size of what is no sign of an item in no list", function()
    local differs = require "cmml.serve.near"
    assert.is_nil(differs({ 1, -1e9, 0 / 0 }, { 1.00001, -1e9 - 64, 0 / 0 }))
    assert.equal(1, differs({ 1.1, -1e9 }, { 1, -1e9 }))
    assert.equal(2, differs({ 1, 3 }, { 1, -1e9 }))
    assert.equal(2, differs({ 1, 0 / 0 }, { 1, 2 }))
  end)

  it("says what values depend on", function()
    local function level(f)
      return rewrite.of(small(f)()).outputs[1].value.level
    end
    local function person(x)
      return rows:gather_rows(x["support.items"]):mean(1)
    end
    assert.equal("item", level(function(x)
      return rows:gather_rows(x.items):square()
    end))
    assert.equal("task", level(person))
    assert.equal("pair", level(function(x)
      return rows:gather_rows(x.items) * person(x)
    end))
    -- what reads other rows is no matter of the item alone
    assert.equal("pair", level(function(x)
      local y = rows:gather_rows(x.items)
      return y - y:mean(1)
    end))
    assert.equal("pair", level(function(x)
      return core.matmul(rows:gather_rows(x.items), rows:gather_rows(x.items):transpose()):sum(2)
    end))
  end)

  it("names sizes, and multiples of them", function()
    local of = small(function(x)
      local n = #x["support.items"]
      return core.full({ #x.items }, 1) + core.full({ 2 * n + 1 }, 1):sum()
    end)
    local made = of()
    for _, n in ipairs { 1, 5 } do
      local inputs = inputs_of(n, 2)
      assert.same({ 2 * n + 2, 2 * n + 2 }, graph.compute(made, inputs).scores:totable())
    end
  end)

  it("refuses numbers of what was given, with the call", function()
    refused("mul: gets number", small(function(x)
      return rows:gather_rows(x.items):sum(2) * (0.5 + (#x["support.items"]) ^ 2)
    end))
    refused("full: gets number", small(function(x)
      return core.full({ #x.items }, #x["support.items"] / 3)
    end))
  end)

  it("refuses values that were made outside of the core", function()
    local kept = {} -- by the size of the support
    for n = 0, 9 do
      kept[n] = core.full({ 1 }, n)
    end
    refused("add: reads a tensor that was made of what was given, outside of the core",
      small(function(x)
        return rows:gather_rows(x.items):sum(2) + kept[#x["support.items"]]
      end))
    refused("from_bytes: gets", small(function(x)
      return rows:gather_rows(x.items):sum(2) + core.from_bytes({ 1 },
        ("f"):pack(#x["support.items"])):sum()
    end))
  end)

  it("refuses other calls at another size, and another number of them", function()
    refused("stands in its place", small(function(x)
      local y = rows:gather_rows(x.items):sum(2)
      return #x.items > 4 and y:tanh() or y:exp()
    end))
    refused("at one size alone", small(function(x)
      local y = rows:gather_rows(x.items):sum(2)
      for _ = 1, #x["support.items"] do
        y = y + 1
      end
      return y
    end))
  end)

  it("refuses what comes about in another way at a size that was not traced", function()
    refused("scores come about in another way at a third size", small(function(x)
      local y = rows:gather_rows(x.items):sum(2)
      return y * (#x.items == 9 and 2 or 1)
    end))
    refused("scores come about in another way of nothing", small(function(x)
      local y = rows:gather_rows(x.items):sum(2)
      return y * (#x["support.items"] == 0 and 2 or 1)
    end))
    refused("another way of nothing: ", small(function(x)
      local y = rows:gather_rows(x.items):sum(2)
      return #x["support.items"] == 0 and y
        or y + rows:gather_rows(x["support.items"]):slice(1, 1, 1):sum()
    end))
  end)
end)
