--- Toy kinds of recommenders, one of each sort, as a user declares them from a file of one's own:
--
--    toy_forward    learns by gradient, adapts by one forward pass
--    toy_inner      learns by gradient, adapts by gradients: steps on the support, second order
--    toy_fitted     is fitted: the mean label of each item
--    toy_nothing    learns nothing: the items that the support has, best labels first
--
-- Requiring this file declares them for users and scenarios (`--modules spec.support.toy_kinds`).
local toys = { names = { "toy_forward", "toy_inner", "toy_fitted", "toy_nothing" } }

local presets = {
  recommended = { model = { width = 4 }, training = { lr = 0.02, epochs = 3, patience = 0 } },
  wide = { model = { width = 6 }, training = { lr = 0.01, epochs = 3, patience = 0 } },
}
local width = { name = "width", kind = "integer", from = 1, to = 64, group = "model",
  help = "width of an item's vector", default_text = "the preset's" }

--- Declares the toy kinds.
-- @tparam table cmml the library
-- @tparam {string,...} settings names of settings
function toys.declare(cmml, settings)
  local core, nn = cmml.core, cmml.nn
  local Weights = nn.class "toy.Weights"

  -- Item vectors and biases, and the vector that a task begins with.
  local function make(catalogue, options, init)
    local module, n = Weights.new(), #catalogue.items
    module:register("vectors", init.uniform({ n, options.width }, 0.3))
    module:register("bias", init.uniform({ n }, 0.3))
    module:register("start", init.uniform({ options.width }, 0.3))
    return { module = module }
  end

  local function score(self, state, rows)
    return self.module.bias:gather_rows(rows.items) + core.row_dot(
      self.module.vectors:gather_rows(rows.items), state.task:segment_expand(rows.segments))
  end

  -- Ratings are hit, and taken items stand above passed ones.
  local function loss(self, batch)
    local state, query = self:adapt_rows(batch.support), batch.query
    if query.labels then
      return core.task_mse(score(self, state, query), query.labels, query.segments)
    end
    local rows = core.paired_rows(query)
    return cmml.scenarios.pair_loss("bpr", score(self, state, rows), rows, query.segments)
  end

  -- The vector of every task before anything is known of it.
  local function start_of(self, support)
    return core.full({ #support.segments, 1 }, 1):matmul(self.module.start:reshape { 1, -1 })
  end

  cmml.kind { name = "toy_forward", title = "toy, forward", source = "a spec", settings = settings,
    learns = "gradient", adapts = "forward", options = { width }, presets = presets, make = make,
    score = score, loss = loss,
    adapt = function(self, support)
      local labelled = self.module.vectors:gather_rows(support.items)
        * support.labels:reshape { -1, 1 }
      return { task = start_of(self, support)
        + core.segment_mean(labelled, support.segments) }
    end }

  cmml.kind { name = "toy_inner", title = "toy, inner steps", source = "a spec",
    settings = settings, learns = "gradient", adapts = "gradient", presets = presets, make = make,
    steps = { "inner_steps" },
    score = score, loss = loss,
    options = { width,
      { name = "inner_steps", kind = "integer", default = 2, from = 0, group = "model",
        help = "number of gradient steps on the support" },
      { name = "inner_lr", kind = "number", default = 0.1, above = 0, group = "model",
        help = "learning rate of these steps" } },
    adapt = function(self, support)
      local state = { task = start_of(self, support) }
      for _ = 1, self.options.inner_steps do
        local errors = score(self, state, support) - support.labels
        local inner = core.segment_mean(errors:square(), support.segments):sum()
        state.task = state.task - self.options.inner_lr
          * cmml.grad(inner, state.task, { create_graph = true })
      end
      return state
    end }

  cmml.kind { name = "toy_fitted", title = "toy, fitted", source = "a spec", settings = settings,
    learns = "fit",
    options = { { name = "shrink", kind = "number", default = 1, from = 0, group = "model",
      help = "number of imaginary labels of 0" } },
    make = function(catalogue)
      return { means = core.full({ #catalogue.items }, 0) }
    end,
    fit = function(self, data)
      local sums, counts, learnt = {}, {}, {}
      for item = 1, #self.catalogue.items do
        sums[item], counts[item] = 0, self.options.shrink
      end
      for _, user in ipairs(data.users) do
        learnt[user] = true
      end
      local row, items = 0, data.ratings.items:totable()
      local labels = data.ratings.ratings and data.ratings.ratings:totable()
      for user, length in ipairs(data.ratings.users:totable()) do
        for _ = 1, length do
          row = row + 1
          local item = learnt[user] and items[row]
          if item then
            sums[item] = sums[item] + (labels and labels[row] or 1)
            counts[item] = counts[item] + 1
          end
        end
      end
      for item = 1, #sums do
        sums[item] = sums[item] / math.max(counts[item], 1)
      end
      self.means = core.tensor(sums)
    end,
    adapt = function()
      return {}
    end,
    score = function(self, _, rows)
      return self.means:gather_rows(rows.items)
    end,
    tensors = function(self)
      return { { "means", self.means } }
    end,
    restore = function(catalogue, options, tensors)
      local self = cmml.recommenders.toy_fitted(catalogue, options)
      self.means = tensors[1][2]
      return self
    end }

  cmml.kind { name = "toy_nothing", title = "toy, nothing", source = "a spec",
    settings = settings, learns = "none",
    make = function()
      return {}
    end,
    adapt = function(_, support)
      return { support = support }
    end,
    score = function(_, state, rows)
      local labels, first = {}, 0
      local items = state.support.items:totable()
      local given = state.support.labels:totable()
      for task, length in ipairs(state.support.segments:totable()) do
        labels[task] = {}
        for row = first + 1, first + length do
          labels[task][items[row]] = given[row]
        end
        first = first + length
      end
      local scores, row = {}, 0
      items = rows.items:totable()
      for task, length in ipairs(rows.segments:totable()) do
        for _ = 1, length do
          row = row + 1
          scores[row] = labels[task][items[row]] or 0
        end
      end
      return core.tensor(scores)
    end }
end

toys.declare(require "cmml", { "users", "scenarios" })

return toys
