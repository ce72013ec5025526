-- Writing JSON: what is written is what the core's reader, made after RFC 8259, reads.
local core = require "cmml.core"
local json = require "cmml.base.json"
local told = require "spec.support.refused"

local function refused(text, value)
  told.with_text(text, json.encode, value)
end

describe("json.encode", function()
  it("writes each kind of value", function()
    assert.equal("[]", json.encode {})
    assert.equal('{"a":1,"b":[true,false,"x"],"c":{"d":-2}}',
      json.encode { c = { d = -2 }, b = { true, false, "x" }, a = 1 })
    assert.equal("9223372036854775807", json.encode(math.maxinteger))
    assert.equal("0.5", json.encode(0.5))
  end)

  it("escapes what must be, and the reader gives the text back", function()
    local all = {}
    for byte = 0, 127 do
      all[#all + 1] = string.char(byte)
    end
    for _, text in ipairs { table.concat(all), "é🎬", "", "a\0b", '\\"/', "\127" } do
      local written = json.encode(text)
      assert.falsy(written:find("[%z\1-\31]"))
      assert.equal(text, core.json_decode(written))
    end
    assert.equal('"\\n\\u0000\\"\\\\"', json.encode '\n\0"\\')
  end)

  it("keeps every bit of a number", function()
    local numbers = { 0.1, 1 / 3, -1e-300, 5e-324, 1.7976931348623157e308, math.pi, 2 ^ 53 + 0.0,
      math.mininteger, 3e-4 }
    local back = core.json_decode(json.encode(numbers))
    for i, number in ipairs(numbers) do
      assert.truthy(number == back[i], i)
    end
  end)

  it("sorts keys, so that equal tables give equal text", function()
    local forward, backward = {}, {}
    for i = 1, 50 do
      forward["k" .. i] = i
      backward["k" .. 51 - i] = 51 - i
    end
    assert.equal(json.encode(forward), json.encode(backward))
  end)

  it("refuses what JSON cannot hold, rather than lose some of it", function()
    refused("nan cannot be written", 0 / 0)
    refused("inf cannot be written", 1 / 0)
    refused("-inf cannot be written", { x = -1 / 0 })
    refused("a function cannot be written", { print })
    refused("a nil cannot be written", nil)
    refused('the text "caf\\233" is not UTF-8', { "caf\xe9" })
    refused("a userdata cannot be written", io.stdout)
    refused("must be a list or have text keys", { [true] = 1 })
    refused("must be a list or have text keys", { [2] = 1, x = 1 })
    refused("must be a list or have text keys", { [1.5] = 1 })
    refused("not both", { "genre", multi = true })
    local gap = { 1, 2, 3 }
    gap[2] = nil
    assert.is_false((pcall(json.encode, gap)))
  end)
end)
