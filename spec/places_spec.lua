-- The table of places to touch in CONTRIBUTING.md: what it counts is what the pages show.
local docs = require "spec.support.docs"

local text = docs.read "CONTRIBUTING.md"
local section = assert(text:match "\n## Places to touch\n(.-)\n## ", "the section is missing")

local rows = {}
for what, files, page, checks in section:gmatch
  "\n| (an? %l+) | (%d)[^|]*| %[[^%]]+%]%((doc/[%w-]+%.md)%) | (`[^|]+`) |%f[\n]" do
  rows[what] = { files = tonumber(files), page = page, checks = checks }
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
      for check in row.checks:gmatch "`([^`]+)`" do
        assert.is_true(docs.exists(check), what)
        assert.truthy(docs.read(check):find(row.page, 1, true), check)
      end
    end
    assert.equal(#pages, count)
  end)

  -- The files that a page edits: how many, and which.
  local function edited(page)
    local paths, seen = 0, {}
    for _, edit in ipairs(docs.edits(page)) do
      assert.is_true(docs.exists(edit.path), edit.path)
      assert.truthy(docs.read(edit.path):find(edit.anchor, 1, true), edit.anchor)
      paths, seen[edit.path] = seen[edit.path] and paths or paths + 1, true
    end
    return paths, seen
  end

  it("of an op are three files", function()
    local paths, seen = edited(rows["an op"].page)
    assert.equal(rows["an op"].files, paths)
    assert.is_true(seen["csrc/ops/ops.def"] and seen["spec/support/op_cases.lua"])
  end)

  it("of a metric in C are one file", function()
    local paths, seen = edited(rows["a metric"].page)
    assert.equal(rows["a metric"].files, paths)
    assert.is_true(seen["csrc/metrics/ranking.c"])
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
