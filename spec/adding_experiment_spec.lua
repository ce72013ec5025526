-- doc/adding-an-experiment.md: one file outside the library, known by its name.
local docs = require "spec.support.docs"
local page = "doc/adding-an-experiment.md"

describe("an experiment of one's own", function()
  local faults, checked, shell = docs.run_page(page)

  it("is one file", function()
    local files, names = docs.files(page)
    assert.same({ "rates.lua", "widths.lua" }, names)
    assert.equal(1, select(2, files["rates.lua"]:gsub("cmml%.register_experiment {", "")))
  end)

  it("gives a table, in Lua", function()
    assert.same({}, faults)
    assert.is_true(checked >= 3, checked)
  end)

  it("gives one on the command line, and stands in the help", function()
    assert.equal(3, #shell)
    for _, run in ipairs(shell) do
      assert(run.ok, run.line .. ": " .. run.output)
    end
    assert.truthy(shell[1].output:find("| width 16 ", 1, true), shell[1].output)
    assert.truthy(shell[2].output:find("| rate 0.01 ", 1, true), shell[2].output)
    assert.truthy(shell[3].output:find("--rates", 1, true), shell[3].output)
  end)
end)
