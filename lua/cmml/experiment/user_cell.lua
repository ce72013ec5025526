--- The cells of the user setting: a model learns from the ratings of some people and is judged on
-- others, under a protocol.
--
-- @module cmml.experiment.user_cell
local made = require "cmml.experiment.made"

local user_cell = {}

local function cold(name)
  return function(cmml, dataset, settings)
    local listed = settings.data .. "/test_users.txt"
    return cmml.cold_users(dataset, { protocol = name, cap = settings.cap, valid = settings.valid,
      data_seed = settings.data_seed,
      test_users = settings.data ~= "made" and cmml.core.exists(listed) and listed or nil })
  end
end

--- The protocols by name: title, leaky (true where what is judged was learnt from), and prepare, a
-- function of (cmml, dataset, settings) that gives what `cmml.cold_users` does; test_ratings of
-- that, if it is there, is what people are judged on, else all ratings.
user_cell.protocols = {
  full = { title = "cold users, full histories", prepare = cold "full" },
  capped = { title = "cold users, capped histories", prepare = cold "capped" },
}

--- The metrics of the tables.
user_cell.metrics = { { name = "mae", head = "MAE" }, { name = "ndcg_exp@1" },
  { name = "ndcg_exp@3" } }

local names = { "ratings.dat", "users.dat", "movies.dat", "movies_extrainfos.dat",
  "test_users.txt" }

--- What tells the files of a folder from others: their sizes by name.
-- @tparam string folder
-- @tparam[opt] table list names of files
-- @treturn table
function user_cell.sizes(folder, list)
  local sizes = {}
  for _, name in ipairs(list or names) do
    local file = io.open(folder .. "/" .. name, "rb")
    if file then
      sizes[name] = file:seek "end"
      file:close()
    end
  end
  return sizes
end

--- The settings that cells of one run share.
-- @tparam table cmml the library
-- @tparam table opt of the experiment
-- @treturn table
function user_cell.settings(cmml, opt)
  local data = opt.data and opt.data[1] or "made"
  return { data = data, files = data ~= "made" and user_cell.sizes(data) or {},
    version = cmml._VERSION, cap = opt.cap or 50, valid = opt.valid or 0.05,
    data_seed = opt.data_seed or 1, support = 40, query = 10, judge_seed = 1000,
    draws = opt.draws or (opt.quick and 2 or 5), supports = opt.supports or {} }
end

--- How long a model learns.
-- @tparam table opt of the experiment: epochs, patience, budget, quick
-- @treturn table epochs, patience
function user_cell.budget(opt)
  local published = opt.budget == "published"
  return { epochs = opt.epochs or (opt.quick and 3 or 30),
    patience = opt.patience or (published and 0 or 5) }
end

--- Says the budget.
-- @tparam table shared settings of the cells
-- @tparam table training of a cell
-- @treturn string
function user_cell.budget_text(shared, training)
  return ("data %s; at most %d epochs over the training users, %s; support %d, query %d, mean of %d"
    .. " draws; %g of the other users validate; seed of the split %d, cap %d"):format(
    shared.data, training.epochs, training.patience > 0
    and ("stopped after %d without a better validation MAE"):format(training.patience)
    or "not stopped early", shared.support, shared.query, shared.draws, shared.valid,
    shared.data_seed, shared.cap)
end

--- The settings of one cell.
-- @tparam table shared see `settings`
-- @tparam table changes
-- @treturn table
function user_cell.with(shared, changes)
  local settings = {}
  for _, source in ipairs { shared, changes } do
    for key, value in pairs(source) do
      settings[key] = value
    end
  end
  return settings
end

-- Everybody that may be learnt from, by a kind that is counted.
local function learners(data)
  local users = table.move(data.train, 1, #data.train, 1, {})
  return table.move(data.valid, 1, #data.valid, #users + 1, users)
end

local function fit(cmml, data, settings)
  if settings.kind ~= "cmml" then
    local model = cmml[settings.kind](data.catalogue)
    model:fit(data.ratings, learners(data))
    return model
  end
  local options = { seed = settings.seed }
  for key, value in pairs(settings.model) do
    options[key] = value
  end
  local model, training = cmml.cmml(data.catalogue, options), { seed = settings.seed }
  for key, value in pairs(settings.training) do
    training[key] = value
  end
  local result = cmml.train(model, data, training)
  if result.stopped == "diverged" then
    error(result.message, 0)
  end
  return model, result
end

--- The data set and what a protocol makes of it.
-- @tparam table cmml the library
-- @tparam table settings data, protocol, ..
-- @treturn table see `protocols`
function user_cell.prepare(cmml, settings)
  local dataset, data, message
  if settings.data == "made" then
    dataset = made.ratings(cmml)
  else
    dataset, message = cmml.movielens(settings.data)
  end
  if dataset then
    data, message = user_cell.protocols[settings.protocol].prepare(cmml, dataset, settings)
  end
  return data or error(message, 0)
end

--- Computes a cell.
-- @tparam table cmml the library
-- @tparam table settings kind, model, training, protocol, seed, and those of `settings`
-- @treturn table metrics: by name one value a person; epochs, best_epoch
function user_cell.run(cmml, settings)
  local data = user_cell.prepare(cmml, settings)
  local model, result = fit(cmml, data, settings)
  local tasks = cmml.tasks { ratings = data.test_ratings or data.all, users = data.test,
    bags = data.bags, batch = 64, support = settings.support, query = settings.query,
    seed = settings.judge_seed }
  local judged = cmml.evaluate({ model }, tasks, { draws = settings.draws })[1]
  local metrics = {}
  for _, metric in ipairs(user_cell.metrics) do
    metrics[metric.name] = judged[metric.name].values
  end
  if #settings.supports > 0 then
    local by_size = cmml.evaluate_by_support({ model }, tasks, settings.supports,
      { draws = settings.draws })
    for i, size in ipairs(settings.supports) do
      metrics["mae, support " .. size] = by_size[i][1].mae.values
    end
  end
  return { metrics = metrics, epochs = result and result.epoch, best_epoch = result
    and result.best_epoch }
end

return user_cell
