--- How the ops on ids and segments may be applied to what a random program has made so far; see
-- random_steps.lua for what a maker is.
local ref = require "spec.support.ref"

local function with(...)
  return table.pack(...)
end

local function has_rows(x)
  return #x.shape >= 1
end

--- Adds the makers.
-- @tparam table makers by the name of the op
return function(makers)
  local function is_matrix(x)
    return #x.shape == 2
  end

  -- A list of rows below n + 1, from 1, or from 0 where unknown ones are allowed.
  local function ids(program, count, n, unknown)
    local values = {}
    for i = 1, n > 0 and count or 0 do
      values[i] = program:whole(unknown and 0 or 1, n)
    end
    return { kind = "ids", values = values }
  end

  -- Segments over n rows, empty ones among them.
  local function segments(program, n)
    local lengths = {}
    while n > 0 do
      lengths[#lengths + 1] = program:whole(0, n)
      n = n - lengths[#lengths]
    end
    if program:chance(0.3) then
      lengths[#lengths + 1] = 0
    end
    return { kind = "segments", values = lengths }
  end

  function makers.gather_rows(program)
    local x = program:pick(has_rows)
    if x then
      return { x }, with(ids(program, program:whole(0, 4), x.shape[1]))
    end
  end
  function makers.scatter_add_rows(program)
    local base = program:pick(has_rows)
    if base then
      local list = ids(program, program:whole(0, 4), base.shape[1])
      local shape = { #list.values, table.unpack(base.shape, 2) }
      return { base, program:of_shape(shape) }, with(list)
    end
  end
  function makers.gather(program)
    local x = program:pick(function(x)
      return #x.shape >= 1 and x.shape[#x.shape] > 0
    end)
    if x then
      local each = program:whole(0, 3)
      local rows = ref.size { table.unpack(x.shape, 1, #x.shape - 1) }
      return { x }, with(ids(program, rows * each, x.shape[#x.shape]), each)
    end
  end
  function makers.embedding(program)
    local x = program:pick(is_matrix)
    if x then
      return { x }, with(ids(program, program:whole(0, 5), x.shape[1], true))
    end
  end
  function makers.embedding_bag(program)
    local x = program:pick(is_matrix)
    if x then
      local list = ids(program, program:whole(0, 5), x.shape[1], true)
      local bags = program:chance(0.6) and segments(program, #list.values) or nil
      local rows = program:chance(0.4)
        and ids(program, program:whole(0, 3), #(bags or list).values, true) or nil
      return { x }, with(list, bags, rows, program:chance(0.5))
    end
  end

  local function over_segments(program)
    local x = program:pick(has_rows)
    if x then
      return { x }, with(segments(program, x.shape[1]))
    end
  end
  makers.segment_sum, makers.segment_mean = over_segments, over_segments
  makers.segment_max, makers.segment_softmax = over_segments, over_segments
  function makers.segment_matmul(program)
    local x = program:pick(is_matrix)
    if x then
      local groups = segments(program, x.shape[1])
      return { x, program:of_shape { #groups.values, x.shape[2], program:size() } }, with(groups)
    end
  end
  function makers.segment_outer(program)
    local x = program:pick(is_matrix)
    if x then
      return { x, program:of_shape { x.shape[1], program:size() } },
        with(segments(program, x.shape[1]))
    end
  end
  function makers.segment_expand(program)
    local x = program:pick(has_rows)
    if x then
      local lengths = {}
      for i = 1, x.shape[1] do
        lengths[i] = program:whole(0, 3)
      end
      return { x }, with { kind = "segments", values = lengths }
    end
  end
end
