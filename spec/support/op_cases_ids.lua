--- The cases of ops that take ids or segments; see op_cases.lua.
local ref = require "spec.support.ref"

return function(ids, segments, with)
  local cases = {}

  cases.gather_rows = {
    ref = ref.rows,
    uses = {
      { { 4, 3 }, options = with(ids { 2, 4, 2 }) }, { { 3 }, options = with(ids { 3, 1 }) },
      { { 2, 2, 2 }, options = with(ids { 2 }) }, { { 2, 3 }, options = with(ids {}) },
      { { 0, 3 }, options = with(ids {}) }, { { 2, 0 }, options = with(ids { 1, 1 }) },
    },
    refused = {
      { { 4, 3 }, options = with(ids { 1, 5 }), text = "contains 5, but there are only 4 rows" },
      { { 4, 3 }, options = with(ids { 0 }), text = "ids contains 0 %(unknown%)" },
      { { 0, 3 }, options = with(ids { 1 }), text = "there are only 0 rows" },
      { {}, options = with(ids {}), text = "a scalar has no rows" },
    },
  }
  cases.gather = {
    ref = function(x, list, each)
      local shape = { table.unpack(x.shape) }
      shape[#shape] = each or 1
      local at = 0
      return ref.build(shape, function(index)
        at = at + 1
        local place = { table.unpack(index) }
        place[#place] = list[at]
        return ref.get(x, place)
      end)
    end,
    uses = {
      { { 3, 4 }, options = with(ids { 4, 1, 4 }) },
      { { 2, 3 }, options = with(ids { 3, 3, 1, 2, 1, 3, 2, 2 }, 4) },
      { { 5 }, options = with(ids { 2, 5, 2 }, 3) },
      { { 2, 2, 3 }, options = with(ids { 1, 3, 3, 2 }) },
      { { 0, 3 }, options = with(ids {}, 2) }, { { 2, 3 }, options = with(ids {}, 0) },
      { { 2, 0 }, options = with(ids {}, 0) },
    },
    refused = {
      { { 3, 4 }, options = with(ids { 1, 2 }),
        text = "2 ids were given, but x 3x4 with 1 for each row needs 3" },
      { { 3, 4 }, options = with(ids { 1, 2, 3 }, 2), text = "with 2 for each row needs 6" },
      { { 2, 4 }, options = with(ids { 1, 5 }), text = "ids contains 5, but there are only 4" },
      { { 2, 4 }, options = with(ids { 0, 1 }), text = "ids contains 0 %(unknown%)" },
      { { 2, 0 }, options = with(ids { 1, 1 }), text = "there are only 0 rows" },
      { { 2, 4 }, options = with(ids { 1, 1 }, -1), text = "negative size in shape 2x%-1" },
      { {}, options = with(ids {}), text = "x is a scalar: there is no dim to gather" },
    },
  }
  cases.scatter_add_rows = {
    ref = function(base, x, list)
      local added = ref.add_rows(x, list, base.shape[1])
      return ref.zip(function(a, b)
        return a + b
      end)(base, added)
    end,
    uses = {
      { { 4, 3 }, { 3, 3 }, options = with(ids { 2, 4, 2 }) },
      { { 3, 2 }, { 3, 2 }, options = with(ids { 1, 1, 3 }) },
      { { 3 }, { 2 }, options = with(ids { 3, 1 }) },
      { { 2, 2 }, { 0, 2 }, options = with(ids {}) },
    },
    refused = {
      { { 4, 3 }, { 2, 3 }, options = with(ids { 1 }),
        text = "x 2x3 does not fit base 4x3 with 1 ids" },
      { { 4, 3 }, { 1, 3 }, options = with(ids { 5 }), text = "ids contains 5" },
      { { 4, 3 }, { 1, 3 }, options = with(ids { 0 }), text = "ids contains 0" },
      { {}, {}, options = with(ids {}), text = "base: a scalar has no rows" },
    },
  }

  local function segment_case(f, uses)
    return {
      ref = f,
      uses = uses,
      refused = {
        { { 4, 2 }, options = with(segments { 2, 1 }), text = "segments" },
        { {}, options = with(segments { 1 }), text = "shape %(a scalar%)" },
      },
    }
  end
  local segment_uses = {
    { { 5, 2 }, options = with(segments { 2, 0, 3 }) },
    { { 5 }, options = with(segments { 1, 4 }) },
    { { 4, 2, 2 }, options = with(segments { 4 }) }, { { 0, 2 }, options = with(segments {}) },
    { { 0, 2 }, options = with(segments { 0, 0 }) }, { { 40 }, options = with(segments { 37, 3 }) },
  }

  local function segment_sum(x, lengths)
    return ref.add_rows(x, ref.groups(lengths), #lengths)
  end
  cases.segment_sum = segment_case(segment_sum, segment_uses)
  cases.segment_mean = segment_case(function(x, lengths)
    local sums = segment_sum(x, lengths)
    return ref.build(sums.shape, function(index)
      return ref.get(sums, index) / math.max(lengths[index[1]], 1)
    end)
  end, segment_uses)
  cases.segment_expand = segment_case(function(x, lengths)
    return ref.rows(x, ref.groups(lengths))
  end, {
    { { 3, 2 }, options = with(segments { 2, 0, 3 }) },
    { { 2 }, options = with(segments { 1, 4 }) },
    { { 0, 2 }, options = with(segments {}) }, { { 1, 2, 2 }, options = with(segments { 3 }) },
  })

  cases.segment_max = segment_case(function(x, lengths)
    local groups, shape = ref.groups(lengths), { #lengths, table.unpack(x.shape, 2) }
    return ref.build(shape, function(index)
      local most
      for row, group in ipairs(groups) do
        local value = ref.get(x, { row, table.unpack(index, 2) })
        if group == index[1] and (not most or value > most) then
          most = value
        end
      end
      return most or 0.0
    end)
  end, segment_uses)
  cases.segment_softmax = segment_case(function(x, lengths)
    local groups, e = ref.groups(lengths), ref.map(math.exp)(x)
    return ref.zip(function(value, sum)
      return value / sum
    end)(e, ref.rows(segment_sum(e, lengths), groups))
  end, segment_uses)

  return cases
end
