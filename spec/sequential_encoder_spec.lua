-- The sequential encoder: one step a sample in the order of the rows, task by task, whatever else
-- is in the batch; and supports that come in a fresh order at each draw.
local cmml = require "cmml"
local people = require "spec.support.people"
local double = cmml.double

local dim, hidden, lengths = 3, 4, { 3, 0, 5, 1 }

local function network(c)
  return c.network { dim = dim, label = "binary", encoder = "gru", encoder_widths = { hidden, 6 },
    encoder_detach = false, init = c.nn.init(7) }
end

local labels = { 1, 0, 1, 0, 0, 1, 1, 0, 1 }

local function contexts(c, net, rows)
  return net:context(c.tensor(rows), c.tensor(labels), c.segments(lengths)):totable()
end

local rows = double.uniform({ 9, dim }, -1, 1, { seed = 3 }):totable()

local function copy(list)
  local result = {}
  for i, row in ipairs(list) do
    result[i] = { table.unpack(row) }
  end
  return result
end

local function sigmoid(x)
  return 1 / (1 + math.exp(-x))
end

-- weight x + bias, in plain Lua.
local function affine(layer, weight, bias, x)
  local w, b, y = layer[weight]:totable(), layer[bias]:totable(), {}
  for o = 1, #w do
    y[o] = b[o]
    for i = 1, #x do
      y[o] = y[o] + w[o][i] * x[i]
    end
  end
  return y
end

-- The context of one task, sample after sample.
local function by_hand(net, samples)
  local encoder, state = net.encoder, {}
  for k = 1, hidden do
    state[k] = 0
  end
  for _, sample in ipairs(samples) do
    local given = affine(encoder.gru, "weight_ih", "bias_ih", sample)
    local own, after = affine(encoder.gru, "weight_hh", "bias_hh", state), {}
    for k = 1, hidden do
      local r, z = sigmoid(given[k] + own[k]), sigmoid(given[hidden + k] + own[hidden + k])
      local a = given[2 * hidden + k] + r * own[2 * hidden + k]
      local n = (math.exp(a) - math.exp(-a)) / (math.exp(a) + math.exp(-a))
      after[k] = (1 - z) * n + z * state[k]
    end
    state = after
  end
  local inner = affine(encoder.mlp["0"], "weight", "bias", state)
  for k, value in ipairs(inner) do
    inner[k] = math.max(value, 0)
  end
  return affine(encoder.mlp["1"], "weight", "bias", inner)
end

describe("the sequential encoder", function()
  local net = network(double)
  local whole = contexts(double, net, rows)

  it("takes a step for each sample of a task, in order, however ragged the batch is", function()
    local at = 0
    for t, length in ipairs(lengths) do
      local samples = {}
      for k = 1, length do
        local label = labels[at + k]
        samples[k] = { rows[at + k][1], rows[at + k][2], rows[at + k][3], label, 1 - label }
      end
      at = at + length
      local expected = length > 0 and by_hand(net, samples) or { 0, 0, 0 }
      for k = 1, dim do
        assert.near(expected[k], whole[t][k], 1e-12)
      end
    end
  end)

  it("sees every sample of a task, and none of another's", function()
    local task_of = {}
    for t, length in ipairs(lengths) do
      for _ = 1, length do
        task_of[#task_of + 1] = t
      end
    end
    for row = 1, #rows do
      local changed = copy(rows)
      changed[row][2] = changed[row][2] + 0.5
      for t, context in ipairs(contexts(double, net, changed)) do
        local change = 0
        for k = 1, dim do
          change = math.max(change, math.abs(context[k] - whole[t][k]))
        end
        assert.equal(t == task_of[row], change > 1e-6, ("row %d, task %d"):format(row, t))
        assert.truthy(t == task_of[row] or change == 0)
      end
    end
  end)

  it("gives a task the same among others as alone", function()
    local single = network(cmml)
    local all = contexts(cmml, single, rows)
    local alone = single:context(cmml.tensor { table.unpack(rows, 4, 8) },
      cmml.tensor { table.unpack(labels, 4, 8) }, cmml.segments { 5 }):totable()[1]
    for k = 1, dim do
      assert.near(all[3][k], alone[k], 1e-6)
    end
  end)
end)

describe("the order of a support", function()
  local data = people.data(cmml, { users = 20, items = 12, rated = 6 })

  -- Items of each user's support in order; of 6 ratings 3 go to the query.
  local function orders(draw, support)
    local ratings = cmml.users.tasks { ratings = data.all, query_ratings = data.all,
      users = data.train,
      bags = data.bags, support = support, query = 1, seed = 4 }
    local batch, found, at = ratings:draw(draw, data.train), {}, 0
    local items = batch.support.items:totable()
    for t, length in ipairs(batch.support.segments:totable()) do
      found[t] = { table.unpack(items, at + 1, at + length) }
      at = at + length
    end
    return found
  end

  it("is fresh at each draw, the same for a draw, and no item has a place of its own", function()
    local first, again, moved = orders(1, 6), orders(1, 6), 0
    assert.same(first, again)
    local places, draws = {}, 400
    for draw = 1, draws do
      for t, items in ipairs(orders(draw, 6)) do
        assert.equal(6, #items)
        moved = moved + (draw == 2 and table.concat(items, " ") ~= table.concat(first[t], " ")
          and 1 or 0)
        for place, item in ipairs(items) do
          local key = ("%d %d"):format(item, place)
          places[t] = places[t] or {}
          places[t][key] = (places[t][key] or 0) + 1
        end
      end
    end
    assert.truthy(moved >= #data.train - 1)
    for _, counts in ipairs(places) do
      local n = 0
      for key, count in pairs(counts) do
        n = n + 1
        -- one in six, within five standard deviations
        assert.truthy(math.abs(count - draws / 6) < 5 * math.sqrt(draws * 5 / 36), key)
      end
      assert.equal(36, n)
    end
  end)
end)
