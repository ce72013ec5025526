--- What the scores of a network are added to: a matrix factorisation or a factor analysis whose
-- fold-in of a person is a differentiable ridge regression.
--
-- A score is item bias + w . (item vector, 1) + network. The weights w are a person's own: they are
-- solved from what bias and network leave over of the ratings of the support, in closed form, so
-- that adapting is a forward pass still, and the gradient goes through the solution. Biases,
-- vectors and the ridges begin as matrix factorisation learns them of the training users, and are
-- learnt on with the rest.
--
-- Of factor analysis a score is item bias + w . item vector + network, and w is the posterior mean
-- of the person's factors: the same regression, in which each row counts by the precision of its
-- item, 1 / noise. Noise and ridge stay as EM finds them: the people that a network learns from are
-- those whom EM has fitted, so that their supports look more certain than those of others are. One
-- of the factors does what a bias of the person would. The vectors are the loadings times the root
-- of the ridge, which says the same whatever the ridge is; but a step of Adam, which is as long for
-- small numbers as for large ones, then changes less of what EM found.
--
-- @module cmml
local sets = require "cmml.base.options"
local shared = require "cmml.recommenders.shared_options"
local raise = require("cmml.base.args").error
local changed, declare = sets.changed, sets.declare

-- The kinds that a base may begin as.
local kinds = { "matrix_factorization", "factor_analysis" }

local known = declare("factor_base_options", {
  { name = "kind", kind = "string", choices = kinds, default_text = kinds[1],
    help = "the kind of recommender that it begins as; factor_analysis has a noise for each item, "
      .. "and does better where there are few people to learn from" },
  { name = "factors", kind = "integer", default = 8, from = 0,
    help = "number of factors of an item; 0: biases alone" },
  { name = "ridge", kind = "number", default = 14, above = 0,
    help = "ridge penalty of a person's weights of them; of factor_analysis the scale of the "
      .. "vectors, by which the weights have the variance 1 / ridge before training" },
  { name = "bias_ridge", kind = "number", default = 3, above = 0, help = "ridge penalty of a "
    .. "person's bias, and of an item's where a matrix factorisation begins" },
  changed(shared.item_bias, { default_text = "solved; not of factor_analysis" }),
  changed(shared.item_shrink, { default = false, default_text = "the kind's",
    help = "number of imaginary ratings that pull an item's mean to that of all items where a "
      .. "factor analysis begins" }),
  changed(shared.sweeps, { default = false, default_text = "the kind's" }),
  { name = "solve", kind = "boolean", default = true,
    help = "false: a person has a bias alone, and the network sees the factors" },
})

local base_known = declare("factor_base", {
  { name = "items", kind = "integer", required = true, from = 0, help = "number of items" },
  { name = "options", kind = "table", required = true, help = "see factor_base_options" },
  { name = "init", kind = "table", help = "initial values, see nn.init" },
})

return function(cmml)
  local nn, core = cmml.nn, cmml.core
  local FactorBase = nn.class "cmml.FactorBase"

  --- Checks options of a base.
  -- @tparam table options see below
  -- @treturn table a copy with the defaults; without kind, item_bias, item_shrink and sweeps if
  -- these were not given
  function cmml.factor_base_options(options)
    local opt = known:check(options, 4)
    if opt.kind == "factor_analysis" and (opt.item_bias or opt.factors == 0) then
      raise("factor_base_options: factor_analysis " .. (opt.item_bias
        and "learns the items' means with their factors: give no item_bias with it"
        or "needs factors, of which 0 were given"), 4)
    end
    if opt.item_shrink and opt.kind ~= "factor_analysis" then
      raise("factor_base_options: item_shrink is of factor_analysis, but the kind is "
        .. (opt.kind or kinds[1]), 4)
    end
    return opt
  end

  --- A base that knows nothing yet: biases and vectors are 0 until `start` or `load_parameters`.
  -- @tparam table options see below
  -- @treturn FactorBase of (items, weights, segments) giving scores; parameters bias [items],
  -- vectors [items, factors] (none without factors), log_noise [items] (of factor analysis: the
  -- logarithm of the variance) and log_ridge (one for each weight of a person, and for the bias).
  -- To log_noise and the ridges of factors that are its loadings' no gradient goes
  function cmml.factor_base(options)
    local opt = base_known:check(options)
    local init, own = opt.init or nn.default_init, cmml.factor_base_options(opt.options)
    local self = FactorBase.new()
    self.options, self.width = own, own.factors
    self:register("bias", init.uniform({ opt.items }, 1))
    if own.factors > 0 then
      self:register("vectors", init.normal { opt.items, own.factors })
    end
    if own.kind == "factor_analysis" then
      self:register("log_noise", init.uniform({ opt.items }, 1))
    end
    self.solved = own.solve and own.factors or 0
    self:register("log_ridge", init.uniform({ self.solved + 1 }, 1))
    local ridge = {}
    for i = 1, self.solved do
      ridge[i] = math.log(own.ridge)
    end
    ridge[self.solved + 1] = math.log(own.bias_ridge)
    cmml.no_grad(function()
      self.log_ridge:copy_(core.tensor(ridge))
      for _, name in ipairs { "bias", "vectors", "log_noise" } do
        local _ = self[name] and self[name]:copy_(core.full(self[name].shape, 0))
      end
    end)
    return self
  end

  -- The recommender that a base begins as, fitted.
  local function fitted(own, catalogue, data, seed)
    local name = own.kind or kinds[1]
    local opt = { factors = own.factors, sweeps = own.sweeps, seed = seed }
    if own.factors == 0 then
      name, opt = "item_mean", nil
    elseif name == "matrix_factorization" then
      opt.ridge, opt.bias_ridge, opt.item_bias = own.ridge, own.bias_ridge, own.item_bias
    else
      opt.item_shrink = own.item_shrink
    end
    local model = cmml.recommenders[name](catalogue, opt)
    model:fit(data)
    return model
  end

  --- Begins with what the ratings of the training users say.
  -- @tparam Catalogue catalogue
  -- @tparam table ratings grouped by user
  -- @tparam table users list of rows that may be learnt from
  -- @tparam integer seed of the factorisation
  function FactorBase:start(catalogue, ratings, users, seed)
    local model = fitted(self.options, catalogue, { ratings = ratings, users = users }, seed)
    cmml.no_grad(function()
      self.bias:copy_(model.item_part)
      if self.vectors then
        self.vectors:copy_(model.item_factors or model.loadings * math.sqrt(self.options.ridge))
      end
      if self.log_noise then
        self.log_noise:copy_(model.noise:log())
      end
    end)
  end

  --- What an item begins with of which nothing was learnt: it is like all. Of factor analysis this
  -- is what the loadings of all items are pulled to, by which a person's generosity reaches it.
  -- @treturn table "zero" or "mean" (of all items) by the name of the parameter
  function FactorBase:new_items()
    return { bias = "mean", log_noise = "mean", vectors = self.log_noise and "mean" or "zero" }
  end

  --- What item biases leave over of the ratings of supports, and the same without a person's bias.
  -- @tparam table support segments, items (Ids), labels [rows]
  -- @treturn Tensor what is left over [rows]
  -- @treturn Tensor the same less the person's mean [rows]
  -- @treturn Tensor the mean [people], shrunk by the ridge of the bias
  function FactorBase:left_over(support)
    local segments = support.segments
    local left = support.labels - self.bias:gather_rows(support.items)
    local count = core.segment_sum(core.full({ #support.items }, 1), segments)
    local shrink = self.log_ridge:slice(1, self.solved + 1, self.solved + 1):exp()
    local mean = left:segment_sum(segments) / (count + shrink)
    return left, left - mean:segment_expand(segments), mean
  end

  -- What the weights of a person are weights of: the vectors of rows, and of a matrix factorisation
  -- 1 behind them.
  local function features(self, items)
    local vectors = self.solved > 0 and self.vectors:gather_rows(items)
    if vectors and self.log_noise then
      return vectors
    end
    local one = core.full({ #items, 1 }, 1)
    return vectors and core.concat { vectors, one } or one
  end

  --- The weights of people that explain what is left over of their supports.
  -- @tparam Ids items
  -- @tparam Tensor left [rows]
  -- @tparam Segments segments one a person
  -- @treturn Tensor [people, weights]; zeros where the support is empty
  function FactorBase:solve(items, left, segments)
    local x = features(self, items)
    local log_ridge = self.log_ridge:slice(1, 1, x.shape[2])
    local target = left:reshape { -1, 1 }
    if self.log_noise then -- in units of the noise the posterior mean is a ridge regression
      local log_noise = self.log_noise:detach():gather_rows(items)
      local precision = (log_noise * -0.5):exp():reshape { -1, 1 }
      x, target = x * precision, target * precision
      log_ridge = self.solved > 0 and log_ridge:detach() or log_ridge
    end
    return core.ridge_solve(x, core.segment_sum(x * target, segments), log_ridge:exp(),
      segments)
  end

  --- What the weights of people leave over of what their biases and the network did.
  -- @tparam Ids items
  -- @tparam Tensor left [rows], which the weights were solved from
  -- @tparam Tensor weights [people, weights] from `solve`
  -- @tparam Segments segments one a person
  -- @treturn Tensor [rows]
  function FactorBase:unexplained(items, left, weights, segments)
    return left - core.row_dot(features(self, items), weights:segment_expand(segments))
  end

  --- What the biases of items and the means of people say of rows, and nothing else does.
  -- @tparam Ids items
  -- @tparam Tensor means [people] from `left_over`
  -- @tparam Segments segments which rows belong to whom
  -- @treturn Tensor [rows]
  function FactorBase:of_means(items, means, segments)
    return self.bias:gather_rows(items) + means:segment_expand(segments)
  end

  --- The scores of rows.
  -- @tparam Ids items
  -- @tparam Tensor weights [people, weights] from `solve`
  -- @tparam Segments segments which rows belong to whom
  -- @treturn Tensor [rows]
  function FactorBase:forward(items, weights, segments)
    return self.bias:gather_rows(items)
      + core.row_dot(features(self, items), weights:segment_expand(segments))
  end
end
