-- The scores and the loss of CMML for lists against their definitions in plain Lua, derivatives,
-- dropout, and the encoder that sums.
local cmml = require "cmml"
local finite = require "spec.support.finite"
local with = require "spec.support.merged"
local people = require "spec.support.people"
local ref = require "spec.support.ref"
local refused = require("spec.support.refused").with_text

local double = cmml.double

-- A network that is small enough to be computed by hand.
local tiny = { width = 3, modulation = "none", backbone = { 3, 3 }, hyper = { 2, 2 },
  base = "none", dropout = 0 }

local world = { users = 60, items = 12, rated = 8 }
local data = people.data(cmml, world)
local of_double = people.data(double, world)

local function rows_of(library, lengths, items, labels)
  return { segments = library.segments(lengths), items = library.ids(items),
    labels = library.tensor(labels) }
end

-- Two people, one of them without a support; of the second nothing is relevant.
local function batch_of(library)
  return { support = rows_of(library, { 3, 0 }, { 1, 4, 2 }, { 5, 1, 4.5 }),
    query = rows_of(library, { 3, 1 }, { 5, 3, 7, 6 }, { 4, 1.5, 5, 1 }), tasks = { 1, 2 },
    seed = 1, draw = 1 }
end

-- What a linear layer gives of a list.
local function linear(values, name, x)
  local y = {}
  for i, row in ipairs(values[name .. ".weight"]) do
    y[i] = values[name .. ".bias"][i]
    for j, weight in ipairs(row) do
      y[i] = y[i] + weight * x[j]
    end
  end
  return y
end

local function map(x, change)
  local y = {}
  for i, value in ipairs(x) do
    y[i] = change(value, i)
  end
  return y
end

local function relu(value)
  return math.max(value, 0)
end

local function sigmoid(value)
  return 1 / (1 + math.exp(-value))
end

-- What a layer of the tower gives, by modulation: of its affine map y and what was generated.
local modulated = {
  none = function(y)
    return y
  end,
  film = function(y, g)
    return map(y, function(value, i)
      return g[i] * value + g[#y + i]
    end)
  end,
  sigmoid = function(y, g)
    return map(y, function(value, i)
      return sigmoid(g[i]) * value
    end)
  end,
}

-- The scores of the network for one person, from their definition, in plain Lua.
local function network_scores(model, items, signals)
  local values, opt = {}, model.options
  for name, tensor in model.module.network:parameters() do
    values[name] = tensor:totable()
  end
  local width, context = opt.width, {}
  for k = 1, width do
    local sum = 0
    for r, item in ipairs(items) do
      sum = sum + values.taken[item][k]
        + (values.rated and values.rated[item][k] * signals[r] or 0)
    end
    local tanh = 1 - 2 / (math.exp(2 * sum / math.sqrt(math.max(#items, 1))) + 1)
    context[k] = tanh
  end
  local a, t = context, context
  for l = 0, #opt.backbone - 1 do
    local generated
    if opt.modulation ~= "none" then
      t = map(linear(values, "tower.hyper.trunk." .. l, t), relu)
      generated = linear(values, "tower.hyper.head." .. l, t)
    end
    local y = linear(values, "tower.backbone." .. l, a)
    y = map(modulated[opt.modulation](y, generated), relu)
    a = opt.residual and map(a, function(value, i)
      return value + y[i]
    end) or y
  end
  if values["tower.out.weight"] then
    a = linear(values, "tower.out", a)
  end
  local mean, variance = 0, 0
  for _, value in ipairs(a) do
    mean = mean + value / width
  end
  for _, value in ipairs(a) do
    variance = variance + (value - mean) ^ 2 / width
  end
  local scores = {}
  for i, vector in ipairs(values.items) do
    scores[i] = values.bias[i]
    for k, value in ipairs(a) do
      local normal = (value - mean) / math.sqrt(variance + 1e-5)
      scores[i] = scores[i] + vector[k] * (normal * values["norm.weight"][k]
        + values["norm.bias"][k])
    end
  end
  return scores
end

local function near(expected, found, bound)
  assert.equal(#expected, #found)
  for i, value in ipairs(expected) do
    assert(math.abs(value - found[i]) <= bound, ("%d: %.9g, not %.9g"):format(i, found[i], value))
  end
end

-- A fresh model with weights that no symmetry hides.
local function made(library, of, options)
  local model = library.recommenders.cmml_lists(of.catalogue, with(tiny, options or {}))
  local values = {}
  for i, pair in ipairs(model.module:named_parameters()) do
    values[pair[1]] = pair[1] == "mix" and pair[2]:clone()
      or library.core.normal(pair[2].shape, 0, 0.7, { seed = 3 + i })
  end
  model.module:load_parameters(values)
  return model
end

local function scores_of(model, support)
  return model:all_scores_of(model:state_of(support), #support.segments):totable()
end

-- Ratings of this world are 1 to 5.
local signals = { 1, -1, 0.75 }

describe("the scores of CMML for lists", function()
  for name, options in pairs { ["no modulation"] = {}, film = { modulation = "film" },
    sigmoid = { modulation = "sigmoid" }, ["a tower of other widths"] = { modulation = "film",
      residual = false, backbone = { 4, 2 } }, ["items alone"] = { read_ratings = false } } do
    it("are those of their definition, with " .. name, function()
      local model = made(double, of_double, options)
      local scores = scores_of(model, batch_of(double).support)
      local given = options.read_ratings ~= false and signals or nil
      near(network_scores(model, { 1, 4, 2 }, given), scores[1], 1e-12)
      near(network_scores(model, {}, {}), scores[2], 1e-12)
      near(network_scores(made(cmml, data, options), { 1, 4, 2 }, given),
        scores_of(made(cmml, data, options), batch_of(cmml).support)[1], 2e-5)
    end)
  end

  it("are added to those of the base, of which the file keeps how much each counts", function()
    local model = made(double, of_double, { base = "ease", base_options = { ridge = 3 },
      base_weight = 7, popularity_weight = 0.25 })
    local learnt = model.setting.learnable(of_double)
    model.base.model:fit(learnt)
    local popular = double.recommenders.popularity(of_double.catalogue)
    popular:fit(learnt)
    local support, counts = batch_of(double).support, popular.counts:totable()
    local base, base_of_nothing = table.unpack(scores_of(model.base.model, support))
    -- Of three items the popularity counts a third more.
    local expected = map(network_scores(model, { 1, 4, 2 }, signals), function(value, i)
      return value + 7 * base[i] + (0.25 + 1 / 3) * math.log(1 + counts[i])
    end)
    near(expected, scores_of(model, support)[1], 1e-10)
    near(map(base_of_nothing, function(value)
      return 7 * value
    end), scores_of(model, support)[2], 1e-12)
    local rows = rows_of(double, { 2, 1 }, { 3, 5, 5 }, { 0, 0, 0 })
    local few = model:scores_of(model:state_of(support), rows):totable()
    near({ expected[3], expected[5] }, { few[1], few[2] }, 1e-10)
    double.no_grad(model.module.mix.copy_, model.module.mix, double.tensor { 0, 2, 0 })
    near(map(base, function(value, i)
      return 2 * value + math.log(1 + counts[i]) / 3
    end), scores_of(model, support)[1], 1e-12)
  end)
end)

describe("the loss of CMML for lists", function()
  for _, power in ipairs { 0, 0.5, 1 } do
    it("is the cross entropy of what else is relevant, with target_power " .. power, function()
      local model = made(double, of_double, { target_power = power })
      local scores, total = network_scores(model, { 1, 4, 2 }, signals), 0
      for i, score in ipairs(scores) do
        local shown = i == 1 or i == 4 or i == 2
        total = total + (shown and 0 or math.exp(score))
      end
      -- 5 and 7 are relevant, 3 is not; of the other person nothing is
      local entropy = 2 * math.log(total) - scores[5] - scores[7]
      near({ entropy * 2 ^ (power - 1) / 2 }, { model:loss(batch_of(double)):item() }, 1e-12)
    end)
  end

  it("has drawn items stand for all, but for those that are relevant", function()
    local model = made(double, of_double, { sampled_items = 5 })
    local scores, seen = network_scores(model, { 1, 4, 2 }, signals), {}
    for draw = 1, 20 do
      local batch, drawn, total = batch_of(double), {}, 0
      batch.draw = draw
      -- The stream of the candidates, by the first task: as the model draws them.
      for _, item in ipairs(double.core.choose(#scores, 5, { seed = batch.seed ~ 1 << 20,
        epoch = draw, stream = double.core.streams.candidates }):totable()) do
        drawn[item], seen[item] = true, true
      end
      for i, score in ipairs(scores) do
        local shown, relevant = i == 1 or i == 4 or i == 2, i == 5 or i == 7
        local times = shown and 0 or relevant and 1 or drawn[i] and #scores / 5 or 0
        total = total + times * math.exp(score)
      end
      local entropy = 2 * math.log(total) - scores[5] - scores[7]
      near({ entropy * 2 ^ -0.5 / 2 }, { model:loss(batch):item() }, 1e-12)
    end
    assert.equal(#scores, #seen)
    local all = made(double, of_double, { sampled_items = #scores })
    assert.equal(made(double, of_double):loss(batch_of(double)):item(),
      all:loss(batch_of(double)):item())
  end)

  for which, own in pairs { all = {}, drawn = { sampled_items = 5 } } do
    it("has the derivatives of its value by every parameter but the mix, of " .. which, function()
      local model = made(double, of_double, with({ modulation = "film", activation = "tanh" },
        own))
      local names, points = {}, {}
      for name, tensor in model.module:parameters() do
        if name ~= "mix" then
          names[#names + 1], points[#points + 1] = name, ref.of(tensor)
        end
      end
      local function loss(tensors)
        local values = { mix = model.module.mix }
        for i, name in ipairs(names) do
          values[name] = tensors[i]
        end
        return setmetatable({ catalogue = model.catalogue, options = model.options,
          unit = model.unit, module = double.nn.functional(model.module, values) },
          getmetatable(model)):loss(batch_of(double))
      end
      local fault, compared = finite.fault(double.core, loss, points, 1, 1e-6)
      assert.is_nil(fault)
      assert.equal(model.module:count() - 3, compared)
    end)
  end

  it("hides numbers in training alone, by seed, draw and task", function()
    local model = made(double, of_double, { dropout = 0.5 })
    local whole = made(double, of_double, {})
    local batch = batch_of(double)
    assert.same(scores_of(whole, batch.support), scores_of(model, batch.support))
    local first = model:loss(batch):item()
    assert.are_not.equal(whole:loss(batch):item(), first)
    assert.equal(first, model:loss(batch):item())
    batch.draw = 2
    assert.are_not.equal(first, model:loss(batch):item())
  end)
end)

describe("the encoder sum", function()
  local samples, segments = { { 0.5, -1 }, { 0.25, 2 }, { -0.75, 0.5 } }, { 2, 0, 1 }

  it("is tanh of sums over the root of their number, and 0 of nothing", function()
    local encoder = double.encoders.sum { inp = 2, out = 2, widths = {} }
    local found = encoder(double.tensor(samples), double.segments(segments)):totable()
    assert.equal(0, encoder:count())
    local function tanh(value)
      return 1 - 2 / (math.exp(2 * value) + 1)
    end
    near({ tanh(0.75 / math.sqrt(2)), tanh(1 / math.sqrt(2)) }, found[1], 1e-12)
    near({ 0, 0 }, found[2], 0)
    near({ tanh(-0.75), tanh(0.5) }, found[3], 1e-12)
  end)

  it("has an MLP where samples are of another width", function()
    local encoder = double.encoders.sum { inp = 2, out = 3, widths = {} }
    local x = double.tensor(samples)
    local sums = encoder.mlp(x:slice(1, 1, 2)):sum(1) * (1 / math.sqrt(2))
    near(sums:tanh():totable(), encoder(x, double.segments(segments)):totable()[1], 1e-12)
  end)
end)

it("layers that are added to what they read have its width", function()
  refused("modulations.film: layer 2 has width 8, but reads 16: with residual they are the same",
    made, cmml, data, { modulation = "film", width = 16, backbone = { 16, 8 } })
  refused("makes numbers, but here vectors are needed: none, film or sigmoid", made, cmml, data,
    { modulation = "soft" })
end)
