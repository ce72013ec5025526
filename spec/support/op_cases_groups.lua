--- The cases of matrix products for ragged groups; see op_cases.lua.
local ref = require "spec.support.ref"

return function(_, segments, with)
  local cases = {}

  cases.segment_matmul = {
    ref = function(x, weights, lengths)
      local groups = ref.groups(lengths)
      return ref.build({ x.shape[1], weights.shape[3] }, function(index)
        local row, column, sum = index[1], index[2], 0.0
        for k = 1, x.shape[2] do
          sum = sum + ref.get(x, { row, k }) * ref.get(weights, { groups[row], k, column })
        end
        return sum
      end)
    end,
    uses = {
      { { 5, 3 }, { 3, 3, 2 }, options = with(segments { 2, 0, 3 }) },
      { { 3, 2 }, { 3, 2, 4 }, options = with(segments { 1, 1, 1 }) },
      { { 4, 2 }, { 1, 2, 2 }, options = with(segments { 4 }) },
      { { 3, 1 }, { 2, 1, 3 }, options = with(segments { 2, 1 }) },
      { { 3, 4 }, { 2, 4, 1 }, options = with(segments { 0, 3 }) },
      { { 9, 19 }, { 2, 19, 5 }, options = with(segments { 4, 5 }) },
      { { 0, 3 }, { 2, 3, 2 }, options = with(segments { 0, 0 }) },
      { { 0, 3 }, { 0, 3, 2 }, options = with(segments {}) },
      { { 3, 0 }, { 2, 0, 2 }, options = with(segments { 1, 2 }) },
      { { 3, 2 }, { 2, 2, 0 }, options = with(segments { 1, 2 }) },
    },
    refused = {
      { { 3, 2 }, { 1, 3, 2 }, options = with(segments { 3 }),
        text = "x 3x2 does not fit weights 1x3x2: x must be %[rows, in%], weights" },
      { { 3, 2 }, { 2, 2 }, options = with(segments { 3 }),
        text = "x 3x2 does not fit weights 2x2" },
      { { 3 }, { 1, 3, 2 }, options = with(segments { 3 }),
        text = "x 3 does not fit weights 1x3x2" },
      { { 3, 2 }, { 1, 2, 2 }, options = with(segments { 1, 2 }),
        text = "weights 1x2x2 hold 1 matrices for 2 segments" },
      { { 3, 2 }, { 2, 2, 2 }, options = with(segments { 1, 1 }),
        text = "the segments cover 2 rows, but x has shape 3x2" },
      { { 3, 2 }, { 1, 2, 2 }, text = "#3.*Segments expected, got n" },
    },
  }

  cases.segment_outer = {
    ref = function(x, y, lengths)
      local groups = ref.groups(lengths)
      return ref.build({ #lengths, x.shape[2], y.shape[2] }, function(index)
        local sum = 0.0
        for row, group in ipairs(groups) do
          if group == index[1] then
            sum = sum + ref.get(x, { row, index[2] }) * ref.get(y, { row, index[3] })
          end
        end
        return sum
      end)
    end,
    uses = {
      { { 5, 3 }, { 5, 2 }, options = with(segments { 2, 0, 3 }) },
      { { 3, 2 }, { 3, 2 }, options = with(segments { 1, 1, 1 }) },
      { { 4, 1 }, { 4, 3 }, options = with(segments { 4 }) },
      { { 9, 19 }, { 9, 5 }, options = with(segments { 4, 5 }) },
      { { 0, 3 }, { 0, 2 }, options = with(segments { 0, 0 }) },
      { { 0, 3 }, { 0, 2 }, options = with(segments {}) },
      { { 3, 0 }, { 3, 2 }, options = with(segments { 1, 2 }) },
      { { 3, 2 }, { 3, 0 }, options = with(segments { 1, 2 }) },
    },
    refused = {
      { { 3, 2 }, { 4, 2 }, options = with(segments { 3 }),
        text = "x 3x2 does not fit y 4x2: they must be %[rows, a%] and %[rows, b%]" },
      { { 3 }, { 3, 2 }, options = with(segments { 3 }), text = "x 3 does not fit y 3x2" },
      { { 3, 2 }, { 3, 2 }, options = with(segments { 1, 1 }),
        text = "the segments cover 2 rows, but x has shape 3x2" },
      { { 0, 50000 }, { 0, 50000 }, options = with(segments { 0 }),
        text = "more than 2147483647 elements" },
    },
  }

  -- Gaussian elimination without pivots, which positive definite equations do not need.
  local function solve(a, b)
    local n = #b
    for i = 1, n do
      for k = i + 1, n do
        local factor = a[k][i] / a[i][i]
        for j = i, n do
          a[k][j] = a[k][j] - factor * a[i][j]
        end
        b[k] = b[k] - factor * b[i]
      end
    end
    for i = n, 1, -1 do
      for j = i + 1, n do
        b[i] = b[i] - a[i][j] * b[j]
      end
      b[i] = b[i] / a[i][i]
    end
    return b
  end

  cases.ridge_solve = {
    ref = function(x, b, ridge, lengths)
      local groups, width, solutions = ref.groups(lengths), #ridge.data, {}
      for g = 1, #lengths do
        local a, side = {}, {}
        for i = 1, width do
          a[i], side[i] = {}, ref.get(b, { g, i })
          for j = 1, width do
            a[i][j] = i == j and ridge.data[i] or 0
            for row, group in ipairs(groups) do
              a[i][j] = a[i][j]
                + (group == g and ref.get(x, { row, i }) * ref.get(x, { row, j }) or 0)
            end
          end
        end
        solutions[g] = solve(a, side)
      end
      return ref.build(b.shape, function(index)
        return solutions[index[1]][index[2]]
      end)
    end,
    uses = {
      { { 5, 3 }, { 3, 3 }, { 3 }, options = with(segments { 2, 0, 3 }), domain = "positive" },
      { { 4, 2 }, { 1, 2 }, { 2 }, options = with(segments { 4 }), domain = "positive" },
      { { 3, 1 }, { 3, 1 }, { 1 }, options = with(segments { 1, 1, 1 }), domain = "positive" },
      { { 3, 5 }, { 2, 5 }, { 5 }, options = with(segments { 1, 2 }), domain = "positive" },
      { { 0, 3 }, { 2, 3 }, { 3 }, options = with(segments { 0, 0 }), domain = "positive" },
      { { 0, 3 }, { 0, 3 }, { 3 }, options = with(segments {}), domain = "positive" },
      { { 3, 0 }, { 2, 0 }, { 0 }, options = with(segments { 1, 2 }), domain = "positive" },
    },
    refused = {
      { { 3, 2 }, { 1, 3 }, { 2 }, options = with(segments { 3 }),
        text = "x 3x2, b 1x3 and ridge 2 do not fit: they must be %[rows, width%]" },
      { { 3, 2 }, { 1, 2 }, { 3 }, options = with(segments { 3 }), text = "ridge 3 do not fit" },
      { { 3, 2 }, { 1, 2 }, { 2, 2 }, options = with(segments { 3 }), text = "ridge 2x2 do not" },
      { { 3, 2 }, { 1, 2 }, { 2 }, options = with(segments { 1, 2 }),
        text = "b 1x2 holds 1 right%-hand sides for 2 segments" },
      { { 3, 2 }, { 2, 2 }, { 2 }, options = with(segments { 1, 1 }),
        text = "the segments cover 2 rows, but x has shape 3x2" },
      { { 0, 50000 }, { 1, 50000 }, { 50000 }, options = with(segments { 0 }),
        text = "more than 2147483647 elements" },
    },
  }
  return cases
end
