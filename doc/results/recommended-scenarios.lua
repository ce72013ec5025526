-- What each part of the preset recommended/scenario contributes, on validation scenarios and
-- held-out interactions for validation alone (FOLDER: a data folder, or its name in data/):
--
--     lua5.4 doc/results/recommended-scenarios.lua FOLDER [SEEDS]
local cmml = require "cmml"

local folder, seeds = arg[1], math.tointeger(tonumber(arg[2] or "3"))
if not folder or not seeds or seeds < 1 then
  error("usage: recommended-scenarios.lua FOLDER [SEEDS], at least 1 (default 3)", 0)
end

local variants = {
  { "recommended/scenario" },
  { "without modulation", model = { modulation = "none" } },
  { "without context", model = { encoder = "none" } },
  { "without terms", model = { terms = {}, term_start = {} } },
  { "without popularity", model = { inputs = { "cf_score" }, terms = { "cf_score" },
    term_start = { 1.3 } } },
  { "vectors as solved", model = { unit_rows = false, term_start = { 1, 0 } } },
  { "without dropout", model = { dropout = 0 } },
  { "dropout 0.7", model = { dropout = 0.7 } },
  { "pairs, loss bpr", model = { loss = "bpr" }, training = { query_negatives = 1 } },
  { "query_fraction = 0", split = { query_fraction = 0 } },
}

local function over(first, second)
  local all = {}
  for _, options in ipairs { first, second or {} } do
    for key, value in pairs(options) do
      all[key] = value
    end
  end
  return all
end

local preset = cmml.presets["recommended/scenario"]
local data = assert(cmml.scenarios.read(folder))

local function recall(model, split)
  return cmml.evaluate({ model }, split, { part = "valid", cutoffs = { 20 },
    max_users = 400 })[1]["recall@20"].mean
end

local sums = { cf = 0 }
for seed = 1, seeds do
  local plain = data:split { seed = seed }
  local cf = recall(cmml.recommenders.cf_score(plain:catalogue((plain:vectors(over(preset.vectors,
    { seed = seed }))))), plain)
  sums.cf = sums.cf + cf
  for i, variant in ipairs(variants) do
    local split = data:split(over(over(preset.split, variant.split), { seed = seed }))
    local background, known = split:vectors(over(preset.vectors, { seed = seed }))
    local model = cmml.cmml(split:catalogue(background), over({ seed = seed,
      preset = "recommended/scenario" }, variant.model))
    cmml.train(model, split, over({ seed = seed }, variant.training))
    local value = recall(model:over(split:catalogue(known)), split)
    sums[i] = (sums[i] or 0) + value
    io.stderr:write(("seed %d, %s: %.4f, CF score %.4f\n"):format(seed, variant[1], value, cf))
  end
end
print(("| CF score | %.4f | |"):format(sums.cf / seeds))
for i, variant in ipairs(variants) do
  print(("| %s | %.4f | %+.4f |"):format(variant[1], sums[i] / seeds, (sums[i] - sums.cf) / seeds))
end
