-- doc/adding-a-recommender.md: a kind of recommender is one file outside the library, and all else
-- asks it.
local docs = require "spec.support.docs"
local page = "doc/adding-a-recommender.md"

describe("a recommender of one's own", function()
  local faults, checked, shell = docs.run_page(page)

  it("is one file, which names nothing of the library but what it calls", function()
    local files, names = docs.files(page)
    assert.same({ "inner.lua", "most_liked.lua", "pooled.lua", "rows.lua" }, names)
    for _, name in ipairs(names) do
      local kinds = select(2, files[name]:gsub("cmml%.kind {", ""))
      assert.equal(name == "rows.lua" and 0 or 1, kinds, name)
    end
  end)

  it("learns, evaluates, recommends, is saved and loaded as the page says", function()
    assert.same({}, faults)
    assert.is_true(checked >= 10, checked)
  end)

  it("is known to the commands", function()
    assert.is_true(#shell >= 6)
    for _, run in ipairs(shell) do
      assert(run.ok, run.line .. ": " .. run.output)
    end
    local table_of = shell[#shell].output
    assert.truthy(table_of:find("| pooled, width 4 ", 1, true), table_of)
  end)
end)
