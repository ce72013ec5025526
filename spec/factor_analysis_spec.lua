-- Factor analysis: its likelihood and its predictions against the dense normal distribution in
-- plain Lua, its fixed point against the slope of that likelihood, and the covariance that ratings
-- were drawn from.
local cmml = require "cmml"
local close = require "spec.support.close"
local dense = require "spec.support.dense_normal"
local equations = require "spec.support.normal_equations"
local fitted_kind = require "spec.support.fitted_kind"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local stream = require "spec.support.stream"

local near, near_lists, rows_of = close.near, close.near_lists, equations.rows_of
local libraries = { float32 = cmml, float64 = cmml.double }
local tolerance = { float32 = 2e-5, float64 = 1e-11 }

for dtype, library in pairs(libraries) do
  local core, bound = library.core, tolerance[dtype]

  -- Ratings of n users of m items that a factor analysis with these parameters gives, of which a
  -- fraction is there: {users, items, ratings}, and a list {rated, values} a user.
  local function drawn(n, loadings, means, noise, fraction, seed)
    local m, f = #means, #loadings[1]
    local z = rows_of(core.normal({ n, f }, 0, 1, { seed = seed }))
    local e = rows_of(core.normal({ n, m }, 0, 1, { seed = seed + 1 }))
    local there = rows_of(core.uniform({ n, m }, 0, 1, { seed = seed + 2 }))
    local lengths, items, values, list = {}, {}, {}, {}
    for u = 1, n do
      local rated, given = {}, {}
      for i = 1, m do
        if there[u][i] < fraction then
          local value = means[i] + math.sqrt(noise[i]) * e[u][i]
          for k = 1, f do
            value = value + loadings[i][k] * z[u][k]
          end
          rated[#rated + 1], given[#given + 1] = i, value
          items[#items + 1], values[#values + 1] = i, value
        end
      end
      lengths[u], list[u] = #rated, { rated, given }
    end
    return { core.segments(lengths), core.ids(items), core.tensor(values) }, list
  end

  -- Parameters of m items with f factors, in no order.
  local function parameters(m, f, seed)
    local draw, loadings, means, noise = stream(seed), {}, {}, {}
    for i = 1, m do
      loadings[i] = {}
      for k = 1, f do
        loadings[i][k] = (draw(21) - 11) / 10
      end
      means[i], noise[i] = draw(30) / 10, 0.3 + draw(10) / 10
    end
    return loadings, means, noise
  end

  local function likelihood_of(list, loadings, means, noise)
    local sum = 0
    for _, user in ipairs(list) do
      sum = sum + dense.log_likelihood(loadings, means, noise, user[1], user[2])
    end
    return sum
  end

  local function sweep(ratings, loadings, means, noise, centre, options)
    return core.factor_sweep(ratings[1], ratings[2], ratings[3], loadings, means, noise, centre,
      options)
  end

  describe("a sweep of factor analysis in " .. dtype, function()
    local l, m, n = parameters(7, 2, 3)
    local none = core.full({ 3 }, 0)

    for _, fraction in ipairs { 1, 0.5 } do
      it(("has the likelihood of the dense normal distribution, of which %g is seen"):format(
        fraction), function()
        local ratings, list = drawn(40, l, m, n, fraction, 11)
        local other_l, other_m, other_n = parameters(7, 2, 5)
        local loadings, means, noise = core.tensor(other_l), core.tensor(other_m),
          core.tensor(other_n)
        local _, _, _, found, penalty = sweep(ratings, loadings, means, noise, none,
          { noise_shrink = 1e-9, noise = 1 })
        near(likelihood_of(list, rows_of(loadings), means:totable(), noise:totable()), found,
          bound)
        assert.truthy(math.abs(penalty) < 1e-7)
      end)

      it(("ends where the likelihood is level, of which %g is seen"):format(fraction), function()
        local ratings, list = drawn(60, l, m, n, fraction, 21)
        local loadings, means, noise = core.tensor(l), core.tensor(m), core.tensor(n)
        local at_l, at_m, at_n
        local function slope(row, key)
          local value, step, sides = row[key], 1e-4, {}
          for i, sign in ipairs { 1, -1 } do
            row[key] = value + sign * step
            sides[i] = likelihood_of(list, at_l, at_m, at_n)
          end
          row[key] = value
          return (sides[1] - sides[2]) / (2 * step)
        end
        local function steepest()
          local most = 0
          at_l, at_m, at_n = rows_of(loadings), means:totable(), noise:totable()
          for i = 1, 7 do
            for _, found in ipairs { slope(at_l[i], 1), slope(at_l[i], 2), slope(at_m, i),
              slope(at_n, i) } do
              most = math.max(most, math.abs(found))
            end
          end
          return most
        end
        assert.truthy(steepest() > 10)
        for _ = 1, 4000 do
          loadings, means, noise = sweep(ratings, loadings, means, noise, none,
            { noise_shrink = 1e-9, noise = 1 })
        end
        local found = steepest()
        assert.truthy(found < 0.05, found)
      end)
    end

    it("never lowers likelihood less penalty", function()
      local ratings = drawn(50, l, m, n, 0.4, 31)
      for _, options in ipairs { { noise_shrink = 1e-9, noise = 1 }, { noise_shrink = 5,
        noise = 0.7, loading_shrink = 3, mean_shrink = 2 }, { noise_shrink = 0.5, noise = 2,
        loading_shrink = 40 } } do
        local loadings, means, noise = core.normal({ 7, 3 }, 0, 1, { seed = 4 }),
          core.full({ 7 }, 1), core.full({ 7 }, 3)
        local last, first = -math.huge, nil
        for step = 1, 60 do
          local likelihood, penalty
          loadings, means, noise, likelihood, penalty = sweep(ratings, loadings, means, noise,
            core.tensor { 0.1, -0.2, 0.3, 1.5 }, options)
          local value = likelihood - penalty
          assert.truthy(value >= last - bound * math.abs(last), ("%d: %.12g after %.12g"):format(
            step, value, last))
          last, first = value, first or value
        end
        assert.truthy(last > first + 10)
      end
    end)

    -- The sweep after which nothing changes solves for each item what the prior and the posteriors
    -- of the factors ask for: here without any factor, where it can be written down.
    it("pulls items to the prior by as many imaginary ratings as it says", function()
      local ratings = { core.segments { 1, 1, 1 }, core.ids { 1, 1, 2 }, core.tensor { 4, 5, 1 } }
      local options = { mean_shrink = 2, loading_shrink = 1e12, noise_shrink = 4, noise = 0.5 }
      local centre, loadings = core.tensor { 0, 3 }, core.full({ 3, 1 }, 0)
      local means, noise = core.full({ 3 }, 1), core.full({ 3 }, 2)
      local likelihood, penalty
      loadings, means, noise, likelihood, penalty = sweep(ratings, loadings, means, noise, centre,
        options)
      near_lists({ 0, 0, 0 }, loadings:reshape({ -1 }):totable(), 1e-9, "loadings")
      near_lists({ (9 + 6) / 4, 7 / 3, 3 }, means:totable(), bound, "means")
      local first = (4 - 3.75) ^ 2 + (5 - 3.75) ^ 2 + 2 * 0.75 ^ 2
      local second = (1 - 7 / 3) ^ 2 + 2 * (3 - 7 / 3) ^ 2
      near_lists({ (first + 4 * 0.5) / 6, (second + 2) / 5, 0.5 }, noise:totable(), bound, "noise")
      local squares = 3 ^ 2 + 4 ^ 2
      near(-1.5 * math.log(2 * math.pi * 2) - squares / 4, likelihood, bound, "likelihood")
      -- of each of the two items that were rated
      near(2 * (2 * (1 - 3) ^ 2 / 2 / 2 + 4 / 2 * (math.log(2 / 0.5) + 0.5 / 2 - 1)), penalty,
        bound, "penalty")
    end)

    it("refuses what does not fit", function()
      local ratings = { core.segments { 1 }, core.ids { 1 }, core.tensor { 4 } }
      local loadings, two = core.full({ 2, 1 }, 0.5), core.full({ 2 }, 1)
      local function refuses(text, changes, options)
        local given = { ratings = ratings, loadings = loadings, means = two, noise = two,
          centre = core.full({ 2 }, 0) }
        for name, value in pairs(changes) do
          given[name] = value
        end
        refused(text, sweep, given.ratings, given.loadings, given.means, given.noise, given.centre,
          options or {})
      end
      local shapes = "loadings must be [items, factors]"
      refuses(shapes, { loadings = two })
      refuses(shapes, { means = core.full({ 3 }, 1) })
      refuses(shapes, { noise = core.full({ 1 }, 1) })
      refuses(shapes, { centre = core.full({ 1 }, 1) })
      refuses("ratings: ids from 3 to 3, but only 2", { ratings = { ratings[1], core.ids { 3 },
        ratings[3] } })
      refuses("ratings: ids from 0 to 0", { ratings = { ratings[1], core.ids { 0 }, ratings[3] } })
      refuses("ratings: 1 ids and 2 numbers", { ratings = { ratings[1], ratings[2], two } })
      for _, bad in ipairs { 0, -1, 0 / 0, 1 / 0 } do
        refuses("the noise of item 2 is", { noise = core.tensor { 1, bad } })
        refuses("noise_shrink", {}, { noise_shrink = bad })
        refuses("must be above 0", {}, { noise = bad })
      end
      for _, bad in ipairs { -1, 0 / 0, 1 / 0 } do
        refuses("must not be negative", {}, { loading_shrink = bad })
        refuses("must not be negative", {}, { mean_shrink = bad })
      end
      for _, bad in ipairs { 0 / 0, 1 / 0 } do
        refuses("user 1 overflow", { ratings = { ratings[1], ratings[2], core.tensor { bad } } })
        refuses("user 1 overflow", { loadings = core.full({ 2, 1 }, bad) })
      end
      refuses("contiguous", { loadings = core.full({ 2, 2 }, 1):slice(2, 1, 1) })
      refuses("100000", { loadings = core.full({ 0, 100000 }, 0), means = core.full({ 0 }, 0),
        noise = core.full({ 0 }, 1), centre = core.full({ 100001 }, 0),
        ratings = { core.segments {}, core.ids {}, core.full({ 0 }, 0) } })
    end)
  end)

  describe("factor analysis in " .. dtype, function()
    it("recovers the covariance that ratings were drawn from, most of them missing", function()
      local loadings, means, noise = parameters(8, 2, 9)
      local ratings = drawn(4000, loadings, means, noise, 0.4, 41)
      local items, of = {}, {}
      for i = 1, 8 do
        of[i], items[i] = i, { id = tostring(i) }
      end
      local ids, values, rows, at = ratings[2]:totable(), ratings[3]:totable(), {}, 0
      for u, length in ipairs(ratings[1]:totable()) do
        for r = at + 1, at + length do
          rows[r] = { "u" .. u, tostring(ids[r]), values[r] }
        end
        at = at + length
      end
      local set = library.dataset { schema = library.data.schema {}, ratings = rows,
        items = items }
      local users = {}
      for u = 1, #set.users do
        users[u] = u
      end
      local model = library.recommenders.factor_analysis(set:catalogue(users), { factors = 2,
        loading_shrink = 0.01, item_shrink = 0.01, noise_shrink = 0.01, sweeps = 1000,
        tolerance = 1e-6 })
      model:fit { ratings = set.ratings, users = users }
      local place = {}
      for i = 1, 8 do
        place[i] = set.items:id(tostring(i))
      end
      local truth = dense.covariance(loadings, noise, of)
      local found = dense.covariance(rows_of(model.loadings), model.noise:totable(), place)
      local largest = 0
      for i = 1, 8 do
        assert.truthy(math.abs(means[i] - model.item_part:totable()[place[i]]) < 0.15)
        for j = 1, 8 do
          assert.truthy(math.abs(truth[i][j] - found[i][j]) < 0.25,
            ("%d, %d: %g, not %g"):format(i, j, found[i][j], truth[i][j]))
          largest = math.max(largest, i ~= j and math.abs(truth[i][j]) or 0)
        end
      end
      assert.truthy(largest > 0.8) -- there is something to recover
    end)

    local data = people.data(library, { users = 60, items = 14, rated = 8 })

    local function fitted(options)
      local model = library.recommenders.factor_analysis(data.catalogue, options)
      model:fit { ratings = data.ratings, users = data.train }
      return model
    end

    it("predicts what the normal distribution expects given the support", function()
      local model = fitted { factors = 3, loading_shrink = 1 }
      local support, rated, values = { { "f1", 5 }, { "f4", 1 }, { "f7", 2.5 } }, {}, {}
      for i, pair in ipairs(support) do
        rated[i], values[i] = data.catalogue.items:id(pair[1]), pair[2]
      end
      local asked, names = {}, {}
      for row = 1, 14 do
        if row ~= rated[1] and row ~= rated[2] and row ~= rated[3] then
          asked[#asked + 1], names[#names + 1] = row, data.catalogue.items:text(row)
        end
      end
      near_lists(dense.expected(rows_of(model.loadings), model.item_part:totable(),
        model.noise:totable(), rated, values, asked), model:adapt(support):predict(names), bound,
        "score")
      near_lists({ model.item_part:totable()[asked[1]] },
        model:adapt({}):predict { names[1] }, 0, "without support")
    end)

    it("never lowers likelihood less penalty while it is fitted, and stops", function()
      local model = fitted { factors = 2, tolerance = 1e-5, sweeps = 400 }
      local list = model.objectives
      assert.truthy(#list > 5 and #list < 400, #list)
      for i = 2, #list do
        assert.truthy(list[i] >= list[i - 1] - bound * math.abs(list[i]),
          ("%d: %.12g after %.12g"):format(i, list[i], list[i - 1]))
      end
      assert.equal(3, #fitted({ sweeps = 3, tolerance = 0 }).objectives)
      assert.equal(2, #fitted({ tolerance = 1e9 }).objectives)
    end)

    it("finds what means cannot: people who love one kind of film and hate the other", function()
      fitted_kind.finds_tastes(library, data, fitted { factors = 2, loading_shrink = 2 }, 0.5)
    end)
  end)
end

describe("factor analysis", function()
  local core = cmml.core
  local data = people.data(cmml, { users = 30, items = 12, rated = 6 })

  it("has the same bits for the same seed, whatever the order of the calls", function()
    fitted_kind.follows_its_seed(cmml, data, "factor_analysis")
  end)

  it("is finite where nothing was rated, one rating, or all the same", function()
    fitted_kind.knows_nothing(cmml, data, "factor_analysis")
    local cold = cmml.dataset { schema = cmml.data.schema {}, ratings = { { "u", "a", 5 },
      { "u", "b", 2 }, { "v", "c", 3 } }, items = { { id = "a" }, { id = "never" } } }
    for _, users in ipairs { { 1 }, { 2 }, { 1, 2 } } do
      local model = cmml.recommenders.factor_analysis(cold:catalogue(users), { factors = 40 })
      model:fit { ratings = cold.ratings, users = users }
      local before = model:adapt({}):predict({ "never" })[1]
      assert.truthy(before > 1.9 and before < 5.1, before)
      assert.truthy(model:adapt({ { "never", 9 } }):predict({ "a" })[1] >= before - 3)
    end
  end)

  it("pulls an item that nobody rated to what all items are like", function()
    local world = people.world { users = 40, items = 8, rated = 5 }
    for _, rating in ipairs(world.ratings) do
      rating[3] = 2 + tonumber(rating[1]:sub(2)) % 3 -- people are generous or not, that is all
    end
    local set = cmml.dataset { schema = cmml.data.schema {}, ratings = world.ratings,
      items = { { id = "f1" }, { id = "never" } } }
    local users = {}
    for u = 1, #set.users do
      users[u] = u
    end
    local model = cmml.recommenders.factor_analysis(set:catalogue(users), { factors = 1 })
    model:fit { ratings = set.ratings, users = users }
    local generous = model:adapt { { "f1", 4 }, { "f2", 4 }, { "f3", 4 }, { "f4", 4 } }
    assert.truthy(generous:predict({ "never" })[1] > model:adapt({}):predict({ "never" })[1] + 0.5)
  end)

  it("comes back from a file, and is refused from one that does not hold it", function()
    local path = os.tmpname()
    local model = cmml.recommenders.factor_analysis(data.catalogue, { factors = 3.0 })
    model:fit { ratings = data.ratings, users = data.train }
    assert(model:save(path))
    local loaded, support = assert(cmml.load(path)), { { "f1", 5 }, { "f4", 1 } }
    assert.equal(people.bits(model), people.bits(loaded))
    assert.same(model:adapt(support):predict { "f2", "f3" },
      loaded:adapt(support):predict { "f2", "f3" })
    for _, factors in ipairs { 2, 1 << 40, 1e300 } do
      model.options.factors = factors
      assert(model:save(path))
      local found, message = cmml.load(path)
      assert.is_nil(found)
      assert.truthy(message:find("loadings has shape 12x3, but 12x", 1, true), message)
    end
    model.options.factors = 3
    for _, bad in ipairs { 0, -1, 0 / 0, 1 / 0 } do
      local noise = core.full({ 11 }, 1)
      model.noise = core.concat({ noise, core.tensor { bad } }, 1)
      assert(model:save(path))
      local found, message = cmml.load(path)
      assert.is_nil(found)
      assert.truthy(message:find(bad == bad and bad < 1 and "the noise of item 12 is"
        or "model.noise holds numbers that are not finite", 1, true), message)
    end
    os.remove(path)
  end)

  it("refuses options that make no sense", function()
    local make = cmml.recommenders.factor_analysis
    refused("factor_analysis: factors must be at least 1, but is 0", make, data.catalogue,
      { factors = 0 })
    refused("sweeps must be at least 1, but is 0", make, data.catalogue, { sweeps = 0 })
    refused("seed must be at least 0, but is -1", make, data.catalogue, { seed = -1 })
    refused("noise_shrink must be above 0, but is 0", make, data.catalogue, { noise_shrink = 0 })
    for _, name in ipairs { "loading_shrink", "item_shrink", "tolerance" } do
      refused(name .. " must be at least 0, but is -1", make, data.catalogue, { [name] = -1 })
      for _, value in ipairs { 0 / 0, 1 / 0 } do
        refused(name .. " must be a finite number, but is", make, data.catalogue,
          { [name] = value })
      end
    end
    refused("unknown option factor; did you mean factors?", make, data.catalogue, { factor = 3 })
    refused("catalogue must be a cmml.Catalogue, not nil", make)
  end)
end)
