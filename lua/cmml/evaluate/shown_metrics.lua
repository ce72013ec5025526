--- Metrics of what lists show, beside how right they are: how much of the catalogue, how evenly,
-- how popular and how different from each other the items are.
--
--    coverage@k     fraction of the catalogue's items that are among the first k of any list of the
--                   test: catalogue coverage (Ge et al., RecSys 2010)
--    gini@k         Gini index of how often each item of the catalogue is shown there: 0 where all
--                   are shown as often, near 1 where all lists are the same
--    popularity@k   mean over the first k of the fraction of the people learnt from who took it
--    novelty@k      mean self-information of the first k: -log2 of (people who took it + 1) / (all
--                   people + 1) (Zhou et al., PNAS 2010)
--    diversity@k    intra-list diversity: 1 minus the mean cosine of the pairs among the first k,
--                   of the items' vectors where they have such, else of their categories, all of
--                   length 1 (Ziegler et al., WWW 2005); items of which nothing is known are in no
--                   pair, and of fewer than two others there is none
--
-- @module cmml.evaluate.shown_metrics
local plain = require "cmml.base.plain"

return function(cmml, use)
  use "evaluate.metrics"
  local metrics = cmml.metrics
  local nan = 0 / 0

  -- What is computed once of a catalogue, kept with it.
  local function once(about, name, make)
    if about[name] == nil then
      about[name] = make(about) or false
    end
    return about[name]
  end

  -- Means over the heads' first k of a number for each item.
  local function means(name, heads, cutoffs, of)
    local found = {}
    for _, k in ipairs(cutoffs) do
      local values = {}
      for list, head in ipairs(heads) do
        local n, sum = math.min(k, #head), 0
        for i = 1, n do
          sum = sum + of[head[i]]
        end
        values[list] = n > 0 and sum / n or nan
      end
      found[("%s@%d"):format(name, k)] = values
    end
    return found
  end

  -- For each item a number of how many people took it.
  local function of_counts(about, name, compute)
    return once(about, name, function()
      local list, popularity = {}, about.popularity
      for item, count in ipairs(popularity and popularity.counts:totable() or {}) do
        list[item] = compute(count, popularity.people)
      end
      for item = #list + 1, #about.items do
        list[item] = nan -- it is not told who took what
      end
      return list
    end)
  end

  metrics.register { shown = true, of_counts = true, at = { "popularity" }, describes = true,
    better = "min",
    compute = function(heads, cutoffs, about)
      return means("popularity", heads, cutoffs, of_counts(about, "taken_by", function(count, n)
        return count / n
      end))
    end }

  metrics.register { shown = true, of_counts = true, at = { "novelty" }, describes = true,
    compute = function(heads, cutoffs, about)
      return means("novelty", heads, cutoffs, of_counts(about, "information", function(count, n)
        return -math.log((count + 1) / (n + 1), 2)
      end))
    end }

  -- Of each item its categories as a vector of length 1, by key; empty where nothing is known.
  local function categories_of(items)
    local list = {}
    for row = 1, #items do
      list[row] = {}
    end
    for f, bag in ipairs(items.bags or {}) do
      local ids = bag.ids and bag.ids:totable() or {}
      local lengths, at = bag.segments and bag.segments:totable(), 0
      for row = 1, bag.ids and #items or 0 do
        for _ = 1, lengths and lengths[row] or 1 do
          at = at + 1
          if ids[at] > 0 then
            list[row][f << 32 | ids[at]] = 1
          end
        end
      end
    end
    return list
  end

  -- The items' vectors of length 1, or false of those without.
  local function units_of(about)
    local items = about.items
    local list = items.vectors.cf and items.vectors.cf:totable() or categories_of(items)
    for row, vector in ipairs(list) do
      local squares = 0
      for _, value in pairs(vector) do
        squares = squares + value * value
      end
      for key, value in pairs(vector) do
        vector[key] = value / math.sqrt(squares)
      end
      list[row] = squares > 0 and vector or false
    end
    return list
  end

  -- Adds a vector to a sum; the change of the square of the sum's length.
  local function add_to(sum, vector)
    local change = 1
    for key, value in pairs(vector) do
      local before = sum[key] or 0
      change, sum[key] = change + 2 * before * value, before + value
    end
    return change
  end

  metrics.register { shown = true, at = { "diversity" }, describes = true,
    compute = function(heads, cutoffs, about)
      local units, found = once(about, "units", units_of), {}
      for _, k in ipairs(cutoffs) do
        found["diversity@" .. k] = {}
      end
      for list, head in ipairs(heads) do
        -- the square of the sum of n vectors of length 1 is n and twice the cosines of all pairs
        local sum, squares, n, by_rank = {}, 0, 0, { [0] = nan }
        for i, item in ipairs(head) do
          if units[item] then
            squares, n = squares + add_to(sum, units[item]), n + 1
          end
          by_rank[i] = n > 1 and 1 - (squares - n) / (n * (n - 1)) or nan
        end
        for _, k in ipairs(cutoffs) do
          found["diversity@" .. k][list] = by_rank[math.min(k, #head)]
        end
      end
      return found
    end }

  metrics.register { of_test = true, at = { "coverage" }, describes = true,
    compute = function(counts, cutoffs, about)
      local found = {}
      for _, k in ipairs(cutoffs) do
        local n = 0
        for _ in pairs(counts[k] or {}) do
          n = n + 1
        end
        found["coverage@" .. k] = n / #about.items
      end
      return found
    end }

  metrics.register { of_test = true, at = { "gini" }, describes = true, better = "min",
    compute = function(counts, cutoffs, about)
      local found, n = {}, #about.items
      for _, k in ipairs(cutoffs) do
        local list = {}
        for _, count in pairs(counts[k] or {}) do
          list[#list + 1] = count
        end
        plain.sort(list)
        local sum, weighted, first = 0, 0, n - #list -- items that are never shown stand before
        for i, count in ipairs(list) do
          sum, weighted = sum + count, weighted + (2 * (first + i) - n - 1) * count
        end
        found["gini@" .. k] = sum > 0 and weighted / (n * sum) or nan
      end
      return found
    end }
end
