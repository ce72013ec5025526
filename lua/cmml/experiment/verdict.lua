--- What a table says of some of its rows, in words: by which metrics one is the best, level with
-- the best of the others, or behind it. It is level where the 95 % interval of their paired
-- difference has 0 in it.
--
-- @module cmml.experiment.verdict
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"

local verdict = {}

--- The row that is best by a metric, among those of which no seed is missing.
-- @tparam table rows of `summary.of`
-- @tparam table metric of a table; better says "min" or "max"
-- @tparam integer n_seeds
-- @treturn ?table of rows; nil where none has a value
function verdict.best(rows, metric, n_seeds)
  local best, best_mean
  for _, entry in ipairs(rows) do
    local mean = entry.seeds == n_seeds and (entry[metric.name] or {}).mean
    if mean and mean == mean and (not best or metric.better == "min" and mean < best_mean
      or metric.better ~= "min" and mean > best_mean) then
      best, best_mean = entry, mean
    end
  end
  return best
end

-- The rows of a table that are none of its subjects.
local function others_of(tbl, rows)
  local list, is_subject = {}, {}
  for _, title in ipairs(tbl.subjects or {}) do
    is_subject[title] = true
  end
  for _, entry in ipairs(next(is_subject) and rows or {}) do
    list[#list + 1] = not is_subject[entry.row] and entry or nil
  end
  return list
end

-- Where a row stands by its paired difference to the best of the others.
local function standing(metric, one)
  local low, high = one.difference_low, one.difference_high
  if low <= 0 and high >= 0 then
    return "level"
  end
  return (metric.better == "min") == (high < 0) and "best" or "behind"
end

--- Compares the subjects of a table with the best of its other rows, by each metric.
-- @tparam table tbl with subjects, titles of rows, and metrics
-- @tparam table rows of `summary.of`
-- @tparam integer n_seeds
-- @tparam function difference of (subject, other, metric): the paired difference of two rows by a
-- metric {difference, difference_low, difference_high}; nil where there is none
-- @treturn table list of {row, metric (of the table), other (title of the best of the others), is
-- ("best", "level" or "behind"), value (of that one), difference, low, high}
function verdict.of(tbl, rows, n_seeds, difference)
  local found, others = {}, others_of(tbl, rows)
  for _, metric in ipairs(#others > 0 and tbl.metrics or {}) do
    local best = verdict.best(others, metric, n_seeds)
    for _, title in ipairs(best and tbl.subjects or {}) do
      local one = difference(title, best.row, metric)
      if one then
        found[#found + 1] = { row = title, metric = metric, other = best.row,
          value = best[metric.name].mean, difference = one.difference, low = one.difference_low,
          high = one.difference_high, is = standing(metric, one) }
      end
    end
  end
  return found
end

-- What is said of a row and the metrics of one sort.
local function phrase(list)
  local parts = {}
  for i, one in ipairs(list) do
    parts[i] = plain.format("%s (%s: %.4f, difference %+.4f [%+.4f, %+.4f])",
      one.metric.head or one.metric.name, one.other, one.value, one.difference, one.low, one.high)
  end
  return table.concat(parts, ", ")
end

local said = { { "behind", "is not the best by" }, { "level", "is level with the best other by" },
  { "best", "is the best by" } }

--- Verdicts in words: first where a row is not the best.
-- @tparam table tbl
-- @tparam table found of `of`
-- @treturn ?string list of Markdown, one entry a subject; nil where there are none
function verdict.text(tbl, found)
  local lines = {}
  for _, title in ipairs(tbl.subjects or {}) do
    local parts = {}
    for _, way in ipairs(said) do
      local list = {}
      for _, one in ipairs(found) do
        list[#list + 1] = one.row == title and one.is == way[1] and one or nil
      end
      parts[#parts + 1] = #list > 0 and ("%s %s"):format(way[2], phrase(list)) or nil
    end
    lines[#lines + 1] = #parts > 0 and text.wrap(("- %s: %s %s."):format(tbl.title, title,
      table.concat(parts, "; ")), 2, 79) or nil
  end
  return #lines > 0 and table.concat(lines, "\n") or nil
end

return verdict
