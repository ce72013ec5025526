-- Gradient steps of several tasks at once over layers with weights for each task: held against
-- finite differences in double precision, and against steps written by hand, one task at a time.
local cmml = require "cmml"
local double = cmml.double
local core = cmml.core

local lengths = { 3, 0, 2, 4 }
local rows = 9

local function numbers(c, shape, stream)
  return c.uniform(shape, -1, 1, { seed = 7, stream = c.core.streams.user, task = stream })
end

-- A small world: three layers, rows of four tasks, of which one has none.
local function world(c)
  return { x = numbers(c, { rows, 3 }, 1), labels = numbers(c, { rows }, 2),
    query = numbers(c, { 4, 3 }, 3), wanted = numbers(c, { 4 }, 4),
    segments = c.segments(lengths), each = c.segments { 1, 1, 1, 1 },
    start = { { weight = numbers(c, { 4, 3 }, 5), bias = numbers(c, { 4 }, 6) },
      { weight = numbers(c, { 2, 4 }, 7) },
      { weight = numbers(c, { 1, 2 }, 8), bias = numbers(c, { 1 }, 9) } } }
end

local function losses_of(c, x, labels, segments)
  return function(layers)
    local scores = c.task_layers.mlp(x, layers, segments, "tanh"):reshape { -1 }
    return (scores - labels):square():segment_mean(segments)
  end
end

local function adapted(c, w, options)
  return c.inner_steps(c.task_layers.spread(w.start, 4),
    losses_of(c, w.x, w.labels, w.segments), options)
end

local function outer(c, w, options)
  local layers = adapted(c, w, options)
  return losses_of(c, w.query, w.wanted, w.each)(layers):mean()
end

-- The tensors of a world that gradients are asked for, and one with others in their place.
local function points(w)
  return { w.x, w.start[1].weight, w.start[1].bias, w.start[2].weight, w.start[3].weight,
    w.start[3].bias }
end

local function with(c, values)
  local w = world(c)
  w.x = values[1]
  w.start = { { weight = values[2], bias = values[3] }, { weight = values[4] },
    { weight = values[5], bias = values[6] } }
  return w
end

local function list(tensor)
  return tensor:detach():reshape({ -1 }):totable()
end

local function same(a, b, tolerance)
  local x, y = list(a), list(b)
  assert.equal(#x, #y)
  for i, value in ipairs(x) do
    assert.near(value, y[i], tolerance)
  end
end

describe("layers with weights for each task", function()
  it("give what shared ones give where all are the same", function()
    local w = world(double)
    local shared = double.task_layers.mlp(w.x, w.start, w.segments, "tanh")
    local spread = double.task_layers.spread(w.start, 4)
    assert.same({ 4, 4, 3 }, spread[1].weight.shape)
    assert.is_nil(spread[2].bias)
    same(shared, double.task_layers.mlp(w.x, spread, w.segments, "tanh"), 1e-14)
    local mixed = { w.start[1], spread[2], w.start[3] }
    same(shared, double.task_layers.mlp(w.x, mixed, w.segments, "tanh"), 1e-14)
  end)

  it("give each row what the layer of its task gives alone", function()
    local w = world(double)
    local weight, bias = numbers(double, { 4, 2, 3 }, 11), numbers(double, { 4, 2 }, 12)
    local found = double.task_layers.linear(w.x, { weight = weight, bias = bias }, w.segments,
      "sigmoid")
    local first = 0
    for task, n in ipairs(lengths) do
      if n > 0 then
        local alone = double.core.linear(w.x:slice(1, first + 1, first + n):clone(),
          weight:slice(1, task, task):reshape({ 2, 3 }):clone(),
          bias:slice(1, task, task):reshape({ 2 }):clone(), "sigmoid")
        same(alone, found:slice(1, first + 1, first + n), 1e-14)
      end
      first = first + n
    end
  end)

  it("are read of an MLP, and take joined rows", function()
    local mlp = cmml.nn.mlp { widths = { 3, 5, 1 }, init = cmml.nn.init(3) }
    local layers = cmml.task_layers.of(mlp)
    assert.equal(2, #layers)
    local x, ids = numbers(cmml, { 4, 3 }, 1), cmml.ids { 4, 1, 1, 2 }
    local joined, segments = cmml.joined { { x, ids } }, cmml.segments { 1, 3 }
    same(mlp(joined:tensor()), cmml.task_layers.mlp(joined, layers, segments), 1e-6)
    same(mlp(joined:tensor()), cmml.task_layers.mlp(joined, cmml.task_layers.spread(layers, 2),
      segments), 1e-6)
    local list_ = cmml.nn.list { mlp }
    assert.error_matches(function()
      cmml.task_layers.of(list_)
    end, "child 0 of .* is no linear layer")
  end)
end)

describe("inner steps", function()
  for _, steps in ipairs { 1, 3 } do
    it(("are differentiated through %d of them"):format(steps), function()
      assert.is_true(cmml.gradcheck(function(c, ...)
        return outer(c, with(c, { ... }), { steps = steps, rate = 0.3 })
      end, points(world(double))))
    end)
  end

  it("are those that are written by hand, one task at a time", function()
    local w = world(double)
    local found = adapted(double, w, { steps = 3, rate = 0.3 })
    local first = 0
    for task, n in ipairs(lengths) do
      local alone = world(double)
      alone.x = n > 0 and w.x:slice(1, first + 1, first + n):clone() or double.zeros { 0, 3 }
      alone.labels = n > 0 and w.labels:slice(1, first + 1, first + n):clone() or double.zeros { 0 }
      first = first + n
      local one = {}
      for i, layer in ipairs(alone.start) do
        one[i] = { weight = layer.weight:clone():track(),
          bias = layer.bias and layer.bias:clone():track() }
      end
      for _ = 1, n > 0 and 3 or 0 do
        local x = alone.x
        for i, layer in ipairs(one) do
          x = double.core.linear(x, layer.weight, layer.bias, i < #one and "tanh" or "identity")
        end
        local slopes = double.grad((x:reshape { -1 } - alone.labels):square():mean(), one)
        for i, layer in ipairs(one) do
          for key, value in pairs(layer) do
            layer[key] = (value:detach() - slopes[i][key] * 0.3):track()
          end
        end
      end
      for i, layer in ipairs(one) do
        for key, value in pairs(layer) do
          same(value, found[i][key]:slice(1, task, task), 1e-12)
        end
      end
    end
  end)

  it("hold their gradients constant in the first order", function()
    local w = world(double)
    local leaves = points(w)
    for i, value in ipairs(leaves) do
      leaves[i] = value:clone():track()
    end
    local own = with(double, leaves)
    local found = double.grad(outer(double, own, { steps = 2, rate = 0.3, order = "first" }),
      leaves)
    -- the sum of what both steps took off, as a constant
    local ends = double.no_grad(function()
      return adapted(double, own, { steps = 2, rate = 0.3 })
    end)
    local begun = double.task_layers.spread(own.start, 4)
    for i, layer in ipairs(begun) do
      for key, value in pairs(layer) do
        layer[key] = value + (ends[i][key] - value:detach())
      end
    end
    local expected = double.grad(losses_of(double, own.query, own.wanted, own.each)(begun)
      :mean(), leaves)
    for i, gradient in ipairs(expected) do
      same(gradient, found[i], 1e-12)
    end
    assert.equal(0, found[1]:abs():sum():item()) -- the support's rows are seen by the steps alone
    local whole = double.grad(outer(double, own, { steps = 2, rate = 0.3 }), leaves)
    assert.is_true(whole[1]:abs():sum():item() > 1e-3)
  end)

  it("leave the graph that they share with the rows to the loss behind them", function()
    local w = world(cmml)
    local table_ = numbers(cmml, { 5, 3 }, 20):track()
    local function rows_of()
      return cmml.gather_rows(table_ * 2, cmml.ids { 1, 2, 3, 4, 5, 1, 2, 3, 4 })
    end
    for _, order in ipairs { "first", "second" } do
      w.x = rows_of()
      local layers = adapted(cmml, w, { steps = 2, rate = 0.1, order = order })
      local query = w.x:slice(1, 1, 4)
      local loss = losses_of(cmml, query, w.wanted, w.each)(layers):mean()
      assert.is_true(cmml.grad(loss, table_):abs():sum():item() > 0)
    end
  end)

  it("do not depend on the other tasks", function()
    local w = world(cmml)
    local before = adapted(cmml, w, { steps = 3, rate = 0.3 })
    local labels = list(w.labels)
    labels[1], labels[5] = 40, -30 -- of the first and the third
    w.labels = cmml.tensor(labels)
    local after = adapted(cmml, w, { steps = 3, rate = 0.3 })
    for _, task in ipairs { 2, 4 } do
      assert.same(list(before[1].weight:slice(1, task, task)),
        list(after[1].weight:slice(1, task, task)))
    end
    assert.not_same(list(before[1].weight), list(after[1].weight))
    same(w.start[1].weight, after[1].weight:slice(1, 2, 2), 0) -- an empty support: the start
  end)

  it("take a rate for each tensor, or learn it", function()
    local function scaled(c, a, b)
      local w = world(c)
      local rate = { { weight = a, bias = 0.2 }, { weight = 0 }, { weight = b, bias = -0.1 } }
      local layers = adapted(c, w, { steps = 2, rate = rate })
      same(w.start[2].weight, layers[2].weight:slice(1, 4, 4), 0)
      return losses_of(c, w.query, w.wanted, w.each)(layers):mean()
    end
    assert.is_true(cmml.gradcheck(scaled, { numbers(double, { 4, 3 }, 30), 0.25 }))
  end)

  it("give the losses before each step, which fall", function()
    local w = world(double)
    local _, losses, diverged = adapted(double, w, { steps = 4, rate = 0.1 })
    assert.equal(4, #losses)
    assert.same({}, diverged)
    same(losses_of(double, w.x, w.labels, w.segments)(w.start), losses[1], 1e-12)
    for _, task in ipairs { 1, 3, 4 } do
      assert.is_true(losses[4]:totable()[task] < losses[1]:totable()[task])
    end
    assert.is_false(losses[1].tracked)
    local start = double.task_layers.spread(w.start, 4)
    same(start[1].weight, double.inner_steps(start, error, { steps = 0, rate = 1 })[1].weight, 0)
  end)

  it("record gradients whoever calls, and leave recording as it was", function()
    local w = world(cmml)
    local expected = list(adapted(cmml, w, { steps = 2, rate = 0.1 })[1].weight)
    cmml.no_grad(function()
      local found = adapted(cmml, w, { steps = 2, rate = 0.1 })
      assert.same(expected, list(found[1].weight))
      assert.is_false(found[1].weight.tracked)
      assert.has_error(function()
        cmml.inner_steps(w.start, function()
          error("broken", 0)
        end, { steps = 1, rate = 1 })
      end, "broken")
      assert.is_false(core.grad_enable(false))
    end)
    assert.is_true(core.grad_enable(true))
  end)
end)

describe("the weights of the only task that has rows", function()
  it("are taken as shared ones, and score as those of tasks do", function()
    local w = world(double)
    local layers = adapted(double, w, { steps = 2, rate = 0.1 })
    local x = numbers(double, { 5, 3 }, 11)
    local of_third = double.segments { 0, 0, 5, 0 }
    local own = double.task_layers.narrowed(layers, of_third)
    assert.same({ 4, 3 }, own[1].weight.shape)
    assert.same({ 4 }, own[1].bias.shape)
    assert.is_nil(own[2].bias)
    same(double.task_layers.mlp(x, layers, of_third), double.task_layers.mlp(x, own, of_third),
      1e-12)
    assert.equal(layers, double.task_layers.narrowed(layers, double.segments { 3, 0, 2, 0 }))
    assert.equal(layers, double.task_layers.narrowed(layers, double.segments { 0, 0, 0, 0 }))
  end)
end)

describe("a task that diverges", function()
  local w = world(cmml)
  local labels = list(w.labels)
  labels[4] = 1e30 -- the first row of the third task: its squared error is beyond float32
  w.labels = cmml.tensor(labels)
  local huge = world(cmml)
  labels = list(huge.labels)
  labels[4] = 1e19
  huge.labels = cmml.tensor(labels)

  it("is found and named, and the others go on", function()
    local expected = adapted(cmml, world(cmml), { steps = 3, rate = 5 })
    local found, losses, diverged = adapted(cmml, huge, { steps = 3, rate = 5 })
    assert.equal(1, #diverged)
    assert.equal(3, diverged[1].task)
    assert.equal(2, diverged[1].step)
    assert.is_true(diverged[1].loss ~= diverged[1].loss or diverged[1].loss == math.huge)
    for _, task in ipairs { 1, 2, 4 } do
      assert.same(list(expected[1].weight:slice(1, task, task)),
        list(found[1].weight:slice(1, task, task)))
    end
    same(huge.start[1].weight, found[1].weight:slice(1, 3, 3), 0)
    assert.equal(3, #losses)
    local start = huge.start[1].weight:clone():track()
    huge.start[1].weight = start
    local layers, _, out = adapted(cmml, huge, { steps = 3, rate = 5 })
    local own = losses_of(cmml, huge.query, huge.wanted, huge.each)(layers)
    local kept = own:totable()
    local loss = cmml.mean_of_tasks(own, out)
    assert.near(1, (kept[1] + kept[2] + kept[4]) / 3 / loss:item(), 1e-6)
    assert.is_true(cmml.grad(loss, start):isfinite())
  end)

  it("is found where a weight ceases to be finite in the last step", function()
    local found, _, diverged = cmml.inner_steps(cmml.tensor { 1, 1 }, function(weights)
      return weights * cmml.tensor { 1, 1e30 }
    end, { steps = 1, rate = 1e20 })
    assert.same({ { task = 2, step = 1 } }, diverged)
    assert.equal(1, found:totable()[2])
    found, _, diverged = cmml.inner_steps({ rows = cmml.tensor { { 1 }, { 1 }, { 1 } } },
      function(weights)
        return (weights.rows * cmml.tensor { { 1 }, { 1e30 }, { 1 } }):reshape({ -1 })
          :segment_sum(cmml.segments { 2, 1 })
      end, { steps = 1, rate = 1e20, owners = { rows = cmml.ids { 1, 1, 2 } } })
    assert.same({ { task = 1, step = 1 } }, diverged)
    assert.equal(1, found.rows:totable()[1][1])
  end)

  it("is found where its loss is not finite before any step", function()
    local start = w.start[1].weight:clone():track()
    w.start[1].weight = start
    local found, _, diverged = adapted(cmml, w, { steps = 3, rate = 0.3 })
    assert.same({ { task = 3, step = 1, loss = math.huge } }, diverged)
    same(start, found[1].weight:slice(1, 3, 3), 0)
    local own = losses_of(cmml, w.query, w.wanted, w.each)(found)
    assert.is_true(cmml.grad(cmml.mean_of_tasks(own, diverged), start):isfinite())
  end)

  it("may be held from the beginning", function()
    local found, _, diverged = adapted(cmml, huge, { steps = 3, rate = 5, hold = { [3] = true } })
    assert.same({}, diverged)
    same(huge.start[1].weight, found[1].weight:slice(1, 3, 3), 0)
  end)
end)

describe("what is wrong", function()
  local function losses(weights)
    return weights:square()
  end

  it("is refused by name", function()
    local one = cmml.tensor { 1, 2 }
    for message, call in pairs {
      ["start must be a Tensor or a table of such, not an empty table"] = { {}, losses,
        { steps = 1, rate = 1 } },
      ["start.a must be a Tensor or a table of such, not number 3"] = { { a = 3 }, losses,
        { steps = 1, rate = 1 } },
      ["rate must be a finite number or a Tensor"] = { { a = one }, losses,
        { steps = 1, rate = { b = 1 } } },
      ["rate must be a finite number"] = { one, losses, { steps = 1, rate = 1 / 0 } },
      ["steps must be from 0 to 1000"] = { one, losses, { steps = -1, rate = 1 } },
      ["steps is missing"] = { one, losses, { rate = 1 } },
      ["inner_steps: losses_of must be a function, not number 3"] = { one, 3,
        { steps = 0, rate = 1 } },
      ["inner_steps: losses_of must give a Tensor %[tasks%], not one %[%]"] = { one,
        function(weights)
          return weights:sum()
        end, { steps = 1, rate = 1 } },
      ['order "third" is not known'] = { one, losses, { steps = 1, rate = 1, order = "third" } },
    } do
      assert.error_matches(function()
        cmml.inner_steps(table.unpack(call))
      end, message)
    end
  end)
end)
