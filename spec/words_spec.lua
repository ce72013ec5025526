-- The words of texts.
local words = require "cmml.data.words"

describe("words", function()
  it("are letters and digits in small letters", function()
    assert.same({ "toy", "story", "2", "1999", "don", "t" }, words.of "Toy Story 2 (1999) - DON'T")
    assert.same({}, words.of " .,; ")
    assert.same({}, words.of "")
  end)

  it("are lowered in every script, whatever the locale", function()
    for given, expected in pairs { ["ÀÉÎÕÜŸ"] = "àéîõüÿ", ["ŁÓDŹ"] = "łódź", ["İIı"] = "iiı",
      ["ΑΒΓΣΆΏ"] = "αβγσάώ", ["ς"] = "σ", ["МОСКВА"] = "москва", ["Ёлка"] = "ёлка",
      ["ԱԲՖ"] = "աբֆ", ["ẞ"] = "ß", ["Ầ"] = "ầ", ["ＡＺ"] = "ａｚ", ["ǅ"] = "ǅ" } do
      assert.same({ expected }, words.of(given), given)
    end
  end)

  it("end at spaces and punctuation of any script, ideographs are words", function()
    assert.same({ "l", "été", "à", "paris" }, words.of "L’Été\u{A0}à…Paris")
    assert.same({ "quién", "sabe" }, words.of "¿Quién sabe?")
    assert.same({ "千", "と", "千", "尋" }, words.of "千と千尋。")
    assert.same({ "قال", "نعم" }, words.of "قال، نعم")
    assert.same({ "a", "\u{1F600}", "b" }, words.of "a\u{1F600}b")
    assert.same({ "cooperate" }, words.of "co\u{AD}operate")
  end)

  it("are not taken from what is no UTF-8", function()
    assert.is_nil(words.of "a\xFF")
  end)

  it("have the groups of FNV-1a", function()
    -- published values of the hash: "" 811c9dc5, "a" e40c292c, "foobar" bf9cf968
    for word, hash in pairs { [""] = 0x811c9dc5, a = 0xe40c292c, foobar = 0xbf9cf968 } do
      assert.equal(hash % 1000 + 1, words.group(word, 1000))
    end
  end)
end)
