--- CMML's network: field embeddings, context encoder, hybrid context generator and modulation head
-- (Feng et al., CIKM 2021).
--
-- @module cmml
local declare = require("cmml.base.options").declare
local plain = require "cmml.base.plain"
local known = require "cmml.network.network_options"
local args = require "cmml.base.args"
local raise = args.error
local supports = require "cmml.network.supports"

local of_score = declare("Network:score", {
  (require "cmml.network.score_options").parts,
})

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

  -- All fields, and the width of x.
  local function all_fields(opt)
    local fields = {}
    table.move(opt.item_fields, 1, #opt.item_fields, 1, fields)
    table.move(opt.user_fields, 1, #opt.user_fields, #fields + 1, fields)
    if #fields == 0 and not opt.beside and not opt.dim then
      raise(("network: %s and %s are both empty: rows have no features; give fields, or dim if the "
        .. "vectors are given"):format(args.option "item_fields", args.option "user_fields"), 3)
    elseif (#fields > 0 or opt.beside) and opt.dim then
      raise("network: fields and dim are both given: with fields, dim is their number times width",
        3)
    end
    return fields, opt.dim or (opt.beside or 0) + #fields * opt.width
  end

  -- A component, and its name for messages.
  local function add(self, opt, kind, sizes)
    sizes.init = opt.init
    self.names[kind] = opt[kind]
    return self:register(kind, cmml.component(kind, opt[kind], sizes, opt[kind .. "_options"]),
      kind == "modulation")
  end

  -- Sets the initial biases of parts of the network (the first words of their names).
  local function start_biases(self, starts)
    for part, value in pairs(starts) do
      if type(part) ~= "string" or math.type(value) == nil or value - value ~= 0 then
        raise(("network: bias_start must give finite numbers by part, such as {hyper = 0.1}, not "
          .. "%s = %s"):format(tostring(part), plain.tostring(value)), 3)
      end
      local found = false
      for name, tensor in self:parameters() do
        if name:match "^[^.]+" == part and name:match "%.bias$" then
          found = true
          cmml.no_grad(tensor.copy_, tensor, core.full(tensor.shape, value))
        end
      end
      if not found then
        raise(("network: bias_start: there are no biases %s.[..].bias (hyper and backbone of film, "
          .. "sigmoid and linear have such, encoder of all)"):format(part), 3)
      end
    end
  end

  --- CMML's network: from rows x to scores, modulated by the contexts of tasks.
  --
  -- With `item_fields` or `user_fields`, x are the vectors of fields, with `beside` more of them on
  -- the right; without fields, `dim` is its width. Defaults are the published code's sizes.
  -- @tparam table options
  -- @treturn Network with embed_fields, context and score
  function cmml.network(options)
    local opt = known:check(options)
    local fields, dim = all_fields(opt)
    if opt.label == "rating" and not opt.encoder_negatives then
      raise(("network: %s needs %s: ratings have no negatives"):format(
        args.option("encoder_negatives", false), args.option("label", "binary")), 2)
    end
    opt.init = opt.init or nn.init(0)
    local self = Network.new()
    self.fields = { item = names_of(opt.item_fields), user = names_of(opt.user_fields) }
    self.dim, self.encoder_detach, self.names = dim, opt.encoder_detach, {}
    self.encoder_negatives, self.context_shrink = opt.encoder_negatives, opt.context_shrink
    if #fields > 0 then
      self:register("embedding", cmml.nn.field_embedding { fields = fields, width = opt.width,
        init = opt.init })
    end
    if opt.label == "rating" then
      self:register("label", nn.mlp { widths = { 1, opt.label_hidden, opt.label_hidden },
        init = opt.init })
    end
    add(self, opt, "encoder", { inp = self.dim + (self.label and opt.label_hidden or 2),
      out = self.dim, widths = opt.encoder_widths })
    add(self, opt, "hybrid", { width = self.dim })
    if math.type(self.hybrid.out) ~= "integer" then
      raise(("network: the hybrid %s must have a field out, the width of its result"):format(
        opt.hybrid), 2)
    end
    add(self, opt, "modulation", { inp = self.dim, cond = self.hybrid.out,
      backbone = opt.backbone, hyper = opt.hyper, activation = opt.activation })
    start_biases(self, opt.bias_start or {})
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

  local function shape_of(x)
    if cmml.is_joined(x) then
      return x:shape()
    end
    return cmml.is_tensor(x) and x.shape or nil
  end

  -- What a component gave, or an error unless it has this shape.
  local function checked(self, kind, value, rows, width)
    local got, wanted = shape_of(value), width and { rows, width } or { rows }
    if not got or #got ~= #wanted or got[1] ~= rows or got[2] ~= width then
      raise(("the %s %s gave %s, but a tensor of shape %s was expected"):format(kind,
        self.names[kind], got and "one of shape " .. table.concat(got, "x") or type(value),
        table.concat(wanted, "x")), 0)
    end
    return value
  end

  -- The part of the encoder's samples that labels make, for each of these values.
  local function label_vectors(self, values)
    local column = values:reshape { -1, 1 }
    if self.label then
      return self.label(column)
    end
    local positive = core.gt(column, 0)
    return core.concat { positive, 1 - positive }
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
    if not self.encoder_negatives then
      parts, labels, segments = supports.positives(core, parts, labels, segments)
    end
    local places
    if not labels.tracked then -- labels take few values: each is embedded once
      labels, places = core.distinct(labels)
    end
    parts[#parts + 1] = { label_vectors(self, labels), places }
    local samples = for_component(self.encoder, cmml.joined(parts))
    local context = cmml.written_out(self.encoder(samples, segments))
    checked(self, "encoder", context, #segments, self.dim)
    return supports.shrunk(core, context, segments, self.context_shrink)
  end

  --- What the first layer of the modulation makes of rows, as far as no context has a part in it.
  -- @tparam Tensor|Joined x [rows, dim]
  -- @treturn ?Tensor values [rows, width] before an activation; nil where the modulation does not
  -- tell of such a layer (see its method `first`)
  function Network:first_map(x)
    local first = self.modulation.first and self.modulation:first()
    if first then
      return core.linear(cmml.written_out(x), first.weight, first.bias)
    end
  end

  --- Scores of query rows.
  -- @tparam Tensor|Joined x [rows, dim]
  -- @tparam Tensor context [tasks, dim]
  -- @tparam Segments segments which rows belong to which task
  -- @tparam[opt] table options
  -- @treturn Tensor [rows]
  -- @treturn ?table condition, and those of the modulation (hyper or route, backbone)
  function Network:score(x, context, segments, options)
    local opt = of_score:check(options)
    local condition
    if self.hybrid.reads_joined then
      condition = self.hybrid(as_joined(x), context, segments:groups())
    else
      condition = self.hybrid(cmml.written_out(x), core.segment_expand(context, segments))
    end
    checked(self, "hybrid", condition, segments:rows(), self.hybrid.out)
    local parts = opt.parts and { condition = cmml.written_out(condition) } or nil
    local scores = self.modulation(for_component(self.modulation, x),
      for_component(self.modulation, condition), parts)
    return checked(self, "modulation", scores, segments:rows()), parts
  end
end
