-- Collaborative filtering: ALS and BPR against their definitions in plain Lua.
local cmml = require "cmml"
local close = require "spec.support.close"
local each_kernels = require "spec.support.each_kernels"
local oracle = require "spec.support.cf_oracle"
local refused = require("spec.support.refused").with_text
local near = close.near
local double = cmml.double

local n_users, n_items = 23, 17
local entries = oracle.planted(n_users, n_items, 2, 0.6)
for e, entry in ipairs(entries) do
  entry[3] = e % 3 + 0.5
end

local function matrices(core)
  local r = oracle.ratings(core, entries)
  return core.sparse(r.users, r.items, r.ratings, n_users, n_items),
    core.sparse(r.items, r.users, r.ratings, n_items, n_users)
end

local function make(library, method, options)
  local all = { ratings = oracle.ratings(library.core, entries), n_users = n_users,
    n_items = n_items, factors = 5 }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  return library.vectors[method](all)
end

describe("a sparse matrix", function()
  local core = double.core

  it("is sorted, with the weights of a place added up and none of 0", function()
    local m = core.sparse(core.ids { 3, 1, 3, 1, 3, 1 }, core.ids { 2, 4, 1, 2, 2, 3 },
      core.tensor { 1, 2, 3, 4, 5, 0 }, 4, 5)
    assert.same({ 2, 0, 2, 0 }, m.rows:totable())
    assert.same({ 2, 4, 1, 2 }, m.columns:totable())
    assert.same({ 4, 2, 3, 6 }, m.weights:totable())
    local ones = core.sparse(core.ids { 1, 1 }, core.ids { 2, 2 }, nil, 1, 2)
    assert.same({ 2 }, ones.weights:totable())
    assert.same({ 0, 0 }, core.sparse(core.ids {}, core.ids {}, nil, 2, 0).rows:totable())
  end)

  it("refuses what makes no sense, before it takes memory", function()
    local one, two = core.ids { 1 }, core.ids { 1, 2 }
    refused("1 rows and 2 columns", core.sparse, one, two, nil, 1, 2)
    refused("unknown column (id 0)", core.sparse, one, core.ids { 0 }, nil, 1, 1)
    refused("row 2 of only 1", core.sparse, two, two, nil, 1, 2)
    refused("3 weights for 2 entries", core.sparse, two, two, core.tensor { 1, 1, 1 }, 2, 2)
    refused("number them from 1", core.sparse, two, two, nil, 2000000000, 2)
    refused("number them from 1", core.sparse, two, two, nil, 2, 2000000000)
    for _, bad in ipairs { -1, 0 / 0, math.huge } do
      refused("must be finite and not negative", core.sparse, two, two, core.tensor { 1, bad }, 2,
        2)
    end
    refused("the sum of the weights in row 1, column 1 overflows", core.sparse,
      core.ids { 1, 1 }, core.ids { 1, 1 }, core.tensor { 1e308, 1e308 }, 1, 1)
  end)

  it("is told from tables that only look like one", function()
    local x, y = core.full({ 2, 3 }, 1), core.full({ 3, 3 }, 1)
    local function check(lengths, columns, weights)
      local matrix = { rows = core.segments(lengths), columns = core.ids(columns),
        weights = core.tensor(weights) }
      refused("a matrix as core.sparse makes it", core.bpr_epoch, matrix, x, y, {})
      refused("a matrix as core.sparse makes it", core.als_sweep, matrix, y, x, {})
    end
    check({ 2, 1 }, { 1, 2 }, { 1, 1 })
    check({ 1, 1 }, { 1, 2 }, { 1 })
    check({ 1, 1 }, { 1, 0 }, { 1, 1 })
    check({ 0, 3 }, { 1, 1, 1 }, { 1, 1, 1 })
    check({ 0, 2 }, { 3, 1 }, { 1, 1 })
    for _, bad in ipairs { 0, -1, 0 / 0, math.huge } do
      check({ 1, 1 }, { 1, 2 }, { 1, bad })
    end
  end)

  it("has no vectors so wide that a square of them is too large", function()
    local none = core.sparse(core.ids {}, core.ids {}, nil, 0, 0)
    local wide = core.full({ 0, 100000 }, 0)
    refused("100000x100000", core.new_factors, none, 100000, {})
    refused("100000x100000", core.als_sweep, none, wide, wide, {})
    refused("100000x100000", core.als_loss, none, wide, wide, {})
  end)
end)

describe("ALS", function()
  local o = { alpha = 2, regularization = 0.3, steps = 3 }

  it("lowers its objective in every half sweep, by however few steps", function()
    for steps = 1, 3 do
      local core, options = double.core, { alpha = 2, regularization = 0.3, steps = steps }
      local by_user, by_item = matrices(core)
      local x, y = core.full({ n_users, 5 }, 0), core.new_factors(by_item, 5, { seed = 3 })
      local last = oracle.als_loss(entries, oracle.rows(x), oracle.rows(y), options)
      near(last, core.als_loss(by_user, x, y, options), 1e-12, "loss")
      for half = 1, 20 do
        if half % 2 == 1 then
          x = core.als_sweep(by_user, y, x, options)
        else
          y = core.als_sweep(by_item, x, y, options)
        end
        local loss = oracle.als_loss(entries, oracle.rows(x), oracle.rows(y), options)
        near(loss, core.als_loss(by_user, x, y, options), 1e-12, "loss")
        near(loss, core.als_loss(by_item, y, x, options), 1e-12, "loss, changed over")
        assert.truthy(loss < last, ("half sweep %d: %.17g after %.17g"):format(half, loss, last))
        last = loss
      end
    end
  end)

  it("solves the normal equations exactly with as many steps as factors", function()
    local core = double.core
    local by_user, by_item = matrices(core)
    local y = core.new_factors(by_item, 5, { seed = 3 })
    local x = core.als_sweep(by_user, y, core.new_factors(by_user, 5, { seed = 4 }),
      { alpha = 2, regularization = 0.3, steps = 5 })
    local worst, size = oracle.als_residual(entries, oracle.rows(x), oracle.rows(y), o)
    assert.truthy(worst < 1e-12 * size, worst)
  end)

  it("comes to rest where both sides' normal equations hold", function()
    local v = make(double, "als", { iterations = 600, alpha = 2, regularization = 0.3,
      unit_rms = false })
    local x, y = oracle.rows(v.users), oracle.rows(v.items)
    local worst, size = oracle.als_residual(entries, x, y, o)
    assert.truthy(worst < 1e-8 * size, worst)
    worst, size = oracle.als_residual(oracle.turned(entries), y, x, o)
    assert.truthy(worst < 1e-8 * size, worst)
    assert.truthy(size > 1)
  end)

  it("gives the same with all kernels, whatever the width", function()
    for _, factors in ipairs { 1, 3, 15, 16, 17, 63, 64, 65, 130 } do
      local options = { factors = factors, iterations = 2, regularization = 1, unit_rms = false }
      local expected = make(double, "als", options)
      each_kernels(cmml.core, function(name)
        local found = make(cmml, "als", options)
        for _, side in ipairs { "users", "items" } do
          local fault = close.fault(require "spec.support.ref".of(expected[side]), found[side],
            2e-4)
          assert.falsy(fault, ("%s, %d factors: %s"):format(name, factors, tostring(fault)))
        end
      end)
    end
  end)

  it("takes duplicates as one interaction of their weights' sum", function()
    local function solve(list)
      return double.vectors.als { ratings = oracle.ratings(double.core, list), n_users = 3,
        n_items = 3, factors = 2, seed = 9 }.users:tobytes()
    end
    assert.equal(solve { { 1, 1, 3 }, { 2, 2, 1 }, { 3, 1, 1 } },
      solve { { 3, 1, 1 }, { 1, 1, 1 }, { 2, 2, 1 }, { 1, 1, 2 }, { 2, 3, 0 } })
  end)

  it("goes on from other vectors as if it had not stopped", function()
    local whole = make(double, "als", { iterations = 7, unit_rms = false })
    local half = make(double, "als", { iterations = 4, unit_rms = false })
    local rest = make(double, "als", { iterations = 3, unit_rms = false, start = half })
    assert.equal(whole.users:tobytes(), rest.users:tobytes())
    assert.equal(whole.items:tobytes(), rest.items:tobytes())
    local scaled = make(double, "als", { iterations = 3, unit_rms = false,
      start = make(double, "als", { iterations = 4 }) })
    assert.falsy(close.fault(require "spec.support.ref".of(whole.items), scaled.items, 1e-9))
    refused("start has vectors of users of shape 23x5, but 23x4 are to be made", make, double,
      "als", { factors = 4, start = half })
    refused("start has vectors of items of shape 17x5, but 18x5 are to be made", make, double,
      "als", { n_items = 18, start = half })
  end)

  it("refuses numbers that overflow", function()
    refused("overflows: lower alpha (1e+38)", make, cmml, "als", { alpha = 1e38 })
  end)
end)

describe("BPR", function()
  local core = double.core

  it("takes the steps of its definition, on uniform pairs", function()
    local by_user, by_item = matrices(core)
    local x, y = core.new_factors(by_user, 5, { seed = 1 }), core.new_factors(by_item, 5,
      { seed = 2 })
    local a, b = oracle.rows(x), oracle.rows(y)
    for epoch = 1, 3 do
      local o = { rate = 0.1, regularization = 0.02, seed = 7, epoch = epoch }
      local right
      local expected = oracle.bpr_epoch(entries, a, b, o, core.streams.pairs)
      x, y, right = core.bpr_epoch(by_user, x, y, o)
      near(expected, right, 1e-12, "pairs in order")
      for r, row in ipairs(oracle.rows(x)) do
        for f, value in ipairs(row) do
          near(a[r][f], value, 1e-12, "user")
        end
      end
      for r, row in ipairs(oracle.rows(y)) do
        for f, value in ipairs(row) do
          near(b[r][f], value, 1e-12, "item")
        end
      end
    end
  end)

  it("goes on from other vectors", function()
    local half = make(double, "bpr", { iterations = 3 })
    local rest = make(double, "bpr", { iterations = 1, unit_rms = false, start = half })
    local x, y = core.bpr_epoch((matrices(core)), half.users * half.user_scale,
      half.items * half.item_scale, { seed = 1, epoch = 1, rate = 0.05, regularization = 0.01 })
    assert.equal(x:tobytes(), rest.users:tobytes())
    assert.equal(y:tobytes(), rest.items:tobytes())
  end)

  it("passes over users who have everything", function()
    local all = core.sparse(core.ids { 1, 1 }, core.ids { 1, 2 }, nil, 1, 2)
    local x = core.new_factors(all, 3, {})
    local y = core.new_factors(core.sparse(core.ids { 1, 2 }, core.ids { 1, 1 }, nil, 2, 1), 3, {})
    local after_x, after_y, right = core.bpr_epoch(all, x, y, {})
    assert.equal(x:tobytes(), after_x:tobytes())
    assert.equal(y:tobytes(), after_y:tobytes())
    assert.truthy(right ~= right)
  end)

  it("refuses a rate that makes the vectors overflow", function()
    refused("lower the learning rate (1e+30)", make, cmml, "bpr", { rate = 1e30 })
    refused("rate must be above 0, but is 0", make, cmml, "bpr", { rate = 0 })
  end)
end)
