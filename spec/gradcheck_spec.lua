local cmml = require "cmml"
local leaks = require "spec.support.leaks"

leaks.around(setup, teardown, cmml.core, cmml.double.core)

local function cube(c, x)
  return c.pow(x, 3)
end

describe("gradcheck", function()
  it("passes right derivatives, first and second, from the float library", function()
    assert.is_true(cmml.gradcheck(cube, { { 0.5, -2, 1.25 } }))
    assert.is_true(cmml.gradcheck(cube, { { 0.5, -2, 1.25 } }, { second = true }))
  end)

  it("runs in the double library, whichever it is called from", function()
    local seen = {}
    for _, library in ipairs { cmml, cmml.double } do
      library.gradcheck(function(c, x)
        seen[#seen + 1] = x.dtype
        assert.equal(cmml.double, c)
        return c.exp(x)
      end, { 0.5 })
    end
    assert.is_true(#seen > 0)
    for _, dtype in ipairs(seen) do
      assert.equal("float64", dtype)
    end
  end)

  it("takes numbers, nested lists and tensors of either library", function()
    local inputs = { 2, { { 1, 2 }, { 3, 4 } }, cmml.tensor { 0.5, 1.5 },
      cmml.double.tensor { { 0.25 }, { 0.75 } } }
    local shapes
    assert.is_true(cmml.gradcheck(function(c, a, b, x, y)
      shapes = { a.shape, b.shape, x.shape, y.shape }
      return c.matmul(b * a, y) * x
    end, inputs, { second = true }))
    assert.same({ {}, { 2, 2 }, { 2 }, { 2, 1 } }, shapes)
    assert.same({ 0.5, 1.5 }, inputs[3]:totable())
    assert.same({ { 1, 2 }, { 3, 4 } }, inputs[2])
  end)

  it("takes tracked, strided and empty tensors", function()
    local x = cmml.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
    assert.is_true(cmml.gradcheck(function(c, a, b)
      assert.same({ 3, 2 }, a.shape)
      assert.same({ 0, 2 }, b.shape)
      return c.concat({ a, b }, 1):square()
    end, { (x:track() * 2):transpose(), cmml.zeros { 0, 2 } }))
  end)

  it("checks a module's parameters through functional", function()
    assert.is_true(cmml.gradcheck(function(c, weight, bias, x)
      local layer = c.nn.linear { inp = 2, out = 3, activation = "tanh" }
      return c.nn.functional(layer, { weight = weight, bias = bias })(x)
    end, { { { 0.5, -1 }, { 0.25, 2 }, { -0.75, 1 } }, { 0.125, 0, -0.5 }, { { 1, -2 } } },
      { second = true }))
  end)

  it("names the input, the element and both numbers of a wrong first derivative", function()
    local function wrong(c, x, y)
      return c.sum(x) + y * y:detach() -- d/dy is 2 y, but half of it is hidden
    end
    local ok, message = pcall(cmml.gradcheck, wrong, { { 1, 2 }, { { 1, 2, 3 }, { 0, 0, 0 } } })
    assert.is_false(ok)
    assert.matches("first derivative by element {1, 1} of input 2", message)
    local said, numeric = message:match "gradient says (%S+), finite differences say (%S+)"
    assert.near(2, numeric / said, 1e-6)
  end)

  it("finds the one wrong element", function()
    local ok, message = pcall(cmml.gradcheck, function(_, x)
      local cut = x:slice(1, 2, 2)
      return x:sum() + cut:slice(2, 3, 3):detach():sum()
    end, { { { 1, 2, 3 }, { 4, 5, 6 } } })
    assert.is_false(ok)
    assert.matches("element {2, 3} of input 1", message)
  end)

  it("finds a wrong second derivative behind a right first one", function()
    -- The gradient of 3 d^2 x at d = x is that of x^3, but it hides that d depends on x.
    local function half_hidden(_, x)
      local d = x:detach()
      return (3 * d * d) * (x - d) + d * d * d
    end
    assert.is_true(cmml.gradcheck(half_hidden, { { 0.5, 2 } }))
    local ok, message = pcall(cmml.gradcheck, half_hidden, { { 0.5, 2 } }, { second = true })
    assert.is_false(ok)
    assert.matches("second derivative by element {1} of input 1", message)
  end)

  it("finds a result that hides its inputs altogether", function()
    local ok, message = pcall(cmml.gradcheck, function(_, x)
      return x:detach():exp()
    end, { { 0.5, 2 } })
    assert.is_false(ok)
    assert.matches("the gradient says 0, finite differences say", message)
    assert.is_true(cmml.gradcheck(function(c)
      return c.ones { 2 }
    end, { { 0.5, 2 } }, { second = true }))
  end)

  it("refuses a function that is not one of its inputs", function()
    local calls = 0
    local ok, message = pcall(cmml.gradcheck, function(_, x)
      calls = calls + 1
      return x * calls
    end, { { 1 } })
    assert.is_false(ok)
    assert.matches("two calls on the same inputs gave", message)
    ok, message = pcall(cmml.gradcheck, function(c, x)
      return c.log(x)
    end, { { -1 } })
    assert.is_false(ok)
    assert.matches("or no number", message)
  end)

  it("refuses wrong arguments", function()
    local refused = {
      { "a function and a list", 1, {} },
      { "a function and a list", cube, 1 },
      { "unknown option epsilon; did you mean eps%?", cube, { 1 }, { epsilon = 1 } },
      { "eps must be above 0, but is 0", cube, { 1 }, { eps = 0 } },
      { "input 2 must be a tensor, a number or nested lists of numbers, not string", cube,
        { 1, "x" } },
      { "input 1 must be a tensor, a number or nested lists of numbers, not userdata", cube,
        { cmml.ids { 1 } } },
      { "the function must return a tensor", function() end, { 1 } },
      { "not one of another", function()
        return cmml.ones { 1 }
      end, { 1 } },
      { "rows differ in size", cube, { { { 1 }, { 1, 2 } } } },
    }
    for _, case in ipairs(refused) do
      local ok, message = pcall(cmml.gradcheck, case[2], case[3], case[4])
      assert.is_false(ok)
      assert.matches(case[1], message)
    end
  end)

  it("passes errors of the function on, and leaves nothing behind", function()
    local ok, message = pcall(cmml.gradcheck, function()
      error("a fault of mine", 0)
    end, { 1 })
    assert.is_false(ok)
    assert.equal("a fault of mine", message)
  end)
end)
