-- Tables of experiments: what they say of cells, as Markdown, CSV and pictures.
local cmml = require "cmml"
local refused = require "spec.support.refused"
local report = require "cmml.experiment.report"

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
  local rows = report.summary(cmml, plan, results, tbl, { seeds = 2, resamples = 100 })

  it("says mean, interval, difference and seconds of each row, and what is missing", function()
    local text = report.text(tbl, rows, 2)
    assert.equal([[
### Title (leaky)

| model               | M                       | seconds |
|---------------------|-------------------------|---------|
| one                 | 2.0000 [1.0000, 2.6667] | 1.0     |
| two                 | 2.5000 [2.0000, 3.0000] | 2.0     |
| none (0 of 2 seeds) | -                       | -       |

| difference to one | M                          |
|-------------------|----------------------------|
| two               | +0.5000 [-0.3333, +1.0000] |]], text)
  end)

  it("writes every cell as CSV", function()
    assert.equal([[
table,leaky,row,seed,metric,mean,tasks,seconds
t,yes,one,any,m,2.000000,3,1.00
t,yes,two,1,m,2.500000,3,2.00
t,yes,two,2,m,2.500000,3,2.00
]], report.csv(plan, results))
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
    local list = report.summary(cmml, both, found, fair, { seeds = 1, resamples = 10 })
    local text = report.text(fair, list, 1)
    assert.truthy(text:find("| one             |", 1, true), text)
    assert.truthy(text:find("| two (unchecked) |", 1, true), text)
    assert.truthy(report.svg(cmml, fair, fair.metrics[1], list):find(">two (unchecked)<", 1, true))
    local csv = report.csv(both, found)
    assert.truthy(csv:find("t,no,one,1,m,", 1, true), csv)
    assert.truthy(csv:find("t,unchecked,two,1,m,", 1, true), csv)
    found[cells[2]].unchecked = nil
    assert.is_nil(report.csv(both, found):find("unchecked", 1, true))
  end)

  it("refuses to compare what was evaluated on different tasks", function()
    local other = { table = "t", row = "two", seed = 1 }
    refused.with_text("evaluated on different tasks", report.summary, cmml,
      { cells = { plan.cells[1], other } },
      { [plan.cells[1]] = results[plan.cells[1]], [other] = { metrics = { m = { 1 } },
        seconds = 0 } }, tbl, { seeds = 2, resamples = 100 })
  end)
end)
