--- What is written out of an evaluation of several models: records, and how they compare with
-- simple rivals (baselines, which are fitted without gradient training).
--
-- An entry is {evaluation = {name, size, leaky}, results (one a model, aligned), differences}.
--
-- @module cmml
local plain = require "cmml.base.plain"
local tables = require "cmml.base.tables"
local wrap = require("cmml.base.text").wrap

return function(_, use)
  local comparison = use "evaluate.comparison"
  local document = {}

  local verdicts = { worse = "rival wins", level = "level", better = "model wins" }
  local order, ahead = { worse = 1, level = 2, better = 3 }, { rival = 1, none = 2, model = 3 }

  --- Compares models with simple rivals in every evaluation.
  -- @tparam table found list of entries; each gets differences, see `comparison.differences`
  -- @tparam table models list of {title, simple (whether it is a rival), kind}: a model has no
  -- rival of its own kind
  function document.compare(found, models)
    for _, entry in ipairs(found) do
      entry.differences = {}
      for m, model in ipairs(models) do
        local rivals = {}
        for r, rival in ipairs(models) do
          rivals[#rivals + 1] = rival.simple and rival.kind ~= model.kind and r or nil
        end
        local names = {}
        for name in pairs(entry.results[m]) do
          names[#names + 1] = name
        end
        plain.sort(names)
        local list = not model.simple and #rivals > 0 and comparison.differences(entry.results, m,
          rivals, names) or {}
        table.move(list, 1, #list, #entry.differences + 1, entry.differences)
      end
    end
  end

  -- What an evaluation is called beside others.
  local function place_of(entry, found)
    if #found == 1 then
      return ""
    end
    local size = entry.evaluation.size
    return tostring(entry.evaluation.name) .. (size and (", support %d"):format(size) or "")
  end

  -- The differences in the metrics that are shown: where the model loses first, then the others, in
  -- the order of the metrics.
  local function shown_of(found, names)
    local rank, list = {}, {}
    for i, name in ipairs(names) do
      rank[name] = rank[name] or i
    end
    for e, entry in ipairs(found) do
      for _, difference in ipairs(entry.differences) do
        list[#list + 1] = rank[difference.metric] and { entry = entry, at = e,
          rank = rank[difference.metric], place = place_of(entry, found), own = difference } or nil
      end
    end
    plain.sort(list, function(a, b)
      local first, second = order[a.own.verdict], order[b.own.verdict]
      if first ~= second then
        return first < second
      elseif a.own.verdict == "level" and a.own.ahead ~= b.own.ahead then
        return ahead[a.own.ahead] < ahead[b.own.ahead]
      elseif a.own.model ~= b.own.model then
        return a.own.model < b.own.model
      elseif a.at ~= b.at then
        return a.at < b.at
      end
      return a.rank < b.rank
    end)
    return list
  end

  -- The metrics of some differences, with their places: "mae, rmse (support 0)".
  local function metrics_of(list)
    local parts, at = {}, {}
    for _, one in ipairs(list) do
      if not at[one.place] then
        parts[#parts + 1], at[one.place] = one.place, {}
      end
      table.insert(at[one.place], one.own.metric)
    end
    for i, place in ipairs(parts) do
      parts[i] = table.concat(at[place], ", ") .. (place ~= "" and (" (%s)"):format(place) or "")
    end
    return table.concat(parts, ", ")
  end

  local level = "Level: %s is ahead of %s in %s, but 0 is within the 95 %% interval of the "
    .. "difference."
  local words = {
    worse = function(model, rival, metrics)
      return ("A simple rival wins: %s is better than %s in %s."):format(rival, model, metrics)
    end,
    rival = function(model, rival, metrics)
      return level:format(rival, model, metrics)
    end,
    none = function(model, rival, metrics)
      return ("Level: %s and %s have the same mean in %s."):format(model, rival, metrics)
    end,
    model = function(model, rival, metrics)
      return level:format(model, rival, metrics)
    end,
    better = function(model, _, metrics)
      return ("%s is better than the best simple rival in %s."):format(model, metrics)
    end,
  }

  -- Who wins, in sentences: by model, and where a rival is named by rival.
  local function sentences_of(list, models)
    local sentences = {}
    for _, verdict in ipairs { "worse", "rival", "none", "model", "better" } do
      local groups, keys = {}, {}
      for _, one in ipairs(list) do
        local own = one.own
        if (own.verdict == "level" and own.ahead or own.verdict) == verdict then
          local key = own.model .. (verdict == "better" and "" or "," .. own.rival)
          if not groups[key] then
            keys[#keys + 1], groups[key] = key, {}
          end
          table.insert(groups[key], one)
        end
      end
      for _, key in ipairs(keys) do
        local own = groups[key][1].own
        sentences[#sentences + 1] = words[verdict](models[own.model].title,
          models[own.rival].title, metrics_of(groups[key]))
      end
    end
    return sentences
  end

  local function signed(value)
    return plain.format("%+.4f", value)
  end

  --- How models compare with simple rivals, in words and as a table.
  -- @tparam table found list of entries that were compared
  -- @tparam table models see `compare`
  -- @tparam {string,...} names full names of the metrics that are shown
  -- @tparam integer width columns of a line at most
  -- @treturn ?string nil where there is nothing to compare
  -- @treturn {string,...} the sentences alone
  function document.comparison_text(found, models, names, width)
    local list = shown_of(found, names)
    if #list == 0 then
      return nil, {}
    end
    local sentences, several = sentences_of(list, models), false
    for _, one in ipairs(list) do
      several = several or one.own.model ~= list[1].own.model
    end
    local grid = { { "metric", "simple rival", "difference [95 % interval]", "verdict" } }
    if #found > 1 then
      table.insert(grid[1], 2, "evaluation")
    end
    if several then
      table.insert(grid[1], 2, "model")
    end
    for i, one in ipairs(list) do
      local own = one.own
      local line = { own.metric, models[own.rival].title, ("%s [%s, %s]"):format(
        signed(own.difference), signed(own.low), signed(own.high)), verdicts[own.verdict] }
      if #found > 1 then
        table.insert(line, 2, one.place)
      end
      if several then
        table.insert(line, 2, models[own.model].title)
      end
      grid[i + 1] = line
    end
    local labels = #grid[1] - 3 -- all before the rival
    local groups = found[1].results.groups
    local noun = found[1].results.noun or { "task", "tasks" }
    local note = ("difference: model minus rival; its interval by a paired bootstrap over %s. The "
      .. "rival in a metric is the baseline with the best mean of it on these very %s, so that "
      .. "chance is on its side."):format(groups and groups.noun or noun[2], noun[2])
    local texts = {}
    for i, sentence in ipairs(sentences) do
      texts[i] = wrap(sentence, 0, width)
    end
    return table.concat(texts, "\n") .. "\n\n" .. tables.markdown(grid, width, labels) .. "\n\n"
      .. wrap(note, 0, width), sentences
  end

  local columns = {}
  for _, column in ipairs { { "evaluation", "text" }, { "support", "integer" }, { "model", "text" },
    { "simple", "boolean" }, { "metric", "text" }, { "mean", "number" }, { "interval", "number" },
    { "tasks", "integer" }, { "left_out", "integer" }, { "not_finite", "integer" },
    { "diverged", "integer" }, { "leaky", "boolean" }, { "rival", "text" },
    { "difference", "number" }, { "difference_low", "number" }, { "difference_high", "number" },
    { "verdict", "text" } } do
    columns[#columns + 1] = { name = column[1], kind = column[2] }
  end

  --- The numbers of evaluations as records: one a model and metric.
  -- @tparam table found list of entries that were compared
  -- @tparam table models see `compare`
  -- @treturn table see base/tables.lua
  function document.records(found, models)
    local rows = {}
    for _, entry in ipairs(found) do
      local of = {}
      for _, one in ipairs(entry.differences) do
        of[one.model .. one.metric] = one
      end
      for m, model in ipairs(models) do
        local names = {}
        for name in pairs(entry.results[m]) do
          names[#names + 1] = name
        end
        plain.sort(names)
        local bad = (entry.results.not_finite or {})[m]
        local diverged = (entry.results.diverged or {})[m] or {}
        for _, name in ipairs(names) do
          local metric, one = entry.results[m][name], of[m .. name] or {}
          rows[#rows + 1] = { evaluation = entry.evaluation.name, support = entry.evaluation.size,
            model = model.title, simple = model.simple, metric = name, mean = metric.mean,
            interval = metric.interval, tasks = metric.tasks, left_out = metric.skipped,
            not_finite = bad and #bad or 0, diverged = diverged.count,
            leaky = entry.evaluation.leaky or false,
            rival = one.rival and models[one.rival].title, difference = one.difference,
            difference_low = one.low, difference_high = one.high,
            verdict = verdicts[one.verdict] }
        end
      end
    end
    return { name = "results", columns = columns, rows = rows }
  end

  return document
end
