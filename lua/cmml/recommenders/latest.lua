--- The latest rows of sequences, and how long ago each was.
--
-- @module cmml.recommenders.latest

return function(cmml)
  local core = cmml.core
  local latest = {}

  --- The latest rows of each task.
  -- @tparam table support Rows, in order
  -- @tparam integer n how many of each task at most
  -- @treturn table Rows: segments, items, and following where the support has it
  function latest.rows(support, n)
    local rows, segments = core.latest_rows(support.segments, n)
    return { segments = segments, items = core.map_ids(rows, support.items),
      following = support.following and core.map_ids(rows, support.following) }
  end

  --- What rows weigh that a power of how long ago they were decides: 1 the last one, `decay` the
  -- one before, and so on.
  -- @tparam Segments segments of at most n rows
  -- @tparam number decay above 0, at most 1
  -- @tparam integer n
  -- @treturn Tensor [rows]
  function latest.weights(segments, decay, n)
    local numbers = {}
    for i = 1, n do
      numbers[i] = i
    end
    local places = core.tensor(numbers):gather_rows(segments:places())
    local ages = places:segment_max(segments):segment_expand(segments) - places
    return (ages * math.log(decay)):exp()
  end

  return latest
end
