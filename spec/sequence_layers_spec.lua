-- The layers of sequence models. The ops under them are in ops_spec.lua, and against known answers
-- in the golden cases; here is what the layers add.
require "spec.support.close"
local cmml = require "cmml"
local ref = require "spec.support.ref"

local nn = cmml.nn

local function refused(pattern, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  assert.matches(pattern, message)
end

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
    refused("layer_norm: eps must be 0 or more, not %-1", nn.layer_norm { width = 3, eps = -1 }, x)
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
