-- The encoder of sequences one behind another: against itself on prefixes and on single sequences,
-- and against the same network assembled of padded layers. Known answers are in the golden cases.
require "spec.support.close"
local cmml = require "cmml"
local refused = require("spec.support.refused").with_pattern
local core, double, nn = cmml.core, cmml.double, cmml.nn

local lengths = { 4, 0, 1, 6, 3 }
local rows = 14

local function encoder_of(c, options)
  local all = { width = 6, heads = 2, layers = 2, inner = 10, length = 6, init = c.nn.init(3) }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  local encoder = c.sequence_encoder(all)
  -- wider than initial values are, so that every part of it counts
  local k = 0
  for _, tensor in encoder:parameters() do
    k = k + 1
    c.no_grad(function()
      tensor:copy_(c.normal(tensor.shape, tensor.ndim == 1 and 0.5 or 0, 0.5,
        { seed = 5, stream = k }))
    end)
  end
  return encoder
end

local function drawn(c, n, width, stream)
  return c.normal({ n, width }, 0, 1, { seed = 1, stream = stream })
end

-- The encoder by padded layers.
local function padded(c, encoder, e, segments, features)
  local h = e:pad_segments(segments)
  local batch, time, bias = h.shape[1], h.shape[2], nil
  if features then
    local g = encoder.feature_map(features):pad_segments(segments)
    bias = (g:matmul(g:transpose()) * encoder.feature_scale):reshape { batch, 1, time, time }
  end
  h = encoder.input_norm(h + encoder.position.weight:slice(1, 1, time))
  for l = 1, 2 do
    local layer = encoder.layer:at(l)
    local s = layer.attention_norm(h + layer.attention(h, segments, bias))
    h = layer.ffn_norm(s + layer.ffn:at(2)(layer.ffn:at(1)(s):gelu()))
  end
  local ids = {}
  for b, n in ipairs(segments:totable()) do
    for t = 1, n do
      ids[#ids + 1] = (b - 1) * time + t
    end
  end
  return h:reshape({ batch * time, e.shape[2] }):gather_rows(c.core.ids(ids))
end

local function near(a, b, tolerance, what)
  assert.is_true((a - b):abs():max():item() <= tolerance, what)
end

describe("the encoder of sequences", function()
  it("has parameters of the names of its parts, from a narrow normal distribution", function()
    local encoder = cmml.sequence_encoder { features = 30, init = nn.init(1) }
    local of = {}
    for name, tensor in encoder:parameters() do
      of[name] = tensor
    end
    for name, shape in pairs { ["position.weight"] = "50 64", ["input_norm.weight"] = "64",
      ["layer.1.attention.query.weight"] = "64 64", ["layer.0.attention.out.bias"] = "64",
      ["layer.1.attention_norm.bias"] = "64", ["layer.0.ffn.0.weight"] = "256 64",
      ["layer.1.ffn.1.weight"] = "64 256", ["layer.0.ffn_norm.weight"] = "64",
      ["feature_map.weight"] = "64 30" } do
      assert.equal(shape, table.concat(of[name].shape, " "), name)
    end
    -- as the digest of MML counts them, and the map
    assert.equal(103296 + 30 * 64 + 64, encoder:count())
    for name, tensor in pairs(of) do
      if name:find "bias$" then
        assert.equal(0, tensor:abs():max():item(), name)
      elseif name:find "norm" then
        assert.equal(0, (tensor - 1):abs():max():item(), name)
      else
        assert.near(0.02, math.sqrt(tensor:square():mean():item()), 0.001, name)
        assert.near(0, tensor:mean():item(), 0.002, name)
      end
    end
    assert.are_not.equal(of["layer.0.ffn.0.weight"]:tobytes(), of["layer.1.ffn.0.weight"]:tobytes())
  end)

  it("gives a prefix what it gives the whole there", function()
    local encoder = encoder_of(double)
    local e = drawn(double, 6, 6, 1)
    local whole = encoder(e, double.core.segments { 6 })
    for n = 1, 5 do
      near(whole:slice(1, 1, n), encoder(e:slice(1, 1, n), double.core.segments { n }), 1e-13)
    end
  end)

  it("gives each of a batch what it gives alone", function()
    local encoder = encoder_of(cmml, { features = 3, feature_scale = 0.5 })
    local e, features = drawn(cmml, rows, 6, 1), drawn(cmml, rows, 3, 2)
    local all = encoder(e, core.segments(lengths), { features = features })
    local first = 1
    for _, n in ipairs(lengths) do
      local last = first + n - 1
      local one = encoder(e:slice(1, first, last), core.segments { n },
        { features = features:slice(1, first, last) })
      assert.same(all:slice(1, first, last):totable(), one:totable())
      first = last + 1
    end
  end)

  it("is the network of padded layers, and so are its gradients", function()
    for _, features in ipairs { false, true } do
      local encoder = encoder_of(double, features and { features = 3, feature_scale = 0.5 } or {})
      local segments = double.core.segments(lengths)
      local e, f = drawn(double, rows, 6, 1):track(), features and drawn(double, rows, 3, 2):track()
      local h = encoder(e, segments, { features = f or nil })
      local expected = padded(double, encoder, e, segments, f)
      near(h, expected, 1e-12)
      local given = { e, f or nil }
      for _, tensor in encoder:parameters() do
        given[#given + 1] = tensor
      end
      local probe = drawn(double, rows, 6, 3)
      local wanted = double.grad((expected * probe):sum(), given)
      for i, gradient in ipairs(double.grad((h * probe):sum(), given)) do
        near(gradient, wanted[i], 1e-11 * (1 + wanted[i]:abs():max():item()), "gradient " .. i)
      end
    end
  end)

  it("lets the first rows of a padded sequence be keys alone, where it is told", function()
    local encoder = encoder_of(double)
    local e = drawn(double, 12, 6, 1)
    local h, more = encoder(e, double.core.segments { 6, 6 },
      { lengths = double.core.segments { 4, 6 }, hidden = true })
    local short = encoder(e:slice(1, 1, 4), double.core.segments { 4 })
    near(h:slice(1, 1, 4), short, 1e-13)
    assert.equal(3, #more)
    assert.equal(h:tobytes(), more[3]:tobytes())
    assert.is_nil(select(2, encoder(e, double.core.segments { 6, 6 })))
    near(more[1], encoder.input_norm(e + double.concat({ encoder.position.weight,
      encoder.position.weight }, 1)), 1e-13)
  end)

  it("drops as its key says, at each place by a mask of its own", function()
    local encoder = encoder_of(cmml, { layers = 3 })
    local segments, e = core.segments(lengths), drawn(cmml, rows, 6, 1)
    local masks = {}
    local function run(key)
      local seen = {}
      local through = { linear = function(name, layer, x)
        seen[name] = x
        return layer(x)
      end }
      local h = encoder(e, segments, { key = key, through = through })
      masks = {}
      for l = 0, 2 do
        local x = seen[("layer.%d.attention.query"):format(l)]
        masks[l] = x:totable()
      end
      return h:tobytes()
    end
    local one = run { seed = 1, epoch = 2, task = 3 }
    local zeros = 0
    for _, row in ipairs(masks[0]) do
      for _, value in ipairs(row) do
        zeros = zeros + (value == 0 and 1 or 0)
      end
    end
    assert.near(0.5, zeros / (rows * 6), 0.2) -- of 84; a mask that is wrong in form is far off
    assert.equal(one, run { seed = 1, epoch = 2, task = 3 })
    for _, other in ipairs { { seed = 2, epoch = 2, task = 3 }, { seed = 1, epoch = 3, task = 3 },
      { seed = 1, epoch = 2, task = 4 } } do
      assert.are_not.equal(one, run(other))
    end
    assert.equal(encoder(e, segments):tobytes(), encoder_of(cmml, { layers = 3, dropout = 0 })(e,
      segments, { key = { seed = 1 } }):tobytes())
  end)

  it("has masks of three places a layer and one of the input", function()
    local count, keys = 0, {}
    local function recorded(name, at)
      local original = core[name]
      core[name] = function(...)
        local seed = select(at, ...)
        assert.is_nil(keys[seed])
        count, keys[seed] = count + 1, true
        return original(...)
      end
      return function()
        core[name] = original
      end
    end
    local undo, undo_other = recorded("dropout", 3), recorded("segment_attention", 11)
    local ok, why = pcall(function()
      encoder_of(cmml)(drawn(cmml, rows, 6, 1), core.segments(lengths), { key = { seed = 1 } })
    end)
    undo()
    undo_other()
    assert.is_true(ok, why)
    assert.equal(7, count)
  end)

  it("goes through functions that are given for its layers", function()
    local encoder = encoder_of(cmml, { features = 3 })
    local segments, e, f = core.segments(lengths), drawn(cmml, rows, 6, 1), drawn(cmml, rows, 3, 2)
    local named, expected = {}, {}
    local through = {}
    for _, kind in ipairs { "linear", "norm" } do
      through[kind] = function(name, layer, x)
        named[name] = true
        return layer(x)
      end
    end
    function through.position(name, table_, x, places)
      named[name] = true
      return x + table_.weight:gather_rows(places)
    end
    for name in encoder:parameters() do
      expected[name:match "^(.*)%.[a-z]+$"] = true
    end
    local plain = encoder(e, segments, { features = f, key = { seed = 1 } })
    local other = encoder(e, segments, { features = f, key = { seed = 1 }, through = through })
    near(other, plain, 2e-6)
    assert.same(expected, named)
  end)

  it("runs where there is nothing", function()
    local encoder = encoder_of(cmml)
    for _, list in ipairs { {}, { 0, 0 } } do
      local h = encoder(core.full({ 0, 6 }, 0), core.segments(list), { key = { seed = 1 } })
      assert.same({ 0, 6 }, h.shape)
    end
    encoder = encoder_of(cmml, { layers = 0 })
    assert.same({ 1, 6 }, encoder(core.full({ 1, 6 }, 1), core.segments { 1 }).shape)
  end)

  it("refuses what does not fit", function()
    local encoder, e = encoder_of(cmml), drawn(cmml, 7, 6, 1)
    refused("sequence of 7 rows, but there are 6 positions: give the last ones", encoder, e,
      core.segments { 7 })
    refused("segments", encoder, e, { 7 })
    refused("e is %[7, 5%]", encoder, drawn(cmml, 7, 5, 1), core.segments { 4, 3 })
    refused("SequenceEncoder: e", encoder, 1, core.segments { 1 })
    refused("segments has 5 rows, but e is %[7, 6%]", encoder, e, core.segments { 5 })
    refused("features were given, but the encoder was made without", encoder, e,
      core.segments { 4, 3 }, { features = e })
    refused("features are missing", encoder_of(cmml, { features = 2 }), e, core.segments { 4, 3 })
    refused("through.*dense", encoder, e, core.segments { 4, 3 },
      { through = { dense = function() end } })
    refused("seeds", encoder, e, core.segments { 4, 3 }, { key = { seeds = 1 } })
    refused("width 6 cannot be split among 4 heads", cmml.sequence_encoder,
      { width = 6, heads = 4 })
    refused("dropout must be .* below 1", cmml.sequence_encoder, { dropout = 1 })
    refused("deviation", nn.normal_init, nil, "wide")
  end)
end)
