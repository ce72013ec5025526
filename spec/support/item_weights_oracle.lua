-- EASE, SLIM and implicit factors in plain Lua, from their definitions, on dense lists of lists.
local oracle = {}

--- The inverse of a square matrix, by Gauss and Jordan with pivots.
function oracle.inverse(a)
  local n, m = #a, {}
  for i = 1, n do
    m[i] = table.move(a[i], 1, n, 1, {})
    for j = 1, n do
      m[i][n + j] = i == j and 1 or 0
    end
  end
  for k = 1, n do
    local best = k
    for i = k + 1, n do
      best = math.abs(m[i][k]) > math.abs(m[best][k]) and i or best
    end
    m[k], m[best] = m[best], m[k]
    local pivot = m[k][k]
    for j = 1, 2 * n do
      m[k][j] = m[k][j] / pivot
    end
    for i = 1, n do
      local factor = i ~= k and m[i][k] or 0
      for j = 1, factor ~= 0 and 2 * n or 0 do
        m[i][j] = m[i][j] - factor * m[k][j]
      end
    end
  end
  for i = 1, n do
    m[i] = table.move(m[i], n + 1, 2 * n, 1, {})
  end
  return m
end

--- X'X of a matrix x, a list of rows, of n columns.
function oracle.gram(x, n)
  local g = {}
  for i = 1, n do
    g[i] = {}
    for j = 1, n do
      g[i][j] = 0
      for _, row in ipairs(x) do
        g[i][j] = g[i][j] + row[i] * row[j]
      end
    end
  end
  return g
end

--- The weights of EASE.
function oracle.ease(x, n, ridge)
  local g, b = oracle.gram(x, n), {}
  for i = 1, n do
    g[i][i] = g[i][i] + ridge
  end
  local p = oracle.inverse(g)
  for i = 1, n do
    b[i] = {}
    for j = 1, n do
      b[i][j] = i == j and 0 or -p[i][j] / p[j][j]
    end
  end
  return b
end

--- Made interactions: a list of rows of 0 and weights, and its entries {row, column, weight}. Those
-- of a row are of one of `groups` groups of columns, mostly.
function oracle.made(n_rows, n_columns, groups, seed)
  local x, entries, state = {}, {}, seed
  local function draw(n)
    state = (state * 1103515245 + 12345) % 2 ^ 31
    return state // 65536 % n
  end
  for r = 1, n_rows do
    x[r] = {}
    for c = 1, n_columns do
      local own = c % groups == r % groups
      local taken = draw(100) < (own and 55 or 8)
      x[r][c] = taken and 1 + draw(3) / 2 or 0
      if taken then
        entries[#entries + 1] = { r, c, x[r][c] }
      end
    end
  end
  return x, entries
end

--- Entries as sparse matrices of a core, by row and by column.
function oracle.sparse(core, entries, n_rows, n_columns)
  local rows, columns, weights = {}, {}, {}
  for e, entry in ipairs(entries) do
    rows[e], columns[e], weights[e] = table.unpack(entry)
  end
  rows, columns = core.ids(rows), core.ids(columns)
  weights = #entries > 0 and core.tensor(weights) or core.full({ 0 }, 0)
  return core.sparse(rows, columns, weights, n_rows, n_columns),
    core.sparse(columns, rows, weights, n_columns, n_rows)
end

--- A sparse matrix of a core as lists of lists.
function oracle.dense(matrix, n_columns)
  local out, columns, weights, at = {}, matrix.columns:totable(), matrix.weights:totable(), 0
  for r, length in ipairs(matrix.rows:totable()) do
    out[r] = {}
    for c = 1, n_columns do
      out[r][c] = 0
    end
    for _ = 1, length do
      at = at + 1
      out[r][columns[at]] = weights[at]
    end
  end
  return out
end

return oracle
