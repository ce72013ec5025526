--- What the scores of a network for lists are added to: a kind in closed form that folds people in,
-- and how much each of the two counts.
--
-- The base is fitted to the training people before the first step, and stays as it is. The network
-- is trained for itself: it has seen what it learns from, so that there it would count for more
-- than it should. How much the base counts is chosen by validation people, whom neither has seen,
-- each time that they are looked at; and where they are better off without the network, it counts
-- for nothing until, beside a base that counts for many times as much, they are better off with it.
--
-- Unless a kind is named the base is chosen as well, when validation people are first looked at
-- (list_candidates.lua). By these alone the choice would be noise where they are few. So a part of
-- the training people is set apart for it; what is chosen is fitted to all.
--
-- To both is added how popular an item is: the logarithm of how many people took it. A support of
-- one or two items says little, but network and base take it at its word; and training counts
-- people by what they took, while lists are judged person by person. The weight is chosen likewise,
-- and for a support of n items 1 / n larger.
--
-- @module cmml.recommenders.list_base
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local raise = args.error

-- How much the weight of the base changes from one validation to the next, by a little or by far;
-- and how far off weights may be with which a network helps that did harm.
local step, leap, beyond = math.sqrt(2), 4, { 16, 64 }

-- The largest weights of base and popularity that may be asked for: with them scores stay finite.
local most = 1e9

-- How much the weight of popularity changes.
local popularity_step = 0.125

-- One in how many training people is set apart for the choice of a base, at most so many.
local one_in, most_apart = 5, 2000

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  local list_candidates = use "recommenders.list_candidates"
  local list_base = {}

  --- Options of the model.
  list_base.options = {
    { name = "base", kind = "string", group = "model", default = "chosen",
      choices = { "chosen", "none", "ease", "ials", "item_knn_implicit", "popularity", "slim" },
      tunable = false,
      help = ("kind of recommender whose scores those of the network are added to, fitted before "
        .. "the first step; chosen: by validation people and a fifth of the training people, of "
        .. "iALS and, of up to %d items, EASE, each with several settings")
        :format(list_candidates.most_items) },
    { name = "base_options", kind = "table", group = "model", belongs_to = "base", line = false,
      tunable = false, help = "options of the kind that is named" },
    { name = "base_weight", kind = "number", from = 0, to = most, default = 20, group = "model",
      tunable = false, help = "how much the base's scores count beside the network's before "
        .. "validation people have chosen it" },
    { name = "popularity_weight", kind = "number", from = 0, to = most, default = 0.5,
      group = "model", tunable = false,
      help = "how much popularity, the logarithm of the number of people of an "
        .. "item, counts beside network and base before validation people have chosen it; for a "
        .. "support of n items 1 / n more" },
  }

  local Base = {}
  Base.__index = Base

  -- A recommender of the base's kind that has learnt nothing yet.
  local function made(self, choice)
    local kind, options = table.unpack(self.candidates[choice])
    return cmml.recommenders[kind](self.catalogue, options)
  end

  -- Makes one of the candidates the base.
  local function take(self, choice, model)
    self.choice, self.model = choice, model or made(self, choice)
  end

  --- The base that options ask for, which has learnt nothing yet.
  -- @tparam Catalogue catalogue
  -- @tparam table opt options of the model
  -- @treturn ?table model (a recommender) and methods; nil: none
  function list_base.make(catalogue, opt)
    if opt.base == "none" then
      return nil
    elseif opt.base == "chosen" and opt.base_options then
      raise(("cmml_lists: %s goes with the kind that %s names"):format(
        args.option "base_options", args.option "base"), 3)
    end
    local self = setmetatable({ catalogue = catalogue, candidates = opt.base == "chosen"
      and list_candidates.all(#catalogue.items) or { { opt.base, opt.base_options } } }, Base)
    take(self, 1)
    return self
  end

  --- What model files keep of a base.
  -- @treturn table list of {name, tensor or list of integers}
  function Base:tensors()
    local list = self.model:tensors()
    return table.move(list, 1, #list, 2, { { "choice", { self.choice } } })
  end

  --- Takes what a file keeps; raises where that is no base.
  -- @tparam table entries list of {name, tensor or list of integers}
  function Base:restore(entries)
    check_entries(entries, { { "choice" } })
    local choice = entries[1][2][1]
    if #entries[1][2] ~= 1 or not self.candidates[choice] then
      raise(("choice is not one number from 1 to %d"):format(#self.candidates), 0)
    end
    local model = made(self, choice)
    take(self, choice, getmetatable(model).restore(self.catalogue, model.options,
      table.move(entries, 2, #entries, 1, {})))
  end

  --- Which base it is, and how much what counts.
  -- @tparam Recommender self whose module has `mix` [3]
  -- @treturn table list of {name, value, text}
  function list_base.facts(self)
    local base = self.base
    if not base then
      return {}
    end
    local options, words = base.candidates[base.choice][2] or {}, {}
    for i, name in ipairs(args.keys(options)) do
      words[i] = ("%s = %s"):format(name, plain.tostring(options[name]))
    end
    local network, own, popularity = table.unpack(self.module.mix:totable())
    local text = plain.format("%s%s; score = %.3g network + %.3g base + (%.3g + 1/n) log "
      .. "popularity after a support of n", base.model.title,
      #words > 0 and (" (%s)"):format(table.concat(words, ", ")) or "", network, own, popularity)
    return { { "base", { kind = base.model.kind, options = options, network = network, base = own,
      popularity = popularity }, text } }
  end

  --- Fits the base; the first validation chooses which it is.
  -- @tparam table learnt ratings and users, as `fit` of kinds takes them
  function Base:fit(learnt)
    self.model:fit(learnt)
    self.undecided = #self.candidates > 1 and learnt or nil
  end

  -- The training people without those who are set apart, each so many; and these.
  local function set_apart(users)
    local each = math.max(one_in, math.ceil(#users / most_apart))
    local rest, apart = {}, {}
    for i, user in ipairs(users) do
      table.insert(i % each == 0 and apart or rest, user)
    end
    return rest, apart
  end

  -- What candidates are compared by: what they learn from, tasks, and options of `evaluate`, by
  -- which there are as many supports as of validation people alone.
  local function comparison_of(self, tasks, options)
    local learnt, other, opt = self.undecided, {}, {}
    local rest, apart = set_apart(learnt.users)
    local part = { ratings = learnt.ratings, users = rest }
    local rows = cmml.users.ratings_of(learnt.ratings, rest, #self.catalogue.items)
    if cmml.users.weights(self.catalogue, rows.labels):sum():item() == 0 then
      return learnt, tasks, options -- without the others nothing would be left to learn from
    end
    for key, value in pairs(tasks) do
      other[key] = value
    end
    for key, value in pairs(options) do
      opt[key] = value
    end
    other.users = table.move(apart, 1, #apart, #tasks.users + 1,
      table.move(tasks.users, 1, #tasks.users, 1, {}))
    opt.draws = math.ceil(options.draws * #tasks.users / #other.users)
    return part, setmetatable(other, getmetatable(tasks)), opt
  end

  -- Chooses the candidate that orders best alone.
  local function choose(self, tasks, options, metric)
    local learnt, judged, opt = comparison_of(self, tasks, options)
    local best = list_candidates.search(self.candidates, function(choice)
      local model = made(self, choice)
      model:fit(learnt)
      local found = cmml.evaluate({ model }, judged, opt)
      return found and found[1][metric].mean or -math.huge
    end)
    if best ~= self.choice then
      take(self, best)
      self.model:fit(self.undecided)
    end
    self.undecided = nil
  end

  --- How much the parts count at first, as options have it.
  -- @tparam table opt options of the model
  -- @treturn table weights of the network, of the base and of popularity
  function list_base.mix(opt)
    return { 1, opt.base_weight, opt.popularity_weight }
  end

  --- How much is known of people by their supports.
  -- @tparam Segments segments a support each
  -- @treturn Tensor [people, 1] 0 where nothing is known, so that the base alone counts, else 1
  -- @treturn Tensor [people, 1] how much more popularity counts: 0, or 1 / n
  function list_base.known(segments)
    local sizes = core.segment_sum(core.full({ segments:rows(), 1 }, 1), segments)
    local known = sizes:step()
    return known, known / sizes:maximum(1)
  end

  --- How popular the items are.
  -- @tparam Recommender self
  -- @treturn ?Tensor [items]; nil without a base
  function list_base.popularity(self)
    return self.base and (self.base.model.people + 1):log()
  end

  --- Scores of all parts together.
  -- @tparam Recommender self whose module has `mix` [3], unless a field `mixed` is in its place
  -- @tparam table parts scores of network and base (nil: none), popularity, and known and more of
  -- the same rows, as `known` gives them
  -- @treturn Tensor
  function list_base.joined(self, parts)
    if not parts.base then
      return parts.network
    end
    local mix = self.mixed or self.module.mix:totable()
    return parts.network * (parts.known * mix[1]) + parts.base * mix[2]
      + parts.popularity * (parts.known * mix[3] + parts.more)
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

  -- The weights that are tried: those that are near, and some far off. Without the network what
  -- counts is how large that of the base is beside that of popularity.
  local function tried(mix)
    local network, base, popularity = table.unpack(mix)
    local weights = { { 1, base, popularity }, { 1, base / step, popularity },
      { 1, base * step, popularity }, { 1, base / leap, popularity },
      { 1, base * leap, popularity }, { 1, base, popularity + popularity_step },
      { 1, base, math.max(popularity - popularity_step, 0) }, { 0, base, popularity } }
    if network == 0 then
      for _, factor in ipairs(beyond) do
        weights[#weights + 1] = { 1, base * factor, popularity }
      end
      weights[#weights + 1] = { 0, base / leap, popularity }
      weights[#weights + 1] = { 0, base * leap, popularity }
    end
    return weights
  end

  --- Chooses how much base and popularity count, and whether the network does, by validation
  -- people.
  -- @tparam Recommender self
  -- @tparam Tasks tasks
  -- @tparam table options of `evaluate`
  -- @tparam string metric the higher, the better
  function list_base.settle(self, tasks, options, metric)
    local mix = self.module.mix:totable()
    if not self.base or mix[2] == 0 then
      return
    end
    if self.base.undecided then
      choose(self.base, tasks, options, metric)
    end
    local weights = tried(mix)
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
