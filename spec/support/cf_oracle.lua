-- Factorisations in plain Lua, straight from their definitions. Vectors are lists of lists; entries
-- a list of {user, item, weight}.
local philox = require "spec.support.philox"

local oracle = {}

local function dot(a, b)
  local sum = 0
  for f, value in ipairs(a) do
    sum = sum + value * b[f]
  end
  return sum
end

--- A tensor [rows, factors] as a list of lists.
function oracle.rows(t)
  local flat, rows, width = t:totable(), {}, t.shape[2]
  if type(flat[1]) == "table" then
    return flat
  end
  for r = 1, t.shape[1] do
    rows[r] = table.move(flat, (r - 1) * width + 1, r * width, 1, {})
  end
  return rows
end

-- Weight of every place; entries of one place are added up.
local function dense(entries, n_users, n_items)
  local w = {}
  for u = 1, n_users do
    w[u] = {}
    for i = 1, n_items do
      w[u][i] = 0
    end
  end
  for _, entry in ipairs(entries) do
    w[entry[1]][entry[2]] = w[entry[1]][entry[2]] + (entry[3] or 1)
  end
  return w
end

--- What ALS minimises: a sum over every place.
function oracle.als_loss(entries, x, y, o)
  local w, loss = dense(entries, #x, #y), 0
  for u, a in ipairs(x) do
    for i, b in ipairs(y) do
      local p = w[u][i] > 0 and 1 or 0
      loss = loss + (1 + o.alpha * w[u][i]) * (p - dot(a, b)) ^ 2
    end
    loss = loss + o.regularization * dot(a, a)
  end
  for _, b in ipairs(y) do
    loss = loss + o.regularization * dot(b, b)
  end
  return loss
end

--- By how much the normal equations of the users fail: the largest |b - A x| of all their numbers,
-- and the largest |b|, of users that have anything.
function oracle.als_residual(entries, x, y, o)
  local w, worst, largest = dense(entries, #x, #y), 0, 0
  for u, a in ipairs(x) do
    for f in ipairs(a) do
      local b, ax = 0, o.regularization * a[f]
      for i, v in ipairs(y) do
        local c = 1 + o.alpha * w[u][i]
        b = b + (w[u][i] > 0 and c or 0) * v[f]
        ax = ax + c * v[f] * dot(v, a)
      end
      worst, largest = math.max(worst, math.abs(b - ax)), math.max(largest, math.abs(b))
    end
  end
  return worst, largest
end

--- Entries with users and items changed over.
function oracle.turned(entries)
  local turned = {}
  for e, entry in ipairs(entries) do
    turned[e] = { entry[2], entry[1], entry[3] }
  end
  return turned
end

--- An epoch of BPR on x and y, which are changed; `stream` is the number of the random stream. The
-- entries are sorted by user, then by item, none twice.
-- @treturn number share of the pairs in order
function oracle.bpr_epoch(entries, x, y, o, stream)
  local words, at = philox.words(2 * #entries, { seed = o.seed, epoch = o.epoch,
    stream = stream }), 0
  local function below(n)
    at = at + 1
    return words[at] * n >> 32
  end
  local has, candidates = {}, {}
  for _, entry in ipairs(entries) do
    has[entry[1] .. ":" .. entry[2]] = true
    candidates[entry[2]] = true
  end
  local right, drawn = 0, 0
  for _ = 1, #entries do
    local entry = entries[below(#entries) + 1]
    local others = {}
    for i = 1, #y do
      if candidates[i] and not has[entry[1] .. ":" .. i] then
        others[#others + 1] = i
      end
    end
    if #others > 0 then
      local u, a, b = x[entry[1]], y[entry[2]], y[others[below(#others) + 1]]
      local margin = dot(u, a) - dot(u, b)
      right, drawn = right + (margin > 0 and 1 or 0), drawn + 1
      local pull = 1 / (1 + math.exp(margin))
      for f in ipairs(u) do
        local uf, af, bf = u[f], a[f], b[f]
        u[f] = uf + o.rate * (pull * (af - bf) - o.regularization * uf)
        a[f] = af + o.rate * (pull * uf - o.regularization * af)
        b[f] = bf + o.rate * (-pull * uf - o.regularization * bf)
      end
    end
  end
  return right / drawn
end

--- Made interactions: `groups` groups of users and items; a user takes about `share` of the items
-- of the own group and none of another. The last user and the last item have none.
-- @treturn table entries, sorted
-- @treturn table held_out: of each user a list of items of the own group that were not taken
function oracle.planted(n_users, n_items, groups, share)
  local entries, held_out = {}, {}
  local words = philox.words(n_users * n_items, { seed = 5 })
  for u = 1, n_users - 1 do
    held_out[u] = {}
    for i = 1, n_items - 1 do
      if u % groups == i % groups then
        local taken = words[(u - 1) * n_items + i] < share * 2 ^ 32
        table.insert(taken and entries or held_out[u], taken and { u, i, 1 } or i)
      end
    end
  end
  return entries, held_out
end

--- Entries as `ratings` of cmml.vectors.als and cmml.vectors.bpr.
function oracle.ratings(core, entries)
  local users, items, weights = {}, {}, {}
  for e, entry in ipairs(entries) do
    users[e], items[e], weights[e] = entry[1], entry[2], entry[3] or 1
  end
  return { users = core.ids(users), items = core.ids(items), ratings = core.tensor(weights) }
end

return oracle
