-- Components that fail: the error says which one, wherever it comes up.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text

local function with(kind, constructor, f)
  cmml.register_component(kind, "faulty", constructor)
  local ok, message = pcall(f)
  cmml[kind .. "s"].faulty = nil
  assert(ok, message)
end

-- A module whose forward is that.
local function module(forward, fields)
  local class = cmml.nn.class "Faulty"
  class.forward = forward
  local self = class.new()
  for key, value in pairs(fields or {}) do
    self[key] = value
  end
  return self
end

local function network(changes)
  local options = { dim = 3, label = "binary", encoder_widths = { 4 }, backbone = { 2, 3 },
    hyper = { 3, 2 } }
  for key, value in pairs(changes) do
    options[key] = value
  end
  return cmml.network(options)
end

describe("a component that fails", function()
  local data = people.data(cmml, { users = 20, items = 8, rated = 5 })

  local function train(kind)
    local options = people.small(1)
    options[kind] = "faulty"
    cmml.train(cmml.cmml(data.catalogue, options), data, people.training { epochs = 1 })
  end

  it("in its constructor is named, a built-in one too", function()
    for _, kind in ipairs { "encoder", "hybrid", "modulation" } do
      with(kind, function()
        error "out of order"
      end, function()
        refused(("network: the constructor of the %s faulty: "):format(kind), network,
          { [kind] = "faulty" })
        refused("component_errors_spec.lua", network, { [kind] = "faulty" })
        refused("out of order", train, kind)
      end)
    end
    refused("network: the constructor of the modulation film: modulations.film: 3 hyper widths for "
      .. "2 backbone layers", network, { hyper = { 3, 2, 4 } })
    refused("network: the constructor of the encoder gru: encoders.gru: widths must "
      .. "contain the width",
      network, { encoder = "gru", encoder_widths = {} })
    refused("network: the constructor of the modulation soft: modulations.soft: unknown option "
      .. "module; did you mean modules?", network, { modulation = "soft",
      modulation_options = { module = 2 } })
  end)

  it("to register what it learns is refused", function()
    local function forward() end
    local function linear()
      return cmml.nn.linear { inp = 3, out = 1 }
    end
    for _, kind in ipairs { "encoder", "hybrid", "modulation" } do
      with(kind, function()
        return module(forward, { z = linear(), l = linear(), out = 3 })
      end, function()
        refused(("network: the constructor of the %s faulty: its field l is a module that is not "
          .. 'registered; use self:register("l", ..)'):format(kind), network, { [kind] = "faulty" })
      end)
      with(kind, function()
        return module(forward, { w = cmml.parameter(cmml.ones { 2 }), out = 3 })
      end, function()
        refused("its field w is a parameter that is not registered", network, { [kind] = "faulty" })
      end)
    end
    with("modulation", function() -- what is registered may be there under another name, too
      local self = module(forward, { constant = cmml.tensor { 1, 2 } })
      self.first = self:register("layers", cmml.nn.list { linear() }):at(1)
      self.same = self:register("w", cmml.tensor { 1, 2 })
      return self
    end, function()
      assert.equal("faulty", network { modulation = "faulty" }.names.modulation)
    end)
  end)

  it("in its constructor with an error that is no text passes that on", function()
    local problem = setmetatable({}, { __tostring = function()
      return "a problem"
    end })
    with("encoder", function()
      error(problem)
    end, function()
      local ok, found = pcall(network, { encoder = "faulty" })
      assert.is_false(ok)
      assert.equal(problem, found)
    end)
  end)

  it("by another shape in training is named with both shapes", function()
    with("encoder", function(opt)
      return module(function(_, _, segments)
        return cmml.zeros { #segments, opt.out + 1 }
      end)
    end, function()
      refused("the encoder faulty gave one of shape 13x13, but a tensor of shape 13x12 was "
        .. "expected", train, "encoder")
    end)
    with("hybrid", function(opt)
      return module(function(_, x)
        return x:slice(1, 1, 2)
      end, { out = opt.width })
    end, function()
      refused("the hybrid faulty gave one of shape 2x12, but a tensor of shape ", train, "hybrid")
    end)
    with("modulation", function()
      return module(function(_, x)
        return x:sum()
      end)
    end, function()
      refused("the modulation faulty gave one of shape , but a tensor of shape ", train,
        "modulation")
    end)
  end)

  it("by numbers that are not finite ends a training with the best weights so far", function()
    with("modulation", function(opt)
      local self = module(function(self, x)
        return self.layer(cmml.written_out(x)):sum(2) / 0
      end)
      self:register("layer", cmml.nn.linear { inp = opt.inp, out = 2, init = opt.init })
      return self
    end, function()
      local options = people.small(1)
      options.modulation = "faulty"
      local model = cmml.cmml(data.catalogue, options)
      local before = people.bits(model)
      local result = cmml.train(model, data, people.training { epochs = 1 })
      assert.equal("diverged", result.stopped)
      assert.equal(before, people.bits(model))
    end)
  end)

  it("by its name: a second component of the name of a first is refused", function()
    local function none()
      return nil
    end
    with("hybrid", none, function()
      refused("register_component: the hybrid faulty is registered already",
        cmml.register_component, "hybrid", "faulty", none)
      assert.equal(none, cmml.hybrids.faulty)
      assert.is_nil(cmml.encoders.faulty) -- a name belongs to its kind
    end)
  end)

  it("by being unknown to a model file is named when that is loaded", function()
    local path = os.tmpname()
    with("modulation", function(opt)
      local self = module(function(self, x)
        return self.layer(x):sum(2)
      end)
      self:register("layer", cmml.nn.linear { inp = opt.inp, out = 2, init = opt.init })
      return self
    end, function()
      local options = people.small(1)
      options.modulation = "faulty"
      assert(cmml.cmml(data.catalogue, options):save(path))
      assert(cmml.load(path))
    end)
    local model, message = cmml.load(path)
    os.remove(path)
    assert.is_nil(model)
    assert.truthy(message:find('modulation "faulty" is not known; known: film, linear', 1, true),
      message)
  end)
end)
