--- CMML's network: field embeddings, context encoder, hybrid context generator and modulation head
-- (Feng et al., CIKM 2021; user setting).
--
-- @module cmml
local args = require "cmml.args"

return function(cmml)
  local nn, core = cmml.nn, cmml.core
  local Network = nn.class "cmml.Network"

  local function names_of(fields)
    local names = {}
    for i, field in ipairs(fields) do
      names[i] = field.name
    end
    return names
  end

  local function part(registry, name, what)
    local constructor = registry[name]
    if not constructor then
      args.one_of("network: " .. what, name, args.keys(registry), 4)
    end
    return constructor
  end

  -- A layer of no width would pass nothing on, in silence.
  local function check_sizes(opt)
    local sizes = { width = { opt.width }, label_hidden = { opt.label_hidden },
      encoder_widths = opt.encoder_widths, backbone = opt.backbone, hyper = opt.hyper }
    for _, name in ipairs { "width", "label_hidden", "encoder_widths", "backbone", "hyper" } do
      for _, size in ipairs(sizes[name]) do
        if math.type(size) ~= "integer" or size < 1 then
          error(("network: %s must be whole numbers of at least 1, not %s"):format(name,
            type(size) == "string" and ("%q"):format(size) or tostring(size)), 3)
        end
      end
    end
    if #opt.backbone == 0 then
      error("network: backbone must have a layer: it is what the context modulates", 3)
    end
  end

  --- A network for rating prediction from content features.
  -- @tparam table options item_fields and user_fields (lists of {name, size, multi}), width (of a
  -- field's vector), encoder, encoder_widths, encoder_detach (the encoder sees the embeddings as
  -- constants), label_hidden (the rating enters the encoder through an MLP 1 -> h -> h), hybrid,
  -- modulation, backbone and hyper (widths), activation, init. Defaults: the published code's
  -- sizes.
  -- @treturn Network with embed_fields, context and score
  function cmml.network(options)
    local opt = args.check("network", options, {
      item_fields = "table", user_fields = "table", width = { "integer", 32 },
      encoder = { "string", "mean" }, encoder_widths = { "table", { 64 } },
      encoder_detach = { "boolean", true }, label_hidden = { "integer", 64 },
      hybrid = { "string", "dot" }, modulation = { "string", "film" },
      backbone = { "table", { 64, 64 } }, hyper = { "table", { 256, 256 } },
      activation = { "string", "leaky_relu" }, init = "table?",
    })
    local init = opt.init or nn.init(0)
    local fields = {}
    table.move(opt.item_fields, 1, #opt.item_fields, 1, fields)
    table.move(opt.user_fields, 1, #opt.user_fields, #fields + 1, fields)
    if #fields == 0 then
      error("network: item_fields and user_fields are both empty: nothing tells rows apart", 2)
    end
    check_sizes(opt)
    local dim = #fields * opt.width
    local self = Network.new()
    self.fields = { item = names_of(opt.item_fields), user = names_of(opt.user_fields) }
    self.dim, self.encoder_detach = dim, opt.encoder_detach
    self:register("embedding", cmml.field_embedding { fields = fields, width = opt.width,
      init = init })
    self:register("label", nn.mlp { widths = { 1, opt.label_hidden, opt.label_hidden },
      init = init })
    self:register("encoder", part(cmml.encoders, opt.encoder, "encoder") {
      inp = dim + opt.label_hidden, out = dim, widths = opt.encoder_widths, init = init })
    self:register("hybrid", part(cmml.hybrids, opt.hybrid, "hybrid") { width = dim, init = init })
    self:register("modulation", part(cmml.modulations, opt.modulation, "modulation") {
      inp = dim, cond = self.hybrid.out, backbone = opt.backbone, hyper = opt.hyper,
      activation = opt.activation, init = init }, true)
    return self
  end

  --- The joined vectors of one side's fields.
  -- @tparam string side "item" or "user"
  -- @tparam table bags one {ids, segments} for each field of the side, in order
  -- @tparam ?Ids rows which rows of the bags, in order; nil for all
  -- @treturn ?Tensor [rows, width * fields]; nil if the side has no fields
  function Network:embed_fields(side, bags, rows)
    if #self.fields[side] == 0 then
      return nil
    end
    return self.embedding(self.fields[side], bags, rows)
  end

  -- What a component gets: joined matrices where it reads them, else tensors.
  local function for_component(component, x)
    return component.reads_joined and x or cmml.written_out(x)
  end

  local function as_joined(x)
    return cmml.is_joined(x) and x or cmml.joined { { x } }
  end

  --- The contexts of tasks.
  -- @tparam Tensor|Joined x [rows, dim], a row for every support interaction
  -- @tparam Tensor labels [rows]
  -- @tparam Segments segments one a task; an empty one gives the context zero
  -- @treturn Tensor [tasks, dim]
  function Network:context(x, labels, segments)
    local parts = {}
    for i, piece in ipairs(as_joined(x).parts) do
      parts[i] = { self.encoder_detach and piece[1]:detach() or piece[1], piece[2] }
    end
    local places
    if not labels.tracked then -- ratings take few values: each is embedded once
      labels, places = core.distinct(labels)
    end
    parts[#parts + 1] = { self.label(labels:reshape { -1, 1 }), places }
    return self.encoder(for_component(self.encoder, cmml.joined(parts)), segments)
  end

  --- Scores of query rows.
  -- @tparam Tensor|Joined x [rows, dim]
  -- @tparam Tensor context [tasks, dim]
  -- @tparam Segments segments which rows belong to which task
  -- @tparam[opt] table options parts = true returns what was computed on the way, too
  -- @treturn Tensor [rows]
  -- @treturn ?table condition, hyper, backbone
  function Network:score(x, context, segments, options)
    local opt = args.check("score", options, { parts = { "boolean", false } })
    local condition
    if self.hybrid.reads_joined then
      condition = self.hybrid(as_joined(x), context, segments:groups())
    else
      condition = self.hybrid(cmml.written_out(x), core.segment_expand(context, segments))
    end
    local parts = opt.parts and { condition = cmml.written_out(condition) } or nil
    return self.modulation(for_component(self.modulation, x),
      for_component(self.modulation, condition), parts), parts
  end
end
