--- iALS: matrix factorisation of who took what (Hu, Koren and Volinsky, "Collaborative filtering
-- for implicit feedback datasets", ICDM 2008).
--
-- The product of the vectors of a person and an item is to be 1 where the person took the item and
-- 0 elsewhere; what was taken has the confidence 1 + alpha w, everything else 1. Of training people
-- only the items' vectors are kept: the vector of a person is the exact solution of their normal
-- equations.
--
-- @module cmml
local args = require "cmml.base.args"
local base = require "cmml.base.shared_options"
local changed = require("cmml.base.options").changed

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  local contributions = use "recommenders.contributions"
  local fold_in = use "recommenders.fold_in"
  local of_vectors = use "vectors.als_bpr"

  local options = {
    { name = "factors", kind = "integer", default = 64, from = 1, group = "model",
      search = "int:16:256", help = "number of factors of people and items" },
    { name = "regularization", kind = "number", default = 30, above = 0, group = "model",
      search = "log:1:300", help = "weight of the squares of the vectors" },
    { name = "alpha", kind = "number", default = 10, above = 0, group = "model",
      search = "log:1:100",
      help = "confidence 1 + alpha w of an interaction of weight w" },
    changed(of_vectors.als:find "iterations", { group = "model" }),
    fold_in.values,
    changed(base.seed, { group = "model", tunable = false,
      help = "seed of the vectors that the first iteration begins with" }),
  }

  -- What penalises a person's vector beside its entries: the products with all items, each of which
  -- is to be 0, and the regularisation.
  local function set_items(self, vectors)
    self.vectors, self.turned = vectors, vectors:transpose()
    self.penalty = self.turned:matmul(vectors)
      + contributions.identity(vectors.shape[2]) * self.options.regularization
  end

  cmml.kind(fold_in.completed {
    name = "ials", title = "iALS", options = options, baseline = 11,
    source = "Hu, Koren and Volinsky, ICDM 2008",
    presets = { recommended = { model = {} } },
    make = function() -- nothing of a size that options ask for: those may be a file's
      return { vectors = core.full({ 0, 0 }, 0) }
    end,
    fit = function(self, x)
      local opt = self.options
      set_items(self, cmml.vectors.als({ ratings = { users = x.by_user.rows,
        items = x.by_user.columns, ratings = x.by_user.weights }, n_items = x.n_items,
        factors = opt.factors, regularization = opt.regularization, alpha = opt.alpha,
        iterations = opt.iterations, seed = opt.seed, unit_rms = false }).items)
    end,
    -- The vectors of several people: with rows y sqrt(alpha w) and targets (1 + alpha w) /
    -- sqrt(alpha w) their normal equations are those of a ridge regression.
    scores = function(self, matrix)
      if not self.penalty then -- not fitted
        return core.full({ #matrix.rows, #self.catalogue.items }, 0)
      end
      local confidence = matrix.weights * self.options.alpha
      local root = confidence:sqrt()
      local rows = self.vectors:gather_rows(matrix.columns) * root:reshape { -1, 1 }
      local vectors = args.call(core.segment_ridge, rows, nil, (confidence + 1) / root,
        matrix.rows, self.penalty, "ials", ("the %s that the model is fitted with"):format(
          args.option "regularization"))
      return vectors:matmul(self.turned)
    end,
    -- The equations hold who took what; what is on their right side is a sum over what was taken
    -- (section 5 of the paper).
    contributions = function(self, support, rows)
      if not self.penalty then
        return core.full({ #rows.items, #support.items }, 0)
      end
      local confidence = fold_in.weights(self, support) * self.options.alpha
      local root = confidence:sqrt()
      local least = core.full({ #support.items }, 1e-15) -- what was not taken has rows of zeros
      return contributions.of_ridge(self.vectors:gather_rows(support.items)
        * root:reshape { -1, 1 }, (confidence + 1) / core.maximum(root, least), self.penalty,
        self.options.regularization, self.vectors:gather_rows(rows.items))
    end,
    tensors = function(self)
      return { { "vectors", self.vectors } }
    end,
    restore = function(self, tensors)
      local first = tensors[1] and tensors[1][2]
      if cmml.is_tensor(first) and first.count == 0 then -- not fitted
        return
      end
      check_entries(tensors, { { "vectors", { #self.catalogue.items, self.options.factors } } })
      set_items(self, first)
    end,
  })
end
