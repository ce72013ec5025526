-- Training and evaluating a recommender on ratings: the made ones, or a folder in the format of
-- MovieLens-1M given as argument.
local cmml = require "cmml"

local folder = arg[1] or (arg[0]:match "^(.*)/" or ".") .. "/../data/made"
-- What is known of people beforehand is left out here: their ratings have to tell.
local dataset = assert(cmml.movielens(folder, { user_fields = {} }))
print(dataset)

-- Cold users: some people to learn from, some to choose the best epoch by, some to test on, of whom
-- nothing is known beforehand. Without a list of test users a fifth is drawn at random.
local data = assert(cmml.cold_users(dataset, { test_users = 0.2, valid = 0.1, data_seed = 1 }))
print(("%d people train, %d validate, %d test"):format(#data.train, #data.valid, #data.test))

local model = cmml.cmml(data.catalogue, { seed = 1 })
print(model)
print(model.module:describe())

-- With `out`, each epoch leaves the model, the state of the training and a log in that folder;
-- `resume = true` goes on from there, bit for bit.
local out = os.tmpname()
os.remove(out)
local result = cmml.train(model, data, {
  out = out, epochs = 12, batch = 4, lr = 2e-3,
  on_epoch = function(state)
    print(("epoch %2d  training loss %.3f  validation mae %.3f"):format(state.epoch, state.loss,
      state.mae))
  end,
})
print(("best epoch %d, validation mae %.3f"):format(result.best_epoch, result.best))

-- Every model is evaluated on the same draws of the same test users: CMML, and the baselines that
-- are fitted without gradient training.
local models, titles = { model }, {}
for _, kind in ipairs(cmml.kinds.baselines "users") do
  local baseline = cmml.recommenders[kind.kind](data.catalogue)
  baseline:fit(cmml.settings:get("users").learnable(data))
  models[#models + 1] = baseline
end
for i, entry in ipairs(models) do
  titles[i] = entry.title
end
local tasks = cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags,
  seed = 1000 }
local results = cmml.evaluate(models, tasks, { draws = 2 })
print(cmml.metrics.format_results(titles, results, { "mae", "rmse", "ndcg_exp@3" }))

-- The files of the training: each model file is whole by itself.
local best = assert(cmml.load(out .. "/best.safetensors"))
print("loaded again:", best)
for _, name in ipairs { "best.safetensors", "last.safetensors", "log.csv" } do
  assert(os.remove(out .. "/" .. name))
end
os.remove(out)
