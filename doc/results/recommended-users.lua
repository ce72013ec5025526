-- What each part of the preset recommended contributes, on validation users alone, who are 15 % of
-- the training users and whom neither model nor rivals learn from:
--
--     lua5.4 doc/results/recommended-users.lua FOLDER SEEDS
local cmml = require "cmml"

local folder, seeds = arg[1], math.tointeger(tonumber(arg[2] or "1"))
if not folder or not seeds then
  error("usage: recommended-users.lua FOLDER SEEDS", 0)
end

local variants = {
  { "recommended" },
  { "without modulation", model = { modulation = "none" } },
  { "without context", model = { encoder = "none" } },
  { "weights not solved", model = { base = { factors = 8, ridge = 14, solve = false } } },
  { "biases alone as base", model = { base = { factors = 0 } } },
  { "without base", model = { base = false } },
  { "squared errors", model = { loss = "squared" } },
  { "query of 10 in training", training = { query = 10 } },
  { "user fields read", model = { read_users = true } },
}

local dataset = assert(cmml.movielens(folder))
local data, tasks = {}, {}
for _, protocol in ipairs { "full", "capped" } do
  local split = assert(cmml.cold_users(dataset, { test_users = folder .. "/test_users.txt",
    valid = 0.15, protocol = protocol }))
  data[protocol] = { ratings = split.ratings, bags = split.bags, train = split.train, valid = {},
    catalogue = split.catalogue }
  tasks[protocol] = cmml.tasks { ratings = split.all, users = split.valid, bags = split.bags,
    seed = 77, batch = 64 }
end

local function cells(make)
  local line = ""
  for _, protocol in ipairs { "full", "capped" } do
    local mae, ndcg, runs = 0, 0, make.fixed and 1 or seeds
    for seed = 1, runs do
      local model = make.model(data[protocol], seed)
      local found = cmml.evaluate({ model }, tasks[protocol], { draws = 3 })[1]
      mae, ndcg = mae + found.mae.mean / runs, ndcg + found["ndcg_exp@1"].mean / runs
    end
    line = line .. (" %.4f | %.4f |"):format(mae, ndcg)
  end
  return line
end

local function over(options, changes)
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  return options
end

for _, variant in ipairs(variants) do
  print("| " .. variant[1] .. " |" .. cells { model = function(part, seed)
    local model = cmml.cmml(part.catalogue, over({ preset = "recommended", seed = seed },
      variant.model))
    cmml.train(model, part, over({ seed = seed }, variant.training))
    return model
  end })
  io.flush()
end
for _, kind in ipairs { "item_user_mean", "matrix_factorization", "item_knn" } do
  print("| " .. kind .. " |" .. cells { fixed = true, model = function(part)
    local model = cmml[kind](part.catalogue)
    model:fit(part.ratings, part.train)
    return model
  end })
end
