--- Applies ops as their cases say (support/op_cases.lua).
local ref = require "spec.support.ref"
local seed = require "spec.support.seed"

local apply = {}

--- The inputs of a use: oracle tensors, or plain numbers where the use has them.
function apply.inputs(name, use)
  local stream, inputs = seed(name), {}
  for i, shape in ipairs(use) do
    inputs[i] = type(shape) == "number" and shape
      or ref.new(shape, stream:list(ref.size(shape), use.domain))
  end
  return inputs
end

-- The options of a use: lists of ids and segments become objects of the core, or (for the oracle)
-- plain lists.
local function options_of(core, use)
  local options = table.pack(table.unpack(use.options or {}, 1, use.options and use.options.n))
  for i = 1, options.n do
    local value = options[i]
    if type(value) == "table" and value.kind then
      options[i] = core and core[value.kind](value.values) or value.values
    end
  end
  return options
end

local function arguments(case, use, tensors, options)
  local all = { table.unpack(tensors) }
  if case.list then
    local length = use.list or #tensors
    all = { table.move(tensors, 1, length, 1, {}), table.unpack(tensors, length + 1) }
  end
  local n = #all
  table.move(options, 1, options.n, n + 1, all)
  return all, n + options.n
end

--- What the oracle says.
function apply.expected(case, use, inputs)
  local tensors = {}
  for i, input in ipairs(inputs) do
    tensors[i] = type(input) == "number" and ref.new({}, { input }) or input
  end
  local all, n = arguments(case, use, tensors, options_of(nil, use))
  return case.ref(table.unpack(all, 1, n))
end

--- Calls an op of a core on tensors, by its own kernels or (expanded) by its definition.
function apply.call(core, name, case, use, tensors, expanded)
  local all, n = arguments(case, use, tensors, options_of(core, use))
  if expanded then
    return core.testing.apply_expanded(name, table.unpack(all, 1, n))
  end
  return core[name](table.unpack(all, 1, n))
end

--- Tensors of a core from inputs; tracked if asked for. Numbers stay.
function apply.tensors(core, inputs, track)
  local tensors = {}
  for i, input in ipairs(inputs) do
    if type(input) == "number" then
      tensors[i] = input
    else
      tensors[i] = ref.tensor(core, input)
      if track then
        tensors[i]:track()
      end
    end
  end
  return tensors
end

-- Dims in reverse order.
local function reversed(n)
  local order = {}
  for d = 1, n do
    order[d] = n + 1 - d
  end
  return order
end

--- Other ways to lie in memory: each gives a tensor of the input's shape, and its values.
apply.layouts = {
  transposed = function(core, r)
    local order = reversed(#r.shape)
    return ref.tensor(core, ref.permute(r, order)):permute(order), r
  end,
  window = function(core, r)
    local shape = {}
    for d, n in ipairs(r.shape) do
      shape[d] = n + 3
    end
    local around = ref.build(shape, function(index)
      local inside = {}
      for d, k in ipairs(index) do
        if k < 3 or k > r.shape[d] + 2 then
          return 1e30
        end
        inside[d] = k - 2
      end
      return ref.get(r, inside)
    end)
    local window = ref.tensor(core, around)
    for d, n in ipairs(r.shape) do
      window = window:slice(d, 3, n + 2)
    end
    return window, r
  end,
  repeated_first = function(core, r)
    return apply.repeated(core, r, 1)
  end,
  repeated_last = function(core, r)
    return apply.repeated(core, r, #r.shape)
  end,
}

--- Repeats the first row along a dim, without a copy.
function apply.repeated(core, r, dim)
  if #r.shape == 0 or r.shape[dim] == 0 then
    return ref.tensor(core, r), r
  end
  local shape = { table.unpack(r.shape) }
  shape[dim] = 1
  local one = ref.build(shape, function(index)
    return ref.get(r, index)
  end)
  return ref.tensor(core, one):expand(r.shape), ref.build(r.shape, function(index)
    return ref.get(one, index)
  end)
end

--- Ways to make a single number of a result: the gradient that comes back is contiguous and of many
-- values, strided, or one number repeated.
apply.losses = {
  weighted = function(core, out)
    return (out * ref.tensor(core, ref.new(out.shape, seed "weights":list(out.count)))):sum()
  end,
  strided = function(core, out)
    local order = reversed(out.ndim)
    local turned = ref.permute(ref.new(out.shape, seed "weights":list(out.count)), order)
    return (out:permute(order) * ref.tensor(core, turned)):sum()
  end,
  plain = function(_, out)
    return out:sum()
  end,
}

return apply
