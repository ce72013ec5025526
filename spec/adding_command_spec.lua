-- doc/adding-a-command.md: one file outside the library, known by its name.
local docs = require "spec.support.docs"
local page = "doc/adding-a-command.md"

describe("a command of one's own", function()
  local faults, checked, shell = docs.run_page(page)

  it("is one file", function()
    local files, names = docs.files(page)
    assert.same({ "titles.lua" }, names)
    assert.equal(1, select(2, files["titles.lua"]:gsub("cmml%.command {", "")))
  end)

  it("is registered, and refused where it is declared wrongly", function()
    assert.same({}, faults)
    assert.is_true(checked >= 2, checked)
  end)

  it("runs, and stands in the help", function()
    assert.equal(4, #shell)
    for _, run in ipairs(shell) do
      assert(run.ok, run.line .. ": " .. run.output)
    end
    assert.equal(3, select(2, shell[2].output:gsub("%f[%w]Love%f[%W]", "")), shell[2].output)
    assert.truthy(shell[3].output:find("--n N", 1, true), shell[3].output)
    assert.truthy(shell[4].output:find "\n +titles +find the items", shell[4].output)
  end)
end)
