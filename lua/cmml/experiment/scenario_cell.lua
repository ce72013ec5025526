--- The cells of the scenario setting: a model learns from some scenarios of a data set and ranks
-- the items of others.
--
-- @module cmml.experiment.scenario_cell
local scenario_run = require "cmml.experiment.scenario_run"
local user_cell = require "cmml.experiment.user_cell"

local scenario_cell = {}

--- The metrics of the tables.
scenario_cell.metrics = { "recall@10", "recall@20", "recall@50" }

local names = { "user_artists.dat", "user_taggedartists.dat", "tags.dat", "artists.dat", "Yelp.txt",
  "Yelp_item2attributes.json", "theme_click_log.csv", "theme_item_pool.csv", "ratings.csv",
  "movies.csv", "tags.csv", "ratings.dat", "movies.dat" }

-- Sizes of the files of every set of a union.
local function sizes_of(source)
  local sizes = {}
  for part in (source .. "+"):gmatch "([^+]*)%+" do
    for _, folder in ipairs { part, "data/" .. part } do
      for name, size in pairs(user_cell.sizes(folder, names)) do
        sizes[part .. "/" .. name] = size
      end
    end
  end
  return sizes
end

--- The settings that cells of one data set share. Raises where the source is of no known format.
-- @tparam table cmml the library
-- @tparam table opt of the experiment
-- @tparam string source folder, or several with + between them; "made"
-- @tparam[opt="no-leak"] string protocol
-- @treturn table
function scenario_cell.settings(cmml, opt, source, protocol)
  local filters = { min_items = opt.min_items, max_items = opt.max_items, by = opt.by }
  if source ~= "made" then
    local found, message = cmml.scenarios.loaders(source, filters)
    if not found then
      error(message, 0)
    end
  end
  return { cell = "scenario_cell", data = source, version = cmml._VERSION,
    files = source ~= "made" and sizes_of(source) or {}, filters = filters,
    split = { seed = opt.data_seed or 1, valid = opt.valid, protocol = protocol or "no-leak" },
    vectors = scenario_run.vectors(cmml, { vectors = opt.vectors, factors = opt.factors,
      quick = opt.quick, preset = cmml.presets[opt.preset or ""] }), -- the same for every row
    judge_seed = 1, draws = opt.draws or 1 }
end

-- Budgets of the published presets. They take one task a step, at the rate 1e-4, for 100,000 steps,
-- judged every 5,000; a few tasks at a higher rate come nearly as far in a fraction of the time.
local published = { epochs = 20, patience = 0, steps = 5000 }
local default = { epochs = 12, patience = 3, steps = 100, batch = 4, lr = 1e-3 }
local quick = { epochs = 2, patience = 0, steps = 3, batch = 2, lr = 1e-3, support = 16,
  support_negatives = 16, query = 16 }

--- How long a model learns: a preset that is not published, as it says.
-- @tparam table cmml the library
-- @tparam table opt of the experiment: epochs, patience, batch, lr, budget, quick
-- @tparam string preset of the model
-- @treturn table options of `train`, and steps (of an epoch)
function scenario_cell.budget(cmml, opt, preset)
  local own = (cmml.presets[preset] or {}).training or {}
  local is_published = preset:find "^paper" or preset:find "^published"
  local base = opt.quick and quick or not is_published and { epochs = own.epochs or 30,
    patience = own.patience or 5 } or opt.budget == "published" and published or default
  return user_cell.with(base, { epochs = opt.epochs, patience = opt.patience, batch = opt.batch,
    lr = opt.lr })
end

--- Says the budget.
-- @tparam table shared settings of the cells
-- @tparam table cmml the library
-- @tparam table opt of the experiment
-- @treturn string
function scenario_cell.budget_text(shared, cmml, opt)
  local training = scenario_cell.budget(cmml, opt, "published-code/scenario")
  return ("vectors: %s, %d factors; published presets: at most %d epochs of about %d steps of %d"
    .. " tasks%s, %s; other presets as they say; split with seed %d, protocol %s; full ranking,"
    .. " mean of %d draws of the supports; tasks are scenarios, weighted by their users"):format(
    shared.vectors.method, shared.vectors.factors, training.epochs, training.steps,
    training.batch or 1, training.lr and (" at the learning rate %g"):format(training.lr) or "",
    training.patience > 0 and ("stopped after %d without a better validation recall@20"):format(
      training.patience) or "not stopped early", shared.split.seed, shared.split.protocol,
    shared.draws)
end

--- The split of the data, and its vectors.
-- @tparam table cmml the library
-- @tparam table settings see `settings`, and preset
-- @treturn ScenarioSplit with fields vectors (to learn with) and known_vectors (to serve with)
function scenario_cell.prepare(cmml, settings)
  local data = scenario_run.read(cmml, settings.data, settings.filters)
  local split = scenario_run.split(data, settings.split, settings.preset)
  scenario_run.add_vectors(split, settings.vectors)
  return split
end

--- A model of a cell, trained; see `scenario_run.train`.
scenario_cell.train = scenario_run.train

-- Means by scenario, those of other domains left out; and how many pairs each is the mean of.
local function by_scenario(found, split, name, domain)
  local means = {}
  for i, mean in ipairs(found[name].by_scenario) do
    local own = split.data.scenarios[found.scenarios[i]].domain
    means[i] = (domain == nil or own == domain) and mean or 0 / 0
  end
  return means
end

local function weights_of(found, values)
  local count, weights = {}, {}
  for i, scenario in ipairs(found.pairs.scenario) do
    if values[i] == values[i] then
      count[scenario] = (count[scenario] or 0) + 1
    end
  end
  for i, scenario in ipairs(found.scenarios) do
    weights[i] = count[scenario] or 1 -- of none there is no mean, either
  end
  return weights
end

--- Computes a cell.
-- @tparam table cmml the library
-- @tparam table settings kind, model, training, seed, and those of `settings`
-- @treturn table metrics: by name one value a scenario, weights: the users of each; unchecked (true
-- where a leak would not have been seen); epochs, best_epoch
function scenario_cell.run(cmml, settings)
  local split = scenario_cell.prepare(cmml, settings)
  local model, result
  if settings.kind == "scenario_cmml" then
    model, result = scenario_cell.train(cmml, split, settings)
    if result.stopped == "diverged" then
      error(result.message, 0)
    end
  else
    model = scenario_run.rival(cmml, split, settings.kind)
  end
  local found = cmml.evaluate_ranking({ model }, split, { draws = settings.draws,
    seed = settings.judge_seed, cutoffs = { 10, 20, 50 } })
  local judged = found[1]
  judged.scenarios = found.scenarios
  local metrics = {}
  for _, name in ipairs(scenario_cell.metrics) do
    metrics[name] = by_scenario(judged, split, name)
    for d, part in ipairs(split.data.parts or {}) do -- the sets of a union
      metrics[("%d/%s"):format(d, name)] = by_scenario(judged, split, name, part.name)
    end
  end
  return { metrics = metrics, weights = weights_of(found, judged["recall@20"].values),
    unchecked = found.unchecked or nil, epochs = result and result.epoch,
    best_epoch = result and result.best_epoch }
end

return scenario_cell
