-- Tables of experiments: what they say of cells, as Markdown, CSV and pictures.
local cmml = require "cmml"
local page = require "cmml.experiment.page"
local refused = require "spec.support.refused"
local report = require "cmml.experiment.report"
local summary = require "cmml.experiment.summary"
local records_module = require "cmml.experiment.records"
local tables = require "cmml.base.tables"

local records_of = records_module.of

local function csv_of(...)
  return tables.render({ name = "cells", tables = { summary.cells(...) } }, "csv")
end

describe("report", function()
  local tbl = { id = "t", title = "Title", rows = { "one", "two", "none" }, reference = "one",
    leaky = true, metrics = { { name = "m", head = "M" } } }
  local plan = { tables = { tbl }, cells = {} }
  local results = {}
  for seed = 1, 2 do
    for r, row in ipairs { "one", "two" } do
      local cell = { table = "t", row = row, seed = seed, fixed = r == 1 and seed == 1 }
      if r == 2 or seed == 1 then
        plan.cells[#plan.cells + 1] = cell
        results[cell] = { metrics = { m = { r, r + 1, r == 2 and 0 / 0 or 3 } }, seconds = r }
      end
    end
  end
  local rows = summary.of(cmml, plan, results, tbl, { seeds = 2, resamples = 100 })

  it("says mean, interval, difference and seconds of each row, and what is missing", function()
    local text = report.text(tbl, rows, 2)
    assert.equal([[
### Title (leaky)

| model               | M                       | seconds |
|---------------------|-------------------------|---------|
| one                 | 1.5000 [1.0000, 2.0000] | 1.0     |
| two                 | 2.5000 [2.0000, 3.0000] | 2.0     |
| none (0 of 2 seeds) | -                       | -       |

1 of 3 tasks left out of M, where not every row has a value

| difference to one | M                          |
|-------------------|----------------------------|
| two               | +1.0000 [+1.0000, +1.0000] |]], text)
  end)

  it("writes every cell as CSV", function()
    assert.equal(([[
table,leaky,row,seed,metric,mean,tasks,left_out,diverged,supports,untrained,seconds,train_seconds,%s
t,yes,one,any,m,1.5,2,1,,,,1,,,,
t,yes,two,1,m,2.5,2,1,,,,2,,,,
t,yes,two,2,m,2.5,2,1,,,,2,,,,
]]):format("epochs,stopped,told"):gsub("\n", "\r\n"), csv_of(plan, results))
  end)

  it("gives the numbers of its tables as records", function()
    local records = records_of { { tbl = tbl, rows = rows, others = {} } }.rows
    assert.equal(3, #records)
    assert.near(1, records[2].difference_low, 1e-12)
    assert.near(1, records[2].difference_high, 1e-12)
    records[2].difference_low, records[2].difference_high = nil, nil
    assert.same({ table = "Title", leaky = "yes", row = "two", metric = "m", mean = 2.5, low = 2,
      high = 3, reference = "one", difference = 1, tasks = 2, left_out = 1, seeds = 2, seconds = 2,
      cells = "t", head = "M", place = 0 }, records[2])
    assert.same({ table = "Title", leaky = "yes", row = "none", metric = "m", seeds = 0,
      cells = "t", head = "M", place = 0 }, records[3])
  end)

  it("leaves a task out whose value is the mean of other things in one row", function()
    local cells, found = {}, {}
    for r, row in ipairs { "one", "two" } do
      cells[r] = { table = "t", row = row, seed = 1 }
      found[cells[r]] = { metrics = { m = { 1, r + 1 } }, weights = { m = { 3, 3 + r } },
        seconds = 1 }
    end
    local list = summary.of(cmml, { tables = { tbl }, cells = cells }, found, tbl, { seeds = 1,
      resamples = 10 })
    assert.same({ 1, 1, 1 }, { list[2].m.mean, list[2].m.tasks, list[2].m.left_out })
    assert.equal(0, list[2].m.difference)
  end)

  it("draws every row with its interval", function()
    local svg = report.svg(cmml, tbl, tbl.metrics[1], rows)
    for _, text in ipairs { ">one<", ">two<", ">none<", "Title (leaky)", "<svg ", "</svg>" } do
      assert.truthy(svg:find(text, 1, true), text)
    end
    assert.equal(2, select(2, svg:gsub("<circle", "")))
  end)

  it("says of which rows a leak would not have been seen, if there are any", function()
    local fair = { id = "t", title = "Title", rows = { "one", "two" }, metrics = tbl.metrics }
    local cells, found = {}, {}
    for r, row in ipairs(fair.rows) do
      cells[r] = { table = "t", row = row, seed = 1 }
      found[cells[r]] = { metrics = { m = { r } }, seconds = 1, unchecked = r == 2 or nil }
    end
    local both = { tables = { fair }, cells = cells }
    local list = summary.of(cmml, both, found, fair, { seeds = 1, resamples = 10 })
    local text = report.text(fair, list, 1)
    assert.truthy(text:find("| one             |", 1, true), text)
    assert.truthy(text:find("| two (unchecked) |", 1, true), text)
    assert.truthy(report.svg(cmml, fair, fair.metrics[1], list):find(">two (unchecked)<", 1, true))
    local csv = csv_of(both, found)
    assert.truthy(csv:find("t,no,one,1,m,", 1, true), csv)
    assert.truthy(csv:find("t,unchecked,two,1,m,", 1, true), csv)
    found[cells[2]].unchecked = nil
    assert.is_nil(csv_of(both, found):find("unchecked", 1, true))
  end)

  it("says on how many supports the steps of a row diverged, over its seeds", function()
    local own = { id = "t", title = "Title", rows = { "one", "two" }, metrics = tbl.metrics }
    local cells, found = {}, {}
    for i = 1, 4 do
      cells[i] = { table = "t", row = i <= 2 and "one" or "two", seed = (i - 1) % 2 + 1 }
      found[cells[i]] = { metrics = { m = { i } }, seconds = 1,
        diverged = i > 2 and { count = i, of = 12 } or nil, untrained = i ~= 3 and i or nil }
    end
    local list = summary.of(cmml, { tables = { own }, cells = cells }, found, own,
      { seeds = 2, resamples = 10 })
    local text = report.text(own, list, 2)
    assert.truthy(text:find("\ntwo: its steps diverged on 7 of 24 supports", 1, true), text)
    assert.is_nil(text:find("one: its steps", 1, true))
    assert.truthy(text:find("\none: training left out 3 tasks, whose steps diverged", 1, true))
    assert.truthy(text:find("\ntwo: training left out 4 tasks", 1, true), text)
    local csv = csv_of({ tables = { own }, cells = cells }, found)
    assert.truthy(csv:find("t,no,two,1,m,3,1,0,3,12,,1,", 1, true), csv)
    assert.truthy(csv:find("t,no,one,2,m,2,1,0,,,2,1,", 1, true), csv)
    local records = records_of { { tbl = own, rows = list, others = {} } }
    assert.same({ 7, 24, 4 }, { records.rows[2].diverged, records.rows[2].supports,
      records.rows[2].untrained })
    local written = tables.render({ name = "results", tables = { records } }, "csv")
    local again = records_module.parts(assert(records_module.read(written)))
    assert.equal(text, report.text(again[1].tbl, again[1].rows, 2))
    -- files of before lack the columns
    local columns = {}
    for _, column in ipairs(records.columns) do
      columns[#columns + 1] = not (column.name == "diverged" or column.name == "supports"
        or column.name == "untrained" or column.name == "told") and column or nil
    end
    local before = tables.render({ name = "results", tables = { { name = "results",
      columns = columns, rows = records.rows } } }, "csv")
    assert.is_nil(before:find("untrained", 1, true))
    local rows_before = records_module.parts(assert(records_module.read(before)))[1].rows
    assert.is_nil(rows_before[2].diverged)
    assert.equal(list[2].m.mean, rows_before[2].m.mean)
  end)

  it("says what rows tell of what they learnt, each text once, also from its records", function()
    local own = { id = "t", title = "Title", rows = { "one", "two" }, reference = "one",
      metrics = { tbl.metrics[1], { name = "o", head = "O", better = "max" } } }
    local cells, found = {}, {}
    for i, told in ipairs { "base: a", "base: b, \"c\"", "base: a" } do
      cells[i] = { table = "t", row = "two", seed = i }
      found[cells[i]] = { metrics = { m = { i }, o = { i } }, seconds = 1, told = told }
    end
    cells[4] = { table = "t", row = "one", seed = 1 }
    found[cells[4]] = { metrics = { m = { 4 }, o = { 4 } }, seconds = 1 }
    local list = summary.of(cmml, { tables = { own }, cells = cells }, found, own,
      { seeds = 3, resamples = 10 })
    local parts = { { tbl = own, rows = list, others = {} } }
    local text = page.tables(parts, 3)
    local said = "\n\n- two: base: a / base: b, \"c\""
    assert.equal(said, text:sub(-#said))
    assert.is_nil(text:find("- one:", 1, true))
    local written = tables.render({ name = "results", tables = { records_of(parts) } }, "csv")
    assert.equal(text, page.tables(records_module.parts(assert(records_module.read(written))), 3))
    -- in the first line of a row, and of a cell
    assert.equal(1, select(2, written:gsub("base: a / ", "")))
    local of_cells = csv_of({ tables = { own }, cells = cells }, found)
    assert.equal(3, select(2, of_cells:gsub("base: ", "")))
  end)

  it("breaks no line of it before a sign, which would begin a list", function()
    local sum = ("n"):rep(5) .. (" + bb"):rep(40)
    for width = 1, 6 do
      local said = report.told { { row = ("r"):rep(width), told = sum } }
      assert.is_nil(said:find "\n *[-+*] ")
      assert.equal(("- %s: %s"):format(("r"):rep(width), sum), (said:gsub("\n *", " ")))
      for line in said:gmatch "[^\n]+" do
        assert.is_true(#line <= 79)
      end
    end
  end)

  it("refuses to compare what was evaluated on different tasks", function()
    local other = { table = "t", row = "two", seed = 1 }
    refused.with_text("evaluated on different tasks", summary.of, cmml,
      { cells = { plan.cells[1], other } },
      { [plan.cells[1]] = results[plan.cells[1]], [other] = { metrics = { m = { 1 } },
        seconds = 0 } }, tbl, { seeds = 2, resamples = 100 })
  end)
end)
