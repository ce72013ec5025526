-- Errors in functions that the library calls for its user - hooks, functions of losses, layers and
-- recommenders of their own: they arrive as they were raised, and nothing of the library's state
-- tells that they happened.
local cmml = require "cmml"
local people = require "spec.support.people"
local temporary = require "spec.support.temporary"
local core, nn = cmml.core, cmml.nn

local data = people.data(cmml, { users = 24, items = 10, rated = 6 })
local thrown = setmetatable({}, { __name = "thrown" })

local function fresh(seed)
  return cmml.cmml(data.catalogue, people.small(seed))
end

-- Raises at the n-th call.
local function bomb(n)
  local calls = 0
  return function()
    calls = calls + 1
    if calls == n then
      error(thrown)
    end
  end
end

local function live()
  collectgarbage()
  collectgarbage()
  local memory = core.memory()
  return memory.live, memory.blocks
end

-- Runs f, which must raise `thrown`; then memory must be back and recording on.
local function survive(f)
  pcall(f) -- once before: what is kept between calls has its size then
  local bytes, blocks = live()
  local ok, caught = pcall(f)
  assert.is_false(ok)
  assert.equal(thrown, caught)
  assert.is_true(core.grad_enable(true))
  caught = nil -- luacheck: ignore 311
  local bytes_after, blocks_after = live()
  assert.equal(bytes, bytes_after)
  assert.equal(blocks, blocks_after)
end

describe("an error in a hook of training", function()
  local expected

  setup(function()
    local model = fresh()
    cmml.train(model, data, people.training())
    expected = people.bits(model)
  end)

  for _, hook in ipairs { "on_step", "on_epoch" } do
    for n = 1, 3 do
      it(("arrives as it is and leaves nothing behind: %s, call %d"):format(hook, n), function()
        survive(function()
          cmml.train(fresh(), data, people.training { batch = 4, [hook] = bomb(n) })
        end)
        local model = fresh()
        cmml.train(model, data, people.training())
        assert.equal(expected, people.bits(model))
      end)
    end

    it("loses no finished epoch: " .. hook, function()
      local folder = temporary.folder()
      local ok, caught = pcall(cmml.train, fresh(), data, people.training { out = folder,
        [hook] = bomb(hook == "on_step" and 3 or 2), batch = 16 })
      assert.is_false(ok)
      assert.equal(thrown, caught)
      local model = fresh()
      cmml.train(model, data, people.training { out = folder, resume = true })
      assert.equal(expected, people.bits(model))
      temporary.remove(folder)
    end)
  end
end)

describe("no_grad", function()
  it("gives all that the function gives, and passes all arguments", function()
    assert.same({ n = 3, 1, nil, 3 }, table.pack(cmml.no_grad(function(...)
      assert.is_false(core.grad_enable(false))
      return ...
    end, 1, nil, 3)))
    assert.is_true(core.grad_enable(true))
    assert.equal(0, select("#", cmml.no_grad(function() end)))
    assert.same({ 2 }, cmml.no_grad(setmetatable({}, { __call = function(_, x)
      return { x }
    end }), 2))
  end)

  it("restores what was before, through errors and calls of itself", function()
    survive(function()
      cmml.no_grad(function()
        local x = cmml.ones { 100 }
        pcall(cmml.no_grad, error, x)
        assert.is_false(core.grad_enable(false))
        cmml.no_grad(error, thrown)
      end)
    end)
    local ok, message = pcall(cmml.no_grad)
    assert.is_false(ok)
    assert.matches("value expected", message)
    assert.is_false(pcall(cmml.no_grad, 1))
    assert.is_true(core.grad_enable(true))
  end)

  it("cannot be left by a yield, which would leave recording off", function()
    local ok, message = coroutine.resume(coroutine.create(function()
      cmml.no_grad(coroutine.yield)
    end))
    assert.is_false(ok)
    assert.matches("yield", message)
    assert.is_true(core.grad_enable(true))
  end)

  it("restores when the stack of Lua overflows", function()
    local function deeper(...)
      return cmml.no_grad(deeper, ...) + 1
    end
    local ok, message = pcall(deeper)
    assert.is_false(ok)
    assert.matches("overflow", tostring(message))
    assert.is_true(core.grad_enable(true))
  end)
end)

describe("an error in a user's", function()
  -- A layer that raises at its n-th call.
  local Faulty = nn.class "spec.Faulty"
  function Faulty:forward(x)
    self.bomb()
    return core.linear(x, self.weight, nil, "tanh")
  end

  local function faulty(n)
    local self = Faulty.new()
    self.bomb = bomb(n)
    self:register("weight", cmml.uniform({ 6, 6 }, -1, 1, { seed = 1 }))
    return self
  end

  for n = 1, 4 do
    it("layer leaves the optimiser as it was: call " .. n, function()
      survive(function()
        local layer = faulty(n)
        local optimiser = cmml.optim.adam(layer)
        for _ = 1, n do
          local loss = layer(layer(cmml.ones { 2, 6 })):square():sum()
          optimiser:backward(loss)
          optimiser:step()
        end
      end)
      -- What was stepped over is as if it had never been tried.
      local layer, other = faulty(n), faulty(0)
      local a, b = cmml.optim.adam(layer), cmml.optim.adam(other)
      local function step(module, optimiser)
        optimiser:backward(module(module(cmml.ones { 2, 6 })):square():sum())
        optimiser:step()
      end
      for _ = 1, 3 do
        if not pcall(step, layer, a) then
          step(layer, a)
        end
        step(other, b)
      end
      assert.equal(other.weight:tobytes(), layer.weight:tobytes())
    end)
  end

  it("layer under functional leaves the module's own weights", function()
    local layer = faulty(1)
    local before = layer.weight
    local ok, caught = pcall(cmml.nn.functional(layer, { weight = cmml.zeros { 6, 6 } }),
      cmml.ones { 1, 6 })
    assert.is_false(ok)
    assert.equal(thrown, caught)
    assert.equal(before, layer.weight)
    assert.is_true(layer.weight:tobytes() ~= cmml.zeros({ 6, 6 }):tobytes())
  end)

  it("loss arrives through value_and_grad and gradcheck", function()
    survive(function()
      local x = cmml.ones({ 3 }):track()
      cmml.value_and_grad(function(params)
        assert(params:exp():sum().tracked)
        error(thrown)
      end)(x)
    end)
    survive(function()
      local calls = bomb(3)
      cmml.gradcheck(function(_, x)
        calls()
        return x:exp():sum()
      end, { { 1, 2, 3 } })
    end)
  end)

  it("recommender arrives through evaluate, adapt and predict", function()
    local model = fresh()
    local tasks = cmml.users.tasks { ratings = data.ratings, users = data.valid, bags = data.bags,
      batch = 2, support = 3, query = 2, seed = 1 }
    for _, method in ipairs { "adapt_rows", "score_rows" } do
      local broken = setmetatable({ [method] = function()
        error(thrown)
      end }, { __index = model, __tostring = getmetatable(model).__tostring })
      survive(function()
        cmml.evaluate({ model, broken }, tasks, { draws = 1 })
      end)
      survive(function()
        model.adapt(broken, { { "f1", 4 } }):predict { "f2" }
      end)
    end
  end)
end)
