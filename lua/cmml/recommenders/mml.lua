--- MML: learners of ids and of content features, a generator of vectors for new items, and a fusion
-- of what the learners score (Pan et al., CIKM 2022), with what makes it better: the fusion is
-- learnt on people whom no learner has seen, neighbours in sequences are one more learner, and of
-- new items it is learnt how much they count.
--
-- It is learnt in stages, each of which leaves a file (see pipeline/stages.lua): the learners one
-- after the other, the generator beside the learner of ids, and the fusion.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  local mml_fusion = use "recommenders.mml_fusion"
  local network = use "recommenders.sequence_network"
  use "recommenders.mml_generator"
  use "recommenders.mml_learner"
  use "recommenders.sequence_neighbours"

  local own = {
    { name = "learners", list = "string", default = { "ids", "fields" }, group = "model",
      tunable = false, help = "what each learner reads: ids, the name of a content feature, "
        .. "fields, all of them, or random, numbers that say nothing" },
    { name = "knn", kind = "boolean", default = true, group = "model",
      help = "whether neighbours in sequences (sequence_knn) are one more learner" },
    { name = "generator", kind = "boolean", default = true, group = "model",
      help = "whether vectors of new items are generated from their content features" },
    { name = "neighbours", kind = "integer", from = 1, default = 5, group = "model",
      help = "number of items with like features that the generator looks at" },
    { name = "replaced", kind = "number", above = 0, to = 1, default = 0.1, group = "model",
      help = "fraction of the occurrences of items that take the generated vector in training" },
    { name = "last_relu", kind = "boolean", default = false, group = "model",
      help = "whether gate and generator end in a relu, as published" },
    { name = "fusion", kind = "string", choices = { "learned", "fixed", "gate" },
      default = "learned", group = "model", help = "how scores of the learners are joined: by "
        .. "weights that are learnt on people whom none has seen, by fixed ones, or by the "
        .. "published gate, which reads the learners' states" },
    { name = "weights", list = "number", default = {}, may_be_empty = true, repeats = true,
      group = "model",
      tunable = false, help = "of fusion fixed: a weight for each learner, in order, then for "
        .. "neighbours; none: 1 each" },
    { name = "new_offset", kind = "number", default = 0, group = "model", tunable = false,
      help = "of fusion learned: what is added to the scores of new items: the larger, the more of "
        .. "them lists show" },
    { name = "learner_options", kind = "table", default = {}, group = "model", line = false,
      tunable = false, help = "options of each learner, see the kind mml_learner" },
    { name = "learner_training", kind = "table", default = {}, group = "model", line = false,
      tunable = false, help = "options of the learners' training, over those of their preset" },
  }

  -- A learner that has learnt nothing yet.
  local function made_learner(self, reads)
    local opt = { reads = { reads }, seed = self.options.seed }
    for key, value in pairs(self.options.learner_options) do
      opt[key] = value
    end
    return cmml.recommenders.mml_learner(self.catalogue, opt)
  end

  local function has_fields(self)
    return #self.catalogue.items:field_names() > 0
  end

  -- A generator beside the learner of ids, which has learnt nothing yet.
  local function made_generator(self, learner)
    local opt, of = self.options, learner.options
    local generator = cmml.recommenders.mml_generator(self.catalogue, { replaced = opt.replaced,
      neighbours = opt.neighbours, last_relu = opt.last_relu, width = of.width, seed = opt.seed,
      loss = of.loss == "bpr" and "bpr" or "sampled", negatives = of.negatives })
    generator.learner = learner
    return generator
  end

  -- The number of the learner of ids; nil where there is none.
  local function ids_of(self)
    for i, reads in ipairs(self.options.learners) do
      if reads == "ids" then
        return i
      end
    end
  end

  -- The parts in the order in which their scores are joined: name and recommender.
  local function members_of(self)
    local list = {}
    for i, reads in ipairs(self.options.learners) do
      local learner = self.learners[i]
      list[i] = { name = reads, model = reads == "ids" and self.generator or learner,
        learner = learner, says_new = reads ~= "ids" or self.generator ~= nil }
    end
    if self.knn then
      list[#list + 1] = { name = "neighbours", model = self.knn, says_new = false, shares = true }
    end
    return list
  end

  local function fit_neighbours(self, data, users)
    local knn = cmml.recommenders.sequence_knn(self.catalogue)
    knn:fit { ratings = data.ratings, users = users }
    self.knn = knn
  end

  local function fit(self, data)
    local split, opt = data.split, self.options
    if not data.stage or not split then
      raise("mml: it is learnt in stages: use cmml.fit(model, split)", 0)
    end
    mml_fusion.check(self, split)
    self.learners = {}
    local marks = {}
    for i, reads in ipairs(opt.learners) do
      local training
      if next(opt.learner_training) then
        training = {}
        for _, from in ipairs { made_learner(self, reads).training or {}, opt.learner_training } do
          for key, value in pairs(from) do
            training[key] = value
          end
        end
      end
      self.learners[i], marks[i] = data.stage("learner-" .. reads, function()
        return made_learner(self, reads)
      end, training)
    end
    local ids = ids_of(self)
    if opt.generator and ids and has_fields(self) then
      self.generator = data.stage("generator", function()
        return made_generator(self, self.learners[ids])
      end, nil, marks[ids])
      self.generator.learner = self.learners[ids]
    end
    if opt.knn then
      fit_neighbours(self, data, split.train) -- those who validate are not to be known yet
    end
    self.fusion = mml_fusion.learn(self, members_of(self), split)
    if opt.knn then
      fit_neighbours(self, data, data.users)
    end
    local facts = self.fusion:facts()
    return facts[1] and "fusion: " .. facts[1][3] or nil
  end

  local function check(opt)
    if opt.fusion == "fixed" and #opt.weights > 0
      and #opt.weights ~= #opt.learners + (opt.knn and 1 or 0) then
      raise(("mml: weights must be a number for each of %d learners%s, not %d"):format(
        #opt.learners, opt.knn and " and for neighbours" or "", #opt.weights), 3)
    elseif opt.fusion == "gate" and opt.knn then
      raise(("mml: the gate reads states of learners, which neighbours have none of: %s goes with "
        .. "%s"):format(args.option("fusion", "gate"), args.option("knn", false)), 3)
    elseif opt.fusion ~= "fixed" and #opt.weights > 0 then
      raise(("mml: weights are of fusion fixed: %s goes with %s"):format(args.option "weights",
        args.option("fusion", "fixed")), 3)
    elseif opt.fusion ~= "learned" and opt.new_offset ~= 0 then
      raise(("mml: only of fusion learned do new items have an offset: %s goes with %s"):format(
        args.option "new_offset", args.option("fusion", "learned")), 3)
    elseif opt.learner_options.reads ~= nil then
      raise(("mml: what each learner reads is option %s, not reads of learner_options"):format(
        args.option "learners"), 3)
    end
    cmml.kinds.find("mml_learner", "sequences").known:check(opt.learner_options, 0,
      "mml: learner_options")
  end

  -- The parts that a file keeps, by prefix of their entries.
  local function parts_of(self)
    local list = {}
    for i in ipairs(self.options.learners) do
      list[i] = { ("learner%d."):format(i), self.learners and self.learners[i] }
    end
    list[#list + 1] = { "generator.", self.generator }
    list[#list + 1] = { "neighbours.", self.knn }
    list[#list + 1] = { "fusion.", self.fusion }
    return list
  end

  local function tensors(self)
    local list = {}
    for _, part in ipairs(parts_of(self)) do
      for _, entry in ipairs(part[2] and part[2]:tensors() or {}) do
        list[#list + 1] = { part[1] .. entry[1], entry[2], entry[3] }
      end
    end
    return list
  end

  local function restore(catalogue, opt, entries)
    local self, of = cmml.recommenders.mml(catalogue, opt), {}
    for _, entry in ipairs(entries) do
      local prefix, name = entry[1]:match "^([a-z]+[0-9]*%.)(.+)$"
      if not prefix then
        raise(("the entry %s belongs to no part"):format(entry[1]), 0)
      end
      of[prefix] = of[prefix] or {}
      table.insert(of[prefix], { name, entry[2], entry[3] })
    end
    local function restored(model, prefix)
      return of[prefix] and getmetatable(model).restore(catalogue, model.options, of[prefix])
        or raise(("the part %s is missing"):format(prefix:sub(1, -2)), 0)
    end
    self.learners = {}
    for i, reads in ipairs(opt.learners) do
      self.learners[i] = restored(made_learner(self, reads), ("learner%d."):format(i))
    end
    local ids = ids_of(self)
    if of["generator."] then
      local learner = ids and self.learners[ids]
        or raise("there is a generator, but no learner of ids", 0)
      self.generator = restored(made_generator(self, learner), "generator.")
      self.generator.learner = learner
    end
    if opt.knn then
      self.knn = restored(cmml.recommenders.sequence_knn(catalogue), "neighbours.")
    end
    check_entries(of["fusion."] or {}, {})
    self.fusion = mml_fusion.restore(self, members_of(self), of["fusion."] or {})
    return self
  end

  local function cannot_freeze(self)
    if not self.fusion then
      return "it has learnt nothing yet"
    elseif self.fusion.way == "gate" then
      return "the gate reads the states of learners at all places, those without an item, too; "
        .. "fusion learned or fixed reads scores alone"
    end
    for i, learner in ipairs(self.learners) do
      local reason = learner:cannot_freeze()
      if reason then
        return ("learner %s: %s"):format(self.options.learners[i], reason)
      end
    end
  end

  cmml.kind {
    name = "mml", title = "MML", source = "Pan et al., CIKM 2022", settings = { "sequences" },
    learns = "fit", stages = true, predicts = "ranking", options = own, check = check,
    presets = {
      recommended = { model = {} },
      published = { model = { knn = false, fusion = "gate", last_relu = true,
        learner_options = { preset = "published" } } },
      ["recommended/without-generator"] = { model = { generator = false } },
      ["recommended/without-neighbours"] = { model = { knn = false } },
      ["recommended/fixed"] = { model = { fusion = "fixed" } },
      ["recommended/gate"] = { model = { fusion = "gate", knn = false } },
      ["recommended/attention"] = { model = { learner_options = {
        attention_fields = { "fields" } } } },
      ["recommended/ids"] = { model = { learners = { "ids" }, knn = false, generator = false } },
      ["recommended/fields"] = { model = { learners = { "fields" }, knn = false,
        generator = false } },
      ["recommended/random"] = { model = { learners = { "random" }, knn = false,
        generator = false } },
      ["recommended/meta"] = { model = { learner_options = { inner_steps = 5, inner_lr = 0.01,
        loss = "bpr", fine_tune_steps = 5, fine_tune_lr = 0.01 } } },
    },
    make = function(catalogue, opt)
      for _, reads in ipairs(opt.learners) do -- before the first of them has learnt
        network.read_names(catalogue, { reads }, "learners")
      end
      return { learners = {} }
    end,
    fit = fit, integers = { ["neighbours.lengths"] = true, ["neighbours.columns"] = true,
      ["neighbours.n_users"] = true },
    tensors = tensors, restore = restore, cannot_freeze = cannot_freeze,
    adapt = function(self, support)
      if not self.fusion then
        raise("mml: nothing is learnt yet: use cmml.fit(model, split)", 0)
      end
      return self.fusion:adapt(members_of(self), support)
    end,
    score = function(self, state, rows)
      return core.pick_scores(self.fusion:score_all(members_of(self), state), rows.items,
        rows.segments)
    end,
    score_all = function(self, state)
      return self.fusion:score_all(members_of(self), state)
    end,
    facts = function(self)
      return self.fusion and self.fusion:facts() or {}
    end,
  }
end
