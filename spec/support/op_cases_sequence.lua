--- The cases of the ops that sequence models are made of; see op_cases.lua for what a case is.
local philox = require "spec.support.philox"
local ref = require "spec.support.ref"

local cases = {}

local function with(...)
  return table.pack(...)
end

-- Element k of the last dim at an index of the others.
local function at_last(index, k)
  local at = { table.unpack(index) }
  at[#at] = k
  return at
end

cases.layer_norm = {
  ref = function(x, weight, bias, eps)
    local width = x.shape[#x.shape]
    return ref.build(x.shape, function(index)
      local sum, squares = 0.0, 0.0
      for k = 1, width do
        sum = sum + ref.get(x, at_last(index, k))
      end
      for k = 1, width do
        squares = squares + (ref.get(x, at_last(index, k)) - sum / width) ^ 2
      end
      local c = index[#index]
      return (ref.get(x, index) - sum / width) / math.sqrt(squares / width + (eps or 1e-5))
        * weight.data[c] + bias.data[c]
    end)
  end,
  uses = {
    { { 2, 3 }, { 3 }, { 3 }, options = with(0.25) }, { { 4 }, { 4 }, { 4 } },
    { { 2, 2, 3 }, { 3 }, { 3 }, options = with(1e-12) }, { { 0, 3 }, { 3 }, { 3 } },
    { { 2, 0 }, { 0 }, { 0 } }, { { 2, 19 }, { 19 }, { 19 } },
    { { 3, 1 }, { 1 }, { 1 }, options = with(0.5) },
  },
  refused = {
    { {}, { 1 }, { 1 }, text = "x: a scalar has no dim" },
    { { 2, 3 }, { 2 }, { 3 }, text = "weight 2 does not fit x 2x3: it must be %[width%]" },
    { { 2, 3 }, { 3 }, { 1, 3 }, text = "bias 1x3 does not fit x 2x3" },
    { { 2, 3 }, { 3 }, { 3 }, options = with(-1), text = "eps must be 0 or more, not %-1" },
    { { 2, 3 }, { 3 }, { 3 }, options = with(0 / 0), text = "eps must be 0 or more, not %-?nan" },
  },
}

local function segments(values)
  return { kind = "segments", values = values }
end

-- How many keys a query may see.
local function allowed(index, keys, causal, lengths)
  return math.min(lengths and lengths[index[1]] or keys, causal and index[#index - 1] or keys)
end

local function masked_softmax(x, causal, lengths)
  return ref.build(x.shape, function(index)
    local n, total = allowed(index, x.shape[#x.shape], causal, lengths), 0.0
    for k = 1, n do
      total = total + math.exp(ref.get(x, at_last(index, k)))
    end
    return index[#index] <= n and math.exp(ref.get(x, index)) / total or 0.0
  end)
end

cases.masked_softmax = {
  ref = masked_softmax,
  uses = {
    { { 2, 3, 3 } }, { { 2, 3, 3 }, options = with(true) },
    { { 2, 2, 3, 3 }, options = with(true, segments { 3, 1 }) },
    { { 3, 1, 2, 3 }, options = with(false, segments { 2, 0, 3 }) },
    { { 2, 4, 3 }, options = with(true) }, { { 2, 2, 4 }, options = with(true) },
    { { 1, 2, 19 } }, { { 2, 2, 0 } }, { { 0, 2, 2 }, options = with(nil, segments {}) },
    { { 2, 0, 2 }, options = with(true) },
  },
  refused = {
    { { 2, 2 }, text = "x must be %[batch, %.%., queries, keys%], not shape 2x2" },
    { { 2, 2, 2 }, options = with(false, segments { 2 }), text = "1 lengths for a batch of 2" },
    { { 2, 2, 2 }, options = with(false, segments { 2, 3 }),
      text = "length 2 is 3, but there are 2 steps" },
  },
}

local function attention_weights(q, k, bias, causal, lengths)
  local width = q.shape[4]
  local shape = { q.shape[1], q.shape[2], q.shape[3], k.shape[3] }
  return masked_softmax(ref.build(shape, function(index)
    local b, h, i, j = table.unpack(index)
    local sum = 0.0
    for c = 1, width do
      sum = sum + ref.get(q, { b, h, i, c }) * ref.get(k, { b, h, j, c })
    end
    return sum / math.sqrt(math.max(width, 1)) + (bias and ref.get(bias, index) or 0.0)
  end), causal, lengths)
end

cases.attention_weights = {
  ref = attention_weights,
  uses = {
    { { 2, 2, 3, 2 }, { 2, 2, 3, 2 }, options = with(nil, true, segments { 3, 1 }) },
    { { 2, 1, 2, 3 }, { 2, 1, 3, 3 }, { 2, 1, 2, 3 } },
    { { 2, 2, 2, 1 }, { 2, 2, 2, 1 }, { 2 }, options = with(true) },
    { { 1, 1, 2, 0 }, { 1, 1, 2, 0 } }, { { 0, 2, 2, 2 }, { 0, 2, 2, 2 } },
  },
  refused = {
    { { 2, 3, 2 }, { 2, 3, 2 }, text = "k 2x3x2 does not fit q 2x3x2: they must be %[batch" },
    { { 2, 1, 3, 2 }, { 2, 1, 3, 3 }, text = "k 2x1x3x3 does not fit q 2x1x3x2" },
    { { 2, 2, 3, 2 }, { 2, 1, 3, 2 }, text = "does not fit" },
    { { 2, 1, 3, 2 }, { 2, 1, 3, 2 }, { 2, 1, 3, 2 },
      text = "bias 2x1x3x2 does not broadcast to %[batch, heads, queries, keys%] 2x1x3x3" },
    { { 2, 1, 3, 2 }, { 2, 1, 3, 2 }, options = with(nil, true, segments { 1 }),
      text = "there are 1 lengths for a batch of 2" },
  },
}
cases.attention = {
  ref = function(q, k, v, ...)
    return ref.matmul(attention_weights(q, k, ...), v)
  end,
  uses = {
    { { 2, 2, 3, 2 }, { 2, 2, 3, 2 }, { 2, 2, 3, 2 },
      options = with(nil, true, segments { 3, 1 }) },
    { { 2, 1, 2, 3 }, { 2, 1, 3, 3 }, { 2, 1, 3, 1 }, { 2, 1, 2, 3 } },
    { { 2, 1, 2, 1 }, { 2, 1, 2, 1 }, { 2, 1, 2, 1 }, options = with(nil, nil, segments { 0, 2 }) },
    { { 0, 2, 2, 2 }, { 0, 2, 2, 2 }, { 0, 2, 2, 2 } },
  },
  refused = {
    { { 2, 1, 3, 2 }, { 2, 1, 3, 2 }, { 2, 1, 2, 2 },
      text = "v 2x1x2x2 does not fit k 2x1x3x2: both must be %[batch, heads, keys, width%]" },
    { { 2, 3, 2 }, { 2, 3, 2 }, { 2, 3, 2 }, text = "v 2x3x2 does not fit k 2x3x2" },
    { { 2, 1, 3, 1 }, { 2, 1, 3, 2 }, { 2, 1, 3, 2 }, text = "k 2x1x3x2 does not fit q 2x1x3x1" },
  },
}

-- One word of the keyed stream for each entry: below rate * 2^32 it is dropped.
cases.dropout = {
  ref = function(x, rate, key, epoch, task)
    local words = philox.words(#x.data, { seed = key, epoch = epoch, task = task, stream = 7 })
    local data = {}
    for i, value in ipairs(x.data) do
      data[i] = words[i] < rate * 2 ^ 32 and 0.0 or value / (1 - rate)
    end
    return ref.new(x.shape, data)
  end,
  uses = {
    { { 3, 4 }, options = with(0.5, 1) }, { { 3, 4 }, options = with(0.25, 7, 2, 3) },
    { { 2, 2 }, options = with(0, 1) }, { {}, options = with(0.5, 2) },
    { { 0, 2 }, options = with(0.5, 2) },
    { { 2, 3, 2 }, options = with(0.75, -1, 4294967295, 4294967295) },
  },
  refused = {
    { { 2 }, options = with(1, 1), text = "rate must be from 0 to below 1, not 1" },
    { { 2 }, options = with(-0.5, 1), text = "rate must be from 0 to below 1, not %-0.5" },
    { { 2 }, options = with(0 / 0, 1), text = "rate must be from 0 to below 1, not %-?nan" },
    { { 2 }, options = with(0.5), text = "#3" },
    { { 2 }, options = with(0.5, 1, -1), text = "epoch must be from 0 to 4294967295, not %-1" },
    { { 2 }, options = with(0.5, 1, 0, 1 << 32), text = "task must be from 0 to 4294967295" },
  },
}

for name, case in pairs(require "spec.support.op_cases_recurrent" (with)) do
  cases[name] = case
end
for _, more in ipairs { "op_cases_steps", "op_cases_segments" } do
  for name, case in pairs(require("spec.support." .. more)) do
    cases[name] = case
  end
end
return cases
