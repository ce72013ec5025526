--- MeLU's network: an MLP whose layers take gradient steps on a task's support (Lee et al., KDD
-- 2019), while what its rows are made of is shared by all tasks.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local init_option = require "cmml.nn.init_option"
local sizes = require "cmml.nn.size_options"
local shared = require "cmml.network.inner_options"
local raise = args.error

local known_adapt = declare("InnerMlp:adapt", { shared.hold, shared.losses })

local known = declare("inner_mlp", {
  sizes.inp,
  shared.hidden, shared.activation,
  shared.inner_steps,
  { name = "inner_rate", list = "number", from = 0, to = 100, repeats = true, default = { 0.01 },
    help = "rate of the steps; one, or one for each layer" },
  shared.rates, shared.order,
  shared.form, init_option,
})

return function(cmml, use)
  use "network.task_layers"
  use "network.inner_steps"
  use "network.mlp_steps"
  local inner_rates = use "network.inner_rates"
  local nn, task_layers = cmml.nn, cmml.task_layers
  local classes = use "tensor.classes"
  local InnerMlp = nn.class "cmml.InnerMlp"
  --- The learnt rates of the layers of an `inner_mlp`.
  local Layers = nn.class "cmml.LayerRates"

  -- Parameters of rates, each with its initial value.
  local function learnt_rates(self, opt, list)
    local module = Layers.new()
    for l, layer in ipairs(task_layers.of(self.mlp)) do
      local shapes = opt.rates == "layer" and { rate = {} }
        or { weight = layer.weight.shape, bias = layer.bias.shape }
      for _, key in ipairs(args.keys(shapes)) do
        module:register(("%d_%s"):format(l - 1, key),
          inner_rates.parameter(opt.init, shapes[key], list[l]))
      end
    end
    return module
  end

  --- The network with fresh weights. The form "fast", see `mlp_steps`, needs rates for layers, not
  -- for weights; it is the default where there are such.
  -- @tparam table options
  -- @treturn InnerMlp with adapt(x, labels, segments, options); child mlp, and rate where rates are
  -- learnt
  function cmml.inner_mlp(options)
    local opt = known:check(options)
    opt.init = opt.init or nn.init(0)
    local self = InnerMlp.new()
    local widths = { opt.inp, table.unpack(opt.hidden) }
    widths[#widths + 1] = 1
    self:register("mlp", nn.mlp { widths = widths, activation = opt.activation, init = opt.init })
    self.activation, self.steps, self.order = opt.activation, opt.inner_steps, opt.order
    self.form = opt.form or (opt.rates == "weight" and "generic" or "fast")
    self.fixed = inner_rates.each("inner_mlp", opt.inner_rate, #widths - 1,
      ("%d layers"):format(#widths - 1))
    if opt.rates == "weight" and self.form == "fast" then
      raise("inner_mlp: form fast needs a rate for each layer: with rates weight, leave form out",
        2)
    elseif opt.rates ~= "fixed" then
      self:register("rate", learnt_rates(self, opt, self.fixed))
    end
    self.by_layer = opt.rates ~= "weight"
    return self
  end

  --- The rates of the layers as they are now: a number, or a Tensor where they are learnt.
  -- @treturn table list of {weight, bias}
  function InnerMlp:rates()
    local list = {}
    for l, number in ipairs(self.fixed) do
      local own = self.rate and self.by_layer and self.rate[("%d_rate"):format(l - 1)]
      if self.rate and not own then
        list[l] = { weight = self.rate[("%d_weight"):format(l - 1)],
          bias = self.rate[("%d_bias"):format(l - 1)] }
      else
        list[l] = { weight = own or number, bias = own or number }
      end
    end
    return list
  end

  --- How many numbers a training keeps at once while tasks take their steps, about.
  -- @tparam integer tasks
  -- @tparam integer support rows of a task
  -- @tparam integer query rows of a task
  -- @treturn number
  function InnerMlp:memory(tasks, support, query)
    local layers = task_layers.of(self.mlp)
    local weights, units = task_layers.sizes(layers)
    local first = layers[1].weight.shape
    local each = (support + query) * (6 * first[2] + 8 * units) + 3 * support * support
    if self.form == "fast" then
      weights = weights - first[1] * first[2]
      return tasks * (each + (self.steps + 1) * (8 * support * units + 4 * weights))
    end
    return tasks * (each + (self.steps + 1) * (20 * support * units + 8 * weights))
  end

  --- Layers of tasks that have taken their steps, made by `inner_steps`.
  -- @tfield table own the weights
  local Generic = { __name = "cmml.AdaptedLayers" }
  Generic.__index = Generic

  --- Scores of rows with the weights of their tasks.
  -- @tparam Tensor|Joined x [rows, in]
  -- @tparam Segments segments one a task
  -- @treturn Tensor [rows]
  function Generic:forward(x, segments)
    return task_layers.mlp(x, self.own, segments, self.activation):reshape { -1 }
  end

  Generic.__call = Generic.forward

  --- The weights of the tasks.
  -- @treturn table list of {weight [tasks, out, in], bias [tasks, out]}
  function Generic:layers()
    return self.own
  end

  --- Takes the steps of all tasks.
  -- @tparam Tensor|Joined x [rows, dim], a row for every support interaction
  -- @tparam Tensor labels [rows]
  -- @tparam Segments segments one a task; an empty one keeps the weights of the start
  -- @tparam[opt] table options
  -- @treturn table of (x, segments) giving scores [rows]; layers() gives the weights of the tasks;
  -- losses and diverged: see `inner_steps`
  function InnerMlp:adapt(x, labels, segments, options)
    args.expect("InnerMlp:adapt: x", x, classes.rows)
    args.expect("InnerMlp:adapt: labels", labels, classes.tensor)
    args.expect("InnerMlp:adapt: segments", segments, classes.segments)
    local opt = known_adapt:check(options)
    local layers, rates = task_layers.of(self.mlp), self:rates()
    if self.form == "fast" then
      for l, rate in ipairs(rates) do
        rates[l] = rate.weight
      end
      return cmml.mlp_steps(layers, x, labels, segments, { steps = self.steps, rates = rates,
        order = self.order, activation = self.activation, hold = opt.hold,
        losses = opt.losses })
    end
    local own, losses, diverged = cmml.inner_steps(task_layers.spread(layers, #segments),
      function(weights)
        local scores = task_layers.mlp(x, weights, segments, self.activation):reshape { -1 }
        return (scores - labels):square():segment_mean(segments)
      end, { steps = self.steps, rate = rates, order = self.order, hold = opt.hold })
    return setmetatable({ own = own, losses = losses, diverged = diverged,
      activation = self.activation }, Generic)
  end
end
