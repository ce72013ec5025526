-- doc/adding-an-option.md: an option is declared in one place, and all else reads that.
local docs = require "spec.support.docs"
local page = "doc/adding-an-option.md"

describe("an option", function()
  local faults, checked, shell = docs.run_page(page)

  it("of one's own is declared in one file", function()
    local _, names = docs.files(page)
    assert.same({ "sampling.lua" }, names)
  end)

  it("of the library is declared in one file and read in one", function()
    local declared = 0
    for _, edit in ipairs(docs.edits(page)) do
      declared = declared + (edit.text:find("name = \"max_seconds\"", 1, true) and 1 or 0)
      assert.truthy(edit.path:find "^lua/cmml/train/"
        or edit.path == "lua/cmml/settings/training_options.lua")
    end
    assert.equal(1, declared)
  end)

  it("is checked, explained and parsed from there", function()
    assert.same({}, faults)
    assert.is_true(checked >= 6, checked)
  end)

  it("is there on the command line", function()
    assert.equal(1, #shell)
    assert(shell[1].ok, shell[1].output)
  end)
end)
