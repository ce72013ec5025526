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
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local nn, core = cmml.nn, cmml.core
  local FactorBase = nn.class "cmml.FactorBase"

  local known = { factors = { "integer", 8 }, ridge = { "number", 14 },
    bias_ridge = { "number", 3 }, item_bias = "string?", sweeps = { "integer", 20 },
    solve = { "boolean", true } }

  --- Checks options of a base.
  -- @tparam table options factors (of an item, default 8; 0: biases alone), ridge (of a person's
  -- weights of them, default 14), bias_ridge (of a person's bias, and of an item's where the
  -- factorisation begins, default 3), item_bias ("solved", the default, or "mean") and sweeps (20)
  -- of that, see `matrix_factorization`, solve (false: a person has a bias alone, and the network
  -- sees the factors; default true)
  -- @treturn table a copy with the defaults; without item_bias if it was not given
  function cmml.factor_base_options(options)
    local opt = args.check("base", options, known)
    if opt.factors < 0 or opt.sweeps < 1 then
      raise(("base: factors must not be negative and sweeps at least 1, but are %d and %d"):format(
        opt.factors, opt.sweeps), 3)
    end
    args.one_of("base: item_bias", opt.item_bias or "solved", { "solved", "mean" }, 4)
    for _, name in ipairs { "ridge", "bias_ridge" } do
      if not (opt[name] > 0 and opt[name] < math.huge) then
        raise(("base: %s must be finite and above 0, but is %g"):format(name, opt[name]), 3)
      end
    end
    return opt
  end

  --- A base that knows nothing yet: biases and vectors are 0 until `start` or `load_parameters`.
  -- @tparam table options items (how many), options (see `factor_base_options`), init
  -- @treturn FactorBase of (items, weights, segments) giving scores; parameters bias [items],
  -- vectors [items, factors] (none without factors) and log_ridge (one for each weight of a person,
  -- the bias last)
  function cmml.factor_base(options)
    local opt = args.check("factor_base", options, { items = "integer", options = "table",
      init = "table?" })
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
    local model = self.vectors and cmml.recommenders.matrix_factorization(catalogue, { factors = own.factors,
      ridge = own.ridge, bias_ridge = own.bias_ridge, item_bias = own.item_bias,
      sweeps = own.sweeps, seed = seed })
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
