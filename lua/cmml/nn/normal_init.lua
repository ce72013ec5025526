--- Initial values from a narrow normal distribution.
--
-- @module cmml.nn.layers
local args = require "cmml.base.args"
local initial = require "cmml.nn.initial"

return function(cmml, use)
  use "nn.layers"
  local nn, core = cmml.nn, cmml.core

  --- Initial values as transformers have them: weights of layers and rows of tables from N(0,
  -- deviation^2), biases 0. Layers take it for their option init.
  -- @tparam ?table init where the numbers are drawn from, from nn.init(seed); default: a stream
  -- that all layers share
  -- @tparam number deviation 0.02 in BERT and SASRec
  -- @treturn table with uniform(shape) and normal(shape)
  function nn.normal_init(init, deviation)
    init = initial("nn.normal_init", init == nil and nn.default_init or init)
    args.expect("nn.normal_init: deviation", deviation, "number")
    local own = {}
    --- Initial values from N(0, deviation^2).
    -- @tparam table shape
    -- @treturn Tensor
    function own.normal(shape)
      return args.call(core.mul, init.normal(shape), deviation)
    end
    --- The same; zeros for one dim, which is a bias.
    -- @tparam table shape
    -- @treturn Tensor
    function own.uniform(shape)
      return #shape == 1 and args.call(core.full, shape, 0) or own.normal(shape)
    end
    return own
  end
end
