--- MeLU: an MLP over content features that takes gradient steps on what a person rated (Lee et al.,
-- KDD 2019).
--
-- The embeddings are shared; the layers of the MLP take a few plain gradient steps down the mean
-- squared error of the support, and training goes through these steps. Nobody's ratings leave the
-- weights as they are: an empty support is scored by the weights of the start.
--
-- With a base the scores are added to it as in CMML's recommended preset: the MLP adapts to what
-- item and person biases leave over of the ratings, and the person's weights of the factors are
-- solved from the rest.
--
-- @module cmml
local inner = require "cmml.recommenders.inner_options"
local rating_errors = require "cmml.recommenders.rating_errors"
local shared = require "cmml.recommenders.shared_options"
local raise = require("cmml.base.args").error

-- What a preset must say; the released program (of MeLU) takes one step of first order: it loads
-- the weights of a task as plain numbers, which cuts the graph.
local of_all = { width = 32, hidden = { 64, 64 }, activation = "relu" }

local function preset(model, training)
  for key, value in pairs(of_all) do
    model[key] = model[key] or value
  end
  return { model = model, training = training,
    budgets = { published = { epochs = training.epochs, patience = 0 } } }
end

local presets = {
  -- Settings that do best on validation users.
  recommended = preset({ inner_steps = 5, inner_rate = { 0.01 } },
    { batch = 32, support = 40, query = 10, lr = 1e-3, clip = 10, epochs = 100, patience = 10 }),
  -- The same over a matrix factorisation.
  ["recommended/base"] = preset({ inner_steps = 5, inner_rate = { 0.01 }, width = 16,
    read_users = false, loss = "absolute",
    base = { factors = 10, ridge = 16, item_bias = "mean" } },
    { batch = 32, support = 40, short_supports = 0.5, query = 40, valid_query = 10, lr = 1e-3,
      clip = 10, epochs = 30, patience = 5 }),
  -- What the authors' released program runs.
  published = preset({ inner_steps = 1, inner_rate = { 5e-6 }, order = "first" },
    { batch = 32, support = 40, query = 10, lr = 5e-5, epochs = 20, patience = 0 }),
  -- MeLU as the released code of CMML has it.
  ["published-code"] = preset({ inner_steps = 5, inner_rate = { 0.01 } },
    { batch = 32, support = 40, query = 10, lr = 3e-4, clip = 10, epochs = 30, patience = 0 }),
}

return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
  local content_rows = use "recommenders.content_rows"
  local over_items = use "recommenders.over_items"
  local start_base = use "recommenders.start_base"
  local mean_loss = use "recommenders.inner_loss"
  use "recommenders.kind"

  local options = {
    inner.width, inner.hidden, inner.activation,
    inner.steps, inner.rate, inner.rates, inner.order, inner.diverging,
    inner.form, shared.read_users, shared.base, rating_errors.option,
  }

  --- The weights of MeLU: embeddings, the layers that adapt, and a base if there is one.
  -- @tfield ?FieldEmbedding embedding
  -- @tfield InnerMlp layers
  -- @tfield ?FactorBase base
  local Weights = nn.class "cmml.MeluWeights"

  local function make(catalogue, opt, init)
    if opt.base == true then
      raise("melu: base must be a table of options, or false for none", 3)
    elseif opt.base then
      opt.base = cmml.factor_base_options(opt.base)
    end
    local module, fields = Weights.new(), catalogue.items:sizes()
    local of_users = opt.read_users ~= false and catalogue.users:sizes() or {}
    table.move(of_users, 1, #of_users, #fields + 1, fields)
    if #fields > 0 then
      module:register("embedding", nn.field_embedding { fields = fields, width = opt.width,
        init = init })
    end
    local inp = #fields * opt.width + (opt.base and opt.base.factors or 0)
    if inp == 0 then
      raise("melu: the catalogue has no content features that are read, and there is no base", 3)
    end
    module:register("layers", cmml.inner_mlp { inp = inp, init = init, hidden = opt.hidden,
      activation = opt.activation, inner_steps = opt.inner_steps, inner_rate = opt.inner_rate,
      rates = opt.rates, order = opt.order, form = opt.form }, true)
    if opt.base then
      module:register("base", cmml.factor_base { items = #catalogue.items, options = opt.base,
        init = init })
    end
    return { module = module }
  end

  -- The vectors of rows: of items their fields and the factors of a base, then the user's.
  local function vectors(self, user, items, segments)
    local module, names = self.module, self.catalogue.items:field_names()
    return content_rows.joined(function(distinct)
      local list, base = {}, module.base
      if #names > 0 then
        list[1] = module.embedding(names, self.catalogue.items.bags, distinct)
      end
      list[#list + 1] = base and base.vectors and base.vectors:gather_rows(distinct)
      return list
    end, user, items, segments)
  end

  -- The state of tasks: their layers, and a base's weights of the persons.
  local function adapt(self, support, hold)
    local module, segments = self.module, support.segments
    local user = self.options.read_users ~= false
      and content_rows.people(module.embedding, self.catalogue, support.people) or nil
    local x, base = vectors(self, user, support.items, segments), module.base
    local left, own_left = support.labels, support.labels
    if base then
      left, own_left = base:left_over(support)
    end
    local layers = module.layers:adapt(x, own_left, segments,
      { hold = hold, losses = false })
    return { user = user, layers = layers,
      weights = base and base:solve(support.items, left - layers(x, segments), segments) }
  end

  local function score(self, state, rows)
    local x, base = vectors(self, state.user, rows.items, rows.segments), self.module.base
    local scores
    if state.own then -- outside of training
      scores = cmml.task_layers.mlp(x, state.own, rows.segments, self.options.activation)
        :reshape { -1 }
    else
      scores = state.layers(x, rows.segments)
    end
    return base and scores + base(rows.items, state.weights, rows.segments) or scores
  end

  cmml.kind {
    name = "melu", title = "MeLU", source = "Lee et al., KDD 2019", settings = { "users" },
    learns = "gradient", adapts = "gradient", steps = { inner.steps.name },
    options = options, presets = presets, make = make, score = score,

    -- Outside of training: the weights of all tasks, made once. A person whose steps diverge has
    -- the weights of the start, like somebody of whom nothing is known; `diverged` names them.
    adapt = function(self, support)
      return core.no_grad(function()
        local state = adapt(self, support)
        return { user = state.user, own = state.layers:layers(), weights = state.weights,
          diverged = state.layers.diverged }
      end)
    end,

    prepare = start_base, over = over_items,
    memory = function(self, ...)
      return self.module.layers:memory(...)
    end,

    loss = function(self, batch)
      return mean_loss(self, batch, function(hold)
        local state = adapt(self, batch.support, hold)
        local query = batch.query
        return core.segment_mean(rating_errors.of(self.options.loss, score(self, state, query),
          query.labels), query.segments), state.layers.diverged
      end)
    end,
  }
end
