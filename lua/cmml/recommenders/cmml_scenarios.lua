--- CMML in the setting scenarios: implicit feedback, vectors made beforehand.
--
-- @module cmml
local args = require "cmml.base.args"
local masked_rows = require "cmml.nn.masked_rows"
local model_options = require "cmml.recommenders.cmml_options"
local sets = require "cmml.base.options"
local raise = args.error

return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
  local presets = use "recommenders.presets"
  local vector_rows = use "recommenders.vector_rows"
  use "recommenders.kind"
  local refinement = use "recommenders.refinement"
  --- The weights of CMML on scenarios: its network, and what its terms weigh.
  -- @tfield Network network
  -- @tfield ?Tensor term_weight [terms]
  local Weights = nn.class "cmml.ScenarioWeights"

  -- The names of inputs, to which scripts may add.
  local function inputs()
    return args.keys(cmml.scenarios.pair_inputs)
  end

  local options = model_options({ "encoder_negatives" }, {
    { name = "inputs", list = "string", choices = inputs, may_be_empty = true, group = "model",
      default_text = "the preset's, or none",
      help = "further columns of the rows, by their names in scenarios.pair_inputs" },
    { name = "terms", list = "string", choices = inputs, may_be_empty = true, group = "model",
      default_text = "the preset's, or none",
      help = "what is added to the score with a learnt weight, by such names" },
    { name = "term_start", kind = "table", group = "model", belongs_to = "terms", tunable = false,
      default_text = "the preset's, or 0", help = "weights that the terms begin with, one a term" },
    sets.changed(vector_rows.options.unit_rows, { help = vector_rows.options.unit_rows.help
      .. "; cf_score is the cosine then" }),
    { name = "dropout", kind = "number", from = 0, below = 1, group = "model",
      search = "0|0.2|0.5",
      default_text = "the preset's, or 0",
      help = "fraction of the vectors' numbers that training hides, others for each task" },
    vector_rows.options.loss, table.unpack(refinement.options) })

  -- Options that are not the network's.
  local own = { preset = true, inputs = true, terms = true, term_start = true, unit_rows = true,
    dropout = true, loss = true }
  for _, declared in ipairs(refinement.options) do
    own[declared.name] = true
  end

  -- Network and weights of the terms, whose names are the network's own.
  local function make_module(self, opt, init)
    local module = Weights.new()
    local network = { dim = self.dim, label = "binary", init = init }
    for key, value in pairs(opt) do
      if not own[key] then
        network[key] = value
      end
    end
    self.network = module:register("network", cmml.network(network), true)
    local n, start = self.term_width, opt.term_start or {}
    if n > 0 then
      local weight, values = init.uniform({ n }, 0), {}
      for i = 1, n do
        values[i] = start[i] or 0
        if math.type(values[i]) == nil or values[i] - values[i] ~= 0 then
          raise("cmml: term_start must be a list of finite numbers, one a term", 2)
        end
      end
      cmml.no_grad(weight.copy_, weight, core.tensor(values))
      module:register("term_weight", weight)
    end
    return module
  end

  local function make(catalogue, opt, init)
    local self, view = {}, catalogue
    self.users, self.items = vector_rows.tables(catalogue, opt)
    if opt.unit_rows then -- inputs and terms see what the network sees
      view = { users = { vectors = { cf = self.users } },
        items = { vectors = { cf = self.items }, counts = catalogue.items.counts } }
    end
    self.width = self.items.shape[2]
    local width, of_items
    width, of_items, self.row_inputs = cmml.scenarios.read_pair_inputs("cmml: inputs", view,
      opt.inputs or {})
    self.term_width, self.row_terms = cmml.scenarios.read_pair_terms("cmml: terms", view,
      opt.terms or {})
    self.items = of_items and core.concat { self.items, of_items } or self.items
    self.dim = 2 * self.width + width
    self.masks = {}
    for place = 1, (opt.dropout or 0) > 0 and 4 or 0 do -- users, items; support, query
      self.masks[place] = nn.dropout { rate = opt.dropout, place = place }
    end
    self.module = make_module(self, opt, init)
    return self
  end

  -- Rows of vectors: each user's and each item's once a task. In training `key` says which of their
  -- numbers are hidden.
  local function rows_of(self, rows, key, place)
    local function part(vectors, ids, layer)
      local distinct, places, tasks = core.distinct_in(ids, rows.segments)
      local x = core.gather_rows(vectors, distinct)
      if key and layer then
        x = masked_rows(core, layer, x, self.width, tasks, key)
      end
      return { x, places, tasks }
    end
    local parts = { part(self.users, rows.users, self.masks[place]),
      part(self.items, rows.items, self.masks[place + 1]) }
    if self.row_inputs then
      parts[3] = { self.row_inputs(rows.users, rows.items) }
    end
    return cmml.joined(parts)
  end

  -- Scores of rows whose vectors are known.
  local function scored(self, x, context, rows, opt)
    local scores, parts = self.network:score(x, context, rows.segments, opt)
    if self.row_terms then
      local weight = self.module.term_weight:reshape { -1, 1 }
      local terms = self.row_terms(rows.users, rows.items)
      scores = scores + core.matmul(terms, weight):reshape { -1 }
    end
    return scores, parts
  end

  -- The loss that the options name.
  local function loss_name(self)
    return self.options.loss or "hinge"
  end

  local function adapt(self, support, training, key)
    local x = rows_of(self, support, key, 1)
    local pairs, segments
    if refinement.steps(self.options, training) then
      pairs, segments = cmml.scenarios.support_pairs(support)
    end
    local context, diverged = refinement.refined(self.options, training,
      self.network:context(x, support.labels, support.segments), function(refined)
        return cmml.scenarios.pair_losses_of_tasks(loss_name(self), (scored(self, x, refined,
          support)), pairs, segments)
      end)
    return { context = context, diverged = diverged }
  end

  local function score(self, state, rows, opt, key)
    return scored(self, rows_of(self, rows, key, 3), state.context, rows, opt)
  end

  cmml.kind {
    name = "cmml", title = "CMML", source = "Feng et al., CIKM 2021", settings = { "scenarios" },
    learns = "gradient", adapts = "forward", needs = { vectors = true }, options = options,
    presets = presets "scenarios", default_preset = "recommended/scenario",
    formerly = { "scenario_cmml" }, make = make, check = refinement.check,
    adapt = function(self, support)
      return adapt(self, support)
    end,
    score = function(self, state, rows, opt)
      return score(self, state, rows, opt)
    end,

    -- The mean over tasks of the mean over pairs of the loss that the options name, under dropout
    -- where they say so (CMML eq. 4).
    loss = function(self, batch)
      local key = #self.masks > 0 and batch or nil
      local rows = core.paired_rows(batch.query)
      local scores = score(self, adapt(self, batch.support, true, key), rows, nil, key)
      return cmml.scenarios.pair_loss(loss_name(self), scores, rows, batch.query.segments)
    end,

    over = vector_rows.over,

    describe = function(self)
      return ("[cmml recommender cmml, %d users, %d items, vectors of %d numbers]"):format(
        #self.catalogue.users, #self.catalogue.items, self.width)
    end,
  }
end
