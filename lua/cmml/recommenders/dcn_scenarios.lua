--- Deep & Cross Network (Wang et al., ADKDD 2017) in the setting scenarios: one model for all of
-- them, over vectors made beforehand.
--
-- DCN does not adapt: x_0 is the user's vector and the item's, whatever the scenario. It is trained
-- on the pairs of all scenarios pooled: those of the queries of a batch of tasks.
--
-- DCN-F (`dcnf`) is trained in the same way, and then fine-tuned on the support of each scenario:
-- its loss there is that of the support's pairs. A support without positives or without negatives
-- has no pairs, and leaves the weights as they were trained. The epoch is chosen by what fine-tuned
-- models do on the validation scenarios.
--
-- @module cmml
local model_options = require "cmml.recommenders.dcn_options"

return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
  local fine_tuning = use "recommenders.fine_tuning"
  local vector_rows = use "recommenders.vector_rows"
  use "recommenders.kind"
  --- The weights of DCN on scenarios, which are its network's.
  -- @tfield CrossNetwork network
  local Weights = nn.class "cmml.ScenarioDcnWeights"

  local options = model_options { vector_rows.options.unit_rows, vector_rows.options.loss }

  local presets = {
    recommended = {
      model = { cross = 4, deep = { 64, 64 }, cross_deviation = 0.01 },
      training = { batch = 16, support = 64, support_negatives = 64, query = 64, order = "mixed",
        lr = 1e-3, weight_decay = 1e-5 } },
    -- The released code has the network, four cross layers whose weights and biases start at
    -- N(0, 1), but no script that trains it: how stands as it does for CMML in that code.
    ["published-code"] = {
      model = { cross = 4, deep = { 64, 64 }, cross_deviation = 1 },
      training = { batch = 1, support = 64, support_negatives = 64, query = 128, order = "mixed",
        lr = 1e-4, weight_decay = 1e-5 } },
  }

  local function make(catalogue, opt, init)
    local module = Weights.new()
    local self = { module = module }
    self.users, self.items = vector_rows.tables(catalogue, opt)
    module:register("network", cmml.cross_network { inp = 2 * self.items.shape[2],
      cross = opt.cross, deep = opt.deep, cross_deviation = opt.cross_deviation, init = init },
      true)
    return self
  end

  local function vectors(self, rows)
    return vector_rows.of(self.users, self.items, rows)
  end

  -- Scores under the weights of the tasks, or those that all share.
  local function score(self, state, rows)
    local network = self.module.network
    return (network:score(vectors(self, rows), state.weights or network:weights(), rows.segments))
  end

  -- The state of tasks that are not adapted to.
  local function shared()
    return {}
  end

  -- Weights of each task.
  local function fine_tuned(self, support)
    local network, segments = self.module.network, support.segments
    local pairs_of, lengths = cmml.scenarios.support_pairs(support)
    local x = cmml.written_out(vectors(self, support))
    local start = cmml.task_layers.spread(network:weights(), #segments)
    local weights, diverged = fine_tuning.weights(self.options, start, function(weights)
      return cmml.scenarios.pair_losses_of_tasks(self.options.loss or "hinge",
        network:score(x, weights, segments), pairs_of, lengths)
    end)
    return { weights = weights, diverged = diverged }
  end

  -- The mean over tasks of the mean over pairs of the loss that the options name.
  local function loss(self, batch)
    local rows = core.paired_rows(batch.query)
    return cmml.scenarios.pair_loss(self.options.loss or "hinge", score(self, shared(), rows), rows,
      batch.query.segments)
  end

  cmml.kind {
    name = "dcn", title = "DCN", source = "Wang et al., ADKDD 2017", settings = { "scenarios" },
    learns = "gradient", needs = { vectors = true }, options = options, presets = presets,
    make = make, adapt = shared, score = score, loss = loss, over = vector_rows.over,
  }

  cmml.kind {
    name = "dcnf", title = "DCN-F", source = "fine-tuned DCN, as in Feng et al., CIKM 2021",
    settings = { "scenarios" }, learns = "gradient", needs = { vectors = true },
    options = fine_tuning.with(options), presets = presets, make = make, adapt = fine_tuned,
    score = score, loss = loss, over = vector_rows.over,
  }
end
