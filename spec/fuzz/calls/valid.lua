--- A program that calls most of the library with arguments that are valid, in the working folder.
local apply = require "spec.support.apply"
local cases = require "spec.support.op_cases"
local keys = require("cmml.base.args").keys
local people = require "spec.support.people"
local scenario_world = require "spec.support.scenario_world"

local valid = {}

-- A model of a kind that has learnt.
local function learnt(kind, cmml, catalogue, data, training)
  local model = cmml.recommenders[kind.kind](catalogue)
  if kind.learns == "gradient" then
    cmml.train(model, data, training)
  elseif model.fit then
    model:fit(model.setting.learnable(data))
  end
  return model
end

-- Users: data, network, training, evaluation, serving, files.
local function users(cmml)
  local dataset = people.dataset(cmml, { users = 16, items = 10, rated = 6 })
  local data = cmml.cold_users(dataset, { test_users = 0.25, valid = 0.25 })
  local model = cmml.cmml(data.catalogue, people.small(1))
  cmml.train(model, data, people.training { epochs = 1, out = "folder/out" })
  local models, ranking = { model }, {}
  for _, kind in ipairs(cmml.kinds.list "users") do
    if kind.kind ~= "cmml" then
      local other = learnt(kind, cmml, data.catalogue, data, people.training { epochs = 1 })
      other:save("folder/" .. kind.kind .. ".safetensors")
      if other.predicts == other.setting.predicts then
        models[#models + 1] = other
      else
        ranking[#ranking + 1] = other
      end
    end
  end
  local tasks = cmml.users.tasks { ratings = data.ratings, users = data.test, bags = data.bags,
    support = 3, query = 2, seed = 1 }
  local titles = {}
  for i, entry in ipairs(models) do
    titles[i] = entry.title
  end
  cmml.evaluate(ranking, cmml.users.tasks { ratings = data.ratings, users = data.test,
    bags = data.bags, support = 3, query = 2, seed = 1, rank = "all", relevant = 4 },
    { draws = 1 })
  local results = cmml.evaluate(models, tasks, { draws = 1 })
  cmml.metrics.format_results(titles, results, { "mae", "ndcg_exp@3" })
  assert(cmml.save(model, "model.safetensors", { notes = { a = 1 } }))
  local loaded = assert(cmml.load "model.safetensors")
  local adapted = loaded:adapt { { "f1", 5 }, { "f2", 1 } }
  adapted:predict { "f3", "f4" }
  adapted:recommend { n = 2 }
  adapted:explain { "f3", "f4" }
  local by_size = cmml.users.evaluate_by_support(models, tasks, { 1, 2 }, { draws = 1 })
  cmml.metrics.format_by_support(titles, { 1, 2 }, by_size, "mae")
  cmml.metrics.format_columns(titles, results, cmml.metrics.full_names(results[1], { "mae" }))
  cmml.import_recommender(model:export()):save "folder/again.safetensors"
  for _, protocol in ipairs { "full", "warm" } do
    cmml.users.protocol(dataset, { protocol = protocol })
  end
  return model
end

-- Scenarios: the same.
local function scenarios(cmml)
  local data = scenario_world.data(cmml, { users = 24, items = 40, scenarios = 5, size = 20,
    outside = 8 })
  local split = data:split()
  local vectors = split:vectors { factors = 2 }
  local catalogue = split:catalogue(vectors)
  local model = cmml.cmml(catalogue, { preset = "paper/scenario", encoder_widths = { 3 },
    backbone = { 3 }, hyper = { 3 }, encoder = "mean" })
  for _, kind in ipairs(cmml.kinds.list "scenarios") do
    if kind.kind ~= "cmml" then
      learnt(kind, cmml, catalogue, split, { epochs = 1, batch = 4, rounds = 1 })
        :save("folder/" .. kind.kind .. ".safetensors")
    end
  end
  local tasks = split:tasks { support = 4, query = 3, seed = 1 }
  cmml.evaluate({ model }, split, { part = "test" })
  cmml.train(model, split, { epochs = 1, batch = 4 })
  local more = split:vectors { method = "bpr", factors = 2 }
  cmml.vectors.join { vectors, more:unit_rows() }
  vectors:save("folder/vectors.safetensors", { users = data.users, items = data.items })
  assert(cmml.vectors.load "folder/vectors.safetensors")
  model:adapt({}):recommend { user = "u1", n = 2 }
  model:adapt({ { "u1", "i1", 1 } }):explain({ "i2" }, { user = "u1" })
  return tasks
end

-- Readers of files.
local function files(cmml)
  local core = cmml.core
  people.write(core, ".", { users = 8, items = 6, rated = 4 })
  assert(cmml.movielens ".")
  assert(core.write_file("ratings.csv", "user,item,rating\np1,f1,4\np2,\"f,2\",3.5\n"))
  assert(cmml.data.read_table("ratings.csv", { delimiter = ",", header = "names",
    columns = { { name = "user" }, { name = "rating", kind = "number" } } }))
  core.json_decode '{"a": [1, 2.5, null, true, "x"]}'
  assert(core.read_archive "model.safetensors")
  local vocab = core.vocab()
  vocab:add "f1"
  return vocab:id "f1"
end

-- Points, pictures, gradients, optimisers, the core's own lists.
local function rest(cmml)
  local core = cmml.core
  local points = cmml.normal({ 12, 3 }, 0, 1, { seed = 1 })
  cmml.analysis.pca(points, { dims = 2 })
  cmml.analysis.kmeans(points, { k = 2 })
  cmml.analysis.tsne(points, { iterations = 5, perplexity = 2 })
  cmml.analysis.adjusted_rand_index({ 1, 1, 2 }, { 1, 2, 2 })
  cmml.svg.lines { title = "T", x = "X", y = "Y", series = {
    { name = "one", points = { { 40, 1, 0.9, 1.1 }, { 0, 2 } } } } }
  cmml.gradcheck(function(c, x)
    return c.tanh(x)
  end, { { { 0.5, -1 } } }, { second = true })
  local module = cmml.nn.linear { inp = 2, out = 2, init = cmml.nn.init(1) }
  cmml.nn.mlp { widths = { 2, 3, 1 }, init = cmml.nn.init(1) }
  cmml.nn.gru { inp = 2, hidden = 3, init = cmml.nn.init(1) }
  local optimizer = cmml.optim.sgd(module, { lr = 0.1 })
  optimizer:backward(module(cmml.ones { 1, 2 }):sum())
  optimizer:step()
  cmml.optim.cosine { lr = 0.1, steps = 5, min_lr = 0.01 }
  cmml.optim.plateau { lr = 1, patience = 1, factor = 0.5 }
  local weights = { a = cmml.parameter(cmml.zeros { 2 }), b = cmml.parameter(cmml.ones { 2 }) }
  cmml.grad((weights.a * weights.b):sum(), weights)
  cmml.value_and_grad(function(p)
    return (p.a * p.b):sum()
  end)(weights)
  local x = cmml.uniform({ 2, 3, 4 }, -1, 1)
  cmml.nn.lstm { inp = 4, hidden = 3 }(x)
  cmml.nn.attention { width = 4, heads = 2 }(x)
  cmml.nn.layer_norm { width = 4 }(x)
  cmml.nn.dropout { rate = 0.5 }(x)
  cmml.nn.activate(x, "tanh")
  cmml.optim.warmup({ lr = 0.1, steps = 3 })
  x:reshape { 6, 4 }:top_k(2)
  x:reshape { 6, 4 }:arg_max()
  optimizer:restore(optimizer:state())
  optimizer:set_lr(0.2)
  core.map_ids(core.ids { 1, 2 }, core.ids { 2, 1 })
  core.times { 1, 2 ^ 40 // 1 | 0 }
  core.read_file "ratings.csv"
  core.merge_bags { { ids = core.ids { 1, 2 } }, { ids = core.ids { 2, 1 } } }
  core.task_bags(core.ids { 1, 2 }, core.segments { 2 }, core.ids { 1 }, core.segments { 1 })
  core.bootstrap({ { 1, 2, 3 }, { 2, 3, 4 } }, 3, { resamples = 10 })
  cmml.help "matmul"
end

-- Every op as its cases in the specs apply it.
local function ops(cmml)
  for _, name in ipairs(keys(cases)) do
    for i = 1, math.min(2, #cases[name].uses) do
      local use = cases[name].uses[i]
      apply.call(cmml.core, name, cases[name], use,
        apply.tensors(cmml.core, apply.inputs(name, use), true))
    end
  end
end

--- Its parts by name, each a function of the library. One that raises has no valid call left.
valid.parts = { users = users, scenarios = scenarios, files = files, rest = rest, ops = ops }
--- In which order.
valid.order = { "users", "scenarios", "files", "ops", "rest" }

return valid
