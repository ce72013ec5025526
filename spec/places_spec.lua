-- The table of places to touch in CONTRIBUTING.md: what it counts is what the pages show.
local docs = require "spec.support.docs"

local text = docs.read "CONTRIBUTING.md"
local section = assert(text:match "\n## Places to touch\n(.-)\n## ", "the section is missing")

local rows = {}
for what, files, page, check in section:gmatch
  "\n| (an? %l+) | (%d)[^|]*| %[[^%]]+%]%((doc/[%w-]+%.md)%) | `([^`]+)` |%f[\n]" do
  rows[what] = { files = tonumber(files), page = page, check = check }
end

-- The files that a page adds something with: those it shows, or of the library those it changes.
local function counted(page, pattern)
  local files, names = docs.files(page)
  local count = {}
  for _, name in ipairs(names) do
    if name ~= "rows.lua" then -- of an experiment
      count[name] = select(2, files[name]:gsub(pattern, ""))
    end
  end
  return count
end

describe("places to touch", function()
  it("are told of everything that can be added, with a page and a check", function()
    local pages = docs.list "doc/adding-*.md"
    local count = 0
    for what, row in pairs(rows) do
      count = count + 1
      assert.is_true(docs.exists(row.page), what)
      assert.is_true(docs.exists(row.check), what)
      assert.truthy(docs.read(row.check):find(row.page, 1, true), row.check)
    end
    assert.equal(#pages, count)
  end)

  it("of an op are three files", function()
    local paths, seen = 0, {}
    for _, edit in ipairs(docs.edits(rows["an op"].page)) do
      assert.is_true(docs.exists(edit.path), edit.path)
      assert.truthy(docs.read(edit.path):find(edit.anchor, 1, true), edit.anchor)
      paths, seen[edit.path] = seen[edit.path] and paths or paths + 1, true
    end
    assert.equal(rows["an op"].files, paths)
    assert.is_true(seen["csrc/ops/ops.def"] and seen["spec/support/op_cases.lua"])
  end)

  for what, pattern in pairs { ["a recommender"] = "cmml%.kind {", ["a loader"] = "cmml%.loader {",
    ["a metric"] = "cmml%.metrics%.register {", ["an option"] = "options%.declare%(",
    ["a command"] = "cmml%.command {", ["a setting"] = "cmml%.setting {" } do
    it("of " .. what .. " are one file, which declares it", function()
      assert.equal(1, rows[what].files)
      local shown = 0
      for name, times in pairs(counted(rows[what].page, pattern)) do
        assert.is_true(times >= 1, name)
        shown = shown + 1
      end
      assert.is_true(shown >= 1)
    end)
  end
end)
