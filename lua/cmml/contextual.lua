--- CMML behind the interface of recommenders (user setting: ratings, learnt content features).
--
-- @module cmml
local args = require "cmml.args"

return function(cmml)
  local core = cmml.core
  local Contextual = cmml.recommender_class("cmml", "CMML")

  local known = { width = "integer?", encoder = "string?", encoder_widths = "table?",
    encoder_detach = "boolean?", label_hidden = "integer?", hybrid = "string?",
    modulation = "string?", backbone = "table?", hyper = "table?", activation = "string?",
    encoder_options = "table?", hybrid_options = "table?", modulation_options = "table?",
    bias_start = "table?", preset = { "string", "published-code" } }
  local rules = { seed = { "integer", 1 } }
  for key, rule in pairs(known) do
    rules[key] = rule
  end

  local function build(catalogue, options, init)
    local network = { item_fields = catalogue:fields "item", user_fields = catalogue:fields "user",
      init = init }
    for key, value in pairs(options) do
      network[key] = value
    end
    network.preset = nil
    local preset = cmml.presets[options.preset]
    local self = setmetatable({ catalogue = catalogue, options = options,
      training = preset and preset.training }, Contextual)
    self.module = cmml.network(network)
    return self
  end

  --- A CMML recommender with fresh weights.
  -- @tparam Catalogue catalogue
  -- @tparam[opt] table options preset (default "published-code") and, over it, any option of
  -- `network` (width, encoder, hybrid, modulation, backbone, hyper, ..), and seed of the initial
  -- weights (default 1). Where a component is another than the preset's, the preset's options of
  -- that component do not count
  -- @treturn Recommender; its field `training` holds the preset's defaults for `train`
  function cmml.cmml(catalogue, options)
    local opt = args.check("cmml", options, rules)
    args.check("cmml", { catalogue = catalogue }, { catalogue = "cmml.Catalogue" })
    local chosen = cmml.preset_options("cmml", opt, known, "user")
    return build(catalogue, chosen, cmml.nn.init(opt.seed))
  end

  -- The vectors of rows: item fields, once for each item where several tasks may speak of it, then
  -- the user's, which are the same for a whole task.
  local function vectors(self, user, items, segments)
    local places
    if #segments > 1 then
      items, places = core.distinct(items)
    end
    local item = self.module:embed_fields("item", self.catalogue.item_bags, items)
    local parts = { item and { item, places } }
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
    local x
    if network.encoder_detach then
      x = cmml.no_grad(vectors, self, user, support.items, support.segments)
    else
      x = vectors(self, user, support.items, support.segments)
    end
    return { user = user, context = network:context(x, support.labels, support.segments) }
  end

  --- Scores of rows under those contexts.
  -- @tparam table state what `adapt_rows` gave
  -- @tparam Ids items a row of the catalogue for each score
  -- @tparam Segments segments which rows belong to which task
  -- @treturn Tensor [rows]
  function Contextual:score_rows(state, items, segments)
    local x = vectors(self, state.user, items, segments)
    return (self.module:score(x, state.context, segments))
  end

  --- What training minimises: the mean over tasks of the squared error of their query (CMML eq. 5).
  -- @tparam table batch as Tasks:batches gives it
  -- @treturn Tensor a single number
  function Contextual:loss(batch)
    local state = self:adapt_rows(batch.support, batch.users)
    local scores = self:score_rows(state, batch.query.items, batch.query.segments)
    return core.task_mse(scores, batch.query.labels, batch.query.segments)
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
