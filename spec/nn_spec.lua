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

describe("linear", function()
  it("is activation(x weight^T + bias)", function()
    local layer = nn.linear { inp = 2, out = 3, activation = "relu" }
    layer:load_parameters {
      weight = cmml.tensor { { 1, 2 }, { -1, 0 }, { 0, 0.5 } },
      bias = cmml.tensor { 0.5, 0, -1 },
    }
    local x = cmml.tensor { { 1, 2 }, { -1, 0 } }
    assert.same({ { 5.5, 0, 0 }, { 0, 1, 0 } }, layer(x):totable())
    assert.equal(9, layer:count())
    assert.equal("weight bias", names_of(layer))
    assert.equal("[cmml.Linear, 9 parameters]", tostring(layer))
  end)

  it("is its bias alone, finite at the start, where nothing comes in", function()
    local layer = nn.linear { inp = 0, out = 3 }
    assert.is_true(layer.bias:isfinite())
    assert.same({ layer.bias:totable() }, layer(cmml.zeros { 1, 0 }):totable())
  end)

  it("can do without a bias", function()
    local layer = nn.linear { inp = 2, out = 3, bias = false }
    assert.equal("weight", names_of(layer))
    assert.same({ { 0, 0, 0 } }, layer(cmml.zeros { 1, 2 }):totable())
  end)

  it("starts within 1/sqrt(inp), from the stream that it is given", function()
    local a = nn.linear { inp = 16, out = 50, init = nn.init(1) }
    local largest, bound = 0, 1 / 4
    for _, row in ipairs(a.weight:totable()) do
      for _, w in ipairs(row) do
        largest = math.max(largest, math.abs(w))
      end
    end
    assert.is_true(largest <= bound and largest > 0.95 * bound)
    local again = nn.linear { inp = 16, out = 50, init = nn.init(1) }
    assert.equal(a.weight:tobytes() .. a.bias:tobytes(),
      again.weight:tobytes() .. again.bias:tobytes())
    local other = nn.linear { inp = 16, out = 50, init = nn.init(2) }
    assert.not_equal(a.weight:tobytes(), other.weight:tobytes())
    local init = nn.init(1)
    local first, second = init.uniform({ 4 }, 1), init.uniform({ 4 }, 1)
    assert.not_equal(first:tobytes(), second:tobytes())
  end)

  it("refuses wrong options, and says what it knows", function()
    refused("linear: unknown option input; did you mean", nn.linear, { input = 2, out = 1 })
    refused("linear: option out is missing", nn.linear, { inp = 2 })
    refused("linear: option inp must be an? integer", nn.linear, { inp = 2.5, out = 1 })
    refused("nn.linear: activation \"swish\" is not known; known: identity, relu", nn.linear,
      { inp = 1, out = 1, activation = "swish" })
    refused("linear: x 1x3 does not fit weight 1x2", nn.linear { inp = 2, out = 1 },
      cmml.ones { 1, 3 })
  end)
end)

describe("mlp", function()
  it("is linear layers with an activation between them", function()
    local mlp = nn.mlp { widths = { 3, 4, 2 }, activation = "tanh", init = nn.init(5) }
    assert.equal("0.weight 0.bias 1.weight 1.bias", names_of(mlp))
    assert.equal(3 * 4 + 4 + 4 * 2 + 2, mlp:count())
    local x = cmml.tensor { { 1, -2, 0.5 } }
    local p = {}
    for name, tensor in mlp:parameters() do
      p[name] = tensor
    end
    local hidden = (x:matmul(p["0.weight"]:transpose()) + p["0.bias"]):tanh()
    local expected = hidden:matmul(p["1.weight"]:transpose()) + p["1.bias"]
    assert.near_tensor(ref.of(expected), mlp(x), 1e-6)
  end)

  it("refuses fewer than two sizes", function()
    refused("nn.mlp: widths must be at least two sizes, not 1", nn.mlp, { widths = { 3 } })
  end)

  it("describes itself", function()
    local text = nn.mlp({ widths = { 3, 4 } }):describe()
    assert.matches("0%.weight +4x3\n0%.bias +4\nparameters +16$", text)
  end)
end)

describe("embedding", function()
  it("averages the rows of each bag, unknown ids left out", function()
    local layer = nn.embedding { size = 3, width = 2 }
    layer:load_parameters { weight = cmml.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } } }
    assert.same({ { 3, 4 }, { 0, 0 } }, layer(cmml.ids { 2, 0 }):totable())
    assert.same({ { 3, 4 }, { 0, 0 }, { 5, 6 } },
      layer(cmml.ids { 1, 0, 3, 3 }, cmml.segments { 3, 0, 1 }):totable())
    assert.same({ { 5, 6 }, { 5, 6 } },
      layer(cmml.ids { 1, 3 }, cmml.segments { 1, 1 }, cmml.ids { 2, 2 }):totable())
  end)

  it("adds the rows of each bag up where its mode is sum", function()
    local layer = nn.embedding { size = 3, width = 2, mode = "sum" }
    layer:load_parameters { weight = cmml.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } } }
    assert.same({ { 6, 8 }, { 0, 0 }, { 10, 12 } },
      layer(cmml.ids { 1, 0, 3, 3, 3 }, cmml.segments { 3, 0, 2 }):totable())
    refused('nn.embedding: mode "max" is not known; known: mean, sum', nn.embedding,
      { size = 3, width = 2, mode = "max" })
  end)

  it("of fields passes the mode on to each", function()
    local fields = { { name = "genre", size = 3, multi = true }, { name = "year", size = 2 } }
    local bags = { { ids = cmml.ids { 1, 3 }, segments = cmml.segments { 2 } },
      { ids = cmml.ids { 2 } } }
    for mode, genre in pairs { mean = { 3, 4 }, sum = { 6, 8 } } do
      local layer = cmml.nn.field_embedding { fields = fields, width = 2, mode = mode }
      layer:load_parameters { ["genre.weight"] = cmml.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } },
        ["year.weight"] = cmml.tensor { { 7, 8 }, { 9, 10 } } }
      assert.same({ { genre[1], genre[2], 9, 10 } }, layer({ "genre", "year" }, bags):totable())
    end
  end)

  it("starts from N(0, 1), or evenly within 1/sqrt(size)", function()
    local normal = nn.embedding { size = 100, width = 50, init = nn.init(3) }
    local variance = normal.weight:square():mean():item()
    assert.is_true(math.abs(variance - 1) < 0.1)
    local uniform = nn.embedding { size = 100, width = 50, normal = false }
    variance = uniform.weight:square():mean():item()
    assert.is_true(math.abs(variance - 0.01 / 3) < 0.0004)
  end)
end)

-- A module as a user writes one.
local Scale = nn.class "my.Scale"

local function scale(inner)
  local self = Scale.new()
  self:register("factor", cmml.tensor { 2 })
  self:register("inner", inner)
  return self
end

function Scale:forward(x)
  return self.inner(x) * self.factor
end

describe("a module", function()
  it("of a user's own joins parameters in a fixed order", function()
    local module = scale(nn.mlp { widths = { 2, 3, 1 } })
    assert.equal("factor inner.0.weight inner.0.bias inner.1.weight inner.1.bias",
      names_of(module))
    for _, tensor in module:parameters() do
      assert.is_true(tensor.tracked)
    end
    assert.equal("[my.Scale, 14 parameters]", tostring(module))
    refused("has a inner already", module.register, module, "inner", cmml.ones { 1 })
    refused("other must be a tensor or a module, not number", module.register, module, "other", 1)
  end)

  it("loads parameters by name, and refuses missing ones and other shapes", function()
    local layer = nn.linear { inp = 2, out = 1 }
    local weight, bias = cmml.tensor { { 1, 2 } }, cmml.tensor { 3 }
    refused("load_parameters: a table of tensors by name was expected, not nil",
      layer.load_parameters, layer)
    refused("load_parameters: bias is missing", layer.load_parameters, layer, { weight = weight })
    refused("load_parameters: bias has shape 1x1, but 1 was expected", layer.load_parameters,
      layer, { weight = weight, bias = cmml.ones { 1, 1 } })
    layer:load_parameters { weight = weight, bias = bias }
    assert.same({ { 1, 2 } }, layer.weight:totable())
    assert.is_true(layer.weight.tracked)
    weight:copy_(cmml.zeros { 1, 2 })
    assert.same({ { 1, 2 } }, layer.weight:totable()) -- a copy
  end)

  it("that holds itself is refused where its parameters are asked for", function()
    local one, other = nn.list {}, nn.list {}
    one:register("other", other)
    other:register("one", one)
    for _, f in ipairs { one.count, one.describe, tostring, cmml.optim.adam, cmml.nn.functional } do
      refused("modules are nested more than 1000 deep: does one contain itself?", f, one, {})
    end
    local deep = nn.linear { inp = 1, out = 1 }
    for _ = 1, 500 do
      deep = nn.list { deep }
    end
    assert.equal(2, deep:count())
  end)
end)

describe("functional", function()
  it("runs a module with other weights, and leaves the module alone", function()
    local module = scale(nn.linear { inp = 2, out = 1, bias = false })
    module:load_parameters { factor = cmml.tensor { 2 }, ["inner.weight"] =
      cmml.tensor { { 1, 1 } } }
    local x = cmml.tensor { { 3, 4 } }
    local other = cmml.nn.functional(module, { ["inner.weight"] = cmml.tensor { { 10, 0 } } })
    assert.same({ { 60 } }, other(x):totable())
    assert.same({ { 14 } }, module(x):totable())
    assert.equal(module.factor, other.factor) -- what is not given is shared
    refused("has no parameter weight", cmml.nn.functional, module, { weight = cmml.ones { 1, 2 } })
    refused("nn.functional: a table of tensors by name was expected, not nil", cmml.nn.functional,
      module)
    refused("nn.functional: inner.weight must be a tensor, not number", cmml.nn.functional, module,
      { ["inner.weight"] = 3 })
    refused("nn.functional: a module was expected, not number", cmml.nn.functional, 7, {})
  end)

  it("differentiates through weights that were themselves computed: an adapting step", function()
    local c = cmml.double
    local layer = c.nn.linear { inp = 1, out = 1, bias = false }
    local x = c.tensor { { 2 } }
    assert.is_true(cmml.gradcheck(function(_, weight)
      local inner = c.nn.functional(layer, { weight = weight })(x):square():sum()
      local step = c.grad(inner, weight, { create_graph = true })
      local adapted = weight - 0.1 * step
      return c.nn.functional(layer, { weight = adapted })(x):pow(3)
    end, { { { 0.75 } } }, { second = true }))
  end)

  it("start differently, each of them, when no stream of initial values is given", function()
    for _, make in ipairs { function()
      return cmml.nn.linear { inp = 3, out = 2 }.weight
    end, function()
      return cmml.nn.gru { inp = 3, hidden = 2 }.weight_ih
    end } do
      assert.not_same(make():totable(), make():totable())
    end
  end)
end)
