-- The union of several sets of scenarios, and vectors of theirs.
local cmml = require "cmml"
local refused = require "spec.support.refused"
local scenario_folders = require "spec.support.scenario_folders"
local scenario_world = require "spec.support.scenario_world"
local temporary = require "spec.support.temporary"
local core = cmml.core

local function sets()
  local a = cmml.scenarios.data { name = "a", min_items = 1, min_users = 1, titles = { "X", "Y" },
    interactions = { { "1", "x" }, { "2", "y" }, { "2", "x" }, { "2", "x" } },
    groups = { { name = "g", items = { "x", "y" } }, { name = "h", items = {} } } }
  local b = cmml.scenarios.data { name = "b", min_items = 1, min_users = 1, unknown = "skip",
    interactions = { { "2", "x" }, { "3", "z" } },
    groups = { { name = "g", items = { "z", "new" } }, { name = "i", items = { "x", "z" } } } }
  return a, b
end

local function vectors(users, items, width, kind)
  return setmetatable({ kind = kind or "als", users = core.full({ users, width }, 1),
    items = core.full({ items, width }, 2), user_scale = 3, item_scale = 4, options = {} },
    cmml.vectors.Vectors)
end

describe("scenarios.join", function()
  it("shares nothing and leaves nothing out", function()
    local union = cmml.scenarios.join { sets() }
    assert.equal("a+b", union.name)
    assert.same({ "a:1", "a:2", "b:2", "b:3" }, { union.users:text(1), union.users:text(2),
      union.users:text(3), union.users:text(4) })
    assert.same({ "a:x", "a:y", "b:x", "b:z" }, { union.items:text(1), union.items:text(2),
      union.items:text(3), union.items:text(4) })
    assert.same({ 1, 2, 1, 1 }, union.interactions.users:totable())
    assert.same({ 1, 1, 2, 3, 4 }, union.interactions.items:totable())
    local shown = {}
    for s, scenario in ipairs(union.scenarios) do
      shown[s] = { scenario.name, scenario.domain, scenario.items:totable() }
    end
    assert.same({ { "a:g", "a", { 1, 2 } }, { "b:g", "b", { 4 } }, { "b:i", "b", { 3, 4 } } },
      shown)
    assert.same({ "X", "Y", "", "" }, union.titles)
    assert.equal("a:h", union.left_out[1].name)
    assert.equal("a", union.left_out[1].domain)
    assert.equal(1, union.duplicates)
    assert.equal(1, union.unknown_items)
  end)

  it("keeps domains of an earlier union", function()
    local a, b = sets()
    local c = select(2, sets())
    c.name = "c"
    local union = cmml.scenarios.join({ cmml.scenarios.join({ a, b }, "ab"), c }, "all")
    assert.equal("all", union.name)
    assert.equal("b", union.scenarios[3].domain)
    assert.equal("c", union.scenarios[4].domain)
    assert.equal("ab:b:i", union.scenarios[3].name)
  end)

  it("refuses what is no list of sets, and one name twice", function()
    local a = sets()
    refused.with_text("scenarios.join: a list of ScenarioData was expected, not an empty one",
      cmml.scenarios.join, {})
    refused.with_text("not nil", cmml.scenarios.join)
    refused.with_text("entry 2 of the list is a number, not ScenarioData", cmml.scenarios.join,
      { a, 3 })
    refused.with_text('two of the sets are called "a"', cmml.scenarios.join, { a, a })
  end)
end)

describe("vectors.join", function()
  it("repeats narrower vectors where that fits, else adds zeros", function()
    local joined = cmml.vectors.join { vectors(1, 2, 2), vectors(2, 1, 4), vectors(1, 1, 3, "bpr") }
    assert.same({ { 1, 1, 1, 1 }, { 1, 1, 1, 1 }, { 1, 1, 1, 1 }, { 1, 1, 1, 0 } },
      joined.users:totable())
    assert.same({ { 2, 2, 2, 2 }, { 2, 2, 2, 2 }, { 2, 2, 2, 2 }, { 2, 2, 2, 0 } },
      joined.items:totable())
    assert.equal("joined", joined.kind)
    assert.same({ 2, 4, 3 }, joined.options.widths)
    assert.equal("als", cmml.vectors.join({ vectors(1, 1, 2) }).kind)
    refused.with_text("entry 1 of the list is a table, not Vectors", cmml.vectors.join, { {} })
  end)

  it("makes vectors of each set alone", function()
    local a = scenario_world.data(cmml, { name = "a", users = 20, items = 30, size = 14 })
    local b = scenario_world.data(cmml, { name = "b", users = 30, items = 40, seed = 2,
      size = 20 })
    local union, asked = cmml.scenarios.join { a, b }, {}
    local function make(options, name)
      asked[#asked + 1] = name
      options.factors, options.iterations = name == "a" and 2 or 4, 3
      return cmml.vectors.als(options)
    end
    local joined = union:vectors(union.interactions, make)
    assert.same({ "a", "b" }, asked)
    local alone = b:vectors(b.interactions, make)
    assert.same(alone.users:totable(), joined.users:slice(1, #a.users + 1, #union.users):totable())
    assert.same(alone.items:totable(), joined.items:slice(1, #a.items + 1, #union.items):totable())
    local first = a:vectors(a.interactions, make).items:totable()[1]
    assert.same({ first[1], first[2], first[1], first[2] }, joined.items:totable()[1])
    refused.with_text("interactions of 20 users, but the data have 50", union.vectors, union,
      a.interactions, make)
    refused.with_text("vectors: make: entry 1 of the list is a number", a.vectors, a,
      a.interactions, function() return 3 end)
  end)

  it("saves and loads what was joined, with the ids of the union", function()
    local union = cmml.scenarios.join { sets() }
    local path = os.tmpname()
    local joined = cmml.vectors.join { vectors(2, 2, 2), vectors(2, 2, 4) }
    assert(joined:save(path, union))
    local loaded = assert(cmml.vectors.load(path))
    os.remove(path)
    assert.equal("b:z", loaded.item_ids:text(4))
    assert.same(joined.items:totable(), loaded.items:totable())
  end)
end)

describe("scenarios.read", function()
  local folder

  before_each(function()
    folder = temporary.folder()
    for format in pairs(scenario_folders.files) do
      assert(core.mkdir(folder .. "/" .. format))
      scenario_folders.write(core, folder .. "/" .. format, format)
    end
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function source(text, options)
    options = options or {}
    options.min_items, options.min_users = 1, 1
    return cmml.scenarios.read(text:gsub("@", folder .. "/"), options)
  end

  it("finds the loader by the files", function()
    for format, name in pairs { lastfm = "música", yelp = "attribute 7", taobao = "theme 7",
      ["ml-1m"] = "Comedy", ["ml-csv"] = "Comedy" } do
      local data = assert(source("@" .. format))
      assert.equal(format, data.name)
      assert.truthy(data:find(name))
    end
  end)

  it("joins with +, and passes options to those that know them", function()
    local data = assert(source("@lastfm + @ml-csv", { by = "tag", min_plays = 2 }))
    assert.equal("lastfm+ml-csv", data.name)
    assert.truthy(data:find "ml-csv:sad, slow")
    assert(core.mkdir(folder .. "/a+b"))
    scenario_folders.write(core, folder .. "/a+b", "yelp")
    assert.equal("a+b", assert(source("@a+b")).name)
  end)

  it("says what it does not know", function()
    local function fails(text, part, options)
      refused.with_message(part, source, text, options)
    end
    fails("@none", "there is no folder ")
    fails("spec", "spec is no folder of a format that is known for scenarios (groups of items): it "
      .. "has none of user_artists.dat")
    fails("@lastfm+", "a name of a folder is empty")
    fails("@lastfm", "take no option by", { by = "tag" })
    fails("@lastfm+@lastfm", 'two of the sets are called "lastfm"')
    fails("@ml-1m", "tags.dat is not there", { by = "tag" })
    refused.with_text("the path of a folder was expected", cmml.scenarios.read, 3)
    refused.with_text("unknown option bye", cmml.scenarios.read, "x", { bye = "tag" })
  end)
end)
