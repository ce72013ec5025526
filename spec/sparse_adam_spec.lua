-- Adam that leaves out rows without gradient.
require "spec.support.close"
local cmml = require "cmml"
local ref = require "spec.support.ref"
local tables = require "spec.support.tables"
local core = cmml.core

local batches, bytes, descend, model = tables.batches, tables.bytes, tables.descend, tables.model

describe("sparse Adam", function()
  it("leaves rows without gradient as they are, moments and decay included", function()
    local net = model()
    local optimizer = cmml.optim.adam(net, { lr = 0.1, weight_decay = 0.1, groups = {
      { parameters = { "film", "person" }, sparse = true } } })
    descend(net, optimizer, 0, 0) -- rows 1 and 2
    local before, moments = net.film:clone(), {}
    for _, pair in ipairs((optimizer:state())) do
      moments[pair[1]] = pair[2]:clone()
    end
    descend(net, optimizer, 1, 1) -- row 5
    for row = 1, 6 do
      local function same(a, b)
        return a:slice(1, row, row):tobytes() == b:slice(1, row, row):tobytes()
      end
      assert.equal(row ~= 5, same(before, net.film))
      for _, pair in ipairs((optimizer:state())) do
        if pair[1] == "first.film" or pair[1] == "second.film" then
          assert.equal(row ~= 5, same(moments[pair[1]], pair[2]))
        end
      end
    end
  end)

  it("is Adam, bit for bit, where every row has a gradient, and otherwise is not", function()
    local all = core.ids { 6, 5, 4, 3, 2, 1 }
    for _, case in ipairs { { all, true }, { batches[1], false } } do
      local nets = {}
      for i, sparse in ipairs { false, true } do
        nets[i] = model()
        local optimizer = cmml.optim.adam(nets[i], { lr = 0.1, sparse = sparse })
        for _, ids in ipairs { all, case[1], all } do
          optimizer:backward(nets[i](ids):square():sum())
          optimizer:step()
        end
      end
      assert.equal(case[2], bytes(nets[1]).film == bytes(nets[2]).film)
    end
  end)

  it("gives what PyTorch 2.13's SparseAdam gives", function()
    local double = cmml.double.core
    local x = double.tensor({ { 1, -2 }, { 0.5, 3 }, { 2, 2 } }):track()
    local optimizer = double.optimizer { x }
    for t, rows in ipairs { { 0, 2 }, { 1 }, { 0 }, { 0, 1 } } do
      local gradient = { { 0, 0 }, { 0, 0 }, { 0, 0 } }
      for _, row in ipairs(rows) do
        gradient[row + 1] = { 0.5 * t, row - 1 }
      end
      optimizer:gradients()[1]:copy_(double.tensor(gradient))
      optimizer:adam { lr = 0.1, eps = 1e-30, sparse = true }
    end
    assert.near_tensor(ref.new({ 3, 2 }, { 0.735603362766, -1.72318380222, 0.350211113498, 3,
      1.9, 1.9 }), x, 1e-11)
  end)

  it("takes entries of vectors and single numbers for rows", function()
    for _, library in ipairs { core, cmml.double.core } do
      local vector, number = library.tensor({ 1, 2, 3 }):track(), library.full({}, 4):track()
      local none = library.full({ 0, 3 }, 0):track()
      local optimizer = library.optimizer { vector, number, none }
      optimizer:gradients()[1]:copy_(library.tensor { 0, 5, 0 })
      optimizer:adam { lr = 0.5, weight_decay = 1, sparse = true }
      assert.same({ 1, 3 }, { vector:totable()[1], vector:totable()[3] })
      assert.truthy(math.abs(vector:totable()[2] - 1.5) < 1e-6)
      assert.equal(4, number:item())
    end
  end)

  it("finds a number anywhere in a wide row, and takes zeros of both signs for none", function()
    for _, library in ipairs { core, cmml.double.core } do
      for _, width in ipairs { 1, 31, 32, 33, 70 } do
        for place = 1, width do
          local x = library.full({ 3, width }, 1):track()
          local optimizer = library.optimizer { x }
          local gradient = optimizer:gradients()[1]
          gradient:copy_(library.full({ 3, width }, -0.0))
          gradient:slice(1, 2, 2):slice(2, place, place):copy_(library.full({ 1, 1 }, 1e-30))
          optimizer:adam { lr = 0.5, beta1 = 0, beta2 = 0, eps = 1, weight_decay = 1,
            sparse = true }
          local sums = (x:sum(2) / width):totable()
          assert.same({ 1.0, 1.0 }, { sums[1], sums[3] })
          assert.truthy(sums[2] < 0.8)
        end
      end
    end
  end)
end)
