--- The recurrent layers of the benchmark: forward over 40 steps and back to the weights and inputs.
local recurrent = {}

local batch, time, inp, hidden = 32, 40, 256, 256

--- One pass of a layer with its gradients.
-- @tparam table cmml the library
-- @tparam string kind "gru" or "lstm"
-- @treturn function that does the work once
function recurrent.pass(cmml, kind)
  local layer = cmml.nn[kind] { inp = inp, hidden = hidden }
  local x = cmml.uniform { batch, time, inp }:track()
  local of = { x, layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh }
  return function()
    cmml.grad(cmml.sum((layer(x))), of)
  end
end

return recurrent
