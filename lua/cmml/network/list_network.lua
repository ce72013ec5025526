--- The network of CMML for lists: from the support of a person to the person's vector, whose
-- products with the vectors of items order the whole catalogue.
--
-- Four parts: vectors of the items of a support, and of each a second one that counts by what the
-- person gave, where there are ratings; an encoder, which makes the context of them (see
-- network/encoder.lua); a tower of layers over the context, which a modulation changes by the
-- context (see network/modulation.lua); and another vector and a bias of each item.
--
-- @module cmml
local known = require("cmml.base.options").declare("list_network", {
  { name = "n_items", kind = "integer", from = 0, required = true, help = "number of items" },
  { name = "width", kind = "integer", from = 1, required = true,
    help = "width of the vectors of items and people" },
  { name = "reads_ratings", kind = "boolean", required = true,
    help = "whether items of a support have a second vector, which counts by the rating" },
  { name = "encoder", kind = "string", required = true, help = "context encoder" },
  { name = "encoder_widths", kind = "table", default = {},
    help = "widths of the encoder's hidden layers" },
  { name = "encoder_options", kind = "table", help = "options of the encoder's own" },
  { name = "modulation", kind = "string", required = true, help = "none, film or sigmoid" },
  { name = "modulation_options", kind = "table", help = "options of the modulation's own" },
  { name = "backbone", kind = "table", required = true,
    help = "widths of the tower's layers, which are modulated" },
  { name = "hyper", kind = "table", default = {}, help = "widths of the hypernetwork's layers" },
  { name = "activation", kind = "string", required = true,
    help = "activation of the tower's layers" },
  { name = "residual", kind = "boolean", required = true,
    help = "whether what a layer gives is added to what it reads" },
  { name = "dropout", kind = "number", from = 0, below = 1, required = true,
    help = "fraction of context and layers that is set to 0 in training" },
  (require "cmml.nn.init_option"),
})

-- Bound of the first values of item vectors: products of two rows of 256 are then far below 1.
local start = 0.1

return function(cmml, use)
  use "network.modulation"
  local nn, core = cmml.nn, cmml.core
  local ListNetwork = nn.class "cmml.ListNetwork"

  --- A network for lists with fresh weights.
  -- @tparam table options see below
  -- @treturn ListNetwork with vectors and scores; parameters taken, rated (with reads_ratings) and
  -- items [items, width], bias [items]; children encoder, tower, norm
  function cmml.list_network(options)
    local opt = known:check(options)
    opt.init = opt.init or nn.default_init
    local self, shape, width = ListNetwork.new(), { opt.n_items, opt.width }, opt.width
    self:register("taken", opt.init.uniform(shape, start))
    if opt.reads_ratings then
      self:register("rated", opt.init.uniform(shape, start))
    end
    self:register("encoder", cmml.component("encoder", opt.encoder, { inp = width, out = width,
      widths = opt.encoder_widths, init = opt.init }, opt.encoder_options))
    self.mask = nn.dropout { rate = opt.dropout }
    self:register("tower", cmml.component("modulation", opt.modulation, { inp = width,
      cond = width, backbone = opt.backbone, hyper = opt.hyper, activation = opt.activation,
      residual = opt.residual, dropout = opt.dropout,
      out = opt.backbone[#opt.backbone] ~= width and width or 0, init = opt.init },
      opt.modulation_options))
    self:register("norm", nn.layer_norm { width = width })
    self:register("items", opt.init.uniform(shape, start))
    self:register("bias", opt.init.uniform({ opt.n_items }, 0))
    return self
  end

  --- The vectors of people.
  -- @tparam Ids items of the supports
  -- @tparam ?Tensor signals [rows] what ratings say, around 0; read with reads_ratings
  -- @tparam Segments segments which rows belong to whom
  -- @tparam[opt] table key of dropout, in training
  -- @treturn Tensor [people, width]
  function ListNetwork:vectors(items, signals, segments, key)
    local samples = self.taken:gather_rows(items)
    if self.rated then
      samples = samples + self.rated:gather_rows(items) * signals:reshape { -1, 1 }
    end
    local context = cmml.written_out(self.encoder(samples, segments))
    return self.norm(self.tower(key and self.mask(context, key) or context, context, nil, key))
  end

  --- The scores of items for people.
  -- @tparam Tensor vectors [people, width]
  -- @tparam ?Ids items default: all
  -- @treturn Tensor [people, items]
  function ListNetwork:scores(vectors, items)
    if items then
      return core.linear(vectors, self.items:gather_rows(items), self.bias:gather_rows(items))
    end
    return core.linear(vectors, self.items, self.bias)
  end
end
