--- Results of `evaluate` as Markdown tables.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local raise = args.error

return function(cmml)
  -- Raises unless there are titles, and results to go with them.
  local function check(what, titles, results, names)
    args.texts(what .. ": titles", titles, 4)
    args.texts(what .. ": names", names, 4)
    args.expect(what .. ": results", results, "table", 4)
  end

  -- A Markdown table of "mean ± interval": metric(m, c) is the metric of row m in column c.
  local function format_table(titles, heads, leaky, metric)
    local corner = leaky and "model (leaky)" or "model"
    local width = #corner
    for _, title in ipairs(titles) do
      width = math.max(width, #title)
    end
    local lines = { "| " .. corner .. (" "):rep(width - #corner) .. " |" }
    local rule = "|" .. ("-"):rep(width + 2) .. "|"
    for _, head in ipairs(heads) do
      lines[1] = lines[1] .. " " .. head .. (" "):rep(15 - #head) .. " |"
      rule = rule .. ("-"):rep(math.max(15, #head) + 2) .. "|"
    end
    lines[2] = rule
    for m, title in ipairs(titles) do
      local line = "| " .. title .. (" "):rep(width - #title) .. " |"
      for c, head in ipairs(heads) do
        local value = metric(m, c)
        local cell = plain.format("%.4f ± %.4f", value.mean, value.interval)
        line = line .. (" %s%s |"):format(cell, (" "):rep(math.max(15, #head) - utf8.len(cell)))
      end
      lines[#lines + 1] = line
    end
    return table.concat(lines, "\n")
  end

  local function metric_of(what, result, name)
    if not result then
      raise(what .. ": there are more titles or sizes than results", 5)
    end
    args.expect(what .. ": a result", result, "table", 5)
    return result[name] or raise(("%s: there is no metric %s; %s"):format(what, args.shown(name),
      args.suggest(tostring(name), args.keys(result))), 5)
  end

  --- The results of `evaluate` as a Markdown table.
  -- @tparam table titles one a model
  -- @tparam table results
  -- @tparam[opt] table names metrics, in the order of the columns; default: mae, rmse, ndcg_exp@1,
  -- ndcg_exp@3
  -- @tparam[opt=false] boolean leaky what was evaluated was learnt from: the table says so
  -- @treturn string a line after the table says where leaks could not be checked
  function cmml.metrics.format_results(titles, results, names, leaky)
    names = names or { "mae", "rmse", "ndcg_exp@1", "ndcg_exp@3" }
    check("metrics.format_results", titles, results, names)
    local text = format_table(titles, names, leaky, function(m, c)
      return metric_of("metrics.format_results", results[m], names[c])
    end)
    return text .. (results.unchecked
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
    for i, size in ipairs(sizes) do
      args.expect("metrics.format_by_support: a size", size, "integer")
      heads[i] = ("support %d"):format(size)
    end
    return format_table(titles, heads, leaky, function(m, c)
      return metric_of("metrics.format_by_support", args.expect(
        "metrics.format_by_support: results of a size", by_size[c], "table", 4)[m], name or "mae")
    end)
  end

  --- The results of `evaluate` as Markdown tables of at most 80 columns, as many as it takes.
  -- @tparam table titles one a model
  -- @tparam table results
  -- @tparam table names metrics, in the order of the columns
  -- @tparam[opt=false] boolean leaky see `metrics.format_results`
  -- @treturn string
  function cmml.metrics.format_columns(titles, results, names, leaky)
    check("metrics.format_columns", titles, results, names)
    local widest = 13 -- "model (leaky)"
    for _, title in ipairs(titles) do
      widest = math.max(widest, #title)
    end
    local most, texts = math.max(1, (79 - widest - 4) // 18), {}
    for first = 1, #names, most do
      local some = table.move(names, first, math.min(first + most - 1, #names), 1, {})
      -- what could not be checked is said once, elsewhere
      local shown = table.move(results, 1, #results, 1, {})
      texts[#texts + 1] = cmml.metrics.format_results(titles, shown, some, leaky)
    end
    return table.concat(texts, "\n\n")
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
