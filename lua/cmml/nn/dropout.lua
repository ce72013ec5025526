--- Dropout as a layer.
--
-- @module cmml.nn.layers
local declare = require("cmml.base.options").declare

local known = declare("nn.dropout", {
  { name = "rate", kind = "number", from = 0, below = 1, required = true,
    help = "fraction of the entries set to 0" },
  { name = "place", kind = "integer", default = 0,
    help = "gives layers that are called with one key masks of their own" },
})

local known_key = declare("Dropout:forward", require "cmml.nn.key_options")

return function(cmml, use)
  use "nn.module"
  local nn, core = cmml.nn, cmml.core
  local Dropout = nn.class "cmml.Dropout"
  local spread = 0x9E3779B97F4A7C15 -- 2^64 / golden ratio: far from any small seed

  --- Dropout (Srivastava et al. 2014): active where it is called with a key, as in training.
  -- @tparam table options
  -- @treturn Dropout of (x, key): the mask is a function of the key; without a key it gives x
  function nn.dropout(options)
    local opt = known:check(options)
    local self = Dropout.new()
    self.rate, self.place = opt.rate, opt.place
    return self
  end

  --- Runs the layer.
  -- @tparam Tensor x of any shape
  -- @tparam[opt] table key what the mask is a function of; nil gives x itself
  -- @treturn Tensor of the same shape
  function Dropout:forward(x, key)
    if key == nil then
      return x
    end
    local opt = known_key:check(key, 3, "nn.dropout: key")
    return core.dropout(x, self.rate, opt.seed + self.place * spread, opt.epoch, opt.task)
  end
end
