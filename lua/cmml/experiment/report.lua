--- Tables of cells as text, and as pictures: their numbers are those of experiment/summary.lua,
-- which tells what a table is.
--
-- @module cmml.experiment.report
local diverged = require "cmml.evaluate.diverged"
local plain = require "cmml.base.plain"
local tables = require "cmml.base.tables"
local text = require "cmml.base.text"

local report = {}

local function number(value, mean, low, high, sign)
  if not value or not tables.exists(value[mean]) then
    return "-"
  end
  local form = sign and "%+.4f" or "%.4f"
  if value[low] == value[high] and value.tasks == 1 then -- of a whole test, and of one seed
    return plain.format(form, value[mean])
  end
  return plain.format(form .. " [" .. form .. ", " .. form .. "]", value[mean], value[low],
    value[high])
end

-- A row's name, and whether a leak would not have been seen.
local function name_of(entry)
  return entry.row .. (entry.unchecked and " (unchecked)" or "")
end

local function title_of(entry, n_seeds)
  return entry.seeds == n_seeds and name_of(entry)
    or ("%s (%d of %d seeds)"):format(name_of(entry), entry.seeds, n_seeds)
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
-- @tparam ?integer width see `tables.markdown`
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
  return #grid > 1 and tables.markdown(grid, width) or nil
end

-- How many tasks the means of each metric leave out, in words; nil where there are no means.
local function left_out_text(tbl, rows)
  local parts, tasks, noun, of_part = {}, nil, tbl.noun or { "task", "tasks" }, {}
  for _, metric in ipairs(tbl.metrics) do
    for _, entry in ipairs(rows) do
      local value = not metric.of_test and entry[metric.name]
      if value then
        local of = value.tasks + value.left_out
        tasks = ("%d %s"):format(of, noun[of == 1 and 1 or 2])
        local part = value.left_out > 0 and ("%d of %s left out of "):format(value.left_out, tasks)
        if part and not of_part[part] then
          parts[#parts + 1], of_part[part] = part, {}
        end
        table.insert(of_part[part] or {}, metric.head or metric.name)
        break
      end
    end
  end
  for i, part in ipairs(parts) do
    parts[i] = part .. table.concat(of_part[part], ", ")
  end
  return tasks and (#parts == 0 and ("means over %s, none left out"):format(tasks)
    or table.concat(parts, "; ") .. ", where not every row has a value") or nil
end

--- A table as Markdown: means with 95 % intervals and the seconds of a cell, and below it the
-- differences to the reference.
-- @tparam table tbl
-- @tparam table rows of `summary`
-- @tparam integer n_seeds
-- @tparam ?integer width see `tables.markdown`
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
  local parts = { ("### %s%s"):format(tbl.title, tbl.leaky and " (leaky)" or "") }
  parts[#parts + 1] = rule and text.wrap(rule, 0, 79) or nil
  parts[#parts + 1] = tables.markdown(grid, width)
  local left_out = left_out_text(tbl, rows)
  parts[#parts + 1] = left_out and text.wrap(left_out, 0, 79) or nil
  for _, entry in ipairs(rows) do
    for _, told in ipairs { diverged.untrained(entry.row, entry.untrained) or "",
      diverged.text(entry.row, entry.diverged) or "" } do
      parts[#parts + 1] = told ~= "" and text.wrap(told, 0, 79) or nil
    end
  end
  parts[#parts + 1] = report.differences(tbl, rows, width)
  return table.concat(parts, "\n\n")
end

--- How the rows of a table learnt, as Markdown: epochs, how many runs ended for want of
-- improvement, seconds of training and of tuning; and in words of how many runs patience was the
-- end.
-- @tparam table rows of `summary`
-- @tparam ?integer width see `tables.markdown`
-- @treturn ?string nil where nothing is known of it
function report.training(rows, width)
  local grid, ended, runs = { { "training", "epochs", "patience", "seconds", "tuning" } }, 0, 0
  for _, entry in ipairs(rows) do
    grid[#grid + 1] = entry.train_seconds and { entry.row,
      entry.runs and plain.format("%.1f", entry.epochs) or "-",
      entry.runs and ("%d of %d"):format(entry.patience, entry.runs) or "-",
      plain.format("%.1f", entry.train_seconds),
      entry.tuning_seconds and plain.format("%.0f", entry.tuning_seconds) or "-" } or nil
    ended, runs = ended + (entry.patience or 0), runs + (entry.runs or 0)
  end
  local said = runs > 0 and ("patience ended %d of %d runs, the limit of epochs the others; ")
    :format(ended, runs) or ""
  return #grid > 1 and ("%s\n\n%s"):format(text.wrap(said .. "seconds are of a training, and of "
    .. "all trials of the tuning", 0, 79), tables.markdown(grid, width)) or nil
end

--- What the rows of a table tell of what they learnt, such as which base was chosen: a list in
-- Markdown, an entry each.
-- @tparam table rows of `summary`
-- @treturn ?string nil where they tell nothing
function report.told(rows)
  local entries = {}
  for _, row in ipairs(rows) do
    if row.told then
      -- a sign of a sum that begins a line would begin a list within the list
      entries[#entries + 1] = text.wrap(("- %s: %s"):format(row.row, row.told), 2, 77)
        :gsub("\n  ([-+*]) ", " %1\n  ")
    end
  end
  return #entries > 0 and table.concat(entries, "\n") or nil
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

return report
