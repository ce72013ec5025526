-- Kinds of `conet`: its network on given rows, with its loss.
local cmml = require "cmml"

local function run(case)
  local user = case:tensor "input.user"
  local target = cmml.concat { user, case:tensor "input.target_item" }
  local source = cmml.concat { user, case:tensor "input.source_item" }
  case:size("rows", user.shape[1])
  case:size("embedding", user.shape[2])
  local widths = case:option "widths"
  local network = cmml.cross_connections { inp = target.shape[2],
    layers = widths, transfer_bias = case:option "transfer_bias", init = cmml.nn.init(1) }
  local parameters = {}
  for name in network:parameters() do
    parameters[name] = case:tensor("param." .. name)
  end
  network = cmml.nn.functional(network, parameters)
  local weights, segments = network:weights(), cmml.segments { user.shape[1] }
  local of_target, of_source = network.logits(target, source, weights, segments)
  local l1 = network.sparsity(weights)
  local target_loss = cmml.bce_with_logits(of_target, case:tensor "input.target_label")
  local source_loss = cmml.bce_with_logits(of_source, case:tensor "input.source_label")
  case:expect("output.target_logit", of_target)
  case:expect("output.source_logit", of_source)
  case:expect("output.target_loss", target_loss)
  case:expect("output.source_loss", source_loss)
  case:expect("output.l1", l1)
  case:differentiate(target_loss + source_loss + l1 * case:option "sparse_ratio")
end

return {
  { match = function(case)
    return case.config.sparse_ratio
  end, run = run },
}
