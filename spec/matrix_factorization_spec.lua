-- Matrix factorisation: the fold-in and the fixed point of the alternation against normal equations
-- in plain Lua.
local cmml = require "cmml"
local near = require("spec.support.close").near_lists
local equations = require "spec.support.normal_equations"
local fitted_kind = require "spec.support.fitted_kind"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text

local ridge_weights, rows_of = equations.ridge_weights, equations.rows_of
local libraries = { float32 = cmml, float64 = cmml.double }
local tolerance = { float32 = 2e-5, float64 = 1e-12 }

for dtype, library in pairs(libraries) do
  local bound = tolerance[dtype]

  describe("matrix factorisation in " .. dtype, function()
    local data = people.data(library, { users = 60, items = 14, rated = 8 })

    local function fitted(options)
      local model = library.recommenders.matrix_factorization(data.catalogue, options)
      model:fit { ratings = data.ratings, users = data.train }
      return model
    end

    -- What the training users rated: support of their fold-in, and as plain lists.
    local rows = library.users.ratings_of(data.ratings, data.train, 14)

    -- The objective of the alternation, with every user's weights at their best.
    local function objective(model)
      local opt, state = model.options, model:adapt_rows(rows)
      local left = rows.labels - model:score_rows(state, rows)
      local mean = rows.labels:mean():item()
      local function penalty(factors, biases)
        return opt.ridge * factors:square():sum():item()
          + opt.bias_ridge * biases:square():sum():item()
      end
      return left:square():sum():item() + penalty(model.item_factors, model.item_part - mean)
        + penalty(state.weights:slice(2, 1, opt.factors),
          state.weights:slice(2, opt.factors + 1, opt.factors + 1)), state
    end

    it("says which options to raise where no solution is single", function()
      refused("matrix_factorization: the equations of group 1 have no unique solution: raise ridge "
        .. "or bias_ridge, unless its features are not finite", fitted,
        { factors = 20, ridge = 1e-30, bias_ridge = 1e-30 })
      local model = fitted { factors = 20, ridge = 1, bias_ridge = 1 }
      model.options.ridge, model.options.bias_ridge = 1e-30, 1e-30
      refused("raise the ridge or bias_ridge that the model is fitted with, unless", model.adapt,
        model, { { "f1", 5 }, { "f4", 1 } })
    end)

    it("folds a person in by the normal equations", function()
      local model = fitted { factors = 3, ridge = 0.7, bias_ridge = 2 }
      local part, factors = model.item_part:totable(), rows_of(model.item_factors)
      local support = { { "f1", 5 }, { "f4", 1 }, { "f7", 2.5 } }
      local features, left = {}, {}
      for i, pair in ipairs(support) do
        local row = data.catalogue.items:id(pair[1])
        features[i] = { factors[row][1], factors[row][2], factors[row][3], 1 }
        left[i] = pair[2] - part[row]
      end
      local w, expected, items = ridge_weights(features, left, { 0.7, 0.7, 0.7, 2 }), {}, {}
      for row = 1, 14 do
        items[row], expected[row] = data.catalogue.items:text(row), part[row] + w[4]
        for k = 1, 3 do
          expected[row] = expected[row] + w[k] * factors[row][k]
        end
      end
      near(expected, model:adapt(support):predict(items), bound, "score")
      near(part, model:adapt({}):predict(items), 0, "without support")
    end)

    it("lowers its objective with every sweep, and ends where the equations hold", function()
      local last = math.huge
      for sweeps = 1, 6 do
        local value = objective(fitted { factors = 2, ridge = 1, sweeps = sweeps })
        assert.truthy(value < last * (1 - 1e-6), ("sweep %d: %g after %g"):format(sweeps, value,
          last))
        last = value
      end
      local model = fitted { factors = 2, ridge = 1, sweeps = 300 }
      local _, state = objective(model)
      local weights, mean = rows_of(state.weights), rows.labels:mean():item()
      local features, left = {}, {}
      for item = 1, 14 do
        features[item], left[item] = {}, {}
      end
      local items, labels, at = rows.items:totable(), rows.labels:totable(), 0
      for u, length in ipairs(rows.segments:totable()) do
        for i = at + 1, at + length do
          local list = left[items[i]]
          list[#list + 1] = labels[i] - mean - weights[u][3]
          features[items[i]][#list] = { weights[u][1], weights[u][2], 1 }
        end
        at = at + length
      end
      local factors, part = rows_of(model.item_factors), model.item_part:totable()
      for item = 1, 14 do
        near(ridge_weights(features[item], left[item], { 1, 1, 3 }), { factors[item][1],
          factors[item][2], part[item] - mean }, 200 * bound, "item " .. item)
      end
    end)

    it("takes the means of items for biases, and solves for factors around them", function()
      local model = fitted { factors = 2, ridge = 1, bias_ridge = 2, item_bias = "mean",
        sweeps = 300 }
      local weights = rows_of(model:adapt_rows(rows).weights)
      local mean, features, left, sum = rows.labels:mean():item(), {}, {}, {}
      for item = 1, 14 do
        features[item], left[item], sum[item] = {}, {}, 0
      end
      local items, labels, at = rows.items:totable(), rows.labels:totable(), 0
      for i, item in ipairs(items) do
        sum[item] = sum[item] + labels[i] - mean
      end
      for u, length in ipairs(rows.segments:totable()) do
        for i = at + 1, at + length do
          local list = features[items[i]]
          list[#list + 1] = { weights[u][1], weights[u][2] }
          left[items[i]][#list] = labels[i] - weights[u][3] - model.item_part:totable()[items[i]]
        end
        at = at + length
      end
      local factors, part = rows_of(model.item_factors), model.item_part:totable()
      for item = 1, 14 do
        near({ mean + sum[item] / (#left[item] + 2) }, { part[item] }, bound, "bias " .. item)
        near(ridge_weights(features[item], left[item], { 1, 1 }), factors[item], 200 * bound,
          "item " .. item)
      end
    end)

    it("finds what means cannot: people who love one kind of film and hate the other", function()
      fitted_kind.finds_tastes(library, data, fitted { factors = 2, ridge = 1 }, 0.5)
    end)
  end)
end

describe("matrix factorisation", function()
  local data = people.data(cmml, { users = 30, items = 12, rated = 6 })

  it("has the same bits for the same seed, whatever the order of the calls", function()
    fitted_kind.follows_its_seed(cmml, data, "matrix_factorization")
  end)

  it("is the mean for items without ratings, and finite where nothing was rated", function()
    fitted_kind.knows_nothing(cmml, data, "matrix_factorization")
    local cold = cmml.dataset { schema = cmml.data.schema {}, ratings = { { "u", "a", 5 },
      { "u", "b", 2 } }, items = { { id = "a" }, { id = "never" } } }
    local model = cmml.recommenders.matrix_factorization(cold:catalogue { 1 }, { factors = 40 })
    model:fit { ratings = cold.ratings, users = { 1 } }
    assert.same({ 3.5 }, model:adapt({}):predict { "never" })
    assert.truthy(model:adapt({ { "never", 5 } }):predict({ "never" })[1] > 3.5)
  end)

  it("comes back from a file, and is refused from one whose sizes are others", function()
    local path = os.tmpname()
    local model = cmml.recommenders.matrix_factorization(data.catalogue, { factors = 3.0 })
    model:fit { ratings = data.ratings, users = data.train }
    assert(model:save(path))
    assert.equal(people.bits(model), people.bits((assert(cmml.load(path)))))
    for _, factors in ipairs { 2, 1 << 40, 1e300 } do
      model.options.factors = factors
      assert(model:save(path))
      local found, message = cmml.load(path)
      assert.is_nil(found)
      assert.truthy(message:find("item_factors has shape 12x3, but 12x", 1, true), message)
    end
    os.remove(path)
  end)

  it("refuses options that make no sense", function()
    local make = cmml.recommenders.matrix_factorization
    refused("matrix_factorization: factors must be at least 1, but is 0", make,
      data.catalogue, { factors = 0 })
    refused('item_bias "median" is not known; did you mean mean?', make, data.catalogue,
      { item_bias = "median" })
    refused("sweeps must be at least 1, but is 0", make, data.catalogue, { sweeps = 0 })
    refused("seed must be at least 0, but is -1", make, data.catalogue, { seed = -1 })
    for _, name in ipairs { "ridge", "bias_ridge" } do
      refused(name .. " must be above 0, but is 0", make, data.catalogue, { [name] = 0 })
      for _, ridge in ipairs { 0 / 0, 1 / 0 } do
        refused(name .. " must be a finite number, but is", make, data.catalogue,
          { [name] = ridge })
      end
    end
    refused("unknown option factor; did you mean factors?", make, data.catalogue, { factor = 3 })
    refused("catalogue must be a cmml.Catalogue, not nil", make)
  end)
end)
