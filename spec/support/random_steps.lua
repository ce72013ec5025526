--- How the ops may be applied to what a random program has made so far (random_program.lua).
--
-- A maker gets the program and gives the tensors and the options of an application, or nil if it
-- finds nothing to apply its op to.
local ref = require "spec.support.ref"

local makers = {}

local function with(...)
  return table.pack(...)
end

local function unary(program)
  return { program:pick() }, with()
end
for _, name in ipairs { "neg", "square", "exp", "abs", "relu", "sigmoid", "tanh", "softplus",
  "log_sigmoid", "erf", "gelu", "leaky_relu" } do
  makers[name] = unary
end

-- Positive, away from zero.
local function positive(program)
  return { program:positive() }, with()
end
makers.sqrt, makers.log, makers.reciprocal = positive, positive, positive
function makers.pow(program)
  return { program:positive() }, with(program:choose { -1.5, -1, 0.5, 2, 2.5, 3 })
end

function makers.clamp(program)
  return { program:pick() }, with(program:choose { -1, -0.3 }, program:choose { 0.6, 1.1 })
end

local function binary(program)
  local x = program:pick()
  return program:shuffled { x, program:partner(x) }, with()
end
makers.add, makers.sub, makers.mul = binary, binary, binary
makers.maximum, makers.minimum = binary, binary
function makers.div(program)
  local x = program:positive()
  return { program:partner(x), x }, with()
end
function makers.where(program)
  local x = program:pick()
  local y = program:partner(x)
  return { program:fresh(program:choose { x.shape, y.shape }, "nonzero", true), x, y }, with()
end

local function has_dims(least)
  return function(x)
    return #x.shape >= least
  end
end

-- A dim of x, from the front or from the back.
local function any_dim(program, x)
  local dim = program:whole(1, #x.shape)
  return program:chance(0.5) and dim or dim - #x.shape - 1
end

local function reduction(program)
  local x = program:pick()
  if #x.shape == 0 or program:chance(0.2) then
    return { x }, with(nil, program:chance(0.3) or nil)
  end
  return { x }, with(any_dim(program, x), program:chance(0.5))
end
makers.sum = reduction
local function nonempty_reduction(program)
  local inputs, options = reduction(program)
  if ref.size(inputs[1].shape) > 0 then
    return inputs, options
  end
end
makers.mean, makers.variance = nonempty_reduction, nonempty_reduction
makers.norm, makers.max = nonempty_reduction, nonempty_reduction
function makers.sum_to(program)
  local x = program:pick()
  return { x }, with(program:reduced(x.shape))
end

local function along_dim(program)
  local x = program:pick(has_dims(1))
  if x then
    return { x }, with(program:chance(0.5) and any_dim(program, x) or nil)
  end
end
makers.softmax, makers.log_softmax = along_dim, along_dim

function makers.reshape(program)
  local x = program:pick()
  return { x }, with(program:regrouped(ref.size(x.shape)))
end
function makers.permute(program)
  local x = program:pick()
  local order = {}
  for d = 1, #x.shape do
    order[d] = d
  end
  return { x }, with(program:shuffled(order))
end
function makers.transpose(program)
  local x = program:pick(has_dims(2))
  if x then
    return { x }, with(any_dim(program, x), any_dim(program, x))
  end
end
function makers.expand(program)
  local x = program:pick(has_dims(0))
  local shape = {}
  for d, n in ipairs(x.shape) do
    shape[d] = n == 1 and program:whole(0, 3) or n
  end
  if #shape < 4 and program:chance(0.5) then
    table.insert(shape, 1, program:whole(1, 3))
  end
  return { x }, with(shape)
end
function makers.slice(program)
  local x = program:pick(has_dims(1))
  if x then
    local dim = any_dim(program, x)
    local size = x.shape[dim < 0 and dim + #x.shape + 1 or dim]
    local first = program:whole(1, size + 1)
    return { x }, with(dim, first, program:whole(first - 1, size))
  end
end
function makers.unslice(program)
  local x = program:pick(has_dims(1))
  if x then
    local dim, first = any_dim(program, x), program:whole(1, 3)
    local size = x.shape[dim < 0 and dim + #x.shape + 1 or dim]
    return { x }, with(dim, first, first - 1 + size + program:whole(0, 2))
  end
end

function makers.concat(program)
  local x = program:pick(has_dims(1))
  if x then
    local dim, list = any_dim(program, x), { x }
    local place = dim < 0 and dim + #x.shape + 1 or dim
    for _ = 1, program:whole(0, 3) do
      local shape = { table.unpack(x.shape) }
      shape[place] = program:size()
      list[#list + 1] = program:chance(0.3) and x or program:of_shape(shape)
    end
    return program:shuffled(list), with(dim)
  end
end

function makers.matmul(program)
  local x = program:pick(has_dims(2))
  if x then
    local n, columns = #x.shape, program:size()
    local batch = program:reduced { table.unpack(x.shape, 1, n - 2) }
    batch[#batch + 1], batch[#batch + 2] = x.shape[n], columns
    return { x, program:of_shape(batch) }, with()
  end
end
function makers.gram(program)
  local x = program:pick(has_dims(2))
  return x and { x }, with()
end
function makers.row_dot(program)
  local x = program:pick(has_dims(1))
  return x and { x, program:of_shape(x.shape) }, with()
end
local activations = { "identity", "relu", "leaky_relu", "sigmoid", "tanh" }
function makers.linear(program)
  local x = program:pick(has_dims(1))
  if x then
    local out, list = program:size(), { x }
    list[2] = program:of_shape { out, x.shape[#x.shape] }
    if program:chance(0.5) then
      list[3] = program:of_shape { out }
      return list, with(program:choose(activations))
    end
    return list, with(nil, program:choose(activations))
  end
end
function makers.film(program)
  local x = program:pick(has_dims(1))
  if x then
    local shape = { table.unpack(x.shape) }
    shape[#shape] = 2 * shape[#shape]
    return { x, program:of_shape(shape) }, with(program:choose(activations))
  end
end

function makers.layer_norm(program)
  local x = program:pick(has_dims(1))
  if x then
    local width = { x.shape[#x.shape] }
    return { x, program:of_shape(width), program:of_shape(width) },
      with(program:choose { 0.25, 1 })
  end
end
function makers.mse(program)
  local x = program:pick(function(x)
    return ref.size(x.shape) > 0
  end)
  return x and { x, program:of_shape(x.shape) }, with()
end

require "spec.support.random_steps_ids" (makers)
return makers
