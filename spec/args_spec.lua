-- Option tables: what is checked, and what the messages say.
local args = require "cmml.base.args"
local refused = require("spec.support.refused").with_text

describe("args.nearest", function()
  local known = { "batch", "lr", "query", "seed", "support" }

  it("finds what a word with a mistake or two was meant for", function()
    assert.equal("support", args.nearest("suport", known))
    assert.equal("query", args.nearest("qurey", known))
    assert.equal("seed", args.nearest("sed", known))
    assert.equal("mae", args.nearest("mea", { "map", "mae", "auc" })) -- two letters changed places
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

  it("names what lists them where they are many, and those with a part in common", function()
    local many = { "inner-rate", "outer_rate", "lr" }
    for i = 1, 30 do
      many[#many + 1] = "n" .. i
    end
    assert.equal("see there", args.suggest("momentum", many, "--", "see there"))
    assert.equal("did you mean --inner-rate, --outer_rate? see there",
      args.suggest("learning-rate", many, "--", "see there"))
    assert.equal("did you mean lr?", args.suggest("lrr", many, "", "see there"))
    assert.matches("^known: inner%-rate, .*n30$", args.suggest("momentum", many))
    assert.equal("known: a, b", args.suggest("c", { "a", "b" }, "", "see there"))
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

describe("args.copy and args.equal", function()
  it("copy and compare tables by what they hold, and leave objects what they are", function()
    local object = setmetatable({}, { __name = "spec.Object" })
    local value = { 1, deep = { list = { "a", "b" } }, object = object }
    local copy = args.copy(value)
    assert.is_true(args.equal(value, copy))
    assert.equal(object, copy.object)
    copy.deep.list[2] = "c"
    assert.equal("b", value.deep.list[2])
    assert.is_false(args.equal(value, copy))
    assert.is_false(args.equal({ 1 }, { 1, 2 }))
    assert.is_false(args.equal({ 1, 2 }, { 1 }))
    assert.is_false(args.equal({}, 1))
  end)
end)
