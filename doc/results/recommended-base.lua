-- What the base of the preset recommended may begin as, and what neighbours add (ROWS base), what
-- becomes of its scores (ROWS predicted), or what averaging and a loss of ranking add (ROWS
-- averaged; the others have one network of 64), on validation users of several sets: those who are
-- not tested are divided FOLDS times at random; see recommended-users.md (SET: a name below, of a
-- folder in data/):
--
--     lua5.4 doc/results/recommended-base.lua SET FOLDS SEEDS [PROTOCOL] [ROWS]
--
-- A difference is to the first row, over people; its interval is 1.96 standard errors of the mean.
local cmml = require "cmml"
local predicted = require "cmml.recommenders.predicted_ratings"

local function files(of)
  return function(folder)
    local items = {}
    for i, name in ipairs(of.items) do
      items[i] = folder .. "/" .. name
    end
    return cmml.read_dataset { ratings = folder .. "/" .. of[1], columns = of.columns,
      items = items }
  end
end

-- A reader of folders by the loader of this name.
local function by(name)
  return function(folder)
    for _, loader in ipairs(cmml.loaders_of "users") do
      if loader.name == name then
        return loader.read(folder, {})
      end
    end
  end
end

local sets = { ["ml-1m"] = cmml.movielens, ["ml-100k"] = by "atomic_files",
  ["ml-latest-small"] = by "movielens_csv",
  ["amazon-hin"] = files { "user_item.dat", columns = "user,item,rating,time",
    items = { "item_brand.dat", "item_category.dat" } },
  ["yelp-hin"] = files { "user_business.dat", columns = "user,item,rating",
    items = { "business_category.dat", "business_city.dat" } } }

-- The preset's base with an item_shrink of its own.
local function analysis(item_shrink)
  local base = { item_shrink = item_shrink }
  for key, value in pairs(cmml.presets.recommended.model.base) do
    base[key] = base[key] or value
  end
  return base
end
local factorisation = { factors = 10, ridge = 16, item_bias = "mean" }
local as_they_are, as_told = { mean_share = 0, pull = 0 }, { mean_share = 0.1, pull = 0.25 }
local one = { members = 1, backbone = { 64, 64 }, hyper = { 64, 64 }, rank_weight = 0 }

-- Networks of 32, so many of them.
local function narrow(members, rank_weight)
  return { members = members, backbone = { 32, 32 }, hyper = { 32, 32 }, rank_weight = rank_weight }
end

local lists = { base = {
  { "matrix factorisation", base = factorisation, neighbours = false },
  { "the same, neighbours", base = factorisation },
  { "factor analysis", base = analysis(1), neighbours = false },
  { "the same, neighbours", base = analysis(1) },
  { "item_shrink 3", neighbours = false },
  { "recommended" },
  { "factor analysis alone", fitted = "factor_analysis" },
  { "matrix factorisation alone", fitted = "matrix_factorization" },
  { "item-kNN alone", fitted = "item_knn" },
}, predicted = {
  { "scores as they are", after = as_they_are },
  { "mean_share 0.1", after = { mean_share = 0.1, pull = 0 } },
  { "pull 0.25", after = { mean_share = 0, pull = 0.25 } },
  { "both: recommended", after = { mean_share = 0.1, pull = 0.25 } },
  { "mean_share 0.2, pull 0.25", after = { mean_share = 0.2, pull = 0.25 } },
  { "mean_share 0.1, pull 0.35", after = { mean_share = 0.1, pull = 0.35 } },
  { "factor analysis alone", fitted = "factor_analysis" },
  { "the same, pull 0.25", fitted = "factor_analysis", pull = 0.25 },
  { "item-kNN alone", fitted = "item_knn" },
  { "the same, pull 0.25", fitted = "item_knn", pull = 0.25 },
}, averaged = {
  { "one of 64", after = as_told, model = {} },
  { "three of 64", after = as_told, model = { members = 3 } },
  { "one of 32", after = as_told, model = narrow(1, 0) },
  { "three of 32", after = as_told, model = narrow(3, 0) },
  { "recommended/single", after = as_told, model = narrow(1, 0.5) },
  { "recommended", after = as_told, model = narrow(3, 0.5) },
} }
local metrics = { "mae", "rmse", "ndcg_exp@1", "ndcg_exp@3" }

local set, folds, seeds = arg[1], math.tointeger(tonumber(arg[2])), math.tointeger(tonumber(arg[3]))
local variants = lists[arg[5] or "base"]
if not sets[set] or not folds or not seeds or not variants then
  error("usage: recommended-base.lua SET FOLDS SEEDS [PROTOCOL] [base|predicted|averaged]", 0)
end
local folder = "data/" .. set
local dataset = assert(sets[set](folder))

-- Those who are tested elsewhere: the list of the data, or a fifth as seed 1 draws it.
local function tested()
  local path, names = folder .. "/test_users.txt", {}
  if cmml.core.exists(path) then
    return path
  end
  for i, row in ipairs(assert(dataset:split { seed = 1, valid = 0 }).test) do
    names[i] = dataset.users:text(row)
  end
  return names
end

local trained = {} -- by seed, where only what comes after the training differs

local function model_of(variant, part, seed)
  if trained[seed] and variant.after and variant.after ~= as_they_are and not variant.model then
    return trained[seed]
  end
  local options = { preset = "recommended", seed = seed, base = variant.base,
    neighbours = variant.neighbours }
  for _, changes in ipairs { one, variant.model or {} } do
    for key, value in pairs(changes) do
      options[key] = value
    end
  end
  local model = cmml.cmml(part.catalogue, options)
  cmml.train(model, part, { seed = seed })
  trained[seed] = model
  return model
end

-- A fitted model; what it predicts is pulled as strongly as the variant says.
local function fitted(variant, part)
  local model = cmml.recommenders[variant.fitted](part.catalogue)
  model:fit { ratings = part.ratings, users = part.train }
  local score = model.score_rows
  function model.score_rows(self, state, rows)
    return predicted.pulled(cmml.core, score(self, state, rows), part.catalogue.scale, variant.pull)
  end
  return model
end

local function models_of(variant, part)
  local models = {}
  for seed = 1, variant.fitted and 1 or seeds do
    models[seed] = variant.fitted and fitted(variant, part) or model_of(variant, part, seed)
    for name, value in pairs(not variant.fitted and (variant.after or as_they_are) or {}) do
      models[seed].options[name] = value
    end
  end
  return models
end

-- Values of a metric by variant: of a person the mean over seeds, one fold behind another.
local values = {}
for _, metric in ipairs(metrics) do
  values[metric] = {}
end
local test = tested()
for fold = 1, folds do
  local split = assert(cmml.cold_users(dataset, { test_users = test, data_seed = fold,
    valid = set == "ml-1m" and 0.15 or 0.25, protocol = arg[4] or "full" }))
  local part = { ratings = split.ratings, bags = split.bags, train = split.train, valid = {},
    catalogue = split.catalogue }
  local tasks = cmml.users.tasks { ratings = split.all, users = split.valid, bags = split.bags,
    seed = 77, batch = 64 }
  for v, variant in ipairs(variants) do
    local results = cmml.evaluate(models_of(variant, part), tasks, { draws = 10 })
    for _, metric in ipairs(metrics) do
      local list = values[metric][v] or {}
      values[metric][v] = list
      local before = #list
      for i in ipairs(results[1][metric].values) do
        local sum = 0
        for _, result in ipairs(results) do
          sum = sum + result[metric].values[i]
        end
        list[before + i] = sum / #results
      end
    end
  end
end

-- Mean of a list, and of what it is above another with its interval.
local function compared(list, first)
  local n, sum, difference, squares = 0, 0, 0, 0
  for i, value in ipairs(list) do
    local d = value - first[i]
    if d == d then
      n, sum, difference, squares = n + 1, sum + value, difference + d, squares + d * d
    end
  end
  local mean = difference / n
  return sum / n, mean, 1.96 * math.sqrt(math.max(squares / n - mean * mean, 0) / n)
end

print(("%s: %d folds, %d seeds, %d people"):format(set, folds, seeds, #values.mae[1]))
for v, variant in ipairs(variants) do
  local line = ("| %-26s |"):format(variant[1])
  for _, metric in ipairs(metrics) do
    line = ("%s %.4f (%+.4f ± %.4f) |"):format(line, compared(values[metric][v], values[metric][1]))
  end
  print(line)
end
