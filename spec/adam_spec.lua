require "spec.support.close"
local cmml = require "cmml"
local ref = require "spec.support.ref"
local seed = require "spec.support.seed"

local cores = { float32 = cmml.core, float64 = cmml.double.core }

-- Adam in plain Lua, on lists of numbers (Kingma and Ba 2015; AdamW: Loshchilov and Hutter 2019).
local function reference(values, options)
  local o = { lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0,
    clip = math.huge }
  for key, value in pairs(options) do
    o[key] = value
  end
  local state = { p = { table.unpack(values) }, m = {}, v = {}, t = 0 }
  function state.step(gradient)
    state.t = state.t + 1
    for i, p in ipairs(state.p) do
      local g = math.max(-o.clip, math.min(o.clip, gradient[i]))
      if o.decoupled then
        p = p - o.lr * o.weight_decay * p
      else
        g = g + o.weight_decay * p
      end
      state.m[i] = o.beta1 * (state.m[i] or 0) + (1 - o.beta1) * g
      state.v[i] = o.beta2 * (state.v[i] or 0) + (1 - o.beta2) * g * g
      local m, v = state.m[i] / (1 - o.beta1 ^ state.t), state.v[i] / (1 - o.beta2 ^ state.t)
      state.p[i] = p - o.lr * m / (math.sqrt(v) + o.eps)
    end
  end
  return state
end

local settings = {
  plain = {},
  ["other rates"] = { lr = 0.05, beta1 = 0.5, beta2 = 0.9, eps = 1e-3 },
  ["L2 in the gradient"] = { lr = 0.01, weight_decay = 0.1 },
  ["decoupled decay"] = { lr = 0.01, weight_decay = 0.1, decoupled = true },
  ["clipped entries"] = { lr = 0.01, clip = 0.25 },
  ["clip before L2"] = { lr = 0.01, clip = 0.25, weight_decay = 0.5 },
  ["clip and decoupled decay"] = { lr = 0.01, clip = 0.25, weight_decay = 0.5, decoupled = true },
}

describe("Adam", function()
  for name, options in pairs(settings) do
    for dtype, core in pairs(cores) do
      it(("follows its definition, %s, %s"):format(name, dtype), function()
        local stream, n = seed(name), 21
        local start = stream:list(n)
        local x = ref.tensor(core, ref.new({ n }, start)):track()
        local optimizer, oracle = core.optimizer { x }, reference(start, options)
        for _ = 1, 20 do
          local target = stream:list(n)
          -- Loss <x, target> + x^2/2: the gradient is target + x.
          local gradient = {}
          for i, p in ipairs(oracle.p) do
            gradient[i] = target[i] + p
          end
          local loss = (x * ref.tensor(core, ref.new({ n }, target))):sum() + (x * x):sum() * 0.5
          optimizer:backward(loss):adam(options)
          oracle.step(gradient)
        end
        local tolerance = dtype == "float64" and 1e-12 or 2e-5
        assert.near_tensor(ref.new({ n }, oracle.p), x, tolerance)
        local first, second = optimizer:moments()
        assert.near_tensor(ref.new({ n }, oracle.m), first[1], tolerance)
        assert.near_tensor(ref.new({ n }, oracle.v), second[1], tolerance)
        assert.equal(20, optimizer:steps())
      end)
    end
  end

  it("leaves a parameter without gradient and decay where it is", function()
    local core = cmml.core
    local x, idle = core.tensor({ 1, 2 }):track(), core.tensor({ 3, 4 }):track()
    local optimizer = core.optimizer { x, idle }
    optimizer:backward(x:sum()):adam { lr = 0.5 }
    assert.same({ 3, 4 }, idle:totable())
    assert.near_tensor(ref.new({ 2 }, { 0.5, 1.5 }), x, 1e-6)
  end)
end)

describe("adam of a module", function()
  it("refuses unknown options and names what it knows", function()
    local layer = cmml.nn.linear { inp = 2, out = 1 }
    local ok, message = pcall(cmml.optim.adam, layer, { learning_rate = 1 })
    assert.is_false(ok)
    assert.matches("adam: unknown option learning_rate", message)
    ok, message = pcall(cmml.optim.adam, layer, { lr = "fast" })
    assert.is_false(ok)
    assert.matches('adam: option lr must be a number, not "fast"', message)
  end)
end)
