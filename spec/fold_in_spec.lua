-- Kinds that fold people in: their scores against the definitions in plain Lua and by hand.
local folded = require "spec.support.folded"
local oracle = require "spec.support.item_weights_oracle"
local saved = require "spec.support.saved"

local n_items, plays, learnt = folded.n_items, folded.plays, folded.learnt
local fitted, all_scores, near = folded.fitted, folded.all_scores, folded.near

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
