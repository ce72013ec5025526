-- Kinds of `ops_`: layers and single ops, told by their config keys and tensors. Each has outputs
-- and, unless it says otherwise, the loss sum(output * probe).
local cmml = require "cmml"
local named = require "spec.support.golden.named"

local kinds = {}

-- match: config keys and tensors that tell the kind; run(case) gives its outputs by name.
local function kind(match, run)
  kinds[#kinds + 1] = {
    match = match,
    run = function(case)
      local outputs, loss = run(case)
      for name, value in pairs(outputs) do
        case:expect("output." .. name, value)
      end
      if not loss then
        loss = cmml.zeros {}
        for name, value in pairs(outputs) do
          local probe = case:has("input.probe_" .. name) and "input.probe_" .. name or "input.probe"
          loss = loss + cmml.sum(value * case:tensor(probe))
        end
      end
      case:differentiate(loss)
    end,
  }
end

local function has(name)
  return function(case)
    return case:has(name)
  end
end

local fused = { identity = true, relu = true, leaky_relu = true, sigmoid = true, tanh = true }

--- activation(x weight^T + bias) with the parameters of a case.
-- @tparam Case case
-- @tparam string name of the layer; without a bias in the file it has none
-- @tparam Tensor x
-- @tparam[opt="identity"] string activation
-- @treturn Tensor
function kinds.layer(case, name, x, activation)
  activation = activation or "identity"
  if not fused[activation] then
    case:needs(activation)
  end
  local weight = case:tensor(("param.%s.weight"):format(name))
  local bias = ("param.%s.bias"):format(name)
  local y = cmml.linear(x, weight, case:has(bias) and case:tensor(bias) or nil,
    fused[activation] and activation or nil)
  return fused[activation] and y or cmml[activation](y)
end

kind(has "param.linear.weight", function(case)
  local x = case:tensor "input.x"
  case:size("shape", x.shape)
  if case:option("bias", true) ~= case:has "param.linear.bias" then
    error("config.bias and the tensors contradict each other", 0)
  end
  local y = kinds.layer(case, "linear", x, case:option "activation")
  case:size("outputs", y.shape[y.ndim])
  return { y = y }
end)

kind(function(case)
  return case.config.log ~= nil
end, function(case)
  local op = case:option "log" and "log_softmax" or "softmax"
  case:needs(op)
  local x = case:tensor "input.x"
  case:size("shape", x.shape)
  case:option("offset", 0) -- how the numbers were drawn
  return { y = cmml[op](x, case:option "axis" + 1) }
end)

for _, entry in ipairs(require("spec.support.golden.sequence").kinds) do
  kind(entry[1], entry[2])
end

kind(function(case)
  return case:has "param.table.weight" and case:has "input.lengths"
end, function(case)
  local weight, segments = case:tensor "param.table.weight", case:segments "input.lengths"
  case:size("lengths", segments:totable())
  case:size("rows", weight.shape[1])
  case:size("width", weight.shape[2])
  return { y = cmml.embedding_bag(weight, case:ids "input.values", segments) }
end)

kind(has "param.table.weight", function(case)
  local weight = case:tensor "param.table.weight"
  local ids, shape = case:ids "input.index"
  case:size("shape", shape)
  case:size("rows", weight.shape[1])
  case:size("width", weight.shape[2])
  local rows = cmml.embedding(weight, ids)
  local whole = { table.unpack(shape) }
  whole[#whole + 1] = weight.shape[2]
  return { y = rows:reshape(whole) }
end)

--- Reduces groups of rows as config.kind says.
-- @tparam Case case
-- @tparam Tensor x
-- @treturn Tensor a row for each of input.lengths
function kinds.group(case, x)
  local op = "segment_" .. case:option "kind"
  case:needs(op)
  local segments = case:segments "input.lengths"
  case:size("lengths", segments:totable())
  return cmml[op](x, segments)
end

kind(function(case)
  return case.config.kind and case:has "input.lengths"
end, function(case)
  local x = case:tensor "input.x"
  case:size("width", x.shape[2])
  return { y = kinds.group(case, x) }
end)

kind(has "input.base", function(case)
  local base, ids = case:tensor "input.base", case:ids "input.index"
  case:size("rows", base.shape[1])
  case:size("width", base.shape[2])
  case:size("count", #ids)
  return { y = cmml.scatter_add_rows(base, case:tensor "input.x", ids) }
end)

kind(has "input.index", function(case)
  local ids, shape = case:ids "input.index"
  local x = case:tensor "input.x"
  case:size("rows", x.shape[1])
  case:size("width", x.shape[2])
  case:size("count", shape[#shape])
  if #shape > 1 then
    return { y = cmml.gather(x, ids, shape[#shape]) }
  end
  return { y = cmml.gather_rows(x, ids) }
end)

kind(has "output.div", function(case)
  local a, b = case:tensor "input.a", case:tensor "input.b"
  case:size("shape_a", a.shape)
  case:size("shape_b", b.shape)
  return { add = a + b, sub = a - b, mul = a * b, div = a / b }
end)

kind(function(case)
  return case.config.shape_a and case:has "output.y"
end, function(case)
  local a, b = case:tensor "input.a", case:tensor "input.b"
  case:size("shape_a", a.shape)
  case:size("shape_b", b.shape)
  return { y = cmml.matmul(a, b) }
end)

kind(has "input.a", function(case)
  local a, b = case:tensor "input.a", case:tensor "input.b"
  case:size("rows", a.shape[1])
  case:size("width", a.shape[2])
  return { y = cmml.row_dot(a, b) }
end)

kind(function(case)
  return case.config.shapes and case.config.axis
end, function(case)
  local list, shapes = {}, {}
  for i = 1, #case:option "shapes" do
    list[i] = case:tensor("input.x" .. i - 1)
    shapes[i] = list[i].shape
  end
  case:size("shapes", shapes)
  return { y = cmml.concat(list, case:option "axis" + 1) }
end)

kind(has "input.cross_entropy.logits", require "spec.support.golden.losses")
kind(has "input.x", named)

return kinds
