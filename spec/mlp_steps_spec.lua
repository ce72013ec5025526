-- The written-out steps of an MLP against those of `inner_steps`, in both orders, and what becomes
-- of tasks that diverge.
local cmml = require "cmml"
local leaks = require "spec.support.leaks"

leaks.around(setup, teardown, cmml.core, cmml.double.core)

local c = cmml.double
local lengths, queries = { 4, 2, 0, 5 }, { 2, 1, 3, 0 }

local function numbers(library, shape, stream)
  return library.uniform(shape, -1, 1, { seed = 7, stream = library.core.streams.user,
    task = stream })
end

local function world(library)
  local w = { x = numbers(library, { 11, 5 }, 1):track(), labels = numbers(library, { 11 }, 2),
    segments = library.segments(lengths), query = numbers(library, { 6, 5 }, 3):track(),
    wanted = numbers(library, { 6 }, 4), of_query = library.segments(queries), layers = {},
    rates = { numbers(library, {}, 30):track(), numbers(library, {}, 31):track(), 0.1 } }
  local widths = { 5, 7, 6, 1 }
  for l = 1, 3 do
    w.layers[l] = { weight = numbers(library, { widths[l + 1], widths[l] }, 10 + l):track(),
      bias = numbers(library, { widths[l + 1] }, 20 + l):track() }
  end
  return w
end

local function written_out(library, w, options)
  options.rates = w.rates
  return library.mlp_steps(w.layers, w.x, w.labels, w.segments, options)
end

local function recorded(library, w, options)
  local rates = {}
  for l, rate in ipairs(w.rates) do
    rates[l] = { weight = rate, bias = rate }
  end
  return library.inner_steps(library.task_layers.spread(w.layers, #lengths), function(layers)
    local scores = library.task_layers.mlp(w.x, layers, w.segments, options.activation)
    return (scores:reshape { -1 } - w.labels):square():segment_mean(w.segments)
  end, { steps = options.steps, order = options.order, rate = rates })
end

local function scores_of(library, w, layers, activation)
  return library.task_layers.mlp(w.query, layers, w.of_query, activation):reshape { -1 }
end

local function outer(w, scores)
  return (scores - w.wanted):square():segment_mean(w.of_query):mean()
end

-- The largest difference of numbers in two tables that are nested in the same way.
local function apart(a, b)
  if type(a) ~= "table" then
    return (a - b):abs():max():item()
  end
  local most = 0
  for key, value in pairs(a) do
    most = math.max(most, apart(value, b[key]))
  end
  return most
end

describe("the written-out steps of an MLP", function()
  for _, activation in ipairs { "relu", "leaky_relu", "tanh", "sigmoid" } do
    for _, order in ipairs { "second", "first" } do
      it(("are those of inner_steps: %s, %s order"):format(activation, order), function()
        local w = world(c)
        for _, steps in ipairs { 0, 1, 4 } do
          local options = { steps = steps, order = order, activation = activation }
          local fast = written_out(c, w, options)
          local slow, losses = recorded(c, w, options)
          local points = { w.x, w.query, w.layers, steps > 0 and w.rates[1] or nil,
            steps > 0 and w.rates[2] or nil }
          local expected = outer(w, scores_of(c, w, slow, activation))
          local gradients = c.grad(expected, points)
          for _, scores in ipairs { fast(w.query, w.of_query),
            scores_of(c, w, fast:layers(), activation) } do
            local loss = outer(w, scores)
            assert.near(expected:item(), loss:item(), 1e-13)
            assert.near(0, apart(gradients, c.grad(loss, points, { retain = true })), 1e-12)
          end
          assert.near(0, steps > 0 and apart(losses, fast.losses) or 0, 1e-13)
          assert.near(0, apart(slow, fast:layers()), 1e-13)
        end
      end)
    end
  end

  it("are the same by one op where layers are so wide that BLAS multiplies them", function()
    local n, widths = 40, { 3, 700, 650, 1 } -- 40 x 700 x 650 is more than 2^24
    local w = { x = numbers(c, { n, 3 }, 1):track(), labels = numbers(c, { n }, 2),
      segments = c.segments { n }, layers = {}, rates = { 0.01, 0.01, 0.01 } }
    for l = 1, 3 do
      w.layers[l] = { bias = numbers(c, { widths[l + 1] }, 20 + l):track(),
        weight = (numbers(c, { widths[l + 1], widths[l] }, 10 + l) / 20):track() }
    end
    local found = {}
    for _, losses in ipairs { true, false } do
      local adapted = written_out(c, w, { steps = 2, losses = losses })
      local loss = (adapted(w.x, w.segments) - w.labels):square():mean()
      table.insert(found, { loss, c.grad(loss, { w.x, w.layers }, { retain = true }) })
    end
    assert.is_true(found[1][1]:item() > 0.01)
    assert.near(0, apart(found[1], found[2]), 1e-12)
  end)

  it("are the same by one op, where nobody asks for their losses", function()
    for _, options in ipairs { { order = "second" }, { order = "first" },
      { order = "second", activation = "leaky_relu" }, { order = "second", learnt = true },
      { order = "first", learnt = true } } do
      local w = world(c)
      local learnt = options.learnt
      options.learnt, options.steps = nil, 3
      w.rates = learnt and w.rates or { 0.2, 0.2, 0.2 }
      local step_by_step = written_out(c, w, options)
      options.losses = false
      local fused = written_out(c, w, options)
      assert.equal(learnt and options.order == "first" and 3 or 0, #fused.losses)
      assert.equal(3, #step_by_step.losses)
      local points, gradients = { w.x, w.query, w.layers, learnt and { w.rates[1], w.rates[2] }
        or nil }, {}
      for i, adapted in ipairs { step_by_step, fused } do
        for _, scores in ipairs { adapted(w.query, w.of_query),
          scores_of(c, w, adapted:layers(), options.activation or "relu") } do
          gradients[i] = c.grad(outer(w, scores), points, { retain = true })
        end
      end
      assert.near(0, apart(gradients[1], gradients[2]), 1e-12)
      assert.near(0, apart(step_by_step:layers(), fused:layers()), 1e-13)
    end
  end)

  it("have the gradients that finite differences have", function()
    local w = world(c)
    assert.is_true(cmml.gradcheck(function(double, x, first, bias, second, rate)
      local own = world(double)
      own.x, own.rates[1] = x, rate
      own.layers[1] = { weight = first, bias = bias }
      own.layers[2].weight = second
      local adapted = written_out(double, own, { steps = 3, activation = "tanh" })
      return outer(own, adapted(own.query, own.of_query))
    end, { w.x, w.layers[1].weight, w.layers[1].bias, w.layers[2].weight, w.rates[1] }))
  end)

  it("take tasks of one size, one layer, one task, none, and rows that are joined", function()
    local w = world(c)
    local ids = c.ids { 1, 2, 3, 1, 2, 3, 4, 4 }
    w.x, w.labels = c.joined { { w.x:slice(1, 1, 4):clone(), ids } }, w.labels:slice(1, 1, 8)
    for _, own in ipairs { { 4, 4 }, { 8 }, { 3, 5 } } do
      w.segments, lengths = c.segments(own), own
      local slow = recorded(c, w, { steps = 2 })
      assert.near(0, apart(slow, written_out(c, w, { steps = 2 }):layers()), 1e-12)
      local layers, rates = w.layers, w.rates
      w.layers, w.rates = { { weight = numbers(c, { 1, 5 }, 40), bias = numbers(c, { 1 }, 41) } },
        { 0.1 }
      slow = recorded(c, w, { steps = 3 })
      assert.near(0, apart(slow, written_out(c, w, { steps = 3 }):layers()), 1e-12)
      w.layers, w.rates = layers, rates
    end
    lengths = { 4, 2, 0, 5 }
    local none = c.mlp_steps(w.layers, c.zeros { 0, 5 }, c.zeros { 0 }, c.segments { 0, 0 },
      { steps = 3, rates = w.rates })
    assert.near(0, apart(c.task_layers.spread(w.layers, 2), none:layers()), 0)
    local nobody = c.mlp_steps(w.layers, c.zeros { 0, 5 }, c.zeros { 0 }, c.segments {},
      { steps = 3, rates = w.rates })
    assert.same({ 0 }, nobody(c.zeros { 0, 5 }, c.segments {}).shape)
  end)

  it("find a task that diverges, name it and hold it at its start", function()
    local w = world(cmml)
    local labels = w.labels:totable()
    labels[5] = 1e19 -- of the second task
    w.labels, w.rates = cmml.tensor(labels), { 5, 5, 5 }
    local adapted = written_out(cmml, w, { steps = 3, activation = "tanh" })
    assert.equal(1, #adapted.diverged)
    assert.equal(2, adapted.diverged[1].task)
    local sane = world(cmml)
    sane.rates = w.rates
    local expected = written_out(cmml, sane, { steps = 3, activation = "tanh",
      hold = { [2] = true } })
    assert.equal(0, apart(expected:layers(), adapted:layers()))
    assert.equal(0, apart(w.layers[1].weight,
      adapted:layers()[1].weight:slice(1, 2, 2):reshape { 7, 5 }))
    local loss = outer(w, adapted(w.query, w.of_query))
    assert.is_true(cmml.grad(loss, w.layers[1].weight):isfinite())
    w.labels = cmml.tensor(labels)
    w.rates = { 5e3, 5e3, 5e3 }
    local fused = written_out(cmml, w, { steps = 3, losses = false })
    assert.is_true(#fused.diverged > 0)
    assert.is_true(cmml.grad(outer(w, fused(w.query, w.of_query)), w.layers[1].weight):isfinite())
    labels[5], w.rates = 1e30, { 5, 5, 5 }
    w.labels = cmml.tensor(labels)
    adapted = written_out(cmml, w, { steps = 3 })
    assert.same({ { task = 2, step = 1, loss = math.huge } }, adapted.diverged)
    assert.is_true(cmml.grad(outer(w, adapted(w.query, w.of_query)), w.layers[1].weight):isfinite())
  end)

  it("find a loss that is not finite where the weights stay finite, whatever the rates", function()
    local w = world(cmml)
    local labels = w.labels:totable()
    labels[5] = 1e25 -- of the second task: its square is none of float32's
    w.labels = cmml.tensor(labels)
    for _, rates in ipairs { { 1e-25, 1e-25, 1e-25 }, { 1e-25, 0, 1e-25 }, { 0, 0, 0 } } do
      w.rates = rates
      for _, order in ipairs { "second", "first" } do
        for _, losses in ipairs { true, false } do
          local adapted = written_out(cmml, w, { steps = 3, order = order, losses = losses })
          assert.same({ { task = 2, step = 1, loss = math.huge } }, adapted.diverged)
        end
      end
    end
  end)

  it("refuse what does not fit", function()
    local w = world(cmml)
    for message, change in pairs {
      ["mlp_steps: 2 rates for 3 layers"] = { rates = { 1, 1 } },
      ["mlp_steps: labels must be a Tensor %[11%]"] = { labels = cmml.zeros { 3 } },
      ["mlp_steps: the last layer must give one number, not 7"] = { layers = { w.layers[1] } },
      ["mlp_steps: layer 1 has no bias"] = { layers = { { weight = w.layers[3].weight } } },
      ["mlp_steps: layers must be a list of shared"] = { layers = { 1 } },
      ["mlp_steps: segments must be a cmml.Segments, not "] = { segments = cmml.zeros { 2 } },
      ["mlp_steps: steps must be from 0 to 1000"] = { steps = 2000 },
    } do
      local own = setmetatable(change, { __index = w })
      assert.error_matches(function()
        written_out(cmml, own, { steps = own.steps or 2 })
      end, message)
    end
  end)
end)
