--- Metrics: values of tasks, registered by name, and their means with intervals.
--
-- Metrics come in families that are computed together from the scores and labels of ranked lists.
-- What comes with the library and what a user registers are the same thing: every metric can be
-- asked for by its name wherever models are evaluated.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local raise = args.error

-- The most cutoffs, and the highest, that the core takes.
local most, highest = 1000, (1 << 31) - 1

local fields = { names = "table", at = "table", relevance = "boolean", better = "string table",
  shown = "boolean", of_test = "boolean", of_counts = "boolean", describes = "boolean",
  compute = "function" }

return function(cmml)
  local metrics = {}
  --- Metrics: `metrics.register`, `metrics.summary`, and what comes with the library.
  cmml.metrics = metrics

  local families, owner = {}, {}

  --- What is known of a metric from its value for each task. Values that do not exist (NaN) are
  -- left out and counted.
  -- @tparam table values list of numbers, one a task
  -- @treturn table mean, interval (half the width of the 95 % interval: 1.96 standard deviations /
  -- sqrt(tasks)), tasks (number of values), skipped
  function metrics.summary(values)
    args.list("metrics.summary: values", values)
    for i, value in ipairs(values) do
      if type(value) ~= "number" then
        args.expect(("metrics.summary: value %d"):format(i), value, "number")
      end
    end
    local n, sum = 0, 0
    for _, value in ipairs(values) do
      if value == value then
        n, sum = n + 1, sum + value
      end
    end
    local mean, squares = sum / n, 0
    for _, value in ipairs(values) do
      if value == value then
        squares = squares + (value - mean) ^ 2
      end
    end
    return { mean = mean, interval = 1.96 * math.sqrt(squares / n) / math.sqrt(n), tasks = n,
      skipped = #values - n }
  end

  --- The rating metrics of every task by name: mae, rmse, ndcg_exp@k.
  -- @tparam Tensor score [rows]
  -- @tparam Tensor label [rows]
  -- @tparam Segments segments one a task
  -- @tparam[opt={1, 3}] table cutoffs
  -- @treturn table by name: a list with one number a task, NaN where it does not exist
  function metrics.rating(score, label, segments, cutoffs)
    return args.call(cmml.core.rating_metrics, score, label, segments, cutoffs or { 1, 3 })
  end

  --- The ranking metrics of every task by name: recall@k (hits / relevant rows),
  -- normalized_recall@k (hits / the smaller of k and relevant rows), precision@k, hit@k, ndcg@k
  -- (gain: the label), ndcg_exp@k (gain: 2^label - 1), mrr@k, map@k, and of the whole list
  -- reciprocal_rank, average_precision and auc. Rows are ranked by score, highest first; among
  -- equal scores every order is as likely, and the expected value is given. A row is relevant if
  -- its label is above 0.
  -- @tparam Tensor score [rows]
  -- @tparam Tensor label [rows], not negative
  -- @tparam Segments segments one a task
  -- @tparam[opt={10, 20}] table cutoffs
  -- @treturn table by name: a list with one number a task, NaN where it does not exist (no row is
  -- relevant; for auc also: all are); `summary` gives the mean of those that do
  function metrics.ranking(score, label, segments, cutoffs)
    return args.call(cmml.core.ranking_metrics, score, label, segments, cutoffs or { 10, 20 })
  end

  local function check_names(list, what)
    args.list("metrics.register: " .. what, list, 4)
    for _, name in ipairs(list) do
      if type(name) ~= "string" or not name:find "^[A-Za-z][0-9A-Za-z_]*$" then
        raise(("metrics.register: a name in %s must be of letters, digits and _, not %s"):format(
          what, args.describe(name)), 3)
      end
    end
  end

  -- What is better, by name: one for all, or as a table says.
  local function directions(better, own)
    local found, names = {}, table.move(own.at, 1, #own.at, #own.names + 1,
      table.move(own.names, 1, #own.names, 1, {}))
    for _, name in ipairs(names) do
      found[name] = type(better) == "table" and (better[name] or "max") or better
      args.one_of("metrics.register: better", found[name], { "max", "min" }, 4)
    end
    for _, name in ipairs(type(better) == "table" and args.keys(better) or {}) do
      args.one_of("metrics.register: better", name, names, 4)
    end
    return found
  end

  --- Registers metrics that are computed together.
  -- @tparam table family names (of metrics of the whole list), at (names of metrics of the first k,
  -- which are asked for as name@k), relevance (true: labels are 1 or 0; ratings become so by the
  -- option relevant of `evaluate`), better ("max", the default, or "min"; or a table of these by
  -- name), compute (a function of
  -- scores [rows], labels [rows], segments (one a list) and cutoffs that gives by full name, such
  -- as "mae" or "recall@20", a list of numbers, one a list; NaN where it does not exist).
  -- shown = true: of what lists of a catalogue show; compute is a function of shown (for each list
  -- the item rows of its head, best first), cutoffs, and about (see evaluate/evaluate.lua) that
  -- gives the same. of_test = true: of all lists together; compute is a function of counts (by
  -- cutoff k for each item how often it is among the first k), cutoffs and about that gives by full
  -- name one number. of_counts = true: it needs to know who took what (about.popularity), and is no
  -- default where that is not told. describes = true: neither way is better, so that models are not
  -- compared by it
  function metrics.register(family)
    if type(family) ~= "table" or type(family.compute) ~= "function" then
      raise("metrics.register: a table with names, at and compute (a function) was expected", 2)
    end
    args.fields("metrics.register", family, fields)
    local own = { compute = family.compute, relevance = family.relevance or false,
      names = family.names or {}, at = family.at or {}, shown = family.shown or false,
      of_test = family.of_test or false, of_counts = family.of_counts or false,
      describes = family.describes or false }
    if (own.shown or own.of_test) and #own.names > 0 then
      raise("metrics.register: what lists show is shown of the first k: its names belong in at", 2)
    end
    local added, better = {}, directions(family.better or "max", own)
    for _, key in ipairs { "names", "at" } do
      check_names(own[key], key)
      for _, name in ipairs(own[key]) do
        if owner[name] or added[name] then
          raise(("metrics.register: there is a metric %s already"):format(name), 2)
        end
        added[name] = { family = own, at = key == "at", better = better[name] }
      end
    end
    if next(added) == nil then
      raise("metrics.register: the family has no names", 2)
    end
    for name, entry in pairs(added) do
      owner[name] = entry
    end
    families[#families + 1] = own
  end

  -- What the core computes.
  for _, family in ipairs(cmml.core.metric_families()) do
    metrics.register { names = family.names, at = family.at, better = family.better,
      relevance = family.relevance, compute = metrics[family.name] }
  end

  --- The names of all registered metrics, sorted; those of the first k without k.
  -- @tparam[opt=true] boolean shown whether those are among them that are of what lists of a
  -- catalogue show
  -- @treturn {string,...}
  function metrics.names(shown)
    local names = {}
    for _, name in ipairs(args.keys(owner)) do
      local family = owner[name].family
      names[#names + 1] = (shown ~= false or not (family.shown or family.of_test)) and name or nil
    end
    return names
  end

  --- What is better in a metric.
  -- @tparam string name such as "mae" or "recall@20"
  -- @treturn string "min" or "max"
  function metrics.better(name)
    return metrics.find("metrics.better", name).better
  end

  --- A registered metric; raises, with the nearest known name, where there is none.
  -- @tparam string where prefix of the message
  -- @tparam string name with or without @k
  -- @treturn table family, at (whether it takes a cutoff), base (its name), k (the cutoff, or nil)
  function metrics.find(where, name)
    args.expect("metrics.find: where", where, "string")
    name = plain.tostring(name)
    local base, k = name:match "^([^@]+)@(%d+)$"
    base = base or name
    local own = owner[base]
    local cutoff = plain.tonumber(k) or 1
    if not own or k and not own.at or cutoff < 1 or cutoff > highest then
      raise(("%s: there is no metric %s; %s"):format(where, args.shown(name), own
        and base .. (own.at and ("@k takes a cutoff k from 1 to %d"):format(highest)
        or " takes no cutoff") or args.suggest(base, metrics.names())), 3)
    end
    return { family = own.family, at = own.at, base = base, better = own.better,
      k = k and math.tointeger(plain.tonumber(k)) }
  end

  --- Whether a metric is of all lists of a test together, one number without an interval.
  -- @tparam string name with or without @k
  -- @treturn boolean
  function metrics.is_of_test(name)
    local own = owner[plain.tostring(name):match "^[^@]+"]
    return own ~= nil and own.family.of_test
  end

  -- Of each list the item rows of its head, best first.
  local function heads_of(scores, segments, items, most_shown)
    local n = math.max(1, math.min(most_shown, #items)) -- no list is longer
    local flat = cmml.core.map_ids(cmml.core.shown_rows(scores, segments, n), items):totable()
    local heads = {}
    for list = 1, #segments do
      heads[list] = {}
      for k = 1, n do
        local item = flat[(list - 1) * n + k]
        heads[list][k] = item > 0 and item or nil
      end
    end
    return heads
  end

  -- How often each item is among the first k, for metrics of a whole test.
  local function count_heads(counts, heads, cutoffs)
    for _, k in ipairs(cutoffs) do
      counts[k] = counts[k] or {}
      local of = counts[k]
      for _, head in ipairs(heads) do
        for i = 1, math.min(k, #head) do
          of[head[i]] = (of[head[i]] or 0) + 1
        end
      end
    end
  end

  --- A function that computes metrics by name.
  -- @tparam string where prefix of messages
  -- @tparam {string,...} names such as {"mae", "recall@20", "ndcg"}; without @k: at every cutoff
  -- @tparam table cutoffs list of k
  -- @tparam ?number relevant the rating from which on a row is relevant; nil: labels are 1 and 0
  -- @tparam boolean binary whether labels are 1 and 0
  -- @tparam ?table about the catalogue that lists are of, see evaluate/evaluate.lua
  -- @treturn function of (scores, labels, segments, and where there is such a catalogue items of
  -- the rows and a tally) giving lists of numbers by full name
  -- @treturn {string,...} the full names, in the order asked for
  -- @treturn table new(), a tally of what lists show, and finish(tally), lists of one number by
  -- full name: those of metrics of a whole test
  function metrics.computer(where, names, cutoffs, relevant, binary, about)
    args.expect("metrics.computer: where", where, "string")
    args.list(where .. ": names", names, 4)
    args.list(where .. ": cutoffs", cutoffs, 4)
    local wanted, order, needed, at = {}, {}, {}, {}
    local function want(full, family)
      if not wanted[full] then
        wanted[full], order[#order + 1] = family, full
        table.insert(needed[family], full)
      end
    end
    local function cut(k)
      for _, known in ipairs(at) do
        if known == k then
          return
        end
      end
      args.expect(where .. ": a cutoff", k, "integer", 4)
      if k > highest then
        raise(("%s: cutoffs must be at most %d, as %d is not"):format(where, highest, k), 4)
      elseif #at == most then
        raise(("%s: the cutoffs are too many: at most %d are supported"):format(where, most), 4)
      end
      at[#at + 1] = k
    end
    for _, name in ipairs(names) do
      local metric = metrics.find(where, name)
      if metric.family.relevance and not binary and not relevant then
        raise(("%s: %s needs the option relevant: the rating from which on an item is relevant")
          :format(where, name), 3)
      end
      if (metric.family.shown or metric.family.of_test) and not about then
        raise(("%s: %s is of lists of a catalogue, which are not evaluated here"):format(where,
          name), 3)
      end
      needed[metric.family] = needed[metric.family] or {}
      for _, k in ipairs(metric.at and (metric.k and { metric.k } or cutoffs) or {}) do
        cut(k)
        want(("%s@%d"):format(metric.base, k), metric.family)
      end
      if not metric.at then
        want(metric.base, metric.family)
      end
    end
    local deepest, of_test = 0, {}
    for _, family in ipairs(families) do
      for _, k in ipairs(needed[family] and (family.shown or family.of_test) and at or {}) do
        deepest = math.max(deepest, k)
      end
      of_test[#of_test + 1] = needed[family] and family.of_test and family or nil
    end
    local tally = { new = function()
      return {}
    end, finish = function(counts)
      local found = {}
      for _, family in ipairs(of_test) do
        local values = family.compute(counts, at, about)
        for _, name in ipairs(needed[family]) do
          found[name] = { values[name] }
        end
      end
      return found
    end }
    return function(scores, labels, segments, items, counts)
      local found, binary_labels = {}, nil
      local heads = deepest > 0 and heads_of(scores, segments, items, deepest)
      if heads and #of_test > 0 then
        count_heads(counts, heads, at)
      end
      for _, family in ipairs(families) do
        if needed[family] and not family.of_test then
          local own = labels
          if family.relevance and relevant then
            binary_labels = binary_labels or 1 - labels:lt(relevant)
            own = binary_labels
          end
          local values
          if family.shown then
            values = family.compute(heads, at, about)
          else
            values = family.compute(scores, own, segments, #at > 0 and at or { 1 })
          end
          for _, name in ipairs(needed[family]) do
            local list = type(values) == "table" and values[name]
            if type(list) ~= "table" or #list ~= #segments then
              raise(("%s: what computes the metric %s must give a table with a list of %d numbers "
                .. "of that name"):format(where, name, #segments), 0)
            end
            found[name] = list
          end
        end
      end
      return found
    end, order, tally
  end
end
