--- What is told of an evaluation on sequences: texts for the command line, columns of experiments.
--
-- @module cmml.settings.sequences.report
local defaults = require "cmml.settings.sequences.defaults"
local plain = require "cmml.base.plain"
local wrap = require("cmml.base.text").wrap

-- Parts of the people, behind all of them: those to whom something new came next, and the others.
local parts = { { key = "new items", title = "a new item came next" },
  { key = "known items", title = "known items came next" } }

return function(cmml, use)
  local comparison = use "evaluate.comparison"
  local evaluation = use "settings.sequences.evaluation"
  local report = {}

  -- The metrics that are shown where none are asked for.
  local function shown_metrics(next_n)
    return (next_n or 1) == 1 and { "hit", "ndcg", "mrr" } or { "recall", "ndcg", "hit" }
  end

  -- Values of the people of a part; those of others do not exist.
  local function values_of(values, with_new, part)
    local own = {}
    for i, value in ipairs(values) do
      own[i] = (with_new[i] ~= nil) == (part.key == "new items") and value or 0 / 0
    end
    return own
  end

  -- The people of a part alone.
  local function results_of(results, with_new, part)
    local of = { noun = results.noun, diverged = results.diverged,
      not_finite = results.not_finite and {} }
    for m, list in pairs(results.not_finite or {}) do
      of.not_finite[m] = list
    end
    for m, result in ipairs(results) do
      of[m] = {}
      for name, metric in pairs(result) do
        if not cmml.metrics.is_of_test(name) then
          local values = {}
          for i, value in ipairs(metric.values) do
            values[#values + 1] = (with_new[i] ~= nil) == (part.key == "new items") and value
              or nil
          end
          of[m][name] = { values = values }
        end
      end
    end
    return comparison.align(of)
  end

  --- The results on people to whom something new came next, and on the others.
  -- @tparam table entry {evaluation, results (one a model)}
  -- @tparam table split
  -- @treturn table list of such entries; empty where only one of these parts has people
  function report.parts(entry, split)
    local with_new, n = evaluation.with_new_items(entry.evaluation.tasks,
      split.catalogue.items.counts)
    if n == 0 or n == #entry.evaluation.tasks.users or entry.results.not_finite then
      return {}
    end
    local list = {}
    for i, part in ipairs(parts) do
      list[i] = { results = results_of(entry.results, with_new, part), evaluation = {
        name = ("%s: %s"):format(entry.evaluation.name, part.title), leaky = false } }
    end
    return list
  end

  -- Who was left out, and how lists are made, in words.
  local function head_of(entry, split, opt)
    local tasks, of = entry.tasks, split.left_out
    local shown = tasks.shown == 0 and "all before is shown"
      or ("the first %d interactions are shown"):format(tasks.shown)
    local next_n = opt.next_n or defaults.next_n
    local text = ("%s of %s: %d people, %s, and %s to be found in the whole catalogue, history %s")
      :format(entry.name, split.data.name, #tasks.users, shown,
      next_n == 1 and "the next one is" or ("the next %d are"):format(next_n), tasks.history)
    local more = { entry.short > 0 and ("%d new users with too few interactions are left out")
      :format(entry.short) or nil }
    more[#more + 1] = entry.fewer > 0 and ("of %d people there are fewer to be found"):format(
      entry.fewer) or nil
    more[#more + 1] = of.short > 0 and ("%d old users with fewer than %d are not learnt from")
      :format(of.short, split.options.min_length) or nil
    more[#more + 1] = of.late > 0 and ("%d interactions of old users lie behind the cut")
      :format(of.late) or nil
    more[#more + 1] = of.cut > 0 and ("%d interactions with items that are to be new are cut")
      :format(of.cut) or nil
    more[#more + 1] = ("new users %s"):format(split.by_time and "by time" or "at random")
    return text .. "; " .. table.concat(more, "; ")
  end

  --- The results of an evaluation as text.
  -- @tparam table found list of {evaluation, results (one a model)}, and of their `parts`
  -- @tparam {string,...} titles of the models
  -- @tparam table split
  -- @tparam table opt of the evaluation
  -- @treturn string
  -- @treturn {string,...} the metrics that it shows
  function report.text(found, titles, split, opt)
    local texts, names = {}, nil
    for _, entry in ipairs(found) do
      local own = entry.evaluation
      names = names or cmml.metrics.full_names(entry.results[1], opt.metrics
        or shown_metrics(opt.next_n))
      texts[#texts + 1] = (own.tasks and wrap(head_of(own, split, opt), 0, 79)
        or own.name .. ":") .. "\n\n" .. cmml.metrics.format_columns(titles, entry.results, names)
    end
    return table.concat(texts, "\n\n"), names
  end

  -- The metrics of a table of an experiment.
  local function columns(prefix, names)
    local list = {}
    for i, base in ipairs(names) do
      list[i] = { base = base, name = ("%s/%s"):format(prefix, base), head = base }
    end
    return list
  end

  --- The tables of an experiment: all people, and those to whom something new came next, or not.
  -- @tparam table _ protocol
  -- @tparam table opt shown, next_n, metrics, new_items, several
  -- @tparam string source
  -- @treturn table list of {title, leaky, evaluation, metrics = list of {name, base, head}}
  function report.columns(_, opt, source)
    local list, names = {}, opt.metrics
    if not names then
      names = {}
      for i, name in ipairs(shown_metrics(opt.next_n)) do
        names[i] = name .. "@10"
      end
    end
    local function add(title, prefix, own)
      title = opt.several and ("%s: %s"):format(source:match "([^/]+)/*$", title) or title
      list[#list + 1] = { title = title, leaky = false, evaluation = own,
        metrics = columns(prefix, names) }
    end
    for _, shown in ipairs(opt.shown or defaults.shown) do
      local own = shown == 0 and "new users" or ("new users, %d shown"):format(shown)
      add(own, own, own)
      for _, part in ipairs((opt.new_items or 0) > 0 and parts or {}) do
        add(("%s: %s"):format(own, part.title), ("%s, %s"):format(own, part.key), own)
      end
    end
    return list
  end

  --- How the cells of an experiment are evaluated, in words.
  -- @tparam table cell options, evaluation
  -- @treturn string
  function report.budget_text(cell)
    local of = cell.evaluation
    return plain.format("the next %d in the whole catalogue, history %s; %g of the old users "
      .. "validate", of.next_n, of.history, cell.options.valid or defaults.valid)
  end

  --- What a cell of an experiment keeps of an evaluation.
  -- @tparam table entry of `evaluations`
  -- @tparam table results of `evaluate` for one model
  -- @treturn table metrics (by name one value a person), rules
  function report.values(entry, results)
    local metrics = {}
    local with_new = evaluation.with_new_items(entry.tasks, entry.tasks.popularity.counts)
    for base, metric in pairs(results[1]) do
      metrics[("%s/%s"):format(entry.name, base)] = metric.values
      for _, part in ipairs(cmml.metrics.is_of_test(base) and {} or parts) do
        metrics[("%s, %s/%s"):format(entry.name, part.key, base)] = values_of(metric.values,
          with_new, part)
      end
    end
    return { metrics = metrics, rules = entry.short > 0 and { [entry.name] =
      ("%d new users with too few interactions are left out"):format(entry.short) } or nil }
  end

  return report
end
