-- Does MML's learned fusion find what each modality knows? On made worlds, in which knobs say it:
-- the learned fusion beside the best fixed weights that a grid finds on the very people it is
-- evaluated on, and the weights that were learned. Prints a Markdown table; see sequences.md.
--
--    lua5.4 doc/results/made-fusion.lua [SEEDS]
local cmml = require "cmml"
local setting = cmml.settings:get "sequences"

local worlds = {
  { "all three", {} },
  { "text is noise", { text = 0 } },
  { "pictures are noise", { images = 0 } },
  { "both are noise", { text = 0, images = 0 } },
  { "only text", { ids = 0, images = 0 } },
  { "only pictures", { ids = 0, text = 0 } },
  { "text half as much as pictures", { text = 0.5 } },
}
local learners = { "ids", "text", "image" }
local grid = 10 -- steps of a weight from 0 to 1

local function ndcg_of(split, tasks, folder, options, seed)
  local given = { learners = learners, knn = false, generator = false, seed = seed,
    learner_options = { width = 32, inner = 64, length = 20, dropout = 0.2 } }
  for key, value in pairs(options) do
    given[key] = value
  end
  local model = cmml.recommenders.mml(split.catalogue, given)
  cmml.fit(model, split, { out = folder, seed = seed })
  return cmml.evaluate({ model }, tasks)[1]["ndcg@10"].mean, model
end

local function best_of_grid(split, tasks, folder, seed)
  local best, at = -1, nil
  for i = 0, grid do
    for j = 0, grid - i do
      local weights = { i / grid, j / grid, (grid - i - j) / grid }
      local value = ndcg_of(split, tasks, folder, { fusion = "fixed", weights = weights }, seed)
      if value > best then
        best, at = value, weights
      end
    end
  end
  return best, at
end

io.write [[
| world | seed | learned | best of the grid | ratio | learned weights | weights of the grid |
|---|---|---|---|---|---|---|
]]
for _, world in ipairs(worlds) do
  for seed = 1, tonumber(arg[1]) or 3 do
    local options = { seed = seed, users = 4000 }
    for key, value in pairs(world[2]) do
      options[key] = value
    end
    local split = assert(cmml.sequences.split(cmml.sequences.generate(options)))
    local tasks = setting.evaluations(split, {})[1].tasks
    local folder = os.tmpname()
    os.remove(folder)
    local learned, model = ndcg_of(split, tasks, folder, {}, seed)
    local best, at = best_of_grid(split, tasks, folder, seed)
    local of, sum, shares = model:facts()[1][2].weights, 0, {}
    for i = 1, #learners do
      sum = sum + math.abs(of[i])
    end
    for i = 1, #learners do
      shares[i] = ("%.2f"):format(of[i] / sum)
    end
    io.write(("| %s | %d | %.4f | %.4f | %.3f | %s | %.1f %.1f %.1f |\n"):format(world[1], seed,
      learned, best, learned / best, table.concat(shares, " "), at[1], at[2], at[3]))
    io.stdout:flush()
    os.execute("rm -r " .. folder)
  end
end
