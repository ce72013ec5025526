-- Tensors and gradients: what everything else is made of. Needs no data.
local cmml = require "cmml"

-- From numbers, or of one value; a tensor prints itself.
local a = cmml.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
local ones = cmml.ones { 3, 2 }
print(a)
print("shape", table.concat(a.shape, " x "), "numbers", a.count, "type", a.dtype)

-- Arithmetic goes element by element, and repeats what is smaller; `matmul` is the matrix product.
-- Every op is a function and a method: cmml.relu(x) is x:relu().
print("row sums", table.concat(a:sum(2):totable(), " "))
print("a - mean of each row")
print(a - a:mean(2, true))
print("a x ones")
print(a:matmul(ones))

-- What does an op do? All of them: cmml.help()
cmml.help("mse")

-- Gradients. `track` makes a tensor one that gradients can be asked for; nothing is stored on it.
local x = cmml.tensor { 0.5, 1, 2 }:track()
local y = (x ^ 3):sum()
local slope = cmml.grad(y, x, { create_graph = true })
print("x^3, its slope 3 x^2, and the slope of that, 6 x")
print(table.concat((x ^ 3):totable(), "\t"))
print(table.concat(slope:totable(), "\t"))
print(table.concat(cmml.grad(slope:sum(), x):totable(), "\t"))

-- Least squares by gradient descent: y = 2 x - 1 with a little noise, found again.
local inputs = cmml.uniform({ 200, 1 }, -1, 1, { seed = 1 })
local targets = inputs * 2 - 1 + cmml.normal({ 200, 1 }, 0, 0.05, { seed = 2 })
local line = { weight = cmml.parameter(cmml.zeros { 1, 1 }),
  bias = cmml.parameter(cmml.zeros { 1 }) }
for _ = 1, 200 do
  local loss = cmml.mse(cmml.linear(inputs, line.weight, line.bias), targets)
  local gradient = cmml.grad(loss, line) -- a table like `line`
  cmml.no_grad(function()
    for name, parameter in pairs(line) do
      parameter:copy_(parameter - gradient[name] * 0.3)
    end
  end)
end
print(("fitted y = %.2f x %+.2f"):format(line.weight:item(), line.bias:item()))

-- Mistakes are named, at the line that made them.
print(select(2, pcall(cmml.matmul, a, a)))
