--- Inner steps of a network of which embeddings adapt, too, by one op.
--
-- What `inner_steps` does with recorded gradients, the op `embedding_steps` has written out, for
-- networks with two hidden layers whose activation is ReLU, leaky or not, and rates for the
-- embeddings and for each layer; learnt ones in second order alone.
--
-- @module cmml
local args = require "cmml.base.args"
local task_shares = require "cmml.network.task_shares"

return function(cmml, use)
  use "network.task_layers"
  local core, task_layers = cmml.core, cmml.task_layers
  local network_steps = {}

  --- Why a network's steps cannot be taken by the op.
  -- @tparam table options of `inner_network`, checked
  -- @treturn ?string nil if they can
  function network_steps.refusal(options)
    if options.rates == "weight" then
      return "each weight has a rate"
    elseif options.rates ~= "fixed" and options.order == "first" then
      return "rates are learnt, and the gradients of steps are constants"
    elseif #options.hidden ~= 2 then
      return ("there are %d hidden layers, not 2"):format(#options.hidden)
    elseif options.activation ~= "relu" and options.activation ~= "leaky_relu" then
      return ("the activation is %s, not relu or leaky_relu"):format(options.activation)
    end
  end

  -- The rates, one after another.
  local function rates_of(rates)
    local learnt = {}
    for i, rate in ipairs(rates) do
      if not cmml.is_tensor(rate) then
        return core.tensor(rates)
      end
      learnt[i] = rate:reshape { 1 }
    end
    return core.concat(learnt, 1)
  end

  -- Takes parts of given shapes from numbers that lie side by side.
  local function taker(x, dim)
    local at = 0
    return function(size, shape)
      at = at + size
      return x:slice(dim, at - size + 1, at):reshape(shape)
    end
  end

  -- How many numbers layers have.
  local function size_of(layers)
    local size = 0
    for _, layer in ipairs(layers) do
      size = size + layer.weight.count + layer.bias.count
    end
    return size
  end

  -- The layers of tasks: {weight [tasks, out, in], bias [tasks, out]}, from [tasks, numbers].
  local function layers_of(state, layers)
    local take, tasks, found = taker(state, 2), state.shape[1], {}
    for l, layer in ipairs(layers) do
      local out, inp = layer.weight.shape[1], layer.weight.shape[2]
      local weight
      if l == 1 then
        weight = take(out * inp, { tasks, inp, out }):transpose()
        found[l] = { weight = weight, bias = take(out, { tasks, out }) }
      elseif l < #layers then
        weight = take(out * inp, { tasks, out, inp })
        found[l] = { weight = weight, bias = take(out, { tasks, out }) }
      else
        weight = take(inp, { tasks, 1, inp })
        found[l] = { weight = weight, bias = take(1, { tasks, 1 }) }
      end
    end
    return found
  end

  -- All steps, from the fields' embeddings `starts`.
  local function take(steps, starts, labels, segments, opt)
    local tasks, width, layers = #segments, starts[1].shape[2], steps.layers
    local places, bags, pairs_ = core.join_task_bags(steps.fields, tasks)
    local values = #starts > 1 and core.concat(starts, 1) or starts[1]
    local last = core.concat { layers[3].weight:reshape { -1 }, layers[3].bias }
    local state = core.embedding_steps(values, labels, task_shares(core, segments, opt.hold),
      layers[1].weight, layers[1].bias, layers[2].weight, layers[2].bias, last,
      rates_of(steps.rates), places, bags, pairs_, segments, steps.count, steps.activation,
      steps.mean)
    local total = core.no_grad(core.sum, state):item()
    if total - total ~= 0 then -- not finite
      return
    end
    local split, own = taker(state, 1), {}
    for i, start in ipairs(starts) do
      own[i] = split(start.count, { start.shape[1], width })
    end
    local size = size_of(layers)
    return own, layers_of(split(tasks * size, { tasks, size }), layers)
  end

  -- own as a constant change of start.
  local function constant_change(start, own)
    return start + (own - start):detach()
  end

  --- Takes the steps of all tasks down the mean squared error of their supports.
  -- @tparam table steps fields (list of TaskRows, each with `repeated` where its bags stand for
  -- several rows), starts (their rows of the tables [pairs, width]), layers (shared {weight, bias},
  -- three), rates (of the embeddings and of each layer: numbers or Tensors), count, activation,
  -- mean (of bags, or sums), order
  -- @tparam Tensor labels [rows]
  -- @tparam Segments segments one a task
  -- @tparam[opt] table options hold: tasks that take no steps
  -- @treturn ?table the embeddings after the steps, nested as starts; nil if some are not finite
  -- @treturn ?table list of the tasks' layers {weight [tasks, out, in], bias [tasks, out]}
  function network_steps.take(steps, labels, segments, options)
    local opt = options or {}
    if steps.order ~= "first" then
      return take(steps, steps.starts, labels, segments, opt)
    end
    local values, layers = core.no_grad(take, steps, steps.starts, labels, segments, opt)
    for i in ipairs(values or {}) do
      values[i] = constant_change(steps.starts[i], values[i])
    end
    for l, layer in ipairs(layers or {}) do
      local start = task_layers.spread(steps.layers[l], #segments)
      for _, key in ipairs(args.keys(layer)) do
        layer[key] = constant_change(start[key], layer[key])
      end
    end
    return values, layers
  end

  return network_steps
end
