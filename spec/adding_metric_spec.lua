-- doc/adding-a-metric.md: a metric is one file outside the library, asked for by its name.
local docs = require "spec.support.docs"
local page = "doc/adding-a-metric.md"

describe("a metric of one's own", function()
  local faults, checked, shell = docs.run_page(page)

  it("is one file", function()
    local files, names = docs.files(page)
    assert.same({ "rbp.lua", "rows.lua", "within.lua" }, names)
    for _, name in ipairs { "rbp.lua", "within.lua" } do
      assert.truthy(files[name]:find("cmml.metrics.register {", 1, true), name)
    end
  end)

  it("is computed for each list, and asked for as the page says", function()
    assert.same({}, faults)
    assert.is_true(checked >= 5, checked)
  end)

  it("is known to the commands", function()
    assert.equal(3, #shell)
    for _, run in ipairs(shell) do
      assert(run.ok, run.line .. ": " .. run.output)
    end
    for _, run in ipairs { shell[2], shell[3] } do
      assert.truthy(run.output:find("within_half", 1, true), run.output)
    end
  end)
end)
