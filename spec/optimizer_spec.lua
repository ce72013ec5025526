-- Optimisers of modules: groups of parameters, norms, and going on from a state.
require "spec.support.close"
local plain_tostring = require("cmml.base.plain").tostring
local cmml = require "cmml"
local ref = require "spec.support.ref"
local tables = require "spec.support.tables"
local refused = require("spec.support.refused").with_text
local core = cmml.core

local batches, bytes, descend, model = tables.batches, tables.bytes, tables.descend, tables.model

describe("groups of parameters", function()
  it("have settings of their own, by name, module and form", function()
    local net = model()
    local before = bytes(net)
    local optimizer = cmml.optim.sgd(net, { lr = 0, groups = {
      { parameters = "film", lr = 0.1 }, { parameters = { "*.bias", "out" }, lr = 0.2 } } })
    assert.same({ "film", "hidden.bias", "out.weight", "out.bias", "person", "hidden.weight" },
      optimizer.names)
    local gradients = cmml.grad(net(batches[1]):square():sum(), { film = net.film,
      bias = net.hidden.bias })
    local expected = { film = net.film:detach() - gradients.film * 0.1,
      bias = net.hidden.bias:detach() - gradients.bias * 0.2 }
    descend(net, optimizer, 0, 0)
    assert.near_tensor(ref.of(expected.film), net.film, 1e-6)
    assert.near_tensor(ref.of(expected.bias), net.hidden.bias, 1e-6)
    local after = bytes(net)
    assert.not_equal(before["out.weight"], after["out.weight"])
    assert.equal(before.person, after.person)
    assert.equal(before["hidden.weight"], after["hidden.weight"])
  end)

  it("take what they do not set from the common options", function()
    local common = { lr = 0.02, weight_decay = 0.1, clip = 0.3, eps = 1e-4, decoupled = true }
    local one, many = model(), model()
    descend(one, cmml.optim.adam(one, common), 1, 5)
    common.groups = { { parameters = "hidden" }, { parameters = "person", lr = 0.02 } }
    descend(many, cmml.optim.adam(many, common), 1, 5)
    assert.same(bytes(one), bytes(many))
  end)

  it("are refused where they are not clear", function()
    local function with(...)
      return pcall(cmml.optim.adam, model(), { groups = { ... } })
    end
    for text, groups in pairs {
      ["adam: group 2: no parameter is named hiden; did you mean hidden?"] =
        { { parameters = "film" }, { parameters = { "out", "hiden" } } },
      ["adam: group 1: no parameter is named hidden.; did you"] = { { parameters = "hidden." } },
      ["adam: group 1: no parameter is named *.wait; known: film, person"] =
        { { parameters = "*.wait" } },
      ["adam: group 1: no parameter is named fil.; did you"] = { { parameters = "fil." } },
      ["adam: parameter out.bias is in groups 1 and 2"] =
        { { parameters = "out" }, { parameters = "*.bias" } },
      ["adam: group 1 has no parameters"] = { { parameters = {} } },
      ["adam: group 1: parameters must be names, not number"] = { { parameters = { 7 } } },
      ["adam: group 1: option parameters is missing"] = { { lr = 1 } },
      ["adam: group 1: unknown option rate"] = { { parameters = "out", rate = 1 } },
      ["adam: group 1: unknown option clip_norm"] = { { parameters = "out", clip_norm = 1 } },
      ["adam: group 1: lr must be at least 0, but is -1"] =
        { { parameters = "out", lr = -1 } },
      ["adam: group 1: lr_factor must be at least 0, but is -1"] =
        { { parameters = "out", lr_factor = -1 } },
      ["adam: group 1: lr and lr_factor exclude each other"] =
        { { parameters = "out", lr_factor = 1, lr = 1 } },
      ["adam: group 1: a table of options was expected"] = { "out" },
    } do
      local ok, message = with(table.unpack(groups))
      assert.is_false(ok)
      assert.truthy(message:find(text, 1, true), message)
    end
    local _, message = with { parameters = "zz" }
    assert.matches("^optim.adam: group 1: no parameter is named zz; known: film, person, "
      .. "hidden.weight, hidden, hidden.bias, out.weight, out, out.bias$", message)
    refused("adam: groups must be a list of tables, {{parameters = ..}, ..}, without parameters",
      cmml.optim.adam, model(), { groups = { parameters = "out" } })
    refused("sgd: unknown option sparse", cmml.optim.sgd, model(), { sparse = true })
    refused("sgd: nesterov needs a momentum above 0", cmml.optim.sgd, model(), { nesterov = true })
    refused("sgd: momentum must be at least 0 and below 1, but is 1", cmml.optim.sgd, model(),
      { momentum = 1 })
    refused("sgd: a module was expected, not nil", cmml.optim.sgd)
    refused("adam: a module was expected, not table", cmml.optim.adam, { model().film })
  end)

  it("follow the rate by a factor, whatever it is and whenever it is set", function()
    for _, kind in ipairs { "adam", "sgd" } do
      local optimizer = cmml.optim[kind](model(), { lr = 0, groups = { { parameters = "out",
        lr_factor = 0.5 }, { parameters = "film" } } })
      for _, lr in ipairs { 0.1, 0, 0.01 } do
        optimizer:set_lr(lr)
        assert.same({ lr / 2, lr, lr }, { optimizer.groups[1].lr, optimizer.groups[2].lr,
          optimizer.groups[3].lr })
      end
    end
    assert.equal(0.2 * 0.1, cmml.optim.adam(model(), { lr = 0.1, groups = { { parameters = "out",
      lr_factor = 0.2 } } }).groups[1].lr)
  end)

  it("keep the ratio of their rates when the rate is set", function()
    local net = model()
    local optimizer = cmml.optim.adam(net, { lr = 0.1, groups = { { parameters = "out",
      lr = 0.3 } } })
    optimizer:set_lr(0.01)
    assert.truthy(math.abs(optimizer.groups[1].lr - 0.03) < 1e-15)
    assert.equal(0.01, optimizer.groups[2].lr)
    refused("set_lr: lr must be finite and not negative, not -1", optimizer.set_lr, optimizer, -1)
    refused("set_lr: lr must be finite and not negative, not nil", optimizer.set_lr, optimizer)
    assert.equal(0.01, optimizer.groups[2].lr)
    local frozen = cmml.optim.adam(model(), { lr = 0, groups = { { parameters = "out",
      lr = 0.3 } } })
    refused("the rate of group 1 has no ratio to the common rate, which is 0", frozen.set_lr,
      frozen, 1)
  end)
end)

describe("an optimiser", function()
  it("is made of a module", function()
    refused("adam: a module was expected, not nil", cmml.optim.adam)
    refused("sgd: a module was expected, not table", cmml.optim.sgd, { core.full({ 2 }, 1) })
  end)
end)

describe("clip_norm", function()
  it("scales the gradient of all parameters together down to a norm", function()
    for _, limit in ipairs { 1e-3, 0.1, 1e6 } do
      local net, plain = model(), model()
      local optimizer = cmml.optim.sgd(net, { lr = 1, clip_norm = limit })
      local before = bytes(plain)
      optimizer:backward(net(batches[1]):square():sum())
      local norm = optimizer:norm()
      optimizer:step()
      assert.equal(0, optimizer:norm())
      local sum = 0
      for name, tensor in net:parameters() do
        local old = core.from_bytes(tensor.shape, before[name])
        sum = sum + (tensor - old):square():sum():item()
      end
      assert.truthy(math.abs(math.sqrt(sum) / math.min(norm, limit) - 1) < 1e-3)
    end
    refused("adam: clip_norm must be above 0, but is 0", cmml.optim.adam, model(),
      { clip_norm = 0 })
  end)

  it("changes nothing where the norm is below it", function()
    local net, plain = model(), model()
    descend(net, cmml.optim.adam(net, { lr = 0.1, clip_norm = 1e6 }), 1, 4)
    descend(plain, cmml.optim.adam(plain, { lr = 0.1 }), 1, 4)
    assert.same(bytes(plain), bytes(net))
  end)

  it("refuses a gradient that is not finite by name, and changes nothing", function()
    for _, bad in ipairs { 0 / 0, 1 / 0, -1 / 0 } do
      local net = model()
      local optimizer = cmml.optim.adam(net, { clip_norm = 1 })
      descend(net, optimizer, 1, 2)
      local before = bytes(net)
      optimizer:backward(net(batches[1]):sum())
      optimizer.core:gradients()[4]:slice(1, 2, 2):copy_(core.tensor { bad })
      refused("adam: the gradient of hidden.bias is not finite: no step was taken",
        optimizer.step, optimizer)
      assert.same(before, bytes(net))
      assert.equal(2, optimizer.core:steps())
      optimizer:clear()
      descend(net, optimizer, 3, 3)
      assert.not_same(before, bytes(net))
    end
  end)
end)

describe("a gradient that is not a number", function()
  it("makes its parameter so and no other; infinite ones are clipped", function()
    for _, step in ipairs { "adam", "sgd" } do
      local x, y = core.tensor({ 1, 2 }):track(), core.tensor({ 3 }):track()
      local optimizer = core.optimizer { x, y }
      local first, second = table.unpack(optimizer:gradients())
      first:copy_(core.tensor { 0 / 0, 1 / 0 })
      second:copy_(core.tensor { 1 })
      optimizer[step](optimizer, { lr = 0.5, clip = 1 })
      local values = x:totable()
      assert.truthy(values[1] ~= values[1])
      assert.truthy(math.abs(values[2] - 1.5) < 1e-6)
      assert.truthy(math.abs(y:item() - 2.5) < 1e-6)
    end
  end)
end)

describe("an optimiser of a module", function()
  local kinds = {
    adam = { "adam", { lr = 0.1 } },
    ["adam with groups"] = { "adam", { lr = 0.1, clip_norm = 0.5, groups = {
      { parameters = { "film", "person" }, sparse = true, lr = 0.2 } } } },
    sgd = { "sgd", { lr = 0.1, weight_decay = 0.1 } },
    momentum = { "sgd", { lr = 0.1, momentum = 0.9 } },
    ["nesterov in a group"] = { "sgd", { lr = 0.1, groups = {
      { parameters = "hidden", momentum = 0.9, nesterov = true } } } },
  }
  for name, kind in pairs(kinds) do
    it("continues from its state bit for bit: " .. name, function()
      local whole = model()
      descend(whole, cmml.optim[kind[1]](whole, kind[2]), 1, 7)
      local half = model()
      local optimizer = cmml.optim[kind[1]](half, kind[2])
      descend(half, optimizer, 1, 3)
      local list, steps = optimizer:state()
      local values, weights = {}, {}
      for _, pair in ipairs(list) do
        values[pair[1]] = pair[2]:clone()
      end
      for key, tensor in half:parameters() do
        weights[key] = tensor:clone()
      end
      assert.equal(3, steps)
      local resumed = model()
      resumed:load_parameters(weights)
      local other = cmml.optim[kind[1]](resumed, kind[2])
      other:restore(values, steps)
      descend(resumed, other, 4, 7)
      assert.same(bytes(whole), bytes(resumed))
    end)
  end

  it("has the state that its kind needs, and restores all of it or nothing", function()
    local adam, sgd = cmml.optim.adam(model()), cmml.optim.sgd(model(), { momentum = 0.5 })
    assert.equal(12, #adam:state())
    assert.equal(6, #sgd:state())
    assert.equal(0, #cmml.optim.sgd(model()):state())
    local values = {}
    for _, pair in ipairs((adam:state())) do
      values[pair[1]] = core.full(pair[2].shape, 1)
    end
    values["second.out.bias"] = nil
    assert.has_error(function()
      adam:restore(values, 4)
    end, "optim.adam: the state lacks second.out.bias")
    values["second.out.bias"] = core.full({}, 1) -- would spread over any shape
    refused("adam: second.out.bias of the state has shape {}, but {1} was expected", adam.restore,
      adam, values, 4)
    values["second.out.bias"] = core.full({ 1 }, 1)
    for _, steps in ipairs { -1, 1.5, "x" } do
      refused("adam: steps must be a whole number, not negative, not "
        .. plain_tostring(steps), adam.restore, adam, values, steps)
    end
    assert.equal(0, adam.core:steps())
    assert.equal(0, adam.core:moments()[1]:sum():item())
    adam:restore(values, 4)
    assert.equal(24, adam.core:moments()[1]:sum():item())
  end)

  it("leaves alone what a class of modules names as unlearnt, anywhere in a tree", function()
    local Scaled = cmml.nn.class "cmml.Scaled"
    Scaled.unlearnt = { scale = true }
    local function scaled()
      local module = Scaled.new()
      module:register("weight", cmml.full({ 2 }, 3))
      module:register("scale", cmml.full({ 2 }, 5))
      return module
    end
    for _, module in ipairs { scaled(), cmml.nn.list { scaled() } } do
      local inner = module.weight and module or module:at(1)
      local optimizer = cmml.optim.sgd(module, { lr = 0.5, weight_decay = 1 })
      assert.equal(1, #optimizer.names)
      optimizer:backward((inner.weight * inner.scale):sum())
      optimizer:step()
      assert.same({ { -1, -1 }, { 5, 5 } }, { inner.weight:totable(), inner.scale:totable() })
      assert.equal(2, #module:named_parameters())
    end
  end)
end)
