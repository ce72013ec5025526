--- CMML behind the interface of recommenders, scenario setting: implicit feedback, frozen vectors.
--
-- @module cmml
local args = require "cmml.base.args"
local masked_rows = require "cmml.nn.masked_rows"
local raise = args.error

return function(cmml, use)
  use "recommenders.scenario_recommender"
  local core, nn = cmml.core, cmml.nn
  local ScenarioCmml = cmml.scenario_recommender_class("scenario_cmml", "CMML")
  --- The weights of a `scenario_cmml`: its network, and what its terms weigh.
  -- @tfield Network network
  -- @tfield ?Tensor term_weight [terms]
  local Weights = nn.class "cmml.ScenarioWeights"

  local known = { encoder = "string?", encoder_widths = "table?", encoder_detach = "boolean?",
    encoder_negatives = "boolean?", context_shrink = "number?", hybrid = "string?",
    modulation = "string?", backbone = "table?", hyper = "table?", activation = "string?",
    encoder_options = "table?", hybrid_options = "table?", modulation_options = "table?",
    bias_start = "table?", inputs = "table?", terms = "table?", term_start = "table?",
    unit_rows = "boolean?", dropout = "number?", loss = "string?",
    preset = { "string", "paper/scenario" } }
  local rules = { seed = { "integer", 1 } }
  for key, rule in pairs(known) do
    rules[key] = rule
  end
  local own = { preset = true, inputs = true, terms = true, term_start = true, unit_rows = true,
    dropout = true, loss = true }

  -- Network and weights of the terms, whose names are the network's own.
  local function make_module(self, options, init)
    local module = Weights.new()
    local network = { dim = self.dim, label = "binary", init = init }
    for key, value in pairs(options) do
      if not own[key] then
        network[key] = value
      end
    end
    self.network = module:register("network", cmml.network(network), true)
    local n, start = self.term_width, options.term_start or {}
    if n > 0 then
      local weight, values = init.uniform({ n }, 0), {}
      for i = 1, n do
        values[i] = start[i] or 0
        if math.type(values[i]) == nil or values[i] - values[i] ~= 0 then
          raise("scenario_cmml: term_start must be a list of finite numbers, one a term", 2)
        end
      end
      cmml.no_grad(weight.copy_, weight, core.tensor(values))
      module:register("term_weight", weight)
    end
    return module
  end

  local function build(catalogue, options, init)
    local preset = cmml.presets[options.preset]
    local self = setmetatable({ catalogue = catalogue, options = options,
      training = preset and preset.training }, ScenarioCmml)
    local vectors = catalogue.vectors
    local view = catalogue
    if options.unit_rows then -- inputs and terms see what the network sees
      vectors = vectors:unit_rows()
      view = setmetatable({ vectors = vectors }, { __index = catalogue })
    end
    self.users, self.items, self.width = vectors.users, vectors.items, vectors.items.shape[2]
    local width, of_items
    width, of_items, self.row_inputs = cmml.scenarios.read_pair_inputs("scenario_cmml: inputs", view,
      options.inputs or {})
    self.term_width, self.row_terms = cmml.scenarios.read_pair_terms("scenario_cmml: terms", view,
      options.terms or {})
    self.items = of_items and core.concat { self.items, of_items } or self.items
    self.dim = 2 * self.width + width
    args.one_of("scenario_cmml: loss", options.loss or "hinge", args.keys(cmml.scenarios.pair_losses), 4)
    if options.dropout and not (options.dropout >= 0 and options.dropout < 1) then
      raise(("scenario_cmml: dropout must be from 0 to below 1, not %g"):format(options.dropout), 2)
    end
    self.masks = {}
    for place = 1, (options.dropout or 0) > 0 and 4 or 0 do -- users, items; support, query
      self.masks[place] = nn.dropout { rate = options.dropout, place = place }
    end
    self.module = make_module(self, options, init)
    return self
  end

  --- A CMML recommender of the scenario setting with fresh weights: a row is the vector of a user
  -- and that of an item, which are not learnt; support labels are 1 or 0.
  -- @tparam ScenarioCatalogue|Vectors catalogue with vectors; `ScenarioSplit:catalogue` makes one
  -- @tparam[opt] table options preset (default "paper/scenario") and, over it, any option of
  -- `network` but those of fields and labels (encoder, hybrid, modulation, backbone, hyper, ..);
  -- inputs (names in `pair_inputs`, further columns of the rows; default none); terms (such names:
  -- what is added to the score with a learnt weight; default none), term_start (list of the weights
  -- that they begin with, default 0); unit_rows (true: every vector is divided by the root mean
  -- square of its numbers, so that what it says of taste is apart from how much there is of it;
  -- `cf_score` is the cosine then; default false); dropout (share of the vectors' numbers that
  -- training hides, others for each task, default 0); loss (a name in `pair_losses`, default
  -- "hinge"); seed of the initial weights (default 1). The preset's dim
  -- does not count: it is that of the vectors. Where a component is another than the preset's, the
  -- preset's options of that component do not count; beside given terms its term_start does not
  -- @treturn Recommender; its field `training` holds the preset's defaults for `train`
  function cmml.scenario_cmml(catalogue, options)
    local opt = args.check("scenario_cmml", options, rules)
    catalogue = cmml.as_scenario_catalogue("scenario_cmml", catalogue)
    if not catalogue.vectors then
      raise("scenario_cmml: the catalogue has no vectors; make some with als_vectors or "
        .. "bpr_vectors of the split's background", 2)
    end
    return build(catalogue, cmml.preset_options("scenario_cmml", opt, known, "scenario"),
      nn.init(opt.seed))
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

  local function adapt(self, support, key)
    local x = rows_of(self, support, key, 1)
    return { context = self.network:context(x, support.labels, support.segments) }
  end

  local function score(self, state, rows, options, key)
    local x = rows_of(self, rows, key, 3)
    local scores, parts = self.network:score(x, state.context, rows.segments, options)
    if self.row_terms then
      local weight = self.module.term_weight:reshape { -1, 1 }
      local terms = self.row_terms(rows.users, rows.items)
      scores = scores + core.matmul(terms, weight):reshape { -1 }
    end
    return scores, parts
  end

  --- The contexts of tasks, from one forward pass over their supports.
  -- @tparam table support segments, users, items (Ids), labels [rows] of all tasks
  -- @treturn table the state for `score_rows`; field context [tasks, dim]
  function ScenarioCmml:adapt_rows(support)
    return adapt(self, support)
  end

  --- Scores of rows under those contexts.
  -- @tparam table state what `adapt_rows` gave
  -- @tparam Ids items a row of the catalogue for each score
  -- @tparam Segments segments which rows belong to which task
  -- @tparam Ids users the user of each row
  -- @tparam[opt] table options parts = true returns what was computed on the way, too
  -- @treturn Tensor [rows]
  -- @treturn ?table see `Network:score`
  function ScenarioCmml:score_rows(state, items, segments, users, options)
    return score(self, state, { users = users, items = items, segments = segments }, options)
  end

  --- What training minimises: the mean over tasks of the mean over pairs of the loss that the
  -- options name, under dropout where they say so.
  -- @tparam table batch as ScenarioTasks:batches gives it
  -- @treturn Tensor a single number
  function ScenarioCmml:loss(batch)
    local key = #self.masks > 0 and batch or nil
    local rows = core.paired_rows(batch.query)
    local scores = score(self, adapt(self, batch.support, key), rows, nil, key)
    return cmml.scenarios.pair_loss(self.options.loss or "hinge", scores, rows, batch.query.segments)
  end

  --- The same weights over another catalogue: with vectors of the same width, such as those that
  -- were made of more interactions (see `ScenarioSplit:vectors`).
  -- @tparam ScenarioCatalogue|Vectors catalogue
  -- @treturn Recommender
  function ScenarioCmml:over(catalogue)
    catalogue = cmml.as_scenario_catalogue("over", catalogue)
    local width = catalogue.vectors and catalogue.vectors.items.shape[2]
    if width ~= self.width then
      raise(("over: the catalogue has %s, but the model reads vectors of %d numbers"):format(
        width and ("vectors of %d numbers"):format(width) or "no vectors", self.width), 2)
    end
    return ScenarioCmml.restore(catalogue, self.options, self:tensors())
  end

  --- What a model file keeps.
  -- @treturn table list of {name, tensor}
  function ScenarioCmml:tensors()
    return self.module:named_parameters()
  end

  --- The recommender of a model file; see `stored_init`.
  -- @tparam ScenarioCatalogue catalogue
  -- @tparam table options any option of `scenario_cmml` but seed
  -- @tparam table tensors list of {name, tensor}
  -- @treturn Recommender
  function ScenarioCmml.restore(catalogue, options, tensors)
    args.check("model options", options, known, 1)
    if not catalogue.vectors then
      raise("the catalogue has no vectors", 0)
    end
    local init, values = cmml.stored_init(tensors)
    local self = build(catalogue, options, init)
    self.module:load_parameters(values)
    return self
  end

  function ScenarioCmml:__tostring()
    return ("[cmml recommender scenario_cmml, %d users, %d items, vectors of %d numbers]"):format(
      #self.catalogue.users, #self.catalogue.items, self.width)
  end
end
