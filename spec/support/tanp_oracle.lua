--- TaNP in plain Lua, task by task and row by row, from the equations of the paper (Lin et al., WWW
-- 2021). It shares nothing with the library but the parameters, the vectors of rows, and the noise
-- that a task is given.
local oracle = {}

local function dot(a, b)
  local sum = 0
  for i, value in ipairs(a) do
    sum = sum + value * b[i]
  end
  return sum
end

local function mapped(f, ...)
  local lists, result = { ... }, {}
  for i = 1, #lists[1] do
    local values = {}
    for l, list in ipairs(lists) do
      values[l] = list[i]
    end
    result[i] = f(table.unpack(values))
  end
  return result
end

local function relu(x)
  return math.max(x, 0)
end

local function tanh(x)
  return 1 - 2 / (math.exp(2 * x) + 1)
end

local function sigmoid(x)
  return 1 / (1 + math.exp(-x))
end

local function joined(a, b)
  return table.move(b, 1, #b, #a + 1, { table.unpack(a) })
end

local function zeros(n)
  local list = {}
  for i = 1, n do
    list[i] = 0
  end
  return list
end

local function mean_of(list, width)
  local sum = zeros(width)
  for _, one in ipairs(list) do
    sum = mapped(function(a, b)
      return a + b
    end, sum, one)
  end
  return mapped(function(a)
    return a / math.max(#list, 1)
  end, sum)
end

--- The oracle of a model.
-- @tparam Recommender model of kind tanp
-- @treturn table with functions adapt, score and loss
function oracle.of(model)
  local weights = {}
  for _, pair in ipairs(model.module:named_parameters()) do
    weights[pair[1]:match "^process%.(.*)" or pair[1]] = pair[2]:detach():totable()
  end
  local opt = model.options

  local function linear(name, x)
    local bias = weights[name .. ".bias"]
    local out = {}
    for i, row in ipairs(weights[name .. ".weight"]) do
      out[i] = dot(row, x) + (bias and bias[i] or 0)
    end
    return out
  end

  local function mlp(name, x)
    local layer = 0
    while weights[("%s.%d.weight"):format(name, layer)] do
      x = linear(("%s.%d"):format(name, layer), x)
      if weights[("%s.%d.weight"):format(name, layer + 1)] then
        x = mapped(relu, x)
      end
      layer = layer + 1
    end
    return x
  end

  -- What a part says of every interaction of a task.
  local function of_each(name, xs, labels)
    local list = {}
    for i, x in ipairs(xs) do
      list[i] = mlp(name, joined(x, { labels[i] }))
    end
    return list
  end

  local self = {}

  -- Mean and log variance of z, by the interactions that it is inferred from.
  local function latent(xs, labels)
    local r = mean_of(of_each("encoder", xs, labels), opt.encoder_widths[#opt.encoder_widths])
    local hidden = mapped(relu, linear("hidden", r))
    return linear("mean", hidden), linear("log_variance", hidden)
  end

  -- A task's shares of the slots and its embedding.
  local function embedding(xs, labels)
    local width, f = opt.task_widths[#opt.task_widths], opt.freedom
    local t = mean_of(of_each("identity", xs, labels), width)
    local shares, sum = {}, 0
    for j, slot in ipairs(weights.slots) do
      local away = mapped(function(a, b)
        return a - b
      end, t, slot)
      shares[j] = (1 + dot(away, away) / f) ^ (-(f + 1) / 2)
      sum = sum + shares[j]
    end
    local o = { table.unpack(t) }
    for j, slot in ipairs(weights.slots) do
      shares[j] = shares[j] / sum
      for i = 1, width do
        o[i] = o[i] + shares[j] * slot[i]
      end
    end
    return o, shares
  end

  local function decoded(x, z, o)
    local g = joined(x, z)
    for layer = 0, #opt.decoder - 1 do
      g = linear("decoder." .. layer, g)
      local w, made = #g, linear("customisation." .. layer, o)
      for i = 1, w do
        local gamma, beta = tanh(made[i]), tanh(made[w + i])
        if opt.customisation == "gating" then
          local eta, delta = tanh(made[2 * w + i]), sigmoid(made[3 * w + i])
          gamma = gamma * delta + eta * (1 - delta)
          beta = beta * delta + eta * (1 - delta)
        end
        g[i] = relu(gamma * g[i] + beta)
      end
    end
    return linear("output", g)[1]
  end

  --- The score of a row of a task.
  -- @tparam {number,...} x of the row
  -- @tparam table xs of the support
  -- @tparam {number,...} labels of the support
  -- @treturn number
  function self.score(x, xs, labels)
    return decoded(x, (latent(xs, labels)), (embedding(xs, labels)))
  end

  --- The loss of tasks.
  -- @tparam table tasks list of {support = {xs, labels}, query = {xs, labels}, noise}
  -- @treturn number
  function self.loss(tasks)
    local sum, sizes, all = 0, zeros(#weights.slots), {}
    for i, task in ipairs(tasks) do
      local xs, labels = task.support[1], task.support[2]
      local o, shares = embedding(xs, labels)
      local more = { joined(xs, task.query[1]), joined(labels, task.query[2]) }
      local prior, prior_log = latent(xs, labels)
      local mean, log = latent(more[1], more[2])
      local z = mapped(function(m, l, e)
        return m + math.exp(l / 2) * e
      end, mean, log, task.noise)
      local targets = opt.targets == "all" and more or task.query
      local errors = 0
      for r, x in ipairs(targets[1]) do
        local error = decoded(x, z, o) - targets[2][r]
        errors = errors + (opt.loss == "absolute" and math.sqrt(error ^ 2 + 0.01) or error ^ 2)
          / #targets[1]
      end
      local kl = 0 -- of normal distributions with standard deviations s and p
      for d = 1, #mean do
        local s, p = math.exp(log[d] / 2), math.exp(prior_log[d] / 2)
        kl = kl + math.log(p / s) + (s ^ 2 + (mean[d] - prior[d]) ^ 2) / (2 * p ^ 2) - 0.5
      end
      sum = sum + (errors + opt.kl_weight * kl) / #tasks
      all[i] = shares
      sizes = mapped(function(a, b)
        return a + b
      end, sizes, shares)
    end
    for _, shares in ipairs(all) do
      local sharper, total = {}, 0
      for j, c in ipairs(shares) do
        sharper[j] = c ^ 2 / sizes[j]
        total = total + sharper[j]
      end
      for j, c in ipairs(shares) do
        local d = sharper[j] / total
        sum = sum + opt.cluster_weight * d * math.log(d / c) / #tasks
      end
    end
    return sum
  end

  return self
end

return oracle
