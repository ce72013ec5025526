-- Determinism to the bit: every op, its gradients and their gradients give the same bits in memory
-- that is fresh and in memory that is used again, whatever stood there before.
local apply = require "spec.support.apply"
local cases = require "spec.support.op_cases"

local cores = { float32 = require "cmml.core", float64 = require "cmml.core64" }

local names = {}
for name in pairs(cases) do
  names[#names + 1] = name
end
table.sort(names)

-- Leaves blocks of every size class up to 3584 bytes in the cache of storages, all full of a value.
local function fill_cache(core, value)
  local kept, width = {}, core.info().dtype == "float64" and 8 or 4
  for power = 4, 9 do
    for quarter = 4, 7 do
      for _ = 1, 20 do
        kept[#kept + 1] = core.full({ (quarter << power) // width }, value)
      end
    end
  end
  for _, tensor in ipairs(kept) do
    tensor:free()
  end
end

local function bytes_of(...)
  local all = {}
  for i, tensor in ipairs { ... } do
    all[i] = table.concat(tensor.shape, "x") .. ":" .. tensor:tobytes()
  end
  return table.concat(all, "|")
end

-- One use of an op: the value, its gradient by kernels, and first and second derivatives by the
-- definitions.
local function program(core, name, use, inputs)
  local tensors, list = apply.tensors(core, inputs, true), {}
  for _, tensor in ipairs(tensors) do
    list[#list + 1] = type(tensor) ~= "number" and tensor or nil
  end
  local before = bytes_of(table.unpack(list))
  local out = apply.call(core, name, cases[name], use, tensors)
  local result = { bytes_of(out) }
  if out.tracked then
    local loss = apply.losses.weighted(core, out)
    local plain = core.grad_list(loss, list, false, true)
    assert.is_true(bytes_of(table.unpack(plain))
      == bytes_of(table.unpack(core.grad_list(loss, list, false, true))), "a gradient changed")
    local first = core.grad_list(loss, list, true)
    local sum = core.full({}, 0)
    for i, g in ipairs(first) do
      assert.same(list[i].shape, g.shape)
      sum = sum + (g * g):sum()
    end
    local second = sum.tracked and core.grad_list(sum, list) or {}
    result[2], result[3], result[4] = bytes_of(table.unpack(plain)),
      bytes_of(table.unpack(first)), bytes_of(table.unpack(second))
  end
  assert.is_true(before == bytes_of(table.unpack(list)), "inputs changed")
  return table.concat(result, "||")
end

describe("bits", function()
  it("are compared in memory that is used again", function()
    for _, core in pairs(cores) do
      core.trim()
      fill_cache(core, 0 / 0)
      local cached = core.memory().cached
      assert.is_true(cached > 0)
      local x <close> = core.full({ 64 }, 1)
      assert.is_true(core.memory().cached < cached)
      assert.is_true(x:isfinite())
    end
  end)

  for _, name in ipairs(names) do
    it("of " .. name .. " are the same each time, and its inputs stay as they are", function()
      for dtype, core in pairs(cores) do
        for i, use in ipairs(cases[name].uses) do
          local inputs = apply.inputs(name, use)
          collectgarbage()
          core.trim()
          local fresh = program(core, name, use, inputs)
          for _, value in ipairs { 0 / 0, 1e30 } do
            fill_cache(core, value)
            assert.is_true(fresh == program(core, name, use, inputs),
              ("use %d in %s differs over blocks of %g"):format(i, dtype, value))
          end
        end
      end
    end)
  end
end)
