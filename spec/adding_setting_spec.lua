-- doc/adding-a-setting.md: a setting is one file outside the library, which commands hold and call.
local docs = require "spec.support.docs"
local page = "doc/adding-a-setting.md"

describe("a setting of one's own", function()
  local faults, checked, shell = docs.run_page(page)

  it("is one file, with a loader and a kind for it", function()
    local files, names = docs.files(page)
    assert.same({ "sessions.lua" }, names)
    for _, what in ipairs { "cmml%.setting {", "cmml%.loader {", "cmml%.kind {" } do
      assert.equal(1, select(2, files["sessions.lua"]:gsub(what, "")), what)
    end
  end)

  it("is trained, evaluated, saved and loaded as the page says", function()
    assert.same({}, faults)
    assert.is_true(checked >= 2, checked)
  end)

  it("is known to the commands", function()
    assert.equal(4, #shell)
    for _, run in ipairs(shell) do
      assert(run.ok, run.line .. ": " .. run.output)
    end
    assert.truthy(shell[2].output:find("| mean of the session ", 1, true)
      or shell[2].output:find("mrr@1", 1, true), shell[2].output)
  end)
end)
