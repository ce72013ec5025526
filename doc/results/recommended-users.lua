-- What each part of the preset recommended contributes over a matrix factorisation, and how good
-- that is with few ratings, on validation users alone, who are 15 % of the training users and whom
-- neither model nor baselines learn from (FOLDER: a data folder, or its name in data/):
--
--     lua5.4 doc/results/recommended-users.lua FOLDER SEEDS
local cmml = require "cmml"

local folder, seeds = arg[1], math.tointeger(tonumber(arg[2] or "1"))
if not folder or not seeds or seeds < 1 then
  error("usage: recommended-users.lua FOLDER SEEDS", 0)
end
local sizes, draws = { 0, 1, 2, 5, 10, 20, 40 }, 10

-- The base that all have here, with other options.
local factorisation = { factors = 10, ridge = 16, item_bias = "mean" }
local function other_base(changes)
  local all = {}
  for _, fields in ipairs { factorisation, changes } do
    for key, value in pairs(fields) do
      all[key] = value
    end
  end
  return { base = all }
end

local variants = {
  { "over a factorisation", by_support = true },
  { "without short supports", by_support = true, training = { short_supports = 0 } },
  { "without shrinkage", by_support = true, model = { context_shrink = 0 } },
  { "without either", by_support = true, model = { context_shrink = 0 },
    training = { short_supports = 0 } },
  { "item biases solved", by_support = true, model = other_base { item_bias = "solved" } },
  { "without modulation", by_support = true, model = { modulation = "none" } },
  { "without context", model = { encoder = "none" } },
  { "weights not solved", model = other_base { solve = false } },
  { "biases alone as base", model = { base = { factors = 0 } } },
  { "without base", model = { base = false } },
  { "squared errors", model = { loss = "squared" } },
  { "query of 10 in training", training = { query = 10 } },
  { "user fields read", model = { read_users = true } },
  { "item mean + user bias", by_support = true, fitted = "item_user_mean" },
  { "matrix factorisation", by_support = true, fitted = "matrix_factorization" },
  { "the same around item means", by_support = true, fitted = "matrix_factorization",
    options = { item_bias = "mean" } },
  { "item-kNN", by_support = true, fitted = "item_knn" },
}

folder = cmml.core.exists(folder) and folder or "data/" .. folder
local dataset = assert(cmml.movielens(folder))
local data, tasks = {}, {}
for _, protocol in ipairs { "full", "capped" } do
  local split = assert(cmml.cold_users(dataset, { test_users = folder .. "/test_users.txt",
    valid = 0.15, protocol = protocol }))
  data[protocol] = { ratings = split.ratings, bags = split.bags, train = split.train, valid = {},
    catalogue = split.catalogue }
  tasks[protocol] = cmml.users.tasks { ratings = split.all, users = split.valid, bags = split.bags,
    seed = 77, batch = 64 }
end

local function over(options, changes)
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  return options
end

-- The models of a variant, one a seed.
local function models_of(variant, part)
  if variant.fitted then
    local model = cmml.recommenders[variant.fitted](part.catalogue, variant.options)
    model:fit { ratings = part.ratings, users = part.train }
    return { model }
  end
  local models = {}
  for seed = 1, seeds do
    models[seed] = cmml.cmml(part.catalogue, over({ preset = "recommended", seed = seed,
      members = 1, backbone = { 64, 64 }, hyper = { 64, 64 }, rank_weight = 0,
      base = factorisation, neighbours = false, mean_share = 0, pull = 0 }, variant.model))
    cmml.train(models[seed], part, over({ seed = seed }, variant.training))
  end
  return models
end

-- The mean over models of a metric.
local function mean_of(results, metric)
  local sum = 0
  for _, result in ipairs(results) do
    sum = sum + result[metric].mean
  end
  return sum / #results
end

local by_support = {} -- lists of lines by protocol and metric
local metrics = { "mae", "rmse", "ndcg_exp@1", "ndcg_exp@3" }

for _, variant in ipairs(variants) do
  local line = ("| %s |"):format(variant[1])
  for _, protocol in ipairs { "full", "capped" } do
    local found = cmml.users.evaluate_by_support(models_of(variant, data[protocol]),
      tasks[protocol], variant.by_support and sizes or { 40 }, { draws = draws })
    for _, metric in ipairs(metrics) do
      local cells = {}
      for i, results in ipairs(found) do
        cells[i] = ("%.4f"):format(mean_of(results, metric))
      end
      line = ("%s %s |"):format(line, cells[#cells])
      local title = ("%s, %s"):format(protocol, metric)
      by_support[title] = by_support[title] or {}
      if variant.by_support then
        table.insert(by_support[title], ("| %s | %s |"):format(variant[1],
          table.concat(cells, " | ")))
      end
    end
  end
  print(line)
  io.flush()
end
for _, protocol in ipairs { "full", "capped" } do
  for _, metric in ipairs(metrics) do
    local title = ("%s, %s"):format(protocol, metric)
    print(("\n| %s | %s |\n%s"):format(title, table.concat(sizes, " | "),
      table.concat(by_support[title], "\n")))
  end
end
