--- SLIM: sparse item-to-item weights by an elastic net (Ning and Karypis, "SLIM: sparse linear
-- methods for top-N recommender systems", ICDM 2011).
--
-- The score of an item is the sum of its weights from the items that a person took; weights are not
-- negative, and most are 0. Those of an item are a regression of its own, found by coordinate
-- descent.
--
-- @module cmml
local args = require "cmml.base.args"
local machine_memory = require "cmml.base.machine_memory"
local plain = require "cmml.base.plain"
local raise = args.error

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

  -- How many items are looked at to tell how many entries the Gram matrix has.
  local looked_at = 64

  -- About how many bytes the Gram matrix takes, by far the most that is needed: of a few items it
  -- is counted with how many others they have people in common.
  local function gram_bytes(x)
    local n, some = x.n_items, math.min(x.n_items, looked_at)
    local rows, items = {}, {}
    for i = 1, some do
      rows[i], items[i] = i, 1 + (i - 1) * n // some
    end
    local chosen = core.sparse(core.ids(rows), core.ids(items), nil, some, n)
    local people = core.sparse_pair_product(chosen, x.by_item, x.n_users)
    local common = core.sparse_product(x.by_item, people:transpose():clone())
    local entries = common:step():sum():item() * n / some
    return entries * (core.info().dtype == "float64" and 12 or 8) -- a weight and its column
  end

  -- Refuses what memory does not hold, before it is taken.
  local function check_memory(x)
    local bytes, free = gram_bytes(x), machine_memory.available()
    if free and bytes > free then
      raise(plain.format("slim: what %d items have in common with each other needs about %.1f GB "
        .. "of memory, but only %.1f GB are available: leave items out that few took, or take ease "
        .. "with %s, such as 256", x.n_items, bytes / 1e9, free / 1e9, args.option "rank"), 0)
    end
  end

  cmml.kind(fold_in.completed {
    name = "slim", title = "SLIM", options = options,
    source = "Ning and Karypis, ICDM 2011",
    presets = { recommended = { model = {} } },
    make = function(catalogue)
      return { weights = fold_in.no_matrix(#catalogue.items) }
    end,
    fit = function(self, x)
      local opt, n = self.options, x.n_items
      check_memory(x)
      local gram = core.sparse_gram(x.by_user, x.by_item)
      local strength = { l1 = opt.l1 or usual.l1 * x.mean_square,
        l2 = opt.l2 or usual.l2 * x.mean_square }
      local size = math.max(1, math.ceil(n / parts))
      local sources, targets, weights, shifts, unmet = {}, {}, {}, {}, 0
      for first = 1, n, size do
        local part, left = core.slim(gram, first, math.min(first + size - 1, n), strength)
        local at = #sources + 1
        sources[at], targets[at], weights[at] = part.columns, part.rows:groups(), part.weights
        shifts[at], unmet = first - 1, unmet + left
      end
      local none = {}
      for i = 1, #shifts do
        none[i] = 0
      end
      self.weights = core.sparse(core.join_ids(sources, none), core.join_ids(targets, shifts),
        core.concat(weights, 1), n, n)
      return unmet > 0 and ("the weights of %d of %d items did not settle: they are near those of "
        .. "least error; with a larger l2 or l1 they would"):format(unmet, n) or nil
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
