--- What each row counts in the squared error of its task.
--
-- @module cmml.network.task_shares

--- 2 / n for the n rows of each task: the derivative of a mean of squares.
-- @tparam table core
-- @tparam Segments segments the rows of each task
-- @tparam ?table held tasks whose rows count nothing: true by number
-- @treturn Tensor [rows]
return function(core, segments, held)
  local n = core.segment_sum(core.full({ segments:rows() }, 1), segments)
  local each = n:step() * 2 / n:maximum(1)
  if held and next(held) then
    local counts = {}
    for task = 1, #segments do
      counts[task] = held[task] and 0 or 1
    end
    each = each * core.tensor(counts)
  end
  return each:segment_expand(segments)
end
