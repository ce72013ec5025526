-- What models of ratings are worth with and without the pull of predictions to the scale, on the
-- official cold users of MovieLens-1M under the cap (FOLDER: its folder; MODEL: files of `train`):
--
--     lua5.4 doc/results/pulled.lua FOLDER MODEL ..
local cmml = require "cmml"
local core = cmml.core

local folder, pull = arg[1], 0.25
if not arg[2] then
  error("usage: pulled.lua FOLDER MODEL ..", 0)
end
local data = assert(cmml.cold_users(assert(cmml.movielens(folder)), { protocol = "capped",
  test_users = folder .. "/test_users.txt" }))
local tasks = cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags,
  seed = 1000, support = 40, query = 10, batch = 64 }

print("pull  MAE     RMSE    model")
for i = 2, #arg do
  local models = {}
  for m, strength in ipairs { 0, pull } do
    local model = assert(cmml.load(arg[i]))
    if model.options.pull then
      model.options.pull = 0 -- so that it is pulled once, as others are
    end
    if strength > 0 then
      local scores_of, scale = model.scores_of, model.catalogue.scale
      local steps = math.floor((scale.largest - scale.smallest) / scale.step + 0.5)
      function model.scores_of(...)
        return core.pull_scores(scores_of(...), scale.smallest, scale.step, steps, strength)
      end
    end
    models[m] = model
  end
  local found = assert(cmml.evaluate(models, tasks, { draws = 5, metrics = { "mae", "rmse" } }))
  for m, results in ipairs(found) do
    print(("%-4g  %.4f  %.4f  %s"):format(m == 1 and 0 or pull, results.mae.mean,
      results.rmse.mean, arg[i]))
  end
end
