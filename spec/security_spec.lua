-- doc/security.md: what it says of bad input happens, and what it names is there.
local docs = require "spec.support.docs"
local page = "doc/security.md"

describe("security", function()
  it("has a program that is refused as the page says", function()
    local faults, checked, shell = docs.run_page(page)
    assert.same({}, faults)
    assert.is_true(checked >= 6, checked)
    assert.equal(0, #shell)
  end)

  it("names targets and tools that are there", function()
    local makefile, count = docs.read "Makefile" .. docs.read "spec/c/host.mk"
      .. docs.read "spec/fuzz/fuzz.mk", 0
    for target in docs.read(page):gmatch "`make ([%l-]+)`" do
      count = count + 1
      assert.truthy(makefile:find("\n" .. target:gsub("%-", "%%-") .. ":[^\n]*## "), target)
    end
    assert.is_true(count >= 5, count)
  end)

  it("says what a model may take at most", function()
    local source, text = docs.read "csrc/predict/frozen.c", docs.read(page):gsub("%s+", " ")
    local anyway, times, item = text:match "more than (%d+) MB, (%d+) times the file and (%d+) KB"
    local function bytes(name)
      local number, power = source:match(name .. "[%s(]+size_t%)(%d+) << (%d+)")
      return tonumber(number) << tonumber(power)
    end
    assert.equal(bytes "MOST_ANYWAY", tonumber(anyway) << 20)
    assert.equal(bytes "MOST_FOR_ITEM", tonumber(item) << 10)
    assert.equal(source:match "MOST_TIMES +(%d+)", times)
  end)

  it("says how many nodes a program may have", function()
    local source = docs.read "csrc/predict/call_plan.h" .. docs.read "csrc/predict/function.h"
    local most = tonumber(source:match "CM_MOST_VALUES = 1 << (%d+)")
    local gives = tonumber(source:match "CM_FUNCTION_GIVES (%d+)")
    local said = docs.read(page):match("at most (%d+,%d+) nodes"):gsub(",", "")
    assert.equal((1 << most) // gives, tonumber(said))
  end)
end)
