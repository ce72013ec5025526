-- Option tables: what is checked, and what the messages say.
local args = require "cmml.base.args"
local refused = require("spec.support.refused").with_text

describe("args.nearest", function()
  local known = { "batch", "lr", "query", "seed", "support" }

  it("finds what a word with a mistake or two was meant for", function()
    assert.equal("support", args.nearest("suport", known))
    assert.equal("query", args.nearest("qurey", known))
    assert.equal("seed", args.nearest("sed", known))
  end)

  it("finds what a word begins with, and what begins with it", function()
    assert.equal("batch", args.nearest("batch_size", known))
    assert.equal("support", args.nearest("sup", known))
  end)

  it("finds nothing where nothing is near", function()
    assert.is_nil(args.nearest("rate", known))
    assert.is_nil(args.nearest("xy", known))
    assert.is_nil(args.nearest("l", known))
    assert.is_nil(args.nearest("", known))
    assert.is_nil(args.nearest("x", {}))
  end)

  it("takes the first of equals", function()
    assert.equal("abcd", args.nearest("abcx", { "abcd", "abce" }))
  end)
end)

describe("args.suggest", function()
  it("names the nearest, or else all", function()
    assert.equal("did you mean --seed?", args.suggest("sed", { "lr", "seed" }, "--"))
    assert.equal("known: lr, seed", args.suggest("momentum", { "lr", "seed" }))
    assert.equal("known: --lr, --seed", args.suggest("momentum", { "lr", "seed" }, "--"))
    assert.equal("there are none", args.suggest("momentum", {}))
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
      local n = args.check("f", { rate = 1, n = good }, known).n
      assert.equal(good, n)
      assert.equal("integer", math.type(n))
    end
    for _, bad in ipairs { 2.5, 1e300, 1 / 0, -1 / 0, 0 / 0, "3" } do
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
    refused("f: unknown option 1; known: any, f, flag, list, n, name, rate", args.check, "f",
      { 1, rate = 1 }, known)
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
  it("gives a known name back, and refuses others with the nearest one, or all", function()
    assert.equal("b", args.one_of("f: mode", "b", { "a", "b" }))
    refused('f: mode "c" is not known; known: a, b', args.one_of, "f: mode", "c", { "a", "b" })
    refused('f: mode "maen" is not known; did you mean mean?', args.one_of, "f: mode", "maen",
      { "mean", "sum" })
    refused("f: mode must be one of a, b, not nil", args.one_of, "f: mode", nil, { "a", "b" })
  end)
end)

describe("args.expect", function()
  it("gives a value of the kind back, and refuses others", function()
    assert.equal("x", args.expect("f: name", "x", "string"))
    refused("f: n must be an integer, not number 1.5", args.expect, "f: n", 1.5, "integer")
    refused("f: data must be a cmml.Dataset, not nil", args.expect, "f: data", nil, "cmml.Dataset")
  end)
end)
