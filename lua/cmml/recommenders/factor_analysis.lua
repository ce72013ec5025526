--- Factor analysis of ratings, with a noise for each item, and new people in closed form.
--
-- A rating is item mean + loadings of the item . factors of the user + noise; the factors are
-- normal with unit variance, the noise is normal with a variance of the item's own. EM fits means,
-- loadings and noise to the ratings that there are: nobody is imputed. What is known of a person
-- who was not there is the posterior of their factors, a small system of equations over what they
-- rated, in which items of much noise count less.
--
-- Loadings and means of items with few ratings are pulled to those of all items, which are learnt
-- with them, and noise to the variance that the means leave over.
--
-- @module cmml
local args = require "cmml.base.args"
local base = require "cmml.base.shared_options"
local changed = require("cmml.base.options").changed
local plain = require "cmml.base.plain"
local shared = require "cmml.recommenders.shared_options"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  local contributions = use "recommenders.contributions"
  use "recommenders.kind"
  use "recommenders.means"

  local options = {
    { name = "factors", kind = "integer", default = 12, from = 1, group = "model",
      search = "int:4:32", help = "number of factors of users and items" },
    { name = "loading_shrink", kind = "number", default = 50, from = 0, group = "model",
      search = "log:5:200",
      help = "number of imaginary ratings that pull an item's loadings to those of all items" },
    changed(shared.item_shrink, { default = 1, search = "log:0.3:10",
      help = "number of imaginary ratings that pull an item's mean to that of all items" }),
    { name = "noise_shrink", kind = "number", default = 30, above = 0, group = "model",
      search = "log:1:300",
      help = "number of imaginary ratings that pull an item's noise to what means leave over" },
    changed(shared.sweeps, { default = 50, group = "model",
      help = "maximum number of iterations of EM" }),
    { name = "tolerance", kind = "number", default = 3e-4, from = 0, group = "model",
      help = "ends the iterations when one gains less log likelihood a rating" },
    changed(base.seed, { group = "model", tunable = false,
      help = "seed of the loadings that the first iteration begins with" }),
  }

  local function set_items(self, means, loadings, noise)
    self.item_part, self.loadings, self.noise = means, loadings, noise
    self.precision = noise:sqrt():reciprocal()
    self.features = loadings * self.precision:reshape { -1, 1 }
  end

  -- Where the iterations begin: means of items, loadings that make the first factor a bias of the
  -- user and are random besides, noise as the means of items and users leave over. As a second
  -- result the variance of that noise.
  local function start(self, data, rows)
    local opt, n = self.options, #self.catalogue.items
    local means = cmml.recommenders.item_user_mean(self.catalogue, {
      item_shrink = opt.item_shrink })
    means:fit(data)
    local state = means:adapt_rows(rows)
    local left = (rows.labels - means:score_rows(state, rows)):square():mean():item()
    local noise = left > 0 and left or 1
    local loadings = core.normal({ n, opt.factors }, 0, 0.1 * math.sqrt(noise),
      { seed = opt.seed, stream = core.streams.init })
    local bias = core.full({ n, 1 }, state.bias:square():mean():sqrt():item())
    return means.item_part, core.concat({ loadings:slice(2, 1, 1) + bias,
      loadings:slice(2, 2, opt.factors) }, 2), core.full({ n }, noise), noise
  end

  -- The loadings and the mean that those of rated items are pulled to: what makes the penalty
  -- least.
  local function centre_of(loadings, means, weight)
    local all = core.concat({ loadings, means:reshape { -1, 1 } }, 2)
    return (all * weight:reshape { -1, 1 }):sum(1) / weight:sum()
  end

  -- EM over the ratings of the training users.
  local function fit(self, data)
    local opt, n = self.options, #self.catalogue.items
    local rows, count = cmml.users.ratings_of(data.ratings, data.users, n)
    self.objectives = {}
    if #rows.items == 0 then
      return
    end
    local level, rated = rows.labels:mean():item(), count:step()
    local means, loadings, noise, variance = start(self, data, rows)
    local ratings = rows.labels - level
    means = means - level
    for sweep = 1, opt.sweeps do
      local centre = centre_of(loadings, means, rated / noise)
      local likelihood, penalty
      loadings, means, noise, likelihood, penalty = core.factor_sweep(rows.segments, rows.items,
        ratings, loadings, means, noise, centre, { loading_shrink = opt.loading_shrink,
          mean_shrink = opt.item_shrink, noise = variance, noise_shrink = opt.noise_shrink })
      self.objectives[sweep] = likelihood - penalty
      if sweep > 1 and self.objectives[sweep] - self.objectives[sweep - 1]
        < opt.tolerance * #rows.items then
        break
      end
    end
    set_items(self, means + level, loadings, noise)
  end

  -- What the means leave over of the ratings, in units of the noise.
  local function left_over(self, support)
    return (support.labels - self.item_part:gather_rows(support.items))
      * self.precision:gather_rows(support.items)
  end

  cmml.kind {
    name = "factor_analysis", title = "factor analysis", settings = { "users" },
    source = "EM with missing ratings: Rubin and Thayer, Psychometrika 1982; Canny, SIGIR 2002",
    learns = "fit", baseline = 8, options = options, fit = fit,
    make = function(catalogue, opt)
      local self, n = {}, #catalogue.items
      set_items(self, core.full({ n }, 0), core.full({ n, opt.factors }, 0), core.full({ n }, 1))
      return self
    end,
    -- The posterior mean of the factors of several people from their supports. With ratings and
    -- loadings in units of the noise it is a ridge regression.
    adapt = function(self, support)
      return { factors = core.segment_ridge(self.features, support.items,
        left_over(self, support), support.segments, core.full({ self.options.factors }, 1)) }
    end,
    score = function(self, state, rows)
      local explained = core.row_dot(self.loadings:gather_rows(rows.items),
        state.factors:segment_expand(rows.segments))
      return self.item_part:gather_rows(rows.items) + explained
    end,
    contributions = function(self, support, rows)
      return contributions.of_ridge(self.features:gather_rows(support.items),
        left_over(self, support), contributions.identity(self.options.factors), 1,
        self.loadings:gather_rows(rows.items))
    end,
    tensors = function(self)
      return { { "item_part", self.item_part }, { "loadings", self.loadings },
        { "noise", self.noise } }
    end,
    restore = function(catalogue, opt, tensors)
      local n = #catalogue.items -- before anything of the size that the options ask for is made
      check_entries(tensors, { { "item_part", { n } }, { "loadings", { n, opt.factors } },
        { "noise", { n } } })
      for i, noise in ipairs(tensors[3][2]:totable()) do
        if not (noise > 0 and noise < math.huge) then
          raise(plain.format("the noise of item %d is %g, not above 0", i, noise), 0)
        end
      end
      local self = cmml.recommenders.factor_analysis(catalogue, opt)
      set_items(self, tensors[1][2], tensors[2][2], tensors[3][2])
      return self
    end,
  }
end
