--- The cases of reductions and of shares along a dim; see op_cases.lua.
local ref = require "spec.support.ref"

local cases = {}

local function with(...)
  return table.pack(...)
end

local sum_uses = {
  { { 2, 3 } }, { {} }, { { 0 } }, { { 40 } },
  { { 2, 3 }, options = with(1) }, { { 2, 3 }, options = with(2) },
  { { 2, 3, 4 }, options = with(-2) }, { { 2, 3, 4 }, options = with(2, true) },
  { { 2, 3 }, options = with(nil, true) }, { { 0, 3 }, options = with(1) },
  { { 3, 0 }, options = with(2) }, { { 3, 20 }, options = with(2) }, { { 3 }, options = with(1) },
}
local sum_refused = {
  { { 2, 3 }, options = with(3), text = "dim 3 of a tensor with 2 dims" },
  { { 2, 3 }, options = with(0), text = "dim 0 of a tensor with 2 dims" },
  { { 2, 3 }, options = with(-3), text = "dim %-3 of a tensor with 2 dims" },
  { {}, options = with(1), text = "dim 1 of a tensor with 0 dims" },
}
cases.sum = { ref = ref.sum, uses = sum_uses, refused = sum_refused }

-- f of the list of values that a reduction runs over.
local function reduced(f)
  return function(x, dim, keep)
    local place = dim and (dim < 0 and dim + #x.shape + 1 or dim)
    local kept, shape = {}, {}
    for d, n in ipairs(x.shape) do
      local gone = not dim or d == place
      kept[d] = gone and 1 or n
      if keep or not gone then
        shape[#shape + 1] = kept[d]
      end
    end
    local result = ref.build(kept, function(index)
      local values, at = {}, { table.unpack(index) }
      if not dim then
        values = x.data
      else
        for k = 1, x.shape[place] do
          at[place] = k
          values[k] = ref.get(x, at)
        end
      end
      return f(values)
    end)
    return ref.new(shape, result.data)
  end
end

local function mean(values)
  local sum = 0.0
  for _, value in ipairs(values) do
    sum = sum + value
  end
  return sum / #values
end

cases.mean = { ref = reduced(mean), uses = sum_uses, refused = sum_refused }
cases.variance = {
  ref = reduced(function(values)
    local middle, squares = mean(values), {}
    for i, value in ipairs(values) do
      squares[i] = (value - middle) ^ 2
    end
    return mean(squares)
  end),
  uses = sum_uses,
  refused = sum_refused,
}
cases.norm = {
  ref = reduced(function(values)
    local sum = 0.0
    for _, value in ipairs(values) do
      sum = sum + value * value
    end
    return math.sqrt(sum)
  end),
  uses = sum_uses,
  refused = sum_refused,
}
cases.max = {
  ref = reduced(function(values)
    return math.max(table.unpack(values))
  end),
  uses = {
    { { 2, 3 } }, { {} }, { { 40 } }, { { 2, 3 }, options = with(1) },
    { { 2, 3 }, options = with(2) }, { { 2, 3, 4 }, options = with(-2) },
    { { 2, 3, 4 }, options = with(2, true) }, { { 2, 3 }, options = with(nil, true) },
    { { 3, 20 }, options = with(2) }, { { 3 }, options = with(1) }, { { 0, 3 }, options = with(2) },
    { { 2, 0, 3 }, options = with(1) },
  },
  refused = {
    { { 0 }, text = "x has shape 0: the maximum of no elements is undefined" },
    { { 2, 0, 3 }, text = "x has shape 2x0x3: the maximum of no elements" },
    { { 2, 0, 3 }, options = with(2), text = "x has shape 2x0x3: the maximum of no elements" },
    table.unpack(sum_refused),
  },
}

local dim_uses = {
  { { 2, 3 } }, { { 5 } }, { { 2, 3 }, options = with(1) }, { { 2, 3, 2 }, options = with(-2) },
  { { 2, 3, 2 }, options = with(3) }, { { 4, 1 } }, { { 0, 3 } }, { { 3, 0 } }, { { 3, 21 } },
}
local function exponentials(values)
  local sum = 0.0
  for _, value in ipairs(values) do
    sum = sum + math.exp(value)
  end
  return sum
end
cases.softmax = {
  ref = function(x, dim)
    return ref.zip(function(value, sum)
      return math.exp(value) / sum
    end)(x, reduced(exponentials)(x, dim or -1, true))
  end,
  uses = dim_uses,
  refused = sum_refused,
}
cases.log_softmax = {
  ref = function(x, dim)
    return ref.zip(function(value, sum)
      return value - math.log(sum)
    end)(x, reduced(exponentials)(x, dim or -1, true))
  end,
  uses = dim_uses,
  refused = sum_refused,
}
cases.sum_to = {
  ref = ref.sum_to,
  uses = {
    { { 2, 3 }, options = with { 3 } }, { { 2, 3 }, options = with { 2, 1 } },
    { { 2, 3 }, options = with { 1, 3 } }, { { 2, 3 }, options = with {} },
    { { 2, 3 }, options = with { 2, 3 } }, { { 4, 2, 3 }, options = with { 2, 1 } },
    { { 4, 2, 3 }, options = with { 1, 1, 3 } }, { { 4, 2, 3 }, options = with { 4, 1, 3 } },
    { { 0, 3 }, options = with { 3 } }, { { 0, 3 }, options = with { 0, 1 } },
    { {}, options = with {} },
  },
  refused = {
    { { 2, 3 }, options = with { 2 }, text = "shape 2x3 cannot be summed to 2" },
    { { 3 }, options = with { 2, 3 }, text = "shape 3 cannot be summed to 2x3" },
    { { 3 }, options = with { -1 }, text = "cannot be summed to %-1" },
    { { 3 }, options = with { 0 }, text = "cannot be summed to 0" },
  },
}

return cases
