--- CMML behind the interface of recommenders (user setting: ratings, learnt content features).
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local core = cmml.core
  local Contextual = cmml.recommender_class("cmml", "CMML")

  local known = { width = "integer?", encoder = "string?", encoder_widths = "table?",
    encoder_detach = "boolean?", label_hidden = "integer?", hybrid = "string?",
    modulation = "string?", backbone = "table?", hyper = "table?", activation = "string?",
    encoder_options = "table?", hybrid_options = "table?", modulation_options = "table?",
    bias_start = "table?", context_shrink = "number?", read_users = "boolean?",
    base = "any?", loss = "string?", preset = { "string", "published-code" } }
  local rules = { seed = { "integer", 1 } }
  for key, rule in pairs(known) do
    rules[key] = rule
  end

  -- Options that are not the network's.
  local own = { "preset", "base", "loss", "read_users" }

  local function build(catalogue, options, init)
    if options.base ~= nil and options.base ~= false and type(options.base) ~= "table" then
      raise(("cmml: base must be a table of options or false, not %s"):format(
        tostring(options.base)), 3)
    elseif options.base then
      options.base = cmml.factor_base_options(options.base)
    end
    args.one_of("cmml: loss", options.loss or "squared", { "squared", "absolute" }, 4)
    local network = { item_fields = catalogue:fields "item", init = init,
      user_fields = options.read_users ~= false and catalogue:fields "user" or nil,
      beside = options.base and options.base.factors > 0 and options.base.factors or nil }
    for key, value in pairs(options) do
      network[key] = value
    end
    for _, key in ipairs(own) do
      network[key] = nil
    end
    local preset = cmml.presets[options.preset]
    local self = setmetatable({ catalogue = catalogue, options = options,
      training = preset and preset.training }, Contextual)
    self.module = cmml.network(network)
    if options.base then
      self.module:register("base", cmml.factor_base { items = #catalogue.items,
        options = options.base, init = init })
    end
    return self
  end

  --- A CMML recommender with fresh weights.
  -- @tparam Catalogue catalogue
  -- @tparam[opt] table options preset (default "published-code") and, over it, any option of
  -- `network` (width, encoder, hybrid, modulation, backbone, context_shrink, ..), and seed of the
  -- initial weights (default 1). Where a component is another than the preset's, the preset's
  -- options of that component do not count. Further: base (options of `factor_base_options`: what
  -- the scores are added to; false: nothing), read_users (false: the fields of users are not read),
  -- loss ("squared", or "absolute", whose square root is rounded off below 0.1; default: as the
  -- preset says, else nothing, true and "squared")
  -- @treturn Recommender; its field `training` holds the preset's defaults for `train`
  function cmml.cmml(catalogue, options)
    local opt = args.check("cmml", options, rules)
    args.check("cmml", { catalogue = catalogue }, { catalogue = "cmml.Catalogue" })
    local chosen = cmml.preset_options("cmml", opt, known, "user")
    local self = build(catalogue, chosen, cmml.nn.init(opt.seed))
    self.fresh = { seed = opt.seed }
    return self
  end

  -- The vectors of rows: item fields, once for each item where several tasks may speak of it, then
  -- the user's, which are the same for a whole task.
  local function vectors(self, user, items, segments)
    local places
    if #segments > 1 then
      items, places = core.distinct(items)
    end
    local item = self.module:embed_fields("item", self.catalogue.item_bags, items)
    local base, parts = self.module.base, { item and { item, places } }
    if base and base.vectors then
      parts[#parts + 1] = { base.vectors:gather_rows(items), places }
    end
    if user then
      parts[#parts + 1] = { user, segments:groups() }
    end
    return cmml.joined(parts)
  end

  --- The contexts of tasks, from one forward pass over their supports.
  -- @tparam table support segments, items (Ids), labels [rows] of all tasks, one behind the other
  -- @tparam table users bags (of the user fields) and rows (Ids, one a task)
  -- @treturn table the state for `score_rows`
  function Contextual:adapt_rows(support, users)
    local network = self.module
    local user = network:embed_fields("user", users.bags, users.rows)
    local base, segments = network.base, support.segments
    if not base then
      local x = network.encoder_detach
        and cmml.no_grad(vectors, self, user, support.items, segments)
        or vectors(self, user, support.items, segments)
      return { user = user, context = network:context(x, support.labels, segments) }
    end
    local x = vectors(self, user, support.items, segments)
    local left, own_left = base:left_over(support)
    local context = network:context(x, own_left, segments)
    local rest = left - network:score(x, context, segments)
    return { user = user, context = context, weights = base:solve(support.items, rest, segments) }
  end

  --- Scores of rows under those contexts.
  -- @tparam table state what `adapt_rows` gave
  -- @tparam Ids items a row of the catalogue for each score
  -- @tparam Segments segments which rows belong to which task
  -- @treturn Tensor [rows]
  function Contextual:score_rows(state, items, segments)
    local x = vectors(self, state.user, items, segments)
    local scores, base = self.module:score(x, state.context, segments), self.module.base
    return base and scores + base(items, state.weights, segments) or scores
  end

  --- What comes before the first step of a training: a base starts from the ratings of the training
  -- users. A model that was trained or loaded stays as it is.
  -- @tparam table data ratings (grouped by user) and train (list of user rows)
  function Contextual:prepare(data)
    if self.fresh and self.module.base then
      self.module.base:start(self.catalogue, data.ratings, data.train, self.fresh.seed)
    end
    self.fresh = nil
  end

  local rounding = 0.1 -- errors well above it count as they are

  --- What training minimises: the mean over tasks of the squared error of their query (CMML eq. 5),
  -- or of sqrt(error^2 + 0.01).
  -- @tparam table batch as Tasks:batches gives it
  -- @treturn Tensor a single number
  function Contextual:loss(batch)
    local state = self:adapt_rows(batch.support, batch.users)
    local scores = self:score_rows(state, batch.query.items, batch.query.segments)
    if self.options.loss ~= "absolute" then
      return core.task_mse(scores, batch.query.labels, batch.query.segments)
    end
    local errors = (core.square(scores - batch.query.labels) + rounding ^ 2):sqrt()
    return core.segment_mean(errors, batch.query.segments):mean()
  end

  --- What a model file keeps.
  -- @treturn table list of {name, tensor}
  function Contextual:tensors()
    return self.module:named_parameters()
  end

  --- The recommender of a model file. Its sizes are not trusted: a parameter is made only if the
  -- file holds one of its shape, so that memory is in proportion to the file.
  -- @tparam Catalogue catalogue
  -- @tparam table options any option of `cmml` but seed
  -- @tparam table tensors list of {name, tensor}
  -- @treturn Recommender
  function Contextual.restore(catalogue, options, tensors)
    args.check("model options", options, known, 1)
    local init, values = cmml.stored_init(tensors)
    local self = build(catalogue, options, init)
    self.module:load_parameters(values)
    return self
  end
end
