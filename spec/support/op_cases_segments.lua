--- The cases of ops on sequences one behind another; see op_cases.lua for what a case is.
local philox = require "spec.support.philox"
local ref = require "spec.support.ref"

local cases = {}

local function with(...)
  return table.pack(...)
end

local function segments(values)
  return { kind = "segments", values = values }
end

-- For each row its place, and the first row and the number of its segment.
local function places_of(lengths)
  local rows, at = {}, 0
  for s, n in ipairs(lengths) do
    for place = 1, n do
      rows[#rows + 1] = { place = place, first = at, segment = s, length = n }
    end
    at = at + n
  end
  return rows
end

-- The product of two rows, from one column on.
local function product(x, i, y, j, first, n)
  local sum = 0.0
  for c = first + 1, first + n do
    sum = sum + ref.get(x, { i, c }) * ref.get(y, { j, c })
  end
  return sum
end

-- A word for each query, head and key of the segments in turn.
local function words_of(lengths, heads, key)
  local count = 0
  for _, n in ipairs(lengths) do
    count = count + n * heads * n
  end
  return philox.words(count, { seed = key[1], epoch = key[2], task = key[3], stream = 7 })
end

cases.segment_attention = {
  ref = function(q, k, v, ...)
    local options = table.pack(...)
    local features
    if type(options[1]) == "table" and options[1].shape then
      features = table.remove(options, 1)
    end
    local first = features and 0 or 1
    local lengths, heads, causal, scale, valid, rate = table.unpack(options, first + 1, first + 6)
    heads, scale, rate = heads or 1, scale or 1e-3, rate or 0
    local words = rate > 0 and words_of(lengths, heads, { table.unpack(options, first + 7, 10) })
    local rows, dk, dv = places_of(lengths), q.shape[2] // heads, v.shape[2] // heads
    local begin = { 0 }
    for s, n in ipairs(lengths) do
      begin[s + 1] = begin[s] + n * heads * n
    end
    local function mask(at, head, key)
      local place = begin[at.segment] + ((at.place - 1) * heads + head) * at.length + key
      return rate == 0 and 1 or words[place] < rate * 2 ^ 32 and 0.0 or 1 / (1 - rate)
    end
    return ref.build(v.shape, function(index)
      local row, at = index[1], rows[index[1]]
      local head = (index[2] - 1) // dv
      local n = math.min(valid and valid[at.segment] or at.length, causal and at.place or at.length)
      local total, sum = 0.0, 0.0
      for key = at.first + 1, at.first + n do
        local logit = product(q, row, k, key, head * dk, dk) / math.sqrt(math.max(dk, 1))
          + (features and scale * product(features, row, features, key, 0, features.shape[2]) or 0)
        total = total + math.exp(logit)
        sum = sum + math.exp(logit) * mask(at, head, key - at.first) * ref.get(v, { key, index[2] })
      end
      return total > 0 and sum / total or 0.0
    end)
  end,
  uses = {
    { { 5, 4 }, { 5, 4 }, { 5, 4 }, options = with(nil, segments { 2, 0, 3 }, 2, true) },
    { { 5, 4 }, { 5, 4 }, { 5, 2 }, options = with(nil, segments { 2, 3 }, 2) },
    { { 5, 2 }, { 5, 2 }, { 5, 2 }, { 5, 3 },
      options = with(segments { 4, 1 }, 2, true, 0.5, segments { 3, 1 }) },
    { { 4, 2 }, { 4, 2 }, { 4, 1 }, { 4, 2 }, options = with(segments { 3, 1 }, nil, nil, -2) },
    { { 4, 1 }, { 4, 1 }, { 4, 1 }, { 4, 1 }, options = with(segments { 4 }) },
    { { 5, 2 }, { 5, 2 }, { 5, 2 },
      options = with(nil, segments { 2, 3 }, 1, false, nil, segments { 0, 2 }) },
    { { 5, 2 }, { 5, 2 }, { 5, 2 },
      options = with(nil, segments { 2, 3 }, 1, true, nil, segments { 0, 3 }) },
    { { 19, 2 }, { 19, 2 }, { 19, 1 }, options = with(nil, segments { 17, 2 }, 1, true) },
    { { 5, 4 }, { 5, 4 }, { 5, 4 },
      options = with(nil, segments { 2, 0, 3 }, 2, true, nil, nil, 0.5, 7, 2, 3) },
    { { 5, 2 }, { 5, 2 }, { 5, 2 }, { 5, 3 },
      options = with(segments { 4, 1 }, 2, false, 0.5, segments { 3, 1 }, 0.25, -1) },
    { { 0, 4 }, { 0, 4 }, { 0, 4 }, options = with(nil, segments { 0, 0 }, 2) },
    { { 0, 4 }, { 0, 4 }, { 0, 4 }, { 0, 1 }, options = with(segments {}, 2) },
    { { 3, 0 }, { 3, 0 }, { 3, 2 }, options = with(nil, segments { 1, 2 }, 2, true) },
    { { 3, 2 }, { 3, 2 }, { 3, 0 }, { 3, 0 }, options = with(segments { 1, 2 }, 2, true, 1) },
  },
  refused = {
    { { 3 }, { 3 }, { 3 }, options = with(nil, segments { 3 }), text = "q must have 2 dims" },
    { { 3, 2 }, { 3, 3 }, { 3, 2 }, options = with(nil, segments { 3 }),
      text = "k 3x3 does not fit q 3x2: it must be %[rows, heads dk%], as q is" },
    { { 3, 2 }, { 3, 2 }, { 2, 2 }, options = with(nil, segments { 3 }),
      text = "v 2x2 does not fit q 3x2: it must be %[rows, heads dv%]" },
    { { 3, 2 }, { 3, 2 }, { 3, 2 }, { 4, 2 }, options = with(segments { 3 }),
      text = "features 4x2 does not fit q 3x2: it must be %[rows, width%]" },
    { { 3, 2 }, { 3, 2 }, { 3, 2 }, options = with(nil, segments { 2 }),
      text = "the segments cover 2 rows, but x has shape 3x2" },
    { { 3, 4 }, { 3, 4 }, { 3, 3 }, options = with(nil, segments { 3 }, 2),
      text = "2 heads cannot share the 3 columns of v" },
    { { 3, 4 }, { 3, 4 }, { 3, 4 }, options = with(nil, segments { 3 }, 3),
      text = "3 heads cannot share the 4 columns of q" },
    { { 3, 4 }, { 3, 4 }, { 3, 4 }, options = with(nil, segments { 3 }, 0),
      text = "0 heads cannot share" },
    { { 3, 4 }, { 3, 4 }, { 3, 4 },
      options = with(nil, segments { 3 }, 1, true, 1, segments { 1, 2 }),
      text = "there are 2 lengths for 1 segments" },
    { { 3, 4 }, { 3, 4 }, { 3, 4 },
      options = with(nil, segments { 1, 2 }, 1, true, 1, segments { 1, 3 }),
      text = "length 2 is 3, but its segment has 2 rows" },
    { { 3, 4 }, { 3, 4 }, { 3, 4 },
      options = with(nil, segments { 3 }, 1, true, 1, nil, 1), text = "rate must be from 0" },
    { { 3, 4 }, { 3, 4 }, { 3, 4 },
      options = with(nil, segments { 3 }, 1, true, 1, nil, 0.5, 1, -1), text = "epoch must be" },
    { { 3, 4 }, { 3, 4 }, { 3, 4 }, options = with(nil, nil), text = "#5.*Segments expected" },
  },
}

cases.segment_mix = {
  ref = function(q, k, v, rows, others)
    local own, first = places_of(rows), { 0 }
    for s, n in ipairs(others) do
      first[s + 1] = first[s] + n
    end
    return ref.build({ q.shape[1], v.shape[2] }, function(index)
      local s, sum = own[index[1]].segment, 0.0
      for j = first[s] + 1, first[s + 1] do
        sum = sum + product(q, index[1], k, j, 0, q.shape[2]) * ref.get(v, { j, index[2] })
      end
      return sum
    end)
  end,
  uses = {
    { { 5, 3 }, { 6, 3 }, { 6, 2 }, options = with(segments { 2, 0, 3 }, segments { 1, 2, 3 }) },
    { { 4, 2 }, { 3, 2 }, { 3, 4 }, options = with(segments { 3, 1 }, segments { 0, 3 }) },
    -- more pairs than numbers in a sum of outer products, in one segment and in another
    { { 7, 2 }, { 8, 2 }, { 8, 2 }, options = with(segments { 1, 6 }, segments { 2, 6 }) },
    { { 4, 1 }, { 5, 1 }, { 5, 1 }, options = with(segments { 4 }, segments { 5 }) },
    { { 3, 19 }, { 4, 19 }, { 4, 5 }, options = with(segments { 1, 2 }, segments { 2, 2 }) },
    { { 0, 2 }, { 2, 2 }, { 2, 3 }, options = with(segments { 0 }, segments { 2 }) },
    { { 0, 2 }, { 0, 2 }, { 0, 3 }, options = with(segments {}, segments {}) },
    { { 3, 0 }, { 2, 0 }, { 2, 2 }, options = with(segments { 3 }, segments { 2 }) },
    { { 3, 2 }, { 2, 2 }, { 2, 0 }, options = with(segments { 3 }, segments { 2 }) },
  },
  refused = {
    { { 3, 2 }, { 2, 3 }, { 2, 2 }, options = with(segments { 3 }, segments { 2 }),
      text = "q 3x2, k 2x3 and v 2x2 do not fit: they must be %[rows, a%], %[others, a%]" },
    { { 3, 2 }, { 2, 2 }, { 3, 2 }, options = with(segments { 3 }, segments { 2 }),
      text = "and v 3x2 do not fit" },
    { { 3 }, { 2, 2 }, { 2, 2 }, options = with(segments { 3 }, segments { 2 }),
      text = "q 3, k 2x2" },
    { { 3, 2 }, { 2, 2 }, { 2, 2 }, options = with(segments { 3 }, segments { 1, 1 }),
      text = "there are 1 q_segments, but 2 k_segments" },
    { { 3, 2 }, { 2, 2 }, { 2, 2 }, options = with(segments { 2 }, segments { 2 }),
      text = "the segments cover 2 rows, but x has shape 3x2" },
    { { 3, 2 }, { 2, 2 }, { 2, 2 }, options = with(segments { 3 }, segments { 3 }),
      text = "the segments cover 3 rows, but x has shape 2x2" },
    { { 3, 2 }, { 2, 2 }, { 2, 2 }, options = with(segments { 3 }),
      text = "#5.*Segments expected" },
  },
}

cases.segment_mix_add = {
  list = true,
  ref = function(parts, base, q, rows, others, scale, offset)
    local first, own = { 0 }, places_of(rows)
    for s, n in ipairs(others) do
      first[s + 1] = first[s] + n
    end
    return ref.build(base.shape, function(index)
      local s, sum = own[index[1]].segment, ref.get(base, index)
      for i = 1, #parts, 2 do
        for j = first[s] + 1, first[s + 1] do
          sum = sum + (scale or 1) * ref.get(parts[i + 1], { j, index[2] })
            * (product(q, index[1], parts[i], j, 0, q.shape[2]) + (offset or 0))
        end
      end
      return sum
    end)
  end,
  uses = {
    { { 6, 3 }, { 6, 2 }, { 5, 2 }, { 5, 3 }, list = 2,
      options = with(segments { 2, 0, 3 }, segments { 1, 2, 3 }) },
    { { 4, 3 }, { 4, 2 }, { 4, 3 }, { 4, 2 }, { 5, 2 }, { 5, 3 }, list = 4,
      options = with(segments { 4, 1 }, segments { 1, 3 }, -0.5, 1) },
    { { 4, 2 }, { 4, 2 }, { 3, 2 }, { 3, 2 }, list = 2,
      options = with(segments { 3, 0 }, segments { 4, 0 }, 0.25, 0.5) },
    { { 3, 19 }, { 3, 17 }, { 3, 17 }, { 3, 19 }, list = 2,
      options = with(segments { 3 }, segments { 3 }, 2, 1) },
    { { 0, 2 }, { 0, 3 }, { 2, 3 }, { 2, 2 }, list = 2,
      options = with(segments { 2 }, segments { 0 }) },
    { { 2, 0 }, { 2, 3 }, { 2, 3 }, { 2, 0 }, list = 2,
      options = with(segments { 2 }, segments { 2 }, 1, 1) },
  },
  refused = {
    { { 2, 2 }, { 2, 2 }, { 2, 2 }, list = 1, options = with(segments { 2 }, segments { 2 }),
      text = "parts must be k and v in turn, at most 28 tensors, not 1" },
    { { 2, 2 }, { 2, 3 }, { 2, 2 }, { 2, 2 }, list = 2,
      options = with(segments { 2 }, segments { 2 }),
      text = "part 1, k 2x2 and v 2x3, does not fit base and q: it must be %[others, 2%] and" },
    { { 2, 2 }, { 3, 2 }, { 2, 2 }, { 2, 2 }, list = 2,
      options = with(segments { 2 }, segments { 2 }), text = "k 2x2 and v 3x2, does not fit" },
    { { 2, 2 }, { 2, 2 }, { 2, 2 }, { 3, 2 }, list = 2,
      options = with(segments { 2 }, segments { 2 }), text = "base 2x2 and q 3x2 do not fit" },
    { { 2, 2 }, { 2, 2 }, { 2, 2 }, { 2, 2 }, list = 2,
      options = with(segments { 2 }, segments { 1, 1 }),
      text = "there are 1 q_segments, but 2 k_segments" },
    { { 2, 2 }, { 2, 2 }, { 2, 2 }, { 2, 2 }, list = 2,
      options = with(segments { 3 }, segments { 2 }), text = "the segments cover 3 rows" },
    { { 2, 2 }, { 2, 2 }, { 2, 2 }, { 2, 2 }, list = 2,
      options = with(segments { 2 }, segments { 1 }), text = "the segments cover 1 rows" },
  },
}

return cases
