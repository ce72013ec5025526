-- Small matrix products have kernels of their own: every size beside and between tiles and vectors,
-- however the factors lie, for every set of kernels, against sums in plain Lua.
local each_kernels = require "spec.support.each_kernels"
local single = require "cmml"

local double = single.double

-- A matrix [rows, columns], or one that is read as the transpose of what lies in memory; its
-- numbers are exact in float32.
local function matrix(cmml, rows, columns, turned, stream)
  local shape = turned and { columns, rows } or { rows, columns }
  local x = cmml.uniform(shape, -1, 1, { seed = 1, stream = stream })
  return turned and x:transpose() or x
end

local function expected(a, b, k)
  local rows = {}
  for i, row in ipairs(a) do
    rows[i] = {}
    for j = 1, #b[1] do
      local sum = 0
      for l = 1, k do
        sum = sum + row[l] * b[l][j]
      end
      rows[i][j] = sum
    end
  end
  return rows
end

local sizes = { { 1, 1, 1 }, { 1, 5, 3 }, { 2, 7, 9 }, { 3, 8, 8 }, { 4, 15, 16 }, { 5, 16, 17 },
  { 6, 17, 2 }, { 7, 23, 5 }, { 8, 24, 11 }, { 11, 25, 8 }, { 12, 31, 7 }, { 13, 32, 33 },
  { 40, 33, 12 }, { 19, 40, 64 }, { 3, 129, 4 }, { 2, 3, 600 }, { 25, 150, 6 } }

-- All layouts of a size: the largest differences from the plain sums.
local function check(cmml, tolerance, name)
  for _, size in ipairs(sizes) do
    local m, n, k = table.unpack(size)
    for layout = 0, 3 do
      local a = matrix(cmml, m, k, layout & 1 ~= 0, 1)
      local b = matrix(cmml, k, n, layout & 2 ~= 0, 2)
      local found = cmml.matmul(a, b):totable()
      for i, row in ipairs(expected(a:totable(), b:totable(), k)) do
        for j, value in ipairs(row) do
          assert.near(value, found[i][j], tolerance * k,
            ("%s: %dx%dx%d, layout %d, (%d, %d)"):format(name, m, n, k, layout, i, j))
        end
      end
    end
  end
end

describe("a small matrix product", function()
  it("is the sum that it should be", function()
    each_kernels(single.core, function(name)
      check(single, 1e-6, name)
    end)
    each_kernels(double.core, function(name)
      check(double, 1e-15, name)
    end)
  end)

  it("is added to what is there, and taken from parts of larger matrices", function()
    for library, tolerance in pairs { [single] = 1e-4, [double] = 1e-12 } do
      each_kernels(library.core, function(name)
        for _, size in ipairs { { 40, 64, 64 }, { 5, 7, 9 }, { 1, 3, 2 } } do
          local n, h, u = table.unpack(size)
          local function drawn(stream, ...)
            return library.uniform({ 2, ... }, -0.1, 0.1, { seed = 3, stream = stream })
          end
          local function one(stream, ...)
            return drawn(stream, ...):slice(1, 1, 1):reshape { ... }
          end
          local inputs = { drawn(1, n, h), drawn(2, n, n), drawn(3, n), drawn(4, n), one(5, u, h),
            one(6, u), one(7, u + 1), library.full({ 3 }, 0.5), 2, "relu" }
          local given = {}
          for i = 1, 7 do
            inputs[i] = inputs[i]:track()
            given[i] = inputs[i]
          end
          local fused = library.core.relu_steps(table.unpack(inputs))
          local written = library.core.testing.apply_expanded("relu_steps", table.unpack(inputs))
          local probe = library.uniform(fused.shape, -1, 1, { seed = 4 })
          assert.is_true((fused - written):abs():max():item() <= tolerance, name)
          local expected_ = library.grad((written * probe):sum(), given)
          for i, gradient in ipairs(library.grad((fused * probe):sum(), given)) do
            local off = (gradient - expected_[i]):abs():max():item()
            assert.is_true(off <= tolerance * (1 + expected_[i]:abs():max():item()),
              ("%s, gradient %d: %g"):format(name, i, off))
          end
        end
      end)
    end
  end)

  it("gives an element the same bits whatever is beside it and however factors lie", function()
    each_kernels(single.core, function(name)
      local a, b = matrix(single, 23, 37, false, 1), matrix(single, 37, 41, false, 2)
      local all = single.matmul(a, b)
      local turned = a:transpose():reshape { 37 * 23 }:reshape { 37, 23 }:transpose()
      assert.equal(all:tobytes(), single.matmul(turned, b):tobytes(), name)
      turned = b:transpose():reshape { 41 * 37 }:reshape { 41, 37 }:transpose()
      assert.equal(all:tobytes(), single.matmul(a, turned):tobytes(), name)
      for _, rows in ipairs { { 1, 4 }, { 3, 9 }, { 7, 23 } } do
        local part = single.matmul(a:slice(1, rows[1], rows[2]), b)
        assert.equal(all:slice(1, rows[1], rows[2]):tobytes(), part:tobytes(), name)
        part = single.matmul(a, b:slice(2, rows[1], rows[2]))
        assert.same(all:slice(2, rows[1], rows[2]):totable(), part:totable(), name)
      end
    end)
  end)
end)
