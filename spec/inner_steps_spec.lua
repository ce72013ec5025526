-- Kinds that adapt by gradients: they are recorded while it adapts, whoever calls, and nothing of
-- them is left in what comes out.
local cmml = require "cmml"
local people = require "spec.support.people"
local toys = require "spec.support.toy_kinds"
local core = cmml.core

toys.declare(cmml.double, { "users" })

local data = people.data(cmml, { users = 20, items = 8, rated = 5 })
local model = cmml.recommenders.toy_inner(data.catalogue)
local tasks = cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags,
  support = 3, query = 2 }

local function list(tensor)
  return tensor:reshape({ -1 }):totable()
end

describe("adapting by gradients", function()
  local support = tasks:batches(1)().support

  it("takes two steps down the error of the support, as written by hand", function()
    local vectors = model.module.vectors:detach():totable()
    local bias, start = model.module.bias:totable(), model.module.start:totable()
    local items, labels = support.items:totable(), support.labels:totable()
    local found, first = model:state_of(support).task:totable(), 0
    for t, n in ipairs(support.segments:totable()) do
      local w = { table.unpack(start) }
      for _ = 1, 2 do
        local slope = { 0, 0, 0, 0 }
        for r = first + 1, first + n do
          local x, left = vectors[items[r]], bias[items[r]] - labels[r]
          for k = 1, 4 do
            left = left + w[k] * x[k]
          end
          for k = 1, 4 do
            slope[k] = slope[k] + 2 * left * x[k] / n
          end
        end
        for k = 1, 4 do
          w[k] = w[k] - 0.1 * slope[k]
        end
      end
      for k = 1, 4 do
        assert.near(w[k], found[t][k], 1e-5)
      end
      first = first + n
    end
  end)

  it("records gradients in whatever calls it, and leaves recording as it was", function()
    local expected = list(model:state_of(support).task)
    assert.same(expected, list(cmml.no_grad(model.state_of, model, support).task))
    cmml.no_grad(function()
      model:state_of(support)
      assert.is_false(core.grad_enable(false))
    end)
    model:state_of(support)
    assert.is_true(core.grad_enable(true))
    local broken = setmetatable({ adapt_rows = function()
      error("broken", 0)
    end }, { __index = model })
    cmml.no_grad(function()
      assert.has_error(function()
        broken:state_of(support)
      end, "broken")
      assert.is_false(core.grad_enable(false))
    end)
  end)

  it("gives a state and scores without a graph", function()
    local state = model:state_of(support)
    assert.is_false(state.task.tracked)
    assert.is_false(model:scores_of(state, support).tracked)
    assert.is_true(model:adapt_rows(support).task.tracked) -- as training has it
    local adapted = model:adapt { { "f1", 5 }, { "f2", 1 } }
    assert.is_false(adapted.state.task.tracked)
  end)

  it("detaches whatever tables the state is made of, and shares what is no tensor", function()
    local deep = setmetatable({ adapt_rows = function()
      local one = model.module.start * 2
      local pair = { one, deeper = { one } }
      pair.itself = pair
      return { pair = pair, catalogue = data.catalogue, number = 3 }
    end }, { __index = model })
    local state = deep:state_of(support)
    assert.is_false(state.pair[1].tracked)
    assert.is_false(state.pair.deeper[1].tracked)
    assert.equal(state.pair, state.pair.itself)
    assert.equal(data.catalogue, state.catalogue)
    assert.equal(3, state.number)
  end)

  it("needs no more memory the more often it is done", function()
    local function live()
      collectgarbage()
      collectgarbage()
      return core.memory().live
    end
    local kept = {}
    local function some(n)
      for i = 1, n do
        kept[1] = model:adapt { { "f1", 5 }, { "f2", i } }
        kept[1]:predict { "f3" }
        kept[2] = model:state_of(support)
      end
      return live()
    end
    local before = some(3)
    assert.equal(before, some(30))
    local found = cmml.evaluate({ model }, tasks, { draws = 1 })
    before = live()
    for _ = 1, 5 do
      cmml.evaluate({ model }, tasks, { draws = 1 })
    end
    assert.equal(before, live())
    assert.truthy(found[1].mae.mean == found[1].mae.mean)
  end)

  it("does more for the support the more steps it takes", function()
    local before
    for _, steps in ipairs { 0, 1, 2, 8 } do
      local of = cmml.recommenders.toy_inner(data.catalogue, { inner_steps = steps })
      local scores = of:scores_of(of:state_of(support), support)
      local errors = (scores - support.labels):square():mean():item()
      assert.truthy(not before or errors < before)
      before = errors
    end
  end)

  it("is differentiated through, by derivatives of second order", function()
    local double = cmml.double
    local world = people.data(double, { users = 20, items = 8, rated = 5 })
    local of = double.recommenders.toy_inner(world.catalogue, { width = 2 })
    local batch = double.users.tasks({ ratings = world.all, users = world.test,
      bags = world.bags, support = 3, query = 2 }):batches(1)()
    local names, points = {}, {}
    for i, pair in ipairs(of.module:named_parameters()) do
      names[i], points[i] = pair[1], pair[2]:detach()
    end
    local function loss(...)
      local values = {}
      for i, value in ipairs { ... } do
        values[names[i]] = value
      end
      return setmetatable({ module = double.nn.functional(of.module, values) },
        { __index = of }):loss(batch)
    end
    assert.is_true(double.gradcheck(function(_, ...)
      return loss(...)
    end, points))
    -- the gradient with the inner ones held constant is another one
    local tracked = {}
    for i, point in ipairs(points) do
      tracked[i] = point:clone():track()
    end
    local whole = double.grad(loss(table.unpack(tracked)), tracked)
    local grad = double.grad
    double.grad = function(value, wanted) -- first order
      return grad(value, wanted, { retain = true }):detach()
    end
    local first_order = grad(loss(table.unpack(tracked)), tracked)
    double.grad = grad
    assert.truthy((whole[1] - first_order[1]):abs():sum():item() > 1e-3)
  end)
end)
