-- What the command line says: in the words of the command line, and of a file nothing that a
-- terminal would obey.
local cmml = require "cmml"
local args = require "cmml.base.args"
local cli = require "spec.support.cli"
local output = require "cmml.base.output"
local people = require "spec.support.people"
local refused = require "spec.support.refused"
local text = require "cmml.base.text"
local temporary = require "spec.support.temporary"
local core = cmml.core

describe("a message of the command line", function()
  local folder, model

  setup(function()
    folder = temporary.folder()
    assert(core.mkdir(folder .. "/data"))
    people.write(core, folder .. "/data", { users = 20, items = 8, rated = 6 })
    model = folder .. "/run/best.safetensors"
    local _, said, code = cli("train", "--data", folder .. "/data", "--out", folder .. "/run",
      "--epochs=2", "--quiet", "--preset=published-code", "--schedule=cosine", "--valid=0.2",
      "--batch=4")
    assert.equal(0, code, said)
  end)

  teardown(function()
    temporary.remove(folder)
  end)

  local function says(expected, ...)
    local _, said, code = cli(...)
    assert.truthy(said:find(expected, 1, true), said)
    assert.equal(1, code)
  end

  local function train(expected, ...)
    says("cmml: train: " .. expected, "train", "--data", folder .. "/data", ...)
  end

  local function resume(expected, ...)
    train("cannot resume: " .. expected, "--out", folder .. "/run", "--quiet", "--resume",
      "--preset=published-code", "--schedule=cosine", ...)
  end

  local function file(name, contents)
    assert(core.write_file(folder .. "/" .. name, contents))
    return folder .. "/" .. name
  end

  it("tells what a run began with as it is written there, not as JSON", function()
    resume("steps of the schedule was 8, now it is 12 (a schedule is as long as the run, unless "
      .. "its steps are given: --epochs, --batch and the data decide it)", "--epochs=3",
      "--valid=0.2", "--batch=4")
    resume("--lr was ", "--epochs=2", "--valid=0.2", "--batch=4", "--lr=0.5")
    resume("--width was ", "--epochs=2", "--valid=0.2", "--batch=4", "--width=3")
    train(folder .. "/run holds a run already: resume it (--resume), or give", "--out",
      folder .. "/run")
    train("cannot resume: no epoch was finished in " .. folder .. "/none", "--out",
      folder .. "/none", "--resume", "--quiet")
  end)

  it("calls JSON's null null, and options of a file as the file does", function()
    for contents, expected in pairs {
      ['{"kind": null}'] = "option kind must be a string, not null",
      ['{"training": {"lr": null}}'] = "training: option lr must be a number, not null",
      ['{"training": {"clip_norm": -1}}'] = "training: clip_norm must be above 0, but is -1",
      ['{"model": {"width": null}}'] = "model: option width must be an integer, not null",
      ["null"] = "a table of options was expected, not null" } do
      local path = file("settings.json", contents)
      train(path .. ": " .. expected, "--out", folder .. "/never", "--settings", path)
    end
    says("cmml: tune: --space: lr must be a number, not null", "tune", "--data", folder .. "/data",
      "--space", file("space.json", '{"lr": [null]}'), "--out", folder .. "/never")
    assert.equal("null", args.describe(core.json_null))
    assert.equal("null", tostring(core.json_decode "[null]"[1]))
    assert.equal(core.json_null, core.json_decode "null")
    assert.equal('{"x":[null,1]}', require("cmml.base.json").encode(core.json_decode
      '{"x": [null, 1]}'))
  end)

  it("spells what is wrong with columns as it is typed, and names few of them, in short", function()
    local path = file("wide.csv", ("x"):rep(1000) .. "\27[31m," .. ("a,"):rep(30) .. "b\n1,2,3\n")
    local _, said = cli("train", "--ratings", path, "--out", folder .. "/never")
    assert.truthy(said:find(("x"):rep(80) .. ".. (1005 bytes) | a | a", 1, true), said)
    assert.truthy(said:find("| a .. (32 columns); say which are what: --columns user=NAME,", 1,
      true), said)
    assert.truthy(#said < 600, said)
    local ratings = file("own.csv", "user,item,rating,why\n1,2,3,x\n")
    for columns, expected in pairs { ["usr"] = '"usr" is not what a column can be',
      ["user,rating"] = "item is missing", ["user,item,rating=x"] = "name all columns" } do
      local _, told = cli("train", "--ratings", ratings, "--columns", columns, "--out",
        folder .. "/never")
      assert.truthy(told:find("cmml: train: --columns: ", 1, true)
        and told:find(expected, 1, true), told)
    end
    _, said = cli("train", "--ratings", ratings, "--items", path, "--item-columns", "id=x,id=a",
      "--out", folder .. "/never")
    assert.truthy(said:find("cmml: train: --item-columns: id is there twice", 1, true), said)
  end)

  it("tells which columns of ratings were not read, and how items are told", function()
    local lines = { "user,item,rating,why,title" }
    for i = 0, 399 do
      lines[#lines + 1] = ("%d,%d,%d,x,Film %d"):format(i // 8, i % 8, i % 5 + 1, i % 8)
    end
    local _, said, code = cli("train", "--ratings", file("told.csv", table.concat(lines, "\n")),
      "--out", folder .. "/told", "--epochs=1")
    said = said:gsub("%s+", " ")
    assert.equal(0, code, said)
    assert.truthy(said:find("title = title; not read: why ", 1, true), said)
    assert.truthy(said:find("nothing is known of items (--items FILE)", 1, true), said)
  end)

  it("has the name of the command once", function()
    for _, words in ipairs { { "train", "--out", folder .. "/none" }, { "stats" },
      { "experiment", "users" }, { "tune", "--space=lr=0.1" } } do
      words[#words + 1] = "--data=nosuch"
      local _, said = cli(table.unpack(words))
      assert.equal(("cmml: %s: there is no folder nosuch"):format(words[1]),
        said:match "^cmml: %S+ there is no folder nosuch" or said)
    end
  end)

  it("asks for a header only where the first line may be one", function()
    local hint = "(if the first line is a header, the option header is to say so)"
    local bad = file("bad.csv", "user,item,rating\n1,2,x\n")
    local _, said = cli("train", "--ratings", bad, "--out", folder .. "/never")
    assert.truthy(said:find("line 2, column 3", 1, true) and not said:find("header", 1, true), said)
    _, said = cli("embed", "--ratings", bad, "--header=off", "--columns=user,item,weight", "--out",
      folder .. "/never")
    assert.truthy(said:find("line 1, column 3", 1, true) and said:find(hint, 1, true), said)
  end)

  it("names no function of the library, and options as they are typed", function()
    says("cmml: recommend: item 99 is not in the catalogue of 8 items; --unknown skip leaves",
      "recommend", "--model", model, "--rate", "99=3")
    says("cmml: recommend: the model knows nothing of a user's height", "recommend", "--model",
      model, "--user", "height=3")
    says("cmml: info: cannot open " .. folder .. "/none: No such file", "info", "--model",
      folder .. "/none")
    says("ratings.dat: a delimiter has 1 to 8 bytes", "embed", "--ratings",
      folder .. "/data/ratings.dat", "--out", folder .. "/v.safetensors",
      "--columns=user,item,rating", "--delimiter=")
    train("--item-fields and --user-fields are both empty", "--out", folder .. "/never",
      "--item-fields=none", "--user-fields=none", "--preset=published-code", "--quiet")
    train('--schedule "bend" is not known; known: cosine', "--out", folder .. "/never",
      "--schedule=bend", "--quiet")
    train("--unknown learned needs --min-count of at least 2", "--out", folder .. "/never",
      "--unknown=learned", "--min-count=1", "--quiet")
    train("--by applies only to scenarios", "--out", folder .. "/never", "--by=tag")
    says("a scenario needs 101 to 999 such items and 2 users (--min-items, --max-items, "
      .. "--min-users)", "train", "--data", folder .. "/data", "--setting=scenarios", "--out",
      folder .. "/never")
    assert.is_false(core.exists(folder .. "/never"))
  end)

  it("keeps the names of Lua in Lua", function()
    local loaded = assert(cmml.load(model))
    refused.with_text('adapt: item 99 is not in the catalogue of 8 items; unknown = "skip" leaves',
      loaded.adapt, loaded, { { "99", 3 } })
    assert.equal("min_items", args.option "min_items")
    assert.equal("option min_items", args.named_option "min_items")
    assert.equal("resume = true", args.option("resume", true))
    local before = args.spell_options(true)
    local spelled = { args.option "min_items", args.named_option "min_items",
      args.option("resume", true), args.option("shuffle", false), args.option("unknown", "skip") }
    args.spell_options(before)
    assert.same({ "--min-items", "--min-items", "--resume", "--shuffle=false", "--unknown skip" },
      spelled)
    assert.is_false(before)
    cli("train", "--nonsense")
    assert.equal("lr", args.option "lr")
  end)

  it("says when nobody is left to test or to validate on", function()
    local few = folder .. "/few"
    assert(core.mkdir(few))
    people.write(core, few, { users = 3, items = 4, rated = 3 })
    local _, said, code = cli("train", "--data", few, "--out", folder .. "/few-run", "--epochs=1",
      "--quiet")
    assert.equal(0, code, said)
    assert.equal("no users are left to test: with these data nothing can say how good the model "
      .. "is\nno users are left to validate: the training loss chooses the epoch (--valid)\n", said)
    _, said = cli("train", "--data", few, "--out", folder .. "/few-mean", "--model=item_mean")
    assert.equal("no users are left to test: with these data nothing can say how good the model "
      .. "is\n", said)
  end)
end)

describe("control characters of a file", function()
  local evil = "a\27[31mred\7\r\127\xC2\x9Bb"

  it("are written so that a terminal does not obey", function()
    assert.equal("a\\x1b[31mred\\x07\\x0d\\x7f\\x9bb", text.visible(evil))
    assert.equal("Café\tü\n日本 \u{1F600}", text.visible "Café\tü\n日本 \u{1F600}")
    assert.equal("caf\\xe9", text.visible "caf\xE9")
    assert.equal("a\\x0ab\\x09c", text.one_line "a\nb\tc")
    assert.equal("", text.visible "")
    for byte = 0, 255 do
      local shown = text.one_line(string.char(byte))
      assert.truthy(utf8.len(shown), byte)
      assert.is_nil(shown:find "[\0-\31\127]", byte)
    end
  end)

  it("are nowhere in what commands write", function()
    local folder = temporary.folder()
    assert(core.mkdir(folder .. "/data"))
    local name = "x\27]0;gone\7y"
    people.write(core, folder .. "/data", { users = 20, items = 8, rated = 6 })
    local path = folder .. "/data/movies.dat"
    assert(core.write_file(path, (core.read_file(path):gsub("Film", "Film\27[2J"))))
    local run = folder .. "/run" .. name
    local function clean(...)
      local said, errors = cli(...)
      for _, written in ipairs { said, errors } do
        assert.is_nil(written:find "[\0-\8\11-\31\127]", ("%q"):format(written))
      end
      return said, errors
    end
    local said = clean("train", "--data", folder .. "/data", "--out", run, "--model=item_mean")
    assert.truthy(said:find("saved " .. folder .. "/runx\\x1b]0;gone\\x07y/best", 1, true), said)
    said = clean("recommend", "--model", run .. "/best.safetensors", "--n=3")
    assert.truthy(said:find("Film", 1, true), said)
    clean("info", "--model", run .. "/best.safetensors")
    clean("evaluate", "--data", folder .. "/data", "--model", run .. "/best.safetensors")
    clean("info", "--model", folder .. "/" .. name)
    clean("recommend", "--model", run .. "/best.safetensors", "--rate", name .. "=3")
    clean("recommend", "--model", run .. "/best.safetensors", "--rate", "1=" .. name)
    clean(name)
    clean("train", "--" .. name)
    clean("train", "--lr", name)
    assert(core.write_file(folder .. "/data/ratings.dat", "1::2::" .. name .. "::3\n"))
    clean("train", "--data", folder .. "/data", "--out", folder .. "/never")
    assert(core.write_file(folder .. "/settings", '{"kind": "' .. "\\u001b[2J" .. '"}'))
    clean("train", "--data", folder .. "/data", "--out", folder .. "/never", "--settings",
      folder .. "/settings")
    temporary.remove(folder)
  end)

  it("have one door: no command writes by itself", function()
    local pipe = assert(io.popen "grep -rnE '(^|[^.])print *\\(|io\\.write|io\\.stdout' lua/cmml")
    local found = {}
    for line in pipe:lines() do
      local place, code = line:match "^lua/cmml/([^:]+):%d+:%s*(.*)$"
      if place:find "%.lua$" and place ~= "base/output.lua" and place ~= "help.lua"
        and not code:find "^%-%-" then
        found[#found + 1] = line
      end
    end
    pipe:close()
    assert.same({}, found)
    assert.is_function(output.print)
  end)
end)
