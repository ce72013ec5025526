--- Matrix factorisation of ratings, with a fold-in of new people in closed form.
--
-- A rating is item part + user bias + user factors . item factors. Alternating least squares with
-- ridge learns them: with the items fixed the bias and the factors of every user are a ridge
-- regression over what the user rated, and with the users fixed so are those of every item. A
-- person who was not there is one regression more.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local core = cmml.core
  local Factorization = cmml.recommender_class("matrix_factorization", "matrix factorisation")
  local known = { factors = { "integer", 8 }, ridge = { "number", 10 },
    bias_ridge = { "number", 3 }, item_bias = "string?", sweeps = { "integer", 20 },
    seed = { "integer", 1 } }

  -- Factors and, as the last column, what the bias is a weight of.
  local function with_bias(factors)
    return core.concat({ factors, core.full({ factors.shape[1], 1 }, 1) }, 2)
  end

  local function set_items(self, part, factors)
    self.item_part, self.item_factors = part, factors
    self.features = with_bias(factors)
  end

  --- A matrix factorisation that has seen nothing yet; `fit` learns it.
  -- @tparam Catalogue catalogue
  -- @tparam[opt] table options factors (default 8), ridge (of factors, default 10), bias_ridge (of
  -- the biases of users and items, default 3), item_bias ("solved", the default: with the factors,
  -- which is what somebody without taste would give; "mean": the mean of those who chose the item,
  -- shrunk towards that of all ratings by bias_ridge, which may predict better where nothing is
  -- known of a person), sweeps (over users and items, default 20), seed (of the factors that the
  -- first sweep begins with, default 1)
  -- @treturn Recommender
  function cmml.matrix_factorization(catalogue, options)
    local name = "matrix_factorization"
    local opt = args.check(name, options, known)
    args.check(name, { catalogue = catalogue }, { catalogue = "cmml.Catalogue" })
    if opt.factors < 1 or opt.sweeps < 1 or opt.seed < 0 then
      raise(("%s: factors and sweeps must be at least 1 and seed not negative, not %d, %d and %d")
        :format(name, opt.factors, opt.sweeps, opt.seed), 2)
    elseif not (opt.ridge > 0 and opt.ridge < math.huge and opt.bias_ridge > 0
      and opt.bias_ridge < math.huge) then
      raise(("%s: ridge and bias_ridge must be finite and above 0, but are %g and %g"):format(
        name, opt.ridge, opt.bias_ridge), 2)
    end
    args.one_of(name .. ": item_bias", opt.item_bias or "solved", { "solved", "mean" })
    local self = setmetatable({ catalogue = catalogue, options = opt }, Factorization)
    local n = #catalogue.items
    set_items(self, core.full({ n }, 0), core.full({ n, opt.factors }, 0))
    return self
  end

  -- The ridge of factors and bias, as the columns of the features stand.
  local function ridge_of(opt)
    local ridge = { [opt.factors + 1] = opt.bias_ridge }
    for i = 1, opt.factors do
      ridge[i] = opt.ridge
    end
    return core.tensor(ridge)
  end

  local function split(weights, width)
    return weights:slice(2, 1, width), weights:slice(2, width + 1, width + 1):reshape { -1 }
  end

  -- The means of segments, pulled towards 0 by as many zeros as `ridge` says.
  local function shrunk_means(values, segments, ridge)
    local count = core.segment_sum(core.full({ segments:rows() }, 1), segments)
    return core.segment_sum(values, segments) / (count + ridge)
  end

  --- Learns from the ratings of the training users.
  -- @tparam table ratings grouped by user
  -- @tparam table users list of rows that may be learnt from
  function Factorization:fit(ratings, users)
    local opt, n = self.options, #self.catalogue.items
    local rows = cmml.users.ratings_of(ratings, users, n)
    local mean = #rows.items > 0 and rows.labels:mean():item() or 0
    local ridge = ridge_of(opt)
    local by_item = core.ratings_by_item({ users = rows.segments, items = rows.items,
      ratings = rows.labels }, n)
    local rated, rating = rows.labels - mean, by_item.ratings - mean
    local of_means = opt.item_bias == "mean"
    local bias = of_means and shrunk_means(rating, by_item.items, opt.bias_ridge)
      or core.full({ n }, 0)
    local features = with_bias(core.normal({ n, opt.factors }, 0, 0.1,
      { seed = opt.seed, stream = core.streams.init }))
    local factors
    for _ = 1, opt.sweeps do
      local people = core.segment_ridge(features, rows.items,
        rated - bias:gather_rows(rows.items), rows.segments, ridge)
      local tastes, generosity = split(people, opt.factors)
      local left = rating - generosity:gather_rows(by_item.users)
      if of_means then
        factors = core.segment_ridge(tastes:clone(), by_item.users,
          left - bias:segment_expand(by_item.items), by_item.items,
          ridge:slice(1, 1, opt.factors):clone())
      else
        factors, bias = split(core.segment_ridge(with_bias(tastes), by_item.users, left,
          by_item.items, ridge), opt.factors)
      end
      features = with_bias(factors)
    end
    set_items(self, bias + mean, factors:clone())
  end

  --- Bias and factors of several people from their supports: the fold-in.
  -- @tparam table support segments, items (Ids), labels [rows] of all tasks
  -- @treturn table the state for `score_rows`
  function Factorization:adapt_rows(support)
    local left = support.labels - self.item_part:gather_rows(support.items)
    return { weights = core.segment_ridge(self.features, support.items, left, support.segments,
      ridge_of(self.options)) }
  end

  --- Scores of rows.
  -- @tparam table state what `adapt_rows` gave
  -- @tparam Ids items a row of the catalogue for each score
  -- @tparam Segments segments which rows belong to which task
  -- @treturn Tensor [rows]
  function Factorization:score_rows(state, items, segments)
    local fit = core.row_dot(self.features:gather_rows(items),
      state.weights:segment_expand(segments))
    return self.item_part:gather_rows(items) + fit
  end

  --- What a model file keeps.
  -- @treturn table list of {name, tensor}
  function Factorization:tensors()
    return { { "item_part", self.item_part }, { "item_factors", self.item_factors } }
  end

  --- The factorisation of a model file.
  -- @tparam Catalogue catalogue
  -- @tparam table options as they were
  -- @tparam table tensors list of {name, tensor}
  -- @treturn Recommender
  function Factorization.restore(catalogue, options, tensors)
    local n = #catalogue.items -- before anything of the size that the options ask for is made
    cmml.check_entries(tensors, { { "item_part", { n } },
      { "item_factors", { n, options.factors } } })
    local self = cmml.matrix_factorization(catalogue, options)
    set_items(self, tensors[1][2], tensors[2][2])
    return self
  end
end
