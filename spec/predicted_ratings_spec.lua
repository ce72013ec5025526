-- What becomes of scores before they are predicted ratings: pulled to those of a scale, by hand and
-- by the slopes as they are told, and the share of means, in models.
local cmml = require "cmml"
local people = require "spec.support.people"
local temporary = require "spec.support.temporary"
local refused = require("spec.support.refused").with_text

local core = cmml.double.core

local function pulled(scores, smallest, step, steps, pull)
  return core.pull_scores(core.tensor(scores), smallest, step, steps, pull):totable()
end

-- The slope at a score, in steps from the smallest rating, as the reference tells it.
local function slope_at(x, steps, pull)
  if x < 0.25 or x > steps - 0.25 then
    return 1 - 2 * pull
  end
  for rating = 0, steps do
    if math.abs(x - rating) < 0.25 then
      return 1 - pull
    end
  end
  return 1 + pull
end

describe("pull_scores", function()
  it("keeps ratings and the middles between them, and is by hand elsewhere", function()
    local found = pulled({ 2, 3, 2.5, 3.25, 3.75, 2.9, 1, 5, 6, -1, 1.25 }, 1, 1, 4, 0.25)
    local expected = { 2, 3, 2.5, 3.1875, 3.8125, 2.925, 1.0625, 4.9375, 5.4375, 0.0625, 1.1875 }
    for i, value in ipairs(expected) do
      assert.truthy(math.abs(value - found[i]) < 1e-12)
    end
  end)

  it("has the slopes that are told everywhere, and nowhere a leap", function()
    for _, case in ipairs { { 1, 1, 4, 0.25 }, { 0.5, 0.5, 9, 0.4 }, { -3, 2, 1, 0.1 } } do
      local smallest, step, steps, pull = table.unpack(case)
      local scores, n = {}, 10000
      for i = 0, n do
        scores[i + 1] = smallest + step * (-1 + (steps + 2) * i / n)
      end
      local found = pulled(scores, smallest, step, steps, pull)
      local sum = found[1]
      for i = 1, n do
        local x = ((scores[i] + scores[i + 1]) / 2 - smallest) / step
        local rise = slope_at(x, steps, pull) * (scores[i + 1] - scores[i])
        sum = sum + rise
        assert.truthy(math.abs(sum - found[i + 1]) < 0.01 * step)
        assert.truthy(found[i + 1] > found[i])
      end
    end
  end)

  it("leaves scores as they are where nothing pulls", function()
    local scores = { -2, 0.3, 1, 4.8, 9 }
    for i, value in ipairs(pulled(scores, 1, 1, 4, 0)) do
      assert.truthy(math.abs(value - scores[i]) < 1e-12)
    end
    assert.truthy(pulled({ 0 / 0 }, 1, 1, 4, 0.2)[1] ~= pulled({ 0 / 0 }, 1, 1, 4, 0.2)[1])
    assert.equal(math.huge, pulled({ math.huge }, 1, 1, 4, 0.2)[1])
  end)

  it("refuses what is no scale and what would turn the order around", function()
    refused("steps", pulled, { 1 }, 1, 0, 4, 0.2)
    refused("steps", pulled, { 1 }, 1, 1, 0, 0.2)
    refused("below 0.5", pulled, { 1 }, 1, 1, 4, 0.5)
    refused("below 0.5", pulled, { 1 }, 1, 1, 4, -0.1)
  end)
end)

describe("the option pull", function()
  local double = cmml.double
  local data = people.data(double, { users = 40, items = 9, rated = 5 })
  local options, training = people.over_base { base = { factors = 3, sweeps = 5 },
    neighbours = { keep = 4 } }
  local support = { { "f1", 5 }, { "f2", 1 }, { "f4", 2 }, { "f5", 4.5 } }
  local names = {}
  for row = 1, #data.catalogue.items do
    names[row] = data.catalogue.items:text(row)
  end

  local function trained(pull)
    local model = double.cmml(data.catalogue, options { pull = pull })
    double.train(model, { ratings = data.ratings, bags = data.bags, train = data.train,
      valid = {} }, training { epochs = 1 })
    return model
  end

  it("pulls what the same training predicts to the scale of the ratings", function()
    local plain, model = trained(0), trained(0.3)
    assert.equal(people.bits(plain), people.bits(model))
    assert.same({ smallest = 1, largest = 5, step = 0.5 }, data.catalogue.scale)
    local scores = plain:adapt(support):predict(names)
    local expected, found = pulled(scores, 1, 0.5, 8, 0.3), model:adapt(support):predict(names)
    local apart = 0
    for i, value in ipairs(expected) do
      assert.truthy(math.abs(value - found[i]) < 1e-12)
      apart = apart + math.abs(value - scores[i])
    end
    assert.truthy(apart > 0.05)
    local lists = {}
    for m, one in ipairs { plain, model } do
      lists[m] = {}
      for place, entry in ipairs(one:adapt(support):recommend { n = 9 }) do
        lists[m][place] = entry.item
      end
    end
    assert.same(lists[1], lists[2])
  end)

  it("is in files, and does nothing where no scale is known", function()
    local folder, model = temporary.folder(), trained(0.3)
    assert(model:save(folder .. "/m.safetensors"))
    local loaded = assert(double.load(folder .. "/m.safetensors"))
    temporary.remove(folder)
    assert.equal(0.3, loaded.options.pull)
    assert.same(model:adapt(support):predict(names), loaded:adapt(support):predict(names))
    local scale = data.catalogue.scale
    data.catalogue.scale = nil
    local without = model:adapt(support):predict(names)
    data.catalogue.scale = { smallest = 1, largest = 5 }
    local continuous = model:adapt(support):predict(names)
    data.catalogue.scale = scale
    local plain = trained(0):adapt(support):predict(names)
    assert.same(plain, without)
    assert.same(plain, continuous)
  end)
end)

describe("the option mean_share", function()
  local double = cmml.double
  local data = people.data(double, { users = 40, items = 9, rated = 5 })
  local support = { { "f1", 5 }, { "f2", 1 }, { "f4", 2 }, { "f5", 4.5 } }

  local function scores_of(options, training, changes)
    local model = double.cmml(data.catalogue, options(changes))
    double.train(model, { ratings = data.ratings, bags = data.bags, train = data.train,
      valid = {} }, training { epochs = 1 })
    local names = {}
    for row = 1, #data.catalogue.items do
      names[row] = data.catalogue.items:text(row)
    end
    return model:adapt(support):predict(names), model
  end

  it("mixes in the item's bias and the person's mean, of every member", function()
    local options, training = people.over_base { neighbours = false, members = 2,
      base = { factors = 3, sweeps = 5, bias_ridge = 3 } }
    local plain = scores_of(options, training, {})
    local found, model = scores_of(options, training, { mean_share = 0.25 })
    local first, second = model.module.base, model.module.member2.base
    local means = {}
    for _, base in ipairs { first, second } do
      local bias, sum = base.bias:totable(), 0
      for _, pair in ipairs(support) do
        sum = sum + pair[2] - bias[data.catalogue.items:id(pair[1])]
      end
      local ridge = math.exp(base.log_ridge:totable()[4])
      for row, value in ipairs(bias) do
        means[row] = (means[row] or 0) + (value + sum / (#support + ridge)) / 2
      end
    end
    local apart = 0
    for row, score in ipairs(plain) do
      assert.truthy(math.abs(0.75 * score + 0.25 * means[row] - found[row]) < 1e-12)
      apart = apart + math.abs(score - found[row])
    end
    assert.truthy(apart > 0.05)
  end)

  it("does nothing without a base", function()
    local options, training = people.over_base { neighbours = false, base = false }
    assert.same((scores_of(options, training, {})),
      (scores_of(options, training, { mean_share = 0.25 })))
  end)
end)
