--- Nearest neighbours of items: what a kind that predicts by them keeps, learns and says.
--
-- Items are similar if the training users who rated both leave the same over of the ratings, after
-- the means of items and users (adjusted cosine, shrunk by how many they are). What a model leaves
-- over of the ratings of a support then tells of other items: the mean over the nearest items of
-- the support, weighed by similarity.
--
-- @module cmml
local sets = require "cmml.base.options"
local shared = require "cmml.recommenders.shared_options"
local changed = sets.changed
local raise = require("cmml.base.args").error

-- The options of a kind that predicts by neighbours alone.
local options = {
  { name = "nearest", kind = "integer", default = 20, from = 1, group = "model",
    search = "5|10|20|40",
    help = "maximum number of items of the support that a prediction reads" },
  { name = "keep", kind = "integer", default = 500, from = 1, group = "model",
    help = "maximum number of neighbours kept of an item" },
  { name = "shrink", kind = "number", default = 200, from = 0, group = "model",
    search = "log:10:1000",
    help = "number of imaginary users who pull a similarity towards 0" },
  { name = "damp", kind = "number", default = 0.2, from = 0, group = "model",
    search = "log:0.01:1",
    help = "added to the sum of the similarities" },
  shared.item_shrink, shared.user_shrink,
}

-- The same where they predict what a trained model leaves over.
local beside = {}
for i, declared in ipairs(options) do
  beside[i] = changed(declared, { group = false, search = false,
    default = ({ keep = 200, damp = 1 })[declared.name] })
end
local known = sets.declare("neighbour_options", beside)

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  local left_over = use "recommenders.means".left_over
  --- Neighbours of items, see `item_neighbours.new`.
  local ItemNeighbours = { __name = "cmml.ItemNeighbours" }
  ItemNeighbours.__index = ItemNeighbours
  local item_neighbours = { options = options }

  --- Checks options of neighbours over what a model leaves over, as the option `neighbours` of the
  -- kind cmml has them.
  -- @tparam table given see below
  -- @treturn table a copy with the defaults
  -- @usage
  -- print(cmml.neighbour_options({ damp = 2 }).nearest)
  function cmml.neighbour_options(given)
    return known:check(given, 4)
  end

  --- Neighbours of items of which nothing is known yet.
  -- @tparam integer n number of items
  -- @tparam table opt nearest, keep, shrink, damp, item_shrink, user_shrink
  -- @treturn ItemNeighbours with similarities [items, kept], items (Ids [items * kept]: the
  -- neighbours, most similar first; 0 after the last) and, where it is not an item of the catalogue
  -- that a row belongs to, rows (Ids: the row of each item of the catalogue); the last row is then
  -- that of items of which nothing is known
  function item_neighbours.new(n, opt)
    return setmetatable({ n = n, options = opt, similarities = core.full({ n, 0 }, 0),
      items = core.ids {} }, ItemNeighbours)
  end

  --- Finds the neighbours.
  -- @tparam Catalogue catalogue
  -- @tparam table data ratings and users, as the function `fit` of a kind gets them
  -- @treturn Recommender the means, as `item_user_mean` has them
  function ItemNeighbours:fit(catalogue, data)
    local opt = self.options
    local means = cmml.recommenders.item_user_mean(catalogue, { item_shrink = opt.item_shrink,
      user_shrink = opt.user_shrink })
    means:fit(data)
    local rows = cmml.users.ratings_of(data.ratings, data.users, self.n)
    self.items, self.similarities = core.item_neighbours(rows.segments, rows.items,
      left_over(means, rows), self.n, opt.keep, opt.shrink)
    return means
  end

  -- Items of the catalogue as rows of the similarities.
  local function rows_of(self, items)
    return self.rows and core.map_ids(items, self.rows) or items
  end

  --- What is known of people by their supports, for `means` of these neighbours, or of those that
  -- `over` gave of them for other items.
  -- @tparam table support Rows
  -- @tparam Tensor left what was left over of their ratings [rows]
  -- @treturn table
  function ItemNeighbours:state(support, left)
    return { items = rows_of(self, support.items), segments = support.segments, left = left }
  end

  --- What the neighbours in the supports say of rows.
  -- @tparam table state
  -- @tparam table rows Rows
  -- @treturn Tensor [rows]; 0 without a neighbour
  function ItemNeighbours:means(state, rows)
    if self.similarities.count == 0 then -- nothing was learnt, or there is one item
      return core.full({ #rows.items }, 0)
    end
    return core.neighbour_means(self.items, self.similarities, state.segments, state.items,
      state.left, rows.segments, rows_of(self, rows.items), self.options.nearest,
      self.options.damp)
  end

  -- Of how many neighbours the items that follow one are kept, too, and from what share of them on
  -- looking at those of every item is faster.
  local most_kept, share = 1 << 24, 1 / 8

  -- Of each item the items that have it for a neighbour, a matrix, and how many these are; kept as
  -- long as the neighbours stay. Nil where that takes more memory than it is worth.
  local function followers_of(self)
    local kept = self.followers
    if not kept or kept.of ~= self.similarities then
      kept = { of = self.similarities }
      self.followers = kept
      if not self.rows and self.similarities.count > 0 and self.similarities.count <= most_kept then
        kept.matrix, kept.counts = core.keep(core.tidy(function()
          local near, n = core.neighbour_weights(self.items, self.similarities), self.n
          local matrix = core.sparse(near.columns, near.rows:groups(), near.weights, n, n)
          local ones = core.full({ matrix.weights.count }, 1)
          return matrix, core.segment_sum(ones, matrix.rows)
        end))
      end
    end
    return kept.matrix, kept.counts
  end

  --- What the neighbours in the supports say of all items of the catalogue.
  -- @tparam table state of `state`
  -- @treturn ?Tensor [people, items]; nil where `means` of rows is as fast
  function ItemNeighbours:means_of_all(state)
    local followers, counts = followers_of(self)
    local tasks = #state.segments
    if not followers or counts:gather_rows(state.items):sum():item()
      > share * tasks * self.similarities.count then
      return nil
    end
    return core.spread_means(followers, state.segments, state.items, state.left,
      self.options.nearest, self.options.damp)
  end

  --- The same for other items: those with the same raw id have the same neighbours, others none.
  -- @tparam Side items the items of these
  -- @tparam Side others
  -- @treturn ItemNeighbours
  function ItemNeighbours:over(items, others)
    local m, keep = table.unpack(self.similarities.shape)
    local over = item_neighbours.new(#others, self.options)
    if keep == 0 then
      return over
    end
    over.items, over.similarities = self.items, self.similarities
    if not self.rows then -- a row behind the last, for items without neighbours
      local none = {}
      for i = 1, keep do
        none[i] = 0
      end
      over.similarities = core.concat({ self.similarities, core.full({ 1, keep }, 0) }, 1)
      over.items = core.join_ids({ self.items, core.ids(none) }, { 0, 0 })
      m = m + 1
    end
    local list, own = {}, self.rows and self.rows:totable()
    for row = 1, #others do
      local known_as = items:id(others:text(row))
      list[row] = known_as and (own and own[known_as] or known_as) or m
    end
    over.rows = core.ids(list)
    return over
  end

  --- What a model file keeps.
  -- @treturn table list of {name, tensor or list of integers}
  function ItemNeighbours:tensors()
    local list = { { "similarities", self.similarities }, { "neighbours", self.items:totable() } }
    list[3] = self.rows and { "rows", self.rows:totable() } or nil
    return list
  end

  -- Raises unless a list of a file has so many numbers, from least to most.
  local function check_list(entry, count, counted, least, most)
    local name, list = table.unpack(entry)
    if #list ~= count then
      raise(("%s holds %d numbers, but %s were expected"):format(name, #list, counted), 0)
    end
    for _, row in ipairs(list) do
      if row < least or row > most then
        raise(("%s names item %d of %d"):format(name, row, most), 0)
      end
    end
  end

  --- Sets what a model file keeps; raises where that cannot be.
  -- @tparam table entries as `tensors` gives them
  function ItemNeighbours:restore(entries)
    local found = entries[1] and cmml.is_tensor(entries[1][2]) and entries[1][2].shape or {}
    local m, keep = entries[3] and found[1] or self.n, found[2] or 0
    check_entries(entries, { { "similarities", { m, keep } }, { "neighbours" },
      entries[3] and { "rows" } })
    check_list(entries[2], m * keep, ("%d for each of %d items"):format(keep, m), 0, m)
    if entries[3] then
      check_list(entries[3], self.n, ("one for each of %d items"):format(self.n), 1, m)
    end
    self.similarities, self.items = entries[1][2], core.ids(entries[2][2])
    self.rows = entries[3] and core.ids(entries[3][2]) or nil
  end

  return item_neighbours
end
