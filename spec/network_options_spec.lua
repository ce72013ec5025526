-- Options of the network: where biases start, an encoder that sees no negatives, contexts shrunk by
-- the size of the support, components that are left out.
local args = require "cmml.base.args"
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text

local function network(changes)
  local options = { dim = 3, label = "binary", encoder_widths = { 4 }, backbone = { 2, 3 },
    hyper = { 3, 2 }, encoder_detach = false, init = cmml.nn.init(5) }
  for key, value in pairs(changes) do
    options[key] = value
  end
  return cmml.network(options)
end

local function values_of(net)
  local values = {}
  for name, tensor in net:parameters() do
    values[name] = tensor:totable()
  end
  return values
end

describe("bias_start", function()
  -- Which biases a part has, whatever starts where.
  local function check(changes, starts, expected)
    local plain = values_of(network(changes))
    changes.bias_start = starts
    local found, set = values_of(network(changes)), {}
    for name, values in pairs(found) do
      local start = starts[name:match "^[^.]+"]
      if start and name:match "%.bias$" then
        for _, value in ipairs(values) do
          assert.near(start, value, 1e-7)
        end
        set[#set + 1] = name
      else
        assert.same(plain[name], values, name)
      end
    end
    table.sort(set)
    assert.same(expected, set)
  end

  it("sets the biases of backbone, hypernetwork and encoder, and no other numbers", function()
    local layers = { "backbone.0.bias", "backbone.1.bias", "hyper.head.0.bias",
      "hyper.head.1.bias", "hyper.trunk.0.bias", "hyper.trunk.1.bias" }
    check({ modulation = "film" }, { backbone = 0.1, hyper = 0.1 }, layers)
    check({ modulation = "sigmoid" }, { backbone = 0, hyper = 0 }, layers)
    check({ modulation = "linear" }, { backbone = 0.1, hyper = -1 }, { "backbone.0.bias",
      "backbone.1.bias", "hyper.0.bias", "hyper.1.bias", "hyper.2.bias" })
    check({ encoder = "gru", encoder_widths = { 4, 3 } }, { encoder = 0 },
      { "encoder.mlp.0.bias", "encoder.mlp.1.bias" })
  end)

  it("is what the published configurations say", function()
    for name, expected in pairs { ml20m_film = { 0.1, 0.1 }, ml20m_sigmoid = { 0.1, 0.1 },
      taobao_film = { 0, 0, 0 }, taobao_sigmoid = { 0, 0 }, scenario = { 0.1, 0.1 } } do
      local start = cmml.presets["published-code/" .. name].model.bias_start
      assert.same(expected, { start.backbone, start.hyper, start.encoder }, name)
    end
    for _, name in ipairs { "ml20m_linear_dot", "ml20m_soft", "hybrid_film", "hybrid_soft" } do
      assert.is_nil(cmml.presets["published-code/" .. name].model.bias_start, name)
    end
  end)

  it("is an option of a recommender, which is loaded as it was saved", function()
    local data = people.data(cmml, { users = 20, items = 8, rated = 5 })
    local options = people.small(1)
    options.bias_start = { hyper = 0.25 }
    local model = cmml.cmml(data.catalogue, options)
    assert.same({ 0.25, 0.25 }, { table.unpack(model.module.modulation.hyper.head:at(1).bias
      :totable(), 1, 2) })
    local path = os.tmpname()
    local bias = model.module.modulation.hyper.head:at(1).bias
    cmml.no_grad(bias.copy_, bias, cmml.full({ 16 }, 2))
    assert(model:save(path))
    local loaded = assert(cmml.load(path))
    os.remove(path)
    assert.equal(people.bits(model), people.bits(loaded))
  end)

  it("is refused where there are no such biases, or no such numbers", function()
    refused("network: bias_start: there are no biases hyper.[..].bias", network,
      { modulation = "soft", bias_start = { hyper = 0.1 } })
    for _, value in ipairs { "x", 1 / 0, 0 / 0 } do
      refused("network: bias_start must give finite numbers by part", network,
        { bias_start = { hyper = value } })
    end
    refused("finite numbers by part, such as {hyper = 0.1}, not 1 = 0.1", network,
      { bias_start = { 0.1 } })
  end)
end)

describe("context_shrink", function()
  local x = cmml.uniform({ 7, 3 }, -1, 1, { seed = 1 })
  local labels = cmml.tensor { 1, 0, 0, 1, 1, 0, 0 }

  it("multiplies the context of n rows by n / (n + context_shrink)", function()
    local lengths = { 4, 0, 1, 2 }
    for _, encoder in ipairs(args.keys(cmml.encoders)) do
      local plain, shrunk = network { encoder = encoder },
        network { encoder = encoder, context_shrink = 2.5 }
      local before = plain:context(x, labels, cmml.segments(lengths)):totable()
      local after = shrunk:context(x, labels, cmml.segments(lengths)):totable()
      for t, n in ipairs(lengths) do
        for c = 1, 3 do
          assert.near(before[t][c] * n / (n + 2.5), after[t][c], 1e-6)
          assert.equal(n == 0 or encoder == "none", after[t][c] == 0)
        end
      end
    end
  end)

  it("counts the rows that the encoder reads", function()
    local all = network { encoder_negatives = false }
    local shrunk = network { encoder_negatives = false, context_shrink = 1 }
    local before = all:context(x, labels, cmml.segments { 2, 5 }):totable()
    local after = shrunk:context(x, labels, cmml.segments { 2, 5 }):totable()
    for c = 1, 3 do
      assert.near(before[1][c] / 2, after[1][c], 1e-6) -- one positive
      assert.near(before[2][c] * 2 / 3, after[2][c], 1e-6) -- two
    end
  end)

  it("is an option of both recommenders, which are loaded as they were saved", function()
    local data = people.data(cmml, { users = 20, items = 8, rated = 5 })
    local options = people.small(1)
    local support = { { "f1", 5 }, { "f2", 1 } }
    local before = cmml.cmml(data.catalogue, options):adapt(support):predict { "f3", "f4" }
    options.context_shrink = 3
    local model, path = cmml.cmml(data.catalogue, options), os.tmpname()
    assert(model:save(path))
    local loaded = assert(cmml.load(path))
    os.remove(path)
    local after = model:adapt(support):predict { "f3", "f4" }
    assert.same(after, loaded:adapt(support):predict { "f3", "f4" })
    assert.not_same(before, after)
    local vectors = cmml.vectors.als { ratings = data.ratings, n_items = 8, factors = 2 }
    assert(cmml.cmml(vectors, { context_shrink = 3 }):save(path))
    assert.equal(3, assert(cmml.load(path)).network.context_shrink)
    os.remove(path)
  end)

  it("is refused unless it is finite and not negative", function()
    for _, value in ipairs { -1, 1 / 0, 0 / 0 } do
      refused(value == -1 and "network: context_shrink must be at least 0, but is -1"
        or "network: context_shrink must be a finite number, but is", network,
        { context_shrink = value })
    end
  end)
end)

describe("encoder_negatives = false", function()
  it("gives the contexts of the positives alone", function()
    local x = cmml.uniform({ 7, 3 }, -1, 1, { seed = 1 })
    local labels, kept = cmml.tensor { 1, 0, 0, 1, 1, 0, 0 }, cmml.ids { 1, 4, 5 }
    local joined = cmml.joined { { x:slice(2, 1, 2) }, { x:slice(2, 3, 3), cmml.ids { 7, 6, 5, 4, 3,
      2, 1 } } }
    for _, encoder in ipairs(args.keys(cmml.encoders)) do
      local all, positive = network { encoder = encoder },
        network { encoder = encoder, encoder_negatives = false }
      for _, rows in ipairs { x, joined } do
        local seen = cmml.written_out(rows)
        local expected = all:context(seen:gather_rows(kept), labels:gather_rows(kept),
          cmml.segments { 1, 2, 0, 0 })
        local found = positive:context(rows, labels, cmml.segments { 2, 3, 2, 0 })
        assert.truthy((found - expected):abs():max():item() < 1e-6, encoder)
        local other = all:context(rows, labels, cmml.segments { 2, 3, 2, 0 })
        assert.equal(encoder ~= "none", (found - other):abs():max():item() > 1e-6, encoder)
      end
    end
  end)

  it("has the parameters of the pooling encoder, and is refused for ratings", function()
    local function count(name)
      local preset = cmml.presets["published-code/" .. name]
      local options = { dim = preset.dim, label = "binary" }
      for key, value in pairs(preset.model) do
        options[key] = value
      end
      return cmml.network(options):count()
    end
    assert.equal(count "ml20m_linear_pooling_no_hybrid", count "ml20m_linear_non_negative_pooling")
    refused("encoder_negatives = false needs label = \"binary\"", network,
      { encoder_negatives = false, label = "rating" })
  end)
end)

describe("the hybrid inner", function()
  it("gives the scalar product of each row and its task's context", function()
    local net = network { hybrid = "inner" }
    local x, context = cmml.tensor({ 1, 2, 3, -1, 0, 2, 4, 1, 1 }):reshape { 3, 3 },
      cmml.tensor({ 2, -1, 1, 0, 3, 1 }):reshape { 2, 3 }
    local _, parts = net:score(x, context, cmml.segments { 2, 1 }, { parts = true })
    assert.same({ { 3 }, { 0 }, { 4 } }, parts.condition:totable())
  end)
end)

describe("presets of the scenario setting", function()
  it("are for vectors of any width, but for those of the published data sets", function()
    for _, name in ipairs { "paper/scenario", "paper/scenario/soft", "published-code/scenario",
      "published-code/scenario/sigmoid", "published-code/scenario/linear",
      "published-code/scenario/soft" } do
      for _, dim in ipairs { 6, 128 } do
        local options = { dim = dim }
        for key, value in pairs(cmml.presets[name].model) do
          options[key] = value
        end
        local net = cmml.network(options)
        assert.same({ 2, dim }, net:context(cmml.zeros { 3, dim }, cmml.ones { 3 },
          cmml.segments { 1, 2 }).shape)
      end
    end
  end)

  it("train as published: text and code", function()
    local code, paper = cmml.presets["published-code/ml20m_soft"].training,
      cmml.presets["paper/scenario"].training
    assert.same({ batch = 1, support = 64, support_negatives = 128, query = 256, lr = 1e-4,
      order = "positives-first", negatives = "published", weight_decay = 1e-5,
      schedule = { kind = "plateau", factor = 0.2, patience = 2, min_lr = 1e-6 } }, code)
    assert.same({ batch = 1, support = 64, support_negatives = 64, query = 128, lr = 1e-4,
      order = "mixed" }, paper)
    assert.equal(128, cmml.presets["published-code/hybrid_soft"].training.query)
  end)
end)

describe("a component that is left out", function()
  it("gives a context of zeros, or layers that no condition changes", function()
    local encoder = cmml.encoders.none { inp = 3, out = 2, widths = {} }
    assert.same({ { 0, 0 }, { 0, 0 } }, encoder(cmml.full({ 3, 3 }, 1),
      cmml.segments { 1, 2 }):totable())
    assert.equal(0, encoder:count())
    local plain = cmml.modulations.none { inp = 2, cond = 2, backbone = { 3 }, hyper = { 3 },
      activation = "relu" }
    local x, parts = cmml.tensor { { 1, 2 }, { 3, -4 } }, {}
    local first = plain(x, cmml.full({ 2, 2 }, 1), parts):totable()
    assert.same(first, plain(x, cmml.full({ 2, 2 }, -5)):totable())
    assert.same({ 2, 3 }, parts.backbone.shape)
    local expected = cmml.linear(cmml.linear(x, plain.backbone["0"].weight,
      plain.backbone["0"].bias, "relu"), plain.out.weight, plain.out.bias)
    assert.same(expected:reshape({ -1 }):totable(), first)
  end)
end)
