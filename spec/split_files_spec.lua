-- Splits as files: what is written is read again as it was, and what does not fit the data is
-- refused with file, line and value.
local cli = require "spec.support.cli"
local cmml = require "cmml"
local plain = require "cmml.base.plain"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local without = require("spec.support.refused").with_message
local temporary = require "spec.support.temporary"
local core = cmml.core
local setting = cmml.settings:get "users"

local rows = {}
for u = 1, 6 do
  for i = 1, 5 do
    rows[#rows + 1] = { "u" .. u, "i" .. i, (u * i) % 5 + 0.5, u * 10 + i }
  end
end

local dataset = cmml.dataset { name = "small", schema = cmml.data.schema {}, ratings = rows }
local folder
temporary.around(before_each, after_each, function(path)
  folder = path
end)

local function write(name, ...)
  return temporary.write(folder, name, table.concat({ ... }, "\n") .. "\n")
end

local function names(list)
  local found = {}
  for i, row in ipairs(list) do
    found[i] = dataset.users:text(row)
  end
  return table.concat(found, " ")
end

-- "user item rating" of ratings grouped by user, sorted.
local function lines_of(ratings, whose)
  local items, values, row, found = ratings.items:totable(), {}, 0, {}
  values = #items > 0 and ratings.ratings:totable() or values
  for user, n in ipairs(ratings.users:totable()) do
    for i = row + 1, row + n do
      found[#found + 1] = (not whose or whose[user]) and plain.format("%s %s %g",
        dataset.users:text(user), dataset.items:text(items[i]), values[i]) or nil
    end
    row = row + n
  end
  table.sort(found)
  return found
end

describe("a split given as files", function()
  it("is taken as it stands", function()
    local data = assert(cmml.users.protocol(dataset, { protocol = "given",
      train_users = write("a.txt", "u1", "u3"), valid_users = write("b.txt", "", " u2 "),
      tasks = { write("mine.tsv", "user\titem\tpart\trating", "u5\ti2\tsupport\t0.5",
        "u5\ti1\tquery\t0.5", "u5\ti4\tquery\t0.5", "u1\ti5\tquery\t0.5", "u6\ti1\tsupport\t1.5") }
      }))
    assert.same({ "u1 u3", "u2", "u5" }, { names(data.train), names(data.valid), names(data.test) })
    local evaluation = data.evaluations[1]
    assert.same({ "mine", 1 }, { evaluation.name, evaluation.left_out })
    assert.equal("u1 u5", names(evaluation.tasks.users))
    assert.same({ "u1 i5 0.5", "u5 i1 0.5", "u5 i4 0.5" }, lines_of(evaluation.tasks.query_ratings))
    assert.same({ "u5 i2 0.5", "u6 i1 1.5" }, lines_of(evaluation.tasks.ratings))
    -- what a task asks for is not learnt
    assert.same({ "u1 i1 1.5", "u1 i2 2.5", "u1 i3 3.5", "u1 i4 4.5" },
      lines_of(data.ratings, { true }))
    cmml.users.check_no_leak(data)
    local found = setting.evaluations(data, { draws = 7 })
    assert.same({ 1, 2, 1 }, { found[1].options.draws, found[1].tasks.query,
      found[1].tasks.support })
  end)

  it("needs no rating in its tasks, and no tasks", function()
    local tasks = write("tasks.tsv", "item\tuser\tpart", "i2\tu5\tquery")
    local data = assert(cmml.users.given(dataset, { split = folder }))
    assert.same({ "u5 i2 0.5" }, lines_of(data.evaluations[1].tasks.query_ratings))
    assert.equal("u1 u2 u3 u4 u6", names(data.train))
    os.remove(tasks)
    write("test.txt", "u2", "u4")
    data = assert(cmml.users.given(dataset, { split = folder }))
    assert.same({ "u1 u3 u5 u6", "u2 u4", "cold users" }, { names(data.train), names(data.test),
      data.evaluations[1].name })
  end)

  it("is refused with file, line and value where it does not fit the data", function()
    local head = "user\titem\tpart\trating"
    local function given(message, ...)
      without(message, cmml.users.given, dataset, { tasks = { write("t.tsv", ...) } })
    end
    given("t.tsv, line 3: there is no user nobody in small", head, "u1\ti1\tquery\t1.5",
      "nobody\ti1\tquery\t1")
    given("t.tsv, line 4: there is no item i9 in small", head, "", "u1\ti1\tquery\t1.5",
      "u1\ti9\tquery\t1")
    given("t.tsv, line 2: part is \"test\", neither support nor query", head, "u1\ti1\ttest\t1.5")
    given("t.tsv, line 3: user u1 and item i1 stand on line 2 already", head,
      "u1\ti1\tsupport\t1.5", "u1\ti1\tquery\t1.5")
    given("t.tsv, line 2: the rating of user u1 and item i1 is 4 here, but 1.5 in the data", head,
      "u1\ti1\tquery\t4")
    given("t.tsv: there is no row whose part is query", head, "u1\ti1\tsupport\t1.5")
    given("t.tsv, line 1: there is no column part: tabs between user, item, part are expected",
      "user\titem\trating", "u1\ti1\t1.5")
    given("t.tsv, line 2", head, "u1\ti1\tquery")
    local sparse = cmml.dataset { name = "sparse", schema = cmml.data.schema {}, ratings = {
      { "a", "x", 1 }, { "b", "y", 2 } } }
    without("t.tsv, line 2: user a has no rating of item y in sparse", cmml.users.given, sparse,
      { tasks = { write("t.tsv", "user\titem\tpart", "a\ty\tquery") } })
    local one, two = write("one.txt", "u1", "u2"), write("two.txt", "u3", "u2")
    without("one.txt, line 2: there is no user u9 in small", cmml.users.given, dataset,
      { test_users = write("one.txt", "u1", "u9") })
    without("one.txt, line 3: user u1 stands in this list already, on line 1", cmml.users.given,
      dataset, { test_users = write("one.txt", "u1", "u2", "u1") })
    write("one.txt", "u1", "u2")
    without(two .. ": user u2 stands in " .. one .. ", too: a person is in one list",
      cmml.users.given, dataset, { train_users = one, test_users = two })
    without("holds no split", cmml.users.given, dataset, { split = folder .. "/none" })
    refused("a split needs files", cmml.users.given, dataset)
    refused("full takes no tasks, which is for given", cmml.users.protocol, dataset,
      { tasks = { "x" } })
    refused("given takes no valid: its files say who validates", cmml.users.protocol, dataset,
      { protocol = "given", valid = 0.1 })
  end)

  it("that would learn what it asks for is refused", function()
    write("ratings.tsv", "user\titem\trating", "u1\ti1\t1.5", "u2\ti1\t2.5")
    write("tasks.tsv", "user\titem\tpart", "u1\ti1\tquery")
    write("train.txt", "u1", "u2")
    local data = assert(cmml.users.given(dataset, { split = folder }))
    refused("user u1's rating of item i1 is evaluated, but was trained on",
      cmml.users.check_no_leak, data)
  end)
end)

describe("a split that is written", function()
  it("is the same when it is read again, under every protocol", function()
    for _, protocol in ipairs { "full", "capped", "warm", "last", "time" } do
      local data = assert(cmml.users.protocol(dataset, { protocol = protocol, valid = 0.3,
        test_users = protocol ~= "time" and 0.4 or nil, cut = protocol == "time" and 43 or nil }))
      local out = folder .. "/" .. protocol
      assert(setting.write_split(data, out, {}))
      local read = assert(cmml.users.protocol(dataset, { protocol = "given", split = out }))
      local learnt = {}
      for _, part in ipairs { "train", "valid", "test" } do
        assert.equal(names(data[part]), names(read[part]))
        for _, user in ipairs(part ~= "test" and data[part] or {}) do
          learnt[user] = true
        end
      end
      assert.same(lines_of(data.ratings, learnt), lines_of(read.ratings))
      assert.same(data.conditions, read.conditions)
      local drawn, fixed = setting.evaluations(data, { draws = 1 }), setting.evaluations(read, {})
      local model = cmml.recommenders.user_mean(data.catalogue)
      model:fit(setting.learnable(data))
      for i, entry in ipairs(drawn) do
        assert.equal(entry.name, fixed[i].name)
        local own = cmml.evaluate({ model }, entry.tasks, entry.options)[1].mae
        local other = cmml.evaluate({ model }, fixed[i].tasks, fixed[i].options)[1].mae
        assert.near(own.mean, other.mean, 1e-6)
      end
      without("holds a split already (train.txt): give another folder", setting.write_split, data,
        out, {})
    end
  end)

  it("of which the tasks were changed is given, no longer what it was made by", function()
    local data = assert(cmml.users.warm(dataset, { valid = 0, test_users = 0.4 }))
    assert(setting.write_split(data, folder .. "/s", {}))
    local path = folder .. "/s/tasks-warm-users.tsv"
    local words = assert(core.read_file(path))
    assert.equal("warm", assert(cmml.users.given(dataset, { split = folder .. "/s" }))
      .conditions.protocol)
    assert(core.write_file(path, (words:gsub("[^\n]+\n$", ""))))
    assert.equal("given", assert(cmml.users.given(dataset, { split = folder .. "/s" }))
      .conditions.protocol)
  end)

  it("is refused where an id does not fit a line", function()
    local odd = cmml.dataset { schema = cmml.data.schema {}, ratings = { { "a\tb", "x", 1 },
      { "c", "x", 2 } } }
    without("has a tab or a line break", setting.write_split,
      assert(cmml.cold_users(odd, { test_users = 0.5, valid = 0 })), folder .. "/s", {})
  end)
end)

describe("the command line", function()
  local data

  local function runs(...)
    local output, said, code = cli(...)
    assert.equal(0, code, output .. said)
    return output
  end

  local function fails(text, ...)
    local output, said, code = cli(...)
    assert.equal(1, code, output .. said)
    assert.truthy(said:find(text, 1, true), said)
  end

  before_each(function()
    data = folder .. "/data"
    assert(core.mkdir(data))
    people.write(core, data, { users = 30, items = 12, rated = 8 })
  end)

  -- The queries of a split as scores by a function of their rating.
  local function scores(split, score)
    local lines = { "user\titem\tscore" }
    for line in io.lines(split .. "/tasks-cold-users.tsv") do
      local user, item, rating = line:match "^(%S+)\t(%S+)\tquery\t(%S+)$"
      lines[#lines + 1] = user and table.concat({ user, item,
        plain.number(score(plain.tonumber(rating))) }, "\t")
    end
    return lines
  end

  it("writes a split, reads it, and judges what another program scored", function()
    local split, model = folder .. "/split", folder .. "/run/best.safetensors"
    runs("train", "--data", data, "--out", folder .. "/run", "--model=item_mean", "--quiet",
      "--split-out", split)
    local lines = scores(split, function(rating)
      return rating + 0.25
    end)
    local path = write("scores.tsv", table.unpack(lines))
    local evaluate = { "evaluate", "--data", data, "--split", split, "--quiet", "--metrics=mae",
      "--baselines=none" }
    local function with(...)
      local words = table.move(evaluate, 1, #evaluate, 1, {})
      return table.unpack(table.move({ ... }, 1, select("#", ...), #words + 1, words))
    end
    local text = runs(with("--model", model, "--scores", path))
    assert.matches("protocol full%s+%(from files%)", text)
    assert.matches("| [^|]*scores.tsv *| 0.2500 ", text)
    assert.matches("| item mean *| %d", text)
    assert.matches("0.2500", runs(with("--scores", path)))
    local learnt = assert(core.read_file(split .. "/ratings.tsv")):match "\n([^\n]+)"
    local told
    text, told = cli(with("--scores", write("more.tsv", table.concat(lines, "\n"), learnt)))
    assert.truthy(told:find("more.tsv: 1 rows are in no query and were left out", 1, true), told)
    assert.matches("0.2500", text)
    fails("of queries have no score (user ", with("--scores", write("few.tsv",
      table.unpack(lines, 1, 3))))
    fails("have a score on line " .. #lines .. " already", with("--scores", write("twice.tsv",
      table.concat(lines, "\n"), lines[#lines])))
    fails("these are drawn at random", "evaluate", "--data", data, "--quiet", "--scores", path)
    local _, said, code = cli("evaluate", "--data", data)
    assert.equal(2, code)
    assert.truthy(said:find("--model FILES is missing (or --scores FILES)", 1, true), said)
    fails("holds a split already", "evaluate", "--data", data, "--model", model, "--split-out",
      split)
  end)
end)
