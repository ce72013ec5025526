--- Dropout as a layer.
--
-- @module cmml.nn.layers
local args = require "cmml.base.args"
local error = args.error

return function(cmml, use)
  use "nn.module"
  local nn, core = cmml.nn, cmml.core
  local Dropout = nn.class "cmml.Dropout"
  local spread = 0x9E3779B97F4A7C15 -- 2^64 / golden ratio: far from any small seed

  --- Dropout (Srivastava et al. 2014): active where it is called with a key, as in training.
  -- @tparam table options rate (share of the entries set to 0), place (default 0; gives layers
  -- that are called with one key masks of their own)
  -- @treturn Dropout of (x, key): key is a table {seed, epoch, task} (integers, 0 unless given), of
  -- which the mask is a function, or nil, which gives x itself
  function nn.dropout(options)
    local opt = args.check("dropout", options, { rate = "number", place = { "integer", 0 } })
    if not (opt.rate >= 0 and opt.rate < 1) then
      error(("dropout: rate must be from 0 to below 1, not %g"):format(opt.rate), 2)
    end
    local self = Dropout.new()
    self.rate, self.place = opt.rate, math.tointeger(opt.place)
    return self
  end

  --- Runs the layer.
  -- @tparam Tensor x of any shape
  -- @tparam[opt] table key seed, epoch, task (whole numbers, 0 unless given); nil gives x itself
  -- @treturn Tensor of the same shape
  function Dropout:forward(x, key)
    if key == nil then
      return x
    end
    local opt = args.check("dropout: key", key, { seed = { "integer", 0 },
      epoch = { "integer", 0 }, task = { "integer", 0 } })
    return core.dropout(x, self.rate, math.tointeger(opt.seed) + self.place * spread, opt.epoch,
      opt.task)
  end
end
