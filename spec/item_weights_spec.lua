-- Weights between items: EASE, SLIM and products of sparse matrices against their definitions in
-- plain Lua, and by hand.
local cmml = require "cmml"
local oracle = require "spec.support.item_weights_oracle"
local refused = require("spec.support.refused").with_text
local rows_of = require("spec.support.cf_oracle").rows

local libraries = { float32 = cmml, float64 = cmml.double }
local tolerance = { float32 = 2e-5, float64 = 1e-11 }

for dtype, library in pairs(libraries) do
  local core, bound = library.core, tolerance[dtype]

  local function same(expected, found)
    assert.equal(#expected, #found)
    for i, row in ipairs(expected) do
      for j, value in ipairs(row) do
        assert.truthy(math.abs(value - found[i][j]) <= bound * math.max(1, math.abs(value)),
          ("%d, %d: %.12g was expected, not %.12g"):format(i, j, value, found[i][j]))
      end
    end
  end

  local function ease(by_row, by_column, ridge)
    local solver, steps = core.ease(by_row, by_column, ridge), 0
    repeat
      local done, all = solver:step()
      steps = steps + 1
    until done == all
    return solver:weights(), steps
  end

  describe("products of sparse matrices in " .. dtype, function()
    local x, entries = oracle.made(9, 7, 2, 3)
    local by_row, by_column = oracle.sparse(core, entries, 9, 7)

    it("with a dense one are those of the definition", function()
      local dense = core.normal({ 7, 5 }, 0, 1, { seed = 2 })
      local b, expected = rows_of(dense), {}
      for r = 1, 9 do
        expected[r] = {}
        for c = 1, 5 do
          expected[r][c] = 0
          for k = 1, 7 do
            expected[r][c] = expected[r][c] + x[r][k] * b[k][c]
          end
        end
      end
      same(expected, rows_of(core.sparse_product(by_row, dense)))
    end)

    it("with their transpose are the Gram matrix", function()
      local gram = core.sparse_gram(by_row, by_column)
      same(oracle.gram(x, 7), oracle.dense(gram, 7))
      same(oracle.gram(x, 7), rows_of(core.sparse_pair_product(by_column, by_row, 7)))
      -- Columns 1 and 2 have a row in common, 3 has one of its own, 4 none.
      gram = core.sparse_gram(oracle.sparse(core, { { 1, 1, 1 }, { 1, 2, 2 }, { 2, 1, 1 },
        { 3, 3, 1 } }, 3, 4))
      assert.same({ 2, 2, 1, 0 }, gram.rows:totable())
      assert.same({ 1, 2, 1, 2, 3 }, gram.columns:totable())
      assert.same({ 2, 2, 2, 4, 1 }, gram.weights:totable())
    end)

    it("may have nothing in them", function()
      local none, turned = oracle.sparse(core, {}, 2, 3)
      assert.same({ 0, 0, 0 }, core.sparse_gram(none, turned).rows:totable())
      assert.same({ 0, 0, 0, 0 }, core.sparse_product(none,
        core.full({ 3, 2 }, 1)):reshape({ -1 }):totable())
      assert.same({ 2, 0 }, core.sparse_pair_product(none, turned, 0).shape)
    end)

    it("are refused where they do not fit", function()
      refused("a row for each of 7 columns", core.sparse_product, by_row, core.full({ 6, 2 }, 1))
      refused("a row for each of 7 columns", core.sparse_product, by_row, core.full({ 7 }, 1))
      refused("column 7, but the second factor has 2 rows", core.sparse_pair_product, by_row,
        oracle.sparse(core, {}, 2, 2), 2)
      refused("has a column 9 of only 3", core.sparse_pair_product, by_row, by_column, 3)
      refused("are not the same by rows and by columns", core.sparse_gram, by_row,
        oracle.sparse(core, {}, 7, 9))
      refused("not negative", core.sparse_pair_product, by_row, by_column, -1)
      local broken = { rows = by_row.rows, columns = by_column.columns,
        weights = core.full({ by_row.weights.count - 1 }, 1) }
      refused("as core.sparse makes it", core.sparse_product, broken, core.full({ 9, 2 }, 1))
      refused("as core.sparse makes it", core.sparse_pair_product, broken, by_column, 9)
      refused("as core.sparse makes it", core.sparse_pair_product, by_row, broken, 9)
    end)
  end)

  describe("the largest entries of a dense matrix in " .. dtype, function()
    local dense = { { 0.5, -3, 0 }, { 2, 0.25, -0.5 }, { 0, 1, -2 } }
    local x = core.tensor(dense)

    -- The matrix of the entries that are above a size, times a sign.
    local function above(least, sign)
      local rows = {}
      for i, row in ipairs(dense) do
        rows[i] = {}
        for j, value in ipairs(row) do
          rows[i][j] = value * sign > least and value * sign or 0
        end
      end
      return rows
    end

    it("are those above the size that so many exceed", function()
      -- In order 3, 2, 2, 1, 0.5, 0.5, 0.25, 0, 0.
      for count, expected in pairs { [0] = 0, 1, 1, 3, 4, 4, 6, 7, 7, 7 } do
        local least = core.size_of_largest(x, count)
        local up, down = core.sparse_above(x, least), core.sparse_above(x, least, -1)
        assert.equal(expected, up.weights.count + down.weights.count)
        same(above(least, 1), oracle.dense(up, 3))
        same(above(least, -1), oracle.dense(down, 3))
      end
      assert.equal(0, core.size_of_largest(x, 7))
    end)

    it("may be none", function()
      local none = core.sparse_above(core.full({ 2, 3 }, 0), core.size_of_largest(
        core.full({ 2, 3 }, 0), 4))
      assert.same({ 0, 0 }, none.rows:totable())
      assert.equal(0, none.weights.count)
      assert.same({}, core.sparse_above(core.full({ 0, 3 }, 0), 0).rows:totable())
    end)

    it("are refused of what is no matrix, and below 0", function()
      refused("a contiguous matrix is needed", core.sparse_above, core.full({ 3 }, 1), 0)
      refused("a contiguous matrix is needed", core.sparse_above, x:transpose(), 0)
      refused("0 or more", core.sparse_above, x, -1)
      refused("0 or more", core.sparse_above, x, 0 / 0)
      refused("1 or -1 was expected", core.sparse_above, x, 0, 2)
      refused("0 or more was expected", core.size_of_largest, x, -1)
      for _, bad in ipairs { 0 / 0, math.huge, -math.huge } do
        refused("finite numbers were expected", core.size_of_largest, core.tensor { 1, 2, bad }, 1)
      end
      refused("a contiguous tensor", core.size_of_largest, x:transpose(), 1)
    end)
  end)

  describe("an orthonormal basis in " .. dtype, function()
    it("spans the same, without what depends on others", function()
      local x = rows_of(core.normal({ 30, 6 }, 0, 1, { seed = 5 }))
      for r, row in ipairs(x) do
        row[2] = row[1] * 1e-3 -- small, and the direction of the first
        row[4], row[6] = row[1] + row[3], r == 1 and 1e-6 or 0
      end
      local q = rows_of(core.orthonormal(core.tensor(x)))
      local products = oracle.gram(q, 6)
      local expected = {}
      for i = 1, 6 do
        expected[i] = {}
        for j = 1, 6 do
          expected[i][j] = i == j and i ~= 2 and i ~= 4 and 1 or 0
        end
      end
      same(expected, products)
      -- What x has lies in it: x - Q Q'x is nothing.
      for j = 1, 6 do
        local left = {}
        for r = 1, 30 do
          left[r] = x[r][j]
        end
        for k = 1, 6 do
          local dot = 0
          for r = 1, 30 do
            dot = dot + q[r][k] * x[r][j]
          end
          for r = 1, 30 do
            left[r] = left[r] - dot * q[r][k]
          end
        end
        for r = 1, 30 do
          assert.truthy(math.abs(left[r]) < 5 * bound, left[r])
        end
      end
    end)

    it("is refused of what is not finite, or no matrix", function()
      refused("row 2 of the matrix is not finite", core.orthonormal,
        core.tensor { { 1 }, { 0 / 0 } })
      refused("a contiguous matrix [n, width] was expected", core.orthonormal, core.full({ 3 }, 1))
      assert.same({ 0, 2 }, core.orthonormal(core.full({ 0, 2 }, 1)).shape)
    end)
  end)

  describe("EASE in " .. dtype, function()
    -- Of two items that two people both took, and a third one only took the first: X'X is 3 2 2 2,
    -- and with the ridge 1 the inverse is (3 -2 -2 4) / 8.
    it("has the weights that can be had by hand", function()
      local by_row, by_column = oracle.sparse(core, { { 1, 1, 1 }, { 1, 2, 1 }, { 2, 1, 1 },
        { 2, 2, 1 }, { 3, 1, 1 } }, 3, 3)
      same({ { 0, 0.5, 0 }, { 2 / 3, 0, 0 }, { 0, 0, 0 } }, rows_of((ease(by_row, by_column, 1))))
    end)

    it("has those of the definition, in one block and in several", function()
      for _, case in ipairs { { 20, 12, 0.5 }, { 60, 97, 3 }, { 50, 120, 20 } } do
        local x, entries = oracle.made(case[1], case[2], 3, case[2])
        local by_row, by_column = oracle.sparse(core, entries, case[1], case[2])
        local found, steps = ease(by_row, by_column, case[3])
        same(oracle.ease(x, case[2], case[3]), rows_of(found))
        assert.equal(math.ceil(case[2] / 96), steps)
      end
    end)

    it("counts the bytes it takes", function()
      local by_row, by_column = oracle.sparse(core, { { 1, 1, 1 } }, 1, 300)
      collectgarbage()
      local before = core.memory(true).live
      local weights <const> = ease(by_row, by_column, 1)
      local took = core.memory().peak - before
      assert.truthy(took <= core.ease_bytes(300) + 2 ^ 18, took)
      assert.truthy(took >= 0.9 * core.ease_bytes(300), took)
      assert.same({ 300, 300 }, weights.shape)
    end)

    it("does nothing more when it is done, and nothing after it was freed", function()
      local by_row, by_column = oracle.sparse(core, { { 1, 1, 1 } }, 1, 2)
      local solver = core.ease(by_row, by_column, 1)
      refused("only 0 of 2 columns are done", solver.weights, solver)
      assert.same({ 2, 2 }, { solver:step() })
      assert.same({ 2, 2 }, { solver:step() })
      solver:free()
      refused("its memory was freed before", solver.step, solver)
      solver:free()
    end)

    it("is refused where it makes no sense, or would be too large", function()
      local by_row, by_column = oracle.sparse(core, { { 1, 1, 1 } }, 1, 1)
      for _, ridge in ipairs { 0, -1, 0 / 0, math.huge } do
        refused("ridge must be above 0", core.ease, by_row, by_column, ridge)
      end
      local _, many = oracle.sparse(core, { { 1, 1, 1 } }, 1, 100000)
      refused("100000x100000", core.ease, by_row, many, 1)
      local none, turned = oracle.sparse(core, {}, 0, 0)
      assert.same({ 0, 0 }, ease(none, turned, 1).shape)
      if dtype == "float64" then -- single precision has no number whose square is too large
        local big, turned_over = oracle.sparse(core, { { 1, 1, 1e200 } }, 1, 1)
        refused("the weights of item 1 overflow", core.ease, big, turned_over, 1)
      end
      -- Two items that are one: without a ridge to speak of there is no solution.
      local twins, twins_turned = oracle.sparse(core, { { 1, 1, 1e6 }, { 1, 2, 1e6 } }, 1, 2)
      refused("items 1 to 2 have no unique solution: raise the ridge", ease, twins, twins_turned,
        1e-9)
    end)
  end)

  describe("SLIM in " .. dtype, function()
    local x, entries = oracle.made(60, 40, 4, 7)
    local gram = core.sparse_gram(oracle.sparse(core, entries, 60, 40))
    local g = oracle.gram(x, 40)
    local options = { l1 = 2, l2 = 3, tolerance = 1e-9, passes = 5000 }

    -- Where the weights are the least of their objective its slope is 0 for those above 0, and not
    -- downwards for those at 0.
    it("ends where no weight would move", function()
      local made, left = core.slim(gram, 1, 40, options)
      local w, taken = oracle.dense(made, 40), 0
      assert.equal(0, left)
      for j = 1, 40 do
        assert.equal(0, w[j][j])
        for i = 1, 40 do
          local slope = g[i][j] - options.l1 - options.l2 * w[j][i]
          for k = 1, 40 do
            slope = slope - g[i][k] * w[j][k]
          end
          taken = taken + (w[j][i] > 0 and 1 or 0)
          local most = 10 * options.tolerance * g[j][j] + 400 * bound
          assert.truthy(w[j][i] >= 0)
          if i ~= j then
            assert.truthy(w[j][i] > 0 and math.abs(slope) < most or w[j][i] == 0 and slope < most,
              ("%d of %d: slope %g"):format(i, j, slope))
          end
        end
      end
      assert.truthy(taken > 150 and taken < 1000, taken)
    end)

    it("has the weights that can be had by hand", function()
      local by_row, by_column = oracle.sparse(core, { { 1, 1, 1 }, { 1, 2, 1 }, { 2, 1, 1 },
        { 2, 2, 1 }, { 3, 1, 1 } }, 3, 3)
      -- (2 - 0.5) / (2 + 1) and (2 - 0.5) / (3 + 1)
      local made = core.slim(core.sparse_gram(by_row, by_column), 1, 3, { l1 = 0.5, l2 = 1 })
      same({ { 0, 0.5, 0 }, { 0.375, 0, 0 }, { 0, 0, 0 } }, oracle.dense(made, 3))
      made = core.slim(core.sparse_gram(by_row, by_column), 1, 3, { l1 = 2, l2 = 0 })
      assert.same({ 0, 0, 0 }, made.rows:totable())
    end)

    it("gives the same in parts", function()
      local whole, part = core.slim(gram, 1, 40, options), core.slim(gram, 11, 20, options)
      local lengths = whole.rows:totable()
      assert.same(table.move(lengths, 11, 20, 1, {}), part.rows:totable())
      local w = oracle.dense(whole, 40)
      assert.same(table.move(w, 11, 20, 1, {}), oracle.dense(part, 40))
      assert.same({}, core.slim(gram, 5, 4, options).rows:totable())
    end)

    it("tells what did not meet the tolerance", function()
      local _, left = core.slim(gram, 1, 40, { l1 = 0, l2 = 0, tolerance = 1e-12, passes = 1 })
      assert.truthy(left > 30)
    end)

    it("is refused where it makes no sense", function()
      for _, bad in ipairs { { l1 = -1 }, { l2 = -1 }, { l1 = 0 / 0 }, { l2 = math.huge },
        { tolerance = 0 }, { tolerance = 0 / 0 }, { passes = 0 } } do
        refused("must be finite and not negative", core.slim, gram, 1, 40, bad)
      end
      refused("items 1 to 41 of 40", core.slim, gram, 1, 41, {})
      refused("items 9 to 7 of 40", core.slim, gram, 9, 7, {})
      refused("a Gram matrix [60, 60] was expected", core.slim,
        (oracle.sparse(core, { { 1, 70, 1 } }, 60, 70)), 1, 40, {})
      -- No Gram matrix: what is far from the diagonal is far larger.
      local odd = oracle.sparse(core, { { 1, 1, 1e-3 }, { 1, 2, 9 }, { 1, 3, 9 }, { 2, 1, 9 },
        { 2, 2, 1e-3 }, { 2, 3, 9 }, { 3, 1, 9 }, { 3, 2, 9 }, { 3, 3, 1e-3 } }, 3, 3)
      local ok, message = pcall(core.slim, odd, 1, 3, { l1 = 0, l2 = 0 })
      assert.truthy(ok or tostring(message):find("is this a Gram matrix", 1, true), message)
    end)
  end)

  describe("neighbours over all people in " .. dtype, function()
    local users, items = core.segments { 3, 2, 2 }, core.ids { 1, 2, 3, 1, 2, 3, 4 }
    local ones = core.full({ 7 }, 1)

    it("are as like as their cosine", function()
      -- Counts 2 2 2 1; a and b have two people in common, a and c one, b and c one, c and d one.
      local found, similarities = core.item_neighbours(users, items, ones, 4, 2, 0,
        core.tensor { 2, 2, 2, 1 })
      assert.same({ 2, 3, 1, 3, 4, 1, 3, 0 }, found:totable())
      local half = 1 / math.sqrt(2)
      same({ { 1, 0.5 }, { 1, 0.5 }, { half, 0.5 }, { half, 0 } }, rows_of(similarities))
      local matrix = core.neighbour_weights(found, similarities)
      same({ { 0, 1, 0.5, 0 }, { 1, 0, 0.5, 0 }, { 0.5, 0, 0, half }, { 0, 0, half, 0 } },
        oracle.dense(matrix, 4))
    end)

    it("are as like as their product by squares of 1", function()
      local _, similarities = core.item_neighbours(users, items, ones * 2, 4, 2, 1,
        core.full({ 4 }, 1))
      same({ { 8 * 2 / 3, 2 }, { 8 * 2 / 3, 2 }, { 2, 2 }, { 2, 0 } }, rows_of(similarities))
    end)

    it("are refused squares that are none", function()
      refused("3 squares for 4 items", core.item_neighbours, users, items, ones, 4, 2, 0,
        core.full({ 3 }, 1))
      for _, bad in ipairs { 0, -1, 0 / 0, math.huge } do
        refused("the square of item 1 is", core.item_neighbours, users, items, ones, 4, 2, 0,
          core.tensor { bad, 1, 1, 1 })
      end
      refused("with one item id for each", core.neighbour_weights, core.ids { 1, 2 },
        core.full({ 3, 1 }, 1))
      local none = core.neighbour_weights(core.ids {}, core.full({ 2, 0 }, 0))
      assert.same({ 0, 0 }, none.rows:totable())
    end)
  end)

  describe("ridge regression with a whole penalty in " .. dtype, function()
    -- (sum f f' + R) w = sum t f
    it("solves the equations of the definition", function()
      local f, t = { { 1, 2 }, { 0, 1 }, { 3, -1 } }, { 1, 2, -1 }
      local r = { { 2, 0.5 }, { 0.5, 3 } }
      local function expected(rows)
        local a, b = { { 2, 0.5 }, { 0.5, 3 } }, { 0, 0 }
        for _, row in ipairs(rows) do
          for i = 1, 2 do
            b[i] = b[i] + t[row] * f[row][i]
            for j = 1, 2 do
              a[i][j] = a[i][j] + f[row][i] * f[row][j]
            end
          end
        end
        local m = oracle.inverse(a)
        return { m[1][1] * b[1] + m[1][2] * b[2], m[2][1] * b[1] + m[2][2] * b[2] }
      end
      local features, targets, ridge = core.tensor(f), core.tensor(t), core.tensor(r)
      same({ expected { 1, 2 }, { 0, 0 }, expected { 3 } }, rows_of(core.segment_ridge(features,
        nil, targets, core.segments { 2, 0, 1 }, ridge)))
      same({ expected { 3, 1 } }, rows_of(core.segment_ridge(features, core.ids { 3, 1 },
        core.tensor { -1, 1 }, core.segments { 2 }, ridge)))
      refused("[width, width]", core.segment_ridge, features, nil, targets, core.segments { 3 },
        core.full({ 2, 3 }, 1))
      refused("3 rows and 3 targets, but segments of 2 rows", core.segment_ridge, features, nil,
        targets, core.segments { 2 }, ridge)
    end)
  end)
end
