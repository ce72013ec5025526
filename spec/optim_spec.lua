require "spec.support.close"
local cmml = require "cmml"
local leaks = require "spec.support.leaks"
local ref = require "spec.support.ref"
local seed = require "spec.support.seed"

local cores = { float32 = cmml.core, float64 = cmml.double.core }

leaks.around(setup, teardown, cores.float32, cores.float64)

-- Three parameters of different ranks, one of them empty, and a loss that needs all of them.
local function make(core)
  local stream = seed "problem"
  local p = {
    ref.tensor(core, ref.new({ 3, 2 }, stream:list(6))):track(),
    ref.tensor(core, ref.new({}, stream:list(1))):track(),
    core.full({ 0, 2 }, 0):track(),
    ref.tensor(core, ref.new({ 17 }, stream:list(17))):track(),
  }
  local function loss()
    return (p[1]:tanh():sum() * p[2] + p[3]:sum()):square() + p[4]:square():sum() * 0.1
  end
  return p, loss
end

describe("an optimiser", function()
  it("moves parameters into its block and keeps their values and views", function()
    for _, core in pairs(cores) do
      local p, loss = make(core)
      local before, value = {}, loss():item()
      for i, t in ipairs(p) do
        before[i] = t:tobytes()
      end
      local row = p[1]:detach():slice(1, 2, 2)
      local optimizer <close> = core.optimizer(p)
      for i, t in ipairs(p) do
        assert.equal(before[i], t:tobytes())
      end
      assert.equal(value, loss():item())
      optimizer:backward(loss()):adam { lr = 0.1 }
      assert.not_equal(before[1], p[1]:tobytes())
      assert.same({ p[1]:totable()[2] }, row:totable()) -- still the same memory
    end
  end)

  it("has the gradients of grad, added up until a step or clear", function()
    for _, core in pairs(cores) do
      local p, loss = make(core)
      local optimizer = core.optimizer(p)
      local expected = core.grad_list(loss(), p)
      optimizer:backward(loss())
      for i, g in ipairs(optimizer:gradients()) do
        assert.near_tensor(ref.of(expected[i]), g, 1e-6)
        assert.same(p[i].shape, g.shape)
      end
      optimizer:backward(loss())
      for i, g in ipairs(optimizer:gradients()) do
        assert.near_tensor(ref.of(expected[i] * 2), g, 1e-6)
      end
      optimizer:clear()
      assert.equal(0, optimizer:gradients()[1]:abs():sum():item())
      optimizer:backward(loss()):adam {}
      for _, g in ipairs(optimizer:gradients()) do
        assert.equal(0, g:abs():sum():item())
      end
    end
  end)

  it("adds gradients of tables, weights and biases into their place", function()
    for dtype, core in pairs(cores) do
      local stream = seed "tables"
      local table_ = ref.tensor(core, ref.new({ 5, 3 }, stream:list(15))):track()
      local weight = ref.tensor(core, ref.new({ 2, 3 }, stream:list(6))):track()
      local bias = ref.tensor(core, ref.new({ 2 }, stream:list(2))):track()
      local ids, bags = core.ids { 1, 5, 5, 0, 2 }, core.segments { 3, 0, 2 }
      local function loss()
        local rows = core.embedding_bag(table_, ids, bags)
        local again = core.embedding(table_, core.ids { 5, 1, 1 })
        return core.linear(rows + again, weight, bias, "tanh"):square():sum()
          + core.linear(again, weight, bias):sum()
      end
      local list = { table_, weight, bias }
      local expected = core.grad_list(loss(), list)
      local optimizer = core.optimizer(list)
      optimizer:backward(loss())
      for i, g in ipairs(optimizer:gradients()) do
        assert.near_tensor(ref.of(expected[i]), g, dtype == "float64" and 1e-13 or 1e-5)
      end
    end
  end)

  it("refuses parameters that are the same, views, or no leaves", function()
    local core = cmml.core
    local x = core.tensor({ 1, 2 }):track()
    local refused = {
      { "parameters 1 and 2 are the same", { x, x } },
      { "parameters 1 and 3 are the same", { x, core.full({}, 1):track(), x } },
      { "parameter 2 %(shape 2%) is not a leaf: call track", { x, core.tensor { 1, 2 } } },
      { "parameter 1 %(shape 2%) is not a leaf", { x * 2 } },
      { "parameter 1 %(shape 1%) is a view of another tensor: clone it",
        { core.tensor({ 1, 2 }):slice(1, 1, 1):track() } },
      { "parameter 1 %(shape 2x2%) is a view", { core.full({ 2, 2 }, 1):transpose():track() } },
      { "parameter 1 %(shape 3%) is a view", { core.full({ 1 }, 1):expand({ 3 }):track() } },
      { "a list of tensors was expected", { x, 1 } },
      { "table expected, got cmml.Tensor", x },
    }
    for _, case in ipairs(refused) do
      local ok, message = pcall(core.optimizer, case[2])
      assert.is_false(ok)
      assert.matches(case[1], message)
    end
    assert.same({ 1, 2 }, x:totable())
    assert.same({}, core.optimizer({}):gradients())
  end)

  it("raises for a loss that has no graph, and is clear afterwards", function()
    local core = cmml.core
    local x = core.tensor({ 1, 2 }):track()
    local optimizer = core.optimizer { x }
    local loss = (x * x):sum()
    optimizer:backward(loss)
    for _, bad in ipairs { loss, x * x, core.full({}, 1) } do
      local ok, message = pcall(optimizer.backward, optimizer, bad)
      assert.is_false(ok)
      assert.matches("backward: ", message)
      assert.same({ 0, 0 }, optimizer:gradients()[1]:totable())
    end
    optimizer:backward((x * x):sum()):adam { lr = 0.5 }
    assert.near_tensor(ref.new({ 2 }, { 0.5, 1.5 }), x, 1e-6)
  end)

  it("makes a graph over the values before a step unusable", function()
    local core = cmml.core
    local x = core.tensor({ 1, 2 }):track()
    local optimizer = core.optimizer { x }
    local stale = (x * x):sum()
    optimizer:backward((x * x):sum()):adam {}
    local ok, message = pcall(core.grad_list, stale, { x })
    assert.is_false(ok)
    assert.matches("changed in place after it was used", message)
  end)

  it("is unusable once freed, but its parameters and views live on", function()
    local core = cmml.core
    local x = core.tensor({ 1, 2 }):track()
    local optimizer = core.optimizer { x }
    optimizer:backward((x * x):sum())
    local gradient, first = optimizer:gradients()[1], optimizer:moments()[1]
    optimizer:free()
    optimizer:free()
    for name, args in pairs { backward = { x:sum() }, adam = { {} }, gradients = {}, moments = {},
      steps = {}, clear = {} } do
      local ok, message = pcall(optimizer[name], optimizer, table.unpack(args))
      assert.is_false(ok)
      assert.matches("the optimiser was freed before", message)
    end
    assert.same({ 1, 2 }, x:totable())
    assert.same({ 2, 4 }, gradient:totable())
    assert.same({ 0, 0 }, first:totable())
    assert.same({ 2, 4 }, core.grad_list((x * x):sum(), { x })[1]:totable())
    core.optimizer({ x }):backward((x * x):sum()):adam { lr = 0.5 }
    assert.near_tensor(ref.new({ 2 }, { 0.5, 1.5 }), x, 1e-6)
  end)

  it("continues from moments and steps bit for bit", function()
    for _, core in pairs(cores) do
      local options = { lr = 0.05, weight_decay = 0.01, clip = 1 }
      local function run(p, loss, optimizer, steps)
        for _ = 1, steps do
          optimizer:backward(loss()):adam(options)
        end
        local bytes = {}
        for i, t in ipairs(p) do
          bytes[i] = t:tobytes()
        end
        return bytes
      end
      local p, loss = make(core)
      local whole = run(p, loss, core.optimizer(p), 10)

      local q, q_loss = make(core)
      local optimizer = core.optimizer(q)
      local half = run(q, q_loss, optimizer, 4)
      local first, second = optimizer:moments()
      local r, r_loss = make(core)
      local fresh = core.optimizer(r)
      local fresh_first, fresh_second = fresh:moments()
      core.grad_enable(false)
      for i, t in ipairs(r) do
        t:copy_(core.from_bytes(t.shape, half[i]))
        fresh_first[i]:copy_(core.from_bytes(t.shape, first[i]:tobytes()))
        fresh_second[i]:copy_(second[i])
      end
      core.grad_enable(true)
      assert.equal(4, fresh:steps(optimizer:steps()))
      assert.same(whole, run(r, r_loss, fresh, 6))
      for _, wrong in ipairs { -1, math.maxinteger } do
        assert.error_matches(function()
          fresh:steps(wrong)
        end, "from 0 to 2^53", 1, true)
      end
    end
  end)

  it("refuse a loss made of the gradients that it would change", function()
    local core = cores.float64
    local p = core.full({ 16 }, 1):track()
    local optimizer = core.optimizer({ p }, 0)
    optimizer:backward((p * p):sum())
    local gradient = optimizer:gradients()[1]
    local loss = (p * gradient):sum() + (p * gradient * 2):sum()
    assert.error_matches(function()
      optimizer:backward(loss)
    end, "changed in place")
  end)
end)
