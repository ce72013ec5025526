--- The multivariate normal distribution in plain Lua, by Gaussian elimination: dense truth for
-- what works with the factors of a covariance.
local dense = {}

--- Solves a x = b for a positive definite a, which is left as it was.
-- @tparam table a list of rows
-- @tparam table b
-- @treturn table x
-- @treturn number logarithm of the determinant of a
function dense.solve(a, b)
  local n, m, x, log_det = #b, {}, {}, 0
  for i = 1, n do
    m[i], x[i] = table.move(a[i], 1, n, 1, {}), b[i]
  end
  for i = 1, n do
    log_det = log_det + math.log(m[i][i])
    for r = i + 1, n do
      local factor = m[r][i] / m[i][i]
      for c = i, n do
        m[r][c] = m[r][c] - factor * m[i][c]
      end
      x[r] = x[r] - factor * x[i]
    end
  end
  for i = n, 1, -1 do
    for c = i + 1, n do
      x[i] = x[i] - m[i][c] * x[c]
    end
    x[i] = x[i] / m[i][i]
  end
  return x, log_det
end

--- The covariance of a factor analysis between some items and others: the loadings times one
-- another, and the noise where the two are the same.
-- @tparam table loadings a row an item
-- @tparam table noise one an item
-- @tparam table rows items
-- @tparam[opt] table columns items; default: rows
-- @treturn table list of rows
function dense.covariance(loadings, noise, rows, columns)
  local all = {}
  for i, a in ipairs(rows) do
    all[i] = {}
    for j, b in ipairs(columns or rows) do
      local sum = a == b and noise[a] or 0
      for k = 1, #loadings[a] do
        sum = sum + loadings[a][k] * loadings[b][k]
      end
      all[i][j] = sum
    end
  end
  return all
end

--- The log likelihood of what a user rated: values[i] of the item rated[i].
-- @tparam table loadings a row an item
-- @tparam table means one an item
-- @tparam table noise one an item
-- @tparam table rated items
-- @tparam table values
-- @treturn number
function dense.log_likelihood(loadings, means, noise, rated, values)
  local left = {}
  for i, item in ipairs(rated) do
    left[i] = values[i] - means[item]
  end
  local x, log_det = dense.solve(dense.covariance(loadings, noise, rated), left)
  local sum = #rated * math.log(2 * math.pi) + log_det
  for i = 1, #rated do
    sum = sum + left[i] * x[i]
  end
  return -sum / 2
end

--- What a user is expected to give other items: the mean of the normal distribution given what was
-- rated.
-- @tparam table loadings
-- @tparam table means
-- @tparam table noise
-- @tparam table rated items
-- @tparam table values
-- @tparam table asked items, none of them rated
-- @treturn table one an item
function dense.expected(loadings, means, noise, rated, values, asked)
  local left, result = {}, {}
  for i, item in ipairs(rated) do
    left[i] = values[i] - means[item]
  end
  local x = dense.solve(dense.covariance(loadings, noise, rated), left)
  for q, row in ipairs(dense.covariance(loadings, noise, asked, rated)) do
    result[q] = means[asked[q]]
    for i = 1, #rated do
      result[q] = result[q] + row[i] * x[i]
    end
  end
  return result
end

return dense
