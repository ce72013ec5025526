-- Kinds of `hvp_`: small networks whose loss is differentiated twice (or three times) along the
-- vectors input.vector.* (and input.vector2.*).
local cmml = require "cmml"
local ops = require "spec.support.golden.ops"
local sequence = require "spec.support.golden.sequence"

local layer = ops.layer
local kinds = {}

-- sum of gradient * vector over all leaves; the vectors of a case have the names of its gradients.
local function along(case, gradients, prefix)
  local sum
  for _, name in ipairs(case:names(prefix)) do
    if not gradients[name] then
      error(prefix .. name .. " belongs to no gradient", 0)
    end
  end
  for name, gradient in pairs(gradients) do
    local term = cmml.sum(gradient * case:tensor(prefix .. name))
    sum = sum and sum + term or term
  end
  return sum
end

local function differentiate(case, loss)
  local third = case:option("third", false)
  local gradients = case:differentiate(loss, { create_graph = true })
  local slope = along(case, gradients, "input.vector.")
  case:expect("output.gradient_dot_vector", slope)
  local products = cmml.grad(slope, case.leaves, { create_graph = third })
  for name, product in pairs(products) do
    case:expect("output.hvp." .. name, product)
  end
  if third then
    local thirds = cmml.grad(along(case, products, "input.vector2."), case.leaves)
    for name, value in pairs(thirds) do
      case:expect("output.third." .. name, value)
    end
  end
end

-- network(case, x) gives the output y that is compared with input.target by mse, or nil and a loss.
local function kind(match, network)
  kinds[#kinds + 1] = {
    match = match,
    run = function(case)
      local y, loss = network(case, case:has "input.x" and case:tensor "input.x" or nil)
      differentiate(case, loss or cmml.mse(y, case:tensor "input.target"))
    end,
  }
end

local function has(name)
  return function(case)
    return case:has(name)
  end
end

-- Checks config.inputs, config.hidden, and config.rows where it speaks of x.
local function sizes(case, x, first, rows)
  case:size("inputs", x.shape[2])
  case:size("hidden", case:tensor(("param.%s.weight"):format(first)).shape[1])
  if rows then
    case:size("rows", rows)
  end
end

kind(has "param.norm.weight", function(case, x)
  sizes(case, x, "mlp.0", x.shape[1])
  return layer(case, "mlp.1", sequence.layer_norm(case, layer(case, "mlp.0", x), 1e-5))
end)

kind(has "param.gru.weight_ih", function(case, x)
  return layer(case, "out", select(2, sequence.gru(case, x)))
end)

kind(has "param.lstm.weight_ih", function(case, x)
  local h = sequence.lstm(case, x)
  return h:slice(1, h.shape[1], h.shape[1]):reshape { h.shape[2], h.shape[3] }
end)

kind(has "param.attention.query.weight", function(case, x)
  return (sequence.attention(case, x, true))
end)

kind(has "param.table.weight", function(case)
  local weight, segments = case:tensor "param.table.weight", case:segments "input.lengths"
  case:size("lengths", segments:totable())
  case:size("rows", weight.shape[1])
  case:size("width", weight.shape[2])
  local bag = cmml.embedding_bag(weight, case:ids "input.values", segments)
  local row = cmml.embedding(weight, (case:ids "input.index"))
  return layer(case, "mlp.1", layer(case, "mlp.0", cmml.concat { bag, row }, "tanh"))
end)

kind(function(case)
  return case.config.kind and case:has "input.lengths"
end, function(case, x)
  sizes(case, x, "mlp.0")
  return layer(case, "mlp.1", ops.group(case, layer(case, "mlp.0", x, "tanh")), "sigmoid")
end)

kind(function(case)
  return case.config.kind and case:has "input.label"
end, function(case, x)
  sizes(case, x, "mlp.0", x.shape[1])
  local name = case:option "kind"
  local y = layer(case, "mlp.1", layer(case, "mlp.0", x, "tanh"))
  if name == "bce" then
    local label = case:tensor "input.label"
    return nil, cmml.bce_with_logits(y:reshape(label.shape), label)
  elseif name == "cross_entropy" then
    return nil, cmml.cross_entropy(y, (case:ids "input.label"))
  end
  error(("config.kind %s is no loss of this family"):format(name), 0)
end)

kind(has "param.left.weight", function(case, x)
  sizes(case, x, "left", x.shape[1])
  local score = cmml.row_dot(layer(case, "left", x, "tanh"), layer(case, "right", x))
  local half = x.shape[1] // 2
  return nil, cmml.bpr(score:slice(1, 1, half), score:slice(1, half + 1, 2 * half))
end)

kind(has "param.gain.weight", function(case, x)
  local c = case:tensor "input.c"
  sizes(case, x, "gain", x.shape[1])
  local a = layer(case, "gain", c) * layer(case, "gain", x) + layer(case, "shift", c)
  return layer(case, "out", cmml.tanh(a / (1 + cmml.exp(a))))
end)

kind(has "input.source", function(case, x)
  local source, destination = case:ids "input.source", case:ids "input.destination"
  sizes(case, x, "mlp.0", #source)
  case:size("nodes", x.shape[1])
  local h = layer(case, "mlp.0", x, "sigmoid")
  local m = cmml.gather_rows(h, source) * cmml.gather_rows(h, destination)
  return layer(case, "mlp.1", cmml.scatter_add_rows(cmml.zeros(h.shape), m, destination))
end)

kind(function(case)
  return case.config.log ~= nil
end, function(case, x)
  local op = case:option "log" and "log_softmax" or "softmax"
  case:needs(op)
  sizes(case, x, "mlp.0", x.shape[1])
  return layer(case, "mlp.1", cmml[op](layer(case, "mlp.0", x), 2))
end)

kind(function(case)
  return case.config.activation
end, function(case, x)
  sizes(case, x, "mlp.0", x.shape[1])
  return layer(case, "mlp.1", layer(case, "mlp.0", x, case:option "activation"))
end)

kind(function(case)
  return not case:has "input.target"
end, function(case, x)
  local half = x.shape[1] // 2
  sizes(case, x, "mlp.0", half)
  local y = layer(case, "mlp.1", layer(case, "mlp.0", x, "leaky_relu"))
  local score = y:slice(2, 1, 1) * y:slice(2, 2, 2)
  return nil, cmml.hinge(score:slice(1, 1, half), score:slice(1, half + 1, 2 * half))
end)

-- The last two have the same tensors and options.
kind(function(case)
  return case:says "reshape"
end, function(case, x)
  sizes(case, x, "mlp.0", x.shape[1])
  local h = layer(case, "mlp.0", x, "tanh")
  local rows, hidden = h.shape[1], h.shape[2]
  local middle = hidden // 2
  h = cmml.concat { h:slice(2, middle + 1, hidden), h:slice(2, 1, middle) }
  h = cmml.square(cmml.transpose(h:reshape { hidden, rows }))
  return layer(case, "mlp.1", h)
end)

kind(function(case)
  return case:says "log h + sqrt h + exp(-h) + 1/h + erf h"
end, function(case, x)
  sizes(case, x, "mlp.0", x.shape[1])
  local h = layer(case, "mlp.0", x, "softplus") + 0.5
  return layer(case, "mlp.1", cmml.log(h) + cmml.sqrt(h) + cmml.exp(-h) + cmml.reciprocal(h)
    + cmml.erf(h))
end)

return kinds
