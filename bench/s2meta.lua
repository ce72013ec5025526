--- S2Meta in the benchmark: training steps of the published ML-20M configuration (MLP 64-32-16-1,
-- eight update controllers of 16 units, mini-batches of 128 pairs) on the made data of the scenario
-- setting, with all 20 steps, since how many a task takes would be chance otherwise.
--
-- The peer computes with the same vectors, weights and pairs: `s2meta.export` writes them, with the
-- loss of every batch.
local scenario = require "scenario"

local s2meta = {}

local preset, steps, batches = "published-code", 20, 4

-- A model with fresh weights, and the draw of its batches.
local function make(cmml, tasks)
  local training = cmml.kinds.find("s2meta", "scenarios").presets[preset].training
  local catalogue, draw = scenario.draws(cmml, tasks, { order = training.order,
    negatives = training.negatives, support_negatives = training.support_negatives })
  return cmml.recommenders.s2meta(catalogue, { preset = preset, min_step = steps,
    max_step = steps }), draw, training
end

--- One training step after another: drawing the tasks, their steps, forward, backward, Adam. The
-- batches take turns.
-- @tparam table cmml the library
-- @tparam integer tasks in a batch
-- @treturn function that does a step
function s2meta.step(cmml, tasks)
  local model, draw, training = make(cmml, tasks)
  return scenario.stepper(cmml, model, draw, batches, { lr = training.lr, clip = training.clip,
    weight_decay = training.weight_decay, groups = training.groups })
end

--- Writes vectors, weights, pairs and the loss of every batch for the peer.
-- @tparam table cmml the library
-- @tparam string path
-- @tparam table sizes list of numbers of tasks in a batch
-- @treturn true|nil nil on failure
-- @treturn ?string message
function s2meta.export(cmml, path, sizes)
  return scenario.export_models(cmml, path, sizes, batches, function(tasks)
    return make(cmml, tasks)
  end, function(add, here, model, batch)
    local function add_pairs(prefix, query)
      for _, name in ipairs { "users", "positives", "negatives" } do
        add(prefix .. name, query[name]:totable())
      end
    end
    local opt = model.options
    for step = 0, steps - 1 do
      add_pairs(("%sstep.%d."):format(here, step), cmml.core.support_query(batch.support, nil,
        { seed = opt.step_seed, step = step, batch = opt.inner_batch, items = #model.items }))
    end
    add_pairs(here .. "query.", batch.query)
  end)
end

return s2meta
