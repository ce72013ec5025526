--- The oracle: tensors as plain Lua tables { shape, data (row by row) }, and ops on them written as
-- their definitions say, in double. It shares nothing with the core but the bytes it exchanges.
local ref = {}

function ref.size(shape)
  local n = 1
  for _, size in ipairs(shape) do
    n = n * size
  end
  return n
end

function ref.new(shape, data)
  return { shape = shape, data = data }
end

--- Iterates over the elements of a shape in order: position and index (a table that is reused).
function ref.each(shape)
  local n, at, index = ref.size(shape), 0, {}
  for d = 1, #shape do
    index[d] = 1
  end
  return function()
    if at == n then
      return nil
    end
    for d = at > 0 and #shape or 0, 1, -1 do
      index[d] = index[d] + 1
      if index[d] <= shape[d] then
        break
      end
      index[d] = 1
    end
    at = at + 1
    return at, index
  end
end

function ref.build(shape, f)
  local data = {}
  for at, index in ref.each(shape) do
    data[at] = f(index)
  end
  return ref.new(shape, data)
end

--- The element at an index of a shape that r broadcasts to.
function ref.get(r, index)
  local lead, at = #index - #r.shape, 0
  for d, n in ipairs(r.shape) do
    at = at * n + (n == 1 and 0 or index[lead + d] - 1)
  end
  return r.data[at + 1]
end

local function flatten(value, into)
  if type(value) == "number" then
    into[#into + 1] = value
  else
    for _, entry in ipairs(value) do
      flatten(entry, into)
    end
  end
  return into
end

--- What a tensor holds.
function ref.of(tensor)
  return ref.new(tensor.shape, flatten(tensor:totable(), {}))
end

--- The tensor of a core with these numbers.
function ref.tensor(core, r)
  local format, bytes = core.info().dtype == "float64" and "<d" or "<f", {}
  for i, value in ipairs(r.data) do
    bytes[i] = format:pack(value)
  end
  return core.from_bytes(r.shape, table.concat(bytes))
end

--- The elements of r at permuted dims: dim k of the result is dim order[k] of r.
function ref.permute(r, order)
  local shape, back = {}, {}
  for k, d in ipairs(order) do
    shape[k] = r.shape[d]
  end
  return ref.build(shape, function(index)
    for k, d in ipairs(order) do
      back[d] = index[k]
    end
    return ref.get(r, back)
  end)
end

function ref.map(f)
  return function(r, ...)
    local data = {}
    for i, value in ipairs(r.data) do
      data[i] = f(value, ...)
    end
    return ref.new(r.shape, data)
  end
end

function ref.broadcast(a, b)
  local n, shape = math.max(#a, #b), {}
  for d = 1, n do
    local x, y = a[#a - n + d] or 1, b[#b - n + d] or 1
    shape[d] = x == 1 and y or x
  end
  return shape
end

function ref.zip(f)
  return function(a, b)
    return ref.build(ref.broadcast(a.shape, b.shape), function(index)
      return f(ref.get(a, index), ref.get(b, index))
    end)
  end
end

--- Adds element `at(index)` of r, for all of its indices, into zeros of a shape.
function ref.scatter(shape, r, at)
  local out = ref.build(shape, function()
    return 0.0
  end)
  for i, index in ref.each(r.shape) do
    local position = 0
    for d, k in ipairs(at(index)) do
      position = position * shape[d] + k - 1
    end
    out.data[position + 1] = out.data[position + 1] + r.data[i]
  end
  return out
end

--- Sum over one dim (1-based, or negative) or over all.
function ref.sum(r, dim, keep)
  if dim and dim < 0 then
    dim = dim + #r.shape + 1
  end
  local kept, shape = {}, {}
  for d, n in ipairs(r.shape) do
    local gone = not dim or d == dim
    kept[d] = gone and 1 or n
    if keep or not gone then
      shape[#shape + 1] = kept[d]
    end
  end
  return ref.new(shape, ref.sum_to(r, kept).data)
end

--- Sum to a shape that broadcasts to r's.
function ref.sum_to(r, shape)
  local lead = #r.shape - #shape
  return ref.scatter(shape, r, function(index)
    local at = {}
    for d, n in ipairs(shape) do
      at[d] = n == 1 and 1 or index[lead + d]
    end
    return at
  end)
end

local function head(list, n)
  return { table.unpack(list, 1, n) }
end

function ref.matmul(a, b)
  local da, db = #a.shape, #b.shape
  local inner, shape = a.shape[da], ref.broadcast(head(a.shape, da - 2), head(b.shape, db - 2))
  shape[#shape + 1] = a.shape[da - 1]
  shape[#shape + 1] = b.shape[db]
  return ref.build(shape, function(index)
    local n, sum = #index, 0.0
    local ia, ib = head(index, n), head(index, n)
    for k = 1, inner do
      ia[n], ib[n - 1] = k, k
      sum = sum + ref.get(a, ia) * ref.get(b, ib)
    end
    return sum
  end)
end

--- The rows of r (along dim 1) that a list names; 0 gives zeros.
function ref.rows(r, list)
  local shape = { #list, table.unpack(r.shape, 2) }
  return ref.build(shape, function(index)
    local row = list[index[1]]
    return row == 0 and 0.0 or ref.get(r, { row, table.unpack(index, 2) })
  end)
end

--- Rows of r added up at the places that a list names, in zeros of `size` rows; 0 drops a row.
function ref.add_rows(r, list, size)
  local keep, names = {}, {}
  for k, row in ipairs(list) do
    if row > 0 then
      keep[#keep + 1], names[#names + 1] = k, row
    end
  end
  local shape = { size, table.unpack(r.shape, 2) }
  return ref.scatter(shape, ref.rows(r, keep), function(index)
    return { names[index[1]], table.unpack(index, 2) }
  end)
end

--- Segments as the number of the group of every row.
function ref.groups(lengths)
  local groups = {}
  for g, n in ipairs(lengths) do
    for _ = 1, n do
      groups[#groups + 1] = g
    end
  end
  return groups
end

--- erf by its series without cancellation: 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!.
function ref.erf(x)
  if x > 6 or x < -6 then -- 1 to the last digit, but the terms of the series grow out of bounds
    return x > 0 and 1.0 or -1.0
  end
  local term, sum, n = x, x, 0
  while math.abs(term) > 1e-18 * math.abs(sum) do
    n = n + 1
    term = term * 2 * x * x / (2 * n + 1)
    sum = sum + term
  end
  return 2 / math.sqrt(math.pi) * math.exp(-x * x) * sum
end

ref.activations = {
  identity = function(x) return x end,
  sigmoid = function(x)
    return 1 / (1 + math.exp(-x))
  end,
  relu = function(x)
    return math.max(x, 0)
  end,
  leaky_relu = function(x)
    return x > 0 and x or 0.01 * x
  end,
  tanh = function(x)
    local e = math.exp(2 * x)
    return (e - 1) / (e + 1)
  end,
}

return ref
