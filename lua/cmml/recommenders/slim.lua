--- SLIM: sparse item-to-item weights by an elastic net (Ning and Karypis, "SLIM: sparse linear
-- methods for top-N recommender systems", ICDM 2011).
--
-- The score of an item is the sum of its weights from the items that a person took; weights are not
-- negative, and most are 0. Those of an item are a regression of its own, found by coordinate
-- descent.
--
-- @module cmml
return function(cmml, use)
  local core = cmml.core
  local fold_in = use "recommenders.fold_in"

  local options = {
    { name = "l1", kind = "number", from = 0, group = "model", search = "log:0.3:30",
      default_text = "a fortieth of the mean number of people of an item",
      help = "weight of the sum of the weights: the larger, the more of them are 0" },
    { name = "l2", kind = "number", from = 0, group = "model", search = "log:10:5000",
      default_text = "8 times the mean number of people of an item",
      help = "weight of half the sum of the squares of the weights" },
    fold_in.values,
  }

  -- Times what an item has in common with itself, in the mean: what is best grows with the data.
  local usual = { l1 = 1 / 40, l2 = 8 }

  -- An interrupt comes through between two parts.
  local parts = 60

  cmml.kind(fold_in.completed {
    name = "slim", title = "SLIM", options = options,
    source = "Ning and Karypis, ICDM 2011",
    presets = { recommended = { model = {} } },
    make = function(catalogue)
      return { weights = fold_in.no_matrix(#catalogue.items) }
    end,
    fit = function(self, x)
      local opt, n = self.options, x.n_items
      local gram = core.sparse_gram(x.by_user, x.by_item)
      local strength = { l1 = opt.l1 or usual.l1 * x.mean_square,
        l2 = opt.l2 or usual.l2 * x.mean_square }
      local size = math.max(1, math.ceil(n / parts))
      local sources, targets, weights, shifts = {}, {}, {}, {}
      for first = 1, n, size do
        local part = core.slim(gram, first, math.min(first + size - 1, n), strength)
        local at = #sources + 1
        sources[at], targets[at], weights[at] = part.columns, part.rows:groups(), part.weights
        shifts[at] = first - 1
      end
      local none = {}
      for i = 1, #shifts do
        none[i] = 0
      end
      self.weights = core.sparse(core.join_ids(sources, none), core.join_ids(targets, shifts),
        core.concat(weights, 1), n, n)
    end,
    linear = true,
    scores = function(self, matrix)
      return core.sparse_pair_product(matrix, self.weights, #self.catalogue.items)
    end,
    integers = { lengths = true, columns = true },
    tensors = function(self)
      return fold_in.entries_of(self.weights)
    end,
    restore = function(self, tensors)
      self.weights = fold_in.matrix_in(tensors, #self.catalogue.items)
    end,
  })
end
