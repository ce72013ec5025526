--- Layer normalisation as a layer.
--
-- @module cmml.nn.layers
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare

local known = declare("nn.layer_norm", {
  { name = "width", kind = "integer", from = 0, required = true, help = "size of the last dim" },
  { name = "eps", kind = "number", from = 0, default = 1e-5, help = "added to the variance" },
})

return function(cmml, use)
  use "nn.module"
  local nn, core = cmml.nn, cmml.core
  local LayerNorm = nn.class "cmml.LayerNorm"

  --- (x - mean) / sqrt(variance + eps) * weight + bias over the last dim (Ba et al. 2016).
  --
  -- Initial values: weight 1, bias 0.
  -- @tparam table options
  -- @treturn LayerNorm of x [.., width] giving the same shape; parameters weight and bias [width]
  function nn.layer_norm(options)
    local opt = known:check(options)
    local self = LayerNorm.new()
    self.eps = opt.eps
    self:register("weight", args.call(core.full, { opt.width }, 1))
    self:register("bias", core.full({ opt.width }, 0))
    return self
  end

  --- Runs the layer.
  -- @tparam Tensor x [.., width]
  -- @treturn Tensor of the same shape
  function LayerNorm:forward(x)
    return core.layer_norm(x, self.weight, self.bias, self.eps)
  end
end
