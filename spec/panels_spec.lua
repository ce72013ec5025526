-- Recurrent layers over a batch, and maps of many rows, multiply by a weight that is laid out; over
-- one row BLAS reads it as it lies. Both ways must agree, at sizes that fill panels and sizes that
-- do not, for every set of kernels.
local each_kernels = require "spec.support.each_kernels"
local single = require "cmml"

local double = single.double

local time = 9

-- Inputs [batch, time, rows], weight, bias and first state of a run.
local function inputs(cmml, gates, parts, hidden, batch)
  local rows, bound = gates * hidden, 1 / math.sqrt(hidden)
  local function leaf(stream, ...)
    return cmml.uniform({ ... }, -bound, bound, { seed = hidden, stream = stream }):track()
  end
  return leaf(1, batch, time, rows), leaf(2, rows, hidden), leaf(3, rows),
    leaf(4, batch, parts * hidden)
end

-- States and gradients of a run, in which every number of the states counts.
local function run(cmml, op, lengths, x, weight, bias, state)
  local states = op(x, weight, bias, state, lengths)
  local gradients = cmml.grad(cmml.sum(states * states), { x, weight, bias, state })
  return states, gradients
end

local function largest(x)
  return x:abs():max():item()
end

-- Every row alone, as one batch.
local function one_by_one(cmml, op, lengths, x, weight, bias, state)
  local states, gx, gweight, gbias, gstate = {}, {}, 0, 0, {}
  for b = 1, x.shape[1] do
    local own, gradients = run(cmml, op, cmml.segments { lengths[b] },
      x:slice(1, b, b):detach():track(), weight, bias, state:slice(1, b, b):detach():track())
    states[b], gx[b], gstate[b] = own, gradients[1], gradients[4]
    gweight, gbias = gweight + gradients[2], gbias + gradients[3]
  end
  local function joined(list)
    return cmml.concat(list, 1)
  end
  return joined(states), { joined(gx), gweight, gbias, joined(gstate) }
end

local function check(cmml, name, tolerance)
  for kind, size in pairs { gru = { 3, 1 }, lstm = { 4, 2 } } do
    local op = cmml[kind .. "_scan"]
    for _, hidden in ipairs { 3, 11, 32, 40 } do
      for _, batch in ipairs { 2, 7, 15, 16 } do
        local what = ("%s, %s, hidden %d, batch %d"):format(name, kind, hidden, batch)
        local lengths = {}
        for b = 1, batch do
          lengths[b] = b % 5 == 4 and b % time or time
        end
        local x, weight, bias, state = inputs(cmml, size[1], size[2], hidden, batch)
        local states, gradients = run(cmml, op, cmml.segments(lengths), x, weight, bias, state)
        local want, expected = one_by_one(cmml, op, lengths, x, weight, bias, state)
        assert.is_true(largest(states - want) <= tolerance, what)
        for i, gradient in ipairs(expected) do
          local off = largest(gradients[i] - gradient)
          assert.is_true(off <= tolerance * (1 + largest(gradient)), what .. ", gradient " .. i)
        end
      end
    end
  end
end

-- A map of many rows against the same map of each row alone.
local function check_map(cmml, name, tolerance)
  for _, size in ipairs { { 32, 8, 16 }, { 45, 33, 70 }, { 200, 64, 64 }, { 97, 512, 33 } } do
    local rows, inp, out = table.unpack(size)
    local x, weight = cmml.uniform({ rows, inp }, -1, 1, { seed = 1 }),
      cmml.uniform({ out, inp }, -1, 1, { seed = 2 })
    local bias, off = cmml.uniform({ out }, -1, 1, { seed = 3 }), 0
    local all = cmml.linear(x, weight, bias, "tanh")
    for r = 1, rows do
      local alone = cmml.linear(x:slice(1, r, r), weight, bias, "tanh")
      off = math.max(off, largest(all:slice(1, r, r) - alone))
    end
    assert.is_true(off <= tolerance, ("%s, %dx%d to %d: %g"):format(name, rows, inp, out, off))
  end
end

-- A map of rows joined from tables, and its gradients, against that of the rows written out, one
-- at a time.
local function check_joined(cmml, name, tolerance)
  for _, size in ipairs { { 33, 8, 17, 9 }, { 50, 40, 16, 33 }, { 97, 64, 70, 64 } } do
    local n, width, other, out = table.unpack(size)
    local a, b = cmml.uniform({ n, width }, -1, 1, { seed = 1 }),
      cmml.uniform({ n, other }, -1, 1, { seed = 2 })
    local weight, probe = cmml.uniform({ out, width + other }, -1, 1, { seed = 3 }),
      cmml.uniform({ 2 * n, out }, -1, 1, { seed = 4 })
    local first, second = cmml.core.choose(n, n, { seed = 5 }), cmml.core.choose(n, n, { seed = 6 })
    local ids = { cmml.core.join_ids({ first, second }, { 0, 0 }),
      cmml.core.join_ids({ second, second }, { 0, 0 }) }
    local leaves = { a:track(), b:track(), weight:track() }
    local joined = cmml.joined { { a, ids[1] }, { b, ids[2] } }
    local found = joined:linear(weight)
    local gradients = cmml.grad((found * probe):sum(), leaves)
    local rows, wanted = joined:tensor(), nil
    for r = 1, 2 * n do
      local row = cmml.linear(rows:slice(1, r, r), weight)
      wanted = wanted and cmml.concat({ wanted, row }, 1) or row
    end
    local what = ("%s, %d and %d to %d"):format(name, width, other, out)
    assert.is_true(largest(found - wanted) <= tolerance, what)
    for i, gradient in ipairs(cmml.grad((wanted * probe):sum(), leaves)) do
      local off = largest(gradients[i] - gradient)
      assert.is_true(off <= tolerance * (1 + largest(gradient)), what .. ", gradient " .. i)
    end
  end
end

-- The gradients of a map of many rows against the sums over the rows.
local function check_map_gradients(cmml, name, tolerance)
  for _, size in ipairs { { 33, 17, 9 }, { 45, 33, 70 }, { 200, 64, 64 } } do
    local rows, inp, out = table.unpack(size)
    local x, weight = cmml.uniform({ rows, inp }, -1, 1, { seed = 1 }):track(),
      cmml.uniform({ out, inp }, -1, 1, { seed = 2 }):track()
    local gradient = cmml.grad(cmml.linear(x, weight, nil, "tanh"):sum(), x)
    for r = 1, rows do
      local row = x:slice(1, r, r):detach():track()
      local alone = cmml.grad(cmml.linear(row, weight, nil, "tanh"):sum(), row)
      assert.is_true(largest(gradient:slice(1, r, r) - alone) <= tolerance * (1 + largest(alone)),
        ("%s, %dx%d to %d, row %d"):format(name, rows, inp, out, r))
    end
  end
end

describe("a weight in panels", function()
  it("maps joined rows, and gives gradients, as each row alone", function()
    each_kernels(single.core, function(name)
      check_joined(single, name, 1e-5)
      check_map_gradients(single, name, 1e-5)
    end)
    each_kernels(double.core, function(name)
      check_joined(double, name, 1e-13)
      check_map_gradients(double, name, 1e-13)
    end)
  end)

  it("maps many rows as each alone", function()
    each_kernels(single.core, function(name)
      check_map(single, name, 1e-5)
    end)
    each_kernels(double.core, function(name)
      check_map(double, name, 1e-13)
    end)
  end)

  it("gives what it gives as it lies, in single precision", function()
    each_kernels(single.core, function(name)
      check(single, name, 3e-6)
    end)
  end)

  it("gives what it gives as it lies, in double precision", function()
    each_kernels(double.core, function(name)
      check(double, name, 1e-14)
    end)
  end)

  it("gives a row the same bits whatever the others are", function()
    each_kernels(single.core, function(name)
      local x, weight, bias, state = inputs(single, 3, 1, 40, 15)
      local states = single.gru_scan(x, weight, bias, state)
      for _, some in ipairs { 2, 4, 8, 11 } do
        local part = single.gru_scan(x:slice(1, 1, some), weight, bias, state:slice(1, 1, some))
        assert.equal(states:slice(1, 1, some):tobytes(), part:tobytes(), name)
      end
    end)
  end)
end)
