-- Every op against a plain-Lua oracle: values in both precisions, on tensors that lie in memory in
-- every way, and what is refused. Derivatives are in derivatives_spec.lua.
require "spec.support.close"
local apply = require "spec.support.apply"
local cases = require "spec.support.op_cases"
local keys = require("cmml.base.args").keys
local leaks = require "spec.support.leaks"
local ref = require "spec.support.ref"

local cores = { float32 = require "cmml.core", float64 = require "cmml.core64" }
local tolerances = { float32 = 2e-5, float64 = 1e-12 }

leaks.around(setup, teardown, cores.float32, cores.float64)

-- An oracle in double, of inputs that are exact in float32, holds for both cores.
local function each_use(name, f)
  local case = cases[name]
  for _, use in ipairs(case.uses) do
    local inputs = apply.inputs(name, use)
    for dtype, core in pairs(cores) do
      f(core, case, use, inputs, tolerances[dtype])
    end
  end
end

describe("the table of ops", function()
  it("has a case for every op, and an op for every case", function()
    local names = {}
    for dtype, core in pairs(cores) do
      for name in pairs(core.ops()) do
        assert(cases[name], ("op %s of the %s core has no case"):format(name, dtype))
        names[name] = true
      end
    end
    for name, case in pairs(cases) do
      assert(names[name], "no op is called " .. name)
      assert(#case.uses > 0, name .. " is never applied")
    end
  end)

  it("says of every op whether it has a derivative", function()
    for dtype, core in pairs(cores) do
      for name, op in pairs(core.ops()) do
        assert(op.differentiable ~= op.nondiff,
          ("op %s of the %s core must have either a derivative or CM_NONDIFF"):format(name, dtype))
        assert.equal(cases[name].nondiff or false, op.nondiff, name)
        assert.is_true(#op.doc > 0, name)
        assert.matches("^" .. name .. "%(.*%)$", op.signature)
      end
    end
  end)
end)

for _, name in ipairs(keys(cases)) do
  describe(name, function()
    it("computes what its definition says", function()
      each_use(name, function(core, case, use, inputs, tolerance)
        local tensors = apply.tensors(core, inputs)
        local out = apply.call(core, name, case, use, tensors)
        assert.near_tensor(apply.expected(case, use, inputs), out, tolerance)
        assert.is_false(out.tracked)
        for i, input in ipairs(inputs) do
          if type(input) ~= "number" then
            assert.near_tensor(input, tensors[i], 0) -- unchanged
          end
        end
      end)
    end)

    it("reads tensors however they lie in memory", function()
      each_use(name, function(core, case, use, inputs, tolerance)
        for _, layout in pairs(apply.layouts) do
          local tensors, values = apply.tensors(core, inputs), {}
          for i, input in ipairs(inputs) do
            values[i] = input
            if type(input) ~= "number" then
              tensors[i], values[i] = layout(core, input)
            end
          end
          local out = apply.call(core, name, case, use, tensors)
          assert.near_tensor(apply.expected(case, use, values), out, tolerance)
        end
      end)
    end)

    it("takes the same tensor twice", function()
      each_use(name, function(core, case, use, inputs, tolerance)
        local a, b = inputs[1], inputs[2]
        if type(a) == "table" and type(b) == "table"
          and table.concat(a.shape, "x") == table.concat(b.shape, "x") then
          local same = { table.unpack(inputs) }
          same[2] = a
          local tensors = apply.tensors(core, same)
          tensors[2] = tensors[1]
          local out = apply.call(core, name, case, use, tensors)
          assert.near_tensor(apply.expected(case, use, same), out, tolerance)
        end
      end)
    end)

    it("refuses what does not fit, with the reason", function()
      for dtype, core in pairs(cores) do
        for _, use in ipairs(cases[name].refused) do
          local tensors = apply.tensors(core, apply.inputs(name, use))
          local ok, message = pcall(apply.call, core, name, cases[name], use, tensors)
          assert(not ok, ("%s: expected a refusal: %s"):format(dtype, use.text))
          assert.matches(use.text, message)
        end
      end
    end)

    it("refuses what is no tensor, with the argument's number", function()
      local other = { float32 = cores.float64, float64 = cores.float32 }
      for dtype, core in pairs(cores) do
        local list = cases[name].list
        for _, wrong in ipairs { "x", true, io.stdout, other[dtype].full({ 2, 2 }, 1) } do
          local ok, message = pcall(core[name], list and { wrong } or wrong)
          assert.is_false(ok)
          assert.matches(list and "#1.*entry 1 is .*, not a tensor" or "#1.*Tensor expected, got",
            message)
        end
        assert.is_false(pcall(core[name]))
      end
    end)
  end)
end

describe("kinks", function()
  local points = ref.new({ 5 }, { -1.5, -0.0, 0, 0.0, 2 })
  local slopes = {
    relu = { 0, 0, 0, 0, 1 },
    abs = { -1, 0, 0, 0, 1 },
    leaky_relu = { 0.25, 0.25, 0.25, 0.25, 1 },
  }
  for name, expected in pairs(slopes) do
    it("have the derivative at 0 that the definition names: " .. name, function()
      for _, core in pairs(cores) do
        local x = ref.tensor(core, points):track()
        local y = name == "leaky_relu" and x:leaky_relu(0.25) or x[name](x)
        assert.near_tensor(ref.new({ 5 }, expected), core.grad_list(y:sum(), { x })[1], 0)
      end
    end)
  end

  it("of the fused activations are those of the ops", function()
    for _, core in pairs(cores) do
      for activation, slope in pairs { relu = 0, leaky_relu = 0.01 } do
        local x = core.full({ 1, 2 }, 0):track()
        local linear = core.linear(x, core.full({ 3, 2 }, 1), nil, activation)
        assert.near_tensor(ref.new({ 1, 2 }, { 3 * slope, 3 * slope }),
          core.grad_list(linear:sum(), { x })[1], 1e-7)
        local film = core.film(x, core.full({ 1, 4 }, 0), activation)
        assert.near_tensor(ref.new({ 1, 2 }, { 0, 0 }), core.grad_list(film:sum(), { x })[1], 0)
      end
    end
  end)

  it("sign and step are 0 and `below` at 0", function()
    for _, core in pairs(cores) do
      assert.near_tensor(ref.new({ 5 }, { -1, 0, 0, 0, 1 }), ref.tensor(core, points):sign(), 0)
      assert.near_tensor(ref.new({ 5 }, { 0.5, 0.5, 0.5, 0.5, 1 }),
        ref.tensor(core, points):step(0.5), 0)
    end
  end)
end)

describe("extremes", function()
  it("do not overflow in sigmoid, softplus, log_sigmoid and tanh", function()
    local x = ref.new({ 4 }, { -1000, -30, 30, 1000 })
    local small = math.exp(-30)
    for dtype, core in pairs(cores) do
      local t, tolerance = ref.tensor(core, x), tolerances[dtype]
      assert.near_tensor(ref.new({ 4 }, { 0, 0, 1, 1 }), t:sigmoid(), tolerance)
      assert.near_tensor(ref.new({ 4 }, { 0, small, 30, 1000 }), t:softplus(), tolerance)
      assert.near_tensor(ref.new({ 4 }, { -1000, -30, -small, 0 }), t:log_sigmoid(), tolerance)
      assert.near_tensor(ref.new({ 4 }, { -1, -1, 1, 1 }), t:tanh(), tolerance)
    end
  end)

  it("keep the digits of a small sigmoid and softplus", function()
    local x = ref.new({ 2 }, { -30, -12 })
    local expected = ref.new({ 2 }, { 1, 1 })
    for _, core in pairs(cores) do
      local t = ref.tensor(core, x)
      local scale = ref.tensor(core, ref.new({ 2 }, { math.exp(30), math.exp(12) }))
      assert.near_tensor(expected, t:sigmoid() * scale, 1e-5)
      assert.near_tensor(expected, t:softplus() * scale, 1e-5)
    end
  end)

  it("give infinities and not a number where the definition does", function()
    local inf, nan = math.huge, 0 / 0
    for _, core in pairs(cores) do
      local x = ref.tensor(core, ref.new({ 3 }, { 0, -1, 1 }))
      assert.near_tensor(ref.new({ 3 }, { inf, -1, 1 }), x:reciprocal(), 0)
      assert.near_tensor(ref.new({ 3 }, { -inf, nan, 0 }), x:log(), 0)
      assert.near_tensor(ref.new({ 3 }, { 0, nan, 1 }), x:sqrt(), 0)
      assert.near_tensor(nan, core.full({ 0 }, 0):mean(), 0)
      for _, activation in ipairs { "relu", "leaky_relu", "sigmoid", "tanh" } do
        local x1, one = core.full({ 1, 1 }, nan), core.full({ 1, 1 }, 1)
        assert.near_tensor(ref.new({ 1, 1 }, { nan }), core[activation](x1), 0)
        assert.near_tensor(ref.new({ 1, 1 }, { nan }), core.linear(x1, one, nil, activation), 0)
      end
    end
  end)
end)
