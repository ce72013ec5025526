-- The safetensors format: files of the reference implementation are read, ours are what the format
-- says, and everything else is refused.
local core = require "cmml.core"

-- Written by the Python package safetensors (safetensors.numpy.save): w float32 2x3, ids int32,
-- big int64, d float64 scalar, raw uint8, none float32 0x4, and metadata.
local reference = table.concat {
  "88010000000000007b225f5f6d657461646174615f5f223a7b226b696e64223a2274657374222c22c3a9223a225c",
  "22715c225c6e227d2c22626967223a7b226474797065223a22493634222c227368617065223a5b325d2c22646174",
  "615f6f666673657473223a5b302c31365d7d2c2264223a7b226474797065223a22463634222c227368617065223a",
  "5b5d2c22646174615f6f666673657473223a5b31362c32345d7d2c226e6f6e65223a7b226474797065223a224633",
  "32222c227368617065223a5b302c345d2c22646174615f6f666673657473223a5b32342c32345d7d2c2277223a7b",
  "226474797065223a22463332222c227368617065223a5b322c335d2c22646174615f6f666673657473223a5b3234",
  "2c34385d7d2c22696473223a7b226474797065223a22493332222c227368617065223a5b325d2c22646174615f6f",
  "666673657473223a5b34382c35365d7d2c22726177223a7b226474797065223a225538222c227368617065223a5b",
  "345d2c22646174615f6f666673657473223a5b35362c36305d7d7d20202020200100000000002000000000000000",
  "00800000000000000a40000000000000803e0000003f0000403f0000803f0000a03fffffffffffffff7f68c3a921",
}

local function unhex(text)
  return (text:gsub("%x%x", function(pair)
    return string.char(tonumber(pair, 16))
  end))
end

local function file_of(header, data)
  return string.pack("<s8", header) .. (data or "")
end

local function one(dtype, shape, from, to)
  return ('{"a":{"dtype":"%s","shape":[%s],"data_offsets":[%d,%d]}}'):format(dtype, shape, from, to)
end

local refused = {
  { "an empty file", "", "is not a safetensors file" },
  { "another kind of file", "#!/bin/sh\necho this is a program\n", "is not a safetensors file" },
  { "a header that is no object", file_of "[1]", "is not a safetensors file" },
  { "a header beyond the limit", string.pack("<I8", (16 << 20) + 1) .. "{}",
    "is not a safetensors file" },
  { "a length beyond all bounds", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", "is not a safetensors" },
  { "a header cut short", file_of(one("F32", 1, 0, 4)):sub(1, 30),
    "is truncated: its header needs" },
  { "a header that is no JSON", file_of "{a}", "line 1, column 2" },
  { "data cut short", file_of(one("F32", 2, 0, 8), "1234"),
    "is truncated: needs 70 bytes, has 66" },
  { "bytes behind the data", file_of("{}", "x"), "has 1 bytes behind its last tensor" },
  { "another dtype behind the data", file_of(one("F8_E4M3", 1, 0, 3), "12"), "is truncated" },
  { "another dtype with a gap", file_of(one("F8_E4M3", 1, 1, 2), "12"), "leaves a gap" },
  { "sizes that do not fit", file_of(one("F32", 1, 0, 8), "12345678"), "do not fit its shape" },
  { "a gap at the beginning", file_of(one("F32", 1, 4, 8), "12345678"), "leaves a gap" },
  { "an overlap", file_of('{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},'
    .. '"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}', "1234"), 'tensor "b" overlaps' },
  { "a gap between", file_of('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
    .. '"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}', "1234"), 'tensor "b" leaves a gap' },
  { "a name twice", file_of('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},'
    .. '"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'), "twice" },
  { "a negative size", file_of(one("U8", "-1", 0, 1), "1"), "not a count" },
  { "a size that is no integer", file_of(one("U8", "1.0", 0, 1), "1"), "not a count" },
  { "a product that overflows", file_of(one("U8", "4294967296,4294967296", 0, 1), "1"),
    "overflows" },
  { "bytes that overflow", file_of(one("F64", "2305843009213693953", 0, 8), "12345678"),
    "do not fit its shape" },
  { "seven dims", file_of(one("U8", "1,1,1,1,1,1,1", 0, 1), "1"), "too many dims" },
  { "offsets that fall", file_of(one("U8", "1", 1, 0), "1"), "not [begin, end]" },
  { "an entry without shape", file_of '{"a":{"dtype":"U8","data_offsets":[0,0]}}',
    "needs a dtype" },
  { "an entry with more", file_of '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}',
    "has more than" },
  { "an entry that is no object", file_of '{"a":1}', "is not described by an object" },
  { "metadata that are no texts", file_of '{"__metadata__":{"a":1}}',
    "must map strings to strings" },
}

describe("safetensors", function()
  local path

  before_each(function()
    path = os.tmpname()
  end)

  after_each(function()
    os.remove(path)
  end)

  local function read(bytes)
    assert(core.write_file(path, bytes))
    return core.read_archive(path)
  end

  it("reads a file of the reference implementation", function()
    local archive = assert(read(unhex(reference)))
    assert.same({ kind = "test", ["\u{E9}"] = '"q"\n' }, archive.metadata)
    local by_name = {}
    for _, tensor in ipairs(archive.tensors) do
      by_name[tensor.name] = tensor
    end
    assert.equal(6, #archive.tensors)
    assert.same({ { 0, 0.25, 0.5 }, { 0.75, 1, 1.25 } }, by_name.w.value:totable())
    assert.same({ 2, 3 }, by_name.w.shape)
    assert.equal("F32", by_name.w.dtype)
    assert.same({ -1, 2147483647 }, by_name.ids.value)
    assert.same({ 9007199254740993, math.mininteger }, by_name.big.value)
    assert.equal(3.25, by_name.d.value:item())
    assert.same({}, by_name.d.shape)
    assert.equal("h\u{E9}!", by_name.raw.value)
    assert.same({ 0, 4 }, by_name.none.value.shape)
  end)

  it("reads numbers of 16 bits", function()
    -- known values of IEEE 754 binary16, and of the upper half of binary32
    local bits = { F16 = { 0x3C00, 0xC000, 0x0001, 0x03FF, 0x0400, 0x7BFF, 0x3555, 0x8000, 0x7C00,
      0xFC00 }, BF16 = { 0x3F80, 0xC000, 0x4049, 0x0080, 0x8000, 0x7F80, 0xFF80 } }
    local values = { F16 = { 1, -2, 2.0 ^ -24, 1023 * 2.0 ^ -24, 2.0 ^ -14, 65504, 0.333251953125,
      0, math.huge, -math.huge },
      BF16 = { 1, -2, 3.140625, 2.0 ^ -126, 0, math.huge, -math.huge } }
    for dtype, list in pairs(bits) do
      local n = #list
      local archive = assert(read(file_of(one(dtype, n, 0, 2 * n), string.pack(("<I2"):rep(n),
        table.unpack(list)))))
      assert.equal(dtype, archive.tensors[1].dtype)
      assert.same(values[dtype], archive.tensors[1].value:totable())
      archive = assert(read(file_of(one(dtype, 1, 0, 2), "\xFF\x7F"))) -- not a number
      local value = archive.tensors[1].value:totable()[1]
      assert.truthy(value ~= value)
    end
  end)

  it("leaves out numbers of other dtypes, telling which, and reads the rest", function()
    local archive = assert(read(file_of('{"a":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[0,3]},'
      .. '"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},'
      .. '"c":{"dtype":"BOOL","shape":[],"data_offsets":[5,6]}}', "123hi6")))
    assert.same({ { name = "b", dtype = "U8", shape = { 2 }, value = "hi" } }, archive.tensors)
    assert.same({ { name = "a", dtype = "F8_E4M3", shape = { 3 } },
      { name = "c", dtype = "BOOL", shape = {} } }, archive.skipped)
  end)

  it("writes what the format says, byte for byte", function()
    assert(core.write_archive(path, {
      { name = "i", value = { 1, -2 } },
      { name = 'a"\n', value = "xyz" },
      { name = "n", value = { -1 }, dtype = "I32" },
      { name = "z", value = {} },
    }, { b = "2", a = "\u{E9}\\" }))
    local header = '{"__metadata__":{"a":"\u{E9}\\\\","b":"2"},'
      .. '"i":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},'
      .. '"a\\"\\u000a":{"dtype":"U8","shape":[3],"data_offsets":[16,19]},'
      .. '"n":{"dtype":"I32","shape":[1],"data_offsets":[19,23]},'
      .. '"z":{"dtype":"I64","shape":[0],"data_offsets":[23,23]}}'
    header = header .. (" "):rep(-#header % 8)
    assert.equal(file_of(header, string.pack("<i8i8", 1, -2) .. "xyz" .. string.pack("<i4", -1)),
      core.read_file(path))
  end)

  it("keeps tensors, whatever their layout, in order", function()
    local matrix = core.tensor { { 1, 2.5, -3 }, { 4, 5, 6 } }
    assert(core.write_archive(path, {
      { name = "z", value = matrix },
      { name = "turned", value = core.transpose(matrix, 1, 2) },
      { name = "one", value = core.tensor(7) },
      { name = "a", value = core.full({ 0, 3 }, 0) },
    }))
    local archive = assert(core.read_archive(path))
    local names = {}
    for i, tensor in ipairs(archive.tensors) do
      names[i] = tensor.name
    end
    assert.same({ "z", "turned", "one", "a" }, names)
    assert.same({ { 1, 2.5, -3 }, { 4, 5, 6 } }, archive.tensors[1].value:totable())
    assert.same({ { 1, 4 }, { 2.5, 5 }, { -3, 6 } }, archive.tensors[2].value:totable())
    assert.equal(7, archive.tensors[3].value:item())
    assert.same({ 0, 3 }, archive.tensors[4].shape)
    assert.same({}, archive.metadata)
  end)

  for _, case in ipairs(refused) do
    it("refuses " .. case[1], function()
      local archive, message = read(case[2])
      assert.is_nil(archive)
      assert.truthy(message:find(case[3], 1, true), message)
      assert.truthy(message:find(path, 1, true) or message:find("the header of", 1, true), message)
    end)
  end

  it("refuses a number that its own type cannot hold", function()
    local archive, message = read(file_of(one("F64", 1, 0, 8), string.pack("<d", 1e300)))
    if core.info().dtype == "float64" then
      assert.equal(1e300, archive.tensors[1].value:totable()[1])
    else
      assert.is_nil(archive)
      assert.truthy(message:find('tensor "a" holds 1e+300, beyond the range', 1, true), message)
    end
  end)

  it("refuses the reference file cut short anywhere", function()
    local whole = unhex(reference)
    for n = 0, #whole - 1 do
      local archive, message = read(whole:sub(1, n))
      assert.is_nil(archive)
      local part = n < 8 and "not a safetensors file" or "truncated"
      assert.truthy(message:find(part, 1, true), message)
    end
  end)

  it("ends in a result or a message for mutated files, and leaks nothing", function()
    local whole = unhex(reference)
    collectgarbage()
    collectgarbage()
    local live, results = core.memory().live, 0
    math.randomseed(11)
    for _ = 1, 1500 do
      local at = math.random(#whole)
      local archive, message = read(whole:sub(1, at - 1) .. string.char(math.random(0, 255))
        .. whole:sub(at + 1))
      assert.truthy(archive or type(message) == "string")
      results = results + (archive and 1 or 0)
    end
    assert.truthy(results > 0 and results < 1500)
    collectgarbage()
    collectgarbage()
    assert.equal(live, core.memory().live)
  end)

  it("raises for entries that cannot be written, and leaves the file", function()
    assert(core.write_file(path, "old"))
    local function raises(part, entries, metadata)
      local ok, message = pcall(core.write_archive, path, entries, metadata)
      assert.is_false(ok)
      assert.truthy(message:find(part, 1, true), message)
      assert.equal("old", core.read_file(path))
    end
    raises("must be a table with a name", { { value = "x" } })
    raises("must be a table with a name", { 1 })
    raises("is nil, not a Tensor", { { name = "a" } })
    raises('tensor "a" is given twice', { { name = "a", value = "" }, { name = "a", value = "" } })
    raises("may be called __metadata__", { { name = "__metadata__", value = "" } })
    raises("is not valid UTF-8", { { name = "\xFF", value = "" } })
    raises("not an integer of I64", { { name = "a", value = { 1, 1.5 } } })
    raises("not an integer of I32", { { name = "a", value = { 1 << 31 }, dtype = "I32" } })
    raises("dtype F16 of tensor a", { { name = "a", value = { 1 }, dtype = "F16" } })
    raises("strings to strings", {}, { a = 1 })
    raises("is not valid UTF-8", {}, { a = "\xFF" })
    raises("is not valid UTF-8", {}, { ["\xFF"] = "a" })
  end)

  it("raises or leaves the old file when memory fails, and leaks nothing", function()
    local tensor = core.transpose(core.tensor { { 1, 2 }, { 3, 4 } }, 1, 2)
    local entries = { { name = "a", value = tensor }, { name = "b", value = { 1, 2 } } }
    local function sweep(f, least)
      collectgarbage()
      collectgarbage()
      local live, failures = core.memory().live, 0
      for n = 0, 200 do
        core.testing.fail_allocation_after(n)
        local ok, message = pcall(f)
        core.testing.fail_allocation_after()
        collectgarbage()
        collectgarbage()
        assert.equal(live, core.memory().live)
        if ok then
          break
        end
        failures = failures + 1
        assert.truthy(message:find("out of memory", 1, true), message)
      end
      assert.truthy(failures >= least and failures < 200)
    end
    assert(core.write_archive(path, entries, { m = "1" }))
    core.trim()
    sweep(function()
      core.trim()
      assert(core.write_archive(path, entries, { m = "1" }))
    end, 3)
    sweep(function()
      core.trim()
      assert(core.read_archive(path))
    end, 5)
  end)
end)
