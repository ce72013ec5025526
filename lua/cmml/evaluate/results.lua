--- Results of `evaluate` as Markdown tables.
--
-- @module cmml
local args = require "cmml.base.args"
local diverged = require "cmml.evaluate.diverged"
local plain = require "cmml.base.plain"
local tables = require "cmml.base.tables"
local wrap = require("cmml.base.text").wrap
local raise = args.error

return function(cmml, use)
  local comparison = use "evaluate.comparison"

  -- Raises unless there are titles, and results to go with them.
  local function check(what, titles, results, names)
    args.texts(what .. ": titles", titles, 4)
    args.texts(what .. ": names", names, 4)
    args.expect(what .. ": results", results, "table", 4)
  end

  -- A Markdown table of "mean ± interval": metric(m, c) is the metric of row m in column c.
  local function format_table(titles, heads, leaky, width, metric)
    local grid = { { leaky and "model (leaky)" or "model", table.unpack(heads) } }
    for m, title in ipairs(titles) do
      local line = { title }
      for c in ipairs(heads) do
        local value = metric(m, c)
        line[c + 1] = tables.number(value.mean, 4, value.interval)
      end
      grid[m + 1] = line
    end
    return tables.markdown(grid, width)
  end

  local function metric_of(what, result, name)
    if not result then
      raise(what .. ": there are more titles or sizes than results", 5)
    end
    args.expect(what .. ": a result", result, "table", 5)
    return result[name] or raise(("%s: there is no metric %s; %s"):format(what, args.shown(name),
      args.suggest(name, args.keys(result))), 5)
  end

  -- How many tasks the means of each metric leave out, in words.
  local function left_out(results, names)
    local noun, order, of = results.noun or { "task", "tasks" }, {}, {}
    local most = 0
    local single = {}
    for _, name in ipairs(names) do
      single[#single + 1] = not cmml.metrics.is_of_test(name) and name or nil
    end
    if #single == 0 then
      return "of the lists of all " .. noun[2] .. " together"
    end
    for _, name in ipairs(single) do
      local skipped, count = comparison.left_out(results, name)
      most = math.max(most, count)
      if skipped > 0 and not of[skipped] then
        order[#order + 1], of[skipped] = skipped, {}
      end
      table.insert(of[skipped] or {}, name)
    end
    local tasks = ("%d %s"):format(most, noun[most == 1 and 1 or 2])
    if #order == 0 then
      return ("means over %s, none left out"):format(tasks)
    end
    for i, skipped in ipairs(order) do
      order[i] = ("%d of %s left out of %s"):format(skipped, tasks, table.concat(of[skipped], ", "))
    end
    return table.concat(order, "; ") .. ", where not every model has a value"
  end

  -- The models whose scores were not finite numbers, and those whose steps diverged, a sentence
  -- each.
  local function not_finite(titles, results, names)
    local lines = {}
    for m, title in ipairs(titles) do
      lines[#lines + 1] = diverged.text(title, (results.diverged or {})[m])
      local bad = (results.not_finite or {})[m]
      if bad then
        local metric = results[m][names[1]]
        lines[#lines + 1] = comparison.diverged(title, bad, metric.tasks + metric.skipped,
          results.noun)
      end
    end
    return lines
  end

  --- What stands below tables of results: how many tasks are left out of which metric, which
  -- models are, as their scores were not finite numbers, and on how many supports steps diverged.
  -- @tparam table titles one a model
  -- @tparam table results
  -- @tparam table names full names of the metrics that are shown
  -- @treturn string lines of at most 79 columns
  function cmml.metrics.left_out(titles, results, names)
    check("metrics.left_out", titles, results, names)
    local lines = not_finite(titles, results, names)
    table.insert(lines, 1, left_out(results, names))
    for i, line in ipairs(lines) do
      lines[i] = wrap(line, 0, 79)
    end
    return table.concat(lines, "\n")
  end

  local function one_table(what, titles, results, names, leaky, width)
    return format_table(titles, names, leaky, width, function(m, c)
      return metric_of(what, results[m], names[c])
    end)
  end

  --- The results of `evaluate` as a Markdown table.
  -- @tparam table titles one a model
  -- @tparam table results
  -- @tparam[opt] table names metrics, in the order of the columns; default: mae, rmse, ndcg_exp@1,
  -- ndcg_exp@3
  -- @tparam[opt=false] boolean leaky what was evaluated was learnt from: the table says so
  -- @treturn string lines after the table say how many tasks are left out, which models had scores
  -- that are not finite, whose steps diverged, and where leaks could not be checked
  function cmml.metrics.format_results(titles, results, names, leaky)
    names = names or { "mae", "rmse", "ndcg_exp@1", "ndcg_exp@3" }
    check("metrics.format_results", titles, results, names)
    return one_table("metrics.format_results", titles, results, names, leaky, nil) .. "\n\n"
      .. cmml.metrics.left_out(titles, results, names) .. (results.unchecked
      and "\n\nleaks could not be checked: the vectors or counts are from a file" or "")
  end

  --- One metric of the results of `users.evaluate_by_support` as a Markdown table, a column a size.
  -- @tparam table titles one a model
  -- @tparam table sizes as they were evaluated
  -- @tparam table by_size
  -- @tparam[opt="mae"] string name of the metric
  -- @tparam[opt=false] boolean leaky see `metrics.format_results`
  -- @treturn string
  function cmml.metrics.format_by_support(titles, sizes, by_size, name, leaky)
    check("metrics.format_by_support", titles, by_size, { name })
    args.list("metrics.format_by_support: sizes", sizes)
    local heads = {}
    name = name or "mae"
    for i, size in ipairs(sizes) do
      args.expect("metrics.format_by_support: a size", size, "integer")
      heads[i] = ("support %d"):format(size)
    end
    local text = format_table(titles, heads, leaky, nil, function(m, c)
      local of_size = by_size[c]
      if of_size ~= nil then
        args.expect("metrics.format_by_support: results of a size", of_size, "table", 4)
      end
      return metric_of("metrics.format_by_support", of_size and of_size[m], name)
    end)
    local lines, seen = {}, {}
    for i in ipairs(sizes) do
      local line = cmml.metrics.left_out(titles, by_size[i], { name })
      lines[#lines + 1] = not seen[line] and line or nil
      seen[line] = true
    end
    return text .. "\n\n" .. table.concat(lines, "\n")
  end

  --- The results of `evaluate` as Markdown tables of at most 80 columns, as many as it takes.
  -- @tparam table titles one a model
  -- @tparam table results
  -- @tparam table names metrics, in the order of the columns
  -- @tparam[opt=false] boolean leaky see `metrics.format_results`
  -- @treturn string ends with the lines of `metrics.left_out`
  function cmml.metrics.format_columns(titles, results, names, leaky)
    check("metrics.format_columns", titles, results, names)
    return one_table("metrics.format_columns", titles, results, names, leaky, 79) .. "\n\n"
      .. cmml.metrics.left_out(titles, results, names)
  end

  --- The full names of metrics, as results have them: "recall" is recall at every cutoff.
  -- @tparam table result of one model
  -- @tparam {string,...} names with or without @k
  -- @treturn {string,...}
  function cmml.metrics.full_names(result, names)
    args.expect("metrics.full_names: result", result, "table")
    args.texts("metrics.full_names: names", names)
    local full = {}
    for _, name in ipairs(names) do
      if result[name] then
        full[#full + 1] = name
      else
        local at = {}
        for _, key in ipairs(args.keys(result)) do
          if key:match "^([^@]+)@" == name then
            at[#at + 1] = key
          end
        end
        plain.sort(at, function(a, b)
          return plain.tonumber(a:match "@(%d+)$") < plain.tonumber(b:match "@(%d+)$")
        end)
        table.move(at, 1, #at, #full + 1, full)
      end
    end
    return full
  end
end
