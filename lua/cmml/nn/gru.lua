--- GRU as a layer.
--
-- @module cmml.nn.layers
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local init_option = require "cmml.nn.init_option"
local initial = require "cmml.nn.initial"
local sizes = require "cmml.nn.size_options"
local raise = args.error

local known = declare("nn.gru", {
  sizes.inp, sizes.hidden, init_option,
})

return function(cmml, use)
  use "nn.module"
  local nn, core = cmml.nn, cmml.core

  --- Registers the weights of a recurrent layer: weight_ih [gates hidden, inp], weight_hh [gates
  -- hidden, hidden], bias_ih and bias_hh [gates hidden], from U(-1/sqrt(hidden), 1/sqrt(hidden))
  -- (PyTorch's).
  -- @tparam Module module which gets the fields
  -- @tparam integer gates 3 for a GRU, 4 for an LSTM
  -- @tparam integer inp width of the input
  -- @tparam integer hidden width of the state
  -- @tparam ?table init from nn.init
  function nn.register_recurrent(module, gates, inp, hidden, init)
    init = initial("nn.register_recurrent", init or nn.default_init)
    if type(module) ~= "table" or type(module.register) ~= "function" then
      raise("nn.register_recurrent: module must be a module, not " .. args.describe(module), 2)
    end
    args.sizes("nn.register_recurrent: gates, inp and hidden", { gates or false, inp or false,
      hidden or false }, 2)
    local rows, bound = gates * hidden, 1 / math.sqrt(hidden)
    module:register("weight_ih", init.uniform({ rows, inp }, bound))
    module:register("weight_hh", init.uniform({ rows, hidden }, bound))
    module:register("bias_ih", init.uniform({ rows }, bound))
    module:register("bias_hh", init.uniform({ rows }, bound))
  end

  local Gru = nn.class "cmml.Gru"

  --- Gated recurrent unit (Cho et al. 2014), as the op gru.
  -- @tparam table options
  -- @treturn Gru of (x [batch, time, inp], lengths (Segments) or nil, state [batch, hidden] or
  -- nil) giving all states [batch, time, hidden], 0 behind the lengths; parameters as
  -- `register_recurrent` says, gate rows in the order r, z, n
  function nn.gru(options)
    local opt = known:check(options)
    local self = Gru.new()
    nn.register_recurrent(self, 3, opt.inp, opt.hidden, opt.init)
    return self
  end

  --- The states after all steps.
  -- @tparam Tensor x [batch, time, inp]
  -- @tparam[opt] Segments lengths valid steps of each row; default: all
  -- @tparam[opt] Tensor state to start from [batch, hidden]; default: zeros
  -- @treturn Tensor [batch, time, hidden], 0 behind the lengths
  function Gru:forward(x, lengths, state)
    return core.gru(x, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, state, lengths)
  end

  --- The last valid state of each row; zeros where the length is 0.
  -- @tparam Tensor x [batch, time, inp]
  -- @tparam[opt] Segments lengths valid steps of each row; default: all
  -- @tparam[opt] Tensor state to start from [batch, hidden]; default: zeros
  -- @treturn Tensor [batch, hidden]
  function Gru:last(x, lengths, state)
    return core.last_step(self(x, lengths, state), lengths)
  end
end
