-- CMML's network and loss: derivatives, what an empty or reordered support does, what is refused.
require "spec.support.close"
local cmml = require "cmml"
local finite = require "spec.support.finite"
local people = require "spec.support.people"
local ref = require "spec.support.ref"
local refused = require("spec.support.refused").with_pattern

local double = cmml.double

local tiny = { preset = "published-code", width = 2, encoder_widths = { 3 }, label_hidden = 2,
  backbone = { 3, 2 },
  hyper = { 3, 3 }, seed = 3 }

local function with(changes)
  local options = {}
  for _, t in ipairs { tiny, changes or {} } do
    for key, value in pairs(t) do
      options[key] = value
    end
  end
  return options
end

-- A small batch of ragged tasks over the made world, in double precision; one has no support.
local function batch_of(data)
  local people_of_rows = { bags = data.bags, rows = double.ids { 3, 1, 2 } }
  local function side(lengths, items, labels)
    return { segments = double.segments(lengths), items = double.ids(items),
      labels = double.tensor(labels), people = people_of_rows }
  end
  return { support = side({ 3, 0, 2 }, { 1, 4, 2, 6, 3 }, { 5, 1, 4.5, 2, 4 }),
    query = side({ 1, 2, 3 }, { 5, 2, 1, 3, 4, 6 }, { 4, 1.5, 5, 1, 3, 4.5 }) }
end

local data = people.data(double, { users = 20, items = 8, rated = 5 })

-- The model with other weights: those in the list, in the order of its parameters.
local function with_weights(model, names, tensors)
  local values = {}
  for i, name in ipairs(names) do
    values[name] = tensors[i]
  end
  return setmetatable({ catalogue = model.catalogue, options = model.options,
    module = double.nn.functional(model.module, values) }, getmetatable(model))
end

local function points_of(model)
  local names, points = {}, {}
  for name, tensor in model.module:parameters() do
    names[#names + 1], points[#points + 1] = name, ref.of(tensor)
  end
  return names, points
end

describe("the loss of CMML", function()
  local batch = batch_of(data)

  for _, activation in ipairs { "leaky_relu", "tanh" } do
    it("has the derivatives of its value by every parameter, with " .. activation, function()
      local model = double.cmml(data.catalogue,
        with { encoder_detach = false, activation = activation })
      local names, points = points_of(model)
      local function loss(tensors)
        return with_weights(model, names, tensors):loss(batch)
      end
      local fault, compared = finite.fault(double.core, loss, points, 1, 1e-6)
      assert.is_nil(fault)
      assert.equal(model.module:count(), compared)
      assert.truthy(compared > 100)
    end)
  end

  it("has the second derivatives of its value", function()
    local model = double.cmml(data.catalogue, with { encoder_detach = false, activation = "tanh",
      context_shrink = 1.5 })
    local names, points = points_of(model)
    local function loss(tensors)
      return with_weights(model, names, tensors):loss(batch)
    end
    assert.is_nil((finite.fault(double.core, loss, points, 2, 1e-6)))
  end)

  it("sends no derivative through a detached encoder input, and all others", function()
    local model = double.cmml(data.catalogue, with { encoder_detach = true })
    -- the same loss with the support's vectors held constant
    local network, segments = model.module, batch.support.segments
    local function vectors(net, side, bags)
      return double.concat { net:embed_fields("item", data.catalogue.items.bags, side.items),
        double.segment_expand(net:embed_fields("user", bags.bags, bags.rows), side.segments) }
    end
    local fixed = vectors(network, batch.support, batch.support.people):detach()
    local names, points = points_of(model)
    local function held(tensors)
      local net = with_weights(model, names, tensors).module
      local context = net:context(fixed, batch.support.labels, segments)
      return double.task_mse((net:score(vectors(net, batch.query, batch.support.people), context,
        batch.query.segments)), batch.query.labels, batch.query.segments)
    end
    assert.is_nil((finite.fault(double.core, held, points, 1, 1e-6)))
    local tensors = {}
    for i, point in ipairs(points) do
      tensors[i] = ref.tensor(double.core, point):track()
    end
    local of_loss = double.grad(with_weights(model, names, tensors):loss(batch), tensors)
    local of_held = double.grad(held(tensors), tensors)
    for i in ipairs(names) do
      assert.near_tensor(ref.of(of_held[i]), of_loss[i], 1e-14)
    end
  end)

  it("lets a network's context depend on its input only if that is not detached", function()
    for _, detach in ipairs { true, false } do
      local network = double.cmml(data.catalogue, with { encoder_detach = detach }).module
      local x = double.full({ 5, network.dim }, 0.5):track()
      local context = network:context(x, batch.support.labels, batch.support.segments)
      local slope = double.grad(context:square():sum(), x):abs():sum():item()
      assert.equal(detach, slope == 0)
    end
  end)

  it("is the mean over tasks of each task's mean squared error", function()
    local model = double.cmml(data.catalogue, tiny)
    local state = model:adapt_rows(batch.support)
    local scores = model:score_rows(state, batch.query):totable()
    local labels, at, sum = batch.query.labels:totable(), 0, 0
    for _, n in ipairs(batch.query.segments:totable()) do
      local squares = 0
      for i = at + 1, at + n do
        squares = squares + (scores[i] - labels[i]) ^ 2
      end
      sum, at = sum + squares / n, at + n
    end
    assert.near_tensor(sum / 3, model:loss(batch), 1e-14)
  end)
end)

describe("the context", function()
  local model = double.cmml(data.catalogue, tiny)
  local users = { bags = data.bags, rows = double.ids { 3 } }

  local function context(items, labels)
    local tensor = #labels > 0 and double.tensor(labels) or double.full({ 0 }, 0)
    return model:adapt_rows({ segments = double.segments { #items }, items = double.ids(items),
      labels = tensor, people = users }).context
  end

  it("of an empty support is exactly zero, alone and among others", function()
    for _, value in ipairs(context({}, {}):reshape({ -1 }):totable()) do
      assert.equal(0, value)
    end
    local batch = batch_of(data)
    local rows = model:adapt_rows(batch.support).context:totable()
    for i = 1, #rows[1] do
      assert.equal(0, rows[2][i])
      assert.not_equal(0, rows[1][i])
    end
  end)

  it("does not depend on the order of the support, nor on the other tasks", function()
    local forward = context({ 1, 4, 2, 6 }, { 5, 1, 4.5, 2 })
    assert.near_tensor(ref.of(forward), context({ 6, 2, 4, 1 }, { 2, 4.5, 1, 5 }), 1e-13)
    assert.truthy(math.abs((forward - context({ 6, 2, 4, 1 }, { 5, 1, 4.5, 2 })):abs():sum()
      :item()) > 1e-3)
    local batch = batch_of(data)
    local all = model:adapt_rows(batch.support).context
    assert.near_tensor(ref.of(all:slice(1, 1, 1)), context({ 1, 4, 2 }, { 5, 1, 4.5 }), 1e-13)
  end)
end)

describe("a network", function()
  it("has as many parameters as published for MovieLens-1M", function()
    local network = cmml.network { item_fields = { { name = "rate", size = 6 },
      { name = "genre", size = 25, multi = true }, { name = "director", size = 2186, multi = true },
      { name = "actor", size = 8030, multi = true } }, user_fields = {
      { name = "gender", size = 2 }, { name = "age", size = 7 }, { name = "occupation", size = 21 },
      { name = "zip", size = 3402 } } }
    -- embeddings, label MLP, encoder, backbone, hypernetwork: the published code's counts
    assert.equal(437728 + 4288 + 37184 + 20673 + 197376, network:count())
  end)

  it("works without fields on one of the sides, and not without any", function()
    local field = { { name = "f", size = 3 } }
    for _, sides in ipairs { { field, {} }, { {}, field } } do
      assert.truthy(cmml.network { item_fields = sides[1], user_fields = sides[2] }:count() > 0)
    end
    refused("both empty", cmml.network, { item_fields = {}, user_fields = {} })
  end)

  it("refuses what it cannot build, and says why", function()
    local function build(changes)
      return function()
        return cmml.cmml(people.data(cmml, { users = 10, items = 8, rated = 4 }).catalogue, changes)
      end
    end
    refused('encoder "men" is not known; did you mean mean', build { encoder = "men" })
    refused('hybrid "dott" is not known; did you mean dot', build { hybrid = "dott" })
    refused('modulation "flim" is not known; did you mean film', build { modulation = "flim" })
    refused('activation "relux" is not known; did you mean relu', build { activation = "relux" })
    refused("2 hyper widths for 1 backbone layers", build { backbone = { 8 } })
    refused('backbone entry 1 must be an integer, not "8"',
      build { backbone = { "8", 8 } })
    refused("backbone is empty", build { backbone = {}, hyper = {} })
    refused("unknown option widht; did you mean width", build { widht = 8 })
    refused("there is no preset x", build { preset = "x" })
    refused("width must be at least 1, but is 0", build { width = 0 })
    refused("width must be at least 1, but is %-1", build { width = -1 })
    refused("more than 2147483647 elements", build { width = 1 << 40 })
  end)
end)
