-- Gradient descent, with and without momentum.
require "spec.support.close"
local cmml = require "cmml"
local ref = require "spec.support.ref"
local seed = require "spec.support.seed"

local cores = { float32 = cmml.core, float64 = cmml.double.core }

-- In plain Lua, on lists of numbers.
local function reference(values, options)
  local mu, decay, clip = options.momentum or 0, options.weight_decay or 0,
    options.clip or math.huge
  local state = { p = { table.unpack(values) }, m = {} }
  function state.step(gradient)
    for i, p in ipairs(state.p) do
      local g = math.max(-clip, math.min(clip, gradient[i])) + decay * p
      state.m[i] = mu * (state.m[i] or 0) + g
      state.p[i] = p - options.lr * (options.nesterov and g + mu * state.m[i] or state.m[i])
    end
  end
  return state
end

local settings = {
  plain = { lr = 0.1 },
  ["L2"] = { lr = 0.1, weight_decay = 0.2 },
  ["clip before L2"] = { lr = 0.1, weight_decay = 0.2, clip = 0.25 },
  momentum = { lr = 0.05, momentum = 0.9 },
  ["momentum, L2 and clip"] = { lr = 0.05, momentum = 0.8, weight_decay = 0.1, clip = 0.5 },
  nesterov = { lr = 0.05, momentum = 0.9, nesterov = true },
  ["nesterov, L2 and clip"] = { lr = 0.05, momentum = 0.5, nesterov = true, weight_decay = 0.1,
    clip = 0.5 },
}

describe("gradient descent", function()
  for name, options in pairs(settings) do
    for dtype, core in pairs(cores) do
      it(("follows its definition, %s, %s"):format(name, dtype), function()
        local stream, n = seed(name), 37
        local start = stream:list(n)
        local x = ref.tensor(core, ref.new({ n }, start)):track()
        local moments = options.momentum and 1 or 0
        local optimizer, oracle = core.optimizer({ x }, moments), reference(start, options)
        for _ = 1, 20 do
          local target, gradient = stream:list(n), {}
          for i, p in ipairs(oracle.p) do
            gradient[i] = target[i] + p
          end
          local loss = (x * ref.tensor(core, ref.new({ n }, target))):sum() + (x * x):sum() * 0.5
          optimizer:backward(loss):sgd(options)
          oracle.step(gradient)
          assert.equal(0, optimizer:norm())
        end
        local tolerance = dtype == "float64" and 1e-12 or 2e-5
        assert.near_tensor(ref.new({ n }, oracle.p), x, tolerance)
        assert.equal(20, optimizer:steps())
        local lists = { optimizer:moments() }
        assert.equal(moments, #lists)
        if moments == 1 then
          assert.near_tensor(ref.new({ n }, oracle.m), lists[1][1], tolerance)
        end
      end)
    end
  end

  it("gives what PyTorch 2.13 gives", function()
    local found = {
      [{ lr = 0.1, momentum = 0.9 }] = { 0.89568, -2.9049, 0.9755 },
      [{ lr = 0.1, momentum = 0.9, nesterov = true, weight_decay = 0.1 }] =
        { 0.686509870979, -2.94436038383, 1.16020277101 },
    }
    local core = cmml.double.core
    for options, expected in pairs(found) do
      local x = core.tensor({ 1, -2, 0.5 }):track()
      local optimizer = core.optimizer({ x }, 1)
      for t = 0, 3 do
        optimizer:gradients()[1]:copy_(core.tensor { 0.3 * t - 0.2, 1, -0.5 * t })
        optimizer:sgd(options)
      end
      assert.near_tensor(ref.new({ 3 }, expected), x, 1e-11)
    end
  end)

  it("needs a moment for momentum, as Adam needs two", function()
    local core = cmml.core
    local x = core.tensor({ 1, 2 }):track()
    local optimizer = core.optimizer({ x }, 0)
    assert.equal(0, select("#", optimizer:moments()))
    optimizer:backward(x:sum()):sgd { lr = 0.5 }
    assert.same({ 0.5, 1.5 }, x:totable())
    assert.has_error(function()
      optimizer:sgd { momentum = 0.9 }
    end, "sgd: 1 moments are needed, but the optimiser was made with 0")
    assert.has_error(function()
      core.optimizer({ x }, 1):adam {}
    end, "adam: 2 moments are needed, but the optimiser was made with 1")
    for _, moments in ipairs { -1, 3 } do
      assert.error_matches(function()
        core.optimizer({ x }, moments)
      end, "0, 1 or 2 was expected")
    end
    assert.same({ 0.5, 1.5 }, x:totable())
  end)
end)

describe("groups in the core", function()
  it("take the parameters in their order, and must take all", function()
    for _, core in pairs(cores) do
      local p = {}
      for i = 1, 4 do
        p[i] = core.full({ i == 2 and 0 or i }, 1):track()
      end
      local optimizer = core.optimizer(p)
      local function loss()
        return p[1]:sum() + p[3]:sum() + p[4]:sum()
      end
      optimizer:backward(loss()):sgd { { parameters = 2, lr = 0.5 }, { parameters = 0, lr = 9 },
        { parameters = 1, lr = 0.25 }, { parameters = 1, lr = 0.125 } }
      assert.same({ 0.5 }, p[1]:totable())
      assert.same({ 0.75, 0.75, 0.75 }, p[3]:totable())
      assert.same({ 0.875, 0.875, 0.875, 0.875 }, p[4]:totable())
      assert.equal(1, optimizer:steps())
      optimizer:backward(loss())
      for _, step in ipairs { "adam", "sgd" } do
        assert.has_error(function()
          optimizer[step](optimizer, { { parameters = 3 } })
        end, step .. ": the groups have 3 parameters, the optimiser 4")
        assert.error_matches(function()
          optimizer[step](optimizer, { { lr = 1 } })
        end, "each group needs a number of parameters")
        assert.error_matches(function()
          optimizer[step](optimizer, { { parameters = 4 }, 7 })
        end, "a list of groups was expected")
      end
      assert.equal(1, optimizer:steps())
      assert.same({ 0.5 }, p[1]:totable())
    end
  end)
end)

describe("the norm of gradients", function()
  it("is that of all of them together, in double precision", function()
    for _, core in pairs(cores) do
      local a, b = core.full({ 2 }, 0):track(), core.full({ 1, 1 }, 0):track()
      local optimizer = core.optimizer { a, b }
      assert.equal(0, optimizer:norm())
      local first, second = table.unpack(optimizer:gradients())
      first:copy_(core.tensor { 3, -4 })
      second:copy_(core.tensor { { 12 } })
      assert.equal(13, optimizer:norm())
      first:copy_(core.tensor { 1e30, 0 })
      local large = optimizer:norm()
      assert.truthy(math.abs(large / 1e30 - 1) < 1e-6, large)
      for _, bad in ipairs { 1 / 0, 0 / 0 } do
        first:copy_(core.tensor { bad, 0 })
        assert.is_false(optimizer:norm() < math.huge)
      end
      local many = core.full({ 100003 }, 0):track()
      local one = core.optimizer { many }
      one:gradients()[1]:copy_(core.full({ 100003 }, 2))
      assert.equal(2 * math.sqrt(100003), one:norm())
    end
  end)

  it("scales what a step takes", function()
    local core = cmml.core
    local x, y = core.tensor({ 1, 2 }):track(), core.tensor({ 1, 2 }):track()
    core.optimizer({ x }):backward(x:sum() * 8):sgd({ lr = 0.5, clip = 1.5 }, 0.125)
    assert.same({ 0.5, 1.5 }, x:totable())
    core.optimizer({ y }):backward(y:sum() * 8):adam({ lr = 0.5, beta1 = 0, beta2 = 0, eps = 1 },
      0.125)
    assert.same({ 0.75, 1.75 }, y:totable())
  end)
end)
