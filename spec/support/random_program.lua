--- Random programs of ops: a few leaves, and ops on what was made before, drawn from a seed. Each
-- runs over numbers that differentiate themselves (tape.lua), and over a core.
local apply = require "spec.support.apply"
local choices = require "spec.support.choices"
local makers = require "spec.support.random_steps"
local ref = require "spec.support.ref"
local seed = require "spec.support.seed"
local tape = require "spec.support.tape"

-- The definitions of the ops, over such numbers; uses and refusals are not looked at.
local definitions = tape.require "spec.support.op_cases"

local names = {}
for name in pairs(makers) do
  names[#names + 1] = name
end
table.sort(names)

local most_numbers = 60 -- of a tensor
local largest = 300     -- value or derivative that a program may have

-- Draws whole numbers and the like by itself (choices.lua).
local Program = setmetatable({}, { __index = choices })
Program.__index = Program

--- The size of a dim: 0 and 1 among them.
function Program:size()
  return self:choose { 0, 1, 1, 2, 2, 3, 3, 4, 5 }
end

--- Any shape of few enough numbers.
function Program:shape()
  local shape = {}
  for d = 1, self:whole(0, 4) do
    shape[d] = self:size()
    if ref.size(shape) > most_numbers then
      shape[d] = 1
    end
  end
  return shape
end

--- A shape that broadcasts to another.
function Program:reduced(shape)
  local result = {}
  for d = self:chance(0.3) and self:whole(1, #shape + 1) or 1, #shape do
    result[#result + 1] = self:chance(0.3) and 1 or shape[d]
  end
  return result
end

--- A shape of n numbers.
function Program:regrouped(n)
  local shape = {}
  while n > 1 and #shape < 4 do
    local divisor = self:whole(1, n)
    if n % divisor == 0 then
      shape[#shape + 1], n = divisor, n // divisor
    end
  end
  if n ~= 1 or self:chance(0.2) then
    shape[#shape + 1] = n
  end
  return self:shuffled(shape)
end

--- A new leaf.
-- @tparam table shape
-- @tparam[opt="real"] string domain
-- @tparam[opt] boolean constant nothing is differentiated by it
function Program:fresh(shape, domain, constant)
  local data = self.random:list(ref.size(shape), domain)
  local leaf = { shape = shape, data = data, leaf = true, constant = constant }
  local numbers = {}
  for i, value in ipairs(data) do
    numbers[i] = constant and value or tape.leaf(value)
  end
  leaf.numbers = ref.new(shape, numbers)
  self.steps[#self.steps + 1] = leaf
  return leaf
end

--- Something made before; the later, the likelier. nil if none is as `fits` wants it.
function Program:pick(fits)
  for _ = 1, 8 do
    local step = self.steps[math.max(self:whole(1, #self.steps), self:whole(1, #self.steps))]
    if not step.constant and (not fits or fits(step)) then
      return step
    end
  end
  return not fits and self:fresh(self:shape()) or nil
end

--- Something of a shape: made before, or a new leaf.
function Program:of_shape(shape)
  return self:pick(function(step)
    return table.concat(step.shape, "x") == table.concat(shape, "x")
  end) or self:fresh(shape)
end

--- Something that broadcasts with x.
function Program:partner(x)
  return self:of_shape(self:chance(0.5) and x.shape or self:reduced(x.shape))
end

--- Something positive: half the time made of what was made before.
function Program:positive()
  if self:chance(0.5) then
    return self:fresh(self:shape(), "positive")
  end
  local square = self:apply("square", { self:pick() }, table.pack())
  local half = self:fresh({}, "positive")
  return square and self:apply("add", { square, half }, table.pack()) or half
end

--- Applies an op and keeps the result; nil if it has become too large in any way.
function Program:apply(name, inputs, options)
  local shapes, numbers = {}, {}
  for i, input in ipairs(inputs) do
    shapes[i], numbers[i] = input.shape, input.numbers
  end
  local step = { name = name, inputs = inputs, use = { options = options, table.unpack(shapes) },
    expanded = self:chance(0.3) }
  step.numbers = apply.expected(definitions[name], step.use, numbers)
  step.shape = step.numbers.shape
  if ref.size(step.shape) > most_numbers or #step.shape > 5 or tape.largest > largest then
    self.spoilt = self.spoilt or tape.largest > largest
    return nil
  end
  self.steps[#self.steps + 1] = step
  return step
end

local random_program = {}

--- Draws a program and runs it over the oracle.
-- @tparam integer number the program's seed
-- @treturn ?table the program; nil if its numbers grew too large for a comparison
function random_program.draw(number)
  tape.begin()
  local self = setmetatable({ random = seed("program " .. number), steps = {} }, Program)
  for _ = 1, self:whole(1, 3) do
    self:fresh(self:shape())
  end
  local length, tries = self:whole(1, 10), 0
  while length > 0 and tries < 40 and not self.spoilt do
    local name = self:choose(names)
    local inputs, options = makers[name](self)
    if inputs and not self.spoilt and self:apply(name, inputs, options) then
      length = length - 1
    end
    tries = tries + 1
  end
  if self.spoilt then
    return nil
  end
  -- The loss: weights times the numbers of the last step and of some others.
  local loss = tape.leaf(0.0)
  for i, step in ipairs(self.steps) do
    if not step.constant and (i == #self.steps or self:chance(0.2)) then
      step.weights = self.random:list(ref.size(step.shape))
      for k, weight in ipairs(step.weights) do
        loss = loss + step.numbers.data[k] * weight
      end
    end
  end
  tape.backward(loss)
  self.smooth = not tape.kink
  return tape.largest <= largest and self or nil
end

--- Runs a program over a core.
-- @tparam table core
-- @tparam Program program
-- @treturn table tensors, one a step
-- @treturn Tensor loss
function random_program.run(core, program)
  local forms, place, tensors, loss = core.ops(), {}, {}, core.full({}, 0):track()
  for i, step in ipairs(program.steps) do
    place[step] = i
    if step.leaf then
      tensors[i] = ref.tensor(core, ref.new(step.shape, step.data))
      if not step.constant then
        tensors[i]:track()
      end
    else
      local inputs = {}
      for k, input in ipairs(step.inputs) do
        inputs[k] = tensors[place[input]]
      end
      tensors[i] = apply.call(core, step.name, definitions[step.name], step.use, inputs,
        step.expanded and forms[step.name].form ~= "primitive")
    end
    if step.weights then
      loss = loss + (tensors[i] * ref.tensor(core, ref.new(step.shape, step.weights))):sum()
    end
  end
  return tensors, loss
end

local function plain(numbers, field)
  local data = {}
  for i, x in ipairs(numbers.data) do
    data[i] = type(x) == "number" and x or x[field]
  end
  return ref.new(numbers.shape, data)
end

--- What the oracle says of a step.
-- @tparam table step
-- @treturn table its values
-- @treturn table the gradient of the loss by them
function random_program.expected(step)
  return plain(step.numbers, "value"), plain(step.numbers, "grad")
end

--- The program as text.
-- @tparam Program program
-- @treturn string
function random_program.describe(program)
  local lines, place = {}, {}
  for i, step in ipairs(program.steps) do
    place[step] = i
    local parts = {}
    for k, input in ipairs(step.inputs or {}) do
      parts[k] = "#" .. place[input]
    end
    lines[i] = ("#%d = %s%s(%s), of shape {%s}%s"):format(i, step.name or "leaf",
      step.expanded and " by its definition if it has one, " or "", table.concat(parts, ", "),
      table.concat(step.shape, ", "), step.weights and ", in the loss" or "")
  end
  return table.concat(lines, "\n")
end

return random_program
