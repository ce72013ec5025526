require "spec.support.close"
local cmml = require "cmml"
local ref = require "spec.support.ref"
local refused = require("spec.support.refused").with_pattern

local function leaf(values)
  return cmml.tensor(values):track()
end

describe("grad", function()
  it("mirrors the structure of what it is asked for", function()
    local a, b, c = leaf { 1, 2 }, leaf { 3, 4 }, leaf(5)
    local loss = (a * b):sum() * c
    local g = cmml.grad(loss, { weights = { a, { deep = b } }, [7] = c })
    assert.same({ 15, 20 }, g.weights[1]:totable())
    assert.same({ 5, 10 }, g.weights[2].deep:totable())
    assert.equal(11, g[7]:item())
    local count = 0
    for _ in pairs(g) do
      count = count + 1
    end
    assert.equal(2, count)
    assert.same({}, cmml.grad(a:sum(), {}))
    refused("must be a tensor or a table of tensors, not number", cmml.grad, a:sum(), { 1 })
    refused("must be a tensor or a table of tensors, not nil", cmml.grad, a:sum(), nil)
  end)

  it("is functional: two calls give the same, and nothing adds up", function()
    local x = leaf { 1, 2, 3 }
    for _ = 1, 2 do
      assert.same({ 2, 4, 6 }, cmml.grad((x * x):sum(), x):totable())
    end
  end)

  it("uses the graph up, unless it is kept", function()
    local x = leaf { 1, 2 }
    local y = (x * x):sum()
    assert.same({ 2, 4 }, cmml.grad(y, x, { retain = true }):totable())
    assert.same({ 2, 4 }, cmml.grad(y, x):totable())
    refused("already used for a gradient; pass retain = true", cmml.grad, y, x)
    refused("already used for a gradient", cmml.grad, y * 2, x)
    assert.same({ 2, 4 }, cmml.grad((x * x):sum(), x):totable())
  end)

  it("notices numbers that were changed after they were used", function()
    local x, c = leaf { 1, 2 }, cmml.tensor { 5, 6 }
    local y = (x * c):sum()
    c:copy_(cmml.tensor { 0, 0 })
    refused("input 2 of mul was changed in place after it was used", cmml.grad, y, x)
    y = (x * x):sum()
    cmml.no_grad(function()
      x:copy_(cmml.tensor { 7, 7 })
    end)
    refused("of mul was changed in place", cmml.grad, y, x)
    local e = x:exp()
    local loss = e:sum()
    cmml.no_grad(function()
      e:detach():copy_(cmml.tensor { 0, 0 })
    end)
    refused("the result of exp was changed in place", cmml.grad, loss, x)
    -- What no derivative reads may change.
    y = (x + c):sum()
    c:copy_(cmml.tensor { 1, 1 })
    assert.same({ 1, 1 }, cmml.grad(y, x):totable())
    assert.same({ 14, 14 }, cmml.grad((x * x):sum(), x):totable())
  end)

  it("refuses to change in place what is tracked", function()
    local x = leaf { 1, 2 }
    refused("copy_: the tensor is tracked: change it inside no_grad", x.copy_, x, x:detach())
    local y = x * 2
    cmml.no_grad(function()
      refused("copy_: the tensor is tracked", y.copy_, y, x)
    end)
  end)

  it("refuses what is not tracked", function()
    local x, plain = leaf { 1, 2 }, cmml.tensor { 1, 2 }
    refused("tensor 2 is not tracked: call track%(%) on it", cmml.grad, x:sum(), { x, plain })
    refused("the loss depends on no tracked tensor", cmml.grad, plain:sum(), x)
    refused("the loss depends on no tracked tensor", cmml.grad, x:detach():sum(), x)
    refused("the loss depends on no tracked tensor", cmml.grad, cmml.no_grad(function()
      return x:sum()
    end), x)
    refused("this tensor was derived by mul", function()
      return (x * 2):track()
    end)
    assert.equal(x, x:track()) -- a leaf stays one
  end)

  it("gives zeros for what the loss does not depend on", function()
    local x, other, late = leaf { 1, 2 }, leaf { { 1 }, { 2 } }, leaf(3)
    local g = cmml.grad(x:sum() + late:detach(), { x, other, late })
    assert.same({ 1, 1 }, g[1]:totable())
    assert.same({ { 0 }, { 0 } }, g[2]:totable())
    assert.equal(0, g[3]:item())
  end)

  it("stops at sign, step and detach", function()
    local x = leaf { 1, -2 }
    assert.same({ 1, -1 }, cmml.grad((x * x:sign()):sum(), x):totable())
    assert.same({ 1, -2 }, cmml.grad((x * x:detach()):sum(), x):totable())
    assert.same({ 1, 0.5 }, cmml.grad((x * x:step(0.5)):sum(), x):totable())
  end)

  it("takes tensors inside the graph, and the loss itself, as targets", function()
    local x = leaf { 1, 2 }
    local y = x * x
    local z = y * 3
    local loss = (z + y):sum()
    local g = cmml.grad(loss, { x, y, z, loss })
    assert.same({ 8, 16 }, g[1]:totable())
    assert.same({ 4, 4 }, g[2]:totable())
    assert.same({ 1, 1 }, g[3]:totable())
    assert.equal(1, g[4]:item())
  end)

  it("takes one tensor as a target twice", function()
    local x = leaf { 1, 2 }
    local g = cmml.grad((x * x):sum(), { x, x })
    assert.same({ 2, 4 }, g[1]:totable())
    assert.same({ 2, 4 }, g[2]:totable())
  end)

  it("adds up over all uses of a tensor", function()
    local x = leaf { 2, -1 }
    local sum = x
    for _ = 1, 50 do
      sum = sum + x * x + x
    end
    assert.same({ 1 + 50 * 5, 1 + 50 * -1 }, cmml.grad(sum:sum(), x):totable())
    local branch = x * 3
    assert.same({ 9, 9 }, cmml.grad((branch + branch + branch):sum(), x):totable())
  end)

  it("adds up over parts that overlap, and over other uses of the whole", function()
    local function loss(c, x)
      local y = x * x
      local first, second = y:slice(1, 1, 2), y:slice(1, 2, 3)
      local third = y:slice(2, 2, 2)
      return (first * 2):sum() + (second * second):sum() + (third * 3):sum() + (y * 5):sum()
        + c.gather_rows(y, c.ids { 1, 3, 1 }):sum()
    end
    for _, dims in ipairs { { 3, 2 }, { 3, 3, 2 } } do
      for _, create_graph in ipairs { false, true } do
        local x = cmml.uniform(dims, 1, 2, { seed = 2 }):track()
        local found = cmml.grad(loss(cmml, x), x, { create_graph = create_graph })
        local wide = cmml.full(dims, 5) -- by hand: the derivative by y, times 2 x
        local y = (x * x):detach()
        local rows, columns = {}, {}
        for r = 1, 3 do
          rows[r] = { r < 3 and 2 or 0, r > 1 and 2 or 0, r == 1 and 2 or r == 3 and 1 or 0 }
        end
        for k = 1, dims[2] do
          columns[k] = k == 2 and 3 or 0
        end
        local function by_row(i)
          local list = {}
          for r = 1, 3 do
            list[r] = rows[r][i]
          end
          local shape = { 3 }
          for d = 2, #dims do
            shape[d] = 1
          end
          return cmml.tensor(list):reshape(shape)
        end
        local shape = { 1, dims[2] }
        shape[3] = dims[3] and 1 or nil
        local by_y = wide + by_row(1) + by_row(2) * y + by_row(3)
          + cmml.tensor(columns):reshape(shape)
        assert.is_true((found - by_y * 2 * x):abs():max():item() < 1e-4)
      end
    end
  end)

  it("weighs a loss of many numbers by grad_out", function()
    local x, weight = leaf { 1, 2, 3 }, cmml.tensor { 1, 10, 100 }
    assert.same({ 2, 40, 600 }, cmml.grad(x * x, x, { grad_out = weight }):totable())
    assert.same({ 1, 10, 100 }, weight:totable())
    refused("grad_out has shape 2, the loss 3", cmml.grad, x * x, x,
      { grad_out = cmml.ones { 2 } })
    refused("the loss has shape 3, but must be a scalar %(or pass grad_out%)", cmml.grad,
      x * x, x)
    refused("Tensor expected, got number", cmml.grad, x * x, x, { grad_out = 1 })
    refused("unknown option grad_outs; did you mean grad_out%?", cmml.grad, x:sum(), x,
      { grad_outs = weight })
  end)

  it("differentiates through a weight of the gradient", function()
    local x, weight = leaf { 1, 2 }, leaf { 5, 7 }
    local g = cmml.grad(x * x, x, { grad_out = weight, create_graph = true })
    local second = cmml.grad(g:sum(), { x, weight })
    assert.same({ 10, 14 }, second[1]:totable())
    assert.same({ 2, 4 }, second[2]:totable())
  end)

  it("gives gradients of gradients of gradients", function()
    local x = leaf { 0.5, 2 }
    local y = x:pow(4)
    for order = 1, 4 do
      local factor = ({ 4, 12, 24, 24 })[order]
      y = cmml.grad(y:sum(), x, { create_graph = true })
      assert.near_tensor(ref.new({ 2 }, { factor * 0.5 ^ (4 - order), factor * 2 ^ (4 - order) }),
        y, 1e-5)
    end
  end)

  it("records the derivative only when asked to", function()
    local x = leaf { 1, 2 }
    local y = (x * x):sum()
    assert.is_true(cmml.grad(y, x, { create_graph = true }).tracked)
    assert.is_false(cmml.grad(y, x).tracked)
  end)

  it("is the same through a fused op and its definition, second order included", function()
    local x, w, b = leaf { { 0.5, -1 } }, leaf { { 1, 2 }, { -3, 0.5 } }, leaf { 0.25, -0.25 }
    local function penalty(y)
      local g = cmml.grad(y:sum(), { x, w }, { create_graph = true })
      return cmml.grad(g[1]:square():sum() + g[2]:sum(), { x, w, b })
    end
    local fused = penalty(cmml.linear(x, w, b, "sigmoid"))
    local plain = penalty((x:matmul(w:transpose()) + b):sigmoid())
    for i = 1, 3 do
      assert.near_tensor(ref.of(plain[i]), fused[i], 1e-6)
    end
  end)
end)

describe("no_grad", function()
  it("records nothing, passes values and arguments on", function()
    local x = leaf { 1, 2 }
    local y, n = cmml.no_grad(function(t, k)
      return t * k, k
    end, x, 3)
    assert.is_false(y.tracked)
    assert.equal(3, n)
    assert.is_true((x * 3).tracked)
  end)

  it("restores what was, also after an error and when nested", function()
    local x = leaf { 1, 2 }
    refused("a fault of mine", cmml.no_grad, function()
      error("a fault of mine", 0)
    end)
    assert.is_true((x * 3).tracked)
    refused("do not broadcast", cmml.no_grad, function()
      return x + cmml.ones { 3 }
    end)
    assert.is_true((x * 3).tracked)
    cmml.no_grad(function()
      cmml.no_grad(function() end)
      assert.is_false((x * 3).tracked)
    end)
    assert.is_true((x * 3).tracked)
  end)

  it("is not left behind by a gradient that fails", function()
    local x = leaf { 1, 2 }
    local y = (x * x):sum()
    cmml.grad(y, x)
    pcall(cmml.grad, y, x)
    pcall(cmml.grad, y, x, { create_graph = true })
    assert.is_true((x * 3).tracked)
    assert.is_false(cmml.grad((x * x):sum(), x).tracked)
  end)
end)

describe("value_and_grad", function()
  it("gives the value and gradients in the structure of the parameters", function()
    local f = cmml.value_and_grad(function(p, scale)
      return (p.w * p.w):sum() * scale
    end)
    local value, g = f({ w = leaf { 1, 2 } }, 10)
    assert.equal(50, value:item())
    assert.same({ 20, 40 }, g.w:totable())
  end)
end)
