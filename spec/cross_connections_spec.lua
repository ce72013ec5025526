-- The network of CoNet: beside plain Lua and finite differences.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local double = cmml.double

local function numbers(c, shape, stream)
  return c.uniform(shape, -1, 1, { seed = 5, stream = c.core.streams.user, task = stream })
end

describe("the network of CoNet", function()
  -- Two tasks, with weights of their own.
  local segments = double.segments { 3, 2 }
  local function world(weights)
    local network = double.cross_connections { inp = 4, layers = { 3, 2 },
      init = double.nn.init(3) }
    weights = weights or double.task_layers.spread(network:weights(), 2)
    return network, weights
  end
  local target, source = numbers(double, { 5, 4 }, 1), numbers(double, { 5, 4 }, 2)

  it("is two towers that get what the other has, by hand", function()
    local network, weights = world()
    for task = 1, 2 do -- other weights for each
      for _, list in ipairs { weights.target, weights.source, weights.transfer } do
        for _, layer in ipairs(list) do
          assert.equal(2, layer.weight.shape[1], task)
        end
      end
    end
    for _, list in ipairs { weights.target, weights.source, weights.transfer } do
      for _, layer in ipairs(list) do
        local twice = double.tensor { 1, -2 }
        layer.weight = layer.weight * twice:reshape { 2, 1, 1 }
        layer.bias = layer.bias * twice:reshape { 2, 1 }
      end
    end
    local of_target, of_source = network.logits(target, source, weights, segments)
    local found = { of_target:totable(), of_source:totable() }
    local function affine(layer, task, x)
      local y, w, b = {}, layer.weight:totable()[task], layer.bias:totable()[task]
      for o in ipairs(w) do
        y[o] = b[o]
        for i in ipairs(x) do
          y[o] = y[o] + w[o][i] * x[i]
        end
      end
      return y
    end
    local function relu_of_sum(a, b)
      local y = {}
      for i in ipairs(a) do
        y[i] = math.max(0, a[i] + b[i])
      end
      return y
    end
    for row = 1, 5 do
      local task = row <= 3 and 1 or 2
      local t, s = target:totable()[row], source:totable()[row]
      for l, transfer in ipairs(weights.transfer) do
        local of_t, of_s = affine(transfer, task, t), affine(transfer, task, s)
        t, s = relu_of_sum(affine(weights.target[l], task, t), of_s),
          relu_of_sum(affine(weights.source[l], task, s), of_t)
      end
      assert.near(affine(weights.target_out, task, t)[1], found[1][row], 1e-12)
      assert.near(affine(weights.source_out, task, s)[1], found[2][row], 1e-12)
    end
    local alone, nothing = network.logits(target, source, weights, segments, { source = false })
    assert.same(found[1], alone:totable())
    assert.is_nil(nothing)
  end)

  it("has the gradients that finite differences have, of shared and of tasks' own weights",
    function()
      local network, weights = world()
      local shared = network:weights()
      for _, of in ipairs { shared, weights } do
        local points, places = {}, {}
        for _, name in ipairs { "target", "source", "transfer" } do
          for l, layer in ipairs(of[name]) do
            for _, key in ipairs { "weight", "bias" } do
              points[#points + 1] = layer[key]:detach():clone():track()
              places[#points] = { name, l, key }
            end
          end
        end
        assert.is_true(double.gradcheck(function(_, ...)
          local own = { target = {}, source = {}, transfer = {}, target_out = of.target_out,
            source_out = of.source_out }
          for i, value in ipairs { ... } do
            local name, l, key = table.unpack(places[i])
            own[name][l] = own[name][l] or {}
            own[name][l][key] = value
          end
          local a, b = network.logits(target, source, own, segments)
          return (a:square() + b:tanh()):sum() + network.sparsity(own):sum() * 0.1
        end, points))
      end
    end)

  it("sums the absolute transfer weights, without biases, task by task", function()
    local network, weights = world()
    local sum = 0
    for _, name in ipairs { "0", "1" } do
      for _, row in ipairs(network.transfer[name].weight:totable()) do
        for _, x in ipairs(row) do
          sum = sum + math.abs(x)
        end
      end
    end
    assert.near(sum, network.sparsity(network:weights()):item(), 1e-12)
    local of_tasks = network.sparsity(weights):totable()
    assert.near(sum, of_tasks[1], 1e-12)
    assert.near(sum, of_tasks[2], 1e-12)
    local without = cmml.cross_connections { inp = 4, layers = { 3 }, transfer_bias = false }
    assert.is_nil(without.transfer["0"].bias)
    assert.equal(3 * 4 * 3 + 3 * 2 + 2 * 4, without:count())
    refused("cross_connections: layers is empty", cmml.cross_connections,
      { inp = 4, layers = {} })
  end)
end)
