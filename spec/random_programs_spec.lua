-- Random programs of ops against the oracle: values and first gradients. A failure names the seed
-- of its program; CMML_SEED=<seed> runs that one alone, CMML_PROGRAMS=<n> runs so many.
local close = require "spec.support.close"
local cmml = require "cmml"
local random_program = require "spec.support.random_program"
local ref = require "spec.support.ref"

local only = math.tointeger(tonumber(os.getenv "CMML_SEED"))
local first = only or 1
local last = only or math.tointeger(tonumber(os.getenv "CMML_PROGRAMS" or 400))

-- Values are at most a few hundred, and so are derivatives along the way.
local tolerances = { float64 = 1e-9, float32 = 2e-3 }

-- The first difference between a core and the oracle, as text.
local function fault_of(core, program)
  local tolerance = tolerances[core.info().dtype]
  local tensors, loss = random_program.run(core, program)
  local leaves, steps = {}, {}
  for i, step in ipairs(program.steps) do
    local values = random_program.expected(step)
    local fault = close.fault(values, tensors[i], tolerance)
    if fault then
      return ("value of #%d: %s"):format(i, fault)
    end
    if step.leaf and not step.constant then
      leaves[#leaves + 1], steps[#steps + 1] = tensors[i], i
    end
  end
  if not program.smooth then
    return nil
  end
  local gradients = core.grad_list(loss, leaves, false, true)
  local optimiser = core.optimizer(leaves)
  optimiser:backward(loss)
  local added = optimiser:gradients()
  for k, i in ipairs(steps) do
    local _, expected = random_program.expected(program.steps[i])
    local fault = close.fault(expected, gradients[k], tolerance)
      or close.fault(expected, added[k], tolerance)
    if fault then
      return ("gradient by #%d: %s"):format(i, fault)
    end
  end
  return nil
end

describe("random programs of ops", function()
  for dtype, library in pairs { float64 = cmml.double, float32 = cmml } do
    it("give what their definitions give, in " .. dtype, function()
      local ran, smooth = 0, 0
      for number = first, last do
        local program = random_program.draw(number)
        if program then
          ran, smooth = ran + 1, smooth + (program.smooth and 1 or 0)
          local ok, fault = pcall(fault_of, library.core, program)
          assert(ok and not fault, ("CMML_SEED=%d: %s\n%s"):format(number, tostring(fault),
            random_program.describe(program)))
        end
      end
      -- Most programs must have been worth drawing.
      assert.is_true(only ~= nil or ran > 0.5 * last and smooth > 0.3 * last, ran .. " " .. smooth)
    end)
  end
end)

describe("the oracle of random programs", function()
  it("has the derivatives that finite differences give", function()
    local tape = require "spec.support.tape"
    local m = tape.math
    local function f(x, y)
      return m.exp(x * y) / (y + 3) - m.log(y ^ 2.5) * m.sqrt(y) + m.max(-x, y, 0.1) - m.abs(x)
        + 2 ^ m.min(1, 3) * x + (x > y and x or y * 2) + 1 / y
    end
    local x, y, eps = 0.7, 1.3, 1e-6
    tape.begin()
    local a, b = tape.leaf(x), tape.leaf(y)
    local loss = f(a, b)
    tape.backward(loss)
    assert.near(tape.value(f(x, y)), tape.value(loss), 1e-12)
    local function value(...)
      return tape.value(f(...))
    end
    assert.near((value(x + eps, y) - value(x - eps, y)) / (2 * eps), a.grad, 1e-8)
    assert.near((value(x, y + eps) - value(x, y - eps)) / (2 * eps), b.grad, 1e-8)
    assert.is_false(tape.kink)
    assert.is_true(a - x < 0 or tape.kink)
    assert.equal(1, ref.size {})
  end)
end)
