--- Deep & Cross Network (Wang et al., ADKDD 2017) in the setting users: one model for all people.
--
-- DCN does not adapt: a person is scored by content features alone, whatever they rated. It is
-- trained on the ratings of all people pooled. Training gets batches of tasks as every kind does,
-- and learns from support and query alike: every rating of the batch is an example, so that 3 tasks
-- of at most 50 ratings are about the published batch of 128 ratings, and 32 tasks are 1,600. The
-- loss is the mean over the people of the mean squared error of their ratings.
--
-- DCN-F (`dcnf`) is trained in the same way, and then fine-tuned on the support of each person, by
-- the mean squared error of its ratings; every parameter is, embeddings of what the support names
-- included. Without ratings the weights are as they were trained. The epoch is chosen by what
-- fine-tuned models do on the validation people.
--
-- @module cmml
local model_options = require "cmml.recommenders.dcn_options"
local of_network = require "cmml.network.network_options"
local sets = require "cmml.base.options"

return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
  local content_rows = use "recommenders.content_rows"
  local fine_tuning = use "recommenders.fine_tuning"
  local over_items = use "recommenders.over_items"
  local task_content = use "recommenders.task_content"
  use "recommenders.kind"
  --- The weights of DCN on ratings: embeddings of fields, the map of the joined vectors to x_0, and
  -- the network's.
  -- @tfield FieldEmbedding embedding
  -- @tfield Linear project
  -- @tfield CrossNetwork network
  local Weights = nn.class "cmml.DcnWeights"

  local options = model_options {
    sets.changed(of_network:find("width"), { default = false, default_text = "the preset's",
      group = "model" }),
    { name = "project", kind = "integer", from = 1, to = 4096, group = "model",
      search = "32|64|128", help = "columns that the joined vectors are mapped to "
        .. "before the network", default_text = "the preset's" },
  }

  local presets = {
    recommended = {
      model = { width = 32, project = 64, cross = 4, deep = { 64, 64 }, cross_deviation = 0.01 },
      training = { batch = 32, support = 40, query = 10, lr = 1e-3, weight_decay = 1e-5 } },
    -- The released code: weights and biases of the cross layers start at N(0, 1); Adam at 1e-3
    -- without decay, batches of 128 ratings, 11 epochs.
    ["published-code"] = {
      model = { width = 32, project = 64, cross = 4, deep = { 64, 64 }, cross_deviation = 1 },
      training = { batch = 3, support = 40, query = 10, lr = 1e-3 },
      budgets = { published = { epochs = 11, patience = 0 } } },
  }

  local function make(catalogue, opt, init)
    local module = Weights.new()
    local embedding, columns = content_rows.embedding(catalogue, opt.width, init)
    module:register("embedding", embedding)
    module:register("project", nn.linear { inp = columns, out = opt.project, init = init })
    module:register("network", cmml.cross_network { inp = opt.project, cross = opt.cross,
      deep = opt.deep, cross_deviation = opt.cross_deviation, init = init }, true)
    return { module = module }
  end

  local function people_of(self, people)
    return content_rows.people(self.module.embedding, self.catalogue, people)
  end

  -- Scores of rows of people whose vectors are known.
  local function score(self, people, items, segments)
    local module = self.module
    local x = content_rows.of(module.embedding, self.catalogue, people, items, segments)
      :map(module.project.weight, module.project.bias)
    return (module.network:score(x, module.network:weights(), segments))
  end

  -- The rows of all supports, then those of all queries.
  local function loss(self, batch)
    local support, query = batch.support, batch.query
    local tasks, lengths, shares = #query.segments, support.segments:totable(), {}
    for t, asked in ipairs(query.segments:totable()) do
      shares[t] = 1 / math.max(lengths[t] + asked, 1)
      lengths[tasks + t] = asked
    end
    local segments, people = core.segments(lengths), people_of(self, support.people)
    local scores = score(self, people and core.concat({ people, people }, 1),
      core.join_ids({ support.items, query.items }, { 0, 0 }), segments)
    local errors = core.square(scores - core.concat({ support.labels, query.labels }, 1))
    local sums = core.segment_sum(errors, segments):reshape { 2, tasks }
    return (sums:sum(1) * core.tensor(shares)):mean()
  end

  local function adapt(self, support)
    return { people = people_of(self, support.people) }
  end

  -- Scores of rows whose vectors are made of the embeddings of their tasks.
  local function tuned_score(self, weights, items, people, segments)
    local x = people and people:segment_expand(segments)
    if items then
      x = x and core.concat { items, x } or items
    end
    local mapped = cmml.task_layers.linear(x, weights.project, segments)
    return (self.module.network:score(mapped, weights.network, segments))
  end

  -- Weights of each task, and the vectors of the people under them.
  local function fine_tuned(self, support)
    local module, segments = self.module, support.segments
    local embedding, project, tasks = module.embedding, module.project, #segments
    local items = task_content.items(self.catalogue, support.items, segments)
    local people = task_content.people(self.catalogue, support.people)
    local content, owners, seen = task_content.start(embedding, tasks, { items, people })
    local start = cmml.task_layers.spread({ network = module.network:weights(),
      project = { weight = project.weight, bias = project.bias } }, tasks)
    start.content = content
    local function people_under(weights)
      return task_content.vectors(embedding, weights.content, people, true)
    end
    local weights, diverged = fine_tuning.weights(self.options, start, function(weights)
      local scores = tuned_score(self, weights, task_content.vectors(embedding, weights.content,
        items, true), people_under(weights), segments)
      return core.segment_mean(core.square(scores - support.labels), segments)
    end, { content = owners })
    return { weights = weights, seen = seen, people = people_under(weights), diverged = diverged }
  end

  local function fine_tuned_score(self, state, rows)
    local found = task_content.items(self.catalogue, rows.items, rows.segments, state.seen)
    local items = task_content.vectors(self.module.embedding, state.weights.content, found)
    return tuned_score(self, state.weights, items, state.people, rows.segments)
  end

  cmml.kind {
    name = "dcn", title = "DCN", source = "Wang et al., ADKDD 2017", settings = { "users" },
    learns = "gradient", needs = { fields = true }, options = options, presets = presets,
    make = make, adapt = adapt, loss = loss, over = over_items,
    score = function(self, state, rows)
      return score(self, state.people, rows.items, rows.segments)
    end,
  }

  cmml.kind {
    name = "dcnf", title = "DCN-F", source = "fine-tuned DCN, as in Feng et al., CIKM 2021",
    settings = { "users" }, learns = "gradient", needs = { fields = true },
    options = fine_tuning.with(options), presets = presets, make = make, adapt = fine_tuned,
    score = fine_tuned_score, loss = loss, over = over_items,
  }
end
