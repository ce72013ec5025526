--- The cells of the user setting: a model learns from the ratings of some people and is judged on
-- others, under a protocol.
--
-- @module cmml.experiment.user_cell

local user_cell = {}

--- The protocols of `cmml.users.protocol` by name: what each judges, in order, as {title, leaky, as
-- (the name of the evaluation there)}.
user_cell.protocols = {
  full = { { title = "Cold users, full histories", as = "cold users" } },
  capped = { { title = "Cold users, capped histories", as = "cold users" } },
  warm = { { title = "Warm users, ratings held out", as = "warm users" },
    { title = "Cold users, beside warm ones", as = "cold users" } },
  ["warm-leaky"] = { { title = "Warm users as published", as = "warm users (leaky)",
    leaky = true }, { title = "Cold users, beside warm ones as published", as = "cold users" } },
  melu = { { title = "MeLU: existing users, existing items", as = "warm" },
    { title = "MeLU: new users, existing items", as = "user cold" },
    { title = "MeLU: existing users, new items", as = "item cold" },
    { title = "MeLU: new users, new items", as = "user and item cold" } },
}

local metrics = { mae = "MAE", ["ndcg_exp@1"] = "ndcg_exp@1", ["ndcg_exp@3"] = "ndcg_exp@3" }

--- The columns of an evaluation.
-- @tparam string as name of the evaluation
-- @treturn table list of {name, base, head}
function user_cell.columns(as)
  local columns = {}
  for i, base in ipairs { "mae", "ndcg_exp@1", "ndcg_exp@3" } do
    columns[i] = { name = ("%s/%s"):format(as, base), base = base, head = metrics[base] }
  end
  return columns
end

--- The columns of the MAE by support.
-- @tparam string as name of the evaluation
-- @tparam {integer,...} supports
-- @treturn table list of {name, base, head}
function user_cell.columns_by_support(as, supports)
  local columns = {}
  for i, size in ipairs(supports) do
    columns[i] = { name = ("%s/mae/%d"):format(as, size), base = "mae",
      head = ("MAE, support %d"):format(size) }
  end
  return columns
end

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

--- The settings that cells of one run share. Raises where the folder has no ratings.
-- @tparam table cmml the library
-- @tparam table opt of the experiment
-- @treturn table
function user_cell.settings(cmml, opt)
  local data = opt.data and opt.data[1] or "made"
  local files = data ~= "made" and user_cell.sizes(data) or {}
  if data ~= "made" and not files["ratings.dat"] then
    error(("%s has no ratings.dat: ratings of users are read from a folder in the format of "
      .. "MovieLens-1M"):format(data), 0)
  end
  return { data = data, files = files,
    version = cmml._VERSION, valid = opt.valid or 0.05,
    data_seed = opt.data_seed or 1, support = 40, query = 10, judge_seed = 1000,
    draws = opt.draws or (opt.quick and 2 or 5), supports = opt.supports or {} }
end

--- How long a model learns: as its preset says, if it does.
-- @tparam table cmml the library
-- @tparam string preset of the model
-- @tparam table opt of the experiment: epochs, patience, batch, lr, budget, quick
-- @treturn table epochs, patience, batch and lr (nil: the preset's)
function user_cell.budget(cmml, preset, opt)
  local published = opt.budget == "published"
  local own = (cmml.presets[preset] or {}).training or {}
  return { epochs = opt.epochs or (opt.quick and 3 or own.epochs or 30), batch = opt.batch,
    lr = opt.lr or opt.quick and 5e-3 or nil,
    patience = opt.patience or own.patience or ((published or own.epochs) and 0 or 5) }
end

-- How long the models of rows learn: once if all do alike, else with the presets that do.
local function epochs_text(cmml, rows, opt)
  local texts, presets, seen = {}, {}, {}
  for _, row in ipairs(rows) do
    local preset = row.kind == "cmml" and row.model.preset
    if preset and not seen[preset] then
      seen[preset] = true
      local training = user_cell.budget(cmml, preset, opt)
      local text = training.patience > 0
        and ("at most %d epochs, stopped after %d without a better validation MAE"):format(
        training.epochs, training.patience) or ("%d epochs"):format(training.epochs)
      texts[#texts + 1] = not presets[text] and text or nil
      presets[text] = presets[text] and presets[text] .. ", " .. preset or preset
    end
  end
  for i, text in ipairs(#texts > 1 and texts or {}) do
    texts[i] = ("%s: %s"):format(presets[text], text)
  end
  return table.concat(texts, "; ") .. (#texts > 0 and "; " or "")
end

--- Says the budget.
-- @tparam table cmml the library
-- @tparam table shared settings of the cells
-- @tparam table rows see `cmml.experiment.user_plan`
-- @tparam table opt of the experiment
-- @treturn string
function user_cell.budget_text(cmml, shared, rows, opt)
  return ("data %s; %ssupport %d, query %d, mean of %d draws; %g of the other users validate; "
    .. "seed of the split %d"):format(shared.data, epochs_text(cmml, rows, opt), shared.support,
    shared.query, shared.draws, shared.valid, shared.data_seed)
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

--- A model of a cell, trained.
-- @tparam table cmml the library
-- @tparam table data see `prepare`
-- @tparam table settings model, training, seed
-- @treturn Recommender
-- @treturn table what `cmml.train` gives
function user_cell.train(cmml, data, settings)
  local options, training = { seed = settings.seed }, { seed = settings.seed }
  for key, value in pairs(settings.model) do
    options[key] = value
  end
  for key, value in pairs(settings.training) do
    training[key] = value
  end
  local model = cmml.cmml(data.catalogue, options)
  return model, cmml.train(model, data, training)
end

local function fit(cmml, data, settings)
  if settings.kind ~= "cmml" then
    local model = cmml[settings.kind](data.catalogue)
    model:fit(data.ratings, learners(data))
    return model
  end
  local model, result = user_cell.train(cmml, data, settings)
  if result.stopped == "diverged" then
    error(result.message, 0)
  end
  return model, result
end

--- The data set, and what a protocol makes of it.
-- @tparam table cmml the library
-- @tparam table settings data, protocol, ..
-- @treturn table see `cmml.users.protocol`
function user_cell.prepare(cmml, settings)
  local dataset, data, message
  if settings.data == "made" then
    dataset = made.ratings(cmml)
  else
    dataset, message = cmml.movielens(settings.data)
  end
  if dataset then
    local listed = settings.data .. "/test_users.txt"
    data, message = cmml.users.protocol(dataset, { protocol = settings.protocol,
      cap = settings.cap, valid = settings.valid, data_seed = settings.data_seed,
      test_users = settings.data ~= "made" and cmml.core.exists(listed) and listed or nil })
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
  local sizes = table.move(settings.supports, 1, #settings.supports, 2, { settings.support })
  local found = {}
  for _, evaluation in ipairs(cmml.users.evaluate_protocol({ model }, data, { sizes = sizes,
    query = settings.query, seed = settings.judge_seed, draws = settings.draws })) do
    for _, column in ipairs(user_cell.columns(evaluation.name)) do
      found[column.name] = evaluation.by_size[1][1][column.base].values
    end
    for i, column in ipairs(user_cell.columns_by_support(evaluation.name, settings.supports)) do
      found[column.name] = evaluation.by_size[i + 1][1].mae.values
    end
  end
  return { metrics = found, epochs = result and result.epoch, best_epoch = result
    and result.best_epoch }
end

return user_cell
