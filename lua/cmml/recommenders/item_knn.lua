--- Nearest neighbours of items: what a person thought of the items most like this one.
--
-- A rating is item mean + user bias, as `item_user_mean` has them, plus the mean of what the
-- nearest items in the support leave over, weighed by similarity. Items are similar if the training
-- users who rated both leave the same over (adjusted cosine, shrunk by how many they are).
--
-- @module cmml
local shared = require "cmml.recommenders.shared_options"
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  use "recommenders.kind"
  local left_over = use "recommenders.means".left_over

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

  cmml.kind {
    name = "item_knn", title = "item-kNN", settings = { "users" }, learns = "fit", baseline = 6,
    source = "adjusted cosine: Sarwar et al., WWW 2001", options = options,
    integers = { neighbours = true },
    make = function(catalogue, opt)
      local n = #catalogue.items
      return { means = cmml.recommenders.item_user_mean(catalogue, {
        item_shrink = opt.item_shrink, user_shrink = opt.user_shrink }),
        similarities = core.full({ n, 0 }, 0), neighbours = core.ids {} }
    end,
    fit = function(self, data)
      local n = #self.catalogue.items
      self.means:fit(data)
      local rows = cmml.users.ratings_of(data.ratings, data.users, n)
      self.neighbours, self.similarities = core.item_neighbours(rows.segments, rows.items,
        left_over(self.means, rows), n, self.options.keep, self.options.shrink)
    end,
    -- What the supports of several tasks leave over.
    adapt = function(self, support)
      local left, means = left_over(self.means, support)
      return { means = means, left = left, items = support.items, segments = support.segments }
    end,
    score = function(self, state, rows)
      return self.means:score_rows(state.means, rows)
        + core.neighbour_means(self.neighbours, self.similarities, state.segments, state.items,
          state.left, rows.segments, rows.items, self.options.nearest, self.options.damp)
    end,
    tensors = function(self)
      return { { "item_part", self.means.item_part }, { "similarities", self.similarities },
        { "neighbours", self.neighbours:totable() } }
    end,
    restore = function(catalogue, opt, tensors)
      local self, n = cmml.recommenders.item_knn(catalogue, opt), #catalogue.items
      local keep = tensors[2] and cmml.is_tensor(tensors[2][2]) and tensors[2][2].shape[2] or 0
      check_entries(tensors, { { "item_part", { n } }, { "similarities", { n, keep } },
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
    end,
  }
end
