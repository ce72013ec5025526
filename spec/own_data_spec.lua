-- From a file of one's own to a model, a table and a recommendation, on the command line alone; and
-- folders of public sets that the general reader reads.
local cmml = require "cmml"
local plain = require "cmml.base.plain"
local cli = require "spec.support.cli"
local temporary = require "spec.support.temporary"
local core = cmml.core

local folder
temporary.around(setup, teardown, function(path)
  folder = path
end)

local function write(name, text)
  return temporary.write(folder, name, text)
end

local function runs(...)
  local output, errors, code = cli(...)
  assert.equal(0, code, errors)
  return output, errors
end

local function contains(text, part)
  assert.truthy(text:find(part, 1, true), text)
end

-- Ratings of 80 customers, who love the even snacks and hate the odd ones, or the other way round.
local function own_ratings()
  local lines = { "customer,snack,stars,when" }
  for u = 1, 80 do
    for k = 1, 16 do
      local i = (u * 7 + k * 5) % 24 + 1
      lines[#lines + 1] = plain.format('cust-%d,"snack, no. %d",%.1f,2024-01-%02d 10:00:00', u, i,
        (i + u) % 2 == 0 and 4.5 or 1.0, k)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

local columns = "user=customer,item=snack,rating=stars,time=when"

describe("a file of one's own", function()
  it("becomes a model, a table and a recommendation in three commands", function()
    local path, out = write("own.csv", own_ratings()), folder .. "/model"
    local output, errors = runs("train", "--ratings", path, "--columns", columns, "--out", out,
      "--epochs=2")
    contains(errors, "user = customer")
    contains(output, "1280 ratings, 80 users, 24 items")
    local model = out .. "/best.safetensors"
    output = runs("evaluate", "--ratings", path, "--columns", columns, "--model", model)
    contains(output, "| CMML, seed 1")
    contains(output, "| item-kNN")
    output = runs("recommend", "--model", model, "--rate", "snack, no. 2=5", "--rate",
      "snack, no. 3=1", "--n=3")
    assert.truthy(output:find "snack, no%. %d", output)
  end)

  it("is a source of experiments and of tuning", function()
    local path = folder .. "/own.csv"
    local output = runs("experiment", "users", "--ratings", path, "--columns", columns, "--seeds=1",
      "--epochs=1", "--jobs=1", "--out", folder .. "/users", "--quiet", "--resamples=50")
    contains(output, "own.csv")
    output = runs("tune", "--ratings", path, "--columns", columns, "--trials=1", "--epochs=1",
      "--space", "lr=0.001|0.01", "--jobs=1", "--out", folder .. "/tune", "--quiet")
    contains(output, "best settings")
  end)

  it("is computed anew where a list of test users changed under its name", function()
    local list = write("tested.txt", "cust-1\ncust-2\n")
    local function n_cells()
      local before = assert(io.popen(("ls '%s/listed/cells' | wc -l"):format(folder)))
      local n = before:read "n"
      before:close()
      return n
    end
    local words = { "experiment", "compare", "--rows", write("rows.lua",
      'return { { row = "mean", kind = "global_mean" } }'), "--ratings", folder .. "/own.csv",
      "--columns", columns, "--test-users", list, "--jobs=1", "--quiet", "--resamples=50", "--out",
      folder .. "/listed" }
    runs(table.unpack(words))
    local first = n_cells()
    runs(table.unpack(words))
    assert.equal(first, n_cells())
    write("tested.txt", "cust-3\ncust-4\n")
    runs(table.unpack(words))
    assert.equal(2 * first, n_cells())
  end)

  it("is refused beside a folder, and its options without it", function()
    for part, words in pairs {
      ["--data and --ratings exclude each other"] = { "--data=data/made", "--ratings=x.csv" },
      ["--columns is for files of your own, and needs --ratings FILE"] = { "--data=data/made",
        "--columns=user,item" },
      ["there is no file x.csv"] = { "--ratings=x.csv" },
    } do
      local _, errors, code = cli("train", "--out", folder .. "/none", table.unpack(words))
      assert.equal(1, code)
      contains(errors, part)
    end
  end)

  it("makes scenarios of a field of items", function()
    local items = { "snack,taste" }
    for i = 1, 24 do
      items[#items + 1] = ('"snack, no. %d",%s'):format(i, ({ [0] = "salty|crisp", "sweet",
        "sweet|crisp" })[i % 3])
    end
    local _, errors = runs("train", "--setting=scenarios", "--ratings", folder .. "/own.csv",
      "--columns", columns, "--items", write("snacks.csv", table.concat(items, "\n")),
      "--min-items=4", "--min-rating=3", "--factors=4", "--epochs=1", "--steps=2", "--batch=2",
      "--valid=0", "--out", folder .. "/scenarios")
    contains(errors, "scenarios are the values of the field taste")
    contains(errors, "entries below min_rating 3")
  end)
end)

describe("a rating of the command line", function()
  it("splits at its last =, and an id may hold commas", function()
    local ratings = { { "a", "x=1,y", 5 }, { "a", "p", 1 }, { "b", "x=1,y", 4 }, { "b", "q", 2 } }
    local set = cmml.dataset { ratings = ratings, schema = {} }
    local model = cmml.recommenders.global_mean(set:catalogue { 1, 2 }) -- any kind reads supports
    local read = model.setting.read_request
    assert.same({ { "x=1,y", 5 }, user = {} }, (read(model, { rate = { "x=1,y=5" } })))
    assert.same({ { "p", 5 }, { "q", 1 }, user = {} }, (read(model, { rate = { "p=5,q=1" } })))
    assert.same({ { "p", 5 }, { "q", 1.5 }, user = {} },
      (read(model, { rate = { "p=5", "q=1.5" } })))
  end)
end)

describe("folders of public sets", function()
  local function read(name, files)
    for file, text in pairs(files) do
      write(name .. "/" .. file, text)
    end
    for _, loader in ipairs(cmml.loaders_of "users") do
      for _, mark in ipairs(loader.marks) do
        if core.exists(("%s/%s/%s"):format(folder, name, (mark:gsub("%*", name)))) then
          return assert(loader.read(folder .. "/" .. name, {})), loader.name
        end
      end
    end
  end

  it("are MovieLens's csv files, with genres and the year of the title", function()
    local set, name = read("ml-x", {
      ["ratings.csv"] = "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n2,5,2.5,964981247\n",
      ["movies.csv"] = 'movieId,title,genres\n1,"Story, A (1995)",Drama|Comedy\n'
        .. "5,Untitled,(no genres listed)\n" })
    assert.equal("movielens_csv", name)
    assert.equal(2, #set.ratings.items)
    assert.same({ 964982703, 964981247 }, set.ratings.times:totable())
    local record = set.item_records[set.items:id "1"]
    assert.same({ "Drama", "Comedy" }, record.genre)
    assert.equal("1995", record.year)
    assert.equal("Story, A (1995)", set.titles[set.items:id "1"])
    assert.same({}, set.item_records[set.items:id "5"].genre)
  end)

  it("are RecBole's atomic files", function()
    local set, name = read("toy", {
      ["toy.inter"] = "user_id:token\titem_id:token\trating:float\n7\t9\t3\n7\t8\t5\n",
      ["toy.user"] = "user_id:token\tage:token\n7\t24\n" })
    assert.equal("atomic_files", name)
    assert.equal("24", set.user_records[set.users:id "7"].age)
  end)

  it("are Book-Crossing's, whose ratings of 0 are left out and counted", function()
    local set, name = read("bx", {
      ["BX-Book-Ratings.csv"] = '"User-ID";"ISBN";"Book-Rating"\r\n"276725";"034545104X";"0"\r\n'
        .. '"276726";"0155061224";"5"\r\n"276726";"034545104X";"8"\r\n',
      ["BX-Books.csv"] = '"ISBN";"Book-Title";"Book-Author";"Year-Of-Publication";"Publisher"\r\n'
        .. '"034545104X";"Flesh \\"Tones\\"; a \xE9";"M. J. Rose";"2002";"Ballantine"\r\n' })
    assert.equal("book_crossing", name)
    assert.equal(2, #set.ratings.items)
    assert.equal('Flesh "Tones"; a \u{E9}', set.titles[set.items:id "034545104X"])
    contains(table.concat(set.notes, "\n"), "left out 1 of 3 ratings that are 0")
  end)

  it("are Last.fm-360K's, whose names have single quotes and double ones", function()
    local set, name = read("lastfm-360k", {
      ["usersha1-artmbid-artname-plays.tsv"] = '00\t3bd7\tbetty "blowtorch\t2137\n'
        .. "00\t\tdie \u{C4}rzte\t1099\n01\t3bd7\tbetty \"blowtorch\t3\n",
      ["usersha1-profile.tsv"] = "00\tf\t22\tGermany\tFeb 1, 2007\n"
        .. "01\tm\t\tMexico\tMay 4, 2008\n" })
    assert.equal("lastfm_360k", name)
    assert.equal("weights", set.kind)
    assert.equal(2, #set.items)
    assert.equal("Mexico", set.user_records[set.users:id "01"].country)
    assert.is_nil(set.user_records[set.users:id "01"].age)
  end)
end)
