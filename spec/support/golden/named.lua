-- Functions of one tensor, several in a case: each output's name says which function it holds.
local cmml = require "cmml"

-- Functions of every entry, under the name of the op unless it is called otherwise.
local plain = {
  relu = true, leaky_relu = true, sigmoid = true, tanh = true, softplus = true, gelu = true,
  log_sigmoid = true, erf = true, exp = true, log = true, sqrt = true, square = true,
  reciprocal = true, abs = true, norm = true, negative = "neg", transpose_last = "transpose",
}

-- Terms of a loss without probes: sum of weight * sum(output).
local weights = {
  relu = 1, leaky_relu = 10, abs = 100,
  sigmoid = 1, tanh = 2, softplus = 3, log_sigmoid = 4, gelu = 5,
}

local function needs(case, op)
  case:needs(op)
  return cmml[op]
end

local function unknown(name)
  error(("output.%s: no function is called so"):format(name), 0)
end

-- The dim (from 1) that a word speaks of; nil for all of them.
local function dim_of(word, x)
  if word == "all" then
    return nil
  elseif word == "last" then
    return x.ndim
  end
  return (tonumber(word:match "^axis(%d)$") or unknown(word)) + 1
end

-- Each takes the case, x and what its pattern captured.
local functions = {
  { "^power_(%d+)_(%d+)$", function(case, x, whole, fraction)
    return needs(case, "pow")(x, tonumber(whole .. "." .. fraction))
  end },
  { "^slice_(.+)$", function(case, x, where) -- the last axis to 2, other axes from 1
    local dim = dim_of(where, x)
    return needs(case, "slice")(x, dim, where == "last" and 1 or 2,
      where == "last" and 2 or x.shape[dim])
  end },
  { "^permute_(%d+)$", function(case, x, axes)
    local dims = {}
    for axis in axes:gmatch "%d" do
      dims[#dims + 1] = tonumber(axis) + 1
    end
    return needs(case, "permute")(x, dims)
  end },
  { "^reshape_flat$", function(case, x)
    return needs(case, "reshape")(x, { x.shape[1], -1 })
  end },
  { "^repeat_rows$", function(case, x)
    return needs(case, "expand")(cmml.slice(x, 1, 1, 1), x.shape)
  end },
  { "^clamp$", function(case, x)
    return needs(case, "clamp")(x, case:option "low", case:option "high")
  end },
  { "^maximum$", function(case, x)
    return needs(case, "maximum")(x, case:tensor "input.other")
  end },
  { "^where$", function(case, x)
    local mask, shape = case:integers "input.mask"
    return needs(case, "where")(cmml.tensor(mask):reshape(shape), x, case:tensor "input.other")
  end },
  { "^.*$", function(case, x, name)
    local op = plain[name] or unknown(name)
    return needs(case, op == true and name or op)(x)
  end },
}

-- Reductions: <op>_<where>, with _keep behind it where the axis stays; the variance is biased.
for _, op in ipairs { "sum", "mean", "max", "variance" } do
  table.insert(functions, 1, { ("^%s_(.+)$"):format(op), function(case, x, where)
    local place, keep = where:gsub("_biased$", ""):gsub("_keep$", "")
    return needs(case, op)(x, dim_of(place, x), keep > 0)
  end })
end

local function compute(case, name, x)
  for _, entry in ipairs(functions) do
    local captures = { name:match(entry[1]) }
    if captures[1] then
      return entry[2](case, x, table.unpack(captures))
    end
  end
end

--- Computes every output of a case from input.x.
-- @tparam Case case
-- @treturn table tensors by name
-- @treturn ?Tensor the loss, where the outputs have no probes
return function(case)
  local x = case:tensor "input.x"
  if case.config.shape then
    case:size("shape", x.shape)
  end
  local outputs, loss = {}, nil
  for _, name in ipairs(case:names "output.") do
    outputs[name] = compute(case, name, x)
    if not case:has("input.probe_" .. name) then
      if not weights[name] then
        error(("input.probe_%s is missing"):format(name), 0)
      end
      local term = cmml.sum(outputs[name]) * weights[name]
      loss = loss and loss + term or term
    end
  end
  return outputs, loss
end
