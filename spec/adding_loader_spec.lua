-- doc/adding-a-loader.md: a loader is one file outside the library, found by the files of a folder.
local docs = require "spec.support.docs"
local page = "doc/adding-a-loader.md"

describe("a loader of one's own", function()
  local faults, checked, shell = docs.run_page(page)

  it("is one file for each setting", function()
    local files, names = docs.files(page)
    assert.same({ "games.lua", "played.lua" }, names)
    for _, name in ipairs(names) do
      assert.equal(1, select(2, files[name]:gsub("cmml%.loader {", "")), name)
    end
  end)

  it("reads what models learn from, as the page says", function()
    assert.same({}, faults)
    assert.is_true(checked >= 6, checked)
  end)

  it("is found by the commands", function()
    assert.is_true(#shell >= 3)
    for _, run in ipairs(shell) do
      assert(run.ok, run.line .. ": " .. run.output)
    end
  end)
end)
