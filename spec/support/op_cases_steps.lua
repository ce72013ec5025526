-- The cases of the ops that take gradient steps of tasks on an MLP, written in plain loops.
local ref = require "spec.support.ref"

local function ids(values)
  return { kind = "ids", values = values }
end

local function segments(values)
  return { kind = "segments", values = values }
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

local function list_of(x)
  local list = {}
  for i = 1, x.shape[1] do
    list[i] = ref.get(x, { i })
  end
  return list
end

local function zeros(n, m)
  local rows = {}
  for r = 1, n do
    rows[r] = {}
    for j = 1, m do
      rows[r][j] = 0
    end
  end
  return rows
end

local below = { relu = 0, leaky_relu = 0.01 }

local function activated(z, activation)
  return z > 0 and z or below[activation] * z
end

-- The layers above the first: {w [u][h], bias [u], last [u], last_bias}.
local function upper_of(weight, bias, last)
  local upper = { w = rows_of(weight, {}, weight.shape[1], weight.shape[2]), bias = list_of(bias),
    last = list_of(last) }
  upper.last_bias = table.remove(upper.last)
  return upper
end

-- One step of the upper layers on the first layer's values z [n][h]; gives minus its deltas.
local function upper_step(upper, z, y, c, rates, activation)
  local u, a1, a2, e1, e2, e3 = #upper.bias, {}, {}, {}, {}, {}
  for r, row in ipairs(z) do
    a1[r], a2[r], e1[r], e2[r] = {}, {}, {}, {}
    for j, value in ipairs(row) do
      a1[r][j] = activated(value, activation)
    end
    local out = upper.last_bias
    for i = 1, u do
      local sum = upper.bias[i]
      for j, value in ipairs(a1[r]) do
        sum = sum + value * upper.w[i][j]
      end
      a2[r][i] = activated(sum, activation)
      out = out + a2[r][i] * upper.last[i]
    end
    e3[r] = (y[r] - out) * c[r]
    for i = 1, u do
      e2[r][i] = e3[r] * upper.last[i] * (a2[r][i] > 0 and 1 or below[activation])
    end
    for j, value in ipairs(a1[r]) do
      local e = 0
      for i = 1, u do
        e = e + e2[r][i] * upper.w[i][j]
      end
      e1[r][j] = e * (value > 0 and 1 or below[activation])
    end
  end
  for r in ipairs(z) do
    upper.last_bias = upper.last_bias + rates[2] * e3[r]
    for i = 1, u do
      upper.bias[i] = upper.bias[i] + rates[1] * e2[r][i]
      upper.last[i] = upper.last[i] + rates[2] * e3[r] * a2[r][i]
      for j, value in ipairs(a1[r]) do
        upper.w[i][j] = upper.w[i][j] + rates[1] * e2[r][i] * value
      end
    end
  end
  return e1
end

-- Adds lists of rows to a state.
local function append(state, ...)
  for _, rows in ipairs { ... } do
    for _, row in ipairs(rows) do
      table.move(row, 1, #row, #state + 1, state)
    end
  end
  return state
end

local function append_upper(state, upper)
  return append(state, upper.w, { upper.bias, upper.last, { upper.last_bias } })
end

-- relu_steps of one task: the parts of its state, after so many steps.
local function task_state(t, base, kernel, labels, shares, weight, bias, last, rates, steps,
  activation)
  local n, h = base.shape[2], base.shape[3]
  local b, k = rows_of(base, { t }, n, h), rows_of(kernel, { t }, n, n)
  local y = rows_of(labels, {}, labels.shape[1], n)[t]
  local c = rows_of(shares, {}, shares.shape[1], n)[t]
  local upper, sums, rate = upper_of(weight, bias, last), zeros(n, h), list_of(rates)
  for _ = 1, steps do
    local z = zeros(n, h)
    for r = 1, n do
      for j = 1, h do
        z[r][j] = b[r][j]
        for q = 1, n do
          z[r][j] = z[r][j] + k[r][q] * sums[q][j]
        end
      end
    end
    local e1 = upper_step(upper, z, y, c, { rate[2], rate[3] }, activation)
    for r = 1, n do
      for j = 1, h do
        sums[r][j] = sums[r][j] + rate[1] * e1[r][j]
      end
    end
  end
  return { append({}, sums), append({}, upper.w), upper.bias, upper.last, { upper.last_bias } }
end

-- Shapes for tasks of n rows and layers of h and u units.
local function use(tasks, n, h, u, steps, activation)
  return { { tasks, n, h }, { tasks, n, n }, { tasks, n }, { tasks, n }, { u, h }, { u }, { u + 1 },
    { 3 }, options = table.pack(steps, activation or "relu") }
end

local function wrong(place, shape, text)
  local shapes = use(2, 3, 4, 5, 1)
  shapes[place], shapes.text = shape, text
  return shapes
end

local negative, smooth = use(1, 2, 2, 2, -1), use(1, 2, 2, 2, 1, "tanh")
negative.text, smooth.text = "steps must be at least 0, not %-1", "activation must be relu or leaky"
local huge = use(1, 1, 1, 1, 1 << 40)
huge.text = "more than 2147483647 elements"

local relu_steps = {
  ref = function(base, ...)
    local states, all = {}, {}
    for t = 1, base.shape[1] do
      states[t] = task_state(t, base, ...)
    end
    for part = 1, 5 do
      for _, state in ipairs(states) do
        append(all, { state[part] })
      end
    end
    return ref.build({ #all }, function(index)
      return all[index[1]]
    end)
  end,
  uses = { use(2, 3, 4, 5, 2), use(1, 2, 3, 2, 3, "leaky_relu"), use(2, 1, 1, 1, 1),
    use(2, 2, 3, 2, 0), use(0, 2, 3, 2, 2), use(2, 0, 3, 2, 2), use(1, 2, 0, 2, 1),
    use(1, 2, 3, 0, 2) },
  refused = { negative, huge, smooth,
    wrong(1, { 2, 3 }, "base"), wrong(5, { 5 }, "weight"),
    wrong(2, { 2, 3, 4 }, "kernel has shape 2x3x4, but must have 2x3x3"),
    wrong(3, { 2, 4 }, "labels has shape 2x4, but must have 2x3"),
    wrong(4, { 3, 3 }, "shares has shape 3x3, but must have 2x3"),
    wrong(6, { 4 }, "bias has shape 4, but must have 5"),
    wrong(7, { 5 }, "last has shape 5, but must have 6"),
    wrong(8, { 4 }, "rates has shape 4, but must have 3"),
  },
}

-- The rows of a task: of each field the places in its bag, {field}[row] = places.
local function bags_of(world, t, before)
  local found = {}
  for f = 1, world.fields do
    found[f] = {}
    for r = 1, world.tasks[t] do
      found[f][r] = world.bags[f][before + r]
    end
  end
  return found
end

-- embedding_steps of one task on values [P][w], which its steps change; gives its layers.
local function embedding_task(values, bags, n, y, c, first, first_bias, upper, rate, steps,
  activation, mean)
  local fields, w, h = #bags, #(values[1] or {}), #first_bias
  local function weight_of(bag)
    return mean and 1 / #bag or 1
  end
  for _ = 1, steps do
    local x, z = zeros(n, fields * w), zeros(n, h)
    for r = 1, n do
      for f = 1, fields do
        for _, place in ipairs(bags[f][r]) do
          for i = 1, w do
            local at = (f - 1) * w + i
            x[r][at] = x[r][at] + weight_of(bags[f][r]) * values[place][i]
          end
        end
      end
      for j = 1, h do
        z[r][j] = first_bias[j]
        for i = 1, fields * w do
          z[r][j] = z[r][j] + x[r][i] * first[j][i]
        end
      end
    end
    local e1 = upper_step(upper, z, y, c, { rate[3], rate[4] }, activation)
    for r = 1, n do
      for f = 1, fields do
        for _, place in ipairs(bags[f][r]) do
          for i = 1, w do
            for j = 1, h do
              values[place][i] = values[place][i]
                + rate[1] * weight_of(bags[f][r]) * e1[r][j] * first[j][(f - 1) * w + i]
            end
          end
        end
      end
    end
    for r = 1, n do
      for j = 1, h do
        first_bias[j] = first_bias[j] + rate[2] * e1[r][j]
        for i = 1, fields * w do
          first[j][i] = first[j][i] + rate[2] * e1[r][j] * x[r][i]
        end
      end
    end
  end
  local turned = {}
  for i = 1, fields * w do
    turned[i] = {}
    for j = 1, h do
      turned[i][j] = first[j][i]
    end
  end
  return append_upper(append({}, turned, { first_bias }), upper)
end

-- Tasks whose rows name pairs in two fields: in the first more than there are rows, in the second
-- fewer. `bags` has the places of each row, by field.
local worlds = {
  two = { fields = 2, tasks = { 2, 3 }, pairs = { 4, 1, 1, 2 },
    bags = { { { 1, 2, 3 }, { 4, 1 }, { 5 }, {}, { 5 } },
      { { 6 }, { 6 }, { 7, 8 }, { 8 }, { 7, 7 } } } },
  empty = { fields = 1, tasks = { 0, 2 }, pairs = { 1, 3 }, bags = { { { 2, 3 }, { 3 } } } },
  none = { fields = 1, tasks = {}, pairs = {}, bags = { {} } },
}

-- The bags, field by field, as one list of places and its segments.
local function segments_of(world)
  local places, lengths = {}, {}
  for f = 1, world.fields do
    for _, bag in ipairs(world.bags[f]) do
      table.move(bag, 1, #bag, #places + 1, places)
      lengths[#lengths + 1] = #bag
    end
  end
  return places, lengths
end

local function sum(list)
  local all = 0
  for _, value in ipairs(list) do
    all = all + value
  end
  return all
end

local function embedding_use(world, w, h, u, steps, activation, mean)
  local rows, places, lengths = sum(world.tasks), segments_of(world)
  return { domain = "small", { sum(world.pairs), w }, { rows }, { rows },
    { h, world.fields * w }, { h }, { u, h }, { u }, { u + 1 }, { 4 },
    options = table.pack(ids(places), segments(lengths),
      segments(world.pairs), segments(world.tasks), steps, activation or "relu", mean) }
end

local function embedding_ref(values, labels, shares, first, first_bias, weight, bias, last, rates,
  places, bags, pairs_, tasks, steps, activation, mean)
  local p, w, h = values.shape[1], values.shape[2], first_bias.shape[1]
  local fields, all, at = w > 0 and first.shape[2] // w or 0, rows_of(values, {}, p, w), 0
  local world = { fields = fields, tasks = tasks, bags = {}, pairs = pairs_ }
  local bag = 0
  for f = 1, fields do
    world.bags[f] = {}
    for r = 1, sum(tasks) do
      bag = bag + 1
      world.bags[f][r] = table.move(places, at + 1, at + bags[bag], 1, {})
      at = at + bags[bag]
    end
  end
  local y, c, before, own = list_of(labels), list_of(shares), 0, {}
  for t, n in ipairs(tasks) do
    append(own, { embedding_task(all, bags_of(world, t, before), n, table.move(y, before + 1,
      before + n, 1, {}), table.move(c, before + 1, before + n, 1, {}),
      rows_of(first, {}, h, fields * w), list_of(first_bias), upper_of(weight, bias, last),
      list_of(rates), steps, activation, mean ~= false) })
    before = before + n
  end
  local state = append({}, all)
  table.move(own, 1, #own, #state + 1, state)
  return ref.build({ #state }, function(index)
    return state[index[1]]
  end)
end

local function other(change, text)
  local changed = embedding_use(worlds.two, 2, 3, 2, 1)
  change(changed, changed.options)
  changed.text = text
  return changed
end
local function shaped(place, shape, text)
  return other(function(shapes)
    shapes[place] = shape
  end, text)
end
return { relu_steps = relu_steps, embedding_steps = {
  ref = embedding_ref,
  uses = { embedding_use(worlds.two, 2, 2, 2, 2), embedding_use(worlds.two, 1, 2, 1, 3,
    "leaky_relu", false), embedding_use(worlds.empty, 2, 2, 1, 2),
    embedding_use(worlds.none, 2, 3, 2, 2), embedding_use(worlds.two, 1, 2, 2, 0),
    embedding_use(worlds.two, 1, 0, 2, 1), embedding_use(worlds.two, 1, 2, 0, 1) },
  refused = {
    shaped(1, { 8 }, "values must have 2 dims"),
    shaped(1, { 7, 2 }, "values has shape 7x2, but must have 8x2"),
    shaped(2, { 4 }, "labels has shape 4, but must have 5"),
    shaped(3, { 6 }, "shares has shape 6, but must have 5"),
    shaped(4, { 3, 5 }, "first has shape 3x5, but must have 3x4"),
    shaped(5, { 2 }, "first_bias has shape 2, but must have 3"),
    shaped(6, { 2, 2 }, "weight has shape 2x2, but must have 2x3"),
    shaped(7, { 3 }, "bias has shape 3, but must have 2"),
    shaped(8, { 2 }, "last has shape 2, but must have 3"),
    shaped(9, { 3 }, "rates has shape 3, but must have 4"),
    other(function(_, options)
      options[5] = -1
    end, "steps must be at least 0, not %-1"),
    other(function(_, options)
      options[5] = 1 << 40
    end, "more than 2147483647 elements"),
    other(function(_, options)
      options[6] = "sigmoid"
    end, "activation must be relu or leaky_relu"),
    other(function(_, options)
      options[3] = segments { 4, 2, 2 }
    end, "pairs has 3 segments for 2 fields of 2 tasks"),
    other(function(_, options)
      options[2] = segments { 14, 0 }
    end, "bags has 2 segments for 2 fields of 5 rows"),
    other(function(_, options)
      options[1] = ids { 1 }
    end, "the bags cover 14 places, but there are 1"),
    other(function(_, options)
      options[1] = ids { 1, 2, 3, 5, 1, 5, 5, 6, 6, 7, 8, 8, 7, 7 }
    end, "places contains 5 in a bag of task 1 in field 1, which has the pairs from 1 to 4"),
  },
} }
