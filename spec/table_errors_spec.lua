-- Delimited files that cannot be read: what is said about them, and that nothing is left behind.
local core = require "cmml.core"
local refused = require "spec.support.refused"

local rating_columns = {
  { name = "user" }, { name = "item" }, { name = "rating", kind = "number" }, { kind = "skip" },
}

describe("read_table, given what it cannot read,", function()
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

  local function fails(text, options, part)
    refused.with_message(part, read, text, options)
  end

  it("names the line and the column of what is no number", function()
    local options = { columns = { { name = "u" }, { name = "r", kind = "number" } } }
    local none = { "nan", "inf", "-infinity", "0x1p3", "", "1,5", "--1", "1e", "1 2", "4.x" }
    for _, bad in ipairs(none) do
      fails("a,1\n\nb," .. (bad == "1,5" and '"1,5"' or bad) .. "\n", options,
        ('%s, line 3, column 2 (r): "%s" is not a finite number'):format(path, bad))
    end
    fails("a,1e999\n", options, 'line 1, column 2 (r): "1e999" is beyond the range of')
    local integers = { columns = { { name = "n", kind = "integer" } } }
    none = { "2147483648", "-2147483649", "1.0", "1e3", "x", "99999999999999999999" }
    for _, bad in ipairs(none) do
      fails(bad, integers, ('line 1, column 1 (n): "%s" is not an integer of 32 bits'):format(bad))
    end
    assert.same({ -2147483648, 2147483647 },
      read("-2147483648\n2147483647", integers).columns.n.values)
  end)

  it("refuses numbers beyond the range of the core", function()
    local result, message = read("1\n1e39\n", { columns = { { name = "x", kind = "number" } } })
    if core.info().dtype == "float64" then
      assert.same({ 1, 1e39 }, result.columns.x.values:totable())
    else
      assert.is_nil(result)
      assert.truthy(message:find('line 2, column 1 (x): "1e39" is beyond the range of float32', 1,
        true), message)
    end
  end)

  it("counts the fields", function()
    local options = { delimiter = "::", columns = rating_columns }
    fails("1::2::3::4\n1::2::3\n", options,
      'line 2: 3 fields where 4 are needed (delimiter "::"): "1::2::3"')
    fails("1::2::3::4::5\n", options, "5 fields where 4 are needed")
    options = { delimiter = "::", exact = false, columns = rating_columns }
    assert.equal(1, assert(read("1::2::3::4::5\n", options)).rows)
    assert.equal(1, assert(read("1::2::3\n", options)).rows)
    fails("1::2\n", options, "2 fields where at least 3 are needed")
  end)

  it("names the place of bad UTF-8 and of bad quotes", function()
    local options = { columns = { { name = "a" }, { name = "b" } } }
    fails("x,y\nx,caf\xE9\n", options, 'line 2, column 2 (b): "caf\\xe9" is not valid UTF-8')
    fails('"x\ny",1\n"abc,1\nz,2\n', options, 'line 3, column 1 (a): "\\"abc')
    fails('x,"y" z\n', options, "a quote within one must be doubled")
    fails('"a\nb",x\n"c","d"e\n', options, "line 3, column 2 (b)")
  end)

  it("shows little of a long text", function()
    local _, message = read("a," .. ("9"):rep(100000) .. "\n",
      { columns = { { name = "a" }, { name = "n", kind = "integer" } } })
    assert.truthy(#message < 400 and message:find('999..."', 1, true), message)
  end)

  it("raises when it is asked for what cannot be", function()
    local function raises(part, options)
      local ok, message = pcall(read, "a,b\n", options)
      assert.is_false(ok)
      assert.truthy(message:find(part, 1, true), message)
    end
    raises("columns must be a list", {})
    raises("columns must be a list", { columns = {} })
    raises("not a table", { columns = { 1 } })
    raises('kind cannot be "date"', { columns = { { kind = "date" } } })
    raises('header cannot be "yes"', { header = "yes", columns = { {} } })
    raises('encoding cannot be "utf-7"', { encoding = "utf-7", columns = { {} } })
    raises("delimiter must have 1 to 8 bytes", { delimiter = "", columns = { {} } })
    raises("delimiter must have 1 to 8 bytes", { delimiter = "123456789", columns = { {} } })
    raises("delimiter must have", { delimiter = "a\n", columns = { {} } })
    raises("column 1 is a list and needs a separator", { columns = { { kind = "list" } } })
    raises("needs a vocabulary", { columns = { { lookup = true } } })
    raises("needs a name", { header = "names", columns = { {} } })
    raises("no column is to be read", { columns = { { kind = "skip" } } })
    raises("cmml", { columns = { { vocab = io.stdout } } })
  end)

  it("says when there is no file", function()
    local result, message = core.read_table(path .. "/x", { columns = { {} } })
    assert.is_nil(result)
    assert.truthy(message:find("cannot open " .. path .. "/x: Not a directory", 1, true), message)
  end)

  it("ends in a result or a message for mutated files, and leaks nothing", function()
    local source = 'user,n,tags,"r"\r\n"a,""b""",1,x|y,2.5\nb,-7,,1e3\n\nc,0," z|x",4\n'
    collectgarbage()
    collectgarbage()
    local live, results = core.memory().live, 0
    math.randomseed(3)
    local spice = '",\n\r|1e.\xEF\xC3-'
    for _ = 1, 2000 do
      local at, with = math.random(#source), math.random(#spice)
      local text = source:sub(1, at - 1) .. spice:sub(with, with) .. source:sub(at + 1)
      local result, message = read(text, { header = "names", columns = {
        { name = "user" }, { name = "n", kind = "integer" }, { name = "r", kind = "number" },
        { name = "tags", kind = "list", separator = "|" },
      } })
      assert.truthy(result or type(message) == "string")
      results = results + (result and 1 or 0)
    end
    assert.truthy(results > 100 and results < 1900, results)
    collectgarbage()
    collectgarbage()
    assert.equal(live, core.memory().live)
  end)

  it("raises when memory fails, at every allocation, and leaks nothing", function()
    assert(core.write_file(path, "a,1,x|y,3\nb,2,,4\n"))
    local vocab = core.vocab()
    collectgarbage()
    collectgarbage()
    core.trim()
    local live, failures = core.memory().live, 0
    for n = 0, 300 do
      core.trim()
      core.testing.fail_allocation_after(n)
      local ok, message = pcall(core.read_table, path, { columns = {
        { name = "u", vocab = vocab }, { name = "n", kind = "number" },
        { name = "tags", kind = "list", separator = "|" }, { name = "i", kind = "integer" },
      } })
      core.testing.fail_allocation_after()
      collectgarbage()
      collectgarbage()
      if ok then
        break
      end
      assert.equal(live, core.memory().live)
      failures = failures + 1
      assert.truthy(message:find("out of memory", 1, true), message)
    end
    assert.truthy(failures >= 10 and failures < 300)
  end)
end)
