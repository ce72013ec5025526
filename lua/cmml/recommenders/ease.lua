--- EASE: item-to-item weights in closed form (Steck, "Embarrassingly shallow autoencoders for
-- sparse data", WWW 2019).
--
-- The score of an item is the sum of its weights from the items that a person took: a linear
-- autoencoder whose weights have a zero diagonal and least squared error, with ridge. They are the
-- inverse of a matrix of all items, so that memory grows with the square of their number. With
-- `rank` the interactions are first reduced to that many principal directions, by a randomised SVD:
-- the inverse is a matrix of that size then, and the weights are never written out. With `keep` the
-- largest weights alone are kept, since most are next to nothing: a model then takes a small part
-- of the memory, on disk too.
--
-- @module cmml
local args = require "cmml.base.args"
local base = require "cmml.base.shared_options"
local changed = require("cmml.base.options").changed
local machine_memory = require "cmml.base.machine_memory"
local plain = require "cmml.base.plain"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  local fold_in = use "recommenders.fold_in"
  local directions = use "vectors.directions"

  local options = {
    { name = "ridge", kind = "number", above = 0, group = "model", search = "log:10:5000",
      default_text = "ridge_times times the mean number of people of an item",
      help = "weight of the squares of the weights: the larger, the more a score is a sum over "
        .. "many items" },
    { name = "ridge_times", kind = "number", above = 0, default = 15, group = "model",
      tunable = false, help = "where ridge is not given, how many times what stands beside it on "
        .. "the diagonal, in the mean, it is: what is best grows with the data" },
    { name = "rank", kind = "integer", default = 0, from = 0, group = "model",
      help = "number of principal directions of the interactions that weights are made of, where "
        .. "there are too many items for the closed form; 0: the closed form itself" },
    { name = "keep", kind = "integer", default = 0, from = 0, group = "model", tunable = false,
      help = "how many weights for each item, in the mean, are kept, the largest in size of all: a "
        .. "model file then has 8 bytes for each, and not 4 for each pair of items; 0: all" },
    fold_in.values,
    changed(base.seed, { group = "model", tunable = false,
      help = "seed of the directions that the SVD of rank begins with" }),
  }

  -- Refuses what memory does not hold, before it is taken.
  local function check_memory(n)
    local bytes, free = core.ease_bytes(n), machine_memory.available()
    if free and bytes > free then
      raise(plain.format("ease: the closed form of %d items needs about %.1f GB of memory, but "
        .. "only %.1f GB are available: give %s, such as 256, or leave items out that few took", n,
        bytes / 1e9, free / 1e9, args.option "rank"), 0)
    end
  end

  local function closed_form(x, ridge)
    check_memory(x.n_items)
    local solver <close> = core.ease(x.by_user, x.by_item, ridge)
    local done, all
    repeat -- an interrupt comes through between two steps
      done, all = solver:step()
    until done == all
    return solver:weights()
  end

  -- Refuses a ridge below the least of which rounding leaves enough.
  local function check_ridge(enough, ridge, least)
    if not enough then
      raise(plain.format("ease: with %s a ridge of %g is lost in rounding: give %s of %.2g or "
        .. "more, or leave rank out, for the closed form in double precision", args.option "rank",
        ridge, args.option "ridge", 1.05 * least), 0)
    end
  end

  -- X'X is V diag(s^2) V', so that with d = s^2 / (s^2 + ridge) the weights are V diag(d) V'
  -- without its diagonal, each column j divided by 1 less what stood there.
  local function of_some(vectors, squares, ridge, eps)
    local inwards = vectors * (squares / (squares + ridge)):reshape { 1, -1 }
    local own = core.row_dot(inwards, vectors)
    local left, least = 1 - own, 2 ^ 14 * eps
    check_ridge(-(-left):max():item() >= least, ridge, least * squares:max():item())
    local scale = left:reciprocal()
    return inwards, vectors * scale:reshape { -1, 1 }, own * scale
  end

  -- With all directions V V' is 1 among the items that somebody took, so that the weights are
  -- -V diag(1 - d) V' likewise divided: no difference of what a tiny ridge makes nearly equal.
  local function of_all(vectors, squares, ridge, eps, taken)
    local each = squares:totable()
    local least = 2 ^ 6 * eps * each[1]
    check_ridge(each[math.tointeger(taken:sum():item())] + ridge >= least, ridge, least)
    local inwards = vectors * (ridge / (squares + ridge)):reshape { 1, -1 }
    local left = core.row_dot(inwards, vectors)
    local scale = -(left + (1 - taken)):reciprocal() -- other items have 0 everywhere
    return inwards, vectors * scale:reshape { -1, 1 }, left * scale
  end

  -- The weights in two factors, and the diagonal of their product.
  local function low_rank(x, opt, ridge)
    local vectors, squares = directions.of(x, opt.rank, opt.seed)
    local taken, eps = x.people:step(), core.info().dtype == "float64" and 2 ^ -52 or 2 ^ -23
    local found = vectors:square():sum():item() -- how many directions there are
    local all = math.abs(found - taken:sum():item()) < 0.5
    return (all and of_all or of_some)(vectors, squares, ridge, eps, taken)
  end

  -- Takes as its weights the matrices of those above 0 and of those below, without their sign.
  local function set_largest(self, above, below)
    self.weights, self.above, self.below = nil, above, below
  end

  -- Of weights [items, items] the largest, `keep` for each item in the mean.
  local function largest(weights, keep)
    local n = weights.shape[1]
    local least = core.size_of_largest(weights, math.min(keep, n) * n)
    return core.sparse_above(weights, least), core.sparse_above(weights, least, -1)
  end

  local function set_factors(self, inwards, outwards, own)
    local n, ones = #self.catalogue.items, {}
    for i = 1, n do
      ones[i] = 1
    end
    local each = core.segments(ones):groups()
    self.inwards, self.outwards, self.own = inwards, outwards, own
    self.turned, self.identity = outwards:transpose(), core.sparse(each, each, nil, n, n)
  end

  cmml.kind(fold_in.completed {
    settings = { "users", "sequences" },
    name = "ease", title = "EASE", options = options,
    source = "Steck, WWW 2019",
    presets = {
      recommended = { model = {} },
      -- What the paper found best on MovieLens-20M.
      published = { model = { ridge = 500 } },
    },
    check = function(opt)
      if opt.rank > 0 and opt.keep > 0 then
        raise(("ease: %s and %s exclude each other: with rank no weights are written out"):format(
          args.option "rank", args.option "keep"), 3)
      end
    end,
    make = function()
      return { weights = core.full({ 0, 0 }, 0) }
    end,
    fit = function(self, x)
      local opt = self.options
      local ridge = opt.ridge or opt.ridge_times * x.mean_square
      if opt.rank == 0 then
        self.weights = closed_form(x, ridge)
        if opt.keep > 0 then
          set_largest(self, largest(self.weights, opt.keep))
        end
      else
        set_factors(self, low_rank(x, opt, ridge))
      end
    end,
    linear = true,
    scores = function(self, matrix)
      local n = #self.catalogue.items
      if self.turned then
        return core.sparse_product(matrix, self.inwards):matmul(self.turned)
          - core.sparse_pair_product(matrix, self.identity, n) * self.own:reshape { 1, -1 }
      elseif self.above then
        return core.sparse_pair_product(matrix, self.above, n)
          - core.sparse_pair_product(matrix, self.below, n)
      elseif self.weights.count == 0 then -- not fitted
        return core.full({ #matrix.rows, n }, 0)
      end
      return core.sparse_product(matrix, self.weights)
    end,
    integers = { above_lengths = true, above_columns = true, below_lengths = true,
      below_columns = true },
    tensors = function(self)
      if self.above then
        local list = fold_in.entries_of(self.above, "above_")
        return table.move(fold_in.entries_of(self.below, "below_"), 1, 3, 4, list)
      elseif self.turned then
        return { { "inwards", self.inwards }, { "outwards", self.outwards }, { "own", self.own } }
      end
      return { { "weights", self.weights } }
    end,
    restore = function(self, tensors)
      local n = #self.catalogue.items
      if self.options.rank > 0 and #tensors > 1 then
        local first = tensors[1][2]
        local width = cmml.is_tensor(first) and first.shape[2] or 0
        check_entries(tensors, { { "inwards", { n, width } }, { "outwards", { n, width } },
          { "own", { n } } })
        set_factors(self, tensors[1][2], tensors[2][2], tensors[3][2])
        return
      elseif #tensors > 1 then
        set_largest(self, fold_in.matrix_in(tensors, n, "above_"),
          fold_in.matrix_in(table.move(tensors, 4, 6, 1, {}), n, "below_"))
        return
      end
      local first = tensors[1] and tensors[1][2]
      local size = cmml.is_tensor(first) and first.count == 0 and 0 or n
      check_entries(tensors, { { "weights", { size, size } } })
      self.weights = first
    end,
  })
end
