--- TaNP: a neural process over a person's ratings (Lin et al., "Task-adaptive Neural Process for
-- User Cold-Start Recommendation", WWW 2021).
--
-- A person's ratings are seen as values of a random function of item and person, of which a latent
-- variable z is drawn. Adapting is one forward pass: the distribution of z and the customisation of
-- the decoder follow from the support. Learning maximises the evidence lower bound with the ratings
-- of support and query as what z is inferred from, and the support's own distribution as its prior,
-- while tasks are drawn together in clusters.
--
-- @module cmml
local of_network = require "cmml.network.network_options"
local rating_errors = require "cmml.recommenders.rating_errors"
local sets = require "cmml.base.options"
local shared = require "cmml.recommenders.shared_options"
local raise = require("cmml.base.args").error

-- An option whose default is its preset's, with what a search draws from.
local function option(name, declared, search, help)
  declared.name, declared.search, declared.help, declared.group = name, search, help, "model"
  declared.default_text = "the preset's"
  return declared
end

-- A number of columns, or of slots.
local function size(name, from, search, help)
  return option(name, { kind = "integer", from = from }, search, help)
end

-- A list of layers' widths.
local function widths(name, search, help)
  return option(name, { list = "integer", from = 1, repeats = true }, search, help)
end

local options = {
  sets.changed(of_network:find("width"), { default = false, default_text = "the preset's",
    group = "model" }),
  size("item_width", 0, "0|8|16|32", "size of a learnt vector of each item; 0: none, items are "
    .. "what their fields say"),
  shared.read_users,
  widths("encoder_widths", { { 32, 16, 32 }, { 64, 32 }, { 64, 64, 64 } },
    "widths of the encoder's layers; the last is averaged over the support"),
  size("latent_hidden", 1, "32|64", "width of the layer between that average and the distribution "
    .. "of z"),
  size("latent", 1, "8|16|32|64", "width of the latent variable z"),
  widths("task_widths", { { 32, 32, 16 }, { 64, 32 }, { 64, 64, 32 } },
    "widths of the task identity network; the last is that of a task's embedding"),
  size("slots", 1, "5|10|20|40", "number of slots of the global pool: clusters of tasks"),
  option("freedom", { kind = "number", above = 0 }, "0.1|1|10",
    "degrees of freedom of the Student-t kernel that shares out the slots"),
  widths("decoder", { { 32, 32, 16 }, { 64, 64 }, { 128, 128, 64 } },
    "widths of the decoder's hidden layers, which are customised"),
  option("customisation", { kind = "string", choices = { "film", "gating" } }, "film|gating",
    "how a task customises the decoder: scale and shift of every unit (film), or both mixed with a "
    .. "third vector by a gate (gating)"),
  option("targets", { kind = "string", choices = { "query", "all" } }, "query|all",
    "ratings that training predicts: of the query, or of support and query"),
  option("kl_weight", { kind = "number", from = 0 }, "log:1e-3:1", "weight of the divergence "
    .. "between the latent variable's distributions with and without the query"),
  option("cluster_weight", { kind = "number", from = 0 }, "0|0.1|1", "weight of the clustering of "
    .. "tasks, whose sizes are those of the tasks of a batch, or of a shard"),
  rating_errors.option,
}

-- Options of the neural process.
local of_process = { "encoder_widths", "latent_hidden", "latent", "task_widths", "slots", "freedom",
  "decoder", "customisation" }

-- The sizes that the authors' program is started with, over content features as their classes for
-- MovieLens read them. It takes random parts of a person's ratings, at least 20, as supports, and
-- draws z when it tests, too; tables of experiments have supports of one size instead.
local published = {
  model = { width = 32, item_width = 0, encoder_widths = { 32, 16, 32 }, latent_hidden = 32,
    latent = 32, task_widths = { 32, 32, 16 }, slots = 10, freedom = 1, decoder = { 32, 32, 16 },
    customisation = "film", targets = "all", kl_weight = 1, cluster_weight = 1 },
  training = { batch = 32, support = 40, query = 10, lr = 1e-4, weight_decay = 0,
    clip = math.huge, epochs = 100 },
  budgets = { published = { epochs = 100, patience = 0 } },
}

-- What did better on validation users of MovieLens-1M (doc/results/refined.md says which): a learnt
-- vector of each item, no fields of people, a smaller weight of the prior, and a higher learning
-- rate.
local recommended = {
  model = { item_width = 16, read_users = false, kl_weight = 0.1 },
  training = { lr = 1e-3, epochs = 60, patience = 15 },
}
for part, values in pairs(recommended) do
  for key, value in pairs(published[part]) do
    if values[key] == nil then
      values[key] = value
    end
  end
end

return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
  local content_rows = use "recommenders.content_rows"
  local item_weights = use "recommenders.item_weights"
  use "recommenders.kind"
  use "recommenders.neural_process"
  --- The weights of TaNP: embeddings, and the neural process over them.
  -- @tfield ?FieldEmbedding embedding of content fields
  -- @tfield ?Embedding items [items, item_width]
  -- @tfield NeuralProcess process
  local Weights = nn.class "cmml.TanpWeights"

  local function make(catalogue, opt, init)
    local module, inp = Weights.new(), opt.item_width
    local fields = catalogue.items:sizes()
    local of_users = opt.read_users ~= false and catalogue.users:sizes() or {}
    table.move(of_users, 1, #of_users, #fields + 1, fields)
    if #fields > 0 then
      module:register("embedding", nn.field_embedding { fields = fields, width = opt.width,
        init = init })
      inp = inp + #fields * opt.width
    end
    if opt.item_width > 0 then
      module:register("items", nn.embedding { size = #catalogue.items, width = opt.item_width,
        normal = false, init = init })
    end
    if inp == 0 then
      raise("tanp: the catalogue has no content features: give item_width, for a learnt vector of "
        .. "each item", 3)
    end
    local network = { inp = inp, init = init }
    for _, name in ipairs(of_process) do
      network[name] = opt[name]
    end
    module:register("process", cmml.neural_process(network))
    return { module = module }
  end

  -- The vectors of people; nil if none are read.
  local function people_of(self, people)
    if self.options.read_users == false then
      return nil
    end
    return content_rows.people(self.module.embedding, self.catalogue, people)
  end

  -- The vectors of rows: of items their fields and their own, then the person's.
  local function vectors(self, user, items, segments)
    local names, module = self.catalogue.items:field_names(), self.module
    return content_rows.joined(function(distinct)
      local list = {}
      if #names > 0 then
        list[1] = module.embedding(names, self.catalogue.items.bags, distinct)
      end
      if module.items then
        list[#list + 1] = module.items(distinct)
      end
      return list
    end, user, items, segments)
  end

  -- What supports say: of each task the sum of its representations [tasks, r], what customises its
  -- decoder, and the logarithms of its shares of the slots.
  local function read(self, x, support)
    local process = self.module.process
    local t = process:identify(x, support.labels, support.segments)
    local shares = process:shares(t)
    return core.segment_sum(process:encode(x, support.labels), support.segments),
      process:customise(t, shares), shares
  end

  -- How many rows each task has, [tasks, 1].
  local function counts(segments)
    return core.segment_sum(core.full({ segments:rows(), 1 }, 1), segments)
  end

  -- The distribution of z, given sums of representations and their numbers. That of none is the
  -- same for all, as learnt.
  local function distribution(self, sums, n)
    return self.module.process:distribution(sums / n:maximum(1))
  end

  -- Under a support z is the mean of its distribution. (The authors' program draws it then, too.)
  local function adapt(self, support)
    local user = people_of(self, support.people)
    local x = vectors(self, user, support.items, support.segments)
    local r, custom = read(self, x, support)
    local z = distribution(self, r, counts(support.segments))
    return { user = user, custom = custom, z = z }
  end

  local function score(self, state, rows)
    local x = vectors(self, state.user, rows.items, rows.segments)
    return self.module.process:score(x, state.z, state.custom, rows.segments)
  end

  -- The sums of the errors of tasks, [tasks, 1].
  local function errors_of(self, x, z, custom, rows)
    local scores = self.module.process:score(x, z, custom, rows.segments)
    local errors = rating_errors.of(self.options.loss, scores, rows.labels)
    return core.segment_sum(errors:reshape { -1, 1 }, rows.segments)
  end

  -- The mean over tasks of the negative evidence lower bound, where a rating has the variance 1/2
  -- and all of a task count as one, and of the divergence of the clusters, both weighted.
  local function loss(self, batch)
    local opt, process = self.options, self.module.process
    local support, query = batch.support, batch.query
    local user = people_of(self, support.people)
    local x = vectors(self, user, support.items, support.segments)
    local y = vectors(self, user, query.items, query.segments)
    local r, custom, shares = read(self, x, support)
    local n, more = counts(support.segments), counts(query.segments)
    local prior_mean, prior_variance = distribution(self, r, n)
    local all = r + core.segment_sum(process:encode(y, query.labels), query.segments)
    local mean, variance = distribution(self, all, n + more)
    local noise = core.normal(mean.shape, 0, 1, { seed = batch.seed, epoch = batch.draw,
      stream = core.streams.latent, tasks = core.ids(batch.tasks) })
    local z = mean + noise * (variance * 0.5):exp()
    local errors = errors_of(self, y, z, custom, query)
    if opt.targets == "all" then
      errors, more = errors + errors_of(self, x, z, custom, support), n + more
    end
    local bound = (errors / more:maximum(1)):reshape { -1 }
      + opt.kl_weight * cmml.normal_divergence(mean, variance, prior_mean, prior_variance)
    return bound:mean() + opt.cluster_weight * cmml.cluster_divergence(shares):mean()
  end

  cmml.kind {
    name = "tanp", title = "TaNP", source = "Lin et al., WWW 2021", settings = { "users" },
    learns = "gradient", adapts = "forward", options = options,
    presets = { recommended = recommended, ["published-code"] = published },
    make = make, adapt = adapt, score = score, loss = loss,

    -- The same weights over other items: a learnt vector goes to the item with the same raw id, and
    -- one without begins at 0.
    over = function(self, catalogue)
      local view = catalogue:in_terms_of(self.catalogue, "over")
      return self.restore(view, self.options, item_weights(self, view.items,
        { ["items.weight"] = "zero" }))
    end,
  }
end
