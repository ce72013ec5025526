-- Adam over the weights of several tasks at once, held against Adam written by hand, one task and
-- one number at a time, in double precision.
local cmml = require "cmml"
local double = cmml.double
local core = cmml.core

local lengths = { 3, 0, 2, 4 }

local function numbers(c, shape, stream)
  return c.uniform(shape, -1, 1, { seed = 9, stream = c.core.streams.user, task = stream })
end

local function world(c)
  return { x = numbers(c, { 9, 3 }, 1), labels = numbers(c, { 9 }, 2),
    segments = c.segments(lengths), start = { weight = numbers(c, { 1, 3 }, 3),
      bias = numbers(c, { 1 }, 4) } }
end

local function trained(c, w, options)
  return c.inner_adam(c.task_layers.spread(w.start, 4), function(layer)
    local scores = c.task_layers.linear(w.x, layer, w.segments):reshape { -1 }
    return (scores - w.labels):square():segment_mean(w.segments)
  end, options)
end

-- The weights and the bias of a task, by hand: gradient clamped, decay added, then Adam.
local function by_hand(w, first, count, options)
  local o, x, labels = options.adam, w.x:totable(), w.labels:totable()
  local p = { table.unpack(w.start.weight:totable()[1]) }
  p[4] = w.start.bias:totable()[1]
  local m, v = { 0, 0, 0, 0 }, { 0, 0, 0, 0 }
  for step = 1, options.steps do
    local g = { 0, 0, 0, 0 }
    for r = first + 1, first + count do
      local left = p[1] * x[r][1] + p[2] * x[r][2] + p[3] * x[r][3] + p[4] - labels[r]
      for k = 1, 4 do
        g[k] = g[k] + 2 * left * (x[r][k] or 1) / count
      end
    end
    for k = 1, 4 do
      local clip = o.clip or math.huge
      g[k] = math.max(-clip, math.min(clip, g[k])) + (o.weight_decay or 0) * p[k]
      m[k], v[k] = 0.9 * m[k] + 0.1 * g[k], 0.999 * v[k] + 0.001 * g[k] ^ 2
      p[k] = p[k] - o.lr * (m[k] / (1 - 0.9 ^ step))
        / (math.sqrt(v[k] / (1 - 0.999 ^ step)) + (o.eps or 1e-8))
    end
  end
  return p
end

describe("Adam of several tasks", function()
  for name, options in pairs { plain = { steps = 7, adam = { lr = 0.1 } },
    ["with clip and decay"] = { steps = 5, adam = { lr = 0.05, clip = 0.2,
      weight_decay = 0.1, eps = 1e-4 } },
    ["of no steps"] = { steps = 0, adam = {} } } do
    it("is what is written by hand: " .. name, function()
      local w = world(double)
      local found, losses, diverged = trained(double, w, options)
      assert.same({}, diverged)
      assert.equal(options.steps, #losses)
      local first = 0
      for t, count in ipairs(lengths) do
        local expected = by_hand(w, first, count, options)
        for k = 1, 3 do
          assert.near(expected[k], found.weight:totable()[t][1][k], 1e-12)
        end
        assert.near(expected[4], found.bias:totable()[t][1], 1e-12)
        first = first + count
      end
    end)
  end

  it("trains each as if it were alone, and keeps the start, whoever calls", function()
    local w = world(cmml)
    local before = w.start.weight:totable()
    local found = cmml.no_grad(trained, cmml, w, { steps = 20, adam = { lr = 0.1 } })
    assert.is_false(found.weight.tracked)
    assert.is_false(found.bias.tracked)
    assert.same(before, w.start.weight:totable())
    local alone = cmml.inner_adam(cmml.task_layers.spread(w.start, 1), function(layer)
      local scores = cmml.task_layers.linear(w.x:slice(1, 6, 9), layer, cmml.segments { 4 })
      return (scores:reshape { -1 } - w.labels:slice(1, 6, 9)):square():mean():reshape { 1 }
    end, { steps = 20, adam = { lr = 0.1 } })
    local first, fourth = alone.weight:totable()[1][1], found.weight:totable()[4][1]
    for k = 1, 3 do
      assert.near(first[k], fourth[k], 1e-5)
    end
    assert.same(w.start.weight:totable()[1], found.weight:totable()[2][1]) -- an empty support
    assert.is_true(core.grad_enable(true))
  end)

  it("holds tasks at their start, whatever their losses and the decay", function()
    local w = world(cmml)
    local labels = w.labels:totable()
    labels[4] = 1e30
    w.labels = cmml.tensor(labels)
    local start = cmml.task_layers.spread(w.start, 4).weight:totable()
    local options = { steps = 3, adam = { lr = 0.1, weight_decay = 1 }, hold = { [2] = true,
      [3] = true } }
    local found, _, diverged = trained(cmml, w, options)
    assert.same({}, diverged)
    for t = 1, 4 do
      local same = t == 2 or t == 3
      assert.equal(same, start[t][1][1] == found.weight:totable()[t][1][1])
    end
  end)

  it("names a task that diverges, which has its start again; the others go on", function()
    local w = world(cmml)
    local expected = trained(cmml, w, { steps = 3, adam = { lr = 0.1 } })
    local labels = w.labels:totable()
    labels[4] = 1e30 -- its squared error is beyond float32
    w.labels = cmml.tensor(labels)
    local found, losses, diverged = trained(cmml, w, { steps = 3, adam = { lr = 0.1 } })
    assert.equal(1, #diverged)
    assert.same({ 3, 1, math.huge }, { diverged[1].task, diverged[1].step, diverged[1].loss })
    assert.equal(3, #losses)
    for t = 1, 4 do
      assert.same((t == 3 and cmml.task_layers.spread(w.start, 4) or expected).weight
        :totable()[t], found.weight:totable()[t])
    end
    local rows
    rows, losses, diverged = cmml.inner_adam({ rows = cmml.tensor { { 1 }, { 2 }, { 3 } } },
      function(weights)
        return (weights.rows * cmml.tensor { { 1 }, { 1 }, { 1e39 } }):reshape({ -1 })
          :segment_sum(cmml.segments { 2, 1 })
      end, { steps = 1, adam = { lr = 1 }, owners = { rows = cmml.ids { 1, 1, 2 } } })
    assert.equal(1, #losses)
    assert.equal(2, diverged[1].task)
    assert.same({ { 0 }, { 1 }, { 3 } }, rows.rows:totable())
  end)

  it("refuses what is wrong by name", function()
    local function losses(weights)
      return weights:square()
    end
    local one = cmml.tensor { 1 }
    for text, given in pairs {
      ["inner_adam: start must be a Tensor or a table of such, not number 3"] = { 3, losses,
        { steps = 1 } },
      ["inner_adam: start.a must be a Tensor or a table of such, not an empty table"] = {
        { a = {} }, losses, { steps = 1 } },
      ["inner_adam: option steps is missing"] = { one, losses, {} },
      ["lr must be at least 0, but is -1"] = { one, losses, { steps = 1,
        adam = { lr = -1 } } },
      ["inner_adam: losses_of must be a function, not nil"] = { one, nil, { steps = 1 } },
      ["inner_adam: losses_of must give a Tensor [tasks], not number 1"] = { one, function()
        return 1
      end, { steps = 1 } },
    } do
      local ok, message = pcall(cmml.inner_adam, table.unpack(given, 1, 3))
      assert.is_false(ok)
      assert.truthy(message:find(text, 1, true), message)
    end
    assert.is_true(core.grad_enable(true))
  end)
end)
