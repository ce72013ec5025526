-- Layers over rows and sequences, as the kinds of `ops_` and `hvp_` share them: each takes a case
-- and x, and gives the outputs by name.
local cmml = require "cmml"

local sequence = {}

local function has(name)
  return function(case)
    return case:has(name)
  end
end

-- The parameters of a recurrent layer, in the order of the ops' arguments.
local function recurrent(case, name)
  local list = {}
  for i, part in ipairs { "weight_ih", "weight_hh", "bias_ih", "bias_hh" } do
    list[i] = case:tensor(("param.%s.%s"):format(name, part))
  end
  case:size("inputs", list[1].shape[2])
  case:size("hidden", list[2].shape[2])
  return list
end

local function lengths_of(case)
  local lengths = case:has "input.lengths" and case:segments "input.lengths" or nil
  if lengths then
    case:size("lengths", lengths:totable())
  end
  return lengths
end

--- The normalised x.
-- @tparam Case case
-- @tparam Tensor x
-- @tparam number eps
-- @treturn Tensor
function sequence.layer_norm(case, x, eps)
  case:needs "layer_norm"
  return cmml.layer_norm(x, case:tensor "param.norm.weight", case:tensor "param.norm.bias", eps)
end

--- A GRU over x [batch, time, features].
-- @tparam Case case
-- @tparam Tensor x
-- @treturn Tensor all states
-- @treturn Tensor the last valid state of each row
function sequence.gru(case, x)
  case:needs("gru", "last_step")
  local p, lengths = recurrent(case, "gru"), lengths_of(case)
  local start = case:has "input.h0" and case:tensor "input.h0" or nil
  local all = cmml.gru(x, p[1], p[2], p[3], p[4], start, lengths)
  return all, cmml.last_step(all, lengths)
end

--- An LSTM cell applied to x [time, batch, features] step by step.
-- @tparam Case case
-- @tparam Tensor x
-- @treturn Tensor h [time, batch, hidden]
-- @treturn Tensor c
function sequence.lstm(case, x)
  case:needs "lstm_cell"
  local p, h, c = recurrent(case, "lstm"), {}, {}
  case:size("time", x.shape[1])
  case:size("batch", x.shape[2])
  local state = cmml.concat { case:tensor "input.h0", case:tensor "input.c0" }
  local width = state.shape[2] // 2
  local shape = { 1, x.shape[2], width }
  for t = 1, x.shape[1] do
    local step = x:slice(1, t, t):reshape { x.shape[2], x.shape[3] }
    state = cmml.lstm_cell(step, state, p[1], p[2], p[3], p[4])
    h[t] = state:slice(2, 1, width):reshape(shape)
    c[t] = state:slice(2, width + 1, 2 * width):reshape(shape)
  end
  return cmml.concat(h, 1), cmml.concat(c, 1)
end

--- Multi-head self-attention over x [batch, time, width].
-- @tparam Case case
-- @tparam Tensor x
-- @tparam boolean causal
-- @treturn Tensor y
-- @treturn function gives the weights [batch, heads, time, time]
function sequence.attention(case, x, causal)
  case:needs "attention"
  local own = {}
  for _, name in ipairs(case:names "param.attention.") do
    own[name] = case:tensor("param.attention." .. name)
  end
  case:size("batch", x.shape[1])
  case:size("time", x.shape[2])
  case:size("width", x.shape[3])
  local lengths = lengths_of(case)
  local layer = cmml.nn.functional(cmml.nn.attention { width = x.shape[3],
    heads = case:option "heads", causal = causal }, own)
  return layer(x, lengths), function()
    return layer:weights(x, lengths)
  end
end

--- The kinds of `ops_`: match and outputs, in order.
sequence.kinds = {
  { has "param.norm.weight", function(case)
    local x = case:tensor "input.x"
    case:size("shape", x.shape)
    for _, key in ipairs { "centre", "spread" } do -- how the numbers were drawn
      case:option(key, 0)
    end
    return { y = sequence.layer_norm(case, x, case:option "eps") }
  end },
  { has "param.gru.weight_ih", function(case)
    local x = case:tensor "input.x"
    case:size("batch", x.shape[1])
    case:size("time", x.shape[2])
    if case:option("initial", false) ~= case:has "input.h0" then
      error("config.initial and the tensors contradict each other", 0)
    end
    local all, last = sequence.gru(case, x)
    return { all = all, last = last }
  end },
  { has "param.lstm.weight_ih", function(case)
    local h, c = sequence.lstm(case, case:tensor "input.x")
    return { h = h, c = c }
  end },
  { has "param.attention.query.weight", function(case)
    local y, weights = sequence.attention(case, case:tensor "input.x", case:option "causal")
    case:expect("output.weights", weights())
    return { y = y }
  end },
  { has "input.q", function(case)
    case:needs "attention"
    local q, k, v = case:tensor "input.q", case:tensor "input.k", case:tensor "input.v"
    for dim, key in ipairs { "batch", "heads", "time", "width" } do
      case:size(key, q.shape[dim])
    end
    local lengths = lengths_of(case)
    case:expect("output.weights", cmml.attention_weights(q, k, nil, true, lengths))
    return { y = cmml.attention(q, k, v, nil, true, lengths) }
  end },
}

return sequence
