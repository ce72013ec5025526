-- Encoders, hybrids and modulations: derivatives of all, what is refused, and components that a
-- user wrote.
require "spec.support.close"
local args = require "cmml.base.args"
local cmml = require "cmml"
local finite = require "spec.support.finite"
local people = require "spec.support.people"
local ref = require "spec.support.ref"
local refused = require("spec.support.refused").with_pattern

local double = cmml.double

local tiny = { dim = 3, label = "binary", encoder_widths = { 3 }, encoder_detach = false,
  backbone = { 2, 3 }, hyper = { 3, 2 }, activation = "tanh" }

local function network(c, changes)
  local options = { init = c.nn.init(5) }
  for _, t in ipairs { tiny, changes } do
    for key, value in pairs(t) do
      options[key] = value
    end
  end
  return c.network(options)
end

local labels, lengths, query = { 1, 0, 0, 1, 1 }, { 3, 0, 2 }, { 1, 2, 1 }

-- Scores of three tasks, of which one has no support, for vectors of support and query.
local function scores(c, net, support, rows)
  local context = net:context(support, c.tensor(labels), c.segments(lengths))
  return (net:score(rows, context, c.segments(query)))
end

local function vectors(c, rows, seed)
  return c.uniform({ rows, 3 }, -1, 1, { seed = seed })
end

-- Derivatives by the vectors and by every parameter.
local function check(options)
  local net = network(double, options)
  local points = { ref.of(vectors(double, 5, 1)), ref.of(vectors(double, 4, 2)) }
  local names = {}
  for name, tensor in net:parameters() do
    names[#names + 1], points[#points + 1] = name, ref.of(tensor)
  end
  local function loss(tensors)
    local values = {}
    for i, name in ipairs(names) do
      values[name] = tensors[i + 2]
    end
    return scores(double, double.nn.functional(net, values), tensors[1], tensors[2]):square():sum()
  end
  for order = 1, 2 do
    local fault = finite.fault(double.core, loss, points, order, 1e-6)
    assert(not fault, fault)
  end
end

describe("the derivatives of", function()
  for kind, registry in pairs { encoder = cmml.encoders, hybrid = cmml.hybrids,
    modulation = cmml.modulations } do
    for _, name in ipairs(args.keys(registry)) do
      it(("the %s %s are those of its values"):format(kind, name), function()
        check { [kind] = name }
      end)
    end
  end

  it("routes over targets are those of its values", function()
    check { modulation = "soft", modulation_options = { over = "targets", modules = 3 } }
  end)
end)

describe("an encoder", function()
  for _, name in ipairs(args.keys(cmml.encoders)) do
    it("gives a task without support the context zero: " .. name, function()
      local net = network(cmml, { encoder = name })
      local segments = cmml.segments(lengths)
      local context = net:context(vectors(cmml, 5, 1), cmml.tensor(labels), segments)
      assert.same({ 0, 0, 0 }, context:totable()[2])
      assert.equal(name ~= "none", context:abs():sum():item() > 0)
      local none = net:context(cmml.zeros { 0, 3 }, cmml.zeros { 0 }, cmml.segments { 0, 0 })
      assert.same({ { 0, 0, 0 }, { 0, 0, 0 } }, none:totable())
    end)
  end

  it("that pools does not see the order of the support, one of steps does", function()
    local x, turned = vectors(double, 5, 1), double.ids { 3, 2, 1, 5, 4 }
    for _, name in ipairs(args.keys(cmml.encoders)) do
      local net = network(double, { encoder = name })
      local segments = double.segments(lengths)
      local one = net:context(x, double.tensor(labels), segments)
      local other = net:context(x:gather_rows(turned), double.tensor(labels):gather_rows(turned),
        segments)
      local change = (one - other):abs():max():item()
      assert.equal(name == "gru", change > 1e-9, name)
    end
  end)
end)

describe("the routes of soft modularisation", function()
  it("sum to 1 over the modules they come from, or over those they lead to", function()
    for over, dim in pairs { sources = 2, targets = 3 } do
      local net = network(double, { modulation = "soft",
        modulation_options = { over = over, modules = 3 } })
      local context = double.zeros { 3, 3 }
      local _, parts = net:score(vectors(double, 4, 2), context, double.segments(query),
        { parts = true })
      assert.near_tensor(ref.of(double.ones { 4, 3 }), parts.route[1]:sum(dim), 1e-12)
      assert.near_tensor(ref.of(double.ones { 4 }), parts.route[2]:sum(2), 1e-12)
    end
  end)
end)

describe("components", function()
  local function made(forward, fields)
    return function()
      local class = cmml.nn.class "Made"
      class.forward = forward
      local self = class.new()
      for key, value in pairs(fields or {}) do
        self[key] = value
      end
      return self
    end
  end

  local function with(kind, constructor, f)
    cmml.register_component(kind, "made", constructor)
    local ok, message = pcall(f)
    cmml[kind .. "s"].made = nil
    assert(ok, message)
  end

  local function run(kind)
    local net = network(cmml, { [kind] = "made" })
    return scores(cmml, net, vectors(cmml, 5, 1), vectors(cmml, 4, 2))
  end

  it("are found by one name each", function()
    refused("the encoder mean is registered already", cmml.register_component, "encoder", "mean",
      print)
    refused('kind "head" is not known; known: encoder, hybrid, modulation', cmml.register_component,
      "head", "x", print)
    refused("the name must be a text, not nil", cmml.register_component, "hybrid", nil, print)
    refused("must be a function, not table", cmml.register_component, "hybrid", "x", {})
    refused('encoder "meen" is not known; did you mean mean', network, cmml,
      { encoder = "meen" })
    refused('modulation "none such" is not known; did you mean none', network, cmml,
      { modulation = "none such" })
  end)

  it("that give another shape are named with both shapes", function()
    with("encoder", made(function()
      return cmml.zeros { 3, 4 }
    end), function()
      refused("the encoder made gave one of shape 3x4, but a tensor of shape 3x3 was", run,
        "encoder")
    end)
    with("hybrid", made(function(_, x)
      return x:sum()
    end, { out = 3 }), function()
      refused("the hybrid made gave one of shape , but a tensor of shape 4x3 was", run, "hybrid")
    end)
    with("modulation", made(function(_, x)
      return x
    end), function()
      refused("the modulation made gave one of shape 4x3, but a tensor of shape 4 was", run,
        "modulation")
    end)
    with("modulation", made(function() end), function()
      refused("the modulation made gave nil, but", run, "modulation")
    end)
  end)

  it("that are no modules, or hybrids without a width, are refused", function()
    with("encoder", function() end, function()
      refused("constructor of the encoder made gave nil, not a module", run, "encoder")
    end)
    with("encoder", cmml.nn.class("Made").new, function()
      refused("the encoder made has no method forward", run, "encoder")
    end)
    refused("component: sizes must be a table, not nil", cmml.component, "encoder", "mean")
    with("hybrid", made(print), function()
      refused("the hybrid made must have a field out", run, "hybrid")
    end)
  end)

  it("that give a joined matrix are read like others", function()
    with("encoder", made(function(_, _, segments)
      return cmml.joined { { cmml.ones { #segments, 3 } } }
    end), function()
      local found = run "encoder"
      assert.same({ 4 }, found.shape)
      assert.is_true(found:isfinite())
    end)
  end)

  it("may not name parameters as the network does", function()
    with("modulation", function(opt)
      local self = made(print)()
      self:register("encoder", cmml.nn.mlp { widths = { 1, 1 } })
      self.encoder:register("mlp", cmml.nn.mlp { widths = { opt.inp, 1 } })
      return self
    end, function()
      refused("has a parameter encoder.mlp.0.weight already", run, "modulation")
    end)
  end)

  it("take options of their own alone, and sizes that are some", function()
    refused("encoder_options: widths is given by the network", network, cmml,
      { encoder_options = { widths = { 4 } } })
    for _, hidden in ipairs { { 0 }, { -4 }, { 1.5 }, { "4" } } do
      refused("hybrids.generator: hidden entry 1 must be a", network, cmml,
        { hybrid = "generator", hybrid_options = { hidden = hidden } })
    end
    for _, dim in ipairs { 0, -3 } do
      refused("dim must be at least 1, but is %-?%d", network, cmml, { dim = dim })
    end
    refused("backbone must be a list without gaps", network, cmml, { backbone = { 2, nil, 3 } })
    refused("hyper must be a list without gaps, but has the key x", network, cmml,
      { hyper = { 3, 2, x = 1 } })
    assert.equal("integer", math.type(network(cmml, { dim = 3.0 }).dim))
  end)

  it("of a user are trained, saved and loaded like others, with their options", function()
    local path = os.tmpname()
    with("modulation", function(opt)
      local class = cmml.nn.class "Shift"
      function class:forward(x, condition)
        return (self.layer(x) + self.shift(condition)):sum(2)
      end
      local self = class.new()
      self:register("layer", cmml.nn.linear { inp = opt.inp, out = opt.size, init = opt.init })
      self:register("shift", cmml.nn.linear { inp = opt.cond, out = opt.size, init = opt.init })
      return self
    end, function()
      local data = people.data(cmml, { users = 20, items = 8, rated = 5 })
      local model = cmml.cmml(data.catalogue, { preset = "published-code", modulation = "made",
        width = 2,
        modulation_options = { size = 3 } })
      assert.same({ 3, 2 * #model.catalogue.schema.item + 2 * #model.catalogue.schema.user },
        model.module.modulation.layer.weight.shape)
      model:save(path)
      local loaded = assert(cmml.load(path))
      local item = model.catalogue.items:text(1)
      assert.same(model:adapt({ { item, 4 } }):predict { item },
        loaded:adapt({ { item, 4 } }):predict { item })
    end)
    os.remove(path)
  end)
end)
