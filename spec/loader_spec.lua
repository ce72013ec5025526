-- Loaders: one that is declared wrongly is refused by name, one from a user's own file is found as
-- those of the library are.
local child = require "spec.support.child"
local cmml = require "cmml"
local refused = require "spec.support.refused"
local scenario_folders = require "spec.support.scenario_folders"
local temporary = require "spec.support.temporary"
local core = cmml.core

local function nothing()
  return {}
end

-- A declaration that is right but for some of its fields; false takes one away.
local function loader(changes)
  local declaration = { name = "refused", setting = "scenarios", marks = { "refused.txt" },
    read = nothing }
  for key, value in pairs(changes) do
    declaration[key] = value or nil
  end
  return declaration
end

local function refuses(text, declaration)
  local before = #cmml.loaders_of()
  refused.with_text(text, cmml.loader, declaration)
  assert.equal(before, #cmml.loaders_of())
end

describe("a loader is refused", function()
  it("unless it is a table with a name that is free", function()
    refuses("loader: a table was expected, not nil", nil)
    for _, name in ipairs { false, 5, "", "a b" } do
      refuses("loader: name must be a text of letters, digits and _, not", loader { name = name })
    end
    refuses("loader: there is a loader lastfm already", loader { name = "lastfm" })
  end)

  it("without setting, marks or function", function()
    for _, key in ipairs { "setting", "marks", "read" } do
      refuses(("loader refused: %s is missing"):format(key), loader { [key] = false })
    end
    refuses("loader refused: marks names no file", loader { marks = {} })
    refuses("loader refused: setting: there is no setting scenario; did you mean scenarios?",
      loader { setting = "scenario" })
  end)

  it("with fields that are unknown or of a wrong type", function()
    refuses("loader refused: unknown field file; did you mean files?", loader { file = {} })
    for key, value in pairs { setting = 5, title = {}, marks = "x.txt", files = "x.txt",
      options = "by", read = {} } do
      refuses(("loader refused: %s must be a "):format(key), loader { [key] = value })
    end
    for _, key in ipairs { "marks", "files", "options" } do
      refuses(("loader refused: %s: entry 2 must be a text, not number 5"):format(key),
        loader { [key] = { "a", 5 } })
      refuses(("loader refused: %s must be a list without gaps, but has the key main"):format(key),
        loader { [key] = { "a", main = "b" } })
    end
  end)
end)

-- Lines of user, item and group, as nobody publishes them.
local own = { name = "triples", setting = "scenarios", title = "triples (triples.txt)",
  marks = { "triples.txt" }, options = { "by" },
  read = function(folder, opt)
    local text, message = core.read_file(folder .. "/triples.txt")
    if not text then
      return nil, message
    end
    local pairs_found, groups, by_name = {}, {}, {}
    for user, item, name in text:gmatch "(%S+) (%S+) (%S+)\n" do
      name = (opt.by or "") .. name
      by_name[name] = by_name[name] or { name = name, items = {} }
      if #by_name[name].items == 0 then
        groups[#groups + 1] = by_name[name]
      end
      table.insert(by_name[name].items, item)
      pairs_found[#pairs_found + 1] = { user, item }
    end
    if #pairs_found == 0 then
      return nil, folder .. "/triples.txt holds no triple"
    end
    return cmml.scenarios.data { name = folder:match "[^/]+$", interactions = pairs_found,
      groups = groups, min_items = opt.min_items or 1, min_users = opt.min_users or 1 }
  end }

describe("a loader of one's own", function()
  local folder

  setup(function()
    assert.equal(own.read, cmml.loader(own).read)
    assert.is_nil(own.files) -- what was declared stays as it is
  end)

  before_each(function()
    folder = temporary.folder()
    for name, text in pairs { mine = "ann a warm\nann b warm\nbo c cold\nbo d cold\n",
      other = "eve x warm\neve y warm\n", empty = "" } do
      assert(core.mkdir(folder .. "/" .. name))
      assert(core.write_file(folder .. "/" .. name .. "/triples.txt", text))
    end
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  local function read(source, options)
    return cmml.scenarios.read((source:gsub("@", folder .. "/")), options)
  end

  it("is one of those of its setting, after the library's", function()
    local list = cmml.loaders_of "scenarios"
    assert.equal("triples", list[#list].name)
    assert.same({ "triples.txt" }, list[#list].files)
    for _, of_users in ipairs(cmml.loaders_of "users") do
      assert.not_equal("triples", of_users.name)
    end
  end)

  it("reads the folders that have its mark, with the options that it takes", function()
    local data = assert(read "@mine")
    assert.equal("mine", data.name)
    assert.truthy(data:find "cold")
    assert.truthy(assert(read("@mine", { by = "tag" })):find "tagcold")
    refused.with_message("take no option min_plays", read, "@mine", { min_plays = 2 })
    refused.with_text("none of the 2 groups is a scenario", read, "@mine", { min_items = 3 })
    refused.with_message("triples.txt holds no triple", read, "@empty")
  end)

  it("is joined with others by +, those of the library too", function()
    local data = assert(read "@mine + @other")
    assert.equal("mine+other", data.name)
    assert.equal(3, #data.scenarios)
    assert.truthy(data:find "other:warm")
    assert(core.mkdir(folder .. "/yelp"))
    scenario_folders.write(core, folder .. "/yelp", "yelp")
    data = assert(read("@mine+@yelp", { min_items = 1, min_users = 1 }))
    assert.truthy(data:find "mine:warm" and data:find "yelp:attribute 7")
    refused.with_message("there is no folder", read, "@mine+@none")
    refused.with_message("a name of a folder is empty", read, "@mine+")
  end)

  it("is found by the name of a folder in data, where no folder here has it", function()
    local root = assert(io.popen "pwd"):read "l"
    local function absolute(paths)
      return (paths:gsub("[^;]+", function(path)
        return path:find "^/" and path or root .. "/" .. path
      end))
    end
    local text = ([[
      package.path, package.cpath = %q, %q
      local cmml = require "cmml"
      local function reads(text)
        return function(folder)
          return { name = folder, text = text }
        end
      end
      cmml.loader { name = "plain", setting = "scenarios", marks = { "plain.txt" },
        read = reads "plain" }
      for _, source in ipairs { "here", "there", "data/there", "nowhere", "bare" } do
        local data, message = cmml.scenarios.read(source)
        print(source, data and data.name or message)
      end
    ]]):format(absolute(package.path), absolute(package.cpath))
    for _, name in ipairs { "here", "data", "data/here", "data/there", "bare" } do
      assert(core.mkdir(folder .. "/" .. name))
      if name ~= "data" and name ~= "bare" then
        assert(core.write_file(folder .. "/" .. name .. "/plain.txt", "x"))
      end
    end
    assert(core.write_file(folder .. "/script.lua", text))
    local pipe = assert(io.popen(("cd %s && %s 2>&1"):format(folder,
      child.command(folder .. "/script.lua"))))
    local lines = {}
    for line in pipe:lines() do
      lines[#lines + 1] = line
    end
    pipe:close()
    assert.same({ "here\there", "there\tdata/there", "data/there\tdata/there",
      "nowhere\tthere is no folder nowhere, here or in data; `cmml fetch` gets public data sets" },
      { lines[1], lines[2], lines[3], lines[4] })
    assert.matches("^bare\tbare is no folder of a format that is known for scenarios .*: it has "
      .. "none of .*user_artists.dat, .*plain.txt;", lines[5])
  end)
end)
