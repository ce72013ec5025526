--- Ridge regression in plain Lua: normal equations, set up and solved.
local equations = {}

-- Gaussian elimination with pivots: the x of a x = b.
local function solve(a, b)
  local n = #b
  for i = 1, n do
    local pivot = i
    for r = i + 1, n do
      pivot = math.abs(a[r][i]) > math.abs(a[pivot][i]) and r or pivot
    end
    a[i], a[pivot], b[i], b[pivot] = a[pivot], a[i], b[pivot], b[i]
    for r = 1, n do
      if r ~= i then
        local factor = a[r][i] / a[i][i]
        for c = i, n do
          a[r][c] = a[r][c] - factor * a[i][c]
        end
        b[r] = b[r] - factor * b[i]
      end
    end
  end
  for i = 1, n do
    b[i] = b[i] / a[i][i]
  end
  return b
end

--- The weights of a ridge regression.
-- @tparam table rows a list of features each
-- @tparam table targets one a row
-- @tparam table ridge one a weight
-- @treturn table
function equations.ridge_weights(rows, targets, ridge)
  local a, b = {}, {}
  for i = 1, #ridge do
    a[i], b[i] = {}, 0
    for j = 1, #ridge do
      a[i][j] = i == j and ridge[i] or 0
      for _, x in ipairs(rows) do
        a[i][j] = a[i][j] + x[i] * x[j]
      end
    end
    for r, x in ipairs(rows) do
      b[i] = b[i] + x[i] * targets[r]
    end
  end
  return solve(a, b)
end

--- A tensor [n, width] as a list of rows.
-- @tparam Tensor tensor
-- @treturn table
function equations.rows_of(tensor)
  local flat, width, rows = tensor:totable(), tensor.shape[2], {}
  for r = 1, tensor.shape[1] do
    rows[r] = type(flat[r]) == "table" and flat[r]
      or table.move(flat, (r - 1) * width + 1, r * width, 1, {})
  end
  return rows
end

return equations
