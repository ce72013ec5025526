--- CMML for sequences: what a person did so far modulates, interaction by interaction, the network
-- that says what comes next, by one forward pass.
--
-- Four parts: vectors of items, by id and of content features together; an encoder of sequences as
-- SASRec's, which makes the state behind each interaction; a context, made of the same sequence by
-- a GRU or by attention; and a tower of layers over the state, modulated by the context (by a
-- hybrid of both, see network/hybrid.lua). The score of an item is the product of what the tower
-- gives and the item's vector. In training the part of a vector that is by id is left out of some
-- items in each step, so that content features alone can stand for an item: of new ones nothing
-- else is known.
--
-- Neighbours in sequences are scored, too. How much both count is learnt on validation people
-- before each validation, and of items that stand for new ones how much these do (score_mix.lua).
--
-- @module cmml
local args = require "cmml.base.args"
local changed = require("cmml.base.options").changed
local of_network = require "cmml.network.network_options"

local raise = args.error

-- Validation people on whom it is learnt how much the parts count.
local most_people = 500

return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
  local latest = use "recommenders.latest"
  local network = use "recommenders.sequence_network"
  local next_item = use "recommenders.next_item_loss"
  local sasrec = use "recommenders.sasrec"
  local score_members = use "recommenders.score_members"
  use "recommenders.sequence_neighbours"
  use "network.modulation"
  use "network.hybrid"

  --- The weights: items, encoder, context, hybrid, tower and how much the parts count.
  -- @tfield Tensor mix weights of network and neighbours, see score_mix
  local Weights = nn.class "cmml.SequenceContextWeights"
  Weights.unlearnt = { mix = true }

  local function of(name, default, differing)
    return changed(of_network:find(name), { default = default, group = "model" }, differing)
  end

  local own = {
    { name = "context", kind = "string", choices = { "gru", "attention" }, default = "gru",
      group = "model", search = "gru|attention",
      help = "what makes the context of a sequence" },
    of("hybrid", "mlp", { short = false }),
    of("modulation", "film", { short = false, search = "none|film",
      help = "how the context modulates the layers of the tower: none, film or sigmoid" }),
    of("backbone", { 64 }, { search = false, help = "widths of the tower's layers, the last one "
      .. "that of items' vectors" }),
    { name = "id_dropout", kind = "number", from = 0, below = 1, default = 0.1, group = "model",
      search = "0.05|0.1|0.2", help = "fraction of the items whose vector by id is left out in a "
        .. "training step, where there are content features" },
    { name = "knn", kind = "boolean", default = true, group = "model",
      help = "whether neighbours in sequences (sequence_knn) are scored, too" },
    { name = "new_offset", kind = "number", default = 0, group = "model", tunable = false,
      help = "what is added to the scores of new items: the larger, the more of them lists show" },
  }
  for _, list in ipairs { sasrec.options, network.sizes, {
    changed(network.reads, { default = { "ids", "fields" } }), network.learn_features } } do
    table.move(list, 1, #list, #own + 1, own)
  end

  -- What is fitted beside the module, as files keep it.
  local Neighbours = {}
  Neighbours.__index = Neighbours

  function Neighbours:tensors()
    return self.model:tensors()
  end

  function Neighbours:restore(entries)
    local model = self.model
    self.model = getmetatable(model).restore(model.catalogue, model.options, entries)
  end

  -- The members whose scores are joined.
  local function members_of(self)
    local list = { { name = "network", says_new = self.module.items.names ~= nil } }
    list[2] = self.options.knn and { name = "neighbours", shares = true, says_new = false } or nil
    return list
  end

  local function make(catalogue, opt, init)
    local self = network.parts(catalogue, opt, init, sasrec.encoder(opt, init), Weights)
    local module, width = self.module, opt.width
    if opt.context == "gru" then
      module:register("context", nn.gru { inp = width, hidden = width, init = init })
    else
      module:register("context", sasrec.encoder(opt, init, nil, 1))
    end
    module:register("hybrid", cmml.component("hybrid", opt.hybrid, { width = width, init = init }))
    local backbone = opt.backbone
    module:register("tower", cmml.component("modulation", opt.modulation, { inp = width,
      cond = module.hybrid.out, backbone = backbone, hyper = backbone, activation = "relu",
      residual = true, dropout = opt.dropout, out = backbone[#backbone] ~= width and width or 0,
      init = init }))
    module:register("norm", nn.layer_norm { width = width })
    self.catalogue, self.options = catalogue, opt
    self.mix = score_members.new(self, members_of(self))
    module:register("mix", init.uniform({ self.mix.count }, 0))
    cmml.no_grad(module.mix.copy_, module.mix, core.tensor(self.mix.start))
    local counts = catalogue.items.counts or core.full({ #catalogue.items }, 1)
    self.known_ids = counts:step()
    self.neighbours = opt.knn and setmetatable({
      model = cmml.recommenders.sequence_knn(catalogue) }, Neighbours) or nil
    return self
  end

  -- The contexts behind each row.
  local function contexts_of(self, e, rows, key)
    local context = self.module.context
    if self.options.context == "attention" then
      return (context(e, rows.segments, { key = key }))
    end
    local padded = context(core.pad_segments(e, rows.segments), rows.segments)
    return network.unpadded(padded, rows.segments)
  end

  -- What the tower makes of states and contexts.
  local function tower_of(self, h, context, key)
    local module = self.module
    local hybrid = module.hybrid
    local condition = cmml.written_out(hybrid.reads_joined
      and hybrid(cmml.joined { { h } }, context, network.numbers(h.shape[1]))
      or hybrid(h, context))
    return module.norm(h + module.tower(h, condition, nil, key))
  end

  -- What the tower makes of the state behind each row.
  local function states_of(self, e, rows, key)
    return tower_of(self, self.module.encoder(e, rows.segments, { key = key }),
      contexts_of(self, e, rows, key), key)
  end

  -- The same of the last row of each task alone; zeros where it has none.
  local function last_state_of(self, e, rows, support)
    local module, last = self.module, core.last_rows(rows.segments)
    local context
    if self.options.context == "attention" then
      context = core.embedding(module.context(e, rows.segments), last)
    else
      context = module.context:last(core.pad_segments(e, rows.segments), rows.segments)
    end
    local h = tower_of(self, core.embedding(module.encoder(e, rows.segments), last), context)
    return h * core.segment_sum(core.full({ #support.items, 1 }, 1), support.segments):step()
  end

  -- Which items have their vector by id: none of the new ones, and in training not all.
  local function kept_ids(self, batch)
    if not self.module.items.names or self.options.id_dropout == 0 then
      return self.known_ids
    end
    local drawn = core.uniform({ #self.catalogue.items }, 0, 1, { stream = core.streams.replaced,
      seed = batch.seed ~ batch.tasks[1] << 20, epoch = batch.draw })
    return self.known_ids * (1 - drawn:lt(self.options.id_dropout))
  end

  local function loss(self, batch)
    local rows = latest.rows(batch.support, self.options.length)
    local all = self.module.items:all(kept_ids(self, batch))
    local h = states_of(self, core.embedding(all, rows.items), rows, network.key(batch))
    local loss_of = next_item.among_known(self.known, all, rows.following)
    return loss_of(h)
  end

  -- Adapts by vectors of all items: those of new ones without id, or of those that stand for them.
  local function adapted(self, support, kept)
    local rows = latest.rows(support, self.options.length)
    local all = self.module.items:all(kept)
    return { vectors = all, users = last_state_of(self, core.embedding(all, rows.items), rows,
      support) }
  end

  -- The parts as members of a fusion.
  local function parts_of(self, kept)
    local list = members_of(self)
    list[1].model = { adapt_rows = function(_, support)
      return adapted(self, support, kept)
    end, score_all = function(_, state)
      return state.users:matmul(state.vectors:transpose())
    end }
    if list[2] then
      list[2].model = self.neighbours.model
    end
    return list
  end

  local function score_all(self, state)
    return self.mix:score_all(parts_of(self, self.known_ids), state, self.module.mix)
  end

  cmml.kind {
    name = "cmml_sequences", title = "CMML (sequences)", source = "after Feng et al., CIKM 2021",
    settings = { "sequences" }, learns = "gradient", adapts = "forward", predicts = "ranking",
    options = own, fitted_parts = { "neighbours" },
    integers = { ["neighbours.lengths"] = true, ["neighbours.columns"] = true,
      ["neighbours.n_users"] = true },
    presets = {
      recommended = { model = {}, training = network.training },
      ["recommended/without-context"] = { model = { modulation = "none" },
        training = network.training },
      ["recommended/without-neighbours"] = { model = { knn = false },
        training = network.training },
    },
    make = make, loss = loss,
    check = function(opt)
      if opt.new_offset ~= 0 and args.equal(opt.reads, { "ids" }) then
        raise(("cmml_sequences: %s says nothing of new items, which %s is for"):format(
          args.option("reads", "ids"), args.option "new_offset"), 3)
      end
    end,
    prepare = function(self, data)
      if self.neighbours then
        self.neighbours.model:fit { ratings = data.sequences, users = data.train }
      end
    end,
    settle = function(self, tasks)
      local weights = self.mix:learn(self, tasks, function(apart)
        return parts_of(self, apart and self.known_ids * (1 - apart) or self.known_ids)
      end, { people = most_people })
      cmml.no_grad(self.module.mix.copy_, self.module.mix, core.tensor(weights))
    end,
    adapt = function(self, support)
      return self.mix:adapt(parts_of(self, self.known_ids), support)
    end,
    score = function(self, state, rows)
      return core.pick_scores(score_all(self, state), rows.items, rows.segments)
    end,
    score_all = score_all,
    facts = function(self)
      return self.mix:facts(self.module.mix)
    end,
  }
end
