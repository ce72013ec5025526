--- A transformer over sequences of items: SASRec (Kang and McAuley 2018) with norms behind the
-- sums, as MML has it (Pan et al., CIKM 2022):
--
--    h0 = drop(norm(e + position))
--    s = norm(h + drop(out(attention(query(h), key(h), value(h)))))
--    h = norm(s + drop(ffn1(gelu(ffn0(s)))))                           for each layer
--
-- Sequences lie one behind another, without padding, and Segments say how many rows each has. A row
-- sees itself and those before it. With features, scale * (g_q . g_k) is added to what attention
-- gives a key, g being a linear map of the features of a row: the same for all layers and heads.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local raise = args.error

local known = declare("sequence_encoder", {
  { name = "width", kind = "integer", from = 1, default = 64, help = "size of a row" },
  { name = "heads", kind = "integer", from = 1, default = 2,
    help = "number of heads, a divisor of width" },
  { name = "layers", kind = "integer", from = 0, default = 2, help = "number of layers" },
  { name = "inner", kind = "integer", from = 1, default = 256,
    help = "hidden units between the two maps of a layer" },
  { name = "length", kind = "integer", from = 1, default = 50,
    help = "number of positions: rows of the longest sequence" },
  { name = "dropout", kind = "number", from = 0, below = 1, default = 0.5,
    help = "fraction of the entries set to 0, where a key is given" },
  { name = "eps", kind = "number", from = 0, default = 1e-12,
    help = "added to the variance of every norm" },
  { name = "features", kind = "integer", from = 1, default_text = "no features",
    help = "columns of the features of a row that attention sees" },
  { name = "feature_scale", kind = "number", default = 1e-3,
    help = "factor of what features add" },
  (require "cmml.nn.init_option"),
})

local known_call = declare("SequenceEncoder:forward", {
  { name = "key", kind = "table", default_text = "nothing is dropped",
    help = "seed, epoch and task that masks of dropout are a function of" },
  { name = "features", kind = "any", default_text = "no features",
    help = "Tensor of a row for each row, where the encoder has a map of them" },
  { name = "lengths", kind = "any", default_text = "all rows",
    help = "Segments of how many rows of each sequence are keys: of padded ones the valid" },
  { name = "hidden", kind = "boolean", default = false,
    help = "whether what goes into the layers and comes out of each is given, too" },
  { name = "through", kind = "table", default_text = "the layers themselves",
    help = "functions linear, norm and position that rows go through, see forward" },
})

local known_key = declare("SequenceEncoder:forward, key", require "cmml.nn.key_options")

return function(cmml, use)
  use "nn.module"
  local core, nn = cmml.core, cmml.nn
  local classes = use "tensor.classes"
  local SequenceEncoder = nn.class "cmml.SequenceEncoder"
  local spread = 0x9E3779B97F4A7C15 -- 2^64 / golden ratio: far from any small seed

  local function layer_of(opt, init)
    local norm = { width = opt.width, eps = opt.eps }
    local layer = nn.list {}
    layer:register("attention", nn.attention { width = opt.width, heads = opt.heads, causal = true,
      init = init })
    layer:register("attention_norm", nn.layer_norm(norm))
    layer:register("ffn", nn.list { nn.linear { inp = opt.width, out = opt.inner, init = init },
      nn.linear { inp = opt.inner, out = opt.width, init = init } })
    layer:register("ffn_norm", nn.layer_norm(norm))
    return layer
  end

  --- An encoder of sequences with fresh weights: from N(0, 0.02^2), biases 0.
  -- @tparam table options
  -- @treturn SequenceEncoder of (e [rows, width], segments, options), see forward; children
  -- position (an embedding), input_norm, layer.0, .. with attention (query, key, value, out),
  -- attention_norm, ffn.0, ffn.1, ffn_norm; and feature_map where there are features
  -- @usage
  -- local encoder = cmml.sequence_encoder { width = 8, inner = 16, length = 4 }
  -- local items = cmml.normal({ 2, 8 }, 0, 1, { seed = 1 })
  -- local e = items:gather_rows(cmml.ids { 1, 2, 2, 1 }) -- of 1 2 2 and 1
  -- local h = encoder(e, cmml.segments { 3, 1 })
  -- assert(h.shape[1] == 4 and h.shape[2] == 8)
  function cmml.sequence_encoder(options)
    local opt = known:check(options)
    if opt.width % opt.heads ~= 0 then
      raise(("sequence_encoder: width %d cannot be split among %d heads"):format(opt.width,
        opt.heads), 2)
    end
    local init = nn.normal_init(opt.init, 0.02)
    local self = SequenceEncoder.new()
    self.heads, self.rate, self.feature_scale = opt.heads, opt.dropout, opt.feature_scale
    self:register("position", nn.embedding { size = opt.length, width = opt.width, init = init })
    self:register("input_norm", nn.layer_norm { width = opt.width, eps = opt.eps })
    local layers = {}
    for l = 1, opt.layers do
      layers[l] = layer_of(opt, init)
    end
    self:register("layer", nn.list(layers))
    if opt.features then
      self:register("feature_map", nn.linear { inp = opt.features, out = opt.width, init = init })
    end
    return self
  end

  -- What rows go through where nothing else is given.
  local plain = {}

  function plain.linear(_, layer, x)
    return layer(x)
  end

  function plain.norm(_, layer, x)
    return layer(x)
  end

  function plain.position(_, table_, e, places)
    return e + table_.weight:gather_rows(places)
  end

  local function completed(through)
    local own = through or plain
    return { linear = own.linear or plain.linear, norm = own.norm or plain.norm,
      position = own.position or plain.position }
  end

  -- What drops entries of x at a place of its own, and the options of dropout there for an op.
  local function dropping(rate, key)
    local opt = key and rate > 0 and known_key:check(key, 4, "SequenceEncoder: key")
    local function at(place)
      if opt then
        return rate, opt.seed + place * spread, opt.epoch, opt.task
      end
    end
    return at, function(x, place)
      return opt and core.dropout(x, at(place)) or x
    end
  end

  local function check(self, e, segments, opt)
    args.expect("SequenceEncoder: e", e, classes.tensor, 4)
    args.expect("SequenceEncoder: segments", segments, classes.segments, 4)
    local most, width = table.unpack(self.position.weight.shape)
    if e.ndim ~= 2 or e.shape[1] ~= segments:rows() or e.shape[2] ~= width then
      raise(("SequenceEncoder: segments has %d rows, but e is [%s]: it must be [rows, %d]"):format(
        segments:rows(), table.concat(e.shape, ", "), width), 4)
    end
    local longest = segments:longest()
    if longest > most then
      raise(("SequenceEncoder: segments has a sequence of %d rows, but there are %d positions: "
        .. "give the last ones (core.latest_rows)"):format(longest, most), 4)
    elseif opt.features ~= nil and not self.feature_map then
      raise("SequenceEncoder: features were given, but the encoder was made without", 4)
    elseif opt.features == nil and self.feature_map then
      raise("SequenceEncoder: features are missing: the encoder was made for some", 4)
    end
    for name in pairs(opt.through or {}) do
      args.one_of("SequenceEncoder: through", name, { "linear", "norm", "position" }, 4)
    end
  end

  -- The next rows, of a layer.
  local function run_layer(self, l, h, run)
    local layer, through, name = self.layer:at(l), run.through, ("layer.%d."):format(l - 1)
    local place = 3 * l -- of the last dropout; 0 is that of the input
    local function linear(path, own, x)
      return through.linear(name .. path, own, x)
    end
    local own = layer.attention
    local mixed = core.segment_attention(linear("attention.query", own.query, h),
      linear("attention.key", own.key, h), linear("attention.value", own.value, h), run.features,
      run.segments, self.heads, true, self.feature_scale, run.lengths, run.at(place - 2))
    local y = run.drop(linear("attention.out", own.out, mixed), place - 1)
    local s = through.norm(name .. "attention_norm", layer.attention_norm, h + y)
    y = linear("ffn.1", layer.ffn:at(2), linear("ffn.0", layer.ffn:at(1), s):gelu())
    return through.norm(name .. "ffn_norm", layer.ffn_norm, s + run.drop(y, place))
  end

  --- Runs the encoder. Whoever has other weights, such as some for each task, gives `through`, of
  -- which each function may be missing: linear(name, layer, x) is a linear layer, norm(name, layer,
  -- x) a layer norm, position(name, table, e, places) adds to row k of e what belongs to its place.
  -- A name is that of the layer's parameters, such as "layer.0.attention.query".
  -- @tparam Tensor e [rows, width] the vectors of the items
  -- @tparam Segments segments one for each sequence, of at most as many rows as there are positions
  -- @tparam[opt] table options
  -- @treturn Tensor [rows, width]
  -- @treturn ?table with `hidden`: list of what goes into the first layer and comes out of each
  function SequenceEncoder:forward(e, segments, options)
    local opt = known_call:check(options or {}, 2)
    check(self, e, segments, opt)
    local through = completed(opt.through)
    local run = { through = through, segments = segments, lengths = opt.lengths }
    run.at, run.drop = dropping(self.rate, opt.key)
    if opt.features then
      run.features = through.linear("feature_map", self.feature_map, opt.features)
    end
    local places = segments:places()
    local placed = through.position("position", self.position, e, places)
    local h = run.drop(through.norm("input_norm", self.input_norm, placed), 0)
    local hidden = { h }
    for l = 1, #self.layer.registered do
      h = run_layer(self, l, h, run)
      hidden[l + 1] = h
    end
    return h, opt.hidden and hidden or nil
  end
end
