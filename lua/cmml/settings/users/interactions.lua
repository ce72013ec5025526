--- What kinds learn from that rank: who took what, of ratings those that are relevant.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local raise = args.error

return function(cmml, use)
  use "settings.users.dataset"
  local core = cmml.core

  --- How much entries of a support, or of what is learnt from, count for a kind that ranks: of
  -- ratings 1 from `catalogue.relevant` on and 0 below it, of weights and interactions the weight
  -- itself (0 below `catalogue.relevant`, if that is given).
  -- @tparam Catalogue catalogue of the model
  -- @tparam Tensor labels [rows], as Rows have them
  -- @treturn Tensor [rows], not negative
  -- @usage
  -- local data = assert(cmml.cold_users(dataset, { relevant = 4 }))
  -- local weights = cmml.users.weights(data.catalogue, cmml.tensor { 5, 4, 3 })
  -- print(weights:totable()[2], weights:totable()[3])
  function cmml.users.weights(catalogue, labels)
    args.expect("users.weights: catalogue", catalogue, "cmml.Catalogue")
    local least = catalogue.relevant
    local counts = least and 1 - args.call(core.lt, labels, least)
    if catalogue.scale then
      return counts or args.call(core.full, { labels.count }, 1)
    end
    local weights = args.call(core.relu, labels)
    return counts and weights * counts or weights
  end

  --- What kinds learn from that rank: the interactions of some people as a sparse matrix, with the
  -- weights of `users.weights`; those of weight 0 are not in it.
  -- @tparam Catalogue catalogue of the model
  -- @tparam table data ratings (grouped by user) and users (list of rows), as `learnable` of the
  -- setting gives them
  -- @treturn table rows (Segments, one a person of `users`, in their order), columns (Ids of items,
  -- rising), weights (Tensor); raises where nobody has any
  -- @usage
  -- local data = assert(cmml.cold_users(dataset))
  -- local taken = cmml.users.interactions(data.catalogue,
  --   cmml.settings:get("users").learnable(data))
  -- print(#taken.rows == #data.train + #data.valid, #taken.columns > 0)
  function cmml.users.interactions(catalogue, data)
    args.expect("users.interactions: catalogue", catalogue, "cmml.Catalogue")
    args.expect("users.interactions: data", data, "table")
    local n = #catalogue.items
    local rows = args.call(cmml.users.ratings_of, data.ratings, data.users, n)
    local weights = cmml.users.weights(catalogue, rows.labels)
    local found = args.call(core.sparse, rows.segments:groups(), rows.items, weights, #data.users,
      n)
    if #found.columns == 0 then
      raise(plain.format("nothing to learn from: none of the %d ratings of %d people is relevant%s",
        #rows.items, #data.users, catalogue.relevant and plain.format(" (%g or higher): lower %s",
        catalogue.relevant, args.option "relevant") or ""), 2)
    end
    return found
  end
end
