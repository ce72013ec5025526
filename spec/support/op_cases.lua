--- One case for each op: its oracle, and applications of it that the battery runs through.
--
-- A case has
--   ref       of the tensors (oracle tensors; a list of them for an op that takes a list) and the
--             options, giving the expected oracle tensor
--   uses      list of applications: { tensors.., options = table.pack(..), domain = .. }, where
--             each tensor is a shape, or a number where the op takes one
--   refused   list of applications that must raise: the same with `text`, a pattern of the message
--   list      whether the tensors are passed as one list, or the first `list` of a use's tensors
--   nondiff   whether the op is declared to have no derivative
-- Domains say where inputs are drawn from (support/seed.lua); kinks lie at 0, outside "nonzero".
local ref = require "spec.support.ref"

local cases = {}

local function with(...)
  return table.pack(...)
end

local function unary(f, domain, options)
  local uses = {}
  for i, shape in ipairs { { 2, 3 }, {}, { 37 }, { 2, 1, 3, 2 }, { 0 }, { 2, 0, 3 } } do
    uses[i] = { shape, domain = domain, options = options }
  end
  return { ref = ref.map(f), uses = uses, refused = {} }
end

local function binary(f, domain)
  local uses = {}
  local pairs_of_shapes = {
    { { 2, 3 }, { 2, 3 } }, { { 2, 3 }, { 3 } }, { { 3 }, { 2, 3 } }, { { 2, 1 }, { 1, 3 } },
    { {}, { 2, 2 } }, { { 2, 2 }, {} }, { {}, {} }, { { 4, 1, 2 }, { 3, 1 } }, { { 35 }, { 35 } },
    { { 0, 3 }, { 3 } }, { { 0, 3 }, { 1, 1 } }, { { 1 }, { 0 } }, { { 2, 3 }, 1.5 },
    { 1.5, { 3 } },
  }
  for i, shapes in ipairs(pairs_of_shapes) do
    uses[i] = { shapes[1], shapes[2], domain = domain }
  end
  return {
    ref = ref.zip(f),
    uses = uses,
    refused = {
      { { 2, 3 }, { 2 }, text = "shapes 2x3 and 2 do not broadcast: sizes 3 and 2 differ" },
      { { 4, 2, 3 }, { 3, 3 }, text = "4x2x3 and 3x3 do not broadcast: sizes 2 and 3 differ" },
    },
  }
end

cases.add = binary(function(x, y)
  return x + y
end)
cases.sub = binary(function(x, y)
  return x - y
end)
cases.mul = binary(function(x, y)
  return x * y
end)
cases.div = binary(function(x, y)
  return x / y
end, "nonzero")

cases.neg = unary(function(x)
  return -x
end)
table.insert(cases.neg.uses, { 2.5 })
cases.square = unary(function(x)
  return x * x
end)
cases.sqrt = unary(math.sqrt, "positive")
cases.reciprocal = unary(function(x)
  return 1 / x
end, "nonzero")
cases.exp = unary(math.exp)
cases.log = unary(math.log, "positive")
cases.abs = unary(math.abs, "nonzero")
cases.sign = unary(function(x)
  return x > 0 and 1.0 or -1.0
end, "nonzero")
cases.sign.nondiff = true
cases.step = unary(function(x, below)
  return x > 0 and 1.0 or (below or 0.0)
end, "nonzero", with(0.25))
cases.step.nondiff = true
table.insert(cases.step.uses, { { 7 }, domain = "nonzero" })
cases.relu = unary(ref.activations.relu, "nonzero")
cases.leaky_relu = unary(function(x, slope)
  return x > 0 and x or (slope or 0.01) * x
end, "nonzero", with(0.125))
table.insert(cases.leaky_relu.uses, { { 7 }, domain = "nonzero" })
cases.sigmoid = unary(ref.activations.sigmoid)
cases.tanh = unary(ref.activations.tanh)
cases.softplus = unary(function(x)
  return math.log(1 + math.exp(x))
end)
cases.log_sigmoid = unary(function(x)
  return math.log(ref.activations.sigmoid(x))
end)
cases.erf = unary(ref.erf)
cases.gelu = unary(function(x)
  return x / 2 * (1 + ref.erf(x / math.sqrt(2)))
end)
cases.pow = unary(function(x, exponent)
  return x ^ exponent
end, "positive", with(2.5))
for _, exponent in ipairs { -1.5, 0, 1, 2, 3 } do
  table.insert(cases.pow.uses, { { 2, 3 }, options = with(exponent), domain = "positive" })
end
table.insert(cases.pow.uses, { { 2, 3 }, options = with(3), domain = "nonzero" })

cases.reshape = {
  ref = function(x, shape)
    local known, result = 1, { table.unpack(shape) }
    for _, n in ipairs(shape) do
      known = known * (n == -1 and 1 or n)
    end
    for d, n in ipairs(shape) do
      result[d] = n == -1 and ref.size(x.shape) // known or n
    end
    return ref.new(result, x.data)
  end,
  uses = {
    { { 2, 6 }, options = with { 3, 4 } }, { { 2, 6 }, options = with { 12 } },
    { { 2, 6 }, options = with { -1, 4 } }, { { 2, 3 }, options = with { 1, 2, 1, 3 } },
    { {}, options = with { 1, 1 } }, { { 1, 1 }, options = with {} },
    { { 0, 3 }, options = with { 5, 0 } }, { { 0, 3 }, options = with { 3, -1 } },
  },
  refused = {
    { { 2, 3 }, options = with { 4 }, text = "shape 4 does not have the 6 elements of 2x3" },
    { { 2, 3 }, options = with { 4, -1 }, text = "does not have the 6 elements" },
    { { 2, 3 }, options = with { -1, -1 }, text = "must not be negative %(one may be %-1%)" },
    { { 2, 3 }, options = with { -2, 3 }, text = "must not be negative" },
    { { 0 }, options = with { 0, -1 }, text = "does not have the 0 elements" },
    { { 2 }, options = with { 1000000000, 1000000000 }, text = "too large" },
    { { 0 }, options = with { 0, 1000000000, 1000000000, 1000000000 }, text = "more than" },
    { { 2 }, options = with { 1, 1, 1, 1, 1, 1, 2 }, text = "too many dims" },
  },
}
cases.permute = {
  ref = ref.permute,
  uses = {
    { { 2, 3 }, options = with { 2, 1 } }, { { 2, 3 }, options = with { 1, 2 } },
    { { 2, 3, 4 }, options = with { 3, 1, 2 } }, { { 2, 0 }, options = with { 2, 1 } },
    { {}, options = with {} },
  },
  refused = {
    { { 2, 3 }, options = with { 1 }, text = "1 dims given for a tensor of shape 2x3" },
    { { 2, 3 }, options = with { 1, 1 }, text = "must name each of 1 to 2 once" },
    { { 2, 3 }, options = with { 0, 1 }, text = "must name each of 1 to 2 once" },
    { { 2, 3 }, options = with { 2, 3 }, text = "must name each of 1 to 2 once" },
  },
}
cases.transpose = {
  ref = function(x, a, b)
    local order = {}
    for d = 1, #x.shape do
      order[d] = d
    end
    a, b = a or -2, b or -1
    a, b = a < 0 and a + #order + 1 or a, b < 0 and b + #order + 1 or b
    order[a], order[b] = order[b], order[a]
    return ref.permute(x, order)
  end,
  uses = {
    { { 2, 3 } }, { { 2, 3, 4 } }, { { 2, 3, 4 }, options = with(1, 3) },
    { { 2, 3, 4 }, options = with(-3) }, { { 2, 3 }, options = with(1, 1) }, { { 0, 2 } },
  },
  refused = {
    { { 3 }, text = "dim %-2 of a tensor with 1 dims" },
    { {}, text = "dim %-2 of a tensor with 0 dims" },
    { { 2, 3 }, options = with(1, 3), text = "dim 3 of a tensor with 2 dims" },
  },
}
cases.expand = {
  ref = function(x, shape)
    return ref.build(shape, function(index)
      return ref.get(x, index)
    end)
  end,
  uses = {
    { { 3 }, options = with { 2, 3 } }, { { 2, 1 }, options = with { 2, 3 } },
    { {}, options = with { 2, 2 } }, { { 2, 3 }, options = with { 2, 3 } },
    { { 1 }, options = with { 0 } }, { { 1, 3 }, options = with { 2, 4, 3 } },
  },
  refused = {
    { { 2, 3 }, options = with { 3 }, text = "shape 2x3 does not expand to 3" },
    { { 2 }, options = with { 3 }, text = "shape 2 does not expand to 3" },
    { { 1 }, options = with { -1 }, text = "negative size in shape %-1" },
    { { 1 }, options = with { 1000000000, 1000000000 }, text = "more than 2147483647 elements" },
  },
}

for _, more in ipairs {
  require "spec.support.op_cases_rows",
  require "spec.support.op_cases_reduce",
  require "spec.support.op_cases_choice" (unary, binary, with),
  (require "spec.support.op_cases_sequence"), -- require gives a second value: the path
} do
  for name, case in pairs(more) do
    cases[name] = case
  end
end
return cases
