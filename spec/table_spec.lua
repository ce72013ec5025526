-- Delimited files: what is read from them.
local core = require "cmml.core"
local refused = require "spec.support.refused"

local rating_columns = {
  { name = "user" }, { name = "item" }, { name = "rating", kind = "number" }, { kind = "skip" },
}

describe("read_table", function()
  local path

  before_each(function()
    path = os.tmpname()
  end)

  after_each(function()
    os.remove(path)
  end)

  local function read(text, options)
    assert(core.write_file(path, text))
    return core.read_table(path, options)
  end

  local function texts(column)
    local list = {}
    for i, id in ipairs(column.ids:totable()) do
      list[i] = id > 0 and column.vocab:text(id) or false
    end
    return list
  end

  local function fails(text, options, part)
    refused.with_message(part, read, text, options)
  end

  it("reads ratings between double colons", function()
    local result = assert(read("1::1193::5::0\n1::661::3::0\r\n\n2::1193::3.5::0", {
      delimiter = "::", columns = rating_columns,
    }))
    assert.equal(3, result.rows)
    assert.same({ 1, 1, 2 }, result.columns.user.ids:totable())
    assert.same({ "1193", "661", "1193" }, texts(result.columns.item))
    assert.same({ 5, 3, 3.5 }, result.columns.rating.values:totable())
    assert.equal("number", result.columns.rating.kind)
  end)

  it("reads quoted fields as RFC 4180 has them", function()
    local result = assert(read('"a","b ""q"" c",1\r\n"x,y","line\r\nbreak",2\r\n,"",3\r\n', {
      columns = { { name = "a" }, { name = "b" }, { name = "n", kind = "integer" } },
    }))
    assert.same({ "a", "x,y", "" }, texts(result.columns.a))
    assert.same({ 'b "q" c', "line\r\nbreak", "" }, texts(result.columns.b))
    assert.same({ 1, 2, 3 }, result.columns.n.values)
  end)

  it("takes quotes for text where they are off", function()
    local result = assert(read('"a"|"b\n', { delimiter = "|", columns = { {}, { name = "b" } } }))
    assert.same({ '"a"' }, texts(result.columns[1]))
    assert.same({ '"b' }, texts(result.columns.b))
  end)

  it("finds columns by the names in the header", function()
    local options = {
      header = "names", columns = { { name = "c", kind = "integer" }, { name = "a" } },
    }
    local result = assert(read("\xEF\xBB\xBFa,b,c\n1,2,-3\n4,5,6\n", options))
    assert.same({ -3, 6 }, result.columns.c.values)
    assert.same({ "1", "4" }, texts(result.columns.a))
    fails("a,b\n1,2\n", options, 'no column "c" in the header "a,b"')
    fails("a,c,c\n1,2,3\n", options, 'line 1, column 3: "c" is in the header twice')
    fails("", options, "is empty; a header line is needed")
    fails("a,b,c\n1,2\n", options, "line 2: 2 fields where 3 are needed")
  end)

  it("passes over a header line", function()
    local result = assert(read("user\tn\nx\t1\n", {
      delimiter = "\t", header = "skip",
      columns = { { name = "u" }, { name = "n", kind = "number" } },
    }))
    assert.equal(1, result.rows)
    assert.same({ 1 }, result.columns.n.values:totable())
  end)

  it("cuts lists, and an empty field is an empty list", function()
    local result = assert(read("1;Drama, Comedy\n2;\n3; Comedy ,, Drama,Drama\n", {
      delimiter = ";",
      columns = { { kind = "skip" }, { name = "g", kind = "list", separator = "," } },
    }))
    local genres = result.columns.g
    assert.same({ 2, 0, 3 }, genres.segments:totable())
    assert.same({ "Drama", "Comedy", "Comedy", "Drama", "Drama" }, texts(genres))
    local empty = assert(read("", { columns = { { name = "g", kind = "list", separator = "," } } }))
    assert.equal(0, #empty.columns.g.segments)
  end)

  it("reads latin-1 as UTF-8", function()
    local result = assert(read("caf\xE9,\xFFx\n", { encoding = "latin-1",
      columns = { { name = "a" }, { name = "b" } } }))
    assert.equal("caf\u{E9}", result.columns.a.vocab:text(1))
    assert.equal("\u{FF}x", result.columns.b.vocab:text(1))
  end)

  it("goes on with a vocabulary, or only looks up in it", function()
    local vocab = core.vocab()
    vocab:add "b"
    local result = assert(read("a\nb\n", { columns = { { name = "x", vocab = vocab } } }))
    assert.same({ 2, 1 }, result.columns.x.ids:totable())
    assert.equal(2, #vocab)
    result = assert(read("c\na\n", { columns = { { name = "x", vocab = vocab, lookup = true } } }))
    assert.same({ 0, 2 }, result.columns.x.ids:totable())
    local known = { columns = { { name = "x", kind = "list", separator = "|", vocab = vocab,
      known = true }, { vocab = vocab, known = true } } }
    assert.same({ 2, 1, 1 }, assert(read("a|b|b,a\n", known)).columns.x.ids:totable())
    fails('\na,b\na| c ,b\n', known, 'line 3, column 1 (x): "c" is unknown')
    fails("a,b\na,c\n", known, 'line 2, column 2: "c" is unknown')
    local options = { columns = { { vocab = vocab }, { kind = "number" } } }
    fails("d,1\ne,x\n", options, "line 2, column 2")
    assert.equal(2, #vocab)
    assert.is_nil(vocab:id "d")
  end)

  it("reads numbers to the last bit", function()
    local written = { "0.1", "-2.5e-3", "1e22", "123456789012345678", "7.", ".5", "+3", "4.35",
      " 9 ", "2.2250738585072011e-308", "0.30000000000000004", "1e-30" }
    local expected = core.tensor { 0.1, -2.5e-3, 1e22, 123456789012345678, 7, 0.5, 3, 4.35, 9,
      2.2250738585072011e-308, 0.30000000000000004, 1e-30 }
    local result = assert(read(table.concat(written, "\n"), {
      columns = { { name = "x", kind = "number" } },
    }))
    assert.same(expected:totable(), result.columns.x.values:totable())
  end)

  it("reads a million ratings as they were written, in time", function()
    local lines, sum = {}, 0
    for i = 1, 1000 do
      local block = {}
      for j = 1, 1000 do
        local rating = (i * 7 + j * 3) % 5 + 1
        sum = sum + rating
        block[j] = ("%d::%d::%d::0"):format(i, j * 3, rating)
      end
      lines[i] = table.concat(block, "\n")
    end
    assert(core.write_file(path, table.concat(lines, "\n")))
    local start = core.clock()
    local result = assert(core.read_table(path, { delimiter = "::", columns = rating_columns }))
    local seconds = core.clock() - start
    assert.equal(1000000, result.rows)
    assert.equal(1000, #result.columns.user.vocab)
    assert.equal("3000", result.columns.item.vocab:text(1000))
    assert.equal(sum, result.columns.rating.values:sum():item())
    -- Generous, for machines that are busy or check memory: 0.1 s where it was written.
    assert.truthy(seconds < 3, seconds)
  end)
end)
