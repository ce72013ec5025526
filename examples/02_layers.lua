-- Layers of your own: a module, its derivatives checked, trained, and run with other weights.
-- The gate below learns from made data. Needs no files.
local cmml = require "cmml"
local nn = cmml.nn

-- A module is a class with `forward`; what it learns is announced with `register`. This one lets a
-- second input decide how much of the first one passes: y = sigmoid(W c + b) * x.
local Gate = nn.class "example.Gate"

local function gate(options)
  local self = Gate.new()
  self:register("decide", nn.linear { inp = options.cond, out = options.width,
    activation = "sigmoid", init = options.init })
  return self
end

function Gate:forward(x, condition)
  return self.decide(condition) * x
end

local model = gate { width = 2, cond = 3, init = nn.init(1) }
print(model)
print(model:describe())

-- Is the derivative right? Finite differences in double precision say so, the second one too. The
-- function computes with the library it is given: `c` is the double one.
local function apply_gate(c, x, condition, weight, bias)
  return c.linear(condition, weight, bias, "sigmoid") * x
end
cmml.gradcheck(apply_gate, { { { 0.5, -1 }, { 2, 0.25 } }, { { 1, 2, 3 }, { -1, 0.5, 0 } },
  { { 0.1, 0.2, -0.3 }, { 0.4, -0.5, 0.6 } }, { 0.05, -0.1 } }, { second = true })
print("first and second derivatives agree with finite differences")

-- Training with Adam towards a gate that is known.
local truth = gate { width = 2, cond = 3, init = nn.init(2) }
local optimiser = cmml.optim.adam(model, { lr = 0.05 })
for step = 1, 300 do
  local key = { seed = 3, task = step }
  local x, condition = cmml.normal({ 64, 2 }, 0, 1, key), cmml.normal({ 64, 3 }, 0, 1, key)
  local loss = cmml.mse(model(x, condition), truth(x, condition):detach())
  optimiser:backward(loss)
  optimiser:step()
  if step == 1 or step % 100 == 0 then
    print(("step %3d  loss %.6f"):format(step, loss:item()))
  end
end

-- The same module with other weights than its own: here one gradient step further, and the step is
-- a part of the computation, so that it could be differentiated, too.
local x, condition = cmml.ones { 1, 2 }, cmml.ones { 1, 3 }
local loss = cmml.mse(model(x, condition), cmml.zeros { 1, 2 })
local weights = {}
for name, parameter in model:parameters() do
  weights[name] = parameter
end
local gradients = cmml.grad(loss, weights, { create_graph = true })
for name, parameter in model:parameters() do
  weights[name] = parameter - gradients[name]
end
local adapted = cmml.nn.functional(model, weights)
print("its own weights     ", table.concat(model(x, condition):totable()[1], "  "))
print("one step towards 0  ", table.concat(adapted(x, condition):totable()[1], "  "))
