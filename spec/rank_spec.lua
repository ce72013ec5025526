-- arg_max and top_k: positions of the largest, against sorting in plain Lua.
require "spec.support.close"
local apply = require "spec.support.apply"
local finite = require "spec.support.finite"
local leaks = require "spec.support.leaks"
local ref = require "spec.support.ref"
local seed = require "spec.support.seed"
local refused = require("spec.support.refused").with_text

local cores = { (require "cmml.core"), (require "cmml.core64") }
local nan, inf = 0 / 0, math.huge

leaks.around(setup, teardown, table.unpack(cores))

-- The positions of a list, largest first: not a number above all, of equals the first first.
local function sorted(values)
  local order = {}
  for i in ipairs(values) do
    order[i] = i
  end
  table.sort(order, function(i, j)
    local a, b = values[i], values[j]
    if a ~= a or b ~= b then
      return a ~= a and (b == b or i < j)
    end
    return a > b or (a == b and i < j)
  end)
  return order
end

-- The rows of an oracle tensor along its last dim.
local function rows_of(r)
  local n, rows = r.shape[#r.shape], {}
  for i, value in ipairs(r.data) do
    local row = (i - 1) // n + 1
    rows[row] = rows[row] or {}
    rows[row][(i - 1) % n + 1] = value
  end
  return rows
end

local function expected_top(r, k)
  local places, values, shape = {}, {}, { table.unpack(r.shape) }
  shape[#shape] = k
  for _, row in ipairs(rows_of(r)) do
    local order = sorted(row)
    for j = 1, k do
      places[#places + 1], values[#values + 1] = order[j], row[order[j]]
    end
  end
  return places, ref.new(shape, values)
end

-- Rows of many sizes, full of equal numbers, with infinities and what is no number among them.
local function samples()
  local list = {}
  for i, shape in ipairs { { 1 }, { 7 }, { 64 }, { 3, 5 }, { 4, 33 }, { 2, 3, 10 }, { 5, 1 } } do
    for _, domain in ipairs { "real", "few" } do
      list[#list + 1] = ref.new(shape, seed("rank" .. i):list(ref.size(shape), domain))
    end
    local odd = ref.new(shape, seed("odd" .. i):list(ref.size(shape), "few"))
    for j, value in ipairs(odd.data) do
      odd.data[j] = j % 5 == 3 and nan or j % 4 == 2 and inf * value or value
    end
    list[#list + 1] = odd
  end
  return list
end

describe("top_k", function()
  it("gives the k largest in order, whatever k, and where they stand", function()
    for _, core in ipairs(cores) do
      for _, r in ipairs(samples()) do
        for k = 0, r.shape[#r.shape] do
          local values, ids = ref.tensor(core, r):top_k(k)
          local places, expected = expected_top(r, k)
          assert.same(places, ids:totable())
          assert.near_tensor(expected, values, 0)
        end
      end
    end
  end)

  it("reads tensors however they lie in memory", function()
    local r = ref.new({ 4, 6 }, seed "layout":list(24, "few"))
    for _, core in ipairs(cores) do
      for _, layout in pairs(apply.layouts) do
        local x, numbers = layout(core, r)
        local places, expected = expected_top(numbers, 3)
        local values, ids = core.top_k(x, 3)
        assert.same(places, ids:totable())
        assert.near_tensor(expected, values, 0)
      end
    end
  end)

  it("takes rows that rise, fall, and are all one", function()
    local core, up, down = cores[1], {}, {}
    for i = 1, 1000 do
      up[i], down[i] = i, -i
    end
    assert.same({ 1000, 999, 998 }, select(2, core.tensor(up):top_k(3)):totable())
    assert.same({ 1, 2, 3 }, select(2, core.tensor(down):top_k(3)):totable())
    assert.same({ 1, 2, 3 }, select(2, core.full({ 1000 }, 7):top_k(3)):totable())
  end)

  it("passes gradients to what it chose, of any order", function()
    local core = cores[2]
    local x = core.tensor({ { 1, 5, 3 }, { 2, 2, 0 } }):track()
    local weights = core.tensor { { 10, 20 }, { 30, 40 } }
    assert.same({ { 0, 10, 20 }, { 30, 40, 0 } },
      core.grad_list((x:top_k(2) * weights):sum(), { x })[1]:totable())
    local function f(xs)
      local values = xs[1]:top_k(2)
      return (values * values * values):sum()
    end
    local points = { ref.new({ 2, 4 }, { 0.5, -1.25, 2, 1, 1.5, -0.5, 0.25, -2 }) }
    for order = 1, 3 do
      assert.is_nil((finite.fault(core, f, points, order, 1e-6)))
    end
    assert.is_false(select(1, x:detach():top_k(1)).tracked)
  end)

  it("takes nothing from nothing", function()
    for _, core in ipairs(cores) do
      for shape, out in pairs { [{ 0 }] = { 0 }, [{ 3, 0 }] = { 3, 0 }, [{ 0, 4 }] = { 0, 0 } } do
        local values, ids = core.full(shape, 0):top_k(0)
        assert.same(out, values.shape)
        assert.equal(0, #ids)
      end
      assert.same({ 0, 2 }, core.full({ 0, 4 }, 0):top_k(2).shape)
    end
  end)

  it("refuses what does not fit", function()
    for _, core in ipairs(cores) do
      local x = core.full({ 2, 3 }, 0)
      refused("top_k: k is 4, but must be from 0 to 3, the last dim of x 2x3", x.top_k, x, 4)
      refused("top_k: k is -1, but must be from 0 to 3", x.top_k, x, -1)
      refused("top_k: x is a scalar", core.top_k, core.full({}, 1), 0)
      refused("number expected, got no value", core.top_k, x)
      refused("Tensor expected", core.top_k, {}, 1)
    end
  end)
end)

describe("arg_max", function()
  it("is the first of the largest, and what max reads there", function()
    for _, core in ipairs(cores) do
      for _, r in ipairs(samples()) do
        local x = ref.tensor(core, r)
        local ids = x:arg_max(-1)
        assert.same((expected_top(r, 1)), ids:totable())
        assert.near_tensor(ref.of(x:max(-1, true)), x:gather(ids), 0)
        assert.same({ sorted(r.data)[1] }, core.arg_max(x):totable())
      end
    end
  end)

  it("runs along any dim, however the tensor lies in memory", function()
    local r = ref.new({ 3, 4, 5 }, seed "dims":list(60, "few"))
    for _, core in ipairs(cores) do
      for _, layout in pairs(apply.layouts) do
        local x, numbers = layout(core, r)
        for dim, order in pairs { { 2, 3, 1 }, { 1, 3, 2 }, { 1, 2, 3 }, [-2] = { 1, 3, 2 } } do
          local last = ref.permute(numbers, order)
          assert.same((expected_top(last, 1)), x:arg_max(dim):totable())
        end
      end
    end
  end)

  it("is 1 of a single number, and refuses nothing", function()
    for _, core in ipairs(cores) do
      assert.same({ 1 }, core.full({}, 3):arg_max():totable())
      assert.same({}, core.full({ 0, 3 }, 3):arg_max(2):totable())
      assert.same({}, core.full({ 0, 3, 0 }, 3):arg_max(1):totable())
      local empty = core.full({ 0, 3 }, 3)
      refused("arg_max: x has shape 0x3: the maximum of no elements is undefined", empty.arg_max,
        empty)
      refused("arg_max: x has shape 0x3: the maximum of no", empty.arg_max, empty, 1)
      refused("dim 3 of a tensor with 2 dims", empty.arg_max, empty, 3)
    end
  end)
end)
