-- What functions promise of files that are wrong: nil and a message, never an error; and the
-- message says which file it is.
local cmml = require "cmml"
local refused = require "spec.support.refused"
local scenario_folders = require "spec.support.scenario_folders"
local stream = require "spec.support.stream"
local temporary = require "spec.support.temporary"
local core = cmml.core

describe("a loader, given files that are wrong,", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local films = {
    ["ratings.dat"] = "1::1193::5::97\n1::661::3::1\n2::661::4::5\n",
    ["users.dat"] = "1::F::1::10::48067\n2::M::56::16::70072-1234\n",
    ["movies.dat"] = "1193::Caf\xE9 (1975)::Drama\n661::James (1996)::Animation|Musical\n",
    ["movies_extrainfos.dat"] = "1193::Café::1975::R::x::Drama::A (b), C::w::Ann, N/A::plot::url\n",
  }

  -- Folders that can be read, by the name of their loader, with the options they are read with.
  local small = { min_items = 1, max_items = 9, min_users = 1 }
  local tags = { min_items = 1, max_items = 9, min_users = 1, by = "tag" }
  local good = {
    { "movielens", films, {} },
    { "movielens_scenarios", scenario_folders.files["ml-1m"], small },
    { "movielens_scenarios", scenario_folders.files["ml-csv"], small },
    { "movielens_scenarios", scenario_folders.files["ml-csv"], tags },
    { "lastfm", scenario_folders.files.lastfm, small },
    { "yelp", scenario_folders.files.yelp, small },
    { "taobao_themes", scenario_folders.files.taobao, small },
  }

  local function loader_of(name)
    for _, loader in ipairs(cmml.loaders_of()) do
      if loader.name == name then
        return loader
      end
    end
  end

  local function write(files, changes)
    for name, text in pairs(files) do
      assert(core.write_file(folder .. "/" .. name, changes and changes[name] or text))
    end
  end

  local function fails(text, name, files, options, changes)
    write(files, changes)
    refused.with_message(text, loader_of(name).read, folder, options)
  end

  it("names the line of an id that stands twice", function()
    for _, case in ipairs {
      { "users.dat", "1::M::1::1::1\n", 3 }, { "movies.dat", "661::B::Drama\n", 3 },
      { "movies_extrainfos.dat", "1193::B::1975::R::x::Drama::A::w::Ann::plot::url\n", 2 } } do
      local name, line, number = table.unpack(case)
      fails(('%s/%s, line %d, column 1 (id): "%s" is there twice'):format(folder, name, number,
        line:match "^%d+"), "movielens", films, {}, { [name] = films[name] .. line })
    end
    local layouts = scenario_folders.files
    fails('movies.dat, line 7, column 1 (movie): "10" is there twice', "movielens_scenarios",
      layouts["ml-1m"], small,
      { ["movies.dat"] = layouts["ml-1m"]["movies.dat"] .. "10::B::War\n" })
    os.remove(folder .. "/ratings.dat")
    fails('movies.csv, line 8, column 1 (movieId): "10" is there twice', "movielens_scenarios",
      layouts["ml-csv"], small,
      { ["movies.csv"] = layouts["ml-csv"]["movies.csv"] .. "10,B,War\n" })
    fails('tags.dat, line 5, column 1 (tagID): "7" is there twice', "lastfm", layouts.lastfm, small,
      { ["tags.dat"] = layouts.lastfm["tags.dat"] .. "7\tjazz\r\n" })
    fails('artists.dat, line 4, column 1 (id): "10" is there twice', "lastfm", layouts.lastfm,
      small, { ["artists.dat"] = layouts.lastfm["artists.dat"] .. "10\tB\tu\tp\n" })
  end)

  it("tells tags of one name apart, whatever they are called", function()
    local layout = scenario_folders.files.lastfm
    write(layout, { ["tags.dat"] = "tagID\ttagValue\r\n7\trock (9)\r\n8\trock\r\n9\trock\r\n" })
    local data = assert(loader_of "lastfm".read(folder, small))
    local names = {}
    for i, scenario in ipairs(data.scenarios) do
      names[i] = scenario.name
    end
    table.sort(names)
    assert.same({ "rock", "rock (9)", "rock (9) (9)" }, names)
  end)

  -- A text with one thing done to it that happens to files.
  local function damage(text, draw)
    local lines = {}
    for line in text:gmatch "[^\n]*\n?" do
      lines[#lines + 1] = line ~= "" and line or nil
    end
    local at, other, kind = draw(#lines), draw(#lines), draw(8)
    if kind == 1 then
      table.insert(lines, at, lines[other])
    elseif kind == 2 then
      table.remove(lines, at)
    elseif kind == 3 then
      lines[at], lines[other] = lines[other], lines[at]
    elseif kind == 4 then
      lines[at] = lines[at]:sub(1, draw(#lines[at]) - 1)
    elseif kind == 5 then
      lines[at] = lines[at]:gsub("%d+", ({ "0", "-1", "nan", "", "99999999999", " 10 " })[draw(6)],
        1)
    elseif kind == 6 then
      lines[at] = lines[at]:gsub("[^\n]", "", draw(3))
    elseif kind == 7 then
      local place, spice = draw(#lines[at]), '":,|\t\r\n\0\xEF\xC3{[1e'
      local letter = draw(#spice)
      lines[at] = lines[at]:sub(1, place - 1) .. spice:sub(letter, letter)
        .. lines[at]:sub(place + 1)
    else
      return text:sub(1, draw(#text) - 1)
    end
    return table.concat(lines)
  end

  it("gives nil and a message that names the folder, whatever happened to a file", function()
    local draw, read, refusals = stream(11), 0, 0
    for _, case in ipairs(good) do
      local loader, files, options = loader_of(case[1]), case[2], case[3]
      local names = {}
      for name in pairs(files) do
        names[#names + 1] = name
      end
      table.sort(names)
      write(files)
      assert(loader.read(folder, options))
      for _ = 1, 60 do
        local name = names[draw(#names)]
        local text = damage(files[name], draw)
        assert(core.write_file(folder .. "/" .. name, text))
        local ok, result, message = pcall(loader.read, folder, options)
        assert.is_true(ok, ("%s raised for %s:\n%s\n%s"):format(case[1], name, text, result))
        assert.truthy(result or tostring(message):find(folder:match "[^/]+$", 1, true), message)
        read, refusals = read + (result and 1 or 0), refusals + (result and 0 or 1)
        assert(core.write_file(folder .. "/" .. name, files[name]))
      end
      for _, name in ipairs(names) do
        os.remove(folder .. "/" .. name)
      end
    end
    assert.truthy(read > 60 and refusals > 60, ("%d read, %d refused"):format(read, refusals))
  end)
end)
