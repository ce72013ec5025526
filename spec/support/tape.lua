--- Differentiation number by number: a number that remembers what it was made from. The oracles of
-- the ops run on these as on plain numbers, so their definitions give gradients as well. It shares
-- nothing with the core.
local tape = {}

local Number = { __name = "spec.Number" }
local nodes -- of the program at hand, in the order in which they were made

--- Begins a program: forgets the numbers of the one before.
function tape.begin()
  nodes = {}
  --- Whether something was compared or rooted so near to a kink that there is no one derivative.
  tape.kink = false
  --- The largest size of a value or a derivative; infinite if one is not a number.
  tape.largest = 0
end

local function note(size)
  tape.largest = math.max(tape.largest, size == size and size or math.huge)
end

-- A number with its derivatives by at most two others.
local function node(value, a, da, b, db)
  local result = setmetatable({ value = value, grad = 0.0, a = a, da = da, b = b, db = db },
    Number)
  nodes[#nodes + 1] = result
  note(math.abs(value))
  return result
end

--- A number that gradients are asked for.
-- @tparam number value
-- @treturn Number
function tape.leaf(value)
  return node(value)
end

--- The plain value of a number of either sort.
function tape.value(x)
  return getmetatable(x) == Number and x.value or x
end
local value_of = tape.value

local function binary(f)
  return function(x, y)
    local value, dx, dy = f(value_of(x), value_of(y))
    local a, b = getmetatable(x) == Number and x, getmetatable(y) == Number and y
    return node(value, a, dx, b, dy)
  end
end

Number.__add = binary(function(x, y)
  return x + y, 1, 1
end)
Number.__sub = binary(function(x, y)
  return x - y, 1, -1
end)
Number.__mul = binary(function(x, y)
  return x * y, y, x
end)
Number.__div = binary(function(x, y)
  return x / y, 1 / y, -x / (y * y)
end)
Number.__pow = binary(function(x, y)
  return x ^ y, y == 0 and 0 or y * x ^ (y - 1), 0 -- exponents are constants
end)

function Number.__unm(x)
  return node(-x.value, x, -1)
end

-- Notes that the order of two numbers may turn with a small change, unless both are constants.
local function compared(x, y)
  if math.abs(value_of(x) - value_of(y)) < 1e-4 then
    tape.kink = true
  end
end

function Number.__lt(x, y)
  compared(x, y)
  return value_of(x) < value_of(y)
end

function Number.__le(x, y)
  compared(x, y)
  return value_of(x) <= value_of(y)
end

local function unary(plain, derivative)
  return function(x)
    if getmetatable(x) ~= Number then
      return plain(x)
    end
    local value = plain(x.value)
    return node(value, x, derivative(x.value, value))
  end
end

-- The first argument that no other is before.
local function extreme(before)
  return function(first, ...)
    local best = first
    for _, x in ipairs { ... } do
      if before(x, best) then
        best = x
      end
    end
    return best
  end
end

--- The library math for numbers of both sorts; the rest of it is as it is.
tape.math = setmetatable({
  exp = unary(math.exp, function(_, y)
    return y
  end),
  log = unary(math.log, function(x)
    return 1 / x
  end),
  sqrt = unary(math.sqrt, function(x, y)
    tape.kink = tape.kink or x < 1e-4
    return 0.5 / y
  end),
  abs = unary(math.abs, function(x)
    compared(x, 0)
    return x < 0 and -1 or 1
  end),
  max = extreme(function(x, best)
    return x > best
  end),
  min = extreme(function(x, best)
    return x < best
  end),
}, { __index = math })

--- Fills the gradients of all numbers made since begin.
-- @tparam Number loss
function tape.backward(loss)
  loss.grad = 1.0
  for i = #nodes, 1, -1 do
    local n = nodes[i]
    if n.grad ~= 0 then
      note(math.abs(n.grad))
      if n.a then
        n.a.grad = n.a.grad + n.grad * n.da
      end
      if n.b then
        n.b.grad = n.b.grad + n.grad * n.db
      end
    end
  end
end

--- A module of spec.support and those that it requires, as they are over numbers of both sorts.
-- @tparam string name
-- @return what the module gives
function tape.require(name)
  local loaded, environment = {}, setmetatable({ math = tape.math }, { __index = _G })
  function environment.require(inner)
    if not inner:find "^spec%.support%." then
      return require(inner)
    end
    if loaded[inner] == nil then
      local path = assert(package.searchpath(inner, package.path))
      loaded[inner] = assert(loadfile(path, "t", environment))(inner, path)
    end
    return loaded[inner]
  end
  return environment.require(name)
end

return tape
