--- CMML for lists in the setting users: a network that learns across people to order the whole
-- catalogue, beside a base in closed form; items that nobody took are listed by their fields.
--
-- The support of a person, its ratings where there are such, becomes a context, and that the
-- person's vector (network/list_network.lua); the score of an item is its product with the item's
-- vector, with the item's bias and the score of the base (list_base.lua). Training draws a fresh
-- support of each person in each epoch and is the softmax cross entropy, over all items that the
-- support does not have, of what else is relevant to the person.
--
-- @module cmml
local args = require "cmml.base.args"
local changed = require("cmml.base.options").changed
local of_network = require "cmml.network.network_options"
local raise = args.error

-- What no score comes near to.
local far_below = 1e9

return function(cmml, use)
  local core = cmml.core
  local list_base = use "recommenders.list_base"
  local list_content = use "recommenders.list_content"
  use "network.list_network"
  use "recommenders.kind"

  --- The weights of CMML for lists: the network, and how much its scores, the base's and popularity
  -- count.
  -- @tfield ListNetwork network
  -- @tfield Tensor mix [3]
  local Weights = cmml.nn.class "cmml.ListWeights"
  Weights.unlearnt = { mix = true } -- nor does it decay

  -- An option of the network, with a default of its own.
  local function of(name, default, differing)
    return changed(of_network:find(name), { default = default, group = "model" }, differing)
  end

  local own = {
    { name = "width", kind = "integer", from = 1, default = 256, group = "model",
      search = "64|128|256", help = "width of the vectors of items and people" },
    of("encoder", "sum", { short = true }),
    of("encoder_widths", false, { search = false, default_text = "none; of gru and attention one "
      .. "as wide as the vectors" }),
    of("encoder_options", nil, { belongs_to = "encoder" }),
    of("modulation", "film", { short = true, search = "none|film",
      help = "how the context modulates the layers of the tower: one that makes vectors, such as "
        .. "none, film or sigmoid" }),
    of("modulation_options", nil, { belongs_to = "modulation" }),
    of("backbone", false, { search = false, default_text = "two as wide as the vectors",
      help = "widths of the layers of the tower" }),
    of("hyper", false, { search = false, default_text = "those of the tower" }),
    of("activation", "relu"),
    { name = "residual", kind = "boolean", default = true, group = "model", tunable = false,
      help = "whether what a layer of the tower gives is added to what it reads, whose width is "
        .. "the same" },
    { name = "dropout", kind = "number", from = 0, below = 1, default = 0.5, group = "model",
      search = "0.3|0.5|0.7",
      help = "fraction of the context and of each layer that is set to 0 in training" },
    { name = "read_ratings", kind = "boolean", default = true, group = "model",
      search = "true|false", help = "whether the ratings of a support are read, or which items it "
        .. "has alone; of data without ratings the latter" },
    { name = "target_power", kind = "number", from = 0, to = 1, default = 0.5, group = "model",
      search = "0|0.5|1", help = "a person with n relevant items to be found counts n to this "
        .. "power in the loss: 0, all people alike; 1, all items" },
    { name = "sampled_items", kind = "integer", from = 0, default = 0, group = "model",
      tunable = false, help = "how many items are drawn at random in each step of a training, to "
        .. "stand for all beside those to be found: faster where there are tens of thousands; 0: "
        .. "all take part" },
  }
  table.move(list_base.options, 1, #list_base.options, #own + 1, own)

  -- Modulations of the library that make a number of a row, and no vector.
  local of_numbers = { linear = true, soft = true }

  local function check(opt)
    if of_numbers[opt.modulation] then
      raise(("cmml_lists: modulation %s makes numbers, but here vectors are needed: none, film or "
        .. "sigmoid"):format(args.quote(opt.modulation)), 3)
    end
  end

  local function reads_ratings(catalogue, opt)
    local scale = catalogue.scale
    return opt.read_ratings and scale ~= nil and scale.largest > scale.smallest
  end

  -- Encoders of the library that cannot do without a hidden layer.
  local with_layer = { gru = true, attention = true }

  local function make(catalogue, opt, init)
    local module, backbone = Weights.new(), opt.backbone or { opt.width, opt.width }
    module:register("network", cmml.list_network { n_items = #catalogue.items, width = opt.width,
      reads_ratings = reads_ratings(catalogue, opt), encoder = opt.encoder,
      encoder_widths = opt.encoder_widths or with_layer[opt.encoder] and { opt.width } or {},
      encoder_options = opt.encoder_options, modulation = opt.modulation,
      modulation_options = opt.modulation_options, backbone = backbone,
      hyper = opt.hyper or backbone, activation = opt.activation,
      residual = opt.residual, dropout = opt.dropout, init = init })
    module:register("mix", init.uniform({ 3 }, 0))
    cmml.no_grad(module.mix.copy_, module.mix, core.tensor(list_base.mix(opt)))
    local ones = {}
    for i = 1, #catalogue.items do
      ones[i] = 1
    end
    local each = core.segments(ones):groups()
    return { module = module, base = list_base.make(catalogue, opt),
      content = list_content.new(catalogue),
      unit = core.sparse(each, each, nil, #ones, #ones) }
  end

  -- Rows as a matrix [tasks, items] of these weights.
  local function dense(self, rows, weights)
    local n = #self.catalogue.items
    local matrix = core.sparse(rows.segments:groups(), rows.items, weights, #rows.segments, n)
    return core.sparse_pair_product(matrix, self.unit, n)
  end

  -- What ratings say, from -1 to 1.
  local function signals_of(self, labels)
    if not self.module.network.rated then
      return nil
    end
    local scale = self.catalogue.scale
    local half = (scale.largest - scale.smallest) / 2
    return (labels - (scale.smallest + half)) * (1 / half)
  end

  local function vectors_of(self, support, key)
    return self.module.network:vectors(support.items, signals_of(self, support.labels),
      support.segments, key)
  end

  -- A support without the items that a model over other items has not learnt of.
  local function known_rows(self, support)
    local rows, items, lengths, at = {}, {}, support.segments:totable(), 0
    local given = support.items:totable()
    for task, length in ipairs(lengths) do
      lengths[task] = 0
      for row = at + 1, at + length do
        local item = self.known_as[given[row]]
        if item then
          rows[#rows + 1], items[#items + 1] = row, item
          lengths[task] = lengths[task] + 1
        end
      end
      at = at + length
    end
    return { segments = core.segments(lengths), items = core.ids(items), people = support.people,
      labels = support.labels:reshape { -1, 1 }:gather_rows(core.ids(rows)):reshape { -1 } }
  end

  local function adapt(self, support)
    support = self.known_as and known_rows(self, support) or support
    local known, more = list_base.known(support.segments)
    return { vectors = vectors_of(self, support), known = known, more = more,
      base = self.base and self.base.model:adapt_rows(support) }
  end

  local function score_all(self, state)
    local popularity = list_base.popularity(self)
    return self.content:completed(list_base.joined(self, {
      network = state.network or self.module.network:scores(state.vectors),
      base = self.base and self.base.model:score_all(state.base),
      popularity = popularity and popularity:reshape { 1, -1 },
      known = state.known, more = state.more }))
  end

  local function score(self, state, rows)
    if self.content:applies() then
      return core.pick_scores(score_all(self, state), rows.items, rows.segments)
    end
    local network, segments = self.module.network, rows.segments
    local popularity = list_base.popularity(self)
    return list_base.joined(self, {
      network = core.row_dot(network.items:gather_rows(rows.items),
        state.vectors:segment_expand(segments)) + network.bias:gather_rows(rows.items),
      base = self.base and self.base.model:score_rows(state.base, rows),
      popularity = popularity and popularity:gather_rows(rows.items),
      known = state.known:segment_expand(segments):reshape { -1 },
      more = state.more:segment_expand(segments):reshape { -1 } })
  end

  -- What was learnt, with lists of other items: those of which nothing was learnt are listed by
  -- their fields. The weights are the same, so that a person's state serves both.
  local function over(self, catalogue)
    local from, other = self.learnt_over or self, {}
    local view = catalogue:in_terms_of(from.catalogue, "over")
    for key, value in pairs(from) do
      other[key] = value
    end
    other.catalogue, other.content, other.learnt_over = view, from.content:over(view.items), from
    other.known_as = {}
    for row = 1, #view.items do
      other.known_as[row] = from.catalogue.items:id(view.items:text(row)) or false
    end
    return setmetatable(other, getmetatable(self))
  end

  -- The network begins with how many people took each item; the base is fitted.
  local function prepare(self, data)
    if self.learnt_over then
      raise("train: these are lists over other items than the model learnt of: train the model "
        .. "that they were made from (Recommender:over)", 3)
    end
    local learnt = { ratings = data.ratings, users = data.train }
    if self.fresh then
      self.content:learn(learnt)
      local taken = cmml.users.interactions(self.catalogue, learnt)
      local bias = self.module.network.bias
      local counts = core.scatter_add_rows(core.full(bias.shape, 0), taken.weights:step(),
        taken.columns)
      cmml.no_grad(bias.copy_, bias, (counts + 1):log())
      if self.base then
        self.base:fit(learnt)
      end
    end
    self.fresh = nil
  end

  -- The columns of some items, of a matrix [tasks, items].
  local function columns_of(matrix, items)
    return matrix:transpose():gather_rows(items):transpose()
  end

  -- Items that stand for all in the loss: those of the queries, and others drawn at random. Also
  -- what is added to the scores of each person for their sum of exponentials to have that over all
  -- items as its expectation: an item that is relevant to the person stands for itself, one that
  -- was drawn for as many as there are to one drawn, and one of another's query for nothing.
  local function sampled(self, batch, targets)
    local n, take = #self.catalogue.items, self.options.sampled_items
    local drawn = core.choose(n, take, { seed = batch.seed ~ batch.tasks[1] << 20,
      epoch = batch.draw, stream = core.streams.candidates })
    local items = core.distinct(core.join_ids({ batch.query.items, drawn }, { 0, 0 }))
    local is_drawn = core.scatter_add_rows(core.full({ n }, 0), core.full({ take }, 1), drawn)
      :gather_rows(items):reshape { 1, -1 }
    return items, (is_drawn * math.log(n / take) + (is_drawn - 1) * far_below)
      * (1 - columns_of(targets, items):step())
  end

  local function loss(self, batch)
    local support, query, network = batch.support, batch.query, self.module.network
    local weights = cmml.users.weights(self.catalogue, query.labels):step()
    local count = core.segment_sum(weights, query.segments):maximum(1)
    local targets = dense(self, query, weights
      * (count ^ (self.options.target_power - 1)):segment_expand(query.segments))
    local added = dense(self, support, core.full({ #support.items }, far_below)) * -1
    local key = { seed = batch.seed, epoch = batch.draw, task = batch.tasks[1] }
    local items, shift
    if self.options.sampled_items > 0 and self.options.sampled_items < #self.catalogue.items then
      items, shift = sampled(self, batch, targets)
      targets, added = columns_of(targets, items), columns_of(added, items) + shift
    end
    local scores = network:scores(vectors_of(self, support, key), items) + added
    return (scores:log_softmax() * targets):sum() * (-1 / #support.segments)
  end

  cmml.kind {
    name = "cmml_lists", title = "CMML (lists)", source = "Feng et al., CIKM 2021",
    settings = { "users" }, learns = "gradient", adapts = "forward", predicts = "ranking",
    reads = "all", fitted_parts = { "base", "content" },
    integers = { ["base.choice"] = true, ["base.n_users"] = true, ["base.lengths"] = true,
      ["base.columns"] = true, ["base.above_lengths"] = true, ["base.above_columns"] = true,
      ["base.below_lengths"] = true, ["base.below_columns"] = true, ["content.untaken"] = true },
    options = own,
    presets = {
      ["recommended/lists"] = { model = {}, training = { batch = 32, support = 40, query = 10,
        short_supports = 0.5, lr = 1e-3, epochs = 25, patience = 0 } },
    },
    default_preset = "recommended/lists",
    check = check, make = make, prepare = prepare, loss = loss, settle = list_base.settle,
    adapt = adapt, score = score, score_all = score_all, over = over,
    facts = function(self)
      local list, more = list_base.facts(self), self.content:facts()
      return table.move(more, 1, #more, #list + 1, list)
    end,
    unlisted = function(self)
      return self.content:unlisted()
    end,

    -- What a training step keeps: scores of all items, which go through a softmax, and the vectors
    -- of supports.
    memory = function(self, tasks, support)
      return tasks * (8 * #self.catalogue.items + 4 * support * self.options.width)
    end,
  }
end
