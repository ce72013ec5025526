-- Intervals of means over tasks and seeds: known answers, and a second implementation in plain Lua
-- on the same random numbers.
local cmml = require "cmml"
local philox = require "spec.support.philox"
local refused = require "spec.support.refused"
local core = cmml.core
local nan = 0 / 0

-- Draws with replacement: how often each of n is chosen; `word` gives the next 32 bits.
local function counts(n, word)
  local chosen = {}
  for i = 1, n do
    chosen[i] = 0
  end
  for _ = 1, n do
    local product = word() * n
    while product & 0xffffffff < (1 << 32) % n do
      product = word() * n
    end
    local at = (product >> 32) + 1
    chosen[at] = chosen[at] + 1
  end
  return chosen
end

-- What is missing in one series is left out of all of them.
local function common(all)
  local lists = {}
  for s, series in ipairs(all) do
    lists[s] = {}
    for i, value in ipairs(series) do
      lists[s][i] = value
      for _, other in ipairs(all) do
        lists[s][i] = other[i] == other[i] and lists[s][i] or nan
      end
    end
  end
  return lists
end

local function mean(series, tasks, by_task, by_seed, weights)
  local top, bottom = 0, 0
  for i, value in ipairs(series) do
    local t, k = (i - 1) % tasks + 1, (i - 1) // tasks + 1
    local weight = by_task[t] * by_seed[k] * (weights and weights[t] or 1)
    if value == value then
      top, bottom = top + weight * value, bottom + weight
    end
  end
  return top / bottom
end

local function quantile(values, share)
  table.sort(values)
  local at = share * (#values - 1)
  local below = math.floor(at)
  local low, high = values[below + 1], values[math.min(below + 2, #values)]
  return low + (at - below) * (high - low)
end

-- The bounds that the core should find.
local function oracle(series, tasks, resamples, seed, reference, weights)
  series = common(series)
  local n_seeds, means, differences = #series[1] // tasks, {}, {}
  for s in ipairs(series) do
    means[s], differences[s] = {}, {}
  end
  for b = 0, resamples - 1 do
    local words, at = philox.words(400, { seed = seed, epoch = b,
      stream = core.streams.samples }), 0
    local function word()
      at = at + 1
      return words[at]
    end
    local by_task = counts(tasks, word)
    local by_seed = counts(n_seeds, word)
    for s, values in ipairs(series) do
      means[s][b + 1] = mean(values, tasks, by_task, by_seed, weights)
    end
    for s in ipairs(series) do
      differences[s][b + 1] = means[s][b + 1] - means[reference][b + 1]
    end
  end
  return means, differences
end

local function close(expected, found)
  assert.is_true(math.abs(expected - found) <= 1e-12, ("%.17g, not %.17g"):format(found, expected))
end

describe("core.bootstrap", function()
  local a, b = {}, {}
  for i = 1, 3 * 14 do
    a[i] = (i * 7919 % 101) / 100
    b[i] = a[i] + 0.1 + (i * 104729 % 13) / 100
  end
  b[5] = nan

  for _, weights in ipairs { false, { 1, 2, 3, 1, 5, 2, 2, 1, 1, 4, 1, 1, 7, 0.5 } } do
    it("draws tasks and seeds as plain Lua does" .. (weights and ", with weights" or ""), function()
      local found = core.bootstrap({ a, b }, 14, { resamples = 200, seed = 9, reference = 2,
        weights = weights or nil })
      local means, differences = oracle({ a, b }, 14, 200, 9, 2, weights)
      for s, series in ipairs(common { a, b }) do
        local ones = {}
        for i = 1, 14 do
          ones[i] = 1
        end
        close(mean(series, 14, ones, ones, weights), found[s].mean)
        close(quantile(means[s], 0.025), found[s].low)
        close(quantile(means[s], 0.975), found[s].high)
        close(quantile(differences[s], 0.025), found[s].difference_low)
        close(quantile(differences[s], 0.975), found[s].difference_high)
      end
      close(found[1].mean - found[2].mean, found[1].difference)
      assert.equal(0, found[2].difference_low)
      assert.equal(0, found[2].difference_high)
    end)
  end

  it("has an interval as wide as theory says for many tasks and one seed", function()
    local values, sum, squares = {}, 0, 0
    for i = 1, 2000 do
      values[i] = (i * 7919 % 2003) / 2003
      sum = sum + values[i]
    end
    for _, value in ipairs(values) do
      squares = squares + (value - sum / 2000) ^ 2
    end
    local half = 1.96 * math.sqrt(squares / 2000) / math.sqrt(2000)
    local found = core.bootstrap({ values }, 2000)[1]
    assert.near(sum / 2000, found.mean, 1e-12)
    assert.near(half, found.mean - found.low, 0.05 * half)
    assert.near(half, found.high - found.mean, 0.05 * half)
  end)

  it("sees that a constant difference is certain where the means are not", function()
    local better = {}
    for i, value in ipairs(a) do
      better[i] = value - 0.25
    end
    local found = core.bootstrap({ a, better }, 14)[2]
    assert.is_true(found.high - found.low > 0.1)
    assert.near(-0.25, found.difference_low, 1e-12)
    assert.near(-0.25, found.difference_high, 1e-12)
  end)

  it("is wider where seeds differ and tasks do not", function()
    local values = {}
    for seed = 1, 5 do
      for task = 1, 50 do
        values[(seed - 1) * 50 + task] = seed
      end
    end
    local found = core.bootstrap({ values }, 50)[1]
    assert.equal(3, found.mean)
    assert.is_true(found.low < 2 and found.high > 4)
  end)

  it("leaves what is missing in one series out of all of them", function()
    local found = core.bootstrap({ { 1, 2, 3, 10 }, { 2, 3, nan, 11 }, { 0, 1 / 0, 5, 1 } }, 4)
    assert.same({ 5.5, 6.5, 0.5 }, { found[1].mean, found[2].mean, found[3].mean })
    assert.same({ 1, 1, 1 }, { found[2].difference, found[2].difference_low,
      found[2].difference_high })
  end)

  it("says that there is nothing of a series without values", function()
    local found = core.bootstrap({ { nan, nan }, { 1, 2 } }, 2)
    assert.is_true(found[1].mean ~= found[1].mean and found[1].low ~= found[1].low)
    assert.is_true(found[2].difference ~= found[2].difference)
    assert.equal(1.5, found[2].mean)
  end)

  it("refuses what makes no sense", function()
    refused.with_text("a value for every task", core.bootstrap, { { 1, 2, 3 } }, 2)
    refused.with_text("same length", core.bootstrap, { { 1, 2 }, { 1 } }, 1)
    refused.with_text("lists of numbers", core.bootstrap, { { 1, "x" } }, 2)
    refused.with_text("there is no such series", core.bootstrap, { { 1 } }, 1, { reference = 2 })
    refused.with_text("one number per task", core.bootstrap, { { 1, 2 } }, 2, { weights = { 1 } })
    refused.with_text("above 0", core.bootstrap, { { 1, 2 } }, 2, { weights = { 1, 0 } })
    refused.with_text("from 1 to 1000000", core.bootstrap, { { 1 } }, 1, { resamples = 0 })
    refused.with_text("between 0 and 1", core.bootstrap, { { 1 } }, 1, { level = 1 })
    refused.with_text("1 to 10000 series", core.bootstrap, {}, 1)
    refused.with_text("at least one task", core.bootstrap, { {} }, 0)
  end)
end)
