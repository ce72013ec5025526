-- What carried a recommendation: exact contributions against definitions in plain Lua and by hand,
-- the others against adapting again without an entry.
local cmml = require "cmml"
local close = require "spec.support.close"
local equations = require "spec.support.normal_equations"
local oracle = require "spec.support.item_weights_oracle"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
require "spec.support.toy_ranking"
local core, near = cmml.core, close.near

local function fitted(name, data, options)
  local model = cmml.recommenders[name](data.catalogue, options)
  model:fit(model.setting.learnable(data))
  return model
end

-- Contributions by item.
local function by_item(why)
  local found = {}
  for _, entry in ipairs(why) do
    found[entry.item] = entry.contribution
  end
  return found
end

local function sum_of(why)
  local sum = 0
  for _, entry in ipairs(why) do
    sum = sum + entry.contribution
  end
  return sum
end

-- Who took what: i1 .. i17; the last of 40 people is not learnt from.
local n_people, n_items = 40, 17
local x, entries = oracle.made(n_people, n_items, 3, 11)
local plays = {}
for e, entry in ipairs(entries) do
  plays[e] = { "p" .. entry[1], "i" .. entry[2], entry[3] }
end
plays = assert(cmml.cold_users(cmml.dataset { name = "d", kind = "weights", ratings = plays },
  { test_users = { "p" .. n_people }, valid = 0 }))
local learnt = {}
for p = 1, n_people - 1 do
  learnt[p] = {}
  for i = 1, n_items do
    learnt[p][i] = x[p][i] > 0 and 1 or 0
  end
end

-- Ratings of films that are loved or hated by their kind.
local films = people.data(cmml, { users = 60, items = 12, rated = 6 })
local rated = { { "f1", 5 }, { "f2", 1 }, { "f4", 2 }, { "f7", 4.5 }, { "f9", 3 } }

describe("exact contributions", function()
  it("of EASE are its weights", function()
    local weights = oracle.ease(learnt, n_items, 3)
    for _, options in ipairs { { ridge = 3 }, { ridge = 3, rank = 99 } } do
      local person = fitted("ease", plays, options):adapt { { "i2", 1 }, { "i5", 2 }, { "i9", 1 } }
      for i, why in ipairs(person:explain { "i1", "i2", "i16" }) do
        local to = ({ 1, 2, 16 })[i]
        assert.same({ "exact", "i" .. to }, { why.method, why.item })
        for item, value in pairs(by_item(why)) do
          near(weights[tonumber(item:sub(2))][to], value, 1e-4, item)
        end
      end
    end
  end)

  it("of item-kNN are the similarities", function()
    local took = { anna = "ab", ben = "abc", cleo = "bc", dan = "a", eve = "a" }
    local rows = {}
    for _, who in ipairs { "anna", "ben", "cleo", "dan", "eve" } do
      for item in took[who]:gmatch "." do
        rows[#rows + 1] = { who, item }
      end
    end
    local data = assert(cmml.cold_users(cmml.dataset { name = "d", kind = "interactions",
      ratings = rows }, { test_users = { "eve" }, valid = 0 }))
    local model = fitted("item_knn_implicit", data, { weighting = "cosine" })
    local why = model:adapt({ "a", "b" }):explain({ "c" })[1]
    -- a has 3 people, b has 3 and c has 2, who share 1 with a and 2 with b
    assert.same({ "b", "a" }, { why[1].item, why[2].item })
    near(2 / math.sqrt(6), why[1].contribution, 1e-6)
    near(1 / math.sqrt(6), why[2].contribution, 1e-6)
    near(2 / 3, why[1].share, 1e-6)
    near(1 / 3, why[2].share, 1e-6)
  end)

  it("of iALS solve the person's equations with one item on the right side", function()
    local f, alpha = 4, 3
    local model = fitted("ials", plays, { factors = f, regularization = 2, alpha = alpha,
      values = "plain" })
    local y, support = {}, { { "i2", 1 }, { "i5", 2.5 }, { "i9", 1.5 } }
    for i, row in ipairs(model.vectors:totable()) do
      y[model.catalogue.items:text(i)] = row
    end
    local a = {}
    for r = 1, f do
      a[r] = {}
      for c = 1, f do
        a[r][c] = r == c and 2 or 0
        for _, vector in pairs(y) do
          a[r][c] = a[r][c] + vector[r] * vector[c]
        end
        for _, entry in ipairs(support) do
          a[r][c] = a[r][c] + alpha * entry[2] * y[entry[1]][r] * y[entry[1]][c]
        end
      end
    end
    local inverse = oracle.inverse(a)
    for _, why in ipairs(model:adapt(support):explain { "i1", "i5", "i16" }) do
      local found = by_item(why)
      for _, entry in ipairs(support) do
        local expected = 0
        for r = 1, f do
          for c = 1, f do
            expected = expected + y[why.item][r] * inverse[r][c] * y[entry[1]][c]
              * (1 + alpha * entry[2])
          end
        end
        near(expected, found[entry[1]], 2e-5, entry[1])
      end
    end
  end)

  it("of what is not relevant are 0", function()
    for _, name in ipairs { "ease", "ials", "item_knn_implicit", "slim" } do
      local why = fitted(name, films):adapt({ { "f1", 5 }, { "f2", 1 } }):explain({ "f3" })[1]
      assert.same({ "f2", 1, 0 }, { why[2].item, why[2].label, why[2].contribution })
      assert.is_true(why[1].contribution > 0)
    end
  end)

  it("of factorisations are ridge regressions on one rating alone", function()
    local mf = fitted("matrix_factorization", films, { factors = 3, ridge = 2, bias_ridge = 1 })
    local fa = fitted("factor_analysis", films, { factors = 3 })
    for model, of in pairs { [mf] = { features = mf.features, taken = mf.features,
      ridge = { 2, 2, 2, 1 } }, [fa] = { features = fa.features, taken = fa.loadings,
      ridge = { 1, 1, 1 } } } do
      local features, taken = equations.rows_of(of.features), equations.rows_of(of.taken)
      local means, rows = model.item_part:totable(), {}
      local scale = model.precision and model.precision:totable()
      for i, entry in ipairs(rated) do
        rows[i] = features[model.catalogue.items:id(entry[1])]
      end
      for _, why in ipairs(model:adapt(rated):explain { "f3", "f1" }) do
        local found, to = by_item(why), taken[model.catalogue.items:id(why.item)]
        for i, entry in ipairs(rated) do
          local row, targets, expected = model.catalogue.items:id(entry[1]), {}, 0
          for k = 1, #rated do
            targets[k] = k == i and (entry[2] - means[row]) * (scale and scale[row] or 1) or 0
          end
          for j, weight in ipairs(equations.ridge_weights(rows, targets, of.ridge)) do
            expected = expected + weight * to[j]
          end
          near(expected, found[entry[1]], 2e-5, entry[1])
        end
      end
    end
  end)

  it("of item-kNN on ratings have a part by the person's bias and one by similarity", function()
    local model = fitted("item_knn", films, { nearest = 2, shrink = 3, damp = 0.25,
      user_shrink = 2 })
    local items, means = model.catalogue.items, model.means.item_part:totable()
    local near_items = model.neighbours
    local similar, keep = near_items.similarities:totable(), near_items.similarities.shape[2]
    local neighbours = near_items.items:totable()
    for _, why in ipairs(model:adapt(rated):explain { "f3", "f5", "f6" }) do
      local left, weights, sum, used = {}, {}, 0, 0
      for _, entry in ipairs(rated) do
        left[items:id(entry[1])] = entry[2] - means[items:id(entry[1])]
      end
      local to = items:id(why.item)
      for k = 1, keep do
        local row = neighbours[(to - 1) * keep + k]
        if left[row] and used < 2 then
          weights[row], used, sum = similar[to][k], used + 1, sum + similar[to][k]
        end
      end
      local all = sum / (sum + 0.25) -- of the bias so much is taken off again
      for item, value in pairs(by_item(why)) do
        local row = items:id(item)
        near(left[row] * ((1 - all) / (#rated + 2) + (weights[row] or 0) / (sum + 0.25)), value,
          1e-5, item)
      end
    end
  end)

  it("add up to the score less that of the empty support, of every kind that has them", function()
    local seen = {}
    for _, class in ipairs(cmml.kinds.list "users") do
      if class.contributions and class.learns == "fit" then
        local model = fitted(class.kind, films)
        local person, nobody = model:adapt(rated), model:adapt {}
        local of_nobody = {}
        for _, entry in ipairs(nobody:recommend { n = 12 }) do
          of_nobody[entry.item] = entry.score
        end
        for _, entry in ipairs(person:recommend()) do
          local why = person:explain({ entry.item })[1]
          assert.same({ entry.item, entry.title, "exact", 5 }, { why.item, why.title, why.method,
            #why })
          near(entry.score, why.score, 1e-6, class.kind)
          near(of_nobody[entry.item], why.empty, 1e-6, class.kind)
          near(why.score - why.empty, sum_of(why), 3e-6, class.kind)
        end
        seen[class.kind] = true
      end
    end
    for _, name in ipairs { "ease", "factor_analysis", "global_mean", "ials", "item_knn",
      "item_knn_implicit", "item_mean", "item_user_mean", "matrix_factorization", "popularity",
      "slim", "user_mean" } do
      assert.is_true(seen[name], name)
    end
  end)

  it("are the same in pieces, where there are many items or entries", function()
    local contributions = require "cmml.recommenders.contributions"(cmml)
    local n = 150
    local support = cmml.data.rows { lengths = { n }, items = contributions.numbers(n) }
    local rows = cmml.data.rows { lengths = { 2 }, items = { 3, 1 } }
    for _, of in ipairs { { 10, 1 }, { 1 << 17, 5 }, { 1 << 30, 50 } } do
      local calls = 0
      local found = contributions.of_each_alone(support, rows, of[1], function(alone)
        calls = calls + 1
        local own = core.tensor(alone.items:totable()):reshape { -1, 1 }
        return core.concat({ own, own * 2, own * 3 }, 2)
      end):totable()
      assert.equal(of[2], calls)
      for i = 1, n do
        assert.same({ 3 * i, i }, { found[1][i], found[2][i] })
      end
    end
  end)
end)

describe("contributions by leaving one out", function()
  -- The support without an entry.
  local function without(support, place)
    local rest = table.move(support, 1, #support, 1, { user = support.user })
    table.remove(rest, place)
    return rest
  end

  it("are what a score loses when the model adapts again without the entry", function()
    local known = { user = { age = "2" }, table.unpack(rated) }
    local learnt_by_steps = cmml.cmml(films.catalogue, people.small())
    cmml.train(learnt_by_steps, films, people.training())
    for _, model in ipairs { fitted("user_knn", films), learnt_by_steps,
      cmml.recommenders.melu(films.catalogue) } do
      local person = model:adapt(known)
      local expected = { person:predict({ "f3" })[1] }
      local empty = model:adapt({ user = known.user }):predict({ "f3" })[1]
      local why = person:explain({ "f10", "f3" })[2]
      assert.same({ "f3", "Film 3", "leave-one-out", 5 }, { why.item, why.title, why.method, #why })
      near(expected[1], why.score, 1e-5, model.kind)
      near(empty, why.empty, 1e-5, model.kind)
      local found, some = by_item(why), 0
      for i, entry in ipairs(rated) do
        local left = expected[1] - model:adapt(without(known, i)):predict({ "f3" })[1]
        assert.near(left, found[entry[1]], 1e-5)
        some = some + math.abs(left)
      end
      assert.is_true(some > 1e-3, model.kind)
    end
  end)

  it("are of the user's list in scenarios", function()
    local split = scenario_world.data(cmml):split { seed = 2 }
    local model = cmml.cmml(split:catalogue(split:vectors { factors = 4, iterations = 2 }))
    local support = { { "u1", "i1", 1 }, { "u2", "i2", 1 }, { "u1", "i3", 0 } }
    local adapted = model:adapt(support)
    local score = adapted:predict({ "i9" }, { user = "u2" })[1]
    local why = adapted:explain({ "i9" }, { user = "u2" })[1]
    near(score, why.score, 1e-5)
    assert.equal("leave-one-out", why.method)
    assert.equal(3, #why)
    for _, entry in ipairs(why) do
      local place = tonumber(entry.item:sub(2))
      assert.same(support[place], { entry.user, entry.item, entry.label })
      local left = score - model:adapt(without(support, place)):predict({ "i9" },
        { user = "u2" })[1]
      assert.near(left, entry.contribution, 1e-5)
    end
    refused("explain: option user is missing: whom to rank for", adapted.explain, adapted, { "i9" })
    refused("explain: user: user nobody is not in the catalogue of 96", adapted.explain, adapted,
      { "i9" }, { user = "nobody" })
  end)

  it("are the same in pieces, where there are many entries", function()
    local wide = people.data(cmml, { users = 12, items = 140, rated = 70 })
    local model, many = fitted("user_knn", wide), {}
    for i = 1, 130 do -- 129 rows in each of 130 tasks are more than two pieces
      many[i] = { "f" .. i, i % 5 + 1 }
    end
    local person = model:adapt(many)
    local found = by_item(person:explain({ "f135" })[1])
    local score, some = person:predict({ "f135" })[1], 0
    for _, place in ipairs { 1, 62, 64, 65, 127, 130 } do
      assert.near(score - model:adapt(without(many, place)):predict({ "f135" })[1],
        found["f" .. place], 1e-5)
      some = math.max(some, math.abs(found["f" .. place]))
    end
    assert.is_true(some > 1e-3)
    local diverging = cmml.recommenders.melu(wide.catalogue, { inner_rate = { 100 },
      inner_steps = 5 })
    assert.equal(130, diverging:adapt(many):explain({ "f135" })[1].diverged)
  end)

  it("are of what lists are ordered by, not of the rating", function()
    local person = cmml.recommenders.toy_apart(films.catalogue):adapt { { "f1", 5 } }
    local best = person:recommend({ n = 1, include_support = true })[1]
    local why = person:explain({ best.item })[1]
    assert.same({ 11, 11, 0, 0 }, { why.score, why.empty, why[1].contribution, why[1].share })
  end)

  it("tell on how many supports steps diverged", function()
    local model = cmml.recommenders.melu(films.catalogue, { inner_rate = { 100 },
      inner_steps = 50 })
    local person = model:adapt(rated)
    assert.truthy(person.diverged)
    assert.equal(#rated, person:explain({ "f3" })[1].diverged)
    assert.is_nil(cmml.recommenders.melu(films.catalogue):adapt(rated):explain({ "f3" })[1]
      .diverged)
  end)
end)

describe("the entries of an explanation", function()
  it("come with what speaks most for the item first, and shares of what speaks for it", function()
    local model = fitted("matrix_factorization", films)
    local positive, negative = 0, 0
    local why = model:adapt(rated):explain({ "f3" })[1]
    for i, entry in ipairs(why) do
      assert.is_true(i == 1 or why[i - 1].contribution >= entry.contribution)
      positive = positive + math.max(entry.share, 0)
      negative = negative + math.min(entry.contribution, 0)
      near(why[1].share * entry.contribution, entry.share * why[1].contribution, 1e-6)
      assert.equal("Film " .. entry.item:sub(2), entry.title)
    end
    near(1, positive, 1e-9)
    assert.is_true(negative < 0)
    -- nothing speaks for anything: in the order of the support
    why = fitted("popularity", films):adapt(rated):explain({ "f3" })[1]
    for i, entry in ipairs(why) do
      assert.same({ rated[i][1], rated[i][2], 0, 0 }, { entry.item, entry.label,
        entry.contribution, entry.share })
    end
  end)

  it("are none of an empty support, whose score is that of somebody new", function()
    for name, method in pairs { ease = "exact", matrix_factorization = "exact",
      user_knn = "leave-one-out" } do
      local model = fitted(name, films)
      for _, person in ipairs { model:adapt {}, model:adapt({ { "nobody's", 3 } },
        { unknown = "skip" }) } do
        local why = person:explain({ "f3" })[1]
        assert.same({ 0, method, why.score }, { #why, why.method, why.empty })
      end
    end
    assert.same({}, fitted("ease", films):adapt(rated):explain {})
  end)

  it("are refused where they are not asked for as they must be", function()
    local model = fitted("ease", films)
    local person = model:adapt(rated)
    local function explain(...)
      return person:explain(...)
    end
    refused("explain: entry 2: item nope is not in the catalogue of 12", explain, { "f1", "nope" })
    refused("explain: entry 1 must be the raw id of an item, not", explain, { { id = "new" } })
    refused("explain: a list of items was expected, not", explain, "f1")
    refused("explain: option user does not apply", explain, { "f1" }, { user = "p1" })
    refused("unknown option usr; did you mean user?", explain, { "f1" }, { usr = "p1" })
    local kind = { name = "toy_odd", title = "toy", settings = { "users" }, learns = "none",
      make = function()
        return {}
      end, adapt = function()
        return {}
      end, score = function(_, _, rows)
        return core.full({ #rows.items }, 1)
      end, contributions = function()
        return core.full({ 3 }, 0)
      end }
    cmml.kind(kind)
    person = cmml.recommenders.toy_odd(films.catalogue):adapt(rated)
    refused("toy_odd: contributions must give a Tensor [1, 5], a number for each item and entry of "
      .. "the support, not a Tensor [3]", explain, { "f1" })
    kind.name, kind.contributions = "toy_odder", true
    refused("kind toy_odder: contributions must be a function", cmml.kind, kind)
    person = fitted("item_mean", films):adapt(rated)
    person.model.item_part = core.full({ 12 }, 1 / 0)
    refused("its scores are not finite numbers", explain, { "f1" })
  end)
end)
