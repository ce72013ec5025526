--- The cases of ops that read tables of vectors by id; see op_cases.lua.
local ref = require "spec.support.ref"

return function(ids, segments, with)
  local cases = {}

  -- The ids of each wanted bag, unknown ones left out.
  local function bags_of(list, lengths, wanted)
    local bags = {}
    if not lengths then
      for k, id in ipairs(list) do
        bags[k] = { id > 0 and id or nil }
      end
    else
      local at = 0
      for g, n in ipairs(lengths) do
        bags[g] = {}
        for _ = 1, n do
          at = at + 1
          if list[at] > 0 then
            table.insert(bags[g], list[at])
          end
        end
      end
    end
    if not wanted then
      return bags
    end
    local result = {}
    for k, row in ipairs(wanted) do
      result[k] = bags[row] or {}
    end
    return result
  end

  local bag_uses = {
    with(ids { 2, 4, 2 }), with(ids { 2, 0, 1 }), with(ids { 3, 1, 2, 2, 4 }, segments { 2, 0, 3 }),
    with(ids { 3, 0, 0, 2, 4 }, segments { 2, 1, 2 }),
    with(ids { 3, 1, 2, 2, 4 }, segments { 2, 0, 3 }, ids { 3, 0, 1, 3 }),
    with(ids { 3, 1, 2, 2, 4 }, segments { 2, 0, 3 }, nil, false),
    with(ids { 3, 0, 2 }, nil, ids { 2, 3, 3 }, false),
    with(ids {}), with(ids {}, segments { 0, 0 }), with(ids { 1 }, segments { 1 }, ids {}),
  }
  local bag_refused = {
    with(ids { 5 }, nil, nil, "ids contains 5, but there are only 4 rows"),
    with(ids { 1, 2 }, segments { 3 }, nil, "the segments cover 3 ids, but there are 2"),
    with(ids { 1, 2 }, segments { 2 }, ids { 2 }, "rows contains 2, but there are only 1 rows"),
  }
  cases.embedding_fields = {
    list = true,
    ref = function(tables, list, lengths, wanted, mean)
      local columns, n, width = {}, #tables, 0
      if not wanted then
        wanted = {}
        for r = 1, #lengths // n do
          wanted[r] = r
        end
      end
      for f, table_ in ipairs(tables) do
        local rows = {}
        for i, row in ipairs(wanted) do
          rows[i] = row > 0 and (row - 1) * n + f or 0
        end
        columns[f] = cases.embedding_bag.ref(table_, list, lengths, rows, mean)
        width = width + table_.shape[2]
      end
      return ref.build({ #wanted, width }, function(index)
        local column = index[2]
        for _, field in ipairs(columns) do
          if column <= field.shape[2] then
            return ref.get(field, { index[1], column })
          end
          column = column - field.shape[2]
        end
      end)
    end,
    uses = {
      { { 4, 3 }, { 2, 2 }, options = with(ids { 4, 1, 1, 2, 3, 3, 2 },
        segments { 1, 2, 0, 1, 2, 1 }) },
      { { 4, 3 }, { 2, 2 }, options = with(ids { 4, 1, 0, 2, 0, 3, 2 },
        segments { 1, 2, 0, 1, 2, 1 }, ids { 3, 1, 0, 3 }) },
      { { 4, 33 }, options = with(ids { 4, 1, 1 }, segments { 2, 1 }, nil, false) },
      { { 3, 2 }, { 3, 2 }, { 3, 1 }, options = with(ids { 3, 1, 2 }, segments { 1, 1, 1 }) },
      { { 3, 2 }, { 0, 2 }, options = with(ids {}, segments { 0, 0 }) },
      { { 3, 2 }, { 1, 2 }, options = with(ids {}, segments {}) },
    },
    refused = {
      { { 3, 2 }, { 3, 2 }, options = with(ids { 1 }, segments { 1 }),
        text = "1 segments for 2 fields: each row must have a segment for each field" },
      { { 3, 2 }, options = with(ids { 1, 2 }, segments { 1 }),
        text = "cover 1 ids, but there are 2" },
      { { 3, 2 }, { 2, 2 }, options = with(ids { 3, 3 }, segments { 1, 1 }),
        text = "ids contains 3 for field 2, whose table has only 2 rows" },
      { { 3, 2 }, { 2 }, options = with(ids {}, segments {}),
        text = "every table must have 2 dims" },
      { { 3, 2 }, options = with(ids { 1 }, segments { 1 }, ids { 2 }),
        text = "rows contains 2, but there are only 1" },
    },
  }
  cases.embedding_bag = {
    ref = function(table_, list, lengths, wanted, mean)
      local bags, width = bags_of(list, lengths, wanted), table_.shape[2]
      return ref.build({ #bags, width }, function(index)
        local bag, sum = bags[index[1]], 0.0
        for _, id in ipairs(bag) do
          sum = sum + ref.get(table_, { id, index[2] })
        end
        return mean ~= false and #bag > 0 and sum / #bag or sum
      end)
    end,
    uses = {},
    refused = { { { 3 }, options = with(ids { 1 }), text = "table must have 2 dims, not shape" } },
  }
  cases.embedding_bag_transpose = {
    ref = function(g, list, lengths, wanted, mean, size)
      local out = ref.build({ size, g.shape[2] }, function()
        return 0.0
      end)
      for k, bag in ipairs(bags_of(list, lengths, wanted)) do
        for _, id in ipairs(bag) do
          for c = 1, g.shape[2] do
            local at = (id - 1) * g.shape[2] + c
            out.data[at] = out.data[at] + ref.get(g, { k, c }) / (mean ~= false and #bag or 1)
          end
        end
      end
      return out
    end,
    uses = {},
    refused = {
      { { 3 }, options = with(ids { 1 }, nil, nil, nil, 4), text = "g must have 2 dims, not" },
      { { 3, 2 }, options = with(ids { 1 }, nil, nil, nil, 4), text = "g has 3 rows for 1 bags" },
      { { 0, 2 }, options = with(ids {}, nil, nil, nil, -4), text = "negative size" },
    },
  }
  for i, options in ipairs(bag_uses) do
    cases.embedding_bag.uses[i] = { { 4, 3 }, options = options }
    local list, lengths, wanted = options[1], options[2], options[3]
    local bags = wanted or lengths or list
    local more = { table.unpack(options, 1, 4) }
    more[5] = 4
    more.n = 5
    cases.embedding_bag_transpose.uses[i] = { { #bags.values, 3 }, options = more }
  end
  for _, options in ipairs(bag_refused) do
    local list, lengths, wanted, text = table.unpack(options, 1, 4)
    table.insert(cases.embedding_bag.refused,
      { { 4, 3 }, options = with(list, lengths, wanted), text = text })
    table.insert(cases.embedding_bag_transpose.refused,
      { { 1, 3 }, options = with(list, lengths, wanted, nil, 4), text = text })
  end
  table.insert(cases.embedding_bag.uses, { { 4, 0 }, options = with(ids { 1, 2 }) })
  cases.embedding = {
    ref = ref.rows,
    uses = {
      { { 4, 3 }, options = with(ids { 2, 4, 0, 2 }) }, { { 4, 3 }, options = with(ids {}) },
      { { 0, 3 }, options = with(ids { 0 }) }, { { 5, 21 }, options = with(ids { 5, 1 }) },
    },
    refused = {
      { { 4, 3 }, options = with(ids { 5 }), text = "ids contains 5, but there are only 4 rows" },
      { { 4 }, options = with(ids { 1 }), text = "table must have 2 dims, not shape 4" },
    },
  }

  return cases
end
