--- From a folder of scenarios to a trained model: the steps that experiments and the command line
-- share, so that both give the same numbers.
--
-- @module cmml.experiment.scenario_run
local with = require("cmml.experiment.user_cell").with

local scenario_run = {}

--- Reads the data. Raises where there are none.
-- @tparam table cmml the library
-- @tparam string source folder, or several with + between them; "made"
-- @tparam[opt] table filters options of `scenario_source`
-- @treturn ScenarioData
function scenario_run.read(cmml, source, filters)
  local data, message
  if source == "made" then
    data, message = made.scenarios(cmml, filters)
  else
    data, message = cmml.scenarios.read(source, filters)
  end
  return data or error(message, 0)
end

--- Options of the vectors: those of the preset, and where it has none those of the recommended one,
-- so that plain CF is as strong as it can be.
-- @tparam table cmml the library
-- @tparam table opt vectors (method, without those options), factors, preset (a table), quick
-- @treturn table options of `ScenarioSplit:vectors`
function scenario_run.vectors(cmml, opt)
  local own = opt.preset and opt.preset.vectors
    or (cmml.presets["recommended/scenario"] or {}).vectors or {}
  local options = opt.vectors and { method = opt.vectors } or with({ method = "als" }, own)
  options.factors = opt.factors or (opt.quick and 8 or options.factors or 64)
  options.seed = 1
  return options
end

--- Splits the data.
-- @tparam ScenarioData data
-- @tparam table options of `split_scenarios`
-- @tparam[opt] table preset whose own options of the split count before these
-- @treturn ScenarioSplit
function scenario_run.split(data, options, preset)
  return data:split(with(options, (preset or {}).split or {}))
end

--- Makes the vectors of a split: fields vectors (to learn with) and known_vectors (to serve with).
-- @tparam ScenarioSplit split
-- @tparam table options see `vectors`
function scenario_run.add_vectors(split, options)
  split.vectors, split.known_vectors = split:vectors(options)
end

--- Trains a model on a split with vectors. Files of the training hold it over the vectors to serve
-- with, as does what is given back.
-- @tparam table cmml the library
-- @tparam ScenarioSplit split see `add_vectors`
-- @tparam table settings model, training (also steps: of an epoch, at least), seed
-- @treturn Recommender
-- @treturn table what `cmml.train` gives
function scenario_run.train(cmml, split, settings)
  local model = cmml.scenario_cmml(split:catalogue(split.vectors),
    with({ seed = settings.seed }, settings.model))
  local training = with({ seed = settings.seed }, settings.training)
  local steps, batch = training.steps, training.batch or (model.training or {}).batch or 16
  training.steps = nil
  if steps then
    training.rounds = math.ceil(steps / math.ceil(#split.train / batch))
  end
  if split.known_vectors ~= split.vectors then
    training.serve = split:catalogue(split.known_vectors)
  end
  local result = cmml.train(model, split, training)
  return training.serve and model:over(training.serve) or model, result
end

--- A recommender of a kind that has nothing to learn.
-- @tparam table cmml the library
-- @tparam ScenarioSplit split see `add_vectors`
-- @tparam string kind
-- @treturn Recommender
function scenario_run.rival(cmml, split, kind)
  for _, model in ipairs(split:rivals(split.vectors)) do
    if model.kind == kind then
      return model
    end
  end
  return cmml[kind](split:catalogue(split.vectors))
end

return scenario_run
