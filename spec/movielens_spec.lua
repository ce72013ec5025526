-- Folders in the format of MovieLens-1M.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require "spec.support.refused"
local temporary = require "spec.support.temporary"
local core = cmml.core

describe("movielens", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local good = {
    ratings = "1::1193::5::97\n1::661::3::1\n2::661::4::5\n",
    users = "1::F::1::10::48067\n2::M::56::16::70072-1234\n",
    movies = "1193::Caf\xE9 (1975)::Drama\n661::James (1996)::Animation|Children's|Musical\n",
  }

  local function read(changes, options)
    for name, text in pairs(good) do
      assert(core.write_file(("%s/%s.dat"):format(folder, name), changes[name] or text))
    end
    if changes.extra then
      assert(core.write_file(folder .. "/movies_extrainfos.dat", changes.extra))
    end
    return cmml.movielens(folder, options)
  end

  local function fails(text, changes)
    refused.with_message(text, read, changes)
  end

  it("reads the files that GroupLens distributes", function()
    local data = assert(read {})
    assert.equal(folder:match "[^/]+$", data.name)
    assert.same({ "1", "2" }, { data.users:text(1), data.users:text(2) })
    assert.same({ 2, 1 }, data.ratings.users:totable())
    assert.same({ 5, 3, 4 }, data.ratings.ratings:totable())
    assert.equal("1193", data.items:text(1))
    assert.same({ "Café (1975)", "James (1996)" }, data.titles)
    assert.same({ id = "661", title = "James (1996)", film = "661", year = "1996",
      genre = { "Animation", "Children's", "Musical" } }, data.item_records[2])
    assert.same({ id = "2", gender = "M", age = "56", occupation = "16", zip = "70072" },
      data.user_records[2])
    local names = {}
    for i, field in ipairs(data.schema.item) do
      names[i] = field[1] .. (field.kind == "list" and "*" or "")
    end
    assert.same({ "film", "year", "genre*" }, names)
  end)

  it("reads the extra information of the published experiments", function()
    local data = assert(read { extra = "1193::Café::1975::R::x::Drama::A (b), C D (co-director)::"
      .. "w::Ann, Bo, N/A::plot::url\n" })
    assert.same({ id = "1193", title = "Café (1975)", year = "1975", rate = "R",
      genre = { "Drama" }, director = { "A", "C D" }, actor = { "Ann", "Bo", "nan" } },
      data.item_records[1])
    assert.same({ id = "661", title = "James (1996)", genre = { "Animation", "Children's",
      "Musical" } }, data.item_records[2])
    local catalogue = data:catalogue { 1, 2 }
    local sizes = {}
    for i, field in ipairs(catalogue.items:sizes()) do
      sizes[i] = ("%s %d"):format(field.name, field.size)
    end
    assert.same({ "rate 1", "genre 4", "director 2", "actor 3" }, sizes)
  end)

  it("takes films and people that no rating mentions", function()
    local data = assert(read { movies = good.movies .. "7::Seven (1995)::Crime\n",
      users = good.users .. "9::F::1::1::11111\n" })
    assert.equal(3, #data.items)
    assert.equal(3, #data.users)
    assert.same({ 2, 1, 0 }, data.ratings.users:totable())
  end)

  it("takes films that stand twice for one, and the first rating of both", function()
    local data = assert(read {
      ratings = "1::811::5::1\n1::860::1::2\n2::860::4::3\n2::1795::3::3\n",
      movies = ("811::A::Drama\n860::Maybe, Maybe Not (Bewegte Mann, Der) (1994)::Drama\n"
        .. "1741::B::Drama\n1795::Callej\xF3n de los milagros, El (1995)::Drama\n") })
    assert.equal(2, #data.items)
    assert.equal(1, data.duplicates)
    assert.same({ 5, 4, 3 }, data.ratings.ratings:totable())
    assert.is_nil(data.items:id "860")
    assert.equal("A", data.titles[data.items:id "811"])
    local others = assert(read { ratings = "1::860::1::2\n", movies = "860::Heidi::Drama\n" })
    assert.equal("Heidi", others.titles[others.items:id "860"])
  end)

  it("takes the fields that are asked for", function()
    local data = assert(read({}, { item_fields = { "genre", "film" }, user_fields = {} }))
    assert.same({ "film", "genre" }, { data.schema.item[1][1], data.schema.item[2][1] })
    assert.same({}, data.schema.user)
    local ok, message = pcall(read, {}, { item_fields = { "genres" } })
    assert.is_false(ok)
    assert.truthy(message:find('item_fields "genres" is not known; did you mean genre?', 1, true),
      message)
  end)

  it("names the file that is missing", function()
    for _, name in ipairs { "ratings", "users", "movies" } do
      assert(read {})
      os.remove(("%s/%s.dat"):format(folder, name))
      local data, message = cmml.movielens(folder)
      assert.is_nil(data)
      assert.truthy(message:find(("cannot open %s/%s.dat: No such file"):format(folder, name), 1,
        true), message)
    end
  end)

  it("names file, line and column of what it cannot use", function()
    for text, found in pairs { nan = "nan", inf = "inf", ["-inf"] = "-inf", ["5 stars"] = "5 stars",
      [""] = "" } do
      fails(('ratings.dat, line 3, column 3 (rating): "%s" is not a finite number'):format(found),
        { ratings = good.ratings:gsub("::4::", "::" .. text .. "::") })
    end
    fails("beyond the range of float32", { ratings = good.ratings:gsub("::4::", "::1e300::") })
    fails("ratings.dat, line 2: 3 fields where 4 are needed",
      { ratings = good.ratings:gsub("::1\n", "\n") })
    fails("users.dat, line 1: 4 fields where 5 are needed",
      { users = good.users:gsub("::48067", "") })
    fails("movies.dat, line 2: 2 fields where 3 are needed",
      { movies = good.movies:gsub("::Animation.*", "\n") })
    fails("movies_extrainfos.dat, line 1: 3 fields where 11 are needed", { extra = "1::A::1975\n" })
    fails("users.dat, line 2", { users = good.users:gsub("M", "\xFF") })
  end)

  it("takes empty files, which leave nothing to learn from", function()
    local data = assert(read { ratings = "", users = "", movies = "" })
    assert.equal(0, #data.items)
    assert.same({ test = {}, valid = {}, train = {} }, data:split())
    local cold = assert(cmml.cold_users(data))
    local ok, message = pcall(function()
      return cmml.train(cmml.cmml(cold.catalogue, { preset = "published-code" }), cold)
    end)
    assert.is_false(ok)
    assert.truthy(message:find("there are no training users", 1, true), message)
  end)

  it("refuses what is no path", function()
    local ok, message = pcall(cmml.movielens, nil)
    assert.is_false(ok)
    assert.truthy(message:find("the path of a folder was expected, not nil", 1, true), message)
  end)

  it("reads the made world whole, and with it what decides", function()
    people.write(core, folder, { users = 20, items = 8, rated = 4, extra = true })
    local data = assert(cmml.movielens(folder))
    assert.equal(80, #data.ratings.items)
    assert.equal(2, data:catalogue({ 1 }).items:sizes()[1].size)
    assert.equal("00020", data.user_records[data.users:id "20"].zip)
    local model = cmml.cmml(data:catalogue { 1, 2 }, people.small())
    assert.equal(8, #model:adapt({}):recommend())
  end)
end)
