--- What is told of an evaluation on users: texts for the command line, columns of experiments.
--
-- @module cmml.settings.users.report
local defaults = require "cmml.settings.users.defaults"
local plain = require "cmml.base.plain"
local populations = require "cmml.settings.users.populations"
local wrap = require("cmml.base.text").wrap

-- Metrics that are shown where none are asked for.
local shown = { "mae", "rmse", "ndcg_exp" }
local ranked = { "ndcg@1", "ndcg@3", "recall@3", "reciprocal_rank", "auc" }
local ranked_at = { "ndcg", "recall", "reciprocal_rank", "auc" } -- at cutoffs that were asked for

-- Columns of experiments, and their heads.
-- rounding to whole stars alone changes MAE by 0.04, so RMSE stands beside it
local in_tables = { "mae", "rmse", "ndcg_exp@1", "ndcg_exp@3" }
local heads = { mae = "MAE", rmse = "RMSE" }

-- The same where lists are compared: how right they are, and what they show.
local of_lists = { { "normalized_recall@20", "ndcg@20", "recall@20", "precision@20", "hit@20",
  "mrr@20", "map@20" }, { "diversity@20", "novelty@20", "popularity@20", "coverage@20",
  "gini@20" } }

return function(cmml)
  local report = {}

  -- Evaluations of one name, which differ in the size of the support.
  local function by_name(found)
    local groups = {}
    for _, entry in ipairs(found) do
      local last = groups[#groups]
      if last and last[1].evaluation.name == entry.evaluation.name then
        last[#last + 1] = entry
      else
        groups[#groups + 1] = { entry }
      end
    end
    return groups
  end

  -- One table, or with several supports one for each metric.
  local function tables_of(titles, group, names)
    local leaky = group[1].evaluation.leaky
    if #group == 1 then
      return cmml.metrics.format_columns(titles, group[1].results, names, leaky)
    end
    local sizes, by_size, texts = {}, {}, {}
    for i, entry in ipairs(group) do
      sizes[i], by_size[i] = entry.evaluation.size, entry.results
    end
    for i, name in ipairs(names) do
      texts[i] = ("%s\n\n%s"):format(name, cmml.metrics.format_by_support(titles, sizes, by_size,
        name, leaky))
    end
    return table.concat(texts, "\n\n")
  end

  -- What becomes of people with few ratings: the rule of the largest support.
  local function rule_of(group)
    local largest = group[1].evaluation
    for _, entry in ipairs(group) do
      largest = entry.evaluation.size > largest.size and entry.evaluation or largest
    end
    return largest.rule
  end

  -- How lists are evaluated, in words.
  local function list_head(who, sizes, evaluation, opt, protocol)
    local tasks = evaluation.tasks
    local among = tasks.rank == "sampled" and ("among %d random items: SAMPLED candidates, whose "
      .. "numbers say little of the whole catalogue"):format(tasks.candidates)
      or "in the whole catalogue without the support"
    local draws = (tasks.in_order or evaluation.fixed) and 1 or opt.draws or defaults.lists.draws
    return ("%s, support up to %s; what is relevant is ranked %s; mean of %d draw%s; protocol %s%s")
      :format(who, table.concat(sizes, ", "), among, draws, draws == 1 and "" or "s", protocol,
      opt.shuffle_labels and "; labels permuted within each support set" or "")
  end

  --- The results of an evaluation as text.
  -- @tparam table found list of {evaluation, results (one a model)}
  -- @tparam {string,...} titles of the models
  -- @tparam table data see `users.protocol`
  -- @tparam table opt of the evaluation
  -- @treturn string
  -- @treturn {string,...} the metrics that it shows
  function report.text(found, titles, data, opt)
    local texts, all = {}, {}
    for _, group in ipairs(by_name(found)) do
      local evaluation, sizes = group[1].evaluation, {}
      for i, entry in ipairs(group) do
        sizes[i] = entry.evaluation.size
      end
      local results = group[1].results
      local names = cmml.metrics.full_names(results[1], opt.metrics
        or opt.rank and defaults.lists.metrics or shown)
      local who = evaluation.name == "cold users" and "%d test users"
        or evaluation.name .. ": %d users"
      local draws = evaluation.fixed and 1 or opt.draws or 5
      local head = (who .. ", support up to %s, %d query ratings, mean of %d draw%s; protocol %s%s")
        :format(#results[1][names[1]].values, table.concat(sizes, ", "),
        evaluation.fixed and evaluation.tasks.query or opt.query or 10, draws,
        draws == 1 and "" or "s", data.protocol,
        opt.shuffle_labels and "; labels permuted within each support set" or "")
      if opt.rank then
        head = list_head(who:format(#results[1][names[1]].values), sizes, evaluation, opt,
          data.protocol)
      end
      texts[#texts + 1] = wrap(head, 0, 79) .. "\n" .. wrap(rule_of(group), 0, 79) .. "\n\n"
        .. tables_of(titles, group, names)
      table.move(names, 1, #names, 1, all)
      if opt.relevant and not opt.metrics and not opt.rank then
        local of_ranks = opt.cutoffs and cmml.metrics.full_names(results[1], ranked_at) or ranked
        -- these exist for the same users whatever the model, auc for fewer
        texts[#texts + 1] = wrap(plain.format("relevant: rated %g or higher; a user needs such a "
          .. "rating in every draw (for auc others, too)", opt.relevant), 0, 79) .. "\n\n"
          .. tables_of(titles, group, of_ranks)
        table.move(of_ranks, 1, #of_ranks, #names + 1, all)
      end
    end
    return table.concat(texts, "\n\n"), all
  end

  -- The metrics of a table of an experiment.
  local function columns(name, metrics, size)
    local list = {}
    for i, base in ipairs(metrics) do
      local head = heads[base] or base
      list[i] = { base = base, name = ("%s/%s%s"):format(name, base, size and "/" .. size or ""),
        head = size and ("%s, support %d"):format(head, size) or head }
    end
    return list
  end

  --- The metrics that an experiment computes where none are asked for.
  -- @tparam table opt relevant, metrics
  -- @treturn {string,...}
  function report.computed(opt)
    if opt.rank then
      return table.move(defaults.lists.metrics, 1, #defaults.lists.metrics, 1, {})
    end
    local names = table.move(shown, 1, #shown, 1, {})
    return opt.relevant and not opt.metrics and table.move(ranked, 1, #ranked, #names + 1, names)
      or names
  end

  --- The support sizes that an experiment shows beside the first one.
  -- @tparam table opt support, supports
  -- @treturn {integer,...}
  function report.further_sizes(opt)
    local sizes = { table.unpack(opt.support or {}, 2) }
    return table.move(opt.supports or {}, 1, #(opt.supports or {}), #sizes + 1, sizes)
  end

  -- The metrics of a table by support: the first one, and where that is an error the other one.
  local function shown_by_size(names)
    local list = { names[1] }
    for _, name in ipairs(heads[names[1]] and names or {}) do
      list[#list + 1] = heads[name] and name ~= names[1] and name or nil
    end
    return list
  end

  --- The tables of an experiment under a protocol.
  -- @tparam table protocol entry of `users.protocols`
  -- @tparam table opt population, support, supports, metrics, relevant, several (whether there are
  -- several sources, which titles tell apart)
  -- @tparam string source
  -- @treturn table list of {title, leaky, evaluation (its name), metrics = list of {name, base,
  -- head}}
  function report.columns(protocol, opt, source)
    local list, names = {}, opt.metrics or opt.rank and of_lists[1] or in_tables
    for _, entry in ipairs(protocol.evaluations) do
      local who = populations.title(opt.population)
      local title = who and ("%s, people with %s"):format(entry[2], who) or entry[2]
      title = opt.rank and title .. (opt.rank == "sampled" and ", lists, SAMPLED candidates"
        or ", lists") or title
      title = opt.several and ("%s: %s"):format(source:match "([^/]+)/*$", title) or title
      list[#list + 1] = { title = title, leaky = entry.leaky or false, evaluation = entry[1],
        metrics = columns(entry[1], names) }
      if opt.rank and not opt.metrics then
        list[#list + 1] = { title = title .. ": what they show", leaky = entry.leaky or false,
          evaluation = entry[1], metrics = columns(entry[1], of_lists[2]), compared = false }
      elseif opt.relevant and not opt.metrics then
        list[#list + 1] = { title = plain.format("%s, ranking: relevant if rated %g or higher",
          title, opt.relevant), leaky = entry.leaky or false, evaluation = entry[1],
          metrics = columns(entry[1], ranked) }
      end
      local further = report.further_sizes(opt)
      if #further > 0 then
        local by_size = {}
        for _, name in ipairs(opt.rank and { names[1], names[2] } or shown_by_size(names)) do
          for _, size in ipairs(further) do
            by_size[#by_size + 1] = columns(entry[1], { name }, size)[1]
          end
        end
        list[#list + 1] = { title = title .. ", by support", leaky = entry.leaky or false,
          evaluation = entry[1],
          metrics = by_size }
      end
    end
    return list
  end

  --- How the cells of an experiment are evaluated, in words.
  -- @tparam table cell options, evaluation
  -- @treturn string
  function report.budget_text(cell)
    local evaluation = cell.evaluation
    if evaluation.rank then
      return plain.format("lists of %s, support %d, mean of %d draw%s; %g of the other users "
        .. "validate", evaluation.rank == "all" and "the whole catalogue" or "SAMPLED candidates",
        evaluation.support[1], evaluation.draws, evaluation.draws == 1 and "" or "s",
        cell.options.valid or 0)
    end
    return plain.format("support %d, query %d, mean of %d draw%s; %g of the other users validate",
      evaluation.support[1], evaluation.query, evaluation.draws, evaluation.draws == 1 and ""
      or "s", cell.options.valid or 0)
  end

  --- What a cell of an experiment keeps of an evaluation.
  -- @tparam table evaluation of `evaluations`
  -- @tparam table results of `evaluate` for one model
  -- @treturn table metrics: by name one value a person; rules: of people with few ratings, by the
  -- name of the evaluation
  function report.values(evaluation, results)
    local metrics = {}
    for base, metric in pairs(results[1]) do
      metrics[("%s/%s%s"):format(evaluation.name, base, evaluation.first and "" or "/"
        .. evaluation.size)] = metric.values
    end
    return { metrics = metrics, rules = evaluation.first and evaluation.rule
      and { [evaluation.name] = evaluation.rule } or nil }
  end

  return report
end
