--- Tables of cells: means over tasks and seeds with intervals, as Markdown, and every cell as CSV.
--
-- A table is {id, title, rows (names in order), metrics (list of {name, base, head}), reference
-- (one row), references (more), leaky, strong (rows that pictures stress: true by name)}; its cells
-- are {table = id, row, seed, fixed (the same for every seed), name, settings}; their results
-- {metrics = by name a list with one number a task, weights (optional, one a task), rules
-- (optional, by the name of an evaluation: words that stand with its table), unchecked (true: a
-- leak would not have been seen), seconds}.
--
-- @module cmml.experiment.report
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"
local raise = args.error

local report = {}

-- The results of a row by seed; those of a row that has no seeds count for each.
local function results_of(plan, results, id, row, n_seeds)
  local by_seed = {}
  for _, cell in ipairs(plan.cells) do
    if cell.table == id and cell.row == row and results[cell] then
      for seed = cell.fixed and 1 or cell.seed, cell.fixed and n_seeds or cell.seed do
        by_seed[seed] = results[cell]
      end
    end
  end
  return by_seed
end

-- The values of a metric for all tasks in some seeds; nil if a result does not have it.
local function series_of(by_seed, seeds, metric)
  local series = {}
  for _, seed in ipairs(seeds) do
    local values = by_seed[seed] and by_seed[seed].metrics[metric]
    if not values then
      return nil
    end
    table.move(values, 1, #values, #series + 1, series)
  end
  return series
end

local function seeds_of(by_seed, n_seeds)
  local seeds = {}
  for seed = 1, n_seeds do
    seeds[#seeds + 1] = by_seed[seed] and seed
  end
  return seeds
end

-- Mean and interval of one row, and of its difference to the reference in the same seeds.
local function summarise(cmml, by_row, row, reference, metric, opt)
  local seeds = seeds_of(by_row[row], opt.seeds)
  local own = #seeds > 0 and series_of(by_row[row], seeds, metric)
  if not own then
    return nil
  end
  local first = by_row[row][seeds[1]]
  local other = reference and by_row[reference] and series_of(by_row[reference], seeds, metric)
  if other and #other ~= #own then
    raise(("experiment: %s has %d values of %s, but %s has %d: they were evaluated on different "
      .. "tasks"):format(row, #own, metric, reference, #other), 0)
  end
  local found = cmml.core.bootstrap({ own, other or own }, #own // #seeds, { reference = 2,
    resamples = opt.resamples, weights = first.weights })[1]
  if not other or row == reference then
    found.difference, found.difference_low, found.difference_high = nil, nil, nil
  end
  return found
end

--- The numbers of a table.
-- @tparam table cmml the library
-- @tparam table plan with cells
-- @tparam table results by cell
-- @tparam table tbl
-- @tparam table opt seeds (how many), resamples
-- @treturn table list of {row, seeds (how many are there), seconds (mean of a cell), unchecked
-- (true: one of its cells is), and by metric {mean, low, high, difference, difference_low,
-- difference_high}}
function report.summary(cmml, plan, results, tbl, opt)
  local by_row, rows = {}, {}
  for _, row in ipairs(tbl.rows) do
    by_row[row] = results_of(plan, results, tbl.id, row, opt.seeds)
  end
  for i, row in ipairs(tbl.rows) do
    local seeds, seconds = seeds_of(by_row[row], opt.seeds), 0
    local unchecked = nil
    for _, seed in ipairs(seeds) do
      seconds = seconds + by_row[row][seed].seconds / #seeds
      unchecked = unchecked or by_row[row][seed].unchecked
    end
    rows[i] = { row = row, seeds = #seeds, seconds = seconds, unchecked = unchecked }
    for _, metric in ipairs(tbl.metrics) do
      rows[i][metric.name] = summarise(cmml, by_row, row, tbl.reference, metric.name, opt)
    end
  end
  return rows
end

local function number(value, mean, low, high, sign)
  if not value or not value[mean] or value[mean] ~= value[mean] then
    return "-"
  end
  local form = sign and "%+.4f" or "%.4f"
  return plain.format(form .. " [" .. form .. ", " .. form .. "]", value[mean],
    value[low], value[high])
end

-- A row's name, and whether a leak would not have been seen.
local function name_of(entry)
  return entry.row .. (entry.unchecked and " (unchecked)" or "")
end

local function title_of(entry, n_seeds)
  return entry.seeds == n_seeds and name_of(entry)
    or ("%s (%d of %d seeds)"):format(name_of(entry), entry.seeds, n_seeds)
end

-- The width of each column of a grid.
local function widths_of(grid)
  local widths = {}
  for _, line in ipairs(grid) do
    for c, cell in ipairs(line) do
      widths[c] = math.max(widths[c] or 3, text.width(cell))
    end
  end
  return widths
end

-- A Markdown table of some columns of a grid.
local function table_of(grid, widths, columns)
  local lines = {}
  for i, line in ipairs(grid) do
    local parts, rule = {}, {}
    for k, c in ipairs(columns) do
      parts[k], rule[k] = text.pad(line[c], widths[c]), ("-"):rep(widths[c] + 2)
    end
    lines[#lines + 1] = "| " .. table.concat(parts, " | ") .. " |"
    lines[#lines + 1] = i == 1 and "|" .. table.concat(rule, "|") .. "|" or nil
  end
  return table.concat(lines, "\n")
end

-- The grid with texts of its first column cut, where they leave no room for another column.
local function cut(grid, widths, width)
  local most = width - 7 - math.max(0, table.unpack(widths, 2))
  if widths[1] <= most or most < 4 then
    return grid
  end
  local copy = {}
  for i, line in ipairs(grid) do
    copy[i] = table.move(line, 1, #line, 1, {})
    if text.width(line[1]) > most then
      copy[i][1] = line[1]:sub(1, (utf8.offset(line[1], most) or most) - 1) .. "\u{2026}"
    end
  end
  widths[1] = most
  return copy
end

--- What the results of a table say of tasks that are evaluated otherwise than asked for.
-- @tparam table plan with cells
-- @tparam table results by cell
-- @tparam table tbl
-- @treturn ?string nil where they say nothing
function report.rule(plan, results, tbl)
  for _, cell in ipairs(plan.cells) do
    local rules = cell.table == tbl.id and results[cell] and results[cell].rules
    if rules and rules[tbl.evaluation] then
      return rules[tbl.evaluation]
    end
  end
end

--- A grid of texts as a Markdown table, its columns as wide as what stands in them. Where that is
-- too wide it becomes several tables, each of which begins with the first column.
-- @tparam table grid list of lines, the first one the heads
-- @tparam ?integer width columns of a line at most; nil: any number
-- @treturn string
function report.markdown(grid, width)
  local widths, tables = widths_of(grid), {}
  grid = width and cut(grid, widths, width) or grid
  local columns, taken = { 1 }, widths[1] + 4
  for c = 2, #widths do
    if width and #columns > 1 and taken + widths[c] + 3 > width then
      tables[#tables + 1] = table_of(grid, widths, columns)
      columns, taken = { 1 }, widths[1] + 4
    end
    columns[#columns + 1], taken = c, taken + widths[c] + 3
  end
  tables[#tables + 1] = table_of(grid, widths, columns)
  return table.concat(tables, "\n\n")
end
local markdown = report.markdown

local function heads_of(tbl, first, last)
  local heads = { first }
  for _, metric in ipairs(tbl.metrics) do
    heads[#heads + 1] = metric.head or metric.name
  end
  heads[#heads + 1] = last
  return heads
end

--- The differences of a table to its reference as Markdown.
-- @tparam table tbl
-- @tparam table rows of `summary`
-- @tparam ?integer width see `markdown`
-- @treturn ?string nil where there is nothing to compare
function report.differences(tbl, rows, width)
  local grid = { heads_of(tbl, "difference to " .. tostring(tbl.reference)) }
  for _, entry in ipairs(rows) do
    local line, has_change = { entry.row }, false
    for _, metric in ipairs(tbl.metrics) do
      line[#line + 1] = number(entry[metric.name], "difference", "difference_low",
        "difference_high", true)
      has_change = has_change or line[#line] ~= "-"
    end
    grid[#grid + 1] = has_change and line or nil
  end
  return #grid > 1 and markdown(grid, width) or nil
end

--- A table as Markdown: means with 95 % intervals and the seconds of a cell, and below it the
-- differences to the reference.
-- @tparam table tbl
-- @tparam table rows of `summary`
-- @tparam integer n_seeds
-- @tparam ?integer width see `markdown`
-- @tparam ?string rule see `rule`
-- @treturn string
function report.text(tbl, rows, n_seeds, width, rule)
  local grid = { heads_of(tbl, "model", "seconds") }
  for _, entry in ipairs(rows) do
    local line = { title_of(entry, n_seeds) }
    for _, metric in ipairs(tbl.metrics) do
      line[#line + 1] = number(entry[metric.name], "mean", "low", "high")
    end
    line[#line + 1] = entry.seeds > 0 and plain.format("%.1f", entry.seconds) or "-"
    grid[#grid + 1] = line
  end
  local differences = report.differences(tbl, rows, width)
  return ("### %s%s\n\n%s%s%s"):format(tbl.title, tbl.leaky and " (leaky)" or "",
    rule and text.wrap(rule, 0, 79) .. "\n\n" or "", markdown(grid, width),
    differences and "\n\n" .. differences or "")
end

--- A picture of a metric of a table: a dot with its interval for each row.
-- @tparam table cmml the library
-- @tparam table tbl
-- @tparam table metric of it
-- @tparam table rows of `summary`
-- @treturn ?string SVG; nil where no row has a value
function report.svg(cmml, tbl, metric, rows)
  local list, some = {}, false
  for i, entry in ipairs(rows) do
    local value = entry[metric.name] or {}
    list[i] = { name_of(entry), value.mean or 0 / 0, value.low, value.high,
      strong = (tbl.strong or {})[entry.row] }
    some = some or list[i][2] == list[i][2]
  end
  if not some then
    return nil
  end
  return cmml.svg.intervals { title = tbl.title .. (tbl.leaky and " (leaky)" or ""), rows = list,
    metric = metric.head or metric.name, decimals = 4, note = "mean and 95 % interval" }
end

local function quoted(words)
  return words:find '[",\n]' and '"' .. words:gsub('"', '""') .. '"' or words
end

--- Every cell as CSV, a line for each of its metrics.
-- @tparam table plan
-- @tparam table results by cell
-- @treturn string
function report.csv(plan, results)
  local lines = { "table,leaky,row,seed,metric,mean,tasks,seconds" }
  local leaky = {}
  for _, tbl in ipairs(plan.tables) do
    leaky[tbl.id] = tbl.leaky
  end
  for _, cell in ipairs(plan.cells) do
    local result = results[cell]
    local names = {}
    for name in pairs(result and result.metrics or {}) do
      names[#names + 1] = name
    end
    plain.sort(names)
    for _, name in ipairs(names) do
      local sum, n = 0, 0
      for t, value in ipairs(result.metrics[name]) do
        if value == value then
          local weight = result.weights and result.weights[t] or 1
          sum, n = sum + weight * value, n + weight
        end
      end
      lines[#lines + 1] = plain.format("%s,%s,%s,%s,%s,%.6f,%d,%.2f", quoted(cell.table),
        leaky[cell.table] and "yes" or result.unchecked and "unchecked" or "no", quoted(cell.row),
        cell.fixed and "any" or cell.seed, quoted(name), sum / n, #result.metrics[name],
        result.seconds)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

return report
