-- Sequences from files and folders: a user a line, lines with times, features of items, texts.
local cmml = require "cmml"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"
local told = require "spec.support.told"
local core = cmml.core

-- Whether a list of notes has one that ends so.
local function has_note(data, ending)
  for _, note in ipairs(data.notes) do
    if note:sub(-#ending) == ending then
      return true
    end
  end
  return false, table.concat(data.notes, "\n")
end

local function write_vectors(path, ids, vectors)
  assert(core.write_archive(path, { { name = "ids", value = table.concat(ids, "\n") },
    { name = "vectors", value = core.tensor(vectors) } }, {}))
end

describe("sequences of files", function()
  local root
  local setting = cmml.settings:get "sequences"
  temporary.around(before_each, after_each, function(path)
    root = path
  end)

  -- Writes the files of a folder, by name; gives its path.
  local function folder(files, name)
    for file, text in pairs(files) do
      temporary.write(root .. "/" .. (name or "set"), file, text)
    end
    return root .. "/" .. (name or "set")
  end

  local function read(path, opt)
    for _, loader in ipairs(cmml.loaders_of "sequences") do
      for _, mark in ipairs(loader.marks) do
        local file = path .. "/" .. mark:gsub("%*", path:match "[^/]+$")
        if core.exists(file) then
          return setting.read({ { folder = path, loader = loader } }, opt or {})
        end
      end
    end
    error("no loader for " .. path)
  end

  it("have a user a line, in order, and attributes of items", function()
    local data = assert(read(folder { ["Beauty.txt"] = "7 3 1 3\n\n9 1 2\n7 5\n",
      ["Beauty_item2attributes.json"] = '{"1": [4, 5], "2": [], "8": ["x"]}' }))
    assert.equal("7: 3 1 3 5; 9: 1 2", told(data))
    assert.equal("Beauty", data.name)
    assert.same({ { "attributes", kind = "list" } }, data.schema.item)
    assert.same({ 4, 5 }, data.item_records[data.items:id "1"].attributes)
    assert.same({ items = 1 }, data.unmatched)
    assert(has_note(data, "users who stand on several lines: 1 lines were joined to earlier ones, "
      .. "in their order"))
    assert(has_note(data, "1 of 3 records of items match no interaction (8, for one)"))
  end)

  it("may have vectors of items beside them", function()
    local path = folder { ["sequences.txt"] = "u\ta\tb\nv\tb\n", [".x.safetensors"] = "no",
      ["odd.safetensors"] = "no vectors" }
    write_vectors(path .. "/look.safetensors", { "b", "c" }, { { 1, 2 }, { 3, 4 } })
    local data = assert(read(path))
    assert.equal("u: a b; v: b", told(data))
    assert.equal("set", data.name)
    assert.same({ "look", "vector" }, { data.schema.item[1][1], data.schema.item[1].kind })
    assert(has_note(data, "look of items: 1 of 2 have a vector of 2 numbers in " .. path
      .. "/look.safetensors; 1 vector is of no items"))
    assert(has_note(data, "odd.safetensors: no vectors by id (entries ids and vectors): left out"))
    assert.same({ 1, 1 }, { #data:stats().item_fields, data:stats().item_fields[1].missing })
    local none = assert(read(path, { features = {} }))
    assert.same({}, none.schema.item)
  end)

  it("are named where lines are none", function()
    local function fails(text, lines, attributes)
      local path = folder { ["sequences.txt"] = lines }
      if attributes then
        temporary.write(path, "sequences_item2attributes.json", attributes)
      end
      local data, message = read(path)
      assert.is_nil(data)
      assert.truthy(message:find(text, 1, true), message)
    end
    fails("sequences.txt, line 3: 1 fields where at least 2 are needed", "u a\n\nv\n")
    fails("sequences.txt is empty", "\n\n")
    fails('the id b c has a blank or a tab in it', "u\ta\nv\tb c\n")
    fails('the id u\\9a has a blank or a tab in it', "v b\nu\ta c\n")
    fails("an object of lists by item was expected", "u a\n", "[1]")
    fails("sequences_item2attributes.json", "u a\n", "{")
    fails("the attributes of item a must be a list, not number 1", "u a\n", '{"a": 1}')
    fails("an attribute of item a is", "u a\n", '{"a": [[1]]}')
    fails("none of the 1 records of items matches an interaction", "u a\n", '{"b": [1]}')
  end)

  it("keep users who did nothing, and read other encodings, and say so", function()
    local data = assert(read(folder { ["sequences.txt"] = "u a\xff b\r\nv \r\n" }))
    assert.equal("u: a\xC3\xBF b; v: ", told(data))
    assert(has_note(data, "latin-1, user = column 1, items = column 2"))
    assert(has_note(data, "1 of 2 users have no interaction"))
  end)

  it("are sorted by the times of atomic files, whose ratings and users say nothing", function()
    local data = assert(read(folder({ ["set.inter"] = "user_id:token\titem_id:token\t"
      .. "rating:float\ttimestamp:float\nu\tb\t1\t20\nu\ta\t5\t10\nv\ta\t3\t5\nu\tb\t2\t30\n",
      ["set.item"] = "item_id:token\tclass:token_seq\na\tx y\nb\ty\n",
      ["set.user"] = "user_id:token\tage:token\nu\t30\n" })))
    assert.equal("u: a b b; v: a", told(data))
    assert.equal(1, data.disordered)
    assert.same({ "x", "y" }, data.item_records[data.items:id "a"].class)
    assert(has_note(data, "sequences do not read ratings and what is known of users: every line is "
      .. "an interaction"))
    assert(has_note(data, "1 of 4 interactions stood behind a later one of their user: sorted by "
      .. "time"))
  end)

  it("are MovieLens', with year and genres of films, and vectors", function()
    local path = folder { ["ratings.csv"] = "userId,movieId,rating,timestamp\n1,2,4.0,9\n1,1,3,8\n",
      ["movies.csv"] = 'movieId,title,genres\n1,"Ox, The (1990)",Drama|War\n2,Cat (1991),'
        .. "(no genres listed)\n" }
    write_vectors(path .. "/poster.safetensors", { 1, 2 }, { { 1, 2 }, { 3, 4 } })
    local data = assert(read(path))
    assert.equal("1: 1 2", told(data))
    assert.equal("Ox, The (1990)", data.titles[data.items:id "1"])
    assert.same({ "1990", "Drama" }, { data.item_records[data.items:id "1"].year,
      data.item_records[data.items:id "1"].genre[1] })
    local names = {}
    for i, field in ipairs(data.schema.item) do
      names[i] = field[1]
    end
    assert.same({ "year", "genre", "poster" }, names)
    path = folder({ ["u.data"] = "1\t2\t4\t9\n1\t1\t3\t8\n", ["u.item"] = "1|Ox (1990)||||"
      .. ("0|"):rep(8) .. "1" .. ("|0"):rep(10) .. "\n2|Cat (1991)||||" .. ("0|"):rep(18)
      .. "1\n" }, "hundred")
    write_vectors(path .. "/poster.safetensors", { 1, 2 }, { { 1, 2 }, { 3, 4 } })
    data = assert(read(path))
    assert.equal("1: 1 2", told(data))
    assert.same({ "Drama" }, data.item_records[data.items:id "1"].genre)
    assert.equal(3, #data.schema.item)
  end)

  describe("texts of items", function()
    local lines = "item,text\na,a red fox\nb,the red hen and a fox\nc,\nd,the old hen\n"

    local function with_texts(opt)
      local path = folder { ["own.csv"] = "user,item\nu,a\nu,b\nu,c\nv,d\n",
        ["texts.csv"] = lines }
      local data = assert(cmml.read_dataset { ratings = path .. "/own.csv",
        items = { path .. "/texts.csv" }, item_columns = "id=item,text=text:text" })
      assert.equal("text", data.schema.item[1].kind)
      local files = { name = "own", users = core.vocab(), items = core.vocab(), joined = 0,
        notes = {}, user_fields = {}, item_fields = { { "text", kind = "text" } },
        user_ids = core.ids { 1, 1, 1, 1 }, item_ids = core.ids { 1, 2, 3, 4 } }
      files.users:add "u"
      files.item_records = {}
      for i, id in ipairs { "a", "b", "c", "d" } do
        files.items:add(id)
        files.item_records[i] = { id = id, text = data.item_records[data.items:id(id)].text }
      end
      return setting.from_files(files, opt)
    end

    it("become vectors, and items without words have none", function()
      local data = assert(with_texts { text_width = 2 })
      assert.same({ "text", kind = "vector" }, data.schema.item[1])
      assert(has_note(data, "text of items: vectors of 2 numbers from 5 words of 3 texts, 1 items "
        .. "without (text_width = 0 reads the words themselves)"))
      local bags = data:catalogue({ 1 }).items.bags
      assert.same({ 4, 3 }, bags[1].values.shape)
      assert.same({ 0, 0, 1, 0 }, bags[1].values:slice(2, 3, 3):reshape({ 4 }):totable())
      assert.equal(64, assert(with_texts {}):catalogue({ 1 }).items.fields[1].width)
    end)

    it("stay words where they are to", function()
      local data = assert(with_texts { text_width = 0 })
      assert.equal("text", data.schema.item[1].kind)
    end)
  end)
end)

describe("data.text_vectors", function()
  -- What numpy gives of the same formulas, exactly: U S of the matrix of tf-idf, each direction
  -- with its largest entry positive; the words are those of two or more texts.
  it("gives tf-idf in the directions of the largest singular values", function()
    local texts = { "A red fox, a red hen.", "The red hen and the fox", "a fox and a hen",
      "the barn", "blue barn the barn", "" }
    local wanted = core.tensor { { 0.592352, -0.678507, 0.157508 },
      { 0.779588, -0.228241, -0.57915 }, { 0.574078, -0.671526, 0.300081 },
      { 0.742629, 0.661108, 0.055607 }, { 0.70149, 0.676273, 0.20618 }, { 0, 0, 0 } }
    local found, without, n_words = cmml.data.text_vectors(texts, { width = 3 })
    assert.is_true((found - wanted):abs():max():item() < 1e-5)
    assert.same({ { 6 }, 7 }, { without, n_words })
    local wide = cmml.data.text_vectors(texts, { width = 9, seed = 5 })
    assert.same({ 6, 9 }, wide.shape)
    assert.is_true((wide:slice(2, 1, 3) - wanted):abs():max():item() < 1e-5)
    assert.is_true(wide:slice(2, 7, 9):abs():max():item() < 1e-5) -- no further direction
  end)

  it("leaves out rare words, and counts those of most texts", function()
    local texts = { "a b", "a c", "a b", "d" }
    local found, without, n_words = cmml.data.text_vectors(texts, { width = 1, limit = 1 })
    assert.same({ { 4 }, 1 }, { without, n_words }) -- "a" alone: three texts of length 1
    assert.is_true((found - core.tensor { { 1 }, { 1 }, { 1 }, { 0 } }):abs():max():item() < 1e-6)
    found, without, n_words = cmml.data.text_vectors(texts, { width = 2, min_count = 4 })
    assert.same({ { 1, 2, 3, 4 }, 0, { 4, 2 } }, { without, n_words, found.shape })
    assert.same({ 0, 3 }, cmml.data.text_vectors({}, { width = 3 }).shape)
  end)

  it("refuses what is no text", function()
    refused("text 2 is number 7, not a text", cmml.data.text_vectors, { "a", 7 })
    refused("text 1 is not valid UTF-8", cmml.data.text_vectors, { "\xff" })
    refused('texts must be a table, not "a"', cmml.data.text_vectors, "a")
    refused("width", cmml.data.text_vectors, { "a" }, { width = 0 })
  end)
end)
