-- The layers of sequence models. The ops under them are in ops_spec.lua, and against known answers
-- in the golden cases; here is what the layers add.
require "spec.support.close"
local cmml = require "cmml"
local ref = require "spec.support.ref"
local refused = require("spec.support.refused").with_pattern

local nn = cmml.nn

local function names_of(module)
  local names = {}
  for name in module:parameters() do
    names[#names + 1] = name
  end
  return table.concat(names, " ")
end

describe("layer_norm", function()
  it("starts as mean 0 and variance 1 of every row, and scales and shifts by its own", function()
    local layer = nn.layer_norm { width = 4, eps = 0 }
    assert.equal("weight bias", names_of(layer))
    local x = cmml.tensor { { 1, 3, 1, 3 }, { -10, -10, 30, 30 } }
    local unit = ref.new({ 2, 4 }, { -1, 1, -1, 1, -1, -1, 1, 1 })
    assert.near_tensor(unit, layer(x), 1e-6)
    layer:load_parameters { weight = cmml.tensor { 1, 2, 3, 4 }, bias = cmml.full({ 4 }, 10) }
    assert.near_tensor(ref.new({ 2, 4 }, { 9, 12, 7, 14, 9, 8, 13, 14 }), layer(x), 1e-5)
  end)

  it("keeps a row without variance finite by eps", function()
    local layer = nn.layer_norm { width = 3 }
    local x = cmml.full({ 2, 3 }, 7):track()
    assert.near_tensor(ref.new({ 2, 3 }, { 0, 0, 0, 0, 0, 0 }), layer(x), 1e-6)
    assert.is_true(cmml.grad((layer(x) * x):sum(), x):isfinite())
    refused("nn.layer_norm: eps must be at least 0, but is %-1", nn.layer_norm,
      { width = 3, eps = -1 })
    refused("layer_norm: eps must be 0 or more, not %-1", cmml.layer_norm, x, layer.weight,
      layer.bias, -1)
    refused("layer_norm: option width is missing", nn.layer_norm)
  end)

  it("loses no digits far from 0", function()
    local x = cmml.tensor { { 4096, 4097, 4098, 4099 } }
    local expected = {}
    for i, d in ipairs { -1.5, -0.5, 0.5, 1.5 } do
      expected[i] = d / math.sqrt(1.25)
    end
    assert.near_tensor(ref.new({ 1, 4 }, expected), nn.layer_norm { width = 4, eps = 0 }(x), 1e-6)
  end)
end)

-- A padded batch of two rows of 3 and 1 steps; what lies behind them must not be read.
local function padded(behind)
  return cmml.tensor { 1, -1, 0.5, 2, -0.25, 1, 3, 0.5, behind, behind, behind, behind }
    :reshape { 2, 3, 2 }, cmml.segments { 3, 1 }
end

local function flat_gradients(module, loss)
  local bytes = {}
  for i, g in ipairs(cmml.grad(loss, { module.weight_ih, module.weight_hh, module.bias_ih,
    module.bias_hh })) do
    assert.is_true(g:isfinite())
    bytes[i] = g:tobytes()
  end
  return table.concat(bytes)
end

for name, gates in pairs { gru = 3, lstm = 4 } do
  describe(name, function()
    it("has weights from U(-1/sqrt(hidden), 1/sqrt(hidden))", function()
      local layer = nn[name] { inp = 5, hidden = 16, init = nn.init(4) }
      assert.equal("weight_ih weight_hh bias_ih bias_hh", names_of(layer))
      assert.same({ gates * 16, 5 }, layer.weight_ih.shape)
      assert.same({ gates * 16, 16 }, layer.weight_hh.shape)
      local most = 0
      for _, parameter in layer:parameters() do
        for _, value in ipairs(parameter:reshape({ -1 }):totable()) do
          most = math.max(most, math.abs(value))
        end
      end
      assert.is_true(most <= 0.25 and most > 0.24)
      refused(name .. ": option hidden is missing", nn[name], { inp = 2 })
    end)

    it("reads nothing behind the lengths, and gives zeros there", function()
      local layer = nn[name] { inp = 2, hidden = 3, init = nn.init(1) }
      local clean, lengths = padded(0)
      local h = layer(clean, lengths)
      assert.same({ 2, 3, 3 }, h.shape)
      for t = 2, 3 do
        assert.same({ 0, 0, 0 }, h:totable()[2][t])
      end
      local gradients = flat_gradients(layer, h:square():sum())
      for _, behind in ipairs { 0 / 0, math.huge, 1e30 } do
        local other = layer((padded(behind)), lengths)
        assert.equal(h:tobytes(), other:tobytes())
        assert.equal(gradients, flat_gradients(layer, other:square():sum()))
      end
    end)

    it("gives the last valid state, which carries a sequence on", function()
      local layer = nn[name] { inp = 2, hidden = 3, init = nn.init(2) }
      local x, lengths = padded(0)
      local h, c = layer:last(x, lengths)
      local rows = layer(x, lengths):totable()
      assert.same({ rows[1][3], rows[2][1] }, h:totable())
      local whole = cmml.concat({ x, x }, 2)
      local state = layer:last(x)
      if name == "lstm" then
        state = cmml.concat { layer:last(x) }
        assert.same({ 2, 3 }, c.shape)
      end
      assert.near_tensor(ref.of((layer:last(whole))), (layer:last(x, nil, state)), 1e-6)
    end)
  end)
end

describe("padding", function()
  it("of ragged rows gives each segment a row of the batch", function()
    local x = cmml.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } }
    local segments = cmml.segments { 1, 0, 2 }
    assert.same({ { { 1, 2 }, { 0, 0 } }, { { 0, 0 }, { 0, 0 } }, { { 3, 4 }, { 5, 6 } } },
      x:pad_segments(segments):totable())
    assert.same({ { 1, 2 }, { 0, 0 }, { 5, 6 } },
      x:pad_segments(segments):last_step(segments):totable())
  end)

  it("that would be too large is refused before memory is taken", function()
    local lengths = { 70000 }
    for k = 2, 70000 do
      lengths[k] = 0
    end
    for _, width in ipairs { 1, 0 } do
      refused("pad_segments: .*more than 2147483647 elements", cmml.pad_segments,
        cmml.zeros { 70000, width }, cmml.segments(lengths))
    end
  end)
end)

describe("attention", function()
  local function layer_of(causal)
    return nn.attention { width = 4, heads = 2, causal = causal, init = nn.init(6) }
  end

  local function random(shape)
    return cmml.normal(shape, 0, 1, { seed = 8 })
  end

  it("has four linear maps, and heads that divide the width", function()
    assert.equal("query.weight query.bias key.weight key.bias value.weight value.bias out.weight "
      .. "out.bias", names_of(layer_of()))
    refused("attention: width 4 cannot be split among 3 heads", nn.attention,
      { width = 4, heads = 3 })
    refused("heads must be at least 1, but is 0", nn.attention, { width = 4, heads = 0 })
  end)

  it("gives weights that add up to 1, and 0 to keys that may not be seen", function()
    local layer, x = layer_of(true), random { 2, 3, 4 }
    local weights = layer:weights(x, cmml.segments { 3, 1 })
    assert.near_tensor(ref.of(cmml.ones { 2, 2, 3 }), weights:sum(-1), 1e-6)
    local list = weights:totable()
    for h = 1, 2 do
      assert.same({ 1, 0, 0 }, list[1][h][1])
      assert.equal(0, list[1][h][2][3])
      assert.same({ 1, 0, 0 }, list[2][h][3])
    end
  end)

  it("does not let what comes later change what comes before", function()
    local layer, x = layer_of(true), random { 1, 3, 4 }
    local changed = cmml.concat({ x:slice(2, 1, 2), x:slice(2, 3, 3) * 5 }, 2)
    local before, after = layer(x), layer(changed)
    assert.equal(before:slice(2, 1, 2):clone():tobytes(), after:slice(2, 1, 2):clone():tobytes())
    assert.not_equal(before:tobytes(), after:tobytes())
    assert.not_equal(layer_of(false)(x):slice(2, 1, 2):clone():tobytes(),
      layer_of(false)(changed):slice(2, 1, 2):clone():tobytes())
  end)

  it("adds a bias to the logits", function()
    local layer, x = layer_of(false), random { 1, 3, 4 }
    local far = cmml.tensor { 0, -1e4, -1e4 }
    assert.same({ 1, 0, 0 }, layer:weights(x, nil, far):totable()[1][2][3])
    assert.near_tensor(ref.of(layer.out(layer.value(x):slice(2, 1, 1)):expand { 1, 3, 4 }),
      layer(x, nil, far), 1e-6)
  end)

  it("stays finite for large logits", function()
    for _, core in ipairs { cmml, cmml.double } do
      local x = core.tensor({ 1000, 999, -1000, 500 }):reshape { 1, 2, 2 }:clone():track()
      local y = x:masked_softmax(true)
      assert.near_tensor(ref.new({ 1, 2, 2 }, { 1, 0, 0, 1 }), y, 0)
      assert.is_true(core.grad((y * x):sum(), x):isfinite())
    end
  end)
end)

describe("dropout", function()
  local x = cmml.ones { 100, 100 }

  it("is active under a key alone, and keeps the mean", function()
    local layer = nn.dropout { rate = 0.25 }
    assert.equal(x, layer(x))
    local y = layer(x, { seed = 3, epoch = 1 })
    local share = 1 - y:mean():item() * 0.75
    assert.is_true(math.abs(share - 0.25) < 0.02)
    assert.is_true(math.abs(y:square():mean():item() - 1 / 0.75) < 0.04)
    assert.equal(y:tobytes(), layer(x, { seed = 3, epoch = 1 }):tobytes())
    assert.equal(x:tobytes(), nn.dropout { rate = 0 }(x, {}):tobytes())
  end)

  it("has other masks under another key, and in another place", function()
    local key = { seed = 1, epoch = 2, task = 3 }
    local y = nn.dropout { rate = 0.5 }(x, key):tobytes()
    for name in pairs(key) do
      local other = { seed = 1, epoch = 2, task = 3 }
      other[name] = 9
      assert.not_equal(y, nn.dropout { rate = 0.5 }(x, other):tobytes())
    end
    assert.not_equal(y, nn.dropout { rate = 0.5, place = 1 }(x, key):tobytes())
  end)

  it("passes the gradient of what is kept", function()
    local leaf = cmml.ones({ 5, 5 }):track()
    local y = nn.dropout { rate = 0.5 }(leaf, { seed = 4 })
    assert.equal(y:tobytes(), cmml.grad(y:sum(), leaf):tobytes())
  end)

  it("refuses what is no rate and no key", function()
    refused("nn.dropout: rate must be at least 0 and below 1, but is 1", nn.dropout, { rate = 1 })
    refused("dropout: key: unknown option sed; did you mean seed", nn.dropout { rate = 0.5 }, x,
      { sed = 1 })
  end)
end)
