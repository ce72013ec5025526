--- Results of `evaluate` as Markdown tables.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  -- A Markdown table of "mean ± interval": metric(m, c) is the metric of row m in column c.
  local function format_table(titles, heads, leaky, metric)
    local corner = leaky and "model (leaky)" or "model"
    local width = #corner
    for _, title in ipairs(titles) do
      width = math.max(width, #title)
    end
    local lines = { ("| %-" .. width .. "s |"):format(corner) }
    local rule = "|" .. ("-"):rep(width + 2) .. "|"
    for _, head in ipairs(heads) do
      lines[1] = lines[1] .. (" %-15s |"):format(head)
      rule = rule .. ("-"):rep(math.max(15, #head) + 2) .. "|"
    end
    lines[2] = rule
    for m, title in ipairs(titles) do
      local line = ("| %-" .. width .. "s |"):format(title)
      for c, head in ipairs(heads) do
        local value = metric(m, c)
        local cell = ("%.4f ± %.4f"):format(value.mean, value.interval)
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
    return result[name] or raise(("%s: there is no metric %s; %s"):format(what, tostring(name),
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
  -- @tparam[opt=false] boolean leaky see `format_results`
  -- @treturn string
  function cmml.metrics.format_by_support(titles, sizes, by_size, name, leaky)
    local heads = {}
    for i, size in ipairs(sizes) do
      heads[i] = ("support %d"):format(size)
    end
    return format_table(titles, heads, leaky, function(m, c)
      return metric_of("metrics.format_by_support", by_size[c] and by_size[c][m], name or "mae")
    end)
  end
end
