--- MetaCS-DNN: MAML over an MLP with content features, of which every parameter takes gradient
-- steps on what a person rated (Bharadhwaj, IJCNN 2019).
--
-- Rows of the embeddings are copied by the task that changes them. An empty support is scored by
-- the weights of the start.
--
-- @module cmml
local inner = require "cmml.recommenders.inner_options"
local rating_errors = require "cmml.recommenders.rating_errors"
local sets = require "cmml.base.options"
local shared = require "cmml.recommenders.shared_options"

local function preset(lr, epochs, patience)
  return {
    model = { width = 32, hidden = { 64, 64 }, activation = "relu", inner_steps = 5,
      inner_rate = { 0.01 } },
    training = { batch = 32, support = 40, query = 10, lr = lr, clip = 10, epochs = epochs,
      patience = patience },
    budgets = { published = { epochs = epochs, patience = 0 } },
  }
end

-- The paper names no sizes; the released code of CMML has them.
local presets = { recommended = preset(1e-3, 100, 10), ["published-code"] = preset(3e-4, 30, 0) }

return function(cmml, use)
  local core = cmml.core
  local mean_loss = use "recommenders.inner_loss"
  use "recommenders.kind"

  local options = { inner.width, inner.hidden, inner.activation, inner.steps,
    sets.changed(inner.rate, { help = "rate of these steps; one, or one for the embeddings and one "
      .. "for each layer" }),
    inner.rates, inner.order, inner.diverging,
    sets.changed(inner.form, { default_text = "fast, but generic where there are not two hidden "
      .. "layers of relu or leaky_relu, where each weight has a rate, or rates are learnt in "
      .. "first order" }), shared.read_users, rating_errors.option }

  local function make(catalogue, opt, init)
    local fields = catalogue.items:sizes()
    local of_users = opt.read_users ~= false and catalogue.users:sizes() or {}
    table.move(of_users, 1, #of_users, #fields + 1, fields)
    return { module = cmml.inner_network { fields = fields, init = init, width = opt.width,
      hidden = opt.hidden, activation = opt.activation, inner_steps = opt.inner_steps,
      inner_rate = opt.inner_rate, rates = opt.rates, order = opt.order,
      form = opt.form } }
  end

  -- One row for each task.
  local function ones(n)
    local list = {}
    for i = 1, n do
      list[i] = 1
    end
    return core.segments(list)
  end

  -- What the rows are made of: fields of their items, and of their tasks' people.
  local function parts_of(self, people, rows)
    local catalogue, parts = self.catalogue, {}
    if #catalogue.items.fields > 0 then
      parts[1] = { names = catalogue.items:field_names(), bags = catalogue.items.bags,
        rows = rows.items, tasks = rows.segments }
    end
    if self.options.read_users ~= false and #catalogue.users.fields > 0 then
      parts[#parts + 1] = { names = catalogue.users:field_names(), bags = people.bags,
        rows = people.rows, tasks = ones(#rows.segments), repeated = rows.segments }
    end
    return parts
  end

  local function adapt(self, support, hold)
    return self.module:adapt(parts_of(self, support.people, support), support.labels,
      support.segments, { hold = hold, losses = false })
  end

  local function score(self, state, rows)
    return state.adapted(parts_of(self, state.people, rows), rows.segments)
  end

  cmml.kind {
    name = "metacs", title = "MetaCS-DNN", source = "Bharadhwaj, IJCNN 2019",
    settings = { "users" }, learns = "gradient", adapts = "gradient",
    steps = { inner.steps.name }, options = options,
    presets = presets, needs = { fields = true }, make = make, score = score,

    -- A person whose steps diverge has the weights of the start, like somebody of whom nothing is
    -- known; `diverged` names them.
    adapt = function(self, support)
      return core.no_grad(function()
        local adapted = adapt(self, support)
        return { adapted = adapted, people = support.people, diverged = adapted.diverged }
      end)
    end,

    memory = function(self, ...)
      return self.module:memory(...)
    end,

    over = function(self, catalogue)
      return self.restore(catalogue:in_terms_of(self.catalogue, "over"), self.options,
        self:tensors())
    end,

    loss = function(self, batch)
      return mean_loss(self, batch, function(hold)
        local adapted, query = adapt(self, batch.support, hold), batch.query
        local scores = score(self, { adapted = adapted, people = batch.support.people }, query)
        return core.segment_mean(rating_errors.of(self.options.loss, scores, query.labels),
          query.segments), adapted.diverged
      end)
    end,
  }
end
