--- Supports of tasks before and after encoding: which rows are read, and how far the contexts of
-- few rows are shrunk.
--
-- @module cmml.network.supports
local supports = {}

--- The positives alone of supports.
-- @tparam table core
-- @tparam table parts those of the rows' joined matrix: list of {matrix, Ids or nil}
-- @tparam Tensor labels [rows], above 0 for a positive
-- @tparam Segments segments one a task
-- @treturn table parts, without the other rows
-- @treturn Tensor labels
-- @treturn Segments
function supports.positives(core, parts, labels, segments)
  local rows, lengths, row = {}, {}, 0
  local values = labels:totable()
  for t, length in ipairs(segments:totable()) do
    local before = #rows
    for r = row + 1, row + length do
      rows[#rows + 1] = values[r] > 0 and r or nil
    end
    lengths[t], row = #rows - before, row + length
  end
  local kept, chosen = core.ids(rows), {}
  for i, part in ipairs(parts) do
    chosen[i] = { part[1], part[2] and core.map_ids(kept, part[2]) or kept }
  end
  return chosen, labels:gather_rows(kept), core.segments(lengths)
end

--- Contexts shrunk towards zero by the size of the support: that of n rows times n / (n + shrink),
-- the factor by which a mean of n values with a prior worth `shrink` of them moves from 0.
-- @tparam table core
-- @tparam Tensor context [tasks, dim]
-- @tparam Segments segments one a task
-- @tparam number shrink above 0, or 0 for contexts as they are
-- @treturn Tensor of the same shape
function supports.shrunk(core, context, segments, shrink)
  if shrink == 0 then
    return context
  end
  local count = core.segment_sum(core.full({ segments:rows(), 1 }, 1), segments)
  return context * (count / (count + shrink))
end

return supports
