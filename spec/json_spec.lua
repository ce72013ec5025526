-- JSON as RFC 8259 has it: what must be read, what must be refused, and where the fault is.
local core = require "cmml.core"

local null = core.json_null

local accepted = {
  { "null", null },
  { " true\r\n\t", true },
  { "false", false },
  { "0", 0 },
  { "-1", -1 },
  { "9223372036854775807", math.maxinteger },
  { "-9223372036854775808", math.mininteger },
  { "9223372036854775808", 2.0 ^ 63 },
  { "1.0", 1.0 },
  { "1E2", 100.0 },
  { "1e-7", 1e-7 },
  { "0.1", 0.1 },
  { "123456789012345678901234567890", 123456789012345678901234567890.0 },
  { "2.2250738585072014e-308", 2.2250738585072014e-308 },
  { "1e-999", 0.0 },
  { '""', "" },
  { [["\"\\\/\b\f\n\r\t"]], '"\\/\b\f\n\r\t' },
  { [["\u0041\u00e9\u20AC\uD834\uDD1E"]], "A\u{E9}\u{20AC}\u{1D11E}" },
  { [["a\u0000b"]], "a\0b" },
  { '"\u{E9}\u{10FFFF}\x7F"', "\u{E9}\u{10FFFF}\x7F" },
  { "[]", {} },
  { "[ 1 , [2,[]] ]", { 1, { 2, {} } } },
  { '{"a":{"b":[null]},"":1}', { a = { b = { null } }, [""] = 1 } },
  { ("["):rep(64) .. ("]"):rep(64) },
}

local refused = {
  { "", "line 1, column 1: expected a value, found the end" },
  { "nul", "expected a value" },
  { "True", "expected a value" },
  { "NaN", "expected a value" },
  { "Infinity", "expected a value" },
  { "-", "expected a value" },
  { "+1", "expected a value" },
  { ".5", "expected a value" },
  { "01", "must not begin with 0" },
  { "-012", "must not begin with 0" },
  { "1.", "needs digits behind its point" },
  { "1e", "needs digits in its exponent" },
  { "1e+", "needs digits in its exponent" },
  { "0x10", "expected the end" },
  { "1e400", "too large" },
  { "[0." .. ("1"):rep(600) .. "]", "too long" },
  { "'a'", "expected a value" },
  { '"a', "without its closing quote" },
  { '"\\', "no such escape" },
  { '"\\x41"', "no such escape" },
  { '"\\u12"', "four hexadecimal digits" },
  { '"\\uD834"', "other half" },
  { '"\\uDD1E"', "other half" },
  { '"\\uD834\\u0041"', "other half" },
  { '"a\nb"', "control character" },
  { '"\0"', "control character" },
  { '"\xFF"', "bad UTF-8" },
  { '"\xC0\x80"', "bad UTF-8" },
  { '"\xE0\x80\x80"', "bad UTF-8" },
  { '"\xED\xA0\x80"', "bad UTF-8" },
  { '"\xF4\x90\x80\x80"', "bad UTF-8" },
  { '"\xE2\x82"', "bad UTF-8" },
  { "\xEF\xBB\xBF{}", "expected a value" },
  { "[1,]", "expected a value" },
  { "[1 2]", "expected ',' or ']'" },
  { "[1", "expected ',' or ']'" },
  { "[", "expected a value" },
  { "{", "expected a key" },
  { "{1:2}", "expected a key" },
  { '{"a" 1}', "expected ':'" },
  { '{"a":}', "expected a value" },
  { '{"a":1,}', "expected a key" },
  { '{"a":1 "b":2}', "expected ',' or '}'" },
  { '{"a":1,"b":2,"a":3}', 'this key twice: "a"' },
  { '{"a":1,"\\u0061":3}', 'this key twice: "a"' },
  { "1 2", "expected the end" },
  { "[]\0", "expected the end" },
  { "// x\n1", "expected a value" },
  { '{\n "a": 1,\n "\u{E9}": x}', "line 3, column 7: expected a value" },
  { ("["):rep(65), "column 65: nested too deeply" },
}

describe("json_decode", function()
  for _, case in ipairs(accepted) do
    it("reads " .. case[1]:sub(1, 40), function()
      local value, message = core.json_decode(case[1])
      assert.is_nil(message)
      if #case > 1 then
        assert.same(case[2], value)
        assert.equal(math.type(case[2]), math.type(value))
      end
    end)
  end

  for _, case in ipairs(refused) do
    it(("refuses %q"):format(case[1]:sub(1, 40)), function()
      local value, message = core.json_decode(case[1])
      assert.is_nil(value)
      assert.truthy(message:find(case[2], 1, true), message)
    end)
  end

  it("names the source", function()
    local _, message = core.json_decode("x", "the header of a.bin")
    assert.truthy(message:find("the header of a.bin: line 1, column 1", 1, true), message)
  end)

  it("keeps the sign of zero", function()
    assert.equal(-math.huge, 1 / core.json_decode "-0")
  end)

  it("takes a text only", function()
    assert.has_error(function()
      core.json_decode {}
    end)
  end)

  it("finds a repeated key among very many, in time", function()
    local keys = {}
    for i = 1, 200000 do
      keys[i] = ('"k%d":%d'):format(i, i)
    end
    local text = "{" .. table.concat(keys, ",")
    assert.equal(200000, core.json_decode(text .. "}").k200000)
    local _, message = core.json_decode(text .. ',"k777":0}')
    assert.truthy(message:find('twice: "k777"', 1, true), message)
  end)

  it("ends in a result or a message for mutated texts, and leaks nothing", function()
    local source = '{"a":[1,-2.5e3,true,null,"x\\u00e9\\ud83d\\ude00"],"b":{"c":""}}'
    local blocks = core.memory().blocks
    local results = 0
    math.randomseed(5)
    for _ = 1, 3000 do
      local at = math.random(#source)
      local text = source:sub(1, at - 1) .. string.char(math.random(0, 255)) .. source:sub(at + 1)
      local value, message = core.json_decode(text)
      assert.truthy(value ~= nil or type(message) == "string")
      results = results + (value ~= nil and 1 or 0)
    end
    assert.truthy(results > 0 and results < 3000)
    assert.equal(blocks, core.memory().blocks)
  end)

  it("raises when memory fails, at every allocation, and leaks nothing", function()
    local blocks, failures = core.memory().blocks, 0
    for n = 0, 100 do
      core.testing.fail_allocation_after(n)
      local ok, message = pcall(core.json_decode, '{"a":[1,2,{"b":"c","d":"e"}],"f":1}')
      core.testing.fail_allocation_after()
      assert.equal(blocks, core.memory().blocks)
      if ok then
        break
      end
      failures = failures + 1
      assert.truthy(message:find("out of memory", 1, true), message)
    end
    assert.truthy(failures >= 3 and failures < 100)
  end)
end)
