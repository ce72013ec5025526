--- The cases of the ops that sequence models are made of; see op_cases.lua for what a case is.
local ref = require "spec.support.ref"

local cases = {}

local function with(...)
  return table.pack(...)
end

-- Element k of the last dim at an index of the others.
local function at_last(index, k)
  local at = { table.unpack(index) }
  at[#at] = k
  return at
end

cases.layer_norm = {
  ref = function(x, weight, bias, eps)
    local width = x.shape[#x.shape]
    return ref.build(x.shape, function(index)
      local sum, squares = 0.0, 0.0
      for k = 1, width do
        sum = sum + ref.get(x, at_last(index, k))
      end
      for k = 1, width do
        squares = squares + (ref.get(x, at_last(index, k)) - sum / width) ^ 2
      end
      local c = index[#index]
      return (ref.get(x, index) - sum / width) / math.sqrt(squares / width + (eps or 1e-5))
        * weight.data[c] + bias.data[c]
    end)
  end,
  uses = {
    { { 2, 3 }, { 3 }, { 3 }, options = with(0.25) }, { { 4 }, { 4 }, { 4 } },
    { { 2, 2, 3 }, { 3 }, { 3 }, options = with(1e-12) }, { { 0, 3 }, { 3 }, { 3 } },
    { { 2, 0 }, { 0 }, { 0 } }, { { 2, 19 }, { 19 }, { 19 } },
    { { 3, 1 }, { 1 }, { 1 }, options = with(0.5) },
  },
  refused = {
    { {}, { 1 }, { 1 }, text = "x: a single number has no width" },
    { { 2, 3 }, { 2 }, { 3 }, text = "weight 2 does not fit x 2x3: it must be %[width%]" },
    { { 2, 3 }, { 3 }, { 1, 3 }, text = "bias 1x3 does not fit x 2x3" },
    { { 2, 3 }, { 3 }, { 3 }, options = with(-1), text = "eps must be 0 or more, not %-1" },
    { { 2, 3 }, { 3 }, { 3 }, options = with(0 / 0), text = "eps must be 0 or more, not %-?nan" },
  },
}

for name, case in pairs(require "spec.support.op_cases_recurrent" (with)) do
  cases[name] = case
end
return cases
