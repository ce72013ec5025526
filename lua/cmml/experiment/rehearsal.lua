--- Rehearsals: models are made and their training is begun as cells would, without the learning, so
-- that what a cell would refuse is told before there is a process for it.
--
-- @module cmml.experiment.rehearsal
local scenario_cell = require "cmml.experiment.scenario_cell"
local user_cell = require "cmml.experiment.user_cell"

local rehearsal = {}

local with = user_cell.with

-- The first entries of a list: enough to begin with.
local function some(list)
  return table.move(list, 1, math.min(#list, 100), 1, {})
end

--- Data to rehearse on: ratings of users as they are, whose fields decide how wide a network is; of
-- scenarios the made world, with vectors as wide as those of the data.
-- @tparam table cmml the library
-- @tparam table shared settings that the cells share
-- @treturn table as the cell's `prepare` gives it
function rehearsal.data(cmml, shared)
  if shared.cell == "user_cell" then
    local data = user_cell.prepare(cmml, shared)
    data.train, data.valid = some(data.train), some(data.valid)
    return data
  end
  return scenario_cell.prepare(cmml, with(shared, { data = "made", filters = {},
    split = { seed = 1, protocol = shared.split.protocol } }))
end

--- A model of the scenario setting.
-- @tparam table cmml the library
-- @tparam table shared settings that the cells share
-- @tparam table model options of `scenario_cmml`
-- @treturn Recommender
function rehearsal.scenario_model(cmml, shared, model)
  local data = rehearsal.data(cmml, shared)
  return cmml.scenario_cmml(data:catalogue(data.vectors), model)
end

--- Makes the model of a cell and begins its training; raises what is wrong with either.
-- @tparam table cmml the library
-- @tparam table data see `data`
-- @tparam table settings of the cell
function rehearsal.begin(cmml, data, settings)
  local cell = settings.cell == "user_cell" and user_cell or scenario_cell
  local epochs = settings.training.epochs
  cell.train(cmml, data, with(settings, { training = with(settings.training,
    { epochs = math.type(epochs) == "integer" and math.min(epochs, 0) or epochs }) }))
end

return rehearsal
