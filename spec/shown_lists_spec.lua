-- Lists as the command line shows them.
local shown_lists = require "cmml.cli.shown_lists"

local model = { predicts = "ratings", setting = { predicts = "ratings" } }

function model:stars(x) -- luacheck: ignore
  return x
end

function model:lister()
  return self
end

local function entry(item, title)
  return { item = item, title = title, score = 3 }
end

describe("lines of a list", function()
  it("pad items by characters, so that titles stand below each other", function()
    local lines = shown_lists.lines(model, { entry("stra\u{df}e-\u{fc}ber", "one"),
      entry("plain-text-1", "two"), entry("\u{65e5}\u{672c}", "three") })
    assert.same({ "  1   3.00  stra\u{df}e-\u{fc}ber  one", "  2   3.00  plain-text-1 two",
      "  3   3.00  \u{65e5}\u{672c}           three" }, lines)
  end)

  it("pad what is not UTF-8 by what is shown of it", function()
    local lines = shown_lists.lines(model, { entry("a\xff\xfe", "one"), entry("123456789", "two") })
    assert.same({ "  1   3.00  a\\xff\\xfe one", "  2   3.00  123456789 two" }, lines)
  end)
end)
