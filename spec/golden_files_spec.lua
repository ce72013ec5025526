-- The runner of known answers at the level of files: what is no case is reported.
local cmml = require "cmml"
local golden = require "spec.support.golden"
local interpreter = require "spec.support.interpreter"

local source = "spec/golden/ops_linear.safetensors"

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

describe("case files", function()
  local folder

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(cmml.core.mkdir(folder))
  end)

  after_each(function()
    for _, name in ipairs(golden.files(folder) or {}) do
      os.remove(folder .. "/" .. name)
    end
    os.remove(folder .. "/index.json")
    os.remove(folder)
  end)

  local function put(name, bytes)
    assert(cmml.core.write_file(folder .. "/" .. name, bytes))
  end

  -- The header's text and the data of a case file.
  local function parts()
    local raw = assert(cmml.core.read_file(source))
    local n = string.unpack("<I8", raw)
    return raw:sub(9, 8 + n), raw:sub(9 + n)
  end

  local function join(header, data)
    header = header .. (" "):rep(-#header % 8)
    return string.pack("<I8", #header) .. header .. data
  end

  -- Status and detail of the file that a changed header and data give.
  local function run(header, data)
    put("case.safetensors", join(header, data))
    local case, why = golden.read(folder .. "/case.safetensors")
    if not case then
      return nil, why
    end
    return golden.run(case)
  end

  -- The bytes of a case file put together anew pass, so that the changes below are what fails.
  local function replaced(pattern, by)
    local header, data = parts()
    local changed, count = header:gsub(pattern, by)
    assert.is_true(count > 0, pattern)
    return changed, data
  end

  it("pass as they are", function()
    assert.are.equal("pass", (run(parts())))
  end)

  it("fail with another expected number, config key or name of a tensor", function()
    local header, data = parts()
    local shape_first = header:match '"output%.y".-"data_offsets": ?%[(%d+)'
    local at = tonumber(shape_first)
    local status, detail = run(header, data:sub(1, at) .. string.pack("<f", 77) .. data:sub(at + 5))
    assert.are.equal("FAIL", status)
    assert.is_truthy(detail:find("output.y number 1 is", 1, true), detail)

    status, detail = run(replaced('\\"activation\\"', '\\"surprise\\": 1, \\"activation\\"'))
    assert.are.equal("FAIL", status)
    assert.is_truthy(detail:find("config key surprise", 1, true), detail)

    status, detail = run(replaced('"input%.x"', '"input.z"'))
    assert.are.equal("FAIL", status)
    assert.is_truthy(detail:find("input.x is missing", 1, true), detail)
  end)

  it("are refused without metadata, or with what is no JSON in them", function()
    for pattern, complaint in pairs {
      ['"config"'] = "no config", ['"tolerance"'] = "no tolerance", ['"case"'] = "name a case",
      ['\\"rtol\\"'] = "no rtol", ['"{\\"activation\\"'] = "no JSON object",
    } do
      local by = pattern:find "activation" and '"{\\"' or pattern:gsub("%a+", "other")
      local status, why = run(replaced(pattern, by))
      assert.is_nil(status, pattern)
      assert.is_truthy(why:find(complaint, 1, true), pattern .. ": " .. why)
    end
  end)

  it("are refused where they are foreign or truncated", function()
    local raw = assert(cmml.core.read_file(source))
    for _, bytes in ipairs { "", "PK\3\4 no such file", ("x"):rep(400), raw:sub(1, -5),
      raw:sub(1, 100), raw .. "more" } do
      put("case.safetensors", bytes)
      local case, why = golden.read(folder .. "/case.safetensors")
      assert.is_nil(case)
      assert.are.equal("string", type(why))
    end
    assert.is_nil((golden.read(folder .. "/absent.safetensors")))
  end)

  it("are listed in the order of the index, then those that it does not name", function()
    put("b.safetensors", "")
    put("a.safetensors", "")
    put("notes.txt", "")
    assert.are.same({ "a.safetensors", "b.safetensors" }, golden.files(folder))
    put("index.json", '{"cases": [{"file": "c.safetensors"}, {"file": "b.safetensors"}]}')
    assert.are.same({ "c.safetensors", "b.safetensors", "a.safetensors" }, golden.files(folder))
    put("index.json", '{"cases": 1}')
    assert.is_nil((golden.files(folder)))
    put("index.json", "{")
    assert.is_nil((golden.files(folder)))
    os.remove(folder .. "/notes.txt")
    assert.is_nil((golden.files(folder .. "/absent")))
  end)

  -- The lines that the command prints, and its exit code.
  local function command()
    local line = ("LUA_PATH=%s LUA_CPATH=%s %s spec/support/golden_main.lua %s 2>&1"):format(
      quoted(package.path), quoted(package.cpath), quoted(interpreter), quoted(folder))
    local pipe = assert(io.popen(line))
    local lines = {}
    for printed in pipe:lines() do
      lines[#lines + 1] = printed
    end
    local _, _, code = pipe:close()
    return lines, code
  end

  it("make the command fail if one of them does", function()
    put("good.safetensors", assert(cmml.core.read_file(source)))
    local lines, code = command()
    assert.are.equal("1 passed, 0 failed", lines[#lines])
    assert.is_truthy(lines[1]:find "^pass  good ")
    assert.are.equal(0, code)

    put("foreign.safetensors", "GIF89a")
    lines, code = command()
    assert.are.equal("1 passed, 1 failed", lines[#lines])
    assert.is_truthy(lines[1]:find "^FAIL  foreign ")
    assert.are.equal(1, code)
  end)

  it("make the command fail if there are none", function()
    local lines, code = command()
    assert.are.equal("0 passed, 1 failed", lines[#lines])
    assert.are.equal(1, code)
  end)
end)
