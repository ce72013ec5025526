--- The cases of padded batches and recurrent ops; see op_cases.lua for what a case is.
local ref = require "spec.support.ref"

return function(with)
  local cases = {}

  local function segments(values)
    return { kind = "segments", values = values }
  end

  cases.mask_steps = {
    ref = function(x, lengths)
      return ref.build(x.shape, function(index)
        return index[2] <= lengths[index[1]] and ref.get(x, index) or 0.0
      end)
    end,
    uses = {
      { { 3, 4, 2 }, options = with(segments { 2, 0, 4 }) },
      { { 2, 3 }, options = with(segments { 3, 1 }) },
      { { 2, 2, 2, 2 }, options = with(segments { 1, 2 }) },
      { { 0, 3, 2 }, options = with(segments {}) }, { { 1, 0, 2 }, options = with(segments { 0 }) },
    },
    refused = {
      { { 3 }, options = with(segments { 1, 1, 1 }), text = "x must be %[batch, time, %.%.%]" },
      { { 2, 3 }, options = with(segments { 3 }), text = "there are 1 lengths for a batch of 2" },
      { { 2, 3 }, options = with(segments { 1, 4 }),
        text = "length 2 is 4, but there are 3 steps" },
    },
  }
  cases.last_step = {
    ref = function(x, lengths)
      local shape = { x.shape[1], table.unpack(x.shape, 3) }
      return ref.build(shape, function(index)
        local t = lengths and lengths[index[1]] or x.shape[2]
        return t > 0 and ref.get(x, { index[1], t, table.unpack(index, 2) }) or 0.0
      end)
    end,
    uses = {
      { { 3, 4, 2 }, options = with(segments { 2, 0, 4 }) }, { { 3, 4, 2 } },
      { { 2, 3 }, options = with(segments { 3, 1 }) }, { { 2, 2, 2, 2 } },
      { { 0, 3, 2 }, options = with(segments {}) }, { { 2, 0, 2 } },
    },
    refused = cases.mask_steps.refused,
  }
  cases.pad_segments = {
    ref = function(x, lengths)
      local first, longest, at = {}, 0, 0
      for k, n in ipairs(lengths) do
        first[k], longest, at = at, math.max(longest, n), at + n
      end
      return ref.build({ #lengths, longest, table.unpack(x.shape, 2) }, function(index)
        local k, t = index[1], index[2]
        return t <= lengths[k] and ref.get(x, { first[k] + t, table.unpack(index, 3) }) or 0.0
      end)
    end,
    uses = {
      { { 5, 2 }, options = with(segments { 2, 0, 3 }) }, { { 4 }, options = with(segments { 4 }) },
      { { 3, 2, 2 }, options = with(segments { 1, 2 }) }, { { 0, 2 }, options = with(segments {}) },
      { { 0, 2 }, options = with(segments { 0, 0 }) }, { { 3, 0 }, options = with(segments { 3 }) },
    },
    refused = {
      { { 4, 2 }, options = with(segments { 2, 1 }), text = "cover 3 rows, but x has shape 4x2" },
      { {}, options = with(segments { 1 }), text = "but x has shape %(a scalar%)" },
      { { 1, 1, 1, 1, 1, 1 }, options = with(segments { 1 }), text = "of at most 5 dims" },
    },
  }

  local sigmoid, tanh = ref.activations.sigmoid, ref.activations.tanh

  -- weight v + bias, as a list.
  local function affine(weight, v, bias)
    local result = {}
    for r = 1, weight.shape[1] do
      local sum = bias.data[r]
      for c, value in ipairs(v) do
        sum = sum + ref.get(weight, { r, c }) * value
      end
      result[r] = sum
    end
    return result
  end

  -- A step of one row: x and the state before are lists; gives the state after.
  local function gru_step(x, h, w_ih, w_hh, b_ih, b_hh)
    local a, b, n, result = affine(w_ih, x, b_ih), affine(w_hh, h, b_hh), #h, {}
    for k = 1, n do
      local r, z = sigmoid(a[k] + b[k]), sigmoid(a[n + k] + b[n + k])
      result[k] = (1 - z) * tanh(a[2 * n + k] + r * b[2 * n + k]) + z * h[k]
    end
    return result
  end

  local function lstm_step(x, state, w_ih, w_hh, b_ih, b_hh)
    local n, result = #state // 2, {}
    local a, b = affine(w_ih, x, b_ih), affine(w_hh, { table.unpack(state, 1, n) }, b_hh)
    for k = 1, n do
      local function sum(gate)
        return a[gate * n + k] + b[gate * n + k]
      end
      local c = sigmoid(sum(1)) * state[n + k] + sigmoid(sum(0)) * tanh(sum(2))
      result[k], result[n + k] = sigmoid(sum(3)) * tanh(c), c
    end
    return result
  end

  -- The last dim of r at an index of the others.
  local function row(r, index)
    local list = {}
    for k = 1, r.shape[#r.shape] do
      list[k] = ref.get(r, { index[1], index[2] or k, index[2] and k })
    end
    return list
  end

  local function cell(step)
    return function(x, state, ...)
      local weights = { ... }
      return ref.build(state.shape, function(index)
        return step(row(x, { index[1] }), row(state, { index[1] }),
          table.unpack(weights))[index[2]]
      end)
    end
  end

  local function over_time(step, parts)
    return function(x, w_ih, w_hh, b_ih, b_hh, state, lengths)
      local batch, time, width = x.shape[1], x.shape[2], parts * w_hh.shape[2]
      local states = {}
      for b = 1, batch do
        states[b] = { [0] = {} }
        for k = 1, width do
          states[b][0][k] = state and ref.get(state, { b, k }) or 0.0
        end
        for t = 1, time do
          states[b][t] = step(row(x, { b, t }), states[b][t - 1], w_ih, w_hh, b_ih, b_hh)
        end
      end
      return ref.build({ batch, time, width }, function(index)
        local b, t, k = index[1], index[2], index[3]
        return (not lengths or t <= lengths[b]) and states[b][t][k] or 0.0
      end)
    end
  end

  -- gates of a cell; vectors in a state.
  local function add(name, step, gates, parts)
    local function weights(inputs, hidden)
      local rows = gates * hidden
      return { rows, inputs }, { rows, hidden }, { rows }, { rows }
    end
    local w_ih, w_hh, b_ih, b_hh = weights(2, 3)
    local width = 3 * parts
    cases[name .. "_cell"] = {
      ref = cell(step),
      uses = {
        { { 2, 2 }, { 2, width }, w_ih, w_hh, b_ih, b_hh },
        { { 1, 1 }, { 1, parts }, weights(1, 1) }, { { 0, 2 }, { 0, width }, weights(2, 3) },
        { { 2, 0 }, { 2, 2 * parts }, weights(0, 2) },
      },
      refused = {
        { { 2 }, { 2, width }, w_ih, w_hh, b_ih, b_hh, text = "x must be %[batch, inputs%], not" },
        { { 2, 4 }, { 2, width }, w_ih, w_hh, b_ih, b_hh,
          text = ("weight_ih %dx2 must be %dx4, for x 2x4 and hidden size 3"):format(3 * gates,
            3 * gates) },
        { { 2, 2 }, { 2, width }, w_ih, { 3, 4 }, b_ih, b_hh,
          text = ("weight_hh 3x4 must be %%[%d hidden, hidden%%]"):format(gates) },
        { { 2, 2 }, { 2, width }, w_ih, { 3 }, b_ih, b_hh, text = "weight_hh 3 must be" },
        { { 2, 2 }, { 2, width }, w_ih, w_hh, { 3 }, b_hh, text = "bias_ih 3 must be" },
        { { 2, 2 }, { 2, width }, w_ih, w_hh, b_ih, {}, text = "bias_hh %(a scalar%) must" },
        { { 2, 2 }, { 3, width }, w_ih, w_hh, b_ih, b_hh,
          text = ("3x%d must be 2x%d, for a batch of 2"):format(width, width) },
      },
    }
    cases[name] = {
      ref = over_time(step, parts),
      uses = {
        { { 2, 2, 2 }, w_ih, w_hh, b_ih, b_hh },
        { { 2, 2, 2 }, w_ih, w_hh, b_ih, b_hh, { 2, width } },
        { { 3, 3, 1 }, { gates, 1 }, { gates, 1 }, { gates }, { gates }, { 3, parts },
          options = with(segments { 2, 0, 3 }) },
        { { 2, 3, 2 }, w_ih, w_hh, b_ih, b_hh, options = with(nil, segments { 3, 1 }) },
        { { 0, 2, 2 }, w_ih, w_hh, b_ih, b_hh }, { { 2, 0, 2 }, w_ih, w_hh, b_ih, b_hh },
        { { 2, 2, 2 }, weights(2, 0) },
      },
      refused = {
        { { 2, 2 }, w_ih, w_hh, b_ih, b_hh, text = "x must be %[batch, time, inputs%], not shape" },
        { { 2, 2, 1 }, w_ih, w_hh, b_ih, b_hh, text = "weight_ih %d+x2 must be %d+x1" },
        { { 2, 2, 2 }, w_ih, w_hh, b_ih, b_hh, { 2, width + 1 },
          text = ("state 2x%d must be 2x%d, for a batch of 2"):format(width + 1, width) },
        { { 2, 2, 2 }, w_ih, w_hh, b_ih, b_hh, options = with(nil, segments { 2, 3 }),
          text = "length 2 is 3, but there are 2 steps" },
        { { 2, 2, 2 }, w_ih, w_hh, b_ih, b_hh, options = with(nil, segments { 2 }),
          text = "there are 1 lengths for a batch of 2" },
      },
    }
  end
  add("gru", gru_step, 3, 1)
  add("lstm", lstm_step, 4, 2)

  -- A run over inputs that are projected already: its own weights are the identity.
  local function add_scan(name, gates, parts)
    local rows, width = gates * 2, parts * 2
    local w, b = { rows, 2 }, { rows }
    cases[name .. "_scan"] = {
      ref = function(projected, weight, bias, state, lengths)
        local n = bias.shape[1]
        local identity = ref.build({ n, n }, function(index)
          return index[1] == index[2] and 1.0 or 0.0
        end)
        local zeros = ref.build({ n }, function()
          return 0.0
        end)
        return cases[name].ref(projected, identity, weight, zeros, bias, state, lengths)
      end,
      uses = {
        { { 2, 3, rows }, w, b }, { { 2, 2, rows }, w, b, { 2, width } },
        { { 3, 3, gates }, { gates, 1 }, { gates }, { 3, parts },
          options = with(segments { 2, 0, 3 }) },
        { { 2, 3, rows }, w, b, options = with(nil, segments { 3, 1 }) },
        { { 2, 0, rows }, w, b }, { { 0, 2, rows }, w, b, { 0, width } },
        { { 2, 2, 0 }, { 0, 0 }, { 0 } }, { { 1, 2, 9 * gates }, { 9 * gates, 9 }, { 9 * gates } },
      },
      refused = {
        { { 2, rows }, w, b,
          text = ("x must be %%[batch, time, %d hidden%%], not shape 2x%d"):format(gates, rows) },
        { { 2, 2, rows + 1 }, { rows + 1, 2 }, { rows + 1 },
          text = ("do not fit projected inputs of width %d"):format(rows + 1) },
        { { 2, 2, rows }, { rows, 3 }, b,
          text = ("weight_hh %dx3 and bias_hh %d do not fit"):format(rows, rows) },
        { { 2, 2, rows }, w, { 3 },
          text = ("weight_hh %dx2 and bias_hh 3 do not fit"):format(rows) },
        { { 2, 2, rows }, w, b, { 2, width + 1 },
          text = ("state 2x%d must be 2x%d, for a batch of 2"):format(width + 1, width) },
        { { 2, 2, rows }, w, b, options = with(nil, segments { 3, 1 }),
          text = "length 1 is 3, but there are 2 steps" },
      },
    }
  end
  add_scan("gru", 3, 1)
  add_scan("lstm", 4, 2)

  -- The state of a coordinate before, and its x, as lists: the state after.
  local function meta_step(x, step, state, weight, bias, norm, gates, eps)
    local n, both, mean, variance = #bias.data // 4, {}, 0, 0
    for k = 1, #x + n do
      both[k] = x[k] or state[k - #x]
    end
    local sums, after, unit = affine(weight, both, bias), {}, {}
    for k = 1, n do
      local c = sigmoid(sums[n + k]) * state[n + k] + sigmoid(sums[k]) * tanh(sums[2 * n + k])
      unit[k], after[n + k] = sigmoid(sums[3 * n + k]) * tanh(c), c
      mean = mean + unit[k] / n
    end
    for k = 1, n do
      variance = variance + (unit[k] - mean) ^ 2 / n
    end
    local open = { ref.get(gates, { 1, n + 1 }), ref.get(gates, { 2, n + 1 }) }
    for k = 1, n do
      after[k] = (unit[k] - mean) / math.sqrt(variance + (eps or 1e-5)) * ref.get(norm, { 1, k })
        + ref.get(norm, { 2, k })
      for g = 1, 2 do
        open[g] = open[g] + ref.get(gates, { g, k }) * after[k]
      end
    end
    after[2 * n + 1] = sigmoid(open[2]) * state[2 * n + 1] - sigmoid(open[1]) * step
    return after
  end

  -- Row k of [tasks, k, n] at a task and a coordinate.
  local function column(r, task, at)
    local list = {}
    for k = 1, r.shape[2] do
      list[k] = ref.get(r, { task, k, at })
    end
    return list
  end

  local function meta_sizes(inputs, hidden)
    return { 4 * hidden, inputs + hidden }, { 4 * hidden }, { 2, hidden }, { 2, hidden + 1 }
  end
  local meta_w, meta_b, meta_norm, meta_gates = meta_sizes(2, 2)
  cases.meta_lstm_cell = {
    ref = function(x, step, state, ...)
      local more = { ... }
      return ref.build(state.shape, function(index)
        local task, at = index[1], index[3]
        return meta_step(column(x, task, at), ref.get(step, { task, at }), column(state, task, at),
          table.unpack(more))[index[2]]
      end)
    end,
    uses = {
      { { 2, 2, 3 }, { 2, 3 }, { 2, 5, 3 }, meta_w, meta_b, meta_norm, meta_gates },
      { { 1, 1, 33 }, { 1, 33 }, { 1, 7, 33 }, meta_sizes(1, 3) }, -- more than a block
      { { 1, 2, 2 }, { 1, 2 }, { 1, 7, 2 }, { 12, 5 }, { 12 }, { 2, 3 }, { 2, 4 },
        options = with(0.5) },
      { { 1, 0, 2 }, { 1, 2 }, { 1, 5, 2 }, meta_sizes(0, 2) },
      { { 0, 2, 3 }, { 0, 3 }, { 0, 5, 3 }, meta_w, meta_b, meta_norm, meta_gates },
      { { 2, 2, 0 }, { 2, 0 }, { 2, 5, 0 }, meta_w, meta_b, meta_norm, meta_gates },
    },
    refused = {
      { { 2, 2 }, { 2, 3 }, { 2, 5, 3 }, meta_w, meta_b, meta_norm, meta_gates,
        text = "x 2x2 must be %[tasks, inputs, n%], and state" },
      { { 2, 2, 3 }, { 2, 3 }, { 2, 4, 3 }, meta_w, meta_b, meta_norm, meta_gates,
        text = "state 2x4x3 %[tasks, 2 hidden %+ 1, n%]" },
      { { 2, 2, 3 }, { 2, 3 }, { 2, 1, 3 }, meta_w, meta_b, meta_norm, meta_gates,
        text = "state 2x1x3 %[tasks, 2 hidden %+ 1, n%]" },
      { { 2, 2, 3 }, { 2, 3 }, { 2, 5, 4 }, meta_w, meta_b, meta_norm, meta_gates,
        text = "state 2x5x4 must be %[tasks, 2 hidden %+ 1, n%], that is 2x5x3" },
      { { 2, 2, 3 }, { 3, 2 }, { 2, 5, 3 }, meta_w, meta_b, meta_norm, meta_gates,
        text = "step 3x2 must be %[tasks, n%], that is 2x3" },
      { { 2, 2, 3 }, { 2, 3 }, { 2, 5, 3 }, { 8, 3 }, meta_b, meta_norm, meta_gates,
        text = "weight 8x3 must be %[4 hidden, inputs %+ hidden%], that is 8x4" },
      { { 2, 2, 3 }, { 2, 3 }, { 2, 5, 3 }, meta_w, { 2 }, meta_norm, meta_gates,
        text = "bias 2 must be" },
      { { 2, 2, 3 }, { 2, 3 }, { 2, 5, 3 }, meta_w, meta_b, { 2 }, meta_gates,
        text = "norm 2 must be" },
      { { 2, 2, 3 }, { 2, 3 }, { 2, 5, 3 }, meta_w, meta_b, meta_norm, { 2, 2 },
        text = "gates 2x2 must be" },
      { { 2, 2, 3 }, { 2, 3 }, { 2, 5, 3 }, meta_w, meta_b, meta_norm, meta_gates,
        options = with(-1), text = "eps must be 0 or more, not %-1" },
    },
  }
  table.insert(cases.gru.uses, { { 1, 66, 1 }, { 3, 1 }, { 3, 1 }, { 3 }, { 3 } }) -- many steps

  return cases
end
