--- Inner steps of an MLP down the mean squared error of supports, written out.
--
-- What `inner_steps` does for any loss, this does for one network: the gradients of a step are
-- computed by ops like any others, so that the tape of a training is one level deep and adapting
-- alone needs none. The first layer, which has by far the most weights, is never made for a task in
-- training: a step changes it by a sum of deltas times inputs, so with K = X X' + 1 inside a task
-- (the products of its rows, and 1 for the bias) its value on the task's rows is
--
--    x W + b - rate K (sum of the deltas of all steps so far)
--
-- The rows of a task lie in a block of as many rows as the longest support has; those that are not
-- there have weight 0 in the error.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local diverging = require "cmml.network.diverging"
local shared = require "cmml.network.inner_options"
local task_shares = require "cmml.network.task_shares"
local raise = args.error

local known = declare("mlp_steps", {
  shared.steps, shared.order,
  { name = "rates", kind = "table", required = true,
    help = "what the gradients of each layer are multiplied with: numbers, or Tensors of one" },
  shared.activation,
  shared.losses,
  shared.hold,
})

-- The derivative of each activation by what it gave.
local slope_of = {
  relu = function(a)
    return a:step(0)
  end,
  leaky_relu = function(a)
    return a:step(0.01)
  end,
  tanh = function(a)
    return 1 - a:square()
  end,
  sigmoid = function(a)
    return a * (1 - a)
  end,
}

return function(cmml, use)
  use "network.task_layers"
  local core, nn, layers_of = cmml.core, cmml.nn, cmml.task_layers
  local classes = use "tensor.classes"
  --- Layers of tasks that have taken their steps, made by `mlp_steps`.
  -- @tfield table losses of the tasks before each step
  -- @tfield table diverged tasks whose steps diverged
  local Adapted = { __name = "cmml.AdaptedMlp" }
  Adapted.__index = Adapted

  -- Rows [rows, ..] as blocks [tasks, longest, ..] with zeros behind the rows of a task.
  local function blocks_of(x, segments)
    local tasks, rows = #segments, segments:rows()
    if tasks > 0 and (segments:shortest() or 0) * tasks == rows and x.ndim == 2 then
      return x:reshape { tasks, rows // tasks, x.shape[2] } -- all have as many
    end
    return core.pad_segments(x, segments)
  end

  -- Rows in two: what differs within a task [rows, columns], and behind it what all rows of a task
  -- have in common [tasks, columns], such as a person's fields; nil where there is nothing such.
  local function divided(x, segments)
    if not cmml.is_joined(x) then
      return x
    end
    local rest, own, tasks = {}, {}, segments:groups()
    for _, part in ipairs(x.parts) do
      if part[2] and part[1].shape[1] == #segments and part[2] == tasks then
        own[#own + 1] = part[1]
      elseif #own > 0 then
        return x:tensor() -- it does not stand behind all others
      else
        rest[#rest + 1] = part
      end
    end
    if #own == 0 or #rest == 0 then
      return x:tensor()
    end
    return cmml.joined(rest):tensor(), #own > 1 and core.concat(own) or own[1]
  end

  -- What the rows of each task count, in blocks; 0 behind them, and in tasks that are held.
  local function weights_of(segments, held)
    return blocks_of(task_shares(core, segments, held):reshape { -1, 1 }, segments)
  end

  -- x weight' + bias of blocks, by weights that are shared or one a task.
  local function affine(x, weight, bias)
    return core.matmul(x, weight:transpose()) + bias
  end

  -- The activations of all layers on the supports; `base` is the first layer's value at the start,
  -- `sums` those of its deltas in all steps so far, negated.
  local function forward(self, base, sums)
    local z = sums and base + core.matmul(self.kernel, sums) or base
    local depth, a = #self.start, {}
    a[1] = depth > 1 and nn.activate(z, self.activation) or z
    for l = 2, depth do
      z = affine(a[l - 1], self.own[l].weight, self.own[l].bias)
      a[l] = l < depth and nn.activate(z, self.activation) or z
    end
    return a
  end

  -- What a delta says of the layer below. A product with one row is cheaper as one of elements.
  local function back(delta, weight)
    if delta.shape[3] == 1 then
      return delta * weight
    end
    return core.matmul(delta, weight)
  end

  -- The gradients of all tasks: of the layers behind the first, {weight, bias} each, and the delta
  -- of the first, all times the rate that the layers have in common; and the losses [tasks].
  local function gradients(self, base, labels, weights)
    local a, found = forward(self, base, self.sums), {}
    local errors = a[#a] - labels
    local delta = errors * weights
    local losses = core.no_grad(function()
      return (errors:square() * self.shares):reshape({ labels.shape[1], -1 }):sum(2) / 2
    end)
    for l = #a, 2, -1 do
      found[l] = { weight = core.matmul(delta:transpose(), a[l - 1]), bias = delta:sum(2, true) }
      delta = back(delta, self.own[l].weight) * slope_of[self.activation](a[l - 1])
    end
    return found, delta, losses
  end

  local function times(value, rate)
    return rate and value * rate or value
  end

  -- One step of all tasks; gives the losses [tasks].
  local function step(self, first, ...)
    local found, delta, losses
    if first then
      found, delta, losses = core.no_grad(gradients, self, ...)
    else
      found, delta, losses = gradients(self, ...)
    end
    for l, own in pairs(found) do
      local rate, before = self.rates[l], self.own[l]
      self.own[l] = { weight = before.weight - times(own.weight, rate),
        bias = before.bias - times(own.bias, rate) }
    end
    delta = times(delta, self.rates[1])
    self.sums = self.sums and self.sums - delta or -delta
    return losses
  end

  -- The tasks whose numbers are not finite, by number: {task, step, loss}.
  local function bad_tasks(self)
    local bad = diverging.in_losses(self.losses)
    if self.sums then
      diverging.in_tensor(self.sums, nil, bad, #self.losses)
    end
    for l, layer in pairs(self.sums and self.own or {}) do
      if l > 1 then
        diverging.in_tensor(layer.weight, nil, bad, #self.losses)
        diverging.in_tensor(layer.bias, nil, bad, #self.losses)
      end
    end
    return bad
  end

  local function check(layers, x, labels, segments)
    local first = type(layers) == "table" and layers[1]
    if type(first) ~= "table" or not cmml.is_tensor(first.weight) or first.weight.ndim ~= 2 then
      raise("mlp_steps: layers must be a list of shared {weight, bias}", 3)
    end
    args.expect("mlp_steps: segments", segments, classes.segments, 4)
    if not cmml.is_tensor(labels) or labels.ndim ~= 1 or labels.count ~= segments:rows() then
      raise(("mlp_steps: labels must be a Tensor [%d], one a row"):format(segments:rows()), 3)
    elseif layers[#layers].weight.shape[1] ~= 1 then
      raise(("mlp_steps: the last layer must give one number, not %d"):format(
        layers[#layers].weight.shape[1]), 3)
    end
    for i, layer in ipairs(layers) do
      if not layer.bias then
        raise(("mlp_steps: layer %d has no bias"):format(i), 3)
      end
    end
    args.expect("mlp_steps: x", x, classes.rows, 4)
  end

  -- The rates by layer, and what they have in common where they are one number; not 0, by which no
  -- row would count.
  local function rates_of(rates)
    for _, rate in ipairs(rates) do
      if cmml.is_tensor(rate) or rate ~= rates[1] or rate == 0 then
        return rates, 1
      end
    end
    return {}, rates[1]
  end

  local kinked = { relu = true, leaky_relu = true }

  -- Whether the op relu_steps takes such steps.
  local function is_fused(layers, opt)
    if opt.order == "first" then
      for _, rate in ipairs(opt.rates) do
        if cmml.is_tensor(rate) and rate.tracked then
          return false -- the changes would depend on it
        end
      end
    end
    return not opt.losses and #layers == 3 and kinked[opt.activation]
  end

  -- Rates as one Tensor.
  local function joined_rates(rates)
    local list = {}
    for l, rate in ipairs(rates) do
      list[l] = cmml.is_tensor(rate) and rate:reshape { 1 } or core.full({ 1 }, rate)
    end
    return core.concat(list, 1)
  end

  -- All steps by one op.
  local function take_fused(self, base, targets, weights, opt)
    local second, last = self.own[2], self.own[3]
    local tasks, n, h = table.unpack(base.shape)
    local u = second.bias.shape[1]
    local state = core.relu_steps(base, self.kernel, targets:reshape { tasks, n },
      weights:reshape { tasks, n }, second.weight, second.bias,
      core.concat { last.weight:reshape { -1 }, last.bias },
      joined_rates(next(self.rates) and self.rates or { 1, 1, 1 }), opt.steps, opt.activation)
    local at = 0
    local function part(...)
      local shape, size = { tasks, ... }, tasks
      for i = 2, #shape do
        size = size * shape[i]
      end
      at = at + size
      return state:slice(1, at - size + 1, at):reshape(shape)
    end
    self.state, self.sums = state, part(n, h)
    self.own[2] = { weight = part(u, h), bias = part(1, u) }
    self.own[3] = { weight = part(1, u), bias = part(1, 1) }
  end

  -- The weights of tasks as constant changes of the shared ones.
  local function constant_changes(self, start)
    self.sums = self.sums:detach()
    for l = 2, #start do
      for key, value in pairs(start[l]) do
        local shape = self.own[l][key].ndim == 3 and #value.shape == 1 and { 1, -1 } or value.shape
        local own = self.own[l][key]
        local shared_ = value:reshape(shape)
        self.own[l][key] = shared_ + (own - shared_):detach()
      end
    end
  end

  -- The steps of all tasks but those in opt.hold.
  local function run(layers, x, labels, segments, opt)
    local rows, common_ = divided(x, segments)
    local self = setmetatable({ start = layers, activation = opt.activation, losses = {}, own = {},
      inputs = blocks_of(rows, segments), common = common_ }, Adapted)
    for l, layer in ipairs(layers) do
      self.own[l] = { weight = layer.weight, bias = layer.bias }
    end
    if opt.steps == 0 or segments:rows() == 0 then
      return self
    end
    local common
    self.rates, common = rates_of(opt.rates)
    local base = blocks_of(layers_of.linear(x, layers[1], segments), segments)
    local targets = blocks_of(labels:reshape { -1, 1 }, segments)
    self.shares = weights_of(segments)
    local weights = next(opt.hold or {}) and weights_of(segments, opt.hold) or self.shares
    weights = common == 1 and weights or weights * common
    local first = opt.order == "first"
    self.inputs = first and self.inputs:detach() or self.inputs
    self.common = first and self.common and self.common:detach() or self.common
    self.kernel = core.gram(self.inputs)
      + (self.common and self.common:square():sum(2):reshape { -1, 1, 1 } + 1 or 1)
    if not is_fused(layers, opt) then
      for i = 1, opt.steps do
        self.losses[i] = step(self, first, base, targets, weights)
      end
    elseif first then
      core.no_grad(take_fused, self, base, targets, weights, opt)
      constant_changes(self, layers)
    else
      take_fused(self, base, targets, weights, opt)
    end
    return self
  end

  --- Takes gradient steps of each task from shared layers, down the mean squared error of its
  -- support, as `inner_steps` would; what it says of tasks that diverge holds here, too. A task
  -- with an empty support keeps the weights of the start.
  -- @tparam table layers list of shared {weight [out, in], bias [out]}; the last gives one number
  -- @tparam Tensor|Joined x [rows, in], the support's rows
  -- @tparam Tensor labels [rows]
  -- @tparam Segments segments one a task
  -- @tparam table options
  -- @treturn AdaptedMlp of (x, segments) giving the scores of rows [rows] with the weights of their
  -- tasks; layers() gives these weights; fields losses and diverged as of `inner_steps`
  function cmml.mlp_steps(layers, x, labels, segments, options)
    local opt = known:check(options)
    check(layers, x, labels, segments)
    if #opt.rates ~= #layers then
      raise(("mlp_steps: %d rates for %d layers"):format(#opt.rates, #layers), 2)
    end
    return diverging.until_finite(opt.hold, function(held)
      opt.hold = held
      local self = run(layers, x, labels, segments, opt)
      local total = self.state and core.no_grad(core.sum, self.state):item() or 0
      if total - total ~= 0 then -- not finite: looked at step by step
        opt.losses = true
        self = run(layers, x, labels, segments, opt)
        opt.losses = false
      end
      return self.state and {} or bad_tasks(self), self
    end)
  end

  -- A layer as others have it: the bias [tasks, out].
  local function plain(layer)
    local bias = layer.bias
    return { weight = layer.weight, bias = bias.ndim == 3 and bias:reshape { bias.shape[1], -1 }
      or bias }
  end

  -- The products of rows with the support's rows of their tasks [rows, longest support].
  local function products(self, x, segments)
    local rows, common = divided(x, segments)
    local shared_ = nil
    if self.common and common and common.shape[2] == self.common.shape[2] then
      shared_ = core.row_dot(common, self.common):segment_expand(segments)
    elseif self.common then
      rows = cmml.written_out(x)
      local columns = self.inputs.shape[3]
      shared_ = core.row_dot(rows:slice(2, columns + 1, rows.shape[2]),
        self.common:segment_expand(segments))
      rows = rows:slice(2, 1, columns)
    else
      rows = cmml.written_out(x)
    end
    local near = core.segment_matmul(rows, self.inputs:transpose(), segments)
    return shared_ and near + shared_:reshape { -1, 1 } or near
  end

  --- Scores of rows with the weights of their tasks.
  -- @tparam Tensor|Joined x [rows, in]
  -- @tparam Segments segments one a task
  -- @treturn Tensor [rows]
  function Adapted:forward(x, segments)
    args.expect("AdaptedMlp: x", x, classes.rows)
    args.expect("AdaptedMlp: segments", segments, classes.segments)
    local depth = #self.start
    local z = layers_of.linear(x, self.start[1], segments)
    if self.sums then
      z = z + core.segment_matmul(products(self, x, segments) + 1, self.sums, segments)
    end
    for l = 2, depth do
      z = layers_of.linear(nn.activate(z, self.activation), plain(self.own[l]), segments)
    end
    return z:reshape { -1 }
  end

  Adapted.__call = Adapted.forward

  --- The weights of the tasks, the first layer's, too.
  -- @treturn table list of {weight [tasks, out, in], bias [tasks, out]}
  function Adapted:layers()
    local layers = layers_of.spread(self.start, self.inputs.shape[1])
    if self.sums then
      local change = core.matmul(self.sums:transpose(), self.inputs)
      local of_bias = self.sums:sum(2)
      if self.common then
        local of_common = of_bias:reshape { self.common.shape[1], -1, 1 }
          * self.common:reshape { self.common.shape[1], 1, -1 }
        change = core.concat({ change, of_common }, 3)
      end
      layers[1].weight, layers[1].bias = layers[1].weight + change, layers[1].bias + of_bias
      for l = 2, #layers do
        layers[l] = plain(self.own[l])
      end
    end
    return layers
  end
end
