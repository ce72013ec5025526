-- doc/adding-a-metric.md: a metric is one file outside the library, asked for by its name.
local docs = require "spec.support.docs"
local page = "doc/adding-a-metric.md"

describe("a metric of one's own", function()
  local faults, checked, shell = docs.run_page(page)

  it("is one file", function()
    local files, names = docs.files(page)
    assert.same({ "long_tail.lua", "rbp.lua", "rows.lua", "within.lua" }, names)
    for _, name in ipairs { "long_tail.lua", "rbp.lua", "within.lua" } do
      assert.truthy(files[name]:find("cmml.metrics.register {", 1, true), name)
    end
  end)

  it("is computed for each list, and asked for as the page says", function()
    assert.same({}, faults)
    assert.is_true(checked >= 5, checked)
  end)

  it("is known to the commands", function()
    assert.equal(4, #shell)
    for _, run in ipairs(shell) do
      assert(run.ok, run.line .. ": " .. run.output)
    end
    for number, name in pairs { [2] = "within_half", [3] = "long_tail@10", [4] = "within_half" } do
      assert.truthy(shell[number].output:find(name, 1, true), shell[number].output)
    end
  end)
end)
