--- What the scores of a network for lists are added to: a kind in closed form that folds people in,
-- and how much each of the two counts.
--
-- The base is fitted to the training people before the first step, and stays as it is. The network
-- is trained for itself: it has seen what it learns from, so that there it would count for more
-- than it should. How much the base counts is chosen by validation people, whom neither has seen,
-- each time that they are looked at; and where they are better off without the network, it counts
-- for nothing until, beside a base that counts for many times as much, they are better off with it.
--
-- @module cmml.recommenders.list_base

-- How much the weight of the base changes from one validation to the next; and how far off weights
-- may be with which a network helps that did harm.
local step, beyond = math.sqrt(2), { 2, 4, 8, 16, 32 }

-- More items than the closed form of EASE is made of by default, and the directions beyond.
local most_items, directions = 6000, 256

return function(cmml)
  local core = cmml.core
  local list_base = {}

  --- Options of the model.
  list_base.options = {
    { name = "base", kind = "string", group = "model", default = "ease",
      choices = { "none", "ease", "ials", "item_knn_implicit", "popularity", "slim" },
      search = "none|ease|ials",
      help = "kind of recommender whose scores those of the network are added to, fitted before "
        .. "the first step" },
    { name = "base_options", kind = "table", group = "model", belongs_to = "base", line = false,
      tunable = false, default_text = ("none; of ease with more than %d items rank = %d"):format(
      most_items, directions), help = "options of that kind" },
    { name = "base_weight", kind = "number", from = 0, default = 20, group = "model",
      tunable = false, help = "how much the base's scores count beside the network's before "
        .. "validation people have chosen it" },
  }

  -- What model files keep of a base.
  local Base = {}
  Base.__index = Base

  function Base:tensors()
    return self.model:tensors()
  end

  function Base:restore(entries)
    local model = self.model
    self.model = getmetatable(model).restore(model.catalogue, model.options, entries)
  end

  --- The base that options ask for, which has learnt nothing yet.
  -- @tparam Catalogue catalogue
  -- @tparam table opt options of the model
  -- @treturn ?table model (a recommender), tensors and restore; nil: none
  function list_base.make(catalogue, opt)
    if opt.base == "none" then
      return nil
    end
    local own = {}
    for key, value in pairs(opt.base_options or {}) do
      own[key] = value
    end
    if opt.base == "ease" and own.rank == nil and #catalogue.items > most_items then
      own.rank = directions
    end
    return setmetatable({ model = cmml.recommenders[opt.base](catalogue, own) }, Base)
  end

  --- Scores of both.
  -- @tparam Recommender self whose module has `mix` [2], unless a field `mixed` is in its place
  -- @tparam Tensor network its scores
  -- @tparam Tensor known of the same rows: 0 where nothing is known of a person, so that the base
  -- alone counts
  -- @tparam ?Tensor base its scores
  -- @treturn Tensor
  function list_base.joined(self, network, known, base)
    if not base then
      return network
    end
    local mix = self.mixed or self.module.mix:totable()
    return network * (known * mix[1]) + base * mix[2]
  end

  -- The same model with other weights of network and base. All of one list share their states.
  local function views_of(self, weights)
    local views, last = {}, {}
    local function adapt(model, support)
      if last.support ~= support then
        local state = model:adapt_rows(support)
        state.network = model.module.network:scores(state.vectors)
        last = { support = support, state = state }
      end
      return last.state
    end
    for i, mix in ipairs(weights) do
      views[i] = setmetatable({ mixed = mix, state_of = function(_, support)
        return core.tidy(core.no_grad, adapt, self, support)
      end }, { __index = self, __tostring = function()
        return tostring(self)
      end })
    end
    return views
  end

  --- Chooses how much the base counts, and whether the network does, by validation people.
  -- @tparam Recommender self
  -- @tparam Tasks tasks
  -- @tparam table options of `evaluate`
  -- @tparam string metric the higher, the better
  function list_base.settle(self, tasks, options, metric)
    local mix = self.module.mix:totable()
    if not self.base or mix[2] == 0 then
      return
    end
    local weights = { { 1, mix[2] }, { 1, mix[2] / step }, { 1, mix[2] * step }, { 0, mix[2] } }
    for i, factor in ipairs(mix[1] == 0 and beyond or {}) do
      weights[4 + i] = { 1, mix[2] * factor }
    end
    local found = cmml.evaluate(views_of(self, weights), tasks, options)
    local best, value = nil, -math.huge
    for i, results in ipairs(found or {}) do
      if results[metric].mean > value then
        best, value = weights[i], results[metric].mean
      end
    end
    if best then
      cmml.no_grad(self.module.mix.copy_, self.module.mix, core.tensor(best))
    end
  end

  return list_base
end
