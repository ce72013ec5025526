--- Fusion of what several learners score: of each the scores of all items, brought to one scale and
-- added with weights, which a small network reads from the learners' states, or which are given.
--
-- In MML (Pan et al., CIKM 2022, as in their program) the learners are of ids, texts and pictures,
-- and the state of each is the last layer of its sequence encoder, all places in a row. Of score
-- vectors s_m and states z_m
--
--    a_m = gate(state_norm(z_m))      alpha = softmax over m of a_m
--    fused = sum_m alpha_m score_norm(s_m)
--
-- Both norms and the gate are the same for all learners. The weights of a person add up to 1, so
-- the norm's scale and bias of each item are applied once, to the sum.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

local known = require("cmml.base.options").declare("score_fusion", {
  { name = "width", kind = "integer", from = 1, required = true,
    help = "numbers of a learner's state, all places together" },
  { name = "hidden", kind = "integer", from = 1, default = 128,
    help = "width of the gate's hidden layer" },
  { name = "items", kind = "integer", from = 1,
    default_text = "none: no scale and bias of items",
    help = "number of items, each of which has a scale and a bias of its own" },
  { name = "last_relu", kind = "boolean", default = true,
    help = "whether a relu follows the gate's last layer, as published; where it gives 0 for all "
      .. "learners their weights are equal, and nothing is learnt" },
  (require "cmml.nn.init_option"),
})

local published_eps = 1e-5
local least_variance = 1e-20 -- scores that vary by less say nothing

return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
  local classes = use "tensor.classes"
  local ScoreFusion = nn.class "cmml.ScoreFusion"

  --- A fusion with fresh weights.
  -- @tparam table options
  -- @treturn ScoreFusion of (states, scores), see ScoreFusion:forward; children state_norm, gate
  -- and, with items, score_norm
  function cmml.score_fusion(options)
    local opt = known:check(options)
    local self = ScoreFusion.new()
    self:register("state_norm", nn.layer_norm { width = opt.width, eps = published_eps })
    self:register("gate", nn.mlp { widths = { opt.width, opt.hidden, 1 },
      last = opt.last_relu and "relu" or "identity", init = opt.init })
    if opt.items then
      self:register("score_norm", nn.layer_norm { width = opt.items, eps = published_eps })
    end
    self.width, self.items = opt.width, opt.items
    return self
  end

  -- Tensors [people, learners, ..] of one [people, ..] a learner, or as they are.
  local function stacked(where, value)
    if cmml.is_tensor(value) then
      if value.ndim < 3 then
        raise(("%s must be a Tensor [people, learners, ..], not one [%s]"):format(where,
          table.concat(value.shape, ", ")), 4)
      end
      return value
    end
    args.list(where, value, 4)
    if #value == 0 then
      raise(where .. ": a Tensor of at least one learner was expected", 4)
    end
    local each = {}
    for i, one in ipairs(value) do
      args.expect(("%s: entry %d"):format(where, i), one, classes.tensor, 5)
      if one.ndim < 2 then
        raise(("%s: entry %d must be a Tensor [people, ..], not one [%s]"):format(where, i,
          table.concat(one.shape, ", ")), 4)
      end
      each[i] = one:reshape { one.shape[1], 1, table.unpack(one.shape, 2) }
    end
    return #each == 1 and each[1] or args.call(core.concat, each, 2)
  end

  -- The sum over learners of weights [people, learners] times standardised scores.
  local function mixed(scores, weights, eps)
    local people, learners, items = table.unpack(scores.shape)
    local unit = core.layer_norm(scores, core.full({ items }, 1), core.full({ items }, 0), eps)
    return core.matmul(weights:reshape { people, 1, learners }, unit):reshape { people, items }
  end

  local function stacked_scores(where, scores)
    scores = stacked(where, scores)
    if scores.ndim ~= 3 then
      raise(("%s must be [people, learners, items], not [%s]"):format(where,
        table.concat(scores.shape, ", ")), 4)
    end
    return scores
  end

  -- What the gate says of each learner, where nothing stands between the user and the caller.
  local function gates(self, where, states)
    states = stacked(where, states)
    local people, learners = states.shape[1], states.shape[2]
    if states.count ~= people * learners * self.width then
      raise(("%s: each learner's must have %d numbers, not [%s]"):format(where, self.width,
        table.concat(states.shape, ", ", 3)), 4)
    end
    local rows = states:reshape { people * learners, self.width }
    return self.gate(self.state_norm(rows)):reshape { people, learners }
  end

  --- What the gate says of each learner's state.
  -- @tparam Tensor|table states [people, learners, ..], or a list of one [people, ..] a learner
  -- @treturn Tensor [people, learners]; a softmax over the learners makes it their weights
  function ScoreFusion:gates(states)
    return gates(self, "ScoreFusion:gates: states", states)
  end

  --- The weights of the learners.
  -- @tparam Tensor|table states as for `gates`
  -- @treturn Tensor [people, learners], adding up to 1 for each person
  function ScoreFusion:weights(states)
    return gates(self, "ScoreFusion:weights: states", states):softmax(2)
  end

  --- Scores by given weights of the learners.
  -- @tparam Tensor|table scores [people, learners, items], or a list of one [people, items] a
  -- learner; finite: what is to be in no list is taken out afterwards
  -- @tparam Tensor weights [people, learners], adding up to 1 for each person
  -- @treturn Tensor [people, items]
  function ScoreFusion:fuse(scores, weights)
    scores = stacked_scores("ScoreFusion:fuse: scores", scores)
    if self.items and scores.shape[3] ~= self.items then
      raise(("ScoreFusion:fuse: scores must be of %d items, not %d"):format(self.items,
        scores.shape[3]), 2)
    end
    args.expect("ScoreFusion:fuse: weights", weights, classes.tensor)
    local fused = args.call(mixed, scores, weights, published_eps)
    if self.score_norm then
      fused = fused * self.score_norm.weight + self.score_norm.bias
    end
    return fused
  end

  --- Scores by the weights that the gate gives.
  -- @tparam Tensor|table states as for `gates`
  -- @tparam Tensor|table scores as for `fuse`
  -- @treturn Tensor [people, items]
  -- @treturn Tensor the weights [people, learners]
  function ScoreFusion:forward(states, scores)
    local weights = gates(self, "ScoreFusion: states", states):softmax(2)
    return self:fuse(scores, weights), weights
  end

  --- Scores of several learners by fixed weights: of each learner the standard scores over all
  -- items ((s - mean) / standard deviation, with divisor items - 1), times its weight, added up.
  --
  -- Where a learner scores all items alike, it counts nothing.
  -- @tparam Tensor|table scores [people, learners, items], or a list of one [people, items] a
  -- learner; finite
  -- @tparam Tensor|table weights a number for each learner, or a Tensor [learners] or [people,
  -- learners]
  -- @treturn Tensor [people, items]
  -- @usage
  -- local ids = cmml.tensor { { 1, 2, 6 } }
  -- local texts = cmml.tensor { { 70, 50, 60 } }
  -- print(cmml.fuse_standardised({ ids, texts }, { 0.7, 0.3 }).shape[2]) --> 3
  function cmml.fuse_standardised(scores, weights)
    scores = stacked_scores("fuse_standardised: scores", scores)
    local people, learners, items = table.unpack(scores.shape)
    args.expect("fuse_standardised: weights", weights, classes.tensor .. " table")
    if not cmml.is_tensor(weights) then
      weights = args.call(core.tensor, weights)
    end
    if weights.shape[weights.ndim] ~= learners or weights.ndim > 2 then
      raise(("fuse_standardised: weights must be a number for each of %d learners, not [%s]")
        :format(learners, table.concat(weights.shape, ", ")), 2)
    end
    local unbiased = math.sqrt((items - 1) / items)
    return args.call(function()
      return mixed(scores, (weights * unbiased):expand { people, learners }, least_variance)
    end)
  end
end
