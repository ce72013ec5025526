--- What the scores of a network are added to: a matrix factorisation whose fold-in of a person is a
-- differentiable ridge regression.
--
-- A score is item bias + w . (item vector, 1) + network. The weights w are a person's own: they are
-- solved from what bias and network leave over of the ratings of the support, in closed form, so
-- that adapting is a forward pass still, and the gradient goes through the solution. Biases,
-- vectors and the ridges begin as matrix factorisation learns them of the training users, and are
-- learnt on with the rest.
--
-- @module cmml
local declare = require("cmml.base.options").declare
local shared = require "cmml.recommenders.shared_options"

local known = declare("factor_base_options", {
  { name = "factors", kind = "integer", default = 8, from = 0,
    help = "number of factors of an item; 0: biases alone" },
  { name = "ridge", kind = "number", default = 14, above = 0,
    help = "ridge penalty of a person's weights of them" },
  { name = "bias_ridge", kind = "number", default = 3, above = 0, help = "ridge penalty of a "
    .. "person's bias, and of an item's where the factorisation begins" },
  shared.item_bias, shared.sweeps,
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
  -- @treturn table a copy with the defaults; without item_bias if it was not given
  function cmml.factor_base_options(options)
    local opt = known:check(options, 4)
    return opt
  end

  --- A base that knows nothing yet: biases and vectors are 0 until `start` or `load_parameters`.
  -- @tparam table options see below
  -- @treturn FactorBase of (items, weights, segments) giving scores; parameters bias [items],
  -- vectors [items, factors] (none without factors) and log_ridge (one for each weight of a person,
  -- the bias last)
  function cmml.factor_base(options)
    local opt = base_known:check(options)
    local init, own = opt.init or nn.default_init, cmml.factor_base_options(opt.options)
    local self = FactorBase.new()
    self.options, self.width = own, own.factors
    self:register("bias", init.uniform({ opt.items }, 1))
    if own.factors > 0 then
      self:register("vectors", init.normal { opt.items, own.factors })
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
      for _, name in ipairs { "bias", own.factors > 0 and "vectors" or nil } do
        self[name]:copy_(core.full(self[name].shape, 0))
      end
    end)
    return self
  end

  --- Begins with what the ratings of the training users say.
  -- @tparam Catalogue catalogue
  -- @tparam table ratings grouped by user
  -- @tparam table users list of rows that may be learnt from
  -- @tparam integer seed of the factorisation
  function FactorBase:start(catalogue, ratings, users, seed)
    local own = self.options
    local model = self.vectors and cmml.recommenders.matrix_factorization(catalogue, {
      factors = own.factors, ridge = own.ridge, bias_ridge = own.bias_ridge,
      item_bias = own.item_bias, sweeps = own.sweeps, seed = seed })
      or cmml.recommenders.item_mean(catalogue)
    model:fit { ratings = ratings, users = users }
    cmml.no_grad(function()
      self.bias:copy_(model.item_part)
      if self.vectors then
        self.vectors:copy_(model.item_factors)
      end
    end)
  end

  --- What item biases leave over of the ratings of supports, and the same without a person's bias.
  -- @tparam table support segments, items (Ids), labels [rows]
  -- @treturn Tensor what is left over [rows]
  -- @treturn Tensor the same less the person's mean, which is shrunk by the ridge of the bias
  function FactorBase:left_over(support)
    local segments = support.segments
    local left = support.labels - self.bias:gather_rows(support.items)
    local count = core.segment_sum(core.full({ #support.items }, 1), segments)
    local shrink = self.log_ridge:slice(1, self.solved + 1, self.solved + 1):exp()
    local mean = left:segment_sum(segments) / (count + shrink)
    return left, left - mean:segment_expand(segments)
  end

  -- The vectors of rows, and 1 behind them.
  local function features(self, items)
    local one = core.full({ #items, 1 }, 1)
    return self.solved > 0 and core.concat { self.vectors:gather_rows(items), one } or one
  end

  --- The weights of people that explain what is left over of their supports.
  -- @tparam Ids items
  -- @tparam Tensor left [rows]
  -- @tparam Segments segments one a person
  -- @treturn Tensor [people, weights]; zeros where the support is empty
  function FactorBase:solve(items, left, segments)
    local x = features(self, items)
    return core.ridge_solve(x, core.segment_sum(x * left:reshape { -1, 1 }, segments),
      self.log_ridge:exp(), segments)
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
