--- The network of DCN: cross layers beside a deep part (Wang et al., ADKDD 2017).
--
-- x_{l+1} = x_0 (x_l . w_l) + b_l + x_l; the deep part is an MLP on x_0 with ReLU after every
-- layer; the score is a linear map of [deep ; cross].
--
-- @module cmml
local declare = require("cmml.base.options").declare
local init_option = require "cmml.nn.init_option"

local of_score = declare("CrossNetwork:score", {
  (require "cmml.network.score_options").parts,
})

local known = declare("cross_network", {
  { name = "inp", kind = "integer", from = 1, required = true, help = "columns of the rows" },
  { name = "cross", kind = "integer", from = 0, to = 100, default = 4, unit = "layers",
    help = "number of cross layers" },
  { name = "deep", list = "integer", from = 1, repeats = true, may_be_empty = true,
    default = { 64, 64 }, help = "widths of the deep part's layers" },
  { name = "cross_deviation", kind = "number", from = 0, default = 1,
    help = "standard deviation of the initial weights and biases of the cross layers" },
  init_option,
})

return function(cmml)
  local nn, core = cmml.nn, cmml.core
  local CrossNetwork = nn.class "cmml.CrossNetwork"

  -- Ones below the diagonal: what sums the biases of the layers before each.
  local function below_diagonal(rows, columns)
    local list = {}
    for i = 1, rows do
      list[i] = {}
      for k = 1, columns do
        list[i][k] = k < i and 1 or 0
      end
    end
    return core.tensor(list)
  end

  -- 1 for each layer, 0 behind them.
  local function ones_then_zero(layers)
    local list = {}
    for l = 1, layers + 1 do
      list[l] = l <= layers and 1 or 0
    end
    return core.tensor(list)
  end

  --- The network of DCN over rows x_0.
  --
  -- Initial values: those of `nn.linear` for deep part and output, N(0, cross_deviation^2) for
  -- weights and biases of the cross layers.
  -- @tparam table options
  -- @treturn CrossNetwork with weights and score; parameters cross_weight and cross_bias [layers,
  -- inp], deep ("0", "1", ..), out
  function cmml.cross_network(options)
    local opt = known:check(options)
    local init = opt.init or nn.default_init
    local self, widths = CrossNetwork.new(), { opt.inp, table.unpack(opt.deep) }
    for _, name in ipairs(opt.cross > 0 and { "cross_weight", "cross_bias" } or {}) do
      local values = init.normal { opt.cross, opt.inp }
      self:register(name, cmml.no_grad(core.mul, values, core.tensor(opt.cross_deviation)))
    end
    if opt.cross > 0 then
      self.below, self.ones = below_diagonal(opt.cross + 1, opt.cross), ones_then_zero(opt.cross)
    end
    if #opt.deep > 0 then
      self:register("deep", nn.mlp { widths = widths, last = "relu", init = init })
    end
    self:register("out", nn.linear { inp = widths[#widths] + opt.inp, out = 1, init = init })
    return self
  end

  --- The weights as they are: what `score` is given, or what the tasks' own begin with.
  -- @treturn table cross {weight, bias}, deep (list of layers), out {weight, bias}; without such
  -- layers no cross, or no deep
  function CrossNetwork:weights()
    return { cross = self.cross_weight and { weight = self.cross_weight, bias = self.cross_bias },
      deep = self.deep and cmml.task_layers.of(self.deep),
      out = { weight = self.out.weight, bias = self.out.bias } }
  end

  -- The cross layers without their vectors. Every x_l is a_l x_0 + c_l, where c_l is the sum of the
  -- biases before it, and a_l a number of the row: a_{l+1} = a_l (1 + x_0 . w_l) + c_l . w_l. What
  -- the output makes of x_L, u . x_L, is one more step of the same kind without the 1.
  -- Gives u . x_L [rows, 1], and what x_L is to be made of.
  local function crossed(self, x, cross, u, segments)
    local dim = u.ndim - 1 -- of the layers
    if not cross then
      return cmml.task_layers.linear(x, { weight = u }, segments)
    end
    local weight = core.concat({ cross.weight, u }, dim)
    local biases = core.matmul(self.below, cross.bias)
    local shifts = core.row_dot(biases, weight) -- the first is 0
    if dim > 1 then
      shifts = shifts:segment_expand(segments)
    end
    local factors = cmml.task_layers.linear(x, { weight = weight }, segments) + self.ones
    return core.affine_chain(factors, shifts):reshape { -1, 1 },
      { factors = factors, shifts = shifts, biases = biases }
  end

  -- x_L = a_L x_0 + c_L, of what `crossed` gave.
  local function cross_vectors(x, of_cross, segments)
    x = cmml.written_out(x)
    if not of_cross then
      return x
    end
    local factors, shifts, biases = of_cross.factors, of_cross.shifts, of_cross.biases
    local layers, dim = factors.shape[2] - 1, biases.ndim - 1
    local a = core.affine_chain(factors:slice(2, 1, layers), shifts:slice(shifts.ndim, 1, layers))
    local c = biases:slice(dim, layers + 1, layers + 1)
    c = dim == 1 and c or c:reshape({ #segments, -1 }):segment_expand(segments)
    return x * a:reshape { -1, 1 } + c
  end

  --- Scores of rows.
  -- @tparam Tensor|Joined x [rows, inp]
  -- @tparam table weights what `weights` gives, or the same with a dim of the tasks in front
  -- @tparam Segments segments which rows belong to which task
  -- @tparam[opt] table options
  -- @treturn Tensor [rows]
  -- @treturn ?table deep [rows, width of its last layer] and cross [rows, inp]
  function CrossNetwork:score(x, weights, segments, options)
    local opt = of_score:check(options)
    local deep = cmml.task_layers.mlp(x, weights.deep or {}, segments, "relu", "relu")
    local out, last = weights.out, weights.out.weight.ndim
    local width = (cmml.is_joined(deep) and deep:shape() or deep.shape)[2]
    local of_deep = { weight = out.weight:slice(last, 1, width), bias = out.bias }
    local of_cross = out.weight:slice(last, width + 1, out.weight.shape[last])
    local cross, made_of = crossed(self, x, weights.cross, of_cross, segments)
    local scores = cmml.task_layers.linear(deep, of_deep, segments) + cross
    return scores:reshape { -1 }, opt.parts and { deep = cmml.written_out(deep),
      cross = cross_vectors(x, made_of, segments) } or nil
  end
end
