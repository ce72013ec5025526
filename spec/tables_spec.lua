-- Tables of records as text, CSV and JSON.
local cmml = require "cmml"
local plain = require "cmml.base.plain"
local records_of = require "spec.support.csv_records"
local tables = require "cmml.base.tables"
local core = cmml.core

describe("tables", function()
  it("quote what CSV and JSON need quoted, and write numbers that are read again bit for bit",
    function()
      local odd = { "plain", "a,b", 'say "so"', "two\nlines", " blank", "Zoë" }
      local numbers = { 0.1, 1 / 3, 1e300, -0.5, 12, 5e-324 }
      local rows = {}
      for i, word in ipairs(odd) do
        rows[i] = { word = word, number = numbers[i], yes = i % 2 == 0 }
      end
      local document = { name = "odd", tables = { { name = "list", columns = { { name = "word",
        kind = "text" }, { name = "number", kind = "number" }, { name = "yes", kind = "boolean" },
        { name = "none", kind = "text" } }, rows = rows } } }
      local found, heads = records_of(tables.render(document, "csv"))
      assert.same({ "word", "number", "yes", "none" }, heads)
      local decoded = core.json_decode(tables.render(document, "json")).list
      for i, word in ipairs(odd) do
        assert.equal(word, found[i].word)
        assert.equal(numbers[i], tonumber(found[i].number))
        assert.equal(tostring(i % 2 == 0), found[i].yes)
        assert.equal("", found[i].none)
        assert.same({ word = word, number = numbers[i], yes = i % 2 == 0, none = core.json_null },
          decoded[i])
      end
    end)

  it("are one table of CSV where there are several, each with its own columns", function()
    local document = { name = "two", facts = { { "size", 3 } }, tables = {
      { name = "a", columns = { { name = "x", kind = "integer" } }, rows = { { x = 1 } } },
      { name = "b", columns = { { name = "y", kind = "text" }, { name = "x", kind = "integer" } },
        rows = { { x = 2, y = "q" } } } } }
    assert.equal("table,name,value,x,y\r\nfacts,size,3,,\r\na,,,1,\r\nb,,,2,q\r\n",
      tables.render(document, "csv"))
    assert.same({ size = 3, a = { { x = 1 } }, b = { { x = 2, y = "q" } } },
      core.json_decode(tables.render(document, "json")))
    assert.equal("size         3\n\n| x   |\n|-----|\n| 1   |\n\n| y   | x   |\n|-----|-----|\n"
      .. "| q   | 2   |\n", tables.render(document, "text"))
    assert.equal("name,value\r\nsize,3\r\nlist,\"[1,2]\"\r\n", tables.render({ name = "facts",
      facts = { { "size", 3 }, { "list", { 1, 2 } } } }, "csv"))
    assert.same({ list = {} }, core.json_decode(tables.render({ name = "none", tables = {
      { name = "list", columns = {}, rows = {} } } }, "json")))
  end)

  it("keep a row on its line as text, and obey no control character", function()
    assert.equal("| x           |\n|-------------|\n| a\\x0ab\\x1bc |\n",
      tables.render({ name = "odd", tables = { { name = "list", columns = { { name = "x",
        kind = "text" } }, rows = { { x = "a\nb\27c" } } } } }, "text"))
  end)

  it("repeat the columns that tell the lines of a wide table apart, where they leave room",
    function()
      local grid = { { "metric", "model", "rival", "verdict" }, { "mae", "one", "other", "level" } }
      assert.equal("| metric | model | rival |\n|--------|-------|-------|\n"
        .. "| mae    | one   | other |\n\n| metric | model | verdict |\n"
        .. "|--------|-------|---------|\n| mae    | one   | level   |",
        tables.markdown(grid, 30, 2))
      assert.equal(tables.markdown(grid, 26), tables.markdown(grid, 26, 2))
      assert.equal(tables.markdown(grid), tables.markdown(grid, nil, 2))
    end)

  it("cut first columns that are too wide by characters, whatever their bytes are", function()
    local function cut(name)
      return tables.markdown({ { "name", "x" }, { name, "1" } }, 20):match "\n| (%S+)"
    end
    assert.equal(("\u{e4}"):rep(9) .. "\u{2026}", cut(("\u{e4}"):rep(30)))
    assert.equal("\\x80\\x81a\u{2026}", cut("\x80\x81" .. ("abc"):rep(10)))
  end)

  it("are at most 79 columns wide as text", function()
    local columns, row = {}, {}
    for i = 1, 20 do
      columns[i] = { name = "column " .. i, kind = "number", decimals = 4 }
      row["column " .. i] = i / 7
    end
    local text = tables.render({ name = "wide", facts = { { "words", ("many words "):rep(30) } },
      tables = { { name = "list", columns = columns, rows = { row } } } }, "text")
    for line in text:gmatch "[^\n]+" do
      assert.truthy(#line <= 79, line)
    end
    for i = 1, 20 do
      assert.truthy(text:find(plain.format("%.4f", i / 7), 1, true))
    end
  end)
end)
