--- The network of CoNet: two towers with cross connections (Hu et al., CIKM 2018).
--
-- One tower reads a user and an item of the target domain, the other the same user and an item of
-- the source domain. In every layer each gets what the other has, through one transfer matrix H for
-- both ways:
--
--    t' = relu(W_t t + b_t + H s)        s' = relu(W_s s + b_s + H t)
--
-- and a linear map of each makes its logit. H has a bias as in the released code, or none.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local init_option = require "cmml.nn.init_option"

local known = declare("cross_connections", {
  { name = "inp", kind = "integer", from = 1, required = true,
    help = "columns of the rows of either domain" },
  { name = "layers", list = "integer", from = 1, to = 65536, repeats = true, required = true,
    help = "widths of the layers of both towers" },
  { name = "transfer_bias", kind = "boolean", default = true,
    help = "whether the transfer matrices have a bias" },
  init_option,
})

local of_logits = declare("CrossConnections.logits", {
  { name = "source", kind = "boolean", default = true,
    help = "whether the logits of the source domain are wanted, too" },
})

return function(cmml)
  local nn, core = cmml.nn, cmml.core
  --- The network of CoNet; `cross_connections` makes one.
  local CrossConnections = nn.class "cmml.CrossConnections"
  --- One tower of CoNet, or its transfer matrices.
  local Tower = nn.class "cmml.Tower"

  --- The network of CoNet.
  --
  -- Initial values: those of `nn.linear`.
  -- @tparam table options
  -- @treturn CrossConnections with weights, logits and sparsity; parameters target, source
  -- ("0", "1", .., "out" each) and transfer ("0", "1", ..)
  function cmml.cross_connections(options)
    local opt = known:check(options)
    local self, towers = CrossConnections.new(), {}
    for _, name in ipairs { "target", "source", "transfer" } do
      towers[name] = self:register(name, Tower.new())
    end
    local inp = opt.inp
    for l, out in ipairs(opt.layers) do
      for _, name in ipairs { "target", "source", "transfer" } do
        towers[name]:register(tostring(l - 1), nn.linear { inp = inp, out = out, init = opt.init,
          bias = name ~= "transfer" or opt.transfer_bias })
      end
      inp = out
    end
    for _, name in ipairs { "target", "source" } do
      towers[name]:register("out", nn.linear { inp = inp, out = 1, init = opt.init })
    end
    return self
  end

  --- The weights as they are: what `logits` is given, or what the tasks' own begin with.
  -- @treturn table target, source and transfer (lists of layers), target_out, source_out
  function CrossConnections:weights()
    local weights = {}
    for _, name in ipairs { "target", "source", "transfer" } do
      weights[name] = cmml.task_layers.of(self[name])
    end
    for _, name in ipairs { "target", "source" } do
      local out = self[name].out
      weights[name .. "_out"] = { weight = out.weight, bias = out.bias }
    end
    return weights
  end

  --- Logits of rows.
  -- @tparam Tensor|Joined target [rows, inp], of items of the target domain
  -- @tparam Tensor|Joined source [rows, inp], of items of the source domain beside them
  -- @tparam table weights what `weights` gives, or the same with a dim of the tasks in front
  -- @tparam Segments segments which rows belong to which task
  -- @tparam[opt] table options
  -- @treturn Tensor [rows], of the target domain
  -- @treturn ?Tensor [rows], of the source domain, if wanted
  function CrossConnections.logits(target, source, weights, segments, options)
    local both = of_logits:check(options).source
    args.expect("CrossConnections.logits: weights", weights, "table")
    args.expect("CrossConnections.logits: transfer of weights", weights.transfer, "table")
    local linear = cmml.task_layers.linear
    if weights.transfer[1].weight.ndim == 3 then -- else both layers that read them would do so
      target, source = cmml.written_out(target), cmml.written_out(source)
    end
    for l, transfer in ipairs(weights.transfer) do
      local t = linear(target, weights.target[l], segments) + linear(source, transfer, segments)
      if both or l < #weights.transfer then -- else nothing reads it
        source = core.relu(linear(source, weights.source[l], segments)
          + linear(target, transfer, segments))
      end
      target = core.relu(t)
    end
    return linear(target, weights.target_out, segments):reshape { -1 },
      both and linear(source, weights.source_out, segments):reshape { -1 } or nil
  end

  --- The sum of the absolute weights of the transfer matrices, without biases: what makes them
  -- sparse (SCoNet).
  -- @tparam table weights as `logits` takes them
  -- @treturn Tensor a single number of shared weights, [tasks] where they are one a task
  function CrossConnections.sparsity(weights)
    local sum
    for _, layer in ipairs(weights.transfer) do
      local x = layer.weight:abs()
      x = x.ndim == 3 and x:reshape({ x.shape[1], -1 }):sum(2) or x:sum()
      sum = sum and sum + x or x
    end
    return sum
  end
end
