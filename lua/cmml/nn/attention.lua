--- Multi-head attention as a layer.
--
-- @module cmml.nn.layers
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local init_option = require "cmml.nn.init_option"
local raise = args.error

local known = declare("nn.attention", {
  { name = "width", kind = "integer", from = 0, required = true,
    help = "columns of the input and the output" },
  { name = "heads", kind = "integer", from = 1, required = true,
    help = "number of heads, a divisor of width" },
  { name = "causal", kind = "boolean", default = false,
    help = "no query sees a key behind its own place" },
  init_option,
})

return function(cmml, use)
  use "nn.module"
  local nn, core = cmml.nn, cmml.core
  local Attention = nn.class "cmml.Attention"

  --- Multi-head self-attention (Vaswani et al. 2017): head h works on columns (h - 1) width / heads
  -- + 1 to h width / heads of the query, key and value.
  -- @tparam table options
  -- @treturn Attention of (x [batch, time, width], lengths (Segments: how many keys of each row are
  -- valid) or nil, bias (added to the logits [batch, heads, time, time]) or nil) giving [batch,
  -- time, width]; children query, key, value and out, linear [width, width] with bias
  function nn.attention(options)
    local opt = known:check(options)
    if opt.width % opt.heads ~= 0 then
      raise(("nn.attention: width %d cannot be split among %d heads"):format(opt.width, opt.heads),
        2)
    end
    local self = Attention.new()
    self.heads, self.causal = opt.heads, opt.causal
    for _, name in ipairs { "query", "key", "value", "out" } do
      self:register(name, nn.linear { inp = opt.width, out = opt.width, init = opt.init })
    end
    return self
  end

  -- [batch, time, width] as [batch, heads, time, width / heads].
  local function split(self, x)
    local batch, time, width = table.unpack(x.shape)
    return x:reshape { batch, time, self.heads, width // self.heads }:permute { 1, 3, 2, 4 }
  end

  --- What each query gives to each key.
  -- @tparam Tensor x [batch, time, width]
  -- @tparam[opt] Segments lengths valid keys of each row; default: all
  -- @tparam[opt] Tensor bias added to the logits [batch, heads, time, time], or broadcast to them
  -- @treturn Tensor [batch, heads, time, time]; rows add up to 1, or are 0 where the length is 0
  function Attention:weights(x, lengths, bias)
    return core.attention_weights(split(self, self.query(x)), split(self, self.key(x)), bias,
      self.causal, lengths)
  end

  --- Runs the layer.
  -- @tparam Tensor x [batch, time, width]
  -- @tparam[opt] Segments lengths valid keys of each row; default: all
  -- @tparam[opt] Tensor bias added to the logits [batch, heads, time, time], or broadcast to them
  -- @treturn Tensor [batch, time, width]
  function Attention:forward(x, lengths, bias)
    local mixed = core.attention(split(self, self.query(x)), split(self, self.key(x)),
      split(self, self.value(x)), bias, self.causal, lengths)
    return self.out(mixed:permute { 1, 3, 2, 4 }:reshape(x.shape))
  end
end
