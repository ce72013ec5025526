--- MML's generator of item vectors, learnt beside a learner of ids that stays as it is: from the
-- content features of an item and of items like it to the vector that the learner would have of it
-- (Pan et al., CIKM 2022).
--
-- In training each occurrence of an item, among what was done, what came next and what that is
-- compared with, takes the generated vector in place of the learnt one with a small probability. A
-- part of the items never does: of these it is known how good generated vectors are of items that
-- the generator has not seen, and they stand for new ones when the scores of several learners are
-- fused.
--
-- @module cmml
local raise = require("cmml.base.args").error

return function(cmml, use)
  local core = cmml.core
  local content_features = use "recommenders.content_features"
  local latest = use "recommenders.latest"
  local network = use "recommenders.sequence_network"
  local next_item = use "recommenders.next_item_loss"
  local sequence_fine_tuning = use "recommenders.sequence_fine_tuning"
  use "network.item_generator"
  use "network.feature_neighbours"

  --- The weights of a generator.
  -- @tfield ItemGenerator generator
  local Weights = cmml.nn.class "cmml.GeneratorWeights"

  local options = {
    { name = "width", kind = "integer", from = 1, default = 64, group = "model", tunable = false,
      help = "width of the learner's vectors" },
    { name = "fields", list = "string", default = { "fields" }, group = "model", tunable = false,
      help = "content features that vectors are made of; fields: all" },
    { name = "neighbours", kind = "integer", from = 1, default = 5, group = "model",
      search = "5|10", help = "number of items with like features that are looked at" },
    { name = "replaced", kind = "number", above = 0, to = 1, default = 0.1, group = "model",
      search = "0.1|0.15|0.2", help = "fraction of the occurrences that take the generated vector "
        .. "in training" },
    { name = "last_relu", kind = "boolean", default = false, group = "model",
      help = "whether generated vectors go through a relu, as published: then no number of them is "
        .. "below 0" },
    { name = "apart", kind = "number", from = 0, below = 1, default = 0.1, group = "model",
      tunable = false, help = "fraction of the items that never take it in training, and stand for "
        .. "new ones afterwards" },
  }
  table.move(next_item.options, 1, #next_item.options, #options + 1, options)

  -- The items that stand for new ones: some of those that may be learnt from, the same ones for a
  -- catalogue.
  local function apart_of(known, fraction)
    local n = math.floor(#known * fraction)
    return core.map_ids(core.choose(#known, n, { seed = 1, stream = core.streams.held_out }), known)
  end

  local function make(catalogue, opt, init)
    local module, n = Weights.new(), #catalogue.items
    local features = content_features.of(catalogue.items, network.read_names(catalogue,
      opt.fields, "fields"))
    module:register("generator", cmml.item_generator { inp = features.shape[2],
      width = opt.width, relu = opt.last_relu, init = init })
    local known = next_item.known_items(catalogue)
    local apart = apart_of(known, opt.apart)
    local may = core.scatter_add_rows(core.full({ n }, 1), core.full({ #apart }, -1), apart)
    return { module = module, features = features, known = known, apart = apart,
      may_take = may, families = cmml.item_families(cmml.feature_neighbours(features,
        { count = math.max(math.min(opt.neighbours, n - 1), 1) }), n) }
  end

  -- The learner of ids that it was made for.
  local function learner_of(self)
    return self.learner or raise("mml_generator: it makes vectors for a learner of ids, and is "
      .. "alone here: learn and load the kind mml, which has both", 0)
  end

  -- Vectors of items in the places of some occurrences: generated ones where they are drawn.
  local function mixed(self, ids, place, batch)
    local flags = cmml.generated_flags(#ids, { rate = self.options.replaced,
      seed = batch.seed ~ batch.tasks[1] << 20, draw = batch.draw, place = place })
    flags = flags * self.may_take:gather_rows(ids)
    local distinct, places = core.distinct(ids)
    local made = self.module.generator(self.features, self.families, distinct)
    return cmml.mixed_items(self.learner.module.items:all():detach(), made, ids, flags, places)
  end

  local function loss(self, batch)
    local opt, learner = self.options, learner_of(self)
    local rows = latest.rows(batch.support, learner.options.length)
    local e, better = mixed(self, rows.items, 1, batch), mixed(self, rows.following, 2, batch)
    local h = network.states(learner, e, rows, network.key(batch))
    if opt.loss == "bpr" then
      local others = next_item.others(self.known, rows.following, batch)
      return core.bpr(core.row_dot(h, better), core.row_dot(h, mixed(self, others, 3, batch)))
    end
    local drawn = next_item.drawn(self.known, opt.negatives, batch)
    return core.sampled_softmax(h, better, mixed(self, drawn, 3, batch), rows.following, drawn)
  end

  -- The learner's vectors with generated ones in place of those of some items.
  local function vectors_with(self, items)
    local all = self.learner.module.items:all():detach()
    if #items == 0 then
      return all
    end
    local made = core.no_grad(self.module.generator, self.features, self.families, items)
    return all:scatter_add_rows(made - all:gather_rows(items), items)
  end

  -- Items of which the learner has learnt nothing.
  local function new_items(self)
    local counts, list = self.catalogue.items.counts:totable(), {}
    for row, count in ipairs(counts) do
      list[#list + 1] = count == 0 and row or nil
    end
    return core.ids(list)
  end

  cmml.kind {
    name = "mml_generator", title = "MML (generator of item vectors)",
    source = "Pan et al., CIKM 2022", settings = { "sequences" }, learns = "gradient", part = true,
    predicts = "ranking", needs = { fields = true }, options = options,
    presets = { recommended = { model = { loss = "sampled" }, training = { lr = 1e-3,
      epochs = 10, patience = 0, choose = "last" } } },
    make = make, loss = loss,
    cannot_freeze = function(self)
      return not self.learner and "it is a part of MML, which has the learner that it makes "
        .. "vectors for: freeze that" or nil
    end,

    -- It serves beside the learner that it was made for (see the kind mml).
    adapt = function(self, support)
      local learner = learner_of(self)
      local rows = latest.rows(support, learner.options.length)
      local vectors = vectors_with(self, self.standing_in or new_items(self))
      local state = sequence_fine_tuning.adapted(learner, support, vectors)
        or { users = network.last(learner, vectors:gather_rows(rows.items), rows) }
      state.vectors = vectors
      return state
    end,
    score = function(self, state, rows)
      if state.tuned and self.learner.options.fine_tune_items then
        return core.pick_scores(state.tuned:scores(state.users), rows.items, rows.segments)
      end
      return core.row_dot(state.users:segment_expand(rows.segments),
        state.vectors:gather_rows(rows.items))
    end,
    score_all = function(_, state)
      return state.tuned and state.tuned:scores(state.users)
        or state.users:matmul(state.vectors:transpose())
    end,
  }
end
