-- The inner loops of every instruction set that this machine has; other specs run the best alone.
require "spec.support.close"
local apply = require "spec.support.apply"
local cases = require "spec.support.op_cases"
local each_kernels = require "spec.support.each_kernels"
local ref = require "spec.support.ref"

local cores = { float32 = require "cmml.core", float64 = require "cmml.core64" }
local tolerances = { float32 = 2e-5, float64 = 1e-12 }

describe("kernels", function()
  it("are named, and those that the machine lacks are refused", function()
    for _, core in pairs(cores) do
      local best = core.kernels()
      assert.equal(best, core.info().kernels)
      assert.equal("base", core.kernels "base")
      assert.equal("base", core.info().kernels)
      local ok, message = pcall(core.kernels, "abacus")
      assert.is_false(ok)
      assert.matches("no such kernels", message)
      assert.equal("base", core.kernels())
      assert.equal(best, core.kernels(best))
    end
  end)

  it("find a number that is not finite wherever it stands", function()
    for _, core in pairs(cores) do
      each_kernels(core, function()
        for _, bad in ipairs { 1 / 0, -1 / 0, 0 / 0 } do
          for n = 1, 70, 23 do
            local list = {}
            for i = 1, n do
              list[i] = i % 2 == 0 and 3e38 or -3e38 -- whose sums would not be finite
            end
            assert.is_true(core.tensor(list):isfinite())
            for i = 1, n do
              local was = list[i]
              list[i] = bad
              assert.is_false(core.tensor(list):isfinite())
              list[i] = was
            end
          end
        end
      end)
    end
  end)

  -- The result of an op and the gradients of its inputs.
  local function run(core, name, use, inputs)
    local tensors = apply.tensors(core, inputs, true)
    local out = apply.call(core, name, cases[name], use, tensors)
    local all = { out }
    if out.tracked then
      local tracked = {}
      for i, input in ipairs(inputs) do
        tracked[#tracked + 1] = type(input) ~= "number" and tensors[i] or nil
      end
      table.move(core.grad_list(apply.losses.weighted(core, out), tracked), 1, #tracked, 2, all)
    end
    return all
  end

  for dtype, core in pairs(cores) do
    it("agree on every op and its derivative in " .. dtype, function()
      for name, case in pairs(cases) do
        for _, use in ipairs(case.uses) do
          local inputs = apply.inputs(name, use)
          local expected = {}
          for i, t in ipairs(run(core, name, use, inputs)) do
            expected[i] = ref.new(t.shape, t:reshape({ t.count }):totable())
          end
          each_kernels(core, function()
            for i, t in ipairs(run(core, name, use, inputs)) do
              assert.near_tensor(expected[i], t, tolerances[dtype])
            end
          end)
        end
      end
    end)
  end
end)
