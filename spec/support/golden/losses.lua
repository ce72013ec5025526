-- Losses: each is an output of its own, with inputs named after it.
local cmml = require "cmml"

--- Computes a case of all losses.
-- @tparam Case case
-- @treturn table outputs by name
-- @treturn Tensor their sum
return function(case)
  local logits = case:tensor "input.cross_entropy.logits"
  local function pair(name)
    return case:tensor(("input.%s.a"):format(name)), case:tensor(("input.%s.b"):format(name))
  end
  case:size("count", logits.shape[1])
  case:size("classes", logits.shape[2])
  local outputs = {
    mse = cmml.mse(pair "mse"),
    mae = cmml.mae(pair "mae"),
    hinge = cmml.hinge(pair "hinge"),
    bpr = cmml.bpr(pair "bpr"),
    bce = cmml.bce_with_logits(case:tensor "input.bce.logit", case:tensor "input.bce.label"),
    cross_entropy = cmml.cross_entropy(logits, (case:ids "input.cross_entropy.target")),
  }
  local loss = cmml.zeros {}
  for _, value in pairs(outputs) do
    loss = loss + value
  end
  return outputs, loss
end
