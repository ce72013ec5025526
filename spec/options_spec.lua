-- Options: declarations, and what is checked by them.
local options = require "cmml.base.options"
local refused = require("spec.support.refused").with_text

local count = 0

-- A set of a name of its own.
local function declare(...)
  count = count + 1
  return options.declare("f" .. count, { ... }), "f" .. count
end

local function one(fields)
  fields.name, fields.help = fields.name or "x", fields.help or "a thing"
  return declare(fields)
end

describe("options.declare", function()
  local good = { name = "lr", kind = "number", help = "learning rate", above = 0, default = 0.1 }

  local function wrong(text, change)
    local declared = {}
    for key, value in pairs(good) do
      declared[key] = value
    end
    for key, value in pairs(change) do
      declared[key] = value ~= "nil" and value or nil
    end
    count = count + 1
    refused(text, options.declare, "f" .. count, { declared })
    refused("f" .. count .. ": ", options.declare, "f" .. count, { declared })
  end

  it("takes a good declaration", function()
    assert.same({ lr = 0.1 }, declare(good):check())
  end)

  it("refuses one that lacks its name, kind or help", function()
    wrong("option 1 has no name", { name = "nil" })
    wrong("declaration of option lr: field kind is missing", { kind = "nil" })
    wrong("declaration of option lr: field help is missing", { help = "nil" })
    wrong("declaration of option lr: field help is missing", { help = "" })
    wrong("the name must be of small letters, digits and _", { name = "weight-decay" })
    wrong("the name must be of small letters, digits and _", { name = "Lr" })
  end)

  it("refuses unknown fields, kinds and types by name", function()
    wrong("declaration of option lr: unknown field defualt; did you mean default?", { defualt = 1 })
    wrong("unknown field 1; known: above, apart, arg, ", { "x" })
    wrong('kind "nubmer" is not known; did you mean number?', { kind = "nubmer" })
    wrong('kind "Catalogue" is not known; known: integer, number', { kind = "Catalogue" })
    wrong('kind "sting" is not known; did you mean string?', { kind = { "number", "sting" } })
    wrong("field kind must be a name or a list of names", { kind = {} })
    wrong('from must be a number, not "0"', { from = "0" })
    wrong("short must be a boolean, not number 1", { short = 1 })
    wrong("choices must be a table or a function, not", { choices = "a,b" })
    wrong("field choices must be a list of names", { kind = "string", choices = { 1 },
      above = "nil", default = "nil" })
    wrong("choices are for strings", { choices = { "a" } })
    wrong('list "table" must be string, integer or number', { kind = "nil", list = "table" })
  end)

  it("refuses a default of the wrong type, out of its range or none of its choices", function()
    wrong('default must be a number, not "1"', { default = "1" })
    wrong("default must be above 0, but is 0", { default = 0 })
    wrong("default must be a finite number, but is inf", { default = math.huge })
    wrong('default "b" is not known; known: a', { kind = "string", default = "b",
      choices = { "a" }, above = "nil" })
    wrong("default entry 2 must be above 0, but is -1", { kind = "nil", list = "number",
      default = { 1, -1 } })
  end)

  it("refuses what contradicts itself", function()
    wrong("is required and has a default", { required = true })
    wrong("default and default_text exclude each other", { default_text = "the preset's" })
    wrong("has two bounds of one side", { from = 1 })
    wrong("no number is within its bounds", { to = -1 })
    wrong("bounds are for numbers", { kind = "string", default = "nil" })
    wrong("may_be_empty and repeats are for lists", { repeats = true })
    wrong("field kind is given beside list", { list = "integer" })
  end)

  it("refuses a second option of a name, and a second set of a name", function()
    refused("twice: option lr is declared twice", options.declare, "twice", { good,
      { name = "lr", kind = "integer", help = "another" } })
    refused("a map: the declarations must be a list without gaps, but has the key lr",
      options.declare, "a map", { lr = good })
    for _ = 1, 2 do -- the same place may be run again
      options.declare("of one place", { good })
    end
    refused("options of of one place are declared already at ", function()
      options.declare("of one place", { good })
    end)
  end)

  it("points at the declaration", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local ok, message = pcall(function() options.declare("f", { { name = "x", kind = "any" } }) end)
    assert.is_false(ok)
    assert.truthy(message:find("options_spec.lua:" .. line .. ": f: declaration of", 1, true),
      message)
  end)
end)

describe("Options:check", function()
  local set, what = declare(
    { name = "n", kind = "integer", default = 3, help = "a number" },
    { name = "rate", kind = "number", required = true, help = "a rate" },
    { name = "name", kind = "string", help = "a name" },
    { name = "list", kind = "table", default = {}, help = "a list" },
    { name = "keys", kind = "table", default = { deep = { 1 } }, help = "a table with keys" },
    { name = "flag", kind = "boolean", default = true, help = "a flag" },
    { name = "f", kind = "function", help = "a function" },
    { name = "any", kind = "any", help = "anything" })

  local function check(given)
    return set:check(given)
  end

  it("fills in defaults, also where false is given, and leaves the caller's table alone", function()
    local given = { rate = 0.5, flag = false }
    local result = check(given)
    assert.same({ n = 3, rate = 0.5, list = {}, keys = { deep = { 1 } }, flag = false }, result)
    assert.same({ rate = 0.5, flag = false }, given)
    result.list[1], result.keys.deep[1] = "mine", "mine"
    assert.same({}, check(given).list)
    assert.same({ deep = { 1 } }, check(given).keys)
    assert.same({ deep = { 1 } }, set:defaults().keys)
  end)

  it("takes whole numbers in either form for integers, and no others", function()
    for _, good in ipairs { 0, -7, 2.0, 1e15 } do
      local n = check { rate = 1, n = good }.n
      assert.equal(good, n)
      assert.equal("integer", math.type(n))
    end
    for _, bad in ipairs { 2.5, 1e300, 1 / 0, -1 / 0, 0 / 0, "3" } do
      refused(what .. ": option n must be an integer, not ", check, { rate = 1, n = bad })
    end
  end)

  it("names function, option, kind and value of what does not fit", function()
    refused(what .. ": a table of options was expected, not number 5", check, 5)
    refused(what .. ': a table of options was expected, not "x"', check, "x")
    refused(what .. ": option rate is missing", check)
    refused(what .. ': option rate must be a number, not "1"', check, { rate = "1" })
    refused(what .. ": option flag must be a boolean, not number 1", check, { rate = 1, flag = 1 })
    refused(what .. ": option f must be a function, not table", check, { rate = 1, f = {} })
    refused(what .. ": unknown option reat; did you mean rate?", check, { reat = 1 })
    refused(what .. ": unknown option 1; known: n, rate, name, list, keys, flag, f, any", check,
      { 1, rate = 1 })
    refused(what .. ": unknown option a; ", check, { rate = 1, zz = 1, a = 1, b = 1 })
  end)

  it("knows objects by the names of their classes", function()
    local class = { __name = "some.Class" }
    local object = setmetatable({}, class)
    local some, name = one { kind = "some.Class" }
    assert.equal(object, some:check({ x = object }).x)
    refused(name .. ": option x must be a some.Class, not number 1", some.check, some, { x = 1 })
    local other = one { kind = { "other.Class", "string" } }
    assert.equal("s", other:check({ x = "s" }).x)
    refused("option x must be an other.Class or a string, not some.Class", other.check, other,
      { x = object })
  end)

  it("holds numbers to their bounds", function()
    local cases = {
      { { above = 0 }, { 1e-9, 1e300 }, { 0, -1 }, "must be above 0, but is " },
      { { from = 0 }, { 0, 1 }, { -1e-9 }, "must be at least 0, but is -1e-09" },
      { { to = 1 }, { 1, -5 }, { 1.5 }, "must be at most 1, but is 1.5" },
      { { below = 1 }, { 0.5 }, { 1, 2 }, "must be below 1, but is " },
      { { from = 0, to = 1 }, { 0, 0.5, 1 }, { -1, 2 }, "must be from 0 to 1, but is " },
      { { from = 0, below = 1 }, { 0 }, { 1 }, "must be at least 0 and below 1, but is 1" },
      { { above = 0, to = 1 }, { 1 }, { 0 }, "must be above 0 and at most 1, but is 0" },
      { {}, { -1e300 }, { 1 / 0, -1 / 0, 0 / 0 }, "must be a finite number, but is " },
      { { infinite = true, above = 0 }, { 1 / 0 }, { 0 / 0 }, "must be a finite number, but is " },
    }
    for _, case in ipairs(cases) do
      case[1].kind = "number"
      local bounded, name = one(case[1])
      for _, good in ipairs(case[2]) do
        assert.equal(good, bounded:check({ x = good }).x)
      end
      for _, bad in ipairs(case[3]) do
        refused(name .. ": x " .. case[4], bounded.check, bounded, { x = bad })
      end
    end
    local integer, name = one { kind = "integer", from = 1 }
    refused(name .. ": x must be at least 1, but is 0", integer.check, integer, { x = 0.0 })
  end)

  it("names the nearest choice, of a list or of what a function gives", function()
    for _, choices in ipairs { { "adam", "adamw", "sgd" },
      function() return { "adam", "adamw", "sgd" } end } do
      local chosen, name = one { kind = "string", choices = choices, default = "sgd" }
      assert.equal("sgd", chosen:check().x)
      assert.equal("adam", chosen:check({ x = "adam" }).x)
      refused(name .. ': x "adm" is not known; did you mean adam?', chosen.check, chosen,
        { x = "adm" })
      refused(name .. ': x "" is not known; known: adam, adamw, sgd', chosen.check, chosen,
        { x = "" })
    end
    local either = one { kind = { "string", "table" }, choices = { "cosine" } }
    assert.same({ 1 }, either:check({ x = { 1 } }).x)
  end)

  it("takes lists as tables and as texts with commas", function()
    local list, name = one { list = "integer", from = 0, default = { 1, 2 } }
    assert.same({ 1, 2 }, list:check().x)
    assert.same({ 3, 0 }, list:check({ x = { 3.0, 0 } }).x)
    assert.same({ 3, 40 }, list:check({ x = " 3, 40" }).x)
    local given = { 3 }
    list:check({ x = given }).x[1] = 5
    assert.same({ 3 }, given)
    for text, bad in pairs { ["entry 1 must be at least 0, but is -1"] = "-1",
      ['entry 2 must be an integer, not "a"'] = "1,a", ["names 1 twice"] = "1,1.0",
      ["is empty: leave it out, or give at least one"] = "",
      ["must be a list without gaps, but has the key 3"] = { 1, [3] = 3 },
      ["must be a list without gaps"] = { 1, nil, 3 },
      ["must be a list without gaps, but has the key a"] = { a = 1 },
      ["entry 1 must be an integer, not number 1.5"] = { 1.5 } } do
      refused(name .. ": x " .. text, list.check, list, { x = bad })
    end
    refused("option x must be a list or a text with commas, not number 1", list.check, list,
      { x = 1 })
    local empty = one { list = "string", may_be_empty = true, repeats = true }
    assert.same({}, empty:check({ x = "none" }).x)
    assert.same({}, empty:check({ x = {} }).x)
    assert.same({ "a", "a" }, empty:check({ x = "a, a" }).x)
    refused("entry 2 is an empty text", empty.check, empty, { x = { "a", "" } })
    local named = one { list = "string", choices = { "full", "capped" } }
    refused('entry 2 "fll" is not known; did you mean full?', named.check, named,
      { x = "capped,fll" })
  end)

  it("points at the caller of the function that checks", function()
    local own = one { kind = "number" }
    local function checked(given)
      local result = own:check(given)
      return result -- no tail call: its frame is counted
    end
    for _, bad in ipairs { { b = 1 }, { x = "1" }, { x = 1 / 0 }, 5 } do
      local line = debug.getinfo(1, "l").currentline + 1
      local ok, message = pcall(function() checked(bad) end)
      assert.is_false(ok)
      assert.truthy(message:find("options_spec.lua:" .. line .. ": f", 1, true), message)
      ok, message = pcall(own.check, own, bad, 0)
      assert.is_false(ok)
      assert.truthy(message:find "^f%d", message)
    end
  end)
end)

describe("sets", function()
  local a = { name = "a", kind = "integer", default = 1, help = "an a" }
  local b = { name = "b", kind = "string", default_text = "the preset's", help = "a b" }
  local c = { name = "c", list = "string", default = "x,y", help = "a c" }

  it("know declarations that say the same", function()
    assert.is_true(options.is_same(a, options.changed(a, {})))
    for field, value in pairs { kind = "number", default = 2, help = "another a", from = 0,
      short = true } do
      assert.is_false(options.is_same(a, options.changed(a, { [field] = value })), field)
    end
    assert.is_false(options.is_same(b, options.changed(b, { choices = { "x" } })))
  end)

  it("give names, declarations and defaults in order", function()
    local set = declare(c, a, b)
    assert.same({ "c", "a", "b" }, set:names())
    assert.equal(b, set:find "b")
    assert.is_nil(set:find "d")
    assert.same({ a = 1, c = { "x", "y" } }, set:defaults())
    local order = {}
    for declared in set:each() do
      order[#order + 1] = declared.name
    end
    assert.same({ "c", "a", "b" }, order)
  end)

  it("are cut to some names, and refuse those that they have not", function()
    local set = declare(a, b, c)
    assert.same({ "a", "c" }, set:without({ "b" }):names())
    assert.same({ "a", "c" }, set:only({ "c", "a" }):names())
    refused("there is no option d; known: a, b, c", function() set:without { "d" } end)
    assert.equal(set, options.registered()["f" .. count])
  end)

  it("join; a declaration may come twice, another one of its name may not", function()
    local first = declare(a, b)
    local second = declare(b, c)
    local set = options.join("joined", first, second)
    assert.same({ "a", "b", "c" }, set:names())
    assert.equal(set, options.registered().joined)
    refused("unknown option d; known: a, b, c", set.check, set, { d = 1 })
    local other = declare { name = "a", kind = "integer", help = "another" }
    refused("joined twice: option a is declared twice", options.join, "joined twice", first, other)
    refused("argument 2 must be a set", options.join, "joined", { a })
  end)

  it("take single values", function()
    local set = declare { name = "lr", kind = "number", above = 0, help = "learning rate" }
    assert.equal(0.5, set:take("lr", 0.5))
    assert.same({ nil, "must be above 0, but is 0" }, { set:take("lr", 0) })
  end)
end)

describe("the library's own declarations", function()
  it("are good, every one", function()
    local cmml = require "cmml"
    for _ in pairs(cmml) do end -- loads all
    local n = 0
    for what, set in pairs(options.registered()) do
      assert.equal(what, set.what)
      assert.truthy(options.place(what))
      n = n + 1
    end
    assert.truthy(n > 0)
  end)
end)
