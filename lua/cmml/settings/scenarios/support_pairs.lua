--- Pairs of the positives and negatives of a support, for methods that learn from supports.
--
-- @module cmml
return function(cmml)
  local core = cmml.core

  -- Adds the pairs of one task's rows to lists, and gives their number: both sides are gone through
  -- in order, the shorter one again and again until the longer one ends.
  local function add_pairs(positives, negatives, of_positive, of_negative)
    local n = #positives > 0 and #negatives > 0 and math.max(#positives, #negatives) or 0
    for k = 0, n - 1 do
      of_positive[#of_positive + 1] = positives[k % #positives + 1]
      of_negative[#of_negative + 1] = negatives[k % #negatives + 1]
    end
    return n
  end

  --- The pairs of supports: the k-th positive of a task with its k-th negative; where there are
  -- more of the one, the others begin anew. A task without positives or without negatives has no
  -- pairs.
  -- @tparam table support Rows with labels, above 0 for positives
  -- @treturn table positive, negative (Ids: rows of the support), each (1, negatives a positive),
  -- as `scenarios.pair_losses_of_tasks` reads them
  -- @treturn Segments how many pairs each task has
  function cmml.scenarios.support_pairs(support)
    local labels, row = support.labels:totable(), 0
    local positive, negative, lengths = {}, {}, {}
    for t, length in ipairs(support.segments:totable()) do
      local sides = { [true] = {}, [false] = {} }
      for r = row + 1, row + length do
        local side = sides[labels[r] > 0]
        side[#side + 1] = r
      end
      row, lengths[t] = row + length, add_pairs(sides[true], sides[false], positive, negative)
    end
    return { positive = core.ids(positive), negative = core.ids(negative), each = 1 },
      core.segments(lengths)
  end
end
