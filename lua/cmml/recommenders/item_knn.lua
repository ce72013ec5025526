--- Nearest neighbours of items: what a person thought of the items most like this one.
--
-- A rating is item mean + user bias, as `item_user_mean` has them, plus the mean of what the
-- nearest items in the support leave over, weighed by similarity. Items are similar if the training
-- users who rated both leave the same over (adjusted cosine, shrunk by how many they are).
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local core = cmml.core
  local ItemKnn = cmml.recommender_class("item_knn", "item-kNN")
  -- Entries of a model file that are integers.
  ItemKnn.integers = { neighbours = true }
  local known = { nearest = { "integer", 20 }, keep = { "integer", 500 },
    shrink = { "number", 200 }, damp = { "number", 0.2 }, item_shrink = { "number", 5 },
    user_shrink = { "number", 3 } }

  --- Neighbours that have seen nothing yet; `fit` finds them.
  -- @tparam Catalogue catalogue
  -- @tparam[opt] table options nearest (items of the support that count at most, default 20), keep
  -- (neighbours of an item that are known at most, default 500), shrink (imaginary users who pull a
  -- similarity towards 0, default 200), damp (added to the sum of the similarities, default 0.2),
  -- item_shrink and user_shrink (of `item_user_mean`, 5 and 3)
  -- @treturn Recommender
  function cmml.item_knn(catalogue, options)
    local opt = args.check("item_knn", options, known)
    args.check("item_knn", { catalogue = catalogue }, { catalogue = "cmml.Catalogue" })
    if opt.nearest < 1 or opt.keep < 1 then
      raise(("item_knn: nearest and keep must be at least 1, but are %d and %d"):format(opt.nearest,
        opt.keep), 2)
    elseif not (opt.shrink >= 0 and opt.shrink < math.huge and opt.damp >= 0
      and opt.damp < math.huge) then
      raise(("item_knn: shrink and damp must be finite and not negative, but are %g and %g"):format(
        opt.shrink, opt.damp), 2)
    end
    local n = #catalogue.items
    return setmetatable({ catalogue = catalogue, options = opt,
      means = cmml.item_user_mean(catalogue, { item_shrink = opt.item_shrink,
        user_shrink = opt.user_shrink }),
      similarities = core.full({ n, 0 }, 0), neighbours = core.ids {} }, ItemKnn)
  end

  -- What the means of items and people leave over of the rows, and the people's means.
  local function left_over(self, rows)
    local state = self.means:adapt_rows(rows)
    return rows.labels - self.means:score_rows(state, rows.items, rows.segments), state
  end

  --- Finds the neighbours of all items in the ratings of the training users.
  -- @tparam table ratings grouped by user
  -- @tparam table users list of rows that may be learnt from
  function ItemKnn:fit(ratings, users)
    local n = #self.catalogue.items
    self.means:fit(ratings, users)
    local rows = cmml.users.ratings_of(ratings, users, n)
    local left = left_over(self, rows)
    local by_item = core.ratings_by_item({ users = rows.segments, items = rows.items,
      ratings = left }, n)
    self.neighbours, self.similarities = core.item_neighbours(rows.segments, rows.items, left,
      by_item.items, by_item.users, by_item.ratings, self.options.keep, self.options.shrink)
  end

  --- What the supports of several tasks leave over.
  -- @tparam table support segments, items (Ids), labels [rows] of all tasks
  -- @treturn table the state for `score_rows`
  function ItemKnn:adapt_rows(support)
    local left, means = left_over(self, support)
    return { means = means, left = left, items = support.items, segments = support.segments }
  end

  --- Scores of rows.
  -- @tparam table state what `adapt_rows` gave
  -- @tparam Ids items a row of the catalogue for each score
  -- @tparam Segments segments which rows belong to which task
  -- @treturn Tensor [rows]
  function ItemKnn:score_rows(state, items, segments)
    return self.means:score_rows(state.means, items, segments)
      + core.neighbour_means(self.neighbours, self.similarities, state.segments, state.items,
        state.left, segments, items, self.options.nearest, self.options.damp)
  end

  --- What a model file keeps.
  -- @treturn table list of {name, tensor or list of integers}
  function ItemKnn:tensors()
    return { { "item_part", self.means.item_part }, { "similarities", self.similarities },
      { "neighbours", self.neighbours:totable() } }
  end

  --- The neighbours of a model file.
  -- @tparam Catalogue catalogue
  -- @tparam table options as they were
  -- @tparam table tensors list of {name, tensor or list of integers}
  -- @treturn Recommender
  function ItemKnn.restore(catalogue, options, tensors)
    local self, n = cmml.item_knn(catalogue, options), #catalogue.items
    local keep = tensors[2] and cmml.is_tensor(tensors[2][2]) and tensors[2][2].shape[2] or 0
    cmml.check_entries(tensors, { { "item_part", { n } }, { "similarities", { n, keep } },
      { "neighbours" } })
    local list = tensors[3][2]
    if #list ~= n * keep then
      raise(("neighbours holds %d numbers, but %d for each of %d items were expected"):format(
        #list, keep, n), 0)
    end
    for _, row in ipairs(list) do
      if row < 0 or row > n then
        raise(("neighbours names item %d of %d"):format(row, n), 0)
      end
    end
    self.means.item_part, self.similarities = tensors[1][2], tensors[2][2]
    self.neighbours = core.ids(list)
    return self
  end
end
