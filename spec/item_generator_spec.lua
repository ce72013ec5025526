-- The generator of item vectors beyond the golden cases: its neighbours against all products
-- written out, items without neighbours, and which occurrences are replaced.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text

local core = cmml.core

-- Whole numbers, so that products are exact and some are equal.
local function features_of(n, width, seed)
  local x = core.uniform({ n, width }, 0, 3, { seed = seed })
  return (x - 0.5):relu():ge(0.5) + x:ge(2)
end

local function by_hand(rows, count, only_positive)
  local lists = {}
  for i, row in ipairs(rows) do
    local others = {}
    for j, other in ipairs(rows) do
      local product = 0
      for k, value in ipairs(row) do
        product = product + value * other[k]
      end
      if j ~= i and (product > 0 or not only_positive) then
        others[#others + 1] = { j, product }
      end
    end
    table.sort(others, function(a, b)
      return a[2] > b[2] or a[2] == b[2] and a[1] < b[1]
    end)
    for k = 1, count do
      lists[#lists + 1] = others[k] and others[k][1] or 0
    end
  end
  return lists
end

-- Entries of a matrix that are not 0.
local function sparse_of(rows, width)
  local at, columns, weights = {}, {}, {}
  for i, row in ipairs(rows) do
    for j, value in ipairs(row) do
      if value ~= 0 then
        at[#at + 1], columns[#columns + 1], weights[#weights + 1] = i, j, value
      end
    end
  end
  return core.sparse(core.ids(at), core.ids(columns), core.tensor(weights), #rows, width)
end

describe("feature_neighbours", function()
  it("finds the largest products, whatever piece an item is in", function()
    local features = features_of(300, 6, 3)
    local rows = features:totable()
    local expected = by_hand(rows, 4)
    assert.same(expected, cmml.feature_neighbours(features, { count = 4 }):totable())
    local longest = cmml.feature_neighbours(features_of(9, 3, 5), { count = 8 })
    assert.same(by_hand(features_of(9, 3, 5):totable(), 8), longest:totable())
  end)

  it("reads sparse features, of which items with nothing in common are no neighbours", function()
    local features = features_of(60, 40, 4)
    local rows = (features - features_of(60, 40, 5) * 2):relu():totable()
    rows[7] = {}
    for column = 1, 40 do
      rows[7][column] = 0
    end
    local expected = by_hand(rows, 5, true)
    local found = cmml.feature_neighbours(sparse_of(rows, 40), { count = 5 })
    assert.same(expected, found:totable())
    assert.same({ 0, 0, 0, 0, 0 }, { table.unpack(expected, 31, 35) })
  end)

  it("refuses more neighbours than there are others", function()
    refused("count must be less than the 3 items, not 3", cmml.feature_neighbours,
      core.full({ 3, 2 }, 1), { count = 3 })
    refused("must be [items, width]", cmml.feature_neighbours, core.full({ 3 }, 1),
      { count = 1 })
  end)
end)

describe("take_ids", function()
  it("takes rows of a list", function()
    local ids = core.ids { 1, 2, 3, 0, 5, 6 }
    assert.same({ 5, 6, 0, 0, 1, 2 }, core.take_ids(ids, core.ids { 3, 0, 1 }, 2):totable())
    assert.same({}, core.take_ids(ids, core.ids {}, 3):totable())
  end)

  it("refuses rows that are not there", function()
    local ids = core.ids { 1, 2, 3, 4 }
    refused("there are 2 rows of 2 ids, but rows names row 3", core.take_ids, ids, core.ids { 3 },
      2)
    refused("a divisor of the number of ids", core.take_ids, ids, core.ids { 1 }, 3)
    refused("a divisor of the number of ids", core.take_ids, ids, core.ids { 1 }, 0)
  end)
end)

-- The generator's definition, an item at a time.
local function generated_by_hand(generator, features, neighbours, item, relu)
  local function vector(i)
    return cmml.tensor { features[i] }:linear(generator.project.weight, generator.project.bias)
  end
  local own, logits, vectors = vector(item), {}, {}
  for k, other in ipairs(neighbours) do
    vectors[k] = vector(other)
    logits[k] = generator.attend(core.concat({ own, vectors[k] }, 2)):item()
  end
  local total, sum = 0, own
  for k in ipairs(vectors) do
    total = total + math.exp(logits[k])
  end
  for k, other in ipairs(vectors) do
    sum = sum + other * (math.exp(logits[k]) / total)
  end
  return relu and sum:relu() or sum
end

describe("item_generator", function()
  local features = core.normal({ 6, 3 }, 0, 1, { seed = 1 })
  local lists = { { 2, 3 }, { 1 }, {}, { 6, 1 }, { 4, 2 }, { 5 } }
  local flat = {}
  for _, list in ipairs(lists) do
    flat[#flat + 1], flat[#flat + 2] = list[1] or 0, list[2] or 0
  end
  local families = cmml.item_families(cmml.ids(flat), 6)

  it("agrees with its definition, also where neighbours are missing", function()
    for _, relu in ipairs { true, false } do
      local generator = cmml.item_generator { inp = 3, width = 4, relu = relu }
      local all, beta = generator(features, families)
      local some = generator(features, families, cmml.ids { 5, 3, 5 })
      for item, neighbours in ipairs(lists) do
        local expected = generated_by_hand(generator, features:totable(), neighbours, item, relu)
        assert.is_true((all:slice(1, item, item) - expected):abs():max():item() < 1e-5)
      end
      for row, item in ipairs { 5, 3, 5 } do
        local apart = some:slice(1, row, row) - all:slice(1, item, item)
        assert.is_true(apart:abs():max():item() < 1e-6)
      end
      assert.same({ 0, 0 }, beta:totable()[3])
    end
  end)

  it("has the derivatives of its definition, with neighbours missing", function()
    cmml.gradcheck(function(c, x, weight, bias, attend)
      local generator = c.nn.functional(c.item_generator { inp = 3, width = 2, relu = false },
        { ["project.weight"] = weight, ["project.bias"] = bias, ["attend.weight"] = attend })
      return (generator(x, c.item_families(c.ids(flat), 6)))
    end, { features, { { 0.3, -1, 0.5 }, { 1, 0.25, -0.5 } }, { 0.1, 0.2 },
      { { 0.5, 1, -1, 0.75 } } })
  end)

  it("counts the parameters that are published", function()
    assert.are.equal(180417, cmml.item_generator({ inp = 2816, width = 64 }):count())
  end)

  it("refuses lists that are not as many for each item", function()
    refused("5 neighbours cannot be as many for each of 2 items", cmml.item_families,
      cmml.ids { 1, 2, 3, 4, 5 }, 2)
  end)
end)

describe("mixed items", function()
  it("take the generated row where they are flagged", function()
    local table_, generated = cmml.tensor { { 1 }, { 2 }, { 3 } }, cmml.tensor { { 10 }, { 20 } }
    local ids, flags = cmml.ids { 3, 1, 3, 2 }, cmml.tensor { 0, 1, 1, 0 }
    local found = cmml.mixed_items(table_, generated, ids, flags, cmml.ids { 1, 2, 1, 1 })
    assert.same({ { 3 }, { 20 }, { 10 }, { 2 } }, found:totable())
  end)

  it("are drawn anew for each key, at the rate", function()
    local function drawn(key)
      key.rate = 0.1
      return cmml.generated_flags(20000, key)
    end
    local first = drawn { seed = 1, draw = 2, place = 1 }
    assert.are.equal(0, (first - drawn { seed = 1, draw = 2, place = 1 }):abs():sum():item())
    assert.is_true(math.abs(first:mean():item() - 0.1) < 0.01) -- 4.7 standard deviations
    for _, key in ipairs { { seed = 2, draw = 2, place = 1 }, { seed = 1, draw = 3, place = 1 },
      { seed = 1, draw = 2, place = 2 } } do
      local both = (first * drawn(key)):mean():item()
      assert.is_true(math.abs(both - 0.01) < 0.004) -- independent, 5.7 standard deviations
    end
    assert.are.equal(0, cmml.generated_flags(5, { rate = 0 }):sum():item())
    assert.are.equal(5, cmml.generated_flags(5, { rate = 1 }):sum():item())
  end)
end)
