-- Kinds that fold people in: their scores against the definitions in plain Lua and by hand, for
-- people of whom little or nothing is known, and from model files.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local machine_memory = require "cmml.base.machine_memory"
local oracle = require "spec.support.item_weights_oracle"
local refused = require("spec.support.refused").with_text
local core = cmml.core

local n_people, n_items = 40, 17
local kinds = { "ease", "ials", "item_knn_implicit", "popularity", "slim" }

-- Made interactions; the last person is tested, and nobody else took the last item.
local x, entries = oracle.made(n_people, n_items - 1, 3, 11)

local function dataset(kind, change)
  local ratings = {}
  for e, entry in ipairs(entries) do
    ratings[e] = change and change(entry)
      or { "p" .. entry[1], "i" .. entry[2], kind ~= "interactions" and entry[3] or nil }
  end
  ratings[#ratings + 1] = { "p" .. n_people, "i" .. n_items, kind ~= "interactions" and 1 or nil }
  return cmml.dataset { name = "d", kind = kind, ratings = ratings }
end

local function split(data, options)
  local given = { test_users = { "p" .. n_people }, valid = 0 }
  for key, value in pairs(options or {}) do
    given[key] = value
  end
  return assert(cmml.cold_users(data, given))
end

local function fitted(name, data, options)
  local model = cmml.recommenders[name](data.catalogue, options)
  model:fit(model.setting.learnable(data))
  return model
end

-- The scores that a person with these items gets, by item.
local function all_scores(model, items)
  local given, list = {}, {}
  for i, item in ipairs(items) do
    given[i] = { "i" .. item, 1 }
  end
  local person = model:adapt(given)
  local scores = model:score_all(person.state):totable()[1]
  for i = 1, n_items do
    list[i] = scores[model.catalogue.items:id("i" .. i)]
  end
  return list
end

local function near(expected, found, bound)
  for i = 1, n_items do
    local value = expected[i] or 0
    assert(math.abs(value - found[i]) <= bound * math.max(1, math.abs(value)),
      ("item %d: %.9g was expected, not %.9g"):format(i, value, found[i]))
  end
end

-- The rows that are learnt from, as the option `values` has them.
local function learnt(change)
  local rows = {}
  for p = 1, n_people - 1 do
    rows[p] = {}
    for i = 1, n_items do
      local w = x[p][i] or 0
      rows[p][i] = w > 0 and (change and change(w) or 1) or 0
    end
  end
  return rows
end

local function saved(model)
  local path = os.tmpname()
  assert(model:save(path))
  local loaded = assert(cmml.load(path))
  os.remove(path)
  return loaded
end

local plays = split(dataset "weights")

describe("scores of people who are folded in", function()
  it("by EASE are sums of the weights of the definition", function()
    for values, change in pairs { binary = false, log = function(w)
      return math.log(1 + w, 2)
    end, plain = function(w)
      return w
    end } do
      local b = oracle.ease(learnt(change or nil), n_items, 3)
      local model, expected = fitted("ease", plays, { ridge = 3, values = values }), {}
      for i = 1, n_items do
        expected[i] = b[2][i] + b[5][i]
      end
      near(expected, all_scores(model, { 2, 5 }), 2e-5)
      near(expected, all_scores(saved(model), { 2, 5 }), 2e-5)
    end
  end)

  it("by EASE in all directions that there are, are those of the closed form", function()
    local whole = fitted("ease", plays, { ridge = 5 })
    local directions = fitted("ease", plays, { ridge = 5, rank = 99 })
    for _, items in ipairs { { 2, 5 }, { 1 }, {} } do
      near(all_scores(whole, items), all_scores(directions, items), 1e-4)
      near(all_scores(whole, items), all_scores(saved(directions), items), 1e-4)
    end
    -- Fewer directions are another model, which is near.
    local few = all_scores(fitted("ease", plays, { ridge = 5, rank = 3 }), { 2, 5 })
    assert.is_false(pcall(near, all_scores(whole, { 2, 5 }), few, 1e-3))
    near(all_scores(whole, { 2, 5 }), few, 0.35)
    assert.same(few, all_scores(fitted("ease", plays, { ridge = 5, rank = 3 }), { 2, 5 }))
  end)

  it("by iALS solve the normal equations of the person", function()
    local model = fitted("ials", plays, { factors = 4, regularization = 2, alpha = 3,
      values = "plain" })
    local y, f = {}, 4
    for i, row in ipairs(model.vectors:totable()) do
      y[i] = row
    end
    local rows_of = {}
    for i = 1, n_items do
      rows_of[i] = model.catalogue.items:id("i" .. i)
    end
    local a, b = {}, {}
    for k = 1, f do
      a[k], b[k] = {}, 0
      for l = 1, f do
        a[k][l] = k == l and 2 or 0
        for i = 1, n_items do
          a[k][l] = a[k][l] + y[i][k] * y[i][l]
        end
        for _, item in ipairs { 2, 5 } do
          local row = y[rows_of[item]]
          a[k][l] = a[k][l] + 3 * row[k] * row[l]
        end
      end
      for _, item in ipairs { 2, 5 } do
        b[k] = b[k] + (1 + 3) * y[rows_of[item]][k]
      end
    end
    local inverse, expected = oracle.inverse(a), {}
    for i = 1, n_items do
      expected[i] = 0
      for k = 1, f do
        for l = 1, f do
          expected[i] = expected[i] + y[rows_of[i]][k] * inverse[k][l] * b[l]
        end
      end
    end
    near(expected, all_scores(model, { 2, 5 }), 2e-5)
    near(expected, all_scores(saved(model), { 2, 5 }), 2e-5)
    assert.truthy(math.abs(expected[8]) > 1e-3)
  end)

  -- Row i of the similarities, the largest `nearest` of each, by a function of two items.
  local function neighbours(nearest, similarity)
    local s = {}
    for i = 1, n_items do
      local row = {}
      for j = 1, n_items do
        row[#row + 1] = { j ~= i and similarity(i, j) or 0, j }
      end
      table.sort(row, function(p, q)
        return p[1] > q[1] or p[1] == q[1] and p[2] < q[2]
      end)
      s[i] = {}
      for k, pair in ipairs(row) do
        s[i][pair[2]] = k <= nearest and pair[1] > 0 and pair[1] or 0
      end
    end
    return s
  end

  local function product(rows, i, j)
    local sum = 0
    for _, row in ipairs(rows) do
      sum = sum + row[i] * row[j]
    end
    return sum
  end

  -- As implicit's CosineRecommender, TFIDFRecommender and BM25Recommender weigh.
  local weightings = {}

  function weightings.cosine(rows)
    return rows, true
  end

  local function counts(row)
    local n = 0
    for i = 1, n_items do
      n = n + (row[i] > 0 and 1 or 0)
    end
    return n
  end

  function weightings.tfidf(rows)
    local out = {}
    for p, row in ipairs(rows) do
      out[p] = {}
      for i = 1, n_items do
        out[p][i] = math.sqrt(row[i]) * (math.log(n_items) - math.log(1 + counts(row)))
      end
    end
    return out, true
  end

  function weightings.bm25(rows)
    local out, sums, mean = {}, {}, 0
    for i = 1, n_items do
      sums[i] = 0
      for _, row in ipairs(rows) do
        sums[i] = sums[i] + row[i]
      end
      mean = mean + sums[i] / n_items
    end
    for p, row in ipairs(rows) do
      out[p] = {}
      for i = 1, n_items do
        local w, length = row[i], 0.25 + 0.75 * sums[i] / mean
        out[p][i] = w * 2.2 / (1.2 * length + w) * (math.log(n_items) - math.log(1 + counts(row)))
        out[p][i] = w > 0 and out[p][i] or 0
      end
    end
    return out, false
  end

  for weighting, weigh in pairs(weightings) do
    it("by neighbours are sums of similarities by " .. weighting, function()
      local rows, normalised = weigh(learnt(function(w)
        return w
      end))
      local s = neighbours(6, function(i, j)
        local square = normalised and product(rows, i, i) * product(rows, j, j) or 1
        return square > 0 and product(rows, i, j) / math.sqrt(square) or 0
      end)
      local model = fitted("item_knn_implicit", plays, { weighting = weighting, nearest = 6,
        values = "plain" })
      local expected = {}
      for i = 1, n_items do
        expected[i] = s[2][i] + s[5][i]
      end
      near(expected, all_scores(model, { 2, 5 }), 2e-5)
      near(expected, all_scores(saved(model), { 2, 5 }), 2e-5)
    end)
  end

  it("by SLIM are sums of weights by which no slope is left", function()
    local model = fitted("slim", plays, { l1 = 1, l2 = 2 })
    local gram, w, rows_of = oracle.gram(learnt(), n_items), {}, {}
    local dense = oracle.dense(model.weights, n_items)
    for i = 1, n_items do
      rows_of[i] = model.catalogue.items:id("i" .. i)
    end
    local expected = {}
    for i = 1, n_items do
      w[i] = {}
      for j = 1, n_items do
        w[i][j] = dense[rows_of[i]][rows_of[j]]
      end
    end
    for j = 1, n_items do
      for i = 1, n_items do
        local slope = gram[i][j] - 1 - 2 * w[i][j]
        for k = 1, n_items do
          slope = slope - gram[i][k] * w[k][j]
        end
        assert(i == j and w[i][j] == 0 or slope < 0.01 and (w[i][j] == 0 or slope > -0.01), slope)
      end
      expected[j] = w[2][j] + w[5][j]
    end
    near(expected, all_scores(model, { 2, 5 }), 2e-5)
    near(expected, all_scores(saved(model), { 2, 5 }), 2e-5)
  end)
end)

describe("popularity in the setting users", function()
  it("counts people, whatever the weights", function()
    local expected = {}
    for i = 1, n_items do
      expected[i] = 0
      for _, row in ipairs(learnt()) do
        expected[i] = expected[i] + row[i]
      end
    end
    local model = fitted("popularity", plays)
    near(expected, all_scores(model, { 3 }), 1e-5)
    near(expected, all_scores(saved(model), {}), 1e-5)
  end)

  it("counts those of the last days alone, if so it is told", function()
    local day = 86400
    for unit = 1, 1000, 999 do
      local data = split(cmml.dataset { name = "d", ratings = {
        { "a", "i1", 5, 18000 * day * unit }, { "b", "i1", 5, 18000 * day * unit },
        { "a", "i2", 5, 18090 * day * unit }, { "b", "i3", 2, 18100 * day * unit },
        { "c", "i3", 5, 18100 * day * unit }, { "t", "i1", 5, 19000 * day * unit } } },
        { test_users = { "t" } })
      local function order(options)
        local list = {}
        for i, shown in ipairs(fitted("popularity", data, options):adapt({}):recommend {}) do
          list[i] = shown.item .. " " .. math.floor(shown.score + 0.5)
        end
        return list
      end
      assert.same({ "i1 2", "i2 1", "i3 1" }, order {})
      assert.same({ "i2 1", "i3 1", "i1 0" }, order { window = 10 })
      assert.same({ "i3 1", "i1 0", "i2 0" }, order { window = 9.99 })
    end
    refused("window needs times, but the data have none", fitted, "popularity", plays,
      { window = 3 })
    refused("window must be above 0", fitted, "popularity", plays, { window = 0 })
  end)
end)

for _, name in ipairs(kinds) do
  describe("the kind " .. name, function()
    it("lists the most popular for a person of whom nothing is known", function()
      local model = fitted(name, plays)
      local popular = fitted("popularity", plays)
      local function items(of, support)
        local list = {}
        for i, shown in ipairs(of:adapt(support):recommend { n = 5 }) do
          list[i] = shown.item
        end
        return list
      end
      assert.same(items(popular, {}), items(model, {}))
      -- One with a support beside one without: neither changes the other.
      local lists = model:recommend_all({ {}, { { "i2", 1 }, { "i5", 1 } }, {} }, { n = 5 })
      for i, support in ipairs { {}, { { "i2", 1 }, { "i5", 1 } }, {} } do
        local found = {}
        for k, shown in ipairs(lists[i]) do
          found[k] = shown.item
        end
        assert.same(items(model, support), found)
      end
    end)

    it("reads ratings by what is relevant", function()
      local data = split(dataset("ratings", function(entry)
        return { "p" .. entry[1], "i" .. entry[2], entry[3] * 2 } -- 2, 3 or 4
      end), { relevant = 3 })
      local model, plain = fitted(name, data), fitted(name, split(dataset("interactions"), {}))
      local person = model:adapt { { "i2", 4 }, { "i5", 2 }, { "i3", 3 } }
      local same = model:adapt { { "i2", 3 }, { "i3", 4 } }
      assert.same(model:score_all(same.state):totable(), model:score_all(person.state):totable())
      assert.truthy(plain.people:sum():item() > model.people:sum():item())
    end)

    it("gives a row the score that it has among all", function()
      local model = fitted(name, plays)
      local person = model:adapt { { "i2", 1 }, { "i5", 1 } }
      local all = model:score_all(person.state):totable()[1]
      local rows = cmml.data.rows { lengths = { 3 }, items = { 4, 1, 16 } }
      assert.same({ all[4], all[1], all[16] }, model:scores_of(person.state, rows):totable())
    end)

    it("works with one item, one person and nothing to tell apart", function()
      local data = split(cmml.dataset { name = "d", kind = "interactions", ratings = {
        { "a", "only" }, { "t", "only" } } }, { test_users = { "t" } })
      local model = fitted(name, data)
      assert.equal(0, #model:adapt({ { "only", 1 } }):recommend {})
      assert.equal("only", model:adapt({}):recommend({})[1].item)
      local all = {}
      for p = 1, 6 do
        for i = 1, 4 do
          all[#all + 1] = { "p" .. p, "i" .. i }
        end
      end
      data = split(cmml.dataset { name = "d", kind = "interactions", ratings = all },
        { test_users = { "p6" } })
      assert.equal(3, #fitted(name, data):adapt({ { "i1", 1 } }):recommend {})
    end)

    it("can be kept before it was fitted, and scores nothing", function()
      local model = saved(cmml.recommenders[name](plays.catalogue))
      assert.same(0, model:score_all(model:adapt({ { "i2", 1 } }).state):sum():item())
    end)

    it("gives the same bits again", function()
      local first, second = fitted(name, plays), fitted(name, plays)
      for i, pair in ipairs(first:tensors()) do
        local other = second:tensors()[i][2]
        if cmml.is_tensor(other) then
          assert.equal(pair[2]:tobytes(), other:tobytes())
        else
          assert.same(pair[2], other)
        end
      end
    end)
  end)
end

describe("strengths that nobody gives", function()
  it("grow with how many people an item has, whatever items nobody took", function()
    local sum, taken = 0, {}
    for _, row in ipairs(learnt()) do
      for i = 1, n_items do
        sum = sum + row[i]
        taken[i] = taken[i] or row[i] > 0 or nil
      end
    end
    local n_taken = 0
    for _ in pairs(taken) do
      n_taken = n_taken + 1
    end
    assert.is_true(n_taken < n_items)
    local mean = sum / n_taken
    near(all_scores(fitted("ease", plays, { ridge = 15 * mean }), { 2, 5 }),
      all_scores(fitted("ease", plays), { 2, 5 }), 1e-5)
    near(all_scores(fitted("slim", plays, { l1 = mean / 40, l2 = 8 * mean }), { 2, 5 }),
      all_scores(fitted("slim", plays), { 2, 5 }), 1e-5)
  end)
end)

describe("a person of whom nothing is known", function()
  it("is told", function()
    local path = os.tmpname()
    local model = fitted("ease", split(dataset("ratings", function(entry)
      return { "p" .. entry[1], "i" .. entry[2], entry[3] * 2 }
    end), { relevant = 3 }))
    assert(model:save(path))
    local function told(...)
      local _, said = cli("recommend", "--model", path, "--n", "1", ...)
      return said:match "[^\n]*relevant[^\n]*"
    end
    local line = "nothing of the support is relevant (3 or higher): this is the list of somebody "
      .. "new"
    assert.equal(line, told())
    assert.equal(line, told("--rate", "i2=2"))
    assert.is_nil(told("--rate", "i2=3,i5=2"))
    os.remove(path)
    assert.equal(1, model:adapt({ { "i2", 3 }, { "i5", 2 } }).counting)
    assert.equal(0, model:adapt({}).counting)
  end)
end)

describe("the closed form of EASE", function()
  it("is refused where memory does not hold it, with what to do", function()
    local was = machine_memory.available
    machine_memory.available = function()
      return 5000
    end
    local ok, message = pcall(fitted, "ease", plays)
    machine_memory.available = was
    assert.is_false(ok)
    assert.matches("the closed form of 17 items needs about %d.%d GB of memory, but only 0.0 GB "
      .. "are available: give rank, such as 256", tostring(message))
  end)
end)

describe("model files of weights", function()
  it("are refused where their parts do not go together", function()
    local fold_in = { lengths = { 1, 1 }, columns = { 2, 1 } }
    local model = fitted("slim", plays)
    local tensors = model:tensors()
    local function restored(change)
      local list = {}
      for i, pair in ipairs(tensors) do
        list[i] = { pair[1], change[pair[1]] or pair[2] }
      end
      return model.restore(model.catalogue, model.options, list)
    end
    assert.truthy(restored {})
    refused("do not go together", restored, { lengths = fold_in.lengths })
    refused("do not go together", restored, { columns = fold_in.columns })
    local columns = table.move(tensors[5][2], 1, #tensors[5][2], 1, {})
    columns[1] = 99
    refused("column 99 of only 17", restored, { columns = columns })
    columns[1] = 0
    refused("unknown column", restored, { columns = columns })
    refused("must be finite and not negative", restored,
      { weights = core.full({ #columns }, 0 / 0) })
    refused("n_users", restored, { n_users = { 1, 2 } })
    -- Options that ask for more than the file holds take no memory.
    local ials = fitted("ials", plays, { factors = 4 })
    local options = {}
    for key, value in pairs(ials.options) do
      options[key] = value
    end
    options.factors = 1000000000
    refused("vectors", ials.restore, ials.catalogue, options, ials:tensors())
  end)
end)
