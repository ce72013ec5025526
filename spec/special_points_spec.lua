-- Ops at their special points, where the random inputs of the battery never come: ties, infinities,
-- what is not a number, and large values.
require "spec.support.close"
local leaks = require "spec.support.leaks"
local ref = require "spec.support.ref"

local cores = { require "cmml.core", (require "cmml.core64") }
local inf, nan = math.huge, 0 / 0

leaks.around(setup, teardown, table.unpack(cores))

local function list(...)
  return ref.new({ select("#", ...) }, { ... })
end

-- Calls f with each core, and a function that compares the gradients of sum(y) with lists.
local function each_core(f)
  for _, core in ipairs(cores) do
    f(core, function(y, xs, ...)
      for i, g in ipairs(core.grad_list(y:sum(), xs)) do
        local expected = (select(i, ...))
        assert.near_tensor(ref.new(g.shape, expected), g, 0)
      end
    end)
  end
end

describe("the gradient of equals", function()
  it("goes to the first in maximum and minimum", function()
    each_core(function(core, gradients)
      local a, b = core.tensor { 1, 2, 3 }:track(), core.tensor { 2, 2, 2 }:track()
      gradients(core.maximum(a, b), { a, b }, { 0, 1, 1 }, { 1, 0, 0 })
      gradients(core.minimum(a, b), { a, b }, { 1, 1, 0 }, { 0, 0, 1 })
    end)
  end)

  it("is whole at the bounds of clamp", function()
    each_core(function(core, gradients)
      local x = core.tensor { -1, -0.5, 0, 0.5, 1 }:track()
      gradients(x:clamp(-0.5, 0.5), { x }, { 0, 1, 1, 1, 0 })
    end)
  end)
end)

describe("the largest", function()
  it("passes its gradient to the first of equals", function()
    each_core(function(core, gradients)
      local x = core.tensor { { 3, 1 }, { 3, 2 }, { 0, 2 } }:track()
      gradients(x:max(), { x }, { 1, 0, 0, 0, 0, 0 })
      gradients(x:max(1), { x }, { 1, 0, 0, 1, 0, 0 })
      gradients(x:max(2, true), { x }, { 1, 0, 1, 0, 0, 1 })
      gradients(x:segment_max(core.segments { 1, 0, 2 }), { x }, { 1, 1, 1, 1, 0, 0 })
      -- The same by the form that can be differentiated again.
      for _, y in ipairs { x:max(1), x:segment_max(core.segments { 3 }) } do
        local g = core.grad_list(y:sum(), { x }, true)[1]
        assert.near_tensor(ref.new({ 3, 2 }, { 1, 0, 0, 1, 0, 0 }), g, 0)
      end
    end)
  end)

  it("is not a number where there is one, and the gradient goes there", function()
    each_core(function(core, gradients)
      local x = core.tensor { { 3, nan }, { nan, 2 }, { nan, inf } }:track()
      assert.near_tensor(list(nan, nan), x:max(1), 0)
      assert.near_tensor(list(nan, nan, nan), x:max(2), 0)
      gradients(x:max(1), { x }, { 0, 1, 1, 0, 0, 0 })
      local low = core.full({ 3 }, -inf):track()
      assert.near_tensor(-inf, low:max(), 0)
      gradients(low:max(), { low }, { 1, 0, 0 })
    end)
  end)
end)

describe("norm and variance", function()
  it("have finite derivatives at 0 of every order, and 0 for the norm", function()
    each_core(function(core, gradients)
      local x = core.tensor { { 0, 0 }, { 3, 4 } }:track()
      assert.near_tensor(list(0, 5), x:norm(2), 1e-7)
      local g = core.grad_list(x:norm(2):sum(), { x }, true)[1]
      assert.near_tensor(ref.new({ 2, 2 }, { 0, 0, 0.6, 0.8 }), g, 1e-7)
      assert.is_true(core.grad_list(core.square(g):sum(), { x })[1]:isfinite())
      local zero = core.full({ 3 }, 0):track()
      gradients(zero:norm(), { zero }, { 0, 0, 0 })
      assert.near_tensor(nan, core.tensor { nan, 1 }:norm(), 0)
    end)
  end)

  it("keep the digits of a small spread about a large mean", function()
    local x = { 4096, 4097, 4098, 4099 }
    each_core(function(core)
      assert.near_tensor(1.25, core.tensor(x):variance(), 0)
    end)
  end)
end)

describe("softmax", function()
  it("neither overflows nor loses what is small", function()
    each_core(function(core)
      local x = core.tensor { { 1e4, 1e4 }, { -1e4, -1e4 }, { 1e4, -1e4 } }
      local half = math.log(0.5)
      local shares = ref.new({ 3, 2 }, { 0.5, 0.5, 0.5, 0.5, 1, 0 })
      assert.near_tensor(shares, x:softmax(), 0)
      assert.near_tensor(ref.new({ 3, 2 }, { half, half, half, half, 0, -2e4 }), x:log_softmax(),
        1e-6)
      local flat = x:reshape { 6 }
      assert.near_tensor(ref.new({ 6 }, shares.data),
        flat:segment_softmax(core.segments { 2, 0, 2, 2 }), 0)
      for _, name in ipairs { "softmax", "log_softmax" } do
        local t = x:clone():track()
        assert.is_true(core.grad_list(core.square(t[name](t)):sum(), { t })[1]:isfinite(), name)
      end
    end)
  end)

  it("gives what is minus infinity no share", function()
    each_core(function(core)
      local x = core.tensor { { 0, -inf, 0 } }
      assert.near_tensor(ref.new({ 1, 3 }, { 0.5, 0, 0.5 }), x:softmax(), 0)
    end)
  end)
end)

describe("losses", function()
  it("have the curvature of the square at the middle of huber", function()
    each_core(function(core)
      local a = core.tensor { 0, 0 }:track()
      local loss = core.huber(a, core.tensor { 0, 3 })
      local g = core.grad_list(loss, { a }, true)[1]
      assert.near_tensor(list(0, -0.5), g, 0)
      assert.near_tensor(list(0.5, 0), core.grad_list(g:sum(), { a })[1], 0)
    end)
  end)

  it("are finite however far off the scores are", function()
    each_core(function(core)
      local a, b = core.tensor { 1000, -1000 }:track(), core.tensor { 0, 1 }
      local ids = core.ids { 2 }
      for what, pair in pairs {
        bce = { core.bce_with_logits(a, b), 1000 },
        bpr = { core.bpr(a, b), -0.5 * math.log(1e-10) },
        exact_bpr = { core.bpr(a, b, 0), 500.5 },
        cross_entropy = { core.cross_entropy(a:reshape { 1, 2 }, ids), 2000 },
      } do
        assert.near_tensor(pair[2], pair[1], 1e-6)
        assert.is_true(core.grad_list(pair[1], { a })[1]:isfinite(), what)
      end
    end)
  end)

  it("of hinge is flat at its corner", function()
    each_core(function(core, gradients)
      local a = core.tensor { 1, 0.5 }:track()
      gradients(core.hinge(a, core.full({ 2 }, 0)), { a }, { 0, -0.5 })
    end)
  end)
end)

describe("what is not a number or infinite", function()
  it("stays in maximum, minimum and clamp", function()
    each_core(function(core)
      local a, b = core.tensor { nan, 1, inf }, core.tensor { 1, nan, -inf }
      assert.near_tensor(list(nan, nan, inf), core.maximum(a, b), 0)
      assert.near_tensor(list(nan, nan, -inf), core.minimum(a, b), 0)
      assert.near_tensor(list(nan, 0.5, 0.5), a:clamp(0, 0.5), 0)
      assert.near_tensor(list(nan, 1, inf), a:clamp(), 0)
    end)
  end)

  it("equals nothing, is on no side, and is no mask", function()
    each_core(function(core)
      local a, b = core.tensor { nan, inf, -0.0 }, core.tensor { nan, inf, 0 }
      for _, name in ipairs { "eq", "le", "ge" } do
        assert.near_tensor(list(0, 1, 1), core[name](a, b), 0)
      end
      for _, name in ipairs { "lt", "gt" } do
        assert.near_tensor(list(0, 0, 0), core[name](a, b), 0)
      end
      assert.near_tensor(list(1, 0, 0), core.ne(a, b), 0)
      assert.near_tensor(list(2, 1, 2), core.where(a, 1, 2), 0)
    end)
  end)

  it("does not come through where from what was not chosen", function()
    each_core(function(core, gradients)
      local mask = core.tensor { 1, 0 }
      local x, y = core.tensor { 1, nan }:track(), core.tensor { inf, 2 }:track()
      local out = core.where(mask, x, y)
      assert.near_tensor(list(1, 2), out, 0)
      gradients(out * inf, { x, y }, { inf, 0 }, { 0, inf })
    end)
  end)
end)
