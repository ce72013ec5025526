-- Losses: each is an output of its own, with inputs named after it.
local cmml = require "cmml"

local losses = {}

--- Mean of -log(1e-10 + sig(positive - negative)).
-- @tparam Tensor positive
-- @tparam Tensor negative
-- @treturn Tensor
function losses.bpr(positive, negative)
  return -cmml.mean(cmml.log(cmml.sigmoid(positive - negative) + 1e-10))
end

--- Mean of max(0, 1 - positive + negative).
-- @tparam Tensor positive
-- @tparam Tensor negative
-- @treturn Tensor
function losses.hinge(positive, negative)
  return cmml.mean(cmml.relu(1 - positive + negative))
end

--- Mean binary cross entropy of logits.
-- @tparam Tensor logit
-- @tparam Tensor label
-- @treturn Tensor
function losses.bce(logit, label)
  return cmml.mean(cmml.softplus(logit) - label * logit)
end

--- Mean of -log_softmax(logits)[target] over the rows.
-- @tparam Tensor logits [rows, classes]
-- @tparam table targets 0-based
-- @treturn Tensor
function losses.cross_entropy(logits, targets)
  local classes, chosen = logits.shape[2], {}
  for row, target in ipairs(targets) do
    chosen[row] = {}
    for class = 1, classes do
      chosen[row][class] = class == target + 1 and 1 or 0
    end
  end
  return -cmml.sum(cmml.log_softmax(logits, 2) * cmml.tensor(chosen)) / #targets
end

--- Computes a case of all losses.
-- @tparam Case case
-- @treturn table outputs by name
-- @treturn Tensor their sum
function losses.run(case)
  case:needs "log_softmax"
  local logits = case:tensor "input.cross_entropy.logits"
  local function pair(name)
    return case:tensor(("input.%s.a"):format(name)), case:tensor(("input.%s.b"):format(name))
  end
  case:size("count", logits.shape[1])
  case:size("classes", logits.shape[2])
  local a, b = pair "mae"
  local outputs = {
    mse = cmml.mse(pair "mse"),
    mae = cmml.mean(cmml.abs(a - b)),
    hinge = losses.hinge(pair "hinge"),
    bpr = losses.bpr(pair "bpr"),
    bce = losses.bce(case:tensor "input.bce.logit", case:tensor "input.bce.label"),
    cross_entropy = losses.cross_entropy(logits, case:integers "input.cross_entropy.target"),
  }
  local loss = cmml.zeros {}
  for _, value in pairs(outputs) do
    loss = loss + value
  end
  return outputs, loss
end

return losses
