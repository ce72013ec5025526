-- Loaders of public data sets of scenarios, on folders in their formats that are made up.
local plain = require "cmml.base.plain"
local cmml = require "cmml"
local scenario_folders = require "spec.support.scenario_folders"
local refused = require "spec.support.refused"
local temporary = require "spec.support.temporary"
local core = cmml.core

local small = { min_items = 1, min_users = 1 }

local function with(changes)
  local options = { min_items = 1, min_users = 1 }
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  return options
end

-- "name: raw ids" of each scenario.
local function shown(data)
  local list = {}
  for s, scenario in ipairs(data.scenarios) do
    local ids = {}
    for i, row in ipairs(scenario.items:totable()) do
      ids[i] = data.items:text(row)
    end
    plain.sort(ids)
    list[s] = scenario.name .. ": " .. table.concat(ids, " ")
  end
  plain.sort(list)
  return list
end

describe("loaders", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local function load(loader, format, options, changes)
    scenario_folders.write(core, folder, format, changes)
    return cmml.loaders[loader](folder, options or small)
  end

  local function fails(loader, format, changes, text, options)
    refused.with_message(text, load, loader, format, options, changes)
  end

  describe("lastfm", function()
    it("reads plays and tags", function()
      local data = assert(load("lastfm", "lastfm"))
      assert.same({ "música: 10 20", "rock (9): 40 50", "rock: 30" }, shown(data))
      assert.same({ 2, 2, 2, 2 }, data.interactions.users:totable())
      assert.equal(1, data.duplicates)
      assert.equal(1, data.unknown_items)
      assert.equal("Björk, \"B\"", data.titles[data.items:id "10"])
      assert.equal("", data.titles[data.items:id "20"])
      assert.equal(folder:match "[^/]+$", data.name)
    end)

    it("filters plays and groups", function()
      local data = assert(load("lastfm", "lastfm", with { min_plays = 2, min_users = 2 }))
      assert.same({ 2, 2, 1, 2 }, data.interactions.users:totable())
      assert.same({ "música: 10 20", "rock (9): 40 50" }, shown(data))
      assert.same({ { name = "rock", reason = "1 users took any of its items, fewer than 2" } },
        data.left_out)
    end)

    it("does without artists.dat, but not with a damaged one", function()
      assert.is_nil(assert(load("lastfm", "lastfm", nil, { ["artists.dat"] = false })).titles)
      fails("lastfm", "lastfm", { ["artists.dat"] = "id\tname\n1\n" },
        "artists.dat, line 2: 1 fields")
    end)

    it("names file and line of what is wrong", function()
      fails("lastfm", "lastfm", { ["user_artists.dat"] = false }, "user_artists.dat")
      fails("lastfm", "lastfm", { ["user_artists.dat"] = "" }, "user_artists.dat is empty")
      fails("lastfm", "lastfm", { ["user_artists.dat"] = "userID\tartistID\tweight\n" },
        "there are no interactions")
      fails("lastfm", "lastfm", { ["user_artists.dat"] = "userID\tartist\tweight\n1\t2\t3\n" },
        'no column "artistID" in the header')
      fails("lastfm", "lastfm", { ["user_artists.dat"] = "userID\tartistID\tweight\n1\t2\tx\n" },
        'user_artists.dat, line 2, column 3 (weight): "x" is not a finite number')
      fails("lastfm", "lastfm", { ["user_artists.dat"] = "userID\tartistID\tweight\n1\t2\n" },
        "user_artists.dat, line 2: 2 fields where 3 are needed")
      fails("lastfm", "lastfm", { ["tags.dat"] = "tagID\ttagValue\n7\tx\n" },
        "tags.dat: no name of tag 8, which user_taggedartists.dat has")
      fails("lastfm", "lastfm", { ["user_taggedartists.dat"] = "userID\tartistID\ttagID\n" },
        "there are no groups")
      fails("lastfm", "lastfm", nil, "none of the 3 groups is a scenario: they have 1 to 2 items",
        {})
    end)
  end)

  describe("yelp", function()
    it("reads visits and attributes", function()
      local data = assert(load("yelp", "yelp"))
      assert.same({ "attribute 7: 10 20", "attribute 8: 10", "attribute 9: 40 50" }, shown(data))
      assert.same({ 2, 2, 1, 2 }, data.interactions.users:totable())
      assert.equal(1, data.duplicates)
      assert.equal(1, data.unknown_items)
    end)

    it("names what is wrong", function()
      fails("yelp", "yelp", { ["Yelp.txt"] = "1 2\n7\n" },
        "Yelp.txt: row 2 of those that are not empty has a user (7), but no item")
      fails("yelp", "yelp", { ["Yelp.txt"] = "1 2\n \n" }, "has a user, but no item")
      fails("yelp", "yelp", { ["Yelp.txt"] = "\n" }, "there are no interactions")
      fails("yelp", "yelp", { ["Yelp_item2attributes.json"] = "[1]" }, "an object was expected")
      fails("yelp", "yelp", { ["Yelp_item2attributes.json"] = "{" }, "Yelp_item2attributes.json")
      fails("yelp", "yelp", { ["Yelp_item2attributes.json"] = '{"10": [7, 1.5]}' },
        'item "10" has a group that is number 1.5, not a text or a whole number')
      fails("yelp", "yelp", { ["Yelp_item2attributes.json"] = '{"10": {"a": 1}}' },
        'item "10" has a group that is table')
      fails("yelp", "yelp", { ["Yelp_item2attributes.json"] = "{}" }, "there are no groups")
    end)
  end)

  describe("movielens_scenarios", function()
    it("reads the old layout by genre, combination and both", function()
      local data = assert(load("movielens_scenarios", "ml-1m"))
      assert.same({ "Comedy: 10 20 50", "Drama: 10 20 40 50", "War: 20 30" }, shown(data))
      assert.equal("Café (1999)", data.titles[data.items:id "10"])
      assert.equal(1, data.unknown_items)
      assert.equal(1, data.duplicates)
      data = assert(cmml.loaders.movielens_scenarios(folder, with { by = "combination" }))
      assert.same({ "Comedy + Drama: 10 20 50", "Comedy + War: 20", "Drama + War: 20" },
        shown(data))
      data = assert(cmml.loaders.movielens_scenarios(folder, with { by = "genre+combination" }))
      assert.equal(6, #data.scenarios)
    end)

    it("reads the new layout, quoted titles included", function()
      local data = assert(load("movielens_scenarios", "ml-csv"))
      assert.same({ "Comedy: 10 50", "Drama: 10 20 40 50" }, shown(data))
      assert.equal('One, "Two" (1999)', data.titles[data.items:id "10"])
    end)

    it("reads tags in small letters, once a film", function()
      local data = assert(load("movielens_scenarios", "ml-csv", with { by = "tag" }))
      assert.same({ "funny: 10 20", "sad, slow: 40 50" }, shown(data))
      assert.equal(1, data.unknown_items)
    end)

    it("leaves out low ratings", function()
      local data = assert(load("movielens_scenarios", "ml-csv", with { min_rating = 4 }))
      assert.same({ 2, 2, 1, 2 }, data.interactions.users:totable())
      fails("movielens_scenarios", "ml-csv", nil, "there are no interactions",
        with { min_rating = 6 })
    end)

    it("takes films that stand twice for one", function()
      local data = assert(load("movielens_scenarios", "ml-1m", nil, {
        ["ratings.dat"] = "1::1741::5::0\n2::1795::5::0\n",
        ["movies.dat"] = "1741::X::Drama\n1795::Callej\xf3n de los milagros, El (1995)::Drama\n" }))
      assert.same({ "Drama: 1741" }, shown(data))
      assert.equal(0, data.unknown_items)
    end)

    it("names what is wrong", function()
      fails("movielens_scenarios", "ml-1m", { ["ratings.dat"] = false },
        "has neither ratings.csv nor ratings.dat")
      fails("movielens_scenarios", "ml-1m", nil, "tags.dat is not there", with { by = "tag" })
      fails("movielens_scenarios", "ml-1m", { ["movies.dat"] = "10::x\n" },
        "movies.dat, line 1: 2 fields where 3 are needed")
      fails("movielens_scenarios", "ml-1m", { ["ratings.dat"] = "1::10::good::0\n" },
        '"good" is not a finite number')
      assert.has_error(function()
        cmml.loaders.movielens_scenarios(folder, { by = "year" })
      end)
    end)
  end)

  describe("taobao_themes", function()
    it("reads clicks by theme, and pools", function()
      local data = assert(load("taobao_themes", "taobao"))
      assert.same({ "theme 7: 10 20", "theme 8: 10 30", "theme 9: 40 50" }, shown(data))
      assert.same({ 2, 2, 1, 2 }, data.interactions.users:totable())
      assert.equal(1, data.duplicates)
      data = assert(cmml.loaders.taobao_themes(folder, with { items = "pool" }))
      assert.same({ "theme 7: 10 30", "theme 8: 20" }, shown(data))
      assert.equal(1, data.unknown_items)
    end)

    it("finds its columns in any order, and misses none in silence", function()
      local data = assert(load("taobao_themes", "taobao", nil, {
        ["theme_click_log.csv"] = "item_id,user_id,theme_id\n10,1,7\n" }))
      assert.same({ "theme 7: 10" }, shown(data))
      fails("taobao_themes", "taobao", { ["theme_click_log.csv"] = "item_id,user_id\n1,2\n" },
        'no column "theme_id" in the header')
      fails("taobao_themes", "taobao", {
        ["theme_click_log.csv"] = "user_id,theme_id,item_id\n1,2\n" },
        "theme_click_log.csv, line 2: 2 fields where 3 are needed")
      fails("taobao_themes", "taobao", { ["theme_item_pool.csv"] = "a,b\n" },
        'theme_item_pool.csv: no column "theme_id"', with { items = "pool" })
      fails("taobao_themes", "taobao", { ["theme_click_log.csv"] = "" }, "is empty")
    end)
  end)

  it("want the path of a folder", function()
    for _, name in ipairs { "lastfm", "yelp", "movielens_scenarios", "taobao_themes" } do
      local ok, message = pcall(cmml.loaders[name], 7)
      assert.is_false(ok)
      assert.truthy(message:find(name .. ": the path of a folder was expected, not number", 1,
        true))
    end
  end)
end)
