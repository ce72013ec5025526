-- Pictures: the writer, and what hostile texts and numbers become.
local cmml = require "cmml"
local number = require "cmml.svg.number"
local read = require "spec.support.svg"
local refused = require("spec.support.refused").with_text
local text = require "cmml.svg.text"

local function includes(list, wanted)
  for _, value in ipairs(list) do
    if value == wanted then
      return true
    end
  end
  error(("%q is not among: %s"):format(wanted, table.concat(list, " | ")))
end

describe("numbers of pictures", function()
  it("are written with a point and rounded", function()
    assert.equal("0.500", number.fixed(0.5, 3))
    assert.equal("-0.05", number.fixed(-0.05, 2))
    assert.equal("0.00", number.fixed(-0.001, 2))
    assert.equal("1234568", number.fixed(1234567.5, 0))
    assert.equal("2.000000e+20", number.fixed(2e20, 2))
    assert.equal("12.5", number.short(12.5))
    assert.equal("100", number.short(100))
    assert.equal("0", number.short(0))
  end)

  it("do not take the comma of a locale", function()
    local before = os.setlocale(nil, "numeric")
    finally(function()
      os.setlocale(before, "numeric")
    end)
    for _, name in ipairs { "de_DE.UTF-8", "de_DE", "fr_FR.UTF-8" } do
      if os.setlocale(name, "numeric") then
        break
      end
    end
    assert.equal("1.25", number.fixed(1.25, 2))
    assert.equal("2.500000e+20", number.fixed(2.5e20, 2))
  end)

  it("have round ticks within their range", function()
    local ticks, decimals = number.ticks(0.09, 0.43, 6)
    assert.same({ "0.1", "0.2", "0.3", "0.4" }, (function()
      for i, tick in ipairs(ticks) do
        ticks[i] = number.fixed(tick, decimals)
      end
      return ticks
    end)())
    assert.equal(5, #number.ticks(-1e-7, 1e-7, 6))
    assert.same({ -1000, 0, 1000 }, (number.ticks(-1000, 1000, 3)))
    local low, high = number.widened(3, 3)
    assert.truthy(low < 3 and high > 3)
    low, high = number.widened(0, 0)
    assert.truthy(low < 0 and high > 0)
  end)
end)

describe("texts of pictures", function()
  it("keep no mark of XML, control character or byte that is no UTF-8", function()
    assert.equal("&lt;a href=&#39;x&#39;&gt;&amp;&quot;", text.escape "<a href='x'>&\"")
    assert.equal("a\u{FFFD}b\u{FFFD}", text.escape "a\0b\x1b")
    assert.equal("caf\u{FFFD}", text.escape "caf\xe9")
    assert.equal("caf\u{E9} \u{6771}\u{4EAC}", text.escape "caf\u{E9} \u{6771}\u{4EAC}")
    assert.equal("a b c", text.escape "a\tb\nc")
    for _, bad in ipairs { "\u{202E}", "\u{2066}", "\u{85}", "\u{FFFE}", "\xed\xa0\x80",
      "\xf4\x90\x80\x80", "\u{FEFF}", "\u{200B}" } do
      assert.is_nil(text.escape("x" .. bad .. "y"):gsub("\u{FFFD}", ""):find "[^xy]")
    end
    assert.equal("12", text.escape(12))
  end)

  it("are shortened where there is no room", function()
    assert.equal("short", text.shorten("short", 12, 100))
    local short = text.shorten(("W"):rep(1000000), 12, 100)
    assert.truthy(#short < 20 and short:find "\u{2026}$")
    assert.truthy(text.width(short, 12) <= 112)
    assert.truthy(utf8.len(text.shorten(("\u{6771}"):rep(50), 12, 100)))
    assert.equal("", text.shorten("", 12, 0))
  end)
end)

describe("a chart of intervals", function()
  local rows = {
    { "popularity", 0.1, 0.09, 0.11, group = "Last.fm" },
    { "cmml", 0.2, 0.19, 0.22, group = "Last.fm", strong = true },
    { "popularity", 0.15, group = "Yelp" }, { "broken", 0 / 0, 1, 2, group = "Yelp" },
  }

  it("has a line for each row and heading, with its values", function()
    local document = cmml.svg.intervals { title = "T", rows = rows, metric = "recall@20" }
    local texts = read.texts(document)
    for _, wanted in ipairs { "T", "Last.fm", "Yelp", "cmml", "recall@20", "no value", "0.150",
      "0.200  [0.190, 0.220]" } do
      includes(texts, wanted)
    end
    local dots = read.all(document, "circle")
    assert.equal(3, #dots)
    -- in proportion: 0.1, 0.2, 0.15
    local a, b, c = tonumber(dots[1].cx), tonumber(dots[2].cx), tonumber(dots[3].cx)
    assert.truthy(math.abs((a + b) / 2 - c) < 0.02 and a < c)
  end)

  it("survives hostile labels", function()
    for _, label in ipairs { "<script>alert(1)</script>", "", ("x"):rep(10000), "\0\1\255&\"'" } do
      local document = cmml.svg.intervals { title = label, note = label, metric = label,
        rows = { { label, 1, 1, 1, group = label } } }
      assert.truthy(#read.read(document) > 5)
    end
    includes(read.texts(cmml.svg.intervals { title = "<b>", rows = rows }), "<b>")
  end)

  it("is the same every time, and draws one value alone", function()
    local function draw()
      return cmml.svg.intervals { title = "T", rows = { { "a", 5 } } }
    end
    assert.equal(draw(), draw())
    assert.equal(1, #read.all(draw(), "circle"))
  end)

  it("refuses what it cannot draw", function()
    refused("svg.intervals: there are no rows", cmml.svg.intervals, { title = "T", rows = {} })
    refused("no row has a mean", cmml.svg.intervals, { title = "T", rows = { { "a", 0 / 0 } } })
    refused("no row has a mean", cmml.svg.intervals, { title = "T", rows = { { "a", math.huge } } })
    refused("row 1 must be", cmml.svg.intervals, { title = "T", rows = { "a" } })
    refused('row 1, "a": many is not a number', cmml.svg.intervals, { title = "T",
      rows = { { "a", "many" } } })
    refused("did you mean metric?", cmml.svg.intervals, { title = "T", rows = rows, metrik = "x" })
  end)
end)
