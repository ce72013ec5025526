--- From the results of cells to the parts of a page: numbers, differences, who is the best.
--
-- @module cmml.experiment.parts
local report = require "cmml.experiment.report"
local summary = require "cmml.experiment.summary"
local verdict = require "cmml.experiment.verdict"

local parts = {}

-- A table with some fields changed.
local function changed(tbl, fields)
  return setmetatable(fields, { __index = tbl })
end

-- The rows that are in a table, without those that its data refused.
local function rows_of(tbl, refused)
  local rows = {}
  for _, row in ipairs(tbl.rows) do
    rows[#rows + 1] = not refused[row] and row or nil
  end
  return rows
end

-- The row that the others are compared with: of "best" the one that is best by the first metric.
local function reference_of(cmml, plan, results, tbl, opt)
  if tbl.reference ~= "best" then
    return tbl.reference
  end
  for _, row in ipairs(tbl.rows) do
    if row == "best" then
      return row
    end
  end
  local first = changed(tbl, { reference = false, metrics = { tbl.metrics[1] } })
  local rows = summary.of(cmml, plan, results, first, { seeds = opt.seeds, resamples = 1 })
  return (verdict.best(rows, tbl.metrics[1], opt.seeds) or {}).row
end

--- The parts of a page, see `cmml.experiment.page`.
-- @tparam table cmml the library
-- @tparam table plan
-- @tparam table results by cell
-- @tparam table left_out by table why rows were refused, by row
-- @tparam table opt seeds, resamples
-- @treturn table list, one a table of the plan
function parts.of(cmml, plan, results, left_out, opt)
  local list = {}
  for i, tbl in ipairs(plan.tables) do
    local refused = left_out[tbl.id] or {}
    local rows = rows_of(tbl, refused)
    tbl = changed(tbl, { rows = rows })
    tbl = changed(tbl, { reference = reference_of(cmml, plan, results, tbl, opt) })
    local part = { tbl = tbl, rows = summary.of(cmml, plan, results, tbl, opt), others = {},
      rule = report.rule(plan, results, tbl), left_out = refused }
    for _, reference in ipairs(tbl.references or {}) do
      if reference ~= tbl.reference and not refused[reference] then
        local other = changed(tbl, { reference = reference })
        part.others[#part.others + 1] = { tbl = other,
          rows = summary.of(cmml, plan, results, other, opt) }
      end
    end
    part.verdicts = verdict.of(tbl, part.rows, opt.seeds, function(row, other, metric)
      local beside = changed(tbl, { reference = other, metrics = { metric } })
      local found = summary.of(cmml, plan, results, beside, opt, { row })[1][metric.name]
      return found and found.difference and found
    end)
    list[i] = part
  end
  return list
end

return parts
