-- Option tables: what is checked, and what the messages say.
local args = require "cmml.args"

local function refused(text, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  assert.truthy(message:find(text, 1, true), message)
end

describe("args.nearest", function()
  it("finds the word that fewest edits lead to", function()
    local known = { "support", "query", "seed", "batch" }
    assert.equal("support", args.nearest("suport", known))
    assert.equal("query", args.nearest("qurey", known))
    assert.equal("seed", args.nearest("sed", known))
    assert.equal("batch", args.nearest("batch_size", known))
    assert.equal("a", args.nearest("", { "abc", "a" }))
  end)

  it("takes the first of equals, and nothing from nothing", function()
    assert.equal("ab", args.nearest("ax", { "ab", "ac" }))
    assert.is_nil(args.nearest("x", {}))
  end)
end)

describe("args.check", function()
  local known = { n = { "integer", 3 }, name = "string?", rate = "number", f = "function?",
    list = { "table", {} }, flag = { "boolean", false }, any = "any?" }

  it("fills in defaults, also for false, and leaves the caller's table alone", function()
    local given = { rate = 0.5, flag = true }
    local result = args.check("f", given, known)
    assert.same({ n = 3, rate = 0.5, list = {}, flag = true }, result)
    assert.same({ rate = 0.5, flag = true }, given)
    assert.is_false(args.check("f", { rate = 1, flag = false }, { rate = "number",
      flag = { "boolean", true } }).flag)
  end)

  it("takes whole numbers in either form for integers, and no others", function()
    for _, good in ipairs { 0, -7, 2.0, 1e15 } do
      assert.equal(good, args.check("f", { rate = 1, n = good }, known).n)
    end
    for _, bad in ipairs { 2.5, 1 / 0, -1 / 0, 0 / 0, "3" } do
      refused("f: option n must be an integer, not ", args.check, "f", { rate = 1, n = bad }, known)
    end
  end)

  it("names function, option, kind and value of what does not fit", function()
    refused("f: a table of options was expected, not number 5", args.check, "f", 5, known)
    refused('f: a table of options was expected, not "x"', args.check, "f", "x", known)
    refused("f: option rate is missing", args.check, "f", nil, known)
    refused('f: option rate must be a number, not "1"', args.check, "f", { rate = "1" }, known)
    refused("f: option flag must be a boolean, not number 1", args.check, "f",
      { rate = 1, flag = 1 }, known)
    refused("f: option f must be a function, not ", args.check, "f", { rate = 1, f = {} }, known)
    refused("f: unknown option reat; did you mean rate?", args.check, "f", { reat = 1 }, known)
    refused("f: unknown option 1; did you mean", args.check, "f", { 1, rate = 1 }, known)
  end)

  it("knows objects by the names of their classes", function()
    local class = { __name = "some.Class" }
    local object = setmetatable({}, class)
    local rules = { x = "some.Class", y = "some.Class?" }
    assert.equal(object, args.check("f", { x = object }, rules).x)
    refused("f: option x must be a some.Class, not number 1", args.check, "f", { x = 1 }, rules)
    refused("option y must be an other.Class, not some.Class", args.check, "f", { y = object },
      { y = "other.Class?" })
  end)

  it("points at the caller of the function that checks", function()
    local function checked(options)
      local result = args.check("checked", options, { a = "number?" })
      return result -- no tail call: its frame is counted
    end
    local line = debug.getinfo(1, "l").currentline + 1
    local ok, message = pcall(function() checked { b = 1 } end)
    assert.is_false(ok)
    assert.truthy(message:find("args_spec.lua:" .. line .. ": checked:", 1, true), message)
  end)
end)

describe("args.one_of", function()
  it("gives a known name back, and refuses others with the list", function()
    assert.equal("b", args.one_of("f: mode", "b", { "a", "b" }))
    refused('f: mode: "c" is none of a, b', args.one_of, "f: mode", "c", { "a", "b" })
    refused("f: mode: nil nil is none of a, b", args.one_of, "f: mode", nil, { "a", "b" })
  end)
end)

describe("cmml.help", function()
  local cmml = require "cmml"

  -- What a call prints.
  local function printed(...)
    local lines, original = {}, print
    _G.print = function(text)
      lines[#lines + 1] = text
    end
    local ok, message = pcall(cmml.help, ...)
    _G.print = original
    assert(ok, message)
    return table.concat(lines, "\n")
  end

  it("lists every op once, sorted", function()
    local text, names = printed(), {}
    for name in text:gmatch("\n  ([%w_]+)") do
      names[#names + 1] = name
    end
    local count = 0
    for _ in pairs(cmml.core.ops()) do
      count = count + 1
    end
    assert.equal(count, #names)
    for i = 2, count do
      assert.truthy(names[i - 1] < names[i])
    end
  end)

  it("explains an op", function()
    local op = cmml.core.ops().matmul
    local text = printed "matmul"
    for line in text:gmatch "[^\n]+" do
      assert.truthy(#line <= 80, line)
    end
    text = text:gsub("%s+", " ")
    assert.truthy(text:find(op.signature, 1, true), text)
    assert.truthy(text:find((op.doc:gsub("%s+", " ")), 1, true), text)
  end)

  it("names the nearest op to one that is not there", function()
    assert.equal("there is no op matmull; did you mean matmul?", printed "matmull")
    assert.truthy(printed(17):find("there is no op 17; did you mean", 1, true))
  end)
end)
