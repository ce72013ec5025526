--- Deep & Cross Network (Wang et al., ADKDD 2017) in the setting scenarios: one model for all of
-- them, over vectors made beforehand.
--
-- DCN does not adapt: x_0 is the user's vector and the item's, whatever the scenario. It is trained
-- on the pairs of all scenarios pooled: those of the queries of a batch of tasks.
--
-- @module cmml
local model_options = require "cmml.recommenders.dcn_options"

return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
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
    local self = { module = module, users = catalogue.users.vectors.cf,
      items = catalogue.items.vectors.cf }
    if opt.unit_rows then
      self.users = cmml.vectors.unit_rows(self.users)
      self.items = cmml.vectors.unit_rows(self.items)
    end
    module:register("network", cmml.cross_network { inp = 2 * self.items.shape[2],
      cross = opt.cross, deep = opt.deep, cross_deviation = opt.cross_deviation, init = init },
      true)
    return self
  end

  local function score(self, _, rows)
    local network = self.module.network
    return (network.score(vector_rows.of(self.users, self.items, rows), network:weights(),
      rows.segments))
  end

  cmml.kind {
    name = "dcn", title = "DCN", source = "Wang et al., ADKDD 2017", settings = { "scenarios" },
    learns = "gradient", adapts = "forward", needs = { vectors = true }, options = options,
    presets = presets, make = make, score = score, over = vector_rows.over,
    adapt = function()
      return {}
    end,

    -- The mean over tasks of the mean over pairs of the loss that the options name.
    loss = function(self, batch)
      local rows = core.paired_rows(batch.query)
      return cmml.scenarios.pair_loss(self.options.loss or "hinge", score(self, {}, rows), rows,
        batch.query.segments)
    end,
  }
end
