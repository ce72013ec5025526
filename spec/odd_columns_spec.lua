-- Columns of one's own that are named as nobody expects: twice, like something else, or in letters
-- of another script; and JSON that is not flat. Nothing of them is taken for another in silence.
local cmml = require "cmml"
local assert_refused = require("spec.support.refused").with_message
local cli = require "spec.support.cli"
local temporary = require "spec.support.temporary"

local folder
temporary.around(before_each, after_each, function(path)
  folder = path
end)

local function write(name, text)
  return temporary.write(folder, name, text)
end

local ratings = "user,item,rating\nann,tea,4\nbob,cake,3\nann,cake,2\n"

-- Options of ratings and of one file of items.
local function with_items(name, text, columns)
  return { ratings = write("ratings.csv", ratings), items = { write(name, text) },
    item_columns = columns }
end

local function record(set, id)
  return set.item_records[set.items:id(id)]
end

local function noted(set, part)
  local all = table.concat(set.notes, "\n")
  assert.truthy(all:find(part, 1, true), all)
end

local function refused(part, options)
  assert_refused(part, cmml.read_dataset, options)
end

describe("columns of items", function()
  it("of one name are two fields", function()
    local set = assert(cmml.read_dataset(with_items("i.csv",
      "item,Genre,genre,price\ntea,hot,green,1\ncake,sweet,soft,2\n")))
    local tea = record(set, "tea")
    assert.same({ "hot", "green" }, { tea.genre, tea.item_genre })
  end)

  it("called id besides the column of ids are a field", function()
    local set = assert(cmml.read_dataset(with_items("i.csv",
      "item_id,id,genre\ntea,1,hot\ncake,2,sweet\n")))
    assert.same({ id = "tea", item_id = "1", genre = "hot" }, record(set, "tea"))
  end)

  it("called name besides the title are a field", function()
    local set = assert(cmml.read_dataset(with_items("i.csv",
      "item,title,name,genre\ntea,Tea,T,hot\ncake,Cake,C,sweet\n")))
    assert.same({ "Tea", "T" }, { record(set, "tea").title, record(set, "tea").name })
    assert.equal("Tea", set.titles[set.items:id "tea"])
  end)

  it("called n are a field", function()
    local set = assert(cmml.read_dataset(with_items("i.csv",
      "item,n,genre\ntea,1,hot\ncake,2,sweet\n")))
    assert.equal("1", record(set, "tea").n)
  end)

  it("with names of no letter that fields have are called by their place", function()
    local set = assert(cmml.read_dataset(with_items("i.csv",
      "item,жанр,size\ntea,hot,1\ncake,sweet,2\n")))
    assert.equal("hot", record(set, "tea").column_2)
  end)

  it("that hold numbers in lists are left out and told", function()
    local set = assert(cmml.read_dataset(with_items("i.item",
      "item_id:token\tgenre:token\tv:float_seq\ntea\thot\t1 2\ncake\tsweet\t3 4\n")))
    noted(set, "v:float_seq (left out, it holds numbers in lists)")
  end)

  it("cannot be two things", function()
    refused("item columns: id and genre are both column 1", with_items("i.csv",
      "item,genre\ntea,hot\n", "id=item,genre=item"))
  end)
end)

describe("columns of ratings", function()
  local function given(text, columns, header)
    return { ratings = write("r.csv", text), columns = columns, header = header }
  end

  it("of one name are refused by name and read by number", function()
    local text = "user,item,user,rating\nann,tea,x,4\nbob,cake,y,3\n"
    refused("columns 1 and 3 are both called user", given(text,
      "user=user,item=item,rating=rating"))
    local set = assert(cmml.read_dataset(given(text, "user=3,item=item,rating=rating")))
    assert.same({ "x", "y" }, { set.users:text(1), set.users:text(2) })
  end)

  it("cannot be two things", function()
    refused("user and item are both the column user", given(ratings,
      "user=user,item=user,rating=rating"))
  end)

  it("that are numbers are places, unless all of them are names", function()
    local columns = "user=1,item=2,rating=3"
    local set = assert(cmml.read_dataset(given("a,x,1\nb,y,2\n", columns)))
    assert.same({ "a", "x", 1 }, { set.users:text(1), set.items:text(1),
      set.ratings.ratings:totable()[1] })
    set = assert(cmml.read_dataset(given("3,2,1\n5,x,a\n4,y,b\n", columns)))
    assert.same({ "a", "x", 5 }, { set.users:text(1), set.items:text(1),
      set.ratings.ratings:totable()[1] })
  end)

  it("of weights are not read beside ratings, and told", function()
    local set = assert(cmml.read_dataset(given("user,item,rating,count\nann,tea,4,7\n")))
    noted(set, "rating = rating; not read: count")
  end)

  it("need the file that they are of", function()
    refused("item_columns says what a file holds that is missing", { ratings = write("r.csv",
      ratings), item_columns = "id,genre" })
  end)

  it("are not repeated whole in messages", function()
    local set, message = cmml.read_dataset(given(ratings, ("x"):rep(1 << 20)))
    assert.is_nil(set)
    assert.is_true(#message < 400, #message)
  end)

  it("tell a delimiter by how many they are", function()
    local set = assert(cmml.read_dataset(given("ann,tea,hot;green,4\nbob,tea,hot;black,3\n",
      "user,item,skip,rating")))
    assert.same({ "tea", 4 }, { set.items:text(1), set.ratings.ratings:totable()[1] })
    set = assert(cmml.read_dataset(given("ann tea 3,5\nbob tea 4,5\n", "user,item,rating")))
    assert.same({ 3.5, 4.5 }, set.ratings.ratings:totable())
  end)

  it("have a delimiter of some bytes", function()
    for _, delimiter in ipairs { "", "\n", '"', "123456789" } do
      refused("a delimiter has 1 to 8 bytes", { ratings = write("r.csv", ratings),
        delimiter = delimiter })
    end
  end)

  it("that add up to no number are refused in words of the user", function()
    local set, message = cmml.read_dataset(given("user,item,weight\na,x,3e38\na,x,3e38\n"))
    assert.is_nil(set)
    assert.matches("^the repeated ratings of a user and an item add up to no number", message)
  end)

  it("are not told by a header that is off", function()
    refused("header is off", given(ratings, nil, "off"))
  end)

  it("are called by what they are in messages", function()
    refused("line 2, column 3 (rating)", given("user,item,rating\nann,tea,\n"))
    refused("line 2, column 3 (weight)", given("user,item,plays\nann,tea,x\n"))
  end)
end)

describe("a comma in numbers", function()
  local function given(text, decimal)
    return { ratings = write("r.tsv", text), decimal = decimal }
  end

  local function values(options)
    return assert(cmml.read_dataset(options)).ratings.ratings:totable()
  end

  it("stands before decimals where it cannot stand between thousands", function()
    assert.same({ 3.5, 4 }, values(given "user\titem\trating\nann\ttea\t3,5\nbob\ttea\t4\n"))
    assert.same({ 1.125, 0.5 }, values(given(
      "user\titem\trating\nann\ttea\t1,125\nbob\ttea\t0,5\n")))
  end)

  it("that may stand between thousands is refused, unless somebody says what it is", function()
    local text = "user\titem\tplays\nann\ttea\t1,250\nbob\ttea\t12\n"
    refused("column 3 (plays): 1,250 may have a comma before decimals or between thousands",
      given(text))
    assert.same({ 1.25, 12 }, values(given(text, ",")))
    refused('line 2, column 3 (weight): "1,250" is not a finite number', given(text, "."))
  end)

  it("is judged likewise in what is known of items", function()
    local function price(one, other, decimal)
      local opt = with_items("i.csv", ("item;price;genre\ntea;%s;hot\ncake;%s;sweet\n"):format(one,
        other), "id=item,price=price:number")
      opt.decimal = decimal
      return opt
    end
    assert.equal(2.5, record(assert(cmml.read_dataset(price("2,5", "3"))), "tea").price)
    assert.equal(1.25, record(assert(cmml.read_dataset(price("1,250", "3", ","))), "tea").price)
    refused('row 1 of price is "1,250", whose comma', price("1,250", "3"))
    refused('row 1 of price is "1,250", not a finite number', price("1,250", "12.5"))
  end)

  it("in JSON is read where it is said to stand before decimals", function()
    assert.same({ 4.5 }, values { ratings = write("r.json",
      '{"user":"ann","item":"tea","rating":"4,5"}\n'), decimal = "," })
  end)
end)

describe("quotes", function()
  it("that the beginning of a file has not are not taken for a part of ids", function()
    local path = write("r.tsv", "user\titem\trating\n" .. ("ann\ttea\t4\n"):rep(300)
      .. 'bob\t"tea"\t3\n')
    refused("stands in quotes, but the beginning of the file has none", { ratings = path })
    local function items(quotes)
      return #assert(cmml.read_dataset { ratings = path, quotes = quotes }).items
    end
    assert.same({ 1, 2 }, { items "on", items "off" })
  end)
end)

describe("scenarios", function()
  it("tell what they do not use", function()
    local lines = { "user,item,rating,time" }
    for i = 1, 60 do
      lines[i + 1] = ("u%d,i%d,%d,%d"):format(i % 6, i % 10, i % 5, i)
    end
    local things = { "item,kind,colour" }
    for i = 0, 9 do
      things[i + 2] = ("i%d,a|b,c%d"):format(i, i % 2)
    end
    local output, errors, code = cli("stats", "--setting", "scenarios", "--min-items", "2",
      "--ratings", write("r.csv", table.concat(lines, "\n")),
      "--items", write("i.csv", table.concat(things, "\n")),
      "--users", write("u.csv", "user,age,job\nu1,3,x\nu2,4,y\n"))
    assert.equal(0, code, errors)
    local told = (output .. errors):gsub("%s+", " ")
    local part = "scenarios do not use the ratings (--min-rating N leaves out what lies below N); "
      .. "times; of items colour; of users age, job"
    assert.truthy(told:find(part, 1, true), told)
  end)
end)

describe("a header", function()
  it("over ids that are numbers is none of them", function()
    local set = assert(cmml.read_dataset { columns = "user,item",
      ratings = write("r.csv", "cust,prod\n1,7\n2,8\n") })
    assert.same({ 2, 2 }, { #set.users, #set.items })
    set = assert(cmml.read_dataset { columns = "user,item",
      ratings = write("r.csv", "ann,7\n1,8\n2,9\n") })
    assert.same({ 3, 3 }, { #set.users, #set.items })
  end)

  it("is no line of ids with a colon, which is not a type of atomic files", function()
    local lines = {}
    for i = 1, 20 do
      lines[i] = ("user:%s,track:%s\n"):format(("abcde"):sub(i % 5 + 1, i % 5 + 1),
        ("wxyz"):sub(i % 4 + 1, i % 4 + 1))
    end
    local path = write("colons.csv", table.concat(lines))
    local set = assert(cmml.read_dataset { ratings = path, columns = "user,item" })
    assert.same({ 5, 4, 20 }, { #set.users, #set.items, #set.ratings.items })
    assert.equal("user:b", set.users:text(1))
    refused("which columns hold users and items is not known", { ratings = path })
  end)
end)

describe("a line", function()
  it("that never ends is refused with its number", function()
    refused("r.csv, line 3: it has more than", { columns = "user,item,rating",
      ratings = write("r.csv", 'user,item,rating\nann,tea,4\n"' .. ("x"):rep(68 << 20)) })
  end)
end)

describe("the step of a scale", function()
  it("is the same in statistics and in models", function()
    local set = assert(cmml.read_dataset { ratings = write("r.csv",
      "user,item,rating\nann,tea,1\nbob,tea,2\neve,tea,3.5\n") })
    assert.equal(0.5, set:stats().values.step)
  end)
end)

describe("times", function()
  it("of the whole range of 64 bits have statistics", function()
    local set = assert(cmml.read_dataset { ratings = write("r.csv",
      "user,item,rating,time\nann,tea,4,-9223372036854775808\nbob,tea,3,-5\n") })
    local times = set:stats().times
    assert.same({ math.mininteger, -5, "1677-09-21" }, { times.first, times.last,
      times.first_day })
  end)
end)

describe("JSON", function()
  it("of items may hold fractions, nothing and, told, objects", function()
    local set = assert(cmml.read_dataset(with_items("i.json",
      '{"item":"tea","price":4.5,"parts":[0.25,3],"at":{},"hours":{"Monday":"8-22"}}\n'
      .. '{"item":"cake","price":3,"parts":[],"at":null,"hours":null}\n')))
    assert.same({ id = "tea", price = "4.5", parts = { "0.25", "3" } }, record(set, "tea"))
    noted(set, "hours (left out, it holds objects)")
  end)

  it("lists are no single values, and texts are joined", function()
    local text = '{"item":"tea","g":["a","b"]}\n{"item":"cake","g":["a"]}\n'
    refused("row 1 of g has 2 values where one is needed", with_items("i.json", text,
      "id=item,g=g:category"))
    assert.equal("a b", record(assert(cmml.read_dataset(with_items("i.json", text,
      "id=item,g=g:text"))), "tea").g)
  end)

  it("is no file of an id and a value a line", function()
    local path = write("i.json", '{"item":"tea","a":"hot"}\n{"item":"cake","a":"sweet"}\n')
    refused("has JSON objects, whose keys name the fields", { ratings = write("r.csv", ratings),
      items = { "taste=" .. path } })
  end)

  it("keeps fractions and objects out of ids", function()
    for _, id in ipairs { "1.5", '{"a":1}' } do
      refused('line 1, key "user"', { ratings = write("r.json",
        ('{"user":%s,"item":"tea","rating":3}\n'):format(id)) })
    end
  end)

  it("keys that the beginning lacks are told", function()
    local lines, rows = {}, { "user,item,rating" }
    for i = 1, 300 do
      lines[i] = ('{"id":"i%d","colour":"c%d"%s}'):format(i, i % 3, i > 250 and ',"late":1' or "")
      rows[i + 1] = ("u%d,i%d,3"):format(i % 7, i)
    end
    local set = assert(cmml.read_dataset { ratings = write("r.csv", table.concat(rows, "\n")),
      items = { write("i.json", table.concat(lines, "\n")) } })
    noted(set, "keys that the first 200 objects lack are left out")
  end)

  it("may have the items of a user in a list", function()
    local set = assert(cmml.read_dataset { columns = "user=who,items=had",
      ratings = write("r.json", '{"who":"ann","had":["tea","cake"]}\n{"who":"bob","had":["tea"]}\n')
    })
    assert.same({ 3, 2, 2 }, { #set.ratings.items, #set.users, #set.items })
  end)

  it("may have a first line that is longer than what is looked at first", function()
    local set = assert(cmml.read_dataset { ratings = write("r.json",
      '{"user":"ann","item":"tea","rating":4,"review":"' .. ("good "):rep(30000) .. '"}\n'
      .. '{"user":"bob","item":"tea","rating":3}\n') })
    assert.equal(2, #set.ratings.items)
  end)

  it("of another form is refused with what to do", function()
    local function form(text)
      return { ratings = write("r.json", text) }
    end
    refused("jq -c '.[]'", form '[{"user":"ann","item":"tea","rating":4}]\n')
    refused("jq -c '.[]'", form '[\n{"user":"ann","item":"tea","rating":4}\n]\n')
    refused("jq -c .", form '{\n  "user": "ann",\n  "item": "tea"\n}\n')
    refused("an object has this key twice", form '{"user":"a","user":"b","item":"tea"}\n')
  end)
end)
