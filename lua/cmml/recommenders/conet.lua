--- CoNet: a network over two domains (Hu et al., CIKM 2018) in the setting scenarios.
--
-- The target domain are the items of scenarios, the source domain those that lie in none. Each row,
-- a user with an item, goes with an item of the source domain: one that the user took (label 1), or
-- one that the user did not (label 0), drawn at random; a user who took none has the padding row, a
-- vector of zeros. What is minimised is the binary cross entropy of both domains, and the sum of
-- the absolute transfer weights. Vectors stay as they are. A row that is scored stands beside an
-- item that its user took, drawn for the row.
--
-- There are two kinds. `conet` learns nothing beforehand: for every scenario a network that starts
-- at the same random weights is trained on the support alone, by Adam, with other source items in
-- each step (as released with S2Meta). `conet_pooled` is one network for all scenarios, trained on
-- the pairs of all of them, which does not adapt (as in the code of CMML).
--
-- In `conet` every step takes each positive of the support with one of the negatives of its user,
-- the next step with the next one; a support without negatives gets items of the catalogue. One
-- without positives, such as an empty one, leaves the weights of the start, and so does training
-- that diverges.
--
-- @module cmml
local sets = require "cmml.base.options"
local shared = require "cmml.base.shared_options"
local raise = require("cmml.base.args").error

local preset = "the preset's"

local everywhere = {
  { name = "layers", list = "integer", from = 1, to = 65536, repeats = true, group = "model",
    default_text = preset, search = { { 64, 32, 16, 8 }, { 64, 64, 64 }, { 32, 16 } },
    help = "widths of the layers of both towers" },
  { name = "transfer_bias", kind = "boolean", group = "model", default_text = preset,
    help = "whether the transfer matrices have a bias" },
  { name = "sparse_ratio", kind = "number", from = 0, group = "model", default_text = preset,
    search = "log:1e-6:1e-2",
    help = "what the sum of the absolute transfer weights is multiplied with in the loss" },
  { name = "source_negatives", kind = "number", from = 0, to = 1e6, group = "model",
    default_text = preset, search = "1|2|4",
    help = "expected number of source items that the user did not take, for each that was taken" },
}

local of_steps = {
  { name = "inner_steps", kind = "integer", from = 0, to = 100000, group = "model", unit = "steps",
    default_text = preset, search = "50|100|200|400",
    help = "number of steps of Adam that train the network of a scenario" },
  { name = "inner_lr", kind = "number", from = 0, group = "model", default_text = preset,
    search = "log:1e-4:3e-2", help = "learning rate of these steps" },
  { name = "inner_decay", kind = "number", from = 0, group = "model", default_text = preset,
    search = "log:1e-6:1e-1", help = "L2 penalty in these steps" },
  { name = "inner_clip", kind = "number", above = 0, infinite = true, group = "model",
    default_text = preset, tunable = false,
    help = "bound of the absolute value of each entry of a gradient in these steps" },
  sets.changed(shared.seed, { group = "model", tunable = false,
    help = "seed of the weights that scenarios start from, and of source items" }),
}

-- The released code has the network with a biased transfer matrix, one negative of each positive in
-- either domain, and gradients clipped by entry; how long it trains, at what rate, and what the
-- transfer weights cost is in none of its configurations. The widths are those of the first paper.
local published = { layers = { 64, 32, 16, 8 }, transfer_bias = true, sparse_ratio = 0.01,
  source_negatives = 1 }

-- The later table's fields over the first's.
local function with(first, second)
  local all = {}
  for _, fields in ipairs { first, second } do
    for key, value in pairs(fields) do
      all[key] = value
    end
  end
  return all
end

return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
  local source_domain = use "data.source_domain"
  local vector_rows = use "recommenders.vector_rows"
  local recommended_vectors = use "settings.scenarios.vectors"
  use "recommenders.kind"
  --- The weights of pooled CoNet, which are its network's.
  -- @tfield CrossConnections network
  local Weights = nn.class "cmml.ConetWeights"

  local at_scoring = 0xffffffff -- the draw of what stands beside rows that are scored

  -- What a catalogue knows, as rows of either domain are made of it.
  local function domains_of(catalogue)
    local source, items = catalogue.source, catalogue.items.vectors.cf
    local padding = core.full({ 1, items.shape[2] }, 0)
    return { users = catalogue.users.vectors.cf, items = items, n_source = #source.domain,
      source_items = core.concat({ items:gather_rows(source.domain), padding }, 1),
      taken = { users = source.users,
        items = source_domain.places(source.domain, source.items, #catalogue.items) } }
  end

  -- Rows of the target domain, as the tower reads them.
  local function target_rows(self, rows)
    return vector_rows.of(self.users, self.items, rows)
  end

  -- Rows of the source domain beside them, and their labels: with items that are drawn.
  local function source_rows(self, users, items, key)
    local places, labels = core.draw_source_items(self.taken, self.n_source, users, items, key)
    return vector_rows.of(self.users, self.source_items, { users = users, items = places }), labels
  end

  -- The loss of each task of a query: the mean over its rows, positives and negatives, of the
  -- binary cross entropy of both domains, and the cost of the transfer weights.
  local function losses_of(self, query, weights, key)
    local rows = core.paired_rows(query)
    local labels = core.scatter_add_rows(core.full({ #rows.items }, 0),
      core.full({ #rows.positive }, 1), rows.positive)
    local source, source_labels = source_rows(self, rows.users, rows.items, { seed = key.seed,
      draw = key.draw, negatives = self.options.source_negatives })
    local of_target, of_source = self.network.logits(target_rows(self, rows), source, weights,
      rows.segments)
    local each = core.softplus(of_target) - labels * of_target
      + core.softplus(of_source) - source_labels * of_source
    return core.segment_mean(each, rows.segments)
      + self.network.sparsity(weights) * self.options.sparse_ratio
  end

  -- Scores of rows: logits of the target domain, beside source items that the users took.
  local function score(self, weights, rows)
    local source = source_rows(self, rows.users, rows.items, { seed = self.options.seed,
      draw = at_scoring })
    return (self.network.logits(target_rows(self, rows), source, weights, rows.segments,
      { source = false }))
  end

  -- Raises where a file lacks an option that every preset has.
  local function check_given(opt, declared)
    for _, option in ipairs(declared) do
      if option.default_text == preset and not option.infinite and opt[option.name] == nil then
        raise(("conet: the option %s is missing"):format(option.name), 0)
      end
    end
  end

  local function network_of(self, opt, init)
    check_given(opt, everywhere)
    return cmml.cross_connections { inp = 2 * self.items.shape[2], layers = opt.layers,
      transfer_bias = opt.transfer_bias, init = init }
  end

  -- The weights that the supports of several tasks train, each from the same start.
  local function trained(self, support)
    local opt, tasks = self.options, #support.segments
    local function pairs_of(step)
      return core.support_query(support, nil, { seed = opt.seed, step = step - 1,
        items = #self.catalogue.items })
    end
    local hold, steps = {}, 0
    for task, length in ipairs(pairs_of(1).segments:totable()) do
      hold[task] = length == 0 or nil
      steps = length > 0 and opt.inner_steps or steps
    end
    local start = cmml.task_layers.spread(self.network:weights(), tasks)
    return cmml.inner_adam(start, function(weights, step)
      return losses_of(self, pairs_of(step), weights, { seed = opt.seed, draw = step })
    end, { steps = steps, hold = hold, adam = { lr = opt.inner_lr, weight_decay = opt.inner_decay,
      clip = opt.inner_clip } })
  end

  cmml.kind {
    name = "conet", title = "CoNet", source = "Hu et al., CIKM 2018; per scenario as in Du et al., "
      .. "KDD 2019", settings = { "scenarios" }, learns = "none", adapts = "gradient",
    needs = { vectors = true, source = true },
    options = table.move(of_steps, 1, #of_steps, #everywhere + 1, { table.unpack(everywhere) }),
    presets = {
      recommended = { model = with(published, { layers = { 64, 64 }, sparse_ratio = 1e-4,
        inner_steps = 100, inner_lr = 3e-3, inner_decay = 0, inner_clip = 0.25 }),
        training = { support = 64, support_negatives = 64, order = "mixed" } },
      ["published-code"] = { model = with(published, { inner_steps = 200, inner_lr = 1e-3,
        inner_decay = 0, inner_clip = 0.25 }),
        training = { support = 64, support_negatives = 64, order = "mixed",
          negatives = "published" } },
    },
    make = function(catalogue, opt)
      check_given(opt, of_steps)
      local self = domains_of(catalogue)
      self.network = network_of(self, opt, nn.init(opt.seed))
      return self
    end,
    adapt = function(self, support)
      local weights, _, diverged = trained(self, support)
      return { weights = weights, diverged = diverged }
    end,
    score = function(self, state, rows)
      return score(self, cmml.task_layers.narrowed(state.weights, rows.segments), rows)
    end,
  }

  cmml.kind {
    name = "conet_pooled", title = "CoNet, pooled", source = "Hu et al., CIKM 2018; over all "
      .. "scenarios as in Feng et al., CIKM 2021", settings = { "scenarios" },
    learns = "gradient", needs = { vectors = true, source = true }, options = everywhere,
    over = vector_rows.over,
    presets = {
      recommended = { split = { query_fraction = 0.2 }, vectors = recommended_vectors,
        model = with(published, { sparse_ratio = 1e-5 }),
        training = { batch = 16, support = 64, support_negatives = 64, query = 64,
          query_negatives = 4, order = "mixed", lr = 1e-3 } },
      ["published-code"] = { model = published, training = { batch = 1, support = 64,
        support_negatives = 64, query = 128, order = "mixed", lr = 1e-3, clip = 0.25 } },
    },
    make = function(catalogue, opt, init)
      local self = domains_of(catalogue)
      self.module = Weights.new()
      self.network = self.module:register("network", network_of(self, opt, init), true)
      return self
    end,
    adapt = function()
      return {}
    end,
    score = function(self, _, rows)
      return score(self, self.network:weights(), rows)
    end,

    loss = function(self, batch)
      return losses_of(self, batch.query, self.network:weights(), batch):mean()
    end,
  }
end
