--- The cases of ops on rows, matrices, ids and segments; see op_cases.lua for what a case is.
local ref = require "spec.support.ref"

local cases = {}

-- Options that each core makes an object of its own from; the oracle sees the plain list.
local function ids(values)
  return { kind = "ids", values = values }
end

local function segments(values)
  return { kind = "segments", values = values }
end

local function with(...)
  return table.pack(...)
end

local function in_dim(dim, shape)
  return dim < 0 and dim + #shape + 1 or dim
end

local function shifted(index, dim, by)
  local at = { table.unpack(index) }
  at[dim] = at[dim] + by
  return at
end

cases.slice = {
  ref = function(x, dim, first, last)
    dim = in_dim(dim, x.shape)
    local shape = { table.unpack(x.shape) }
    shape[dim] = last - first + 1
    return ref.build(shape, function(index)
      return ref.get(x, shifted(index, dim, first - 1))
    end)
  end,
  uses = {
    { { 4, 3 }, options = with(1, 2, 3) }, { { 4, 3 }, options = with(-1, 1, 2) },
    { { 5 }, options = with(1, 1, 5) }, { { 4, 3 }, options = with(1, 3, 2) },
    { { 2, 5, 2 }, options = with(2, 4, 5) }, { { 0, 2 }, options = with(1, 1, 0) },
  },
  refused = {
    { { 4, 3 }, options = with(1, 0, 2), text = "rows 0 to 2 of dim 1 of shape 4x3 do not exist" },
    { { 4, 3 }, options = with(2, 1, 4), text = "rows 1 to 4 of dim 2 of shape 4x3 do not exist" },
    { { 4, 3 }, options = with(1, 4, 2), text = "rows 4 to 2 of dim 1" },
    { { 4, 3 }, options = with(1, 1, math.maxinteger), text = "do not exist" },
    { { 4, 3 }, options = with(3, 1, 1), text = "dim 3 of a tensor with 2 dims" },
    { { 4, 3 }, options = with(nil, 1, 1), text = "#2.*number expected, got nil" },
  },
}
cases.unslice = {
  ref = function(x, dim, first, size)
    dim = in_dim(dim, x.shape)
    local shape = { table.unpack(x.shape) }
    shape[dim] = size
    return ref.scatter(shape, x, function(index)
      return shifted(index, dim, first - 1)
    end)
  end,
  uses = {
    { { 2, 3 }, options = with(1, 2, 4) }, { { 2, 3 }, options = with(-1, 1, 3) },
    { { 3 }, options = with(1, 3, 5) }, { { 0, 3 }, options = with(1, 1, 2) },
    { { 2, 1, 2 }, options = with(2, 2, 3) },
  },
  refused = {
    { { 2, 3 }, options = with(nil, 1, 4), text = "#2.*number expected, got nil" },
    { { 2, 3 }, options = with(1, 2, 2), text = "2 rows from row 2 do not fit into 2 rows" },
    { { 2, 3 }, options = with(1, 0, 4), text = "do not fit into 4 rows" },
    { { 2, 3 }, options = with(1, 1, -1), text = "do not fit into %-1 rows" },
    { { 2, 3 }, options = with(1, math.maxinteger, 4), text = "do not fit into 4 rows" },
    { { 2, 3 }, options = with(1, 1, 1000000000000), text = "more than 2147483647 elements" },
  },
}
cases.concat = {
  list = true,
  ref = function(list, dim)
    dim = in_dim(dim or -1, list[1].shape)
    local shape, total = { table.unpack(list[1].shape) }, 0
    for _, x in ipairs(list) do
      total = total + x.shape[dim]
    end
    shape[dim] = total
    return ref.build(shape, function(index)
      local before = 0
      for _, x in ipairs(list) do
        if index[dim] <= before + x.shape[dim] then
          return ref.get(x, shifted(index, dim, -before))
        end
        before = before + x.shape[dim]
      end
    end)
  end,
  uses = {
    { { 2, 3 }, { 2, 1 } }, { { 2, 3 }, { 1, 3 }, options = with(1) }, { { 4 } },
    { { 2, 2 }, { 2, 2 }, { 2, 3 } }, { { 2, 0 }, { 2, 3 } }, { { 2, 2, 1 }, { 2, 3, 1 },
      options = with(-2) }, { { 0, 2 }, { 0, 1 } },
  },
  refused = {
    { text = "a list of at least one tensor was expected" },
    { { 2, 3 }, { 3, 3 }, text = "tensor 2 has shape 3x3, but tensor 1 has 2x3: they may differ in "
      .. "dim 2 alone" },
    { { 2, 3 }, { 3 }, text = "tensor 2 has shape 3, but" },
    { { 2 }, { 2, 3 }, text = "tensor 2 has shape 2x3, but" },
    { {}, {}, text = "dim %-1 of a tensor with 0 dims" },
    { { 2 }, { 2 }, options = with(2), text = "dim 2 of a tensor with 1 dims" },
  },
}

cases.matmul = {
  ref = ref.matmul,
  uses = {
    { { 2, 3 }, { 3, 4 } }, { { 3, 3 }, { 3, 3 } }, { { 1, 3 }, { 3, 1 } }, { { 1, 1 }, { 1, 1 } },
    { { 5, 2, 3 }, { 3, 2 } }, { { 2, 3 }, { 4, 3, 2 } }, { { 2, 2, 3 }, { 2, 3, 2 } },
    { { 2, 1, 2, 3 }, { 3, 3, 1 } }, { { 0, 3 }, { 3, 2 } }, { { 2, 0 }, { 0, 3 } },
    { { 2, 3 }, { 3, 0 } }, { { 0, 2, 3 }, { 3, 2 } }, { { 2, 2, 0 }, { 0, 2 } },
    { { 9, 17 }, { 17, 5 } }, { { 0, 0 }, { 0, 3 } }, { { 2, 0, 0 }, { 0, 3 } },
  },
  refused = {
    { { 3, 2 }, { 3, 2 }, text = "inner sizes differ: 3x2 %* 3x2" },
    { { 3 }, { 3, 2 }, text = "shapes 3 and 3x2: both need at least 2 dims" },
    { { 2, 3 }, { 3 }, text = "shapes 2x3 and 3: both need at least 2 dims" },
    { {}, {}, text = "both need at least 2 dims" },
    { { 2, 2, 3 }, { 3, 3, 2 }, text = "shapes 2 and 3 do not broadcast" },
  },
}
cases.gram = {
  ref = function(x)
    local order, n = {}, #x.shape
    for d = 1, n do
      order[d] = d
    end
    order[n - 1], order[n] = n, n - 1
    return ref.matmul(x, ref.permute(x, order))
  end,
  uses = {
    { { 2, 3 } }, { { 1, 1 } }, { { 3, 1 } }, { { 1, 3 } }, { { 2, 4, 3 } }, { { 2, 1, 3, 2 } },
    { { 0, 3 } }, { { 2, 0 } }, { { 0, 2, 3 } }, { { 35, 3 } }, { { 2, 70, 2 } },
  },
  refused = {
    { { 3 }, text = "x must have at least 2 dims, not 1" },
    { {}, text = "x must have at least 2 dims, not 0" },
  },
}
cases.row_dot = {
  ref = function(a, b)
    return ref.sum(ref.zip(function(x, y)
      return x * y
    end)(a, b), -1)
  end,
  uses = {
    { { 2, 3 }, { 2, 3 } }, { { 4 }, { 4 } }, { { 2, 3 }, { 3 } }, { { 2, 1, 3 }, { 4, 3 } },
    { { 0, 3 }, { 0, 3 } }, { { 2, 0 }, { 2, 0 } },
  },
  refused = {
    { {}, {}, text = "scalars have no rows" },
    { { 2, 3 }, { 2, 4 }, text = "do not broadcast" },
  },
}

local activations = { "identity", "relu", "leaky_relu", "sigmoid", "tanh" }

cases.linear = {
  ref = function(x, weight, bias, activation)
    local columns, shape = weight.shape[2], { table.unpack(x.shape) }
    shape[#shape] = weight.shape[1]
    return ref.build(shape, function(index)
      local out = index[#index]
      local sum, at = bias and bias.data[out] or 0.0, { table.unpack(index) }
      for k = 1, columns do
        at[#at] = k
        sum = sum + ref.get(x, at) * weight.data[(out - 1) * columns + k]
      end
      return ref.activations[activation or "identity"](sum)
    end)
  end,
  uses = {
    { { 3, 4 }, { 2, 4 } }, { { 2, 3, 4 }, { 5, 4 }, { 5 } }, { { 4 }, { 3, 4 }, { 3 } },
    { { 4 }, { 3, 4 } }, { { 3, 3 }, { 3, 3 } }, { { 0, 4 }, { 2, 4 }, { 2 } },
    { { 2, 0 }, { 3, 0 }, { 3 } }, { { 2, 3 }, { 0, 3 }, { 0 } },
    { { 2, 3 }, { 4, 3 }, options = with(nil, "tanh") },
  },
  refused = {
    { { 3, 4 }, { 2, 3 }, text = "x 3x4 does not fit weight 2x3" },
    { {}, { 2, 3 }, text = "x %(a scalar%) does not fit weight 2x3" },
    { { 3 }, { 3 }, text = "x 3 does not fit weight 3" },
    { { 3, 4 }, { 2, 4 }, { 3 }, text = "bias 3 does not fit weight 2x4" },
    { { 3, 4 }, { 2, 4 }, { 1, 2 }, text = "bias 1x2 does not fit weight 2x4" },
    { { 3, 4 }, { 2, 4 }, { 2 }, options = with "relo", text = "invalid option 'relo'" },
  },
}
cases.joined_linear = {
  list = true,
  ref = function(parts, weight, bias, activation, ...)
    local columns, lists = {}, { ... }
    for k, part in ipairs(parts) do
      columns[k] = lists[k] and ref.rows(part, lists[k]) or part
    end
    return cases.linear.ref(cases.concat.ref(columns), weight, bias, activation)
  end,
  uses = {
    { { 5, 2 }, { 2, 3 }, { 4, 5 }, { 4 }, list = 2,
      options = with("leaky_relu", nil, ids { 1, 1, 2, 2, 2 }) },
    { { 3, 2 }, { 2, 3 }, { 2, 1 }, { 4, 6 }, { 4 }, list = 3, options = with("identity",
      ids { 3, 1, 1, 2 }, ids { 1, 1, 2, 2 }, ids { 2, 2, 2, 2 }) },
    { { 3, 2 }, { 4, 2 }, list = 1, options = with(nil, "tanh") },
    { { 3, 2 }, { 4, 2 }, { 4 }, list = 1, options = with("relu", ids { 2, 2, 3, 3, 1 }) },
    { { 2, 2 }, { 2, 3 }, { 2, 1 }, { 2, 1 }, { 3, 7 }, list = 4,
      options = with(nil, "sigmoid", ids { 1, 1 }, ids { 2, 2 }, ids { 1, 2 }, ids { 1, 1 }) },
    { { 2, 2 }, { 3, 2 }, { 3, 4 }, list = 2, options = with(nil, nil, ids {}, ids {}) },
    { { 0, 2 }, { 2, 0 }, { 3, 2 }, { 3 }, list = 2, options = with(nil, nil, ids {}) },
  },
  refused = {
    { { 2, 2 }, { 2, 2 }, { 3, 5 }, list = 2,
      text = "widths of the parts sum to 4, which does not fit weight 3x5: it must be %[out, 4%]" },
    { { 2, 2 }, { 3, 2 }, { 3, 4 }, list = 2, text = "part 2 gives 3 rows, part 1 gives 2" },
    { { 2, 2 }, { 3, 2 }, { 3, 4 }, list = 2, options = with(nil, nil, nil, ids { 1, 4 }),
      text = "ids2 contains 4, but there are only 3 rows" },
    { { 2, 2 }, { 3, 2 }, list = 1, options = with(nil, nil, ids { 0 }), text = "ids1 contains 0" },
    { { 2, 2, 1 }, { 3, 2 }, list = 1, text = "part 1 must have 2 dims, not shape 2x2x1" },
    { { 2, 2 }, { 3, 2 }, { 2 }, list = 1, text = "bias 2 does not fit weight 3x2" },
    { { 2, 1 }, { 2, 1 }, { 2, 1 }, { 2, 1 }, { 2, 1 }, { 3, 5 }, list = 5,
      text = "5 parts; from 1 to 4 are supported" },
  },
}
cases.film = {
  ref = function(x, generated, activation)
    local width = x.shape[#x.shape]
    return ref.build(x.shape, function(index)
      local gamma = ref.get(generated, index)
      local beta = ref.get(generated, shifted(index, #index, width))
      return ref.activations[activation or "identity"](gamma * ref.get(x, index) + beta)
    end)
  end,
  uses = {
    { { 2, 3 }, { 2, 6 } }, { { 4 }, { 8 } }, { { 2, 2, 3 }, { 2, 2, 6 } }, { { 0, 3 }, { 0, 6 } },
    { { 2, 0 }, { 2, 0 } }, { { 3, 19 }, { 3, 38 } },
  },
  refused = {
    { { 2, 3 }, { 2, 3 }, text = "x 2x3 does not fit generated 2x3: for x %[.., w%] it must be" },
    { { 2, 3 }, { 1, 6 }, text = "does not fit" },
    { { 2, 3 }, { 6 }, text = "does not fit" },
    { {}, {}, text = "does not fit" },
  },
}
cases.affine_chain = {
  ref = function(factors, shifts)
    return ref.build({ factors.shape[1] }, function(index)
      local a = 1.0
      for k = 1, factors.shape[2] do
        a = a * ref.get(factors, { index[1], k })
          + ref.get(shifts, #shifts.shape == 1 and { k } or { index[1], k })
      end
      return a
    end)
  end,
  uses = {
    { { 3, 4 }, { 4 } }, { { 3, 4 }, { 3, 4 } }, { { 2, 1 }, { 1 } }, { { 5, 2 }, { 5, 2 } },
    { { 0, 3 }, { 3 } }, { { 0, 3 }, { 0, 3 } },
  },
  refused = {
    { { 2, 0 }, { 0 }, text = "factors 2x0 do not fit shifts 0" },
    { { 3, 4 }, { 3 }, text = "factors 3x4 do not fit shifts 3: they must be %[rows, n%] and" },
    { { 3, 4 }, { 1, 4 }, text = "factors 3x4 do not fit shifts 1x4" },
    { { 3 }, { 3 }, text = "factors 3 do not fit shifts 3" },
    { { 3, 4 }, {}, text = "do not fit" },
    { { 2, 3, 4 }, { 4 }, text = "do not fit" },
  },
}
for _, name in ipairs(activations) do
  table.insert(cases.linear.uses, { { 3, 4 }, { 5, 4 }, { 5 }, options = with(name) })
  table.insert(cases.film.uses, { { 3, 4 }, { 3, 8 }, options = with(name) })
end

for _, family in ipairs { "ids", "groups", "embedding", "losses" } do
  for name, case in pairs(require("spec.support.op_cases_" .. family)(ids, segments, with)) do
    cases[name] = case
  end
end
return cases
