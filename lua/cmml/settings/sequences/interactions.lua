--- What kinds learn from in the setting sequences: who took what, without order, and sequences.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local core = cmml.core

  --- The sequences of some users, one behind the other.
  -- @tparam table sequences users (Segments) and items (Ids)
  -- @tparam table users list of rows
  -- @treturn table Rows, a task a user: segments, items, labels (1 each), following
  function cmml.sequences.rows_of(sequences, users)
    args.expect("sequences.rows_of: sequences", sequences, "table")
    args.expect("sequences.rows_of: sequences.items", sequences.items, "cmml.Ids")
    return (args.call(core.cut_sequences, sequences, args.call(core.ids, users), {
      shown = math.max(#sequences.items, 1) }))
  end

  --- What kinds learn from that know no order: how often some people took each item.
  -- @tparam Catalogue catalogue of the model
  -- @tparam table data ratings (users, items) and users (list of rows), as `learnable` of the
  -- setting gives them
  -- @treturn table rows (Segments, one a person of `users`, in their order), columns (Ids of items,
  -- rising), weights (Tensor)
  function cmml.sequences.interactions(catalogue, data)
    args.expect("sequences.interactions: catalogue", catalogue, "cmml.Catalogue")
    args.expect("sequences.interactions: data", data, "table")
    local rows = cmml.sequences.rows_of(data.ratings, data.users)
    if #rows.items == 0 then
      raise(("nothing to learn from: the %d people have no interactions"):format(#data.users), 2)
    end
    return core.sparse(rows.segments:groups(), rows.items, nil, #data.users,
      #catalogue.items)
  end
end
