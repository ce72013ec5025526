--- Nearest neighbours of items: what a person thought of the items most like this one.
--
-- A rating is item mean + user bias, as `item_user_mean` has them, plus the mean of what the
-- nearest items in the support leave over, weighed by similarity: see item_neighbours.lua.
--
-- @module cmml
return function(cmml, use)
  local check_entries = use "recommenders.checkpoint".check_entries
  local contributions = use "recommenders.contributions"
  local item_neighbours = use "recommenders.item_neighbours"
  use "recommenders.kind"
  local left_over = use "recommenders.means".left_over

  cmml.kind {
    name = "item_knn", title = "item-kNN", settings = { "users" }, learns = "fit", baseline = 6,
    source = "adjusted cosine: Sarwar et al., WWW 2001", options = item_neighbours.options,
    integers = { neighbours = true },
    make = function(catalogue, opt)
      return { means = cmml.recommenders.item_user_mean(catalogue, {
        item_shrink = opt.item_shrink, user_shrink = opt.user_shrink }),
        neighbours = item_neighbours.new(#catalogue.items, opt) }
    end,
    fit = function(self, data)
      self.means = self.neighbours:fit(self.catalogue, data)
    end,
    -- What the supports of several tasks leave over.
    adapt = function(self, support)
      local left, means = left_over(self.means, support)
      return { means = means, near = self.neighbours:state(support, left) }
    end,
    score = function(self, state, rows)
      return self.means:score_rows(state.means, rows) + self.neighbours:means(state.near, rows)
    end,
    -- Which neighbours a prediction reads does not depend on the ratings.
    contributions = function(self, support, rows)
      return contributions.of_labels(self, support, rows,
        self.means.item_part:gather_rows(support.items))
    end,
    tensors = function(self)
      return { { "item_part", self.means.item_part }, table.unpack(self.neighbours:tensors()) }
    end,
    restore = function(catalogue, opt, tensors)
      local self = cmml.recommenders.item_knn(catalogue, opt)
      check_entries(tensors, { { "item_part", { #catalogue.items } } })
      self.neighbours:restore { tensors[2], tensors[3] }
      self.means.item_part = tensors[1][2]
      return self
    end,
  }
end
