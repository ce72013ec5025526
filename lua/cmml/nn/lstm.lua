--- LSTM as a layer.
--
-- @module cmml.nn.layers
local declare = require("cmml.base.options").declare
local init_option = require "cmml.nn.init_option"
local sizes = require "cmml.nn.size_options"

local known = declare("nn.lstm", {
  sizes.inp, sizes.hidden, init_option,
})

return function(cmml, use)
  use "nn.module"
  local nn, core = cmml.nn, cmml.core
  local Lstm = nn.class "cmml.Lstm"

  --- Long short-term memory, as the op lstm.
  -- @tparam table options
  -- @treturn Lstm of (x [batch, time, inp], lengths (Segments) or nil, state [batch, 2 hidden],
  -- which is h, then c, or nil) giving h and c of all steps, [batch, time, hidden] each, 0 behind
  -- the lengths; parameters as `register_recurrent` says, gate rows in the order i, f, g, o
  function nn.lstm(options)
    local opt = known:check(options)
    local self = Lstm.new()
    nn.register_recurrent(self, 4, opt.inp, opt.hidden, opt.init)
    return self
  end

  --- The states after all steps.
  -- @tparam Tensor x [batch, time, inp]
  -- @tparam[opt] Segments lengths valid steps of each row; default: all
  -- @tparam[opt] Tensor state to start from [batch, 2 hidden]: h, then c; default: zeros
  -- @treturn Tensor h [batch, time, hidden], 0 behind the lengths
  -- @treturn Tensor c, the same shape
  function Lstm:forward(x, lengths, state)
    local all = core.lstm(x, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, state,
      lengths)
    local hidden = all.shape[3] // 2
    return all:slice(3, 1, hidden), all:slice(3, hidden + 1, 2 * hidden)
  end

  --- The last valid state of each row; zeros where the length is 0.
  -- @tparam Tensor x [batch, time, inp]
  -- @tparam[opt] Segments lengths valid steps of each row; default: all
  -- @tparam[opt] Tensor state to start from [batch, 2 hidden]: h, then c; default: zeros
  -- @treturn Tensor h [batch, hidden]
  -- @treturn Tensor c [batch, hidden]
  function Lstm:last(x, lengths, state)
    local h, c = self(x, lengths, state)
    return core.last_step(h, lengths), core.last_step(c, lengths)
  end
end
