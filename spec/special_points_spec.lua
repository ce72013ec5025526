-- Ops at their special points, where the random inputs of the battery never come: ties, infinities,
-- what is not a number, and large values.
require "spec.support.close"
local leaks = require "spec.support.leaks"
local ref = require "spec.support.ref"

local cores = { require "cmml.core", (require "cmml.core64") }
local inf, nan = math.huge, 0 / 0

local blocks

setup(function()
  blocks = leaks(table.unpack(cores))
end)

teardown(function()
  assert.equal(blocks, leaks(table.unpack(cores)))
end)

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

  it("equals nothing, is on neither side, and is no mask", function()
    each_core(function(core)
      local a, b = core.tensor { nan, inf, -0.0 }, core.tensor { nan, inf, 0 }
      assert.near_tensor(list(0, 1, 1), core.eq(a, b), 0)
      assert.near_tensor(list(0, 0, 0), core.lt(a, b), 0)
      assert.near_tensor(list(0, 0, 0), core.gt(a, b), 0)
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
