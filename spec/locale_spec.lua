-- Text that a machine reads back is the same whatever locale the host has chosen by setlocale.
local core = require "cmml.core"
local locales = require "spec.support.locales"
local plain = require "cmml.base.plain"

-- What a script writes in locale "C" and in another one, which it chooses before or after it loads
-- the library.
local function same(script, names)
  for _, name in ipairs(names or { locales.german }) do
    local expected, good = locales.run("C", "assert(os.setlocale(LOCALE))\n" .. script)
    assert(good, expected)
    assert.equal(expected, (locales.run(name, "assert(os.setlocale(LOCALE))\n" .. script)))
    assert.equal(expected, (locales.run(name,
      'require "cmml"\nassert(os.setlocale(LOCALE))\n' .. script)))
  end
end

describe("the locales of these tests", function()
  it("are other locales indeed", function()
    local script = [[assert(os.setlocale(LOCALE))
      print(0.5, ("TITLE"):lower(), "a" < "B", ("\xC3\x80"):find "%c")]]
    assert.equal("0.5\ttitle\tfalse\tnil\n", (locales.run("C", script)))
    assert.equal("0,5\ttitle\ttrue\tnil\n", (locales.run(locales.german, script)))
    assert.equal("0,5\ttItle\ttrue\tnil\n", (locales.run(locales.turkish, script)))
    assert.equal("0,5\ttitle\ttrue\t2\t2\n", (locales.run(locales.german_latin1, script)))
  end)
end)

describe("text in every locale", function()
  it("writes and reads numbers with a point", function()
    same([[
      local plain = require "cmml.base.plain"
      local core = require "cmml.core"
      print(plain.format("%.3f %g %s %5.1e", 0.5, 1e-5, 0.25, 1 / 3), plain.tostring(0.5))
      print(plain.number(0.1 + 0.2), plain.tonumber "0.5" == 0.5)
      print(require("cmml.base.text").value { 0.05, 1 })
      print(plain.tonumber "0,5", math.type(plain.tonumber "7"), plain.tonumber("ff", 16))
      print(core.json_decode "[0.5, 123456789.123456789, 1e-30]"[2] * 2 == 2 * 123456789.123456789)
      print(require "cmml.base.json".encode { 0.5, { a = 1e-7 }, 123456789.123456789 })
      print(core.tensor { 0.5, 1 / 3 })
      local ok, problem = pcall(core.huber, core.tensor { 1 }, core.tensor { 1 }, -0.5)
      print(ok, problem)
      ok, problem = pcall(core.ids, { 1.5 })
      print(ok, problem)
      local vocab = core.vocab()
      print(pcall(vocab.add, vocab, 0.5))
      print(core.read_archive(0.5)) -- a number where a text is expected
      print(plain.tostring(core.json_decode(1.5)))
      local cmml = require "cmml"
      print(pcall(cmml.metrics.find, "here", 0.5))
      print(pcall(cmml.nn.activate, cmml.ones { 1 }, 0.5))
    ]])
  end)

  it("lowers and sorts letters as the alphabet of ASCII has them", function()
    same([[
      local plain = require "cmml.base.plain"
      print(plain.lower "TITLE Ä", plain.upper "title ä")
      local list = { "b", "A", "a", "B", "ä", "I", "i" }
      plain.sort(list)
      print(table.concat(list, " "))
      plain.sort(list, function(a, b) return a > b end)
      print(table.concat(list, " "))
      print(require "cmml.base.json".encode { B = 1, a = "À\1" })
    ]], { locales.turkish, locales.german_latin1 })
  end)

  it("leaves the host its locale, also where it raises", function()
    local said, good = locales.run(locales.german, [[
      local core = require "cmml.core"
      assert(os.setlocale(LOCALE))
      local f = core.in_c_locale(function(...)
        assert(tostring(0.5) == "0.5")
        return ...
      end)
      local results = table.pack(f(nil, 2, nil))
      assert(results.n == 3 and results[2] == 2)
      assert(tostring(0.5) == "0,5")
      local problem = {}
      local ok, raised = pcall(core.in_c_locale(function()
        core.in_c_locale(function() end)()
        assert(tostring(0.5) == "0.5")
        error(problem)
      end))
      assert(not ok and raised == problem)
      assert(tostring(0.5) == "0,5")
    ]])
    assert(good, said)
    assert.error(function() core.in_c_locale(1) end)
    assert.error(function() core.number_text "1" end)
  end)

  it("writes no more digits than read back as the same number", function()
    for _, case in ipairs { { 0.05, "0.05" }, { 0.1 + 0.2, "0.30000000000000004" }, { -0.0, "-0" },
      { 1e300, "1e+300" }, { 5e-324, "4.94065645841247e-324" }, { 3.0, "3" }, { 3, "3" },
      { math.mininteger, "-9223372036854775808" }, { 2^53 + 2, "9007199254740994" } } do
      assert.equal(case[2], plain.number(case[1]))
      assert.equal(case[1], tonumber(case[2]))
    end
  end)
end)

-- What people do with the library, in a folder of its own: what it leaves must be the same.
local entry_points = [[
  local cmml = require "cmml"
  local people = require "spec.support.people"
  local core = cmml.core
  local folder = require("spec.support.temporary").folder()

  -- training in two threads, with a log, a model file and what is kept for resuming
  local data = people.data(cmml, { users = 60 })
  local model = cmml.recommenders.cmml(data.catalogue, people.small(1))
  local result = assert(cmml.train(model, data, { epochs = 2, lr = 0.015625, support = 4, query = 4,
    batch = 8, threads = 2, shards = 2, out = folder, seed = 3 }))
  print(math.type(result.epoch), (core.read_file(folder .. "/log.csv"):gsub(",[%d.]+\n", "\n")))
  local archive = assert(core.read_archive(folder .. "/best.safetensors"))
  for _, key in ipairs(cmml.core and require "cmml.base.args".keys(archive.metadata)) do
    print(key, (archive.metadata[key]:gsub('"seconds":[%d.e-]+', ""):gsub("/tmp/lua_%w+", "")))
  end

  -- adapting and scoring, from the file
  local again = assert(cmml.load(folder .. "/best.safetensors"))
  local scores = again:adapt { { "f1", 1.5 }, { "f2", 5 } }:predict { "f3", "f4" }
  print(require "cmml.base.json".encode { scores = type(scores) == "table" and scores
    or scores:totable() })

  -- files of one's own, and pictures
  assert(core.write_file(folder .. "/t.csv", "a,b\nx,0.5\ny,1e-3\nz,0.1234567890123456789\n"))
  local t = assert(core.read_table(folder .. "/t.csv", { header = "names", delimiter = ",",
    columns = { { name = "a" }, { name = "b", kind = "number" } } }))
  local values = t.columns.b.values
  print(t.columns.b.kind, require "cmml.base.json".encode(type(values) == "table" and values
    or values:totable()))
  print(cmml.svg.lines { title = "T", x = "X", y = "Y",
    series = { { name = "I", points = { { 0.5, 1.25 }, { 1.5, 0.75 } } } } })
  require("spec.support.temporary").remove(folder)
]]

describe("every entry point", function()
  it("leaves the same where the host has a decimal comma, or an alphabet of its own", function()
    same(entry_points, { locales.german, locales.turkish })
  end)

  it("of the command line prints the same, processes that it starts included", function()
    local script = [[
      local people = require "spec.support.people"
      local core = require "cmml.core"
      local temporary = require "spec.support.temporary"
      local folder = temporary.folder()
      assert(core.mkdir(folder .. "/data"))
      people.write(core, folder .. "/data", { users = 60, items = 16, rated = 8 })
      for _, words in ipairs {
        { "train", "--data", folder .. "/data", "--out", folder .. "/out", "--epochs=1",
          "--preset=published-code", "--lr=0.0125", "--quiet", "--test-users=0.2" },
        { "evaluate", "--data", folder .. "/data", "--model", folder .. "/out/best.safetensors",
          "--draws=1" },
        { "info", "--model", folder .. "/out/best.safetensors" },
        { "recommend", "--model", folder .. "/out/best.safetensors", "--rate=1=4.5", "--n=3" },
        { "experiment", "--help" } } do
        local code = require("cmml.cli.main").main(words)
        assert(code == 0, words[1])
      end
      temporary.remove(folder)
    ]]
    local expected, good = locales.all("C", script)
    assert(good, expected)
    local found = locales.all(locales.german, script)
    local function bare(text)
      return (text:gsub("/tmp/lua_%w+", ""):gsub("%d+[.,]%d+ s", ""))
    end
    assert.equal(bare(expected), bare(found))
  end)
end)
