--- The scenario setting of the benchmark: training steps of the published ML-20M configuration (GRU
-- encoder, element-wise product, FiLM layers) on made interactions of the published sizes.
--
-- The peer computes with the same vectors, weights and draws: `scenario.export` writes them, with
-- the loss of every batch.
local program = require "program"

local scenario = {}

local support, query, batches = 64, 128, 8
local preset = "published-code/ml20m_film"

local source -- tables and tasks, the same for all cases

local function make_source(cmml)
  local data = cmml.settings:get("scenarios").made_full()
  local split = data:split { valid = 0.1 }
  local vectors = cmml.vectors.als { ratings = split.background, n_items = #data.items,
    iterations = 1 }
  source = { split = split, catalogue = split:catalogue(vectors) }
end

--- Batches of tasks of the made data.
-- @tparam table cmml the library
-- @tparam integer tasks in a batch
-- @tparam[opt] table options of `ScenarioSplit:tasks` other than those of the scenario case
-- @treturn Catalogue with vectors of 64 numbers
-- @treturn function of a number from 1 to 8: the tasks of a batch, drawn afresh each time
function scenario.draws(cmml, tasks, options)
  if not source then
    make_source(cmml)
  end
  local opt, lists = { support = support, support_negatives = support, query = query,
    batch = tasks }, {}
  for key, value in pairs(options or {}) do
    opt[key] = value
  end
  local all = source.split:tasks(opt)
  for list, draw in all:people(1) do
    if #list == tasks and #lists < batches then
      lists[#lists + 1] = { draw, list }
    end
  end
  return source.catalogue, function(number)
    return all:draw(table.unpack(lists[number]))
  end
end

--- One training step of a model after another: drawing the tasks, forward, backward, Adam. The
-- batches take turns.
-- @tparam table cmml the library
-- @tparam Recommender model
-- @tparam function draw see `draws`
-- @tparam integer count of batches
-- @tparam table options of `optim.adam`
-- @treturn function that does a step
function scenario.stepper(cmml, model, draw, count, options)
  local optimiser, at = cmml.optim.adam(model.module, options), 0
  return function()
    at = at % count + 1
    optimiser:backward(model:loss(draw(at)))
    optimiser:step()
  end
end

--- Writes models, batches and the loss of every batch for a peer.
-- @tparam table cmml the library
-- @tparam string path
-- @tparam table sizes list of numbers of tasks in a batch
-- @tparam integer count of batches
-- @tparam function make of a number of tasks: a model with fresh weights, and the draw of its
-- batches
-- @tparam function add_batch of (add, prefix, model, batch): adds what a batch has by add(name,
-- value)
-- @treturn true|nil nil on failure
-- @treturn ?string message
function scenario.export_models(cmml, path, sizes, count, make, add_batch)
  local entries, add = program.arrays()
  for _, tasks in ipairs(sizes) do
    local model, draw = make(tasks)
    local prefix = tasks .. "."
    add(prefix .. "vectors.users", model.users)
    add(prefix .. "vectors.items", model.items)
    for name, parameter in model.module:parameters() do
      add(prefix .. "param." .. name, parameter)
    end
    for i = 1, count do
      local here, batch = ("%sbatch.%d."):format(prefix, i), draw(i)
      add_batch(add, here, model, batch)
      add(here .. "loss", cmml.no_grad(model.loss, model, batch):reshape { 1 })
    end
  end
  return cmml.core.write_archive(path, entries)
end

-- A model with fresh weights, and the draw of its batches.
local function make(cmml, tasks)
  local catalogue, draw = scenario.draws(cmml, tasks)
  return cmml.cmml(catalogue, { preset = preset }), draw
end

--- One training step after another, see `stepper`.
-- @tparam table cmml the library
-- @tparam integer tasks in a batch
-- @treturn function that does a step
function scenario.step(cmml, tasks)
  local model, draw = make(cmml, tasks)
  local settings = cmml.presets[preset].training
  return scenario.stepper(cmml, model, draw, batches, { lr = settings.lr,
    weight_decay = settings.weight_decay })
end

--- Writes vectors, weights, draws and the loss of every batch for the peer.
-- @tparam table cmml the library
-- @tparam string path
-- @tparam table sizes list of numbers of tasks in a batch
-- @treturn true|nil nil on failure
-- @treturn ?string message
function scenario.export(cmml, path, sizes)
  return scenario.export_models(cmml, path, sizes, batches, function(tasks)
    return make(cmml, tasks)
  end, function(add, here, _, batch)
    add(here .. "users", batch.support.users:totable())
    add(here .. "items", batch.support.items:totable())
    add(here .. "labels", batch.support.labels)
    add(here .. "query_users", batch.query.users:totable())
    add(here .. "positives", batch.query.positives:totable())
    add(here .. "negatives", batch.query.negatives:totable())
  end)
end

return scenario
