--- Matrix factorisation of ratings, with a fold-in of new people in closed form.
--
-- A rating is item part + user bias + user factors . item factors. Alternating least squares with
-- ridge learns them: with the items fixed the bias and the factors of every user are a ridge
-- regression over what the user rated, and with the users fixed so are those of every item. A
-- person who was not there is one regression more.
--
-- @module cmml
local args = require "cmml.base.args"
local base = require "cmml.base.shared_options"
local changed = require("cmml.base.options").changed
local shared = require "cmml.recommenders.shared_options"

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  local contributions = use "recommenders.contributions"
  use "recommenders.kind"

  local options = {
    { name = "factors", kind = "integer", default = 8, from = 1, group = "model",
      search = "int:4:32", help = "number of factors of users and items" },
    { name = "ridge", kind = "number", default = 10, above = 0, group = "model",
      search = "log:1:100", help = "ridge penalty of the factors" },
    { name = "bias_ridge", kind = "number", default = 3, above = 0, group = "model",
      search = "log:1:30", help = "ridge penalty of the biases of users and items" },
    changed(shared.item_bias, { group = "model" }), changed(shared.sweeps, { group = "model" }),
    changed(base.seed, { group = "model", tunable = false,
      help = "seed of the factors that the first sweep begins with" }),
  }

  -- Factors and, as the last column, what the bias is a weight of.
  local function with_bias(factors)
    return core.concat({ factors, core.full({ factors.shape[1], 1 }, 1) }, 2)
  end

  local function set_items(self, part, factors)
    self.item_part, self.item_factors = part, factors
    self.features = with_bias(factors)
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

  -- Ridge regressions; see `core.segment_ridge`. `hint` says which options decide the ridge.
  local function regressions(features, rows, targets, segments, ridge, hint)
    local names = args.option "ridge" .. " or " .. args.option "bias_ridge"
    return args.call(core.segment_ridge, features, rows, targets, segments, ridge,
      "matrix_factorization", hint and hint:format(names) or names)
  end

  -- The means of segments, pulled towards 0 by as many zeros as `ridge` says.
  local function shrunk_means(values, segments, ridge)
    local count = core.segment_sum(core.full({ segments:rows() }, 1), segments)
    return core.segment_sum(values, segments) / (count + ridge)
  end

  -- Alternating least squares over the ratings of the training users.
  local function fit(self, data)
    local opt, n = self.options, #self.catalogue.items
    local rows = cmml.users.ratings_of(data.ratings, data.users, n)
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
      local people = regressions(features, rows.items,
        rated - bias:gather_rows(rows.items), rows.segments, ridge)
      local tastes, generosity = split(people, opt.factors)
      local left = rating - generosity:gather_rows(by_item.users)
      if of_means then
        factors = regressions(tastes:clone(), by_item.users,
          left - bias:segment_expand(by_item.items), by_item.items,
          ridge:slice(1, 1, opt.factors):clone())
      else
        factors, bias = split(regressions(with_bias(tastes), by_item.users, left,
          by_item.items, ridge), opt.factors)
      end
      features = with_bias(factors)
    end
    set_items(self, bias + mean, factors:clone())
  end

  cmml.kind {
    name = "matrix_factorization", title = "matrix factorisation", settings = { "users" },
    source = "alternating least squares with ridge: Koren, Bell and Volinsky, Computer 2009",
    learns = "fit", baseline = 5, options = options, fit = fit,
    make = function(catalogue, opt)
      local self, n = {}, #catalogue.items
      set_items(self, core.full({ n }, 0), core.full({ n, opt.factors }, 0))
      return self
    end,
    -- Bias and factors of several people from their supports: the fold-in.
    adapt = function(self, support)
      local left = support.labels - self.item_part:gather_rows(support.items)
      return { weights = regressions(self.features, support.items, left, support.segments,
        ridge_of(self.options), "the %s that the model is fitted with") }
    end,
    score = function(self, state, rows)
      local explained = core.row_dot(self.features:gather_rows(rows.items),
        state.weights:segment_expand(rows.segments))
      return self.item_part:gather_rows(rows.items) + explained
    end,
    contributions = function(self, support, rows)
      local ridge = ridge_of(self.options)
      local left = support.labels - self.item_part:gather_rows(support.items)
      return contributions.of_ridge(self.features:gather_rows(support.items), left,
        contributions.identity(ridge.count) * ridge:reshape { 1, -1 },
        math.min(self.options.ridge, self.options.bias_ridge),
        self.features:gather_rows(rows.items))
    end,
    tensors = function(self)
      return { { "item_part", self.item_part }, { "item_factors", self.item_factors } }
    end,
    restore = function(catalogue, opt, tensors)
      local n = #catalogue.items -- before anything of the size that the options ask for is made
      check_entries(tensors, { { "item_part", { n } }, { "item_factors", { n, opt.factors } } })
      local self = cmml.recommenders.matrix_factorization(catalogue, opt)
      set_items(self, tensors[1][2], tensors[2][2])
      return self
    end,
  }
end
