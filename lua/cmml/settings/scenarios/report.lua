--- What is told of an evaluation on scenarios: texts for the command line, columns of experiments.
--
-- @module cmml.settings.scenarios.report
local wrap = require("cmml.base.text").wrap

-- Columns of experiments where none are asked for.
local in_tables = { "recall@10", "recall@20", "recall@50" }

return function(cmml, use)
  local comparison = use "evaluate.comparison"
  local report = {}

  -- The results with the pairs of some scenarios alone: those of one domain.
  local function of_domain(results, data, domain)
    local part, where = { noun = results.noun }, results.pairs
    local spans, taken, place = {}, {}, {}
    for _, span in ipairs(results.groups.spans) do
      if span[1] <= span[2] and data.scenarios[where.scenario[span[1]]].domain == domain then
        local first = #taken + 1
        for i = span[1], span[2] do
          taken[#taken + 1], place[i] = i, #taken + 1
        end
        spans[#spans + 1] = { first, #taken }
      end
    end
    for m, list in pairs(results.not_finite or {}) do
      part.not_finite = part.not_finite or {}
      part.not_finite[m] = {}
      for _, i in ipairs(list) do
        table.insert(part.not_finite[m], place[i])
      end
    end
    part.groups = { name = "by_scenario", noun = "scenarios", spans = spans }
    for m, result in ipairs(results) do
      part[m] = {}
      for name, metric in pairs(result) do
        local values = {}
        for k, i in ipairs(taken) do
          values[k] = metric.values[i]
        end
        part[m][name] = { values = values }
      end
    end
    return comparison.align(part)
  end

  --- The results on each set of a union alone.
  -- @tparam table entry {evaluation, results (one a model)}
  -- @tparam ScenarioSplit split
  -- @treturn table list of such entries, with a name of the set
  function report.parts(entry, split)
    local list = {}
    for i, part in ipairs(split.data.parts or {}) do
      list[i] = { results = of_domain(entry.results, split.data, part.name), evaluation = {
        name = ("scenarios of %s alone"):format(part.name), leaky = entry.evaluation.leaky } }
    end
    return list
  end

  -- Tables of metrics: one for each of their names, with a column for each cutoff.
  local function tables_of(titles, results, names, leaky)
    local groups, order = {}, {}
    for _, name in ipairs(names) do
      local base = name:match "^[^@]+"
      if not groups[base] then
        order[#order + 1], groups[base] = base, {}
      end
      table.insert(groups[base], name)
    end
    local texts = {}
    for i, base in ipairs(order) do
      texts[i] = cmml.metrics.format_columns(titles, results, groups[base], leaky)
    end
    return table.concat(texts, "\n\n")
  end

  --- The results of an evaluation as text.
  -- @tparam table found list of {evaluation, results (one a model)}, and its `parts`
  -- @tparam {string,...} titles of the models
  -- @tparam ScenarioSplit split
  -- @tparam table opt of the evaluation
  -- @treturn string
  -- @treturn {string,...} the metrics that it shows
  function report.text(found, titles, split, opt)
    local results, data = found[1].results, split.data
    local names = cmml.metrics.full_names(results[1], opt.metrics or { "recall", "ndcg" })
    local count = #results[1][names[1]].values
    local leaks = split.leaky and "What is evaluated was there to be learnt from" or
      results.unchecked and "Leaks would not be seen: the file of %s does not tell what its "
        .. "vectors were made of"
      or "Nothing that is evaluated was there to be learnt from, as far as the files tell"
    local head = ("%s: %d test scenarios, %d pairs of scenario and user%s; full "
      .. "ranking, mean of %d draw%s of the supports; ±: 95 %% interval over pairs; protocol %s. ")
      :format(data.name, #results.scenarios, count, opt.max_users
      and (", at most %d users of a scenario"):format(opt.max_users) or "", opt.draws or 1,
      (opt.draws or 1) == 1 and "" or "s", split.protocol)
    local texts = { wrap(head .. leaks:format(results.unchecked), 0, 79),
      tables_of(titles, results, names, split.leaky) }
    for i = 2, #found do
      texts[#texts + 1] = ("%s:\n\n%s"):format(found[i].evaluation.name, tables_of(titles,
        found[i].results, names, split.leaky))
    end
    return table.concat(texts, "\n\n"), names
  end

  --- What a data set is called in tables: its folder's name, several with + between them.
  -- @tparam string source
  -- @tparam table protocol
  -- @treturn string
  -- @treturn {string,...} the names of the sets
  local function title_of(source, protocol)
    local names = {}
    for part in (source .. "+"):gmatch "([^+]*)%+" do
      names[#names + 1] = part:match "([^/]+)/*$"
    end
    local title = table.concat(names, " + ")
    return protocol.leaky and title .. ", split as published" or title, names
  end

  --- The tables of an experiment on a source under a protocol: one of all scenarios, and of a union
  -- one of each set.
  -- @tparam table protocol
  -- @tparam table opt metrics
  -- @tparam string source
  -- @treturn table list of {title, leaky, metrics = list of {name, base, head}}
  function report.columns(protocol, opt, source)
    local title, parts = title_of(source, protocol)
    local list = {}
    local function add(text, prefix)
      local metrics = {}
      for i, name in ipairs(opt.metrics or in_tables) do
        metrics[i] = { name = prefix .. name, base = name, head = name }
      end
      list[#list + 1] = { title = text, metrics = metrics, leaky = protocol.leaky or false }
    end
    add(title, "")
    for d, part in ipairs(#parts > 1 and parts or {}) do
      add(("%s: scenarios of %s alone"):format(title, part), d .. "/")
    end
    return list
  end

  -- Means by scenario, those of other domains left out.
  local function by_scenario(results, data, name, domain)
    local means = {}
    for i, mean in ipairs(results[1][name].by_scenario) do
      local own = data.scenarios[results.scenarios[i]].domain
      means[i] = (domain == nil or own == domain) and mean or 0 / 0
    end
    return means
  end

  -- How many pairs each mean of a metric is the mean of.
  local function weights_of(results, name)
    local count, weights = {}, {}
    local values = results[1][name].values
    for i, scenario in ipairs(results.pairs.scenario) do
      if values[i] == values[i] then
        count[scenario] = (count[scenario] or 0) + 1
      end
    end
    for i, scenario in ipairs(results.scenarios) do
      weights[i] = count[scenario] or 1 -- of none there is no mean, either
    end
    return weights
  end

  --- What a cell of an experiment keeps of an evaluation.
  -- @tparam table evaluation of `evaluations`
  -- @tparam table results of `evaluate` for one model
  -- @treturn table metrics (by name one value a scenario), weights (by name the users of each),
  -- unchecked
  function report.values(evaluation, results)
    local data, metrics, weights = evaluation.tasks.data, {}, {}
    for name in pairs(results[1]) do
      metrics[name], weights[name] = by_scenario(results, data, name), weights_of(results, name)
      for d, part in ipairs(data.parts or {}) do -- the sets of a union
        local own = ("%d/%s"):format(d, name)
        metrics[own], weights[own] = by_scenario(results, data, name, part.name), weights[name]
      end
    end
    return { metrics = metrics, weights = weights, unchecked = results.unchecked or nil }
  end

  return report
end
