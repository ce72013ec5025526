-- The case of the op that takes gradient steps of tasks on an MLP, written in plain loops.
local ref = require "spec.support.ref"

local function with(...)
  return table.pack(...)
end

-- Lists of rows of an oracle tensor from an index on.
local function rows_of(x, first, n, m)
  local rows = {}
  for i = 1, n do
    rows[i] = {}
    for j = 1, m do
      local index = { table.unpack(first) }
      index[#index + 1], index[#index + 2] = i, j
      rows[i][j] = ref.get(x, index)
    end
  end
  return rows
end

-- One task: its state side by side, after so many steps.
local function task_state(t, base, kernel, labels, shares, weight, bias, last, steps)
  local n, h, u = base.shape[2], base.shape[3], weight.shape[1]
  local b, k = rows_of(base, { t }, n, h), rows_of(kernel, { t }, n, n)
  local y = rows_of(labels, {}, labels.shape[1], n)[t]
  local c = rows_of(shares, {}, shares.shape[1], n)[t]
  local w, sums, bias2, w3 = rows_of(weight, {}, u, h), {}, {}, {}
  for i = 1, u do
    bias2[i], w3[i] = ref.get(bias, { i }), ref.get(last, { i })
  end
  local b3 = ref.get(last, { u + 1 })
  for r = 1, n do
    sums[r] = {}
    for j = 1, h do
      sums[r][j] = 0
    end
  end
  for _ = 1, steps do
    local e1, e2, e3, a1, a2 = {}, {}, {}, {}, {}
    for r = 1, n do
      a1[r], a2[r], e1[r], e2[r] = {}, {}, {}, {}
      for j = 1, h do
        local z = b[r][j]
        for q = 1, n do
          z = z + k[r][q] * sums[q][j]
        end
        a1[r][j] = math.max(z, 0)
      end
      local out = b3
      for i = 1, u do
        local z = bias2[i]
        for j = 1, h do
          z = z + a1[r][j] * w[i][j]
        end
        a2[r][i] = math.max(z, 0)
        out = out + a2[r][i] * w3[i]
      end
      e3[r] = (y[r] - out) * c[r]
      for i = 1, u do
        e2[r][i] = a2[r][i] > 0 and e3[r] * w3[i] or 0
      end
      for j = 1, h do
        local e = 0
        for i = 1, u do
          e = e + e2[r][i] * w[i][j]
        end
        e1[r][j] = a1[r][j] > 0 and e or 0
      end
    end
    for r = 1, n do
      b3 = b3 + e3[r]
      for i = 1, u do
        bias2[i], w3[i] = bias2[i] + e2[r][i], w3[i] + e3[r] * a2[r][i]
        for j = 1, h do
          w[i][j] = w[i][j] + e2[r][i] * a1[r][j]
        end
      end
      for j = 1, h do
        sums[r][j] = sums[r][j] + e1[r][j]
      end
    end
  end
  local state = {}
  for _, part in ipairs { sums, w, { bias2, w3, { b3 } } } do
    for _, row in ipairs(part) do
      table.move(row, 1, #row, #state + 1, state)
    end
  end
  return state
end

-- Shapes for tasks of n rows and layers of h and u units.
local function use(tasks, n, h, u, steps)
  return { { tasks, n, h }, { tasks, n, n }, { tasks, n }, { tasks, n }, { u, h }, { u }, { u + 1 },
    options = with(steps) }
end

local function wrong(place, shape, text)
  local shapes = use(2, 3, 4, 5, 1)
  shapes[place], shapes.text = shape, text
  return shapes
end

local negative = use(1, 2, 2, 2, -1)
negative.text = "steps must be at least 0, not %-1"
local huge = use(1, 1, 1, 1, 1 << 40)
huge.text = "more than 2147483647 elements"

return { relu_steps = {
  ref = function(base, ...)
    local rest, states = { ... }, {}
    for t = 1, base.shape[1] do
      states[t] = task_state(t, base, ...)
    end
    local n, h, u = base.shape[2], base.shape[3], rest[4].shape[1]
    return ref.build({ base.shape[1], n * h + u * h + 2 * u + 1 }, function(index)
      return states[index[1]][index[2]]
    end)
  end,
  uses = { use(2, 3, 4, 5, 2), use(1, 2, 3, 2, 3), use(2, 1, 1, 1, 1), use(2, 2, 3, 2, 0),
    use(0, 2, 3, 2, 2), use(2, 0, 3, 2, 2), use(1, 2, 0, 2, 1), use(1, 2, 3, 0, 2) },
  refused = { negative, huge,
    wrong(1, { 2, 3 }, "base"), wrong(5, { 5 }, "weight"),
    wrong(2, { 2, 3, 4 }, "kernel has shape 2x3x4, but must have 2x3x3"),
    wrong(3, { 2, 4 }, "labels has shape 2x4, but must have 2x3"),
    wrong(4, { 3, 3 }, "shares has shape 3x3, but must have 2x3"),
    wrong(6, { 4 }, "bias has shape 4, but must have 5"),
    wrong(7, { 5 }, "last has shape 5, but must have 6"),
  },
} }
