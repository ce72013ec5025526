-- The derivatives of every op: against finite differences in the double core up to the third order,
-- between the two cores, and between kernels and definitions.
local apply = require "spec.support.apply"
local cases = require "spec.support.op_cases"
local close = require "spec.support.close"
local finite = require "spec.support.finite"
local keys = require("cmml.base.args").keys
local leaks = require "spec.support.leaks"
local ref = require "spec.support.ref"

local single, double = require "cmml.core", require "cmml.core64"

leaks.around(setup, teardown, single, double)

local names = keys(cases)

-- The tensors among the inputs, and a function of them that gives a single number.
local function loss_of(core, name, use, inputs, loss)
  local points, places = {}, {}
  for i, input in ipairs(inputs) do
    if type(input) ~= "number" then
      points[#points + 1], places[#places + 1] = input, i
    end
  end
  return points, function(xs)
    local all = { table.unpack(inputs) }
    for k, place in ipairs(places) do
      all[place] = xs[k]
    end
    return loss(core, apply.call(core, name, cases[name], use, all))
  end
end

local function each_use(name, f)
  for i, use in ipairs(cases[name].uses) do
    if type(use[1]) ~= "number" or type(use[2]) == "table" then -- some tensor
      f(use, apply.inputs(name, use), ("%s, use %d"):format(name, i), i)
    end
  end
end

local function tensors_only(tensors)
  local list = {}
  for _, tensor in ipairs(tensors) do
    if type(tensor) ~= "number" then
      list[#list + 1] = tensor
    end
  end
  return list
end

-- Third derivatives are taken of the first use of every op, and of every use of these.
local thoroughly = { tanh = true, sigmoid = true, softmax = true, linear = true, film = true,
  gru = true }

-- Gradients of one use, by its kernels or by its definition.
local function gradients(core, name, use, inputs, loss, expanded)
  local tensors = apply.tensors(core, inputs, true)
  local out = apply.call(core, name, cases[name], use, tensors, expanded)
  return core.grad_list(loss(core, out), tensors_only(tensors)), out
end

for _, name in ipairs(names) do
  describe("the derivative of " .. name, function()
    if cases[name].nondiff then
      it("does not exist, and nothing is recorded", function()
        each_use(name, function(use, inputs)
          for _, core in ipairs { single, double } do
            local tensors = apply.tensors(core, inputs, true)
            assert.is_false(apply.call(core, name, cases[name], use, tensors).tracked)
          end
        end)
      end)
      return
    end

    it("agrees with finite differences, first and second and, for a sample, third", function()
      local compared = 0
      each_use(name, function(use, inputs, what, i)
        local points, f = loss_of(double, name, use, inputs, apply.losses.weighted)
        for order = 1, (i == 1 or thoroughly[name]) and 3 or 2 do
          local fault, n = finite.fault(double, f, points, order, 1e-6)
          assert(not fault, ("%s: %s"):format(what, fault))
          compared = compared + n
        end
      end)
      assert.is_true(compared > 0)
    end)

    it("agrees with finite differences where one tensor comes twice", function()
      each_use(name, function(use, inputs, what)
        local a, b = inputs[1], inputs[2]
        if type(a) == "table" and type(b) == "table"
          and table.concat(a.shape, "x") == table.concat(b.shape, "x") then
          local points = { a, table.unpack(inputs, 3) }
          local function f(xs)
            local all = { xs[1], xs[1], table.unpack(xs, 2) }
            return apply.losses.weighted(double, apply.call(double, name, cases[name], use, all))
          end
          for order = 1, 2 do
            local fault = finite.fault(double, f, points, order, 1e-6)
            assert(not fault, ("%s: %s"):format(what, fault))
          end
        end
      end)
    end)

    it("is the same in both cores, and for gradients that are strided or repeated", function()
      each_use(name, function(use, inputs, what)
        for kind, loss in pairs(apply.losses) do
          local points, f = loss_of(double, name, use, inputs, loss)
          local fault = finite.fault(double, f, points, 1, 1e-6)
          assert(not fault, ("%s, %s: %s"):format(what, kind, fault))
          local exact, rough = gradients(double, name, use, inputs, loss),
            gradients(single, name, use, inputs, loss)
          for k, g in ipairs(exact) do
            assert.near_tensor(ref.of(g), rough[k], 1e-4)
          end
        end
      end)
    end)

    it("does not depend on how the inputs lie in memory", function()
      each_use(name, function(use, inputs)
        for _, layout in pairs(apply.layouts) do
          local views, values = apply.tensors(double, inputs), {}
          for i, input in ipairs(inputs) do
            values[i] = input
            if type(input) ~= "number" then
              views[i], values[i] = layout(double, input)
              views[i]:track()
            end
          end
          local out = apply.call(double, name, cases[name], use, views)
          local got = double.grad_list(apply.losses.weighted(double, out), tensors_only(views))
          local plain = gradients(double, name, use, values, apply.losses.weighted)
          for k, g in ipairs(plain) do
            assert.near_tensor(ref.of(g), got[k], 1e-12)
          end
        end
      end)
    end)

    if double.ops()[name].form ~= "primitive" then
      it("by kernels is that by its definition, value and gradient", function()
        each_use(name, function(use, inputs)
          for _, loss in pairs(apply.losses) do
            local fast, value = gradients(double, name, use, inputs, loss)
            local slow, expanded = gradients(double, name, use, inputs, loss, true)
            assert.near_tensor(ref.of(expanded), value, 1e-12)
            for k, g in ipairs(slow) do
              assert.near_tensor(ref.of(g), fast[k], 1e-12)
            end
          end
        end)
      end)

      it("by its definition alone refuses what does not fit", function()
        for _, use in ipairs(cases[name].refused) do
          local tensors = apply.tensors(double, apply.inputs(name, use))
          local ok, message = pcall(apply.call, double, name, cases[name], use, tensors, true)
          assert.is_false(ok)
          assert.is_nil(message:find "no recorded reason")
        end
      end)
    end
  end)
end

describe("derivatives at special points", function()
  it("of powers are finite at 0 however often they are taken", function()
    for exponent, expected in pairs { [0] = { 0, 0, 0 }, [1] = { 1, 0, 0 }, [2] = { 0, 2, 0 },
      [3] = { 0, 0, 6 } } do
      local x = double.full({}, 0):track()
      local y = x:pow(exponent)
      for order = 1, 3 do
        y = y.tracked and double.grad_list(y, { x }, true)[1] or double.full({}, 0)
        assert.near_tensor(expected[order], y, 0)
      end
    end
  end)

  it("of sigmoid and softplus are finite far from 0", function()
    for _, core in ipairs { single, double } do
      for _, name in ipairs { "sigmoid", "softplus", "log_sigmoid", "tanh", "gelu", "erf" } do
        local x = core.tensor({ -1000, 1000 }):track()
        assert.is_true(core.grad_list(x[name](x):sum(), { x })[1]:isfinite(), name)
      end
    end
  end)
end)

describe("the check by finite differences", function()
  it("finds a wrong derivative of each order", function()
    -- detach() hides a factor from the gradient: d(x * c)/dx is then wrong by x.
    local points = { ref.new({ 2 }, { 0.5, -1.25 }) }
    local function wrong_first(xs)
      return (xs[1] * xs[1]:detach()):sum()
    end
    assert.matches("derivative 1 by element 1 of input 1", finite.fault(double, wrong_first, points,
      1, 1e-6))
    -- x^3 with the right gradient 3 d^2 at d = x, which hides that d depends on x.
    local function wrong_second(xs)
      local x, d = xs[1], xs[1]:detach()
      return (d * d * (x - d) * 3 + d * d * d):sum()
    end
    assert.is_nil(finite.fault(double, wrong_second, points, 1, 1e-6))
    assert.matches("derivative 2 by element 1 of input 1", finite.fault(double, wrong_second,
      points, 2, 1e-6))
    assert.is_nil(finite.fault(double, function(xs)
      return (xs[1] * xs[1] * xs[1]):sum()
    end, points, 3, 1e-6))
  end)

  it("measures differences relative to what is large", function()
    assert.equal(0, close.difference(math.huge, math.huge))
    assert.equal(math.huge, close.difference(0 / 0, 1))
    assert.equal(0.5, close.difference(2, 4))
    assert.equal(0.25, close.difference(0.25, 0.5))
  end)
end)
