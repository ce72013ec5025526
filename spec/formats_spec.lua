-- Files of records of every layout that people have: what is read from them, with right counts.
local cmml = require "cmml"
local plain = require "cmml.base.plain"
local temporary = require "spec.support.temporary"
local core = cmml.core
local refused = require "spec.support.refused"

local folder
temporary.around(setup, teardown, function(path)
  folder = path
end)

local function write(name, text)
  return temporary.write(folder, name, text)
end

-- The ratings of a data set as sorted lines of user, item, rating and time.
local function lines_of(set)
  local list, at = {}, 0
  local items, values = set.ratings.items:totable(), set.ratings.ratings:totable()
  local times = set.ratings.times and set.ratings.times:totable()
  for user, n in ipairs(set.ratings.users:totable()) do
    for k = at + 1, at + n do
      list[#list + 1] = plain.format("%s %s %g%s", set.users:text(user), set.items:text(items[k]),
        values[k], times and " " .. times[k] or "")
    end
    at = at + n
  end
  table.sort(list)
  return list
end

local function read(options)
  return assert(cmml.read_dataset(options))
end

local function noted(set, part)
  local all = table.concat(set.notes, "\n")
  assert.truthy(all:find(part, 1, true), all)
end

describe("cmml.read_dataset reads", function()
  local expected = { "ann tea 4.5 100", "ann war, peace 3 200", "bob tea 1 300" }
  local own = { columns = "user=who,item=what,rating=stars,time=when" }

  local function like(name, text, options)
    local opt = { ratings = write(name, text) }
    for key, value in pairs(options or own) do
      opt[key] = value
    end
    local set = read(opt)
    assert.same(expected, lines_of(set))
    return set
  end

  local csv = 'who,what,stars,when\nann,tea,4.5,100\nann,"war, peace",3,200\nbob, tea ,1.0,300\n'

  it("csv with a header, quotes, half stars and blanks around fields", function()
    local set = like("own.csv", csv)
    assert.equal("own", set.name)
    noted(set, "delimiter comma, header, user = who, item = what, rating = stars, time = when")
    like("crlf.csv", (csv:gsub("\n", "\r\n")))
    like("order.csv", 'when,stars,x,what,who\n100,4.5,,tea,ann\n200,3,,"war, peace",ann\n'
      .. '300,1,,tea,bob\n')
  end)

  it("other delimiters, by position, with and without a header", function()
    local by_position = { columns = "user,item,rating,time" }
    local body = 'ann#tea#4.5#100\nann#war, peace#3#200\nbob#tea#1#300\n'
    for name, delimiter in pairs { tab = "\t", colons = "::", semicolon = ";", bar = "|" } do
      local text = body:gsub("#", delimiter)
      noted(like(name, text, by_position), "no header, user = column 1")
      local head = ("a#b#c#d\n"):gsub("#", delimiter)
      noted(like(name .. "h", head .. text, by_position), "header, user = a")
    end
    like("skip.tsv", body:gsub("#", "\t"):gsub("ann", "x\tann"):gsub("bob", "y\tbob"),
      { columns = "skip,user,item,rating,time" })
    like("given.csv", body, { delimiter = "#", columns = "user,item,rating,time" })
  end)

  it("numbers with a decimal comma", function()
    local set = like("german.csv", 'who;what;stars;when\nann;tea;4,5;100\nann;war, peace;3;200\n'
      .. 'bob;tea;1,0;300\n')
    noted(set, "decimal comma")
  end)

  it("every encoding, and tells the one that was guessed", function()
    local text = "who,what,stars\nJos\u{E9},caf\u{E9} \u{20AC},2\n"
    local wanted = { "Jos\u{E9} caf\u{E9} \u{20AC} 2" }
    local function utf16(words, order)
      local list = {}
      for _, code in utf8.codes(words) do
        list[#list + 1] = string.pack(order .. "I2", code)
      end
      return table.concat(list)
    end
    local columns = "user=who,item=what,rating=stars"
    for name, bytes in pairs { plain = text, mark = "\xEF\xBB\xBF" .. text,
      le = "\xFF\xFE" .. utf16(text, "<"), be = "\xFE\xFF" .. utf16(text, ">"),
      bare = utf16(text, "<") } do
      local set = read { ratings = write(name, bytes), columns = columns }
      assert.same(wanted, lines_of(set))
      if name == "le" or name == "be" or name == "bare" then
        noted(set, "UTF-16")
      end
    end
    local set = read { ratings = write("latin", "who,what,stars\nJos\xE9,caf\xE9,2\n"),
      columns = columns }
    assert.same({ "Jos\u{E9} caf\u{E9} 2" }, lines_of(set))
    noted(set, "latin-1")
  end)

  it("a character that lies across two pieces of a large file", function()
    for shift = 0, 3 do
      local lines = { ("#"):rep(shift) .. "who,what,stars" }
      for i = 1, 40000 do
        lines[i + 1] = ("u%d,caf\u{E9} \u{20AC},%d"):format(i, i % 5)
      end
      local set = read { ratings = write("large.csv", table.concat(lines, "\n")),
        columns = ("user=%swho,item=what,rating=stars"):format(("#"):rep(shift)) }
      assert.equal(40000, #set.users)
      assert.equal(1, #set.items)
      assert.equal("caf\u{E9} \u{20AC}", set.items:text(1))
    end
  end)

  it("what gzip, zstd and xz packed, and names the program that is missing", function()
    local path = write("packed.csv", csv)
    for _, program in ipairs { "gzip", "zstd", "xz" } do
      if os.execute(program .. " --version > /dev/null 2>&1") then
        assert(os.execute(("%s -c '%s' > '%s.p'"):format(program, path, path)))
        local set = read { ratings = path .. ".p", columns = own.columns }
        assert.same(expected, lines_of(set))
        noted(set, "packed by " .. program)
        local whole = assert(core.read_file(path .. ".p"))
        local cut = write("cut.p", whole:sub(1, #whole // 2))
        refused.with_message("cannot be unpacked", cmml.read_dataset, { ratings = cut,
          columns = own.columns })
      else
        refused.with_message(program, cmml.read_dataset, { columns = own.columns,
          ratings = write("x.p", ({ zstd = "\x28\xB5\x2F\xFDxxxx",
            xz = "\xFD7zXZ\0xx" })[program]) })
      end
    end
    refused.with_message("is a zip archive: unpack it first", cmml.read_dataset,
      { ratings = write("x.zip", "PK\3\4xxxxxxxx") })
  end)

  it("JSON lines, of Amazon and of Yelp", function()
    local set = read { ratings = write("amazon.json",
      '{"reviewerID": "A1", "asin": "0001", "overall": 5.0, "unixReviewTime": 1382659200, '
      .. '"helpful": [0, 0], "reviewText": "so \\"good\\""}\n'
      .. '{"reviewerID": "A2", "asin": "0001", "overall": 1.0, "unixReviewTime": 1382659201}\n') }
    assert.same({ "A1 0001 5 1382659200", "A2 0001 1 1382659201" }, lines_of(set))
    noted(set, "JSON lines, user = reviewerID, item = asin, rating = overall, time = unix")
    set = read { ratings = write("yelp.json",
      '{"review_id":"r","user_id":"u","business_id":"b","stars":4.0,"date":"2018-07-07 22:09:11"}')
    }
    assert.same({ "u b 4 1531001351" }, lines_of(set))
    refused.with_message('line 2, key "reviewerID": nothing is empty, but an id is needed',
      cmml.read_dataset, { ratings = write("bad.json",
        '{"reviewerID": "A1", "asin": "1", "overall": 5}\n{"asin": "2", "overall": 5}\n') })
    refused.with_message("bad.json, line 2: its JSON: line 1, column 10", cmml.read_dataset,
      { ratings = write("bad.json",
      '{"reviewerID": "A1", "asin": "1", "overall": 5}\n{"asin": }\n') })
  end)

  it("RecBole's atomic files with their typed headers", function()
    local set = read { ratings = write("x.inter", "user_id:token\titem_id:token\trating:float\t"
      .. "timestamp:float\n7\t9\t3\t881250949\n7\t8\t5\t8.9e8\n"),
      items = { write("x.item", "item_id:token\tmovie_title:token_seq\trelease_year:token\t"
        .. "class:token_seq\n9\tToy Story\t1995\tAnimation Comedy\n8\tHeat\t1995\tAction\n") } }
    assert.same({ "7 8 5 890000000", "7 9 3 881250949" }, lines_of(set))
    assert.equal("Toy Story", set.titles[set.items:id "9"])
    assert.same({ "Animation", "Comedy" }, set.item_records[set.items:id "9"].class)
    assert.equal("1995", set.item_records[set.items:id "8"].release_year)
  end)

  it("a user a line", function()
    local set = read { ratings = write("lines.txt", "1 10 11 12\n2 10\n\n3 12 13\n"),
      columns = "user,items" }
    assert.equal("interactions", set.kind)
    assert.same({ "1 10 1", "1 11 1", "1 12 1", "2 10 1", "3 12 1", "3 13 1" }, lines_of(set))
  end)

  it("interactions and weights, which add up", function()
    local set = read { ratings = write("plays.tsv",
      "userID\tartistID\tweight\n2\t51\t10\n2\t52\t1\n2\t51\t5\n") }
    assert.equal("weights", set.kind)
    assert.same({ "2 51 15", "2 52 1" }, lines_of(set))
    assert.equal(1, set.duplicates)
    set = read { ratings = write("clicks.csv", "user,item\na,x\na,x\nb,x\n") }
    assert.equal("interactions", set.kind)
    assert.same({ "a x 2", "b x 1" }, lines_of(set))
  end)

  it("titles that stand beside the ratings", function()
    local set = read { ratings = write("titled.csv", 'user,item,title,rating\na,1,"Story, A",5\n'
      .. 'b,1,"Story, A",4\nb,2,,3\n') }
    assert.equal("Story, A", set.titles[set.items:id "1"])
    assert.equal("", set.titles[set.items:id "2"])
    noted(set, "title = title")
    set = read { ratings = folder .. "/titled.csv", columns = "user,item,title,rating",
      items = { write("names.csv", "item,name,colour\n1,Other,red\n2,Second,blue\n") } }
    assert.equal("Other", set.titles[set.items:id "1"])
  end)

  it("records of items and users, kinds guessed and told", function()
    local lines = { "id,name,tags,price,blurb" }
    for i = 1, 40 do
      lines[i + 1] = ('i%d,"No. %d",%s,%s,"this is the story of thing number %d"'):format(i, i,
        i % 3 == 0 and "red|big" or i % 3 == 1 and "blue" or "red|small",
        i == 7 and "" or plain.tostring(i * 1.5), i)
    end
    local set = read { ratings = write("r.csv", "user,item,rating\na,i1,5\na,i2,3\nb,i3,1\n"),
      items = { write("items.csv", table.concat(lines, "\n")) },
      users = { write("users.tsv", "user\tgender\na\tf\nb\tm\n") } }
    local record = set.item_records[set.items:id "i3"]
    assert.same({ "red", "big" }, record.tags)
    assert.equal(4.5, record.price)
    assert.is_nil(set.item_records[set.items:id "i7"].price)
    assert.equal("No. 3", set.titles[set.items:id "i3"])
    assert.equal("f", set.user_records[set.users:id "a"].gender)
    noted(set, "tags (list by |), price (number, 1 missing), blurb (text)")
    set = read { ratings = folder .. "/r.csv", items = { folder .. "/items.csv" },
      item_columns = "id=id,title=blurb,tags=tags:list,cost=price:category" }
    assert.equal("4.5", set.item_records[set.items:id "i3"].cost)
    assert.equal("this is the story of thing number 3", set.titles[set.items:id "i3"])
  end)

  it("relation files, an id and a value a line, several files", function()
    local set = read { ratings = write("ub.dat", "1\t8\t5\n1\t9\t4\n2\t8\t1\n"),
      columns = "user,item,rating",
      items = { write("business_category.dat", "8\t3\t1\n8\t4\t1\n9\t3\t1\n"),
        "town=" .. write("business_city.dat", "8\t31\t1\n9\t35\t1\n") } }
    local record = set.item_records[set.items:id "8"]
    assert.same({ "3", "4" }, record.category)
    assert.equal("31", record.town)
    noted(set, "items: category (list, a value a line), column 3 is always 1: left out")
    set = read { ratings = folder .. "/ub.dat", columns = "user,item,rating",
      items = { write("item_brand.dat", "8,3\n9,5\n") } }
    assert.equal("3", set.item_records[set.items:id "8"].brand)
  end)
end)

describe("cmml.read_dataset refuses", function()
  local function refuses(part, text, options)
    local opt = { ratings = write("bad.csv", text) }
    for key, value in pairs(options or {}) do
      opt[key] = value
    end
    refused.with_message(part, cmml.read_dataset, opt)
  end

  it("a column that is not there, and lists those that are", function()
    refuses("there is no column star; its columns are user, item, rating",
      "user,item,rating\na,b,1\n", { columns = "user=user,item=item,rating=star" })
    refuses("which columns hold users and items is not known; its first line is a | b | 1",
      "a,b,1\n")
    refuses('"ratng" is not what a column can be; did you mean rating?', "a,b,1\n",
      { columns = "user,item,ratng" })
    refuses("item is missing", "a,b,1\n", { columns = "user,rating" })
    refuses("4 columns are named, but its lines have 3", "a,b,1\n",
      { columns = "user,item,rating,time" })
  end)

  it("empty ids, numbers that are none and lines of another length, with their place", function()
    local columns = { columns = "user,item,rating" }
    refuses('line 2, column 2 (item): "" is empty, but an id is needed', "a,b,1\na, ,2\n", columns)
    refuses('line 2, column 3 (rating): "x" is not a finite number', "a,b,1\na,c,x\n", columns)
    refuses("line 2: 4 fields where 3 are needed", "a,b,1\na,c,d,2\n", columns)
    refuses('is not a time', "a,b,1,yesterday\n", { columns = "user,item,rating,time",
      header = "off" })
    refuses("is empty", "", columns)
    refuses("lines end with CR alone", "a,b,1\ra,c,2\r", columns)
    refuses("cannot open", "", { ratings = folder .. "/no.csv" })
  end)

  it("an item that is listed twice in a file of records", function()
    refuses("record 2 has the id b of record 1", "a,b,1\n", { columns = "user,item,rating",
      items = { write("twice.csv", "id,name,size\nb,x,1\nb,y,2\n") } })
  end)
end)
