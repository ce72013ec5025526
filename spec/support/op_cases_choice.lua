--- The cases of ops that compare and choose; see op_cases.lua.
local ref = require "spec.support.ref"

return function(unary, binary, with)
  local cases = {}

  cases.maximum = binary(math.max)
  cases.minimum = binary(math.min)

  -- Whole numbers of a short range, so that many are equal.
  for name, f in pairs {
    eq = function(x, y)
      return x == y
    end,
    ne = function(x, y)
      return x ~= y
    end,
    lt = function(x, y)
      return x < y
    end,
    le = function(x, y)
      return x <= y
    end,
    gt = function(x, y)
      return x > y
    end,
    ge = function(x, y)
      return x >= y
    end,
  } do
    cases[name] = binary(function(x, y)
      return f(x, y) and 1.0 or 0.0
    end, "few")
    cases[name].nondiff = true
    table.insert(cases[name].uses, { { 40 }, 1, domain = "few" })
  end

  cases.where = {
    ref = function(mask, x, other)
      local shape = ref.broadcast(ref.broadcast(mask.shape, x.shape), other.shape)
      return ref.build(shape, function(index)
        return ref.get(ref.get(mask, index) > 0 and x or other, index)
      end)
    end,
    uses = {
      { { 2, 3 }, { 2, 3 }, { 2, 3 } }, { { 3 }, { 2, 3 }, {} }, { { 2, 1 }, { 3 }, { 2, 3 } },
      { { 2, 1 }, { 1, 3 }, { 4, 1, 1 } }, { { 37 }, { 37 }, { 37 } }, { {}, {}, {} },
      { { 5 }, { 1 }, { 1 } }, { { 0, 3 }, { 3 }, { 1, 1 } }, { { 2, 3 }, { 3 }, 0.5 },
      { { 2, 4 }, -1.5, { 4 } },
    },
    refused = {
      { { 2 }, { 3 }, { 2 }, text = "shapes 2 and 3 do not broadcast" },
      { { 2, 1 }, { 3 }, { 4 }, text = "shapes 2x3 and 4 do not broadcast" },
    },
  }
  for _, use in ipairs(cases.where.uses) do
    use.domain = "nonzero"
  end

  cases.clamp = unary(function(x, low, high)
    return math.min(math.max(x, low or -math.huge), high or math.huge)
  end, "real", with(-0.71, 1.03))
  for _, options in ipairs { with(), with(0.3), with(nil, -0.3), with(0.25, 0.25) } do
    table.insert(cases.clamp.uses, { { 2, 7 }, options = options })
  end
  cases.clamp.refused = {
    { { 2 }, options = with(2, 1.5), text = "low 2 must not be above high 1.5" },
    { { 2 }, options = with(0 / 0), text = "low %-?nan must not be above high inf" },
    { { 2 }, options = with(0, "x"), text = "number expected, got string" },
  }
  return cases
end
