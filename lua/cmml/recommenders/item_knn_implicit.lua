--- Nearest neighbours of items by who took them: what is taken together with what a person took.
--
-- The score of an item is the sum of its similarities to the items that a person took, as far as it
-- is one of their nearest. Similarity is the cosine of the items' columns of people, or with
-- weights by how much people and items took: TF-IDF or BM25, where people count who took little.
--
-- @module cmml
return function(cmml, use)
  local core = cmml.core
  local fold_in = use "recommenders.fold_in"

  local options = {
    { name = "weighting", kind = "string", choices = { "cosine", "tfidf", "bm25" }, group = "model",
      default = "tfidf", search = "cosine|tfidf|bm25",
      help = "cosine: of the interactions as they are; tfidf: of those of people who took little "
        .. "count more; bm25: the same, of items that many took less, and products in place of "
        .. "cosines" },
    { name = "nearest", kind = "integer", default = 100, from = 1, group = "model",
      search = "20|50|100|200|400", help = "maximum number of neighbours of an item" },
    { name = "shrink", kind = "number", default = 0, from = 0, group = "model", search = "0|10|50",
      help = "number of imaginary people who pull a similarity towards 0" },
    { name = "k1", kind = "number", default = 1.2, from = 0, group = "model",
      help = "of bm25: how soon a larger weight adds nothing more" },
    { name = "b", kind = "number", default = 0.75, from = 0, to = 1, group = "model",
      help = "of bm25: how much less an item counts that many took" },
    fold_in.values,
  }

  -- log(items / (1 + items of the person)) for each interaction: what a person who took little says
  -- of an item is worth more.
  local function rarity(x)
    local took = core.segment_sum(core.full({ #x.by_user.columns }, 1), x.by_user.rows)
    return ((took + 1):log() * -1 + math.log(x.n_items)):segment_expand(x.by_user.rows)
  end

  local weightings = {}

  function weightings.cosine(x)
    return x.by_user.weights
  end

  function weightings.tfidf(x)
    return x.by_user.weights:sqrt() * rarity(x)
  end

  function weightings.bm25(x, opt)
    local weights, items = x.by_user.weights, x.by_user.columns
    local sums = core.scatter_add_rows(core.full({ x.n_items }, 0), weights, items)
    local length = sums * (opt.b / sums:mean():item()) + (1 - opt.b)
    return weights * (opt.k1 + 1) / (length:gather_rows(items) * opt.k1 + weights) * rarity(x)
  end

  cmml.kind(fold_in.completed {
    name = "item_knn_implicit", title = "item-kNN on interactions",
    options = options, baseline = 10,
    source = "Deshpande and Karypis, TOIS 2004",
    presets = { recommended = { model = {} } },
    make = function(catalogue)
      return { similar = fold_in.no_matrix(#catalogue.items) }
    end,
    fit = function(self, x)
      local opt, n = self.options, x.n_items
      local values = weightings[opt.weighting](x, opt)
      local squares = core.full({ n }, 1)
      if opt.weighting ~= "bm25" then -- 0 where a person has everything
        squares = core.scatter_add_rows(core.full({ n }, 0), values:square(), x.by_user.columns)
        squares = core.maximum(squares, core.full({ n }, 1e-30))
      end
      self.similar = core.neighbour_weights(core.item_neighbours(x.by_user.rows,
        x.by_user.columns, values, n, opt.nearest, opt.shrink, squares))
    end,
    linear = true,
    scores = function(self, matrix)
      return core.sparse_pair_product(matrix, self.similar, #self.catalogue.items)
    end,
    integers = { lengths = true, columns = true },
    tensors = function(self)
      return fold_in.entries_of(self.similar)
    end,
    restore = function(self, tensors)
      self.similar = fold_in.matrix_in(tensors, #self.catalogue.items)
    end,
  })
end
