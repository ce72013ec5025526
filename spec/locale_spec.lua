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
