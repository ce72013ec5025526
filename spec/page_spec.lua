-- Pages of results: which rows are told of first, and the same page from its numbers.
local child = require "spec.support.child"
local cmml = require "cmml"
local page = require "cmml.experiment.page"
local parts_of = require("cmml.experiment.parts").of
local records = require "cmml.experiment.records"
local tables = require "cmml.base.tables"
local temporary = require "spec.support.temporary"
local verdict = require "cmml.experiment.verdict"
local core = cmml.core

-- A table of rows whose cells have these values, by seed a value a task, and what is made of it.
local function made(by_row, changes)
  local tbl = { id = "t", title = "Title", rows = {}, reference = "best", references = {},
    leaky = false, noun = { "user", "users" }, metrics = { { name = "e", head = "E",
      better = "min" }, { name = "g", head = "G", better = "max" } } }
  for key, value in pairs(changes or {}) do
    tbl[key] = value
  end
  local plan, results = { tables = { tbl }, cells = {} }, {}
  for _, row in ipairs(by_row) do
    tbl.rows[#tbl.rows + 1] = row[1]
    for seed = 1, #row - 1 do
      local cell = { table = "t", row = row[1], seed = seed }
      plan.cells[#plan.cells + 1] = cell
      local opposite = {}
      for i, value in ipairs(row[seed + 1]) do
        opposite[i] = 5 - value
      end
      results[cell] = { metrics = { e = row[seed + 1], g = opposite }, seconds = 2,
        train_seconds = 1.5, stopped = row.stopped, epochs = row.stopped and 10 * seed,
        rules = { all = "as it is" } }
    end
  end
  tbl.evaluation = "all"
  return parts_of(cmml, plan, results, changes and changes.left_out or {}, { seeds = 2,
    resamples = 500 })
end

local one = { "ours", { 1, 2, 3, 4 }, { 1.1, 2.1, 3.1, 4.1 }, stopped = "patience" }
local better = { "a, \"quoted\"", { 0.5, 1.4, 2.6, 3.4 }, { 0.5, 1.5, 2.5, 3.5 },
  stopped = "epochs" }
local worse = { "worse", { 2, 3.5, 4, 5 }, { 2, 3, 4.2, 5 } }
local noisy = { "noisy", { 0, 3, 2, 5 }, { 0.2, 3.1, 2.4, 4.9 } }

describe("a verdict", function()
  local function said(...)
    local part = made({ ... }, { subjects = { "ours" } })[1]
    local found = {}
    for i, entry in ipairs(part.verdicts) do
      found[i] = ("%s %s %s"):format(entry.metric.name, entry.is, entry.other)
    end
    return table.concat(found, ", "), part
  end

  it("is behind, level or the best, by the interval of the paired difference", function()
    assert.equal('e behind a, "quoted", g behind a, "quoted"', said(one, worse, better))
    assert.equal("e best worse, g best worse", said(one, worse))
    assert.equal("e level noisy, g level noisy", said(one, noisy))
    assert.equal("", said(one))
    local _, part = said(worse, one, better)
    local entry = part.verdicts[1]
    assert.near(0.5625, entry.difference, 1e-6)
    assert.is_true(entry.low > 0 and entry.low < entry.difference and entry.difference < entry.high)
    assert.near(1.9875, entry.value, 1e-6)
  end)

  it("does not compare with a row of which a seed is missing", function()
    assert.equal("e best worse, g best worse", said(one, worse, { better[1], better[2] }))
  end)

  it("says first where the row is not the best", function()
    local tbl = { title = "Title", subjects = { "ours" } }
    local function entry(name, is)
      return { row = "ours", metric = { name = name }, other = "x", value = 1, difference = 0.5,
        low = 0.25, high = 0.75, is = is }
    end
    assert.equal("- Title: ours is not the best by c (x: 1.0000, difference +0.5000 [+0.2500,\n  "
      .. "+0.7500]); is level with the best other by b (x: 1.0000, difference +0.5000\n  [+0.2500, "
      .. "+0.7500]); is the best by a (x: 1.0000, difference +0.5000\n  [+0.2500, +0.7500]).",
      verdict.text(tbl, { entry("a", "best"), entry("b", "level"), entry("c", "behind") }))
    assert.is_nil(verdict.text(tbl, {}))
  end)
end)

describe("a comparison with the best row", function()
  it("takes the one that is best by the first metric, in each table", function()
    local part = made({ one, better, worse })[1]
    assert.equal(better[1], part.tbl.reference)
    assert.is_nil(part.rows[2].e.difference)
    assert.near(0.5625, part.rows[1].e.difference, 1e-6)
    assert.equal("ours", made({ one, worse })[1].tbl.reference)
    assert.equal("best", made({ one, { "best", table.unpack(worse, 2) } })[1].tbl.reference)
  end)

  it("compares with further rows, once with each, and not with one that is left out", function()
    local part = made({ one, better, worse }, { references = { "ours", better[1], "worse" },
      left_out = { t = { worse = "it cannot" } } })[1]
    assert.equal(1, #part.others)
    assert.equal("ours", part.others[1].tbl.reference)
    assert.equal(2, #part.rows)
  end)
end)

describe("a page", function()
  local changes = { subjects = { "ours" }, references = { "ours" }, tuning = { ours = 120 },
    left_out = { t = { gone = 'the data, "all" of them,\nrefuse it' } } }

  it("tells how many runs patience ended, and what they took", function()
    local text = page.tables(made({ one, better, worse, { "gone" } }, changes), 2, 79)
    assert.matches("patience ended 2 of 4 runs, ", text)
    assert.matches("| ours +| 15.0 +| 2 of 2 +| 1.5 +| 120 +|\n", text)
    assert.matches('| a, "quoted" +| 15.0 +| 0 of 2 +| 1.5 +| %- +|', text)
    assert.matches("| worse +| %- +| %- +| 1.5 +| %- +|", text) -- it is fitted
    assert.matches('gone is left out: the data, "all" of them, refuse it', text)
    assert.is_nil(text:find("| gone", 1, true))
    for line in text:gmatch "[^\n]+" do
      assert.is_true(#line <= 79, line)
    end
  end)

  it("is the same from the numbers that were written", function()
    for _, by_row in ipairs { { one, better, worse, noisy, { "gone" } }, { one, worse },
      { worse, one, { "half", { 1, 2, 3, 0 / 0 } } } } do
      local parts = made(by_row, changes)
      local csv = tables.render({ name = "results", tables = { records.of(parts) } }, "csv")
      local again, n_seeds = records.parts(assert(records.read(csv)))
      assert.equal(2, n_seeds)
      assert.equal(page.tables(parts, 2), page.tables(again, 2))
      assert.equal(page.verdict(parts), page.verdict(again))
    end
  end)

  it("of an experiment is the same from its CSV, in both settings", function()
    for _, setting in ipairs { "users", "scenarios" } do
      local result = cmml.experiment(setting, { quick = true, seeds = 2, epochs = 1, draws = 1,
        resamples = 50, protocol = setting == "users" and "full,warm-leaky" or nil,
        supports = setting == "users" and "0,5" or nil })
      local parts = records.parts(assert(records.read(tables.render(result.document, "csv"))))
      local text = ("%s\n\n"):format(page.verdict(parts))
      assert.equal(text, result.text:sub(1, #text))
      text = "\n\n" .. page.tables(parts, 2)
      assert.equal(text, result.text:sub(-#text))
    end
  end)

  it("has its marked parts made anew by doc/results/page.lua", function()
    local folder = temporary.folder()
    local parts = made({ one, better, worse }, changes)
    temporary.write(folder, "t.csv", tables.render({ name = "results", tables = {
      records.of(parts) } }, "csv"))
    local path = temporary.write(folder, "t.md", "# T\n\n<!-- verdict of t.csv -->\nold\n"
      .. "<!-- end -->\n\nBy hand.\n\n<!-- tables of t.csv -->\n<!-- end -->\n")
    local _, ok = child.run(("arg = { %q }\ndofile 'doc/results/page.lua'\n"):format(path))
    assert.is_true(ok)
    assert.equal(("# T\n\n<!-- verdict of t.csv -->\n\n%s\n\n<!-- end -->\n\nBy hand.\n\n"
      .. "<!-- tables of t.csv -->\n\n%s\n\n<!-- end -->\n"):format(page.verdict(parts),
      page.tables(parts, 2)), core.read_file(path))
    for text, message in pairs { ["<!-- verdict of no.csv -->\n<!-- end -->"] = "no.csv",
      ["<!-- picture of t.csv -->\n<!-- end -->"] = "a part is verdict or tables, not picture",
      ["<!-- tables of t.md -->\n<!-- end -->"] = "should be table" } do
      local made_page, problem = page.renew(text, function(name)
        return core.read_file(folder .. "/" .. name)
      end)
      assert.is_nil(made_page)
      assert.truthy(problem:find(message, 1, true), problem)
    end
    temporary.remove(folder)
  end)

  it("of the documents is what its numbers say", function()
    local pipe = assert(io.popen "ls doc/results/*.md")
    for path in pipe:lines() do
      local text = core.read_file(path)
      local made_page, problem = page.renew(text, function(name)
        return core.read_file(path:match "^(.*/)" .. name)
      end)
      assert.is_nil(problem)
      assert.equal(text, made_page)
    end
    pipe:close()
  end)
end)
