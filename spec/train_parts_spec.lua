-- What `cmml train` leaves: what predicts ratings, what makes lists, or both in one file.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local people = require "spec.support.people"
local temporary = require "spec.support.temporary"
local core = cmml.core

describe("cmml train, of what predicts ratings and what makes lists", function()
  local root, data

  local function runs(...)
    local output, said, code = cli(...)
    assert.equal(0, code, output .. said)
    return output, said
  end

  local function fails(text, ...)
    local output, said, code = cli(...)
    assert.equal(1, code, output .. said)
    assert.truthy(said:find(text, 1, true), said)
  end

  local function train(where, ...)
    return runs("train", "--data", data, "--out", root .. where, "--quiet", ...)
  end

  local function best(where)
    return root .. where .. "/best.safetensors"
  end

  local function bytes_of(where)
    return assert(core.read_file(best(where)))
  end

  -- The lists of all people, as a file of records.
  local function lists_of(where)
    runs("recommend", "--model", best(where), "--data", data, "--users=all", "--n=5", "--quiet",
      "--out", root .. "/lists.json")
    return core.json_decode(assert(core.read_file(root .. "/lists.json"))).recommendations
  end

  setup(function()
    root = temporary.folder()
    data = root .. "/data"
    assert(core.mkdir(data))
    people.write(core, data, { users = 40, items = 16, rated = 8 })
    train("/both", "--epochs=3")
    train("/ratings", "--epochs=3", "--part=ratings")
    train("/lists", "--epochs=3", "--part=lists")
  end)

  teardown(function()
    temporary.remove(root)
  end)

  it("trains both by default: lists of the one, to the last bit, with stars of the other",
    function()
      local alone = lists_of "/lists"
      local expected = {}
      for i, row in ipairs(lists_of "/both") do
        expected[i], row.expected = row.expected, nil
        assert.same(alone[i], row)
      end
      assert.equal(#alone, #expected)
      local both, ratings = assert(cmml.load(best "/both")), assert(cmml.load(best "/ratings"))
      local support, films = { { "1", 5 }, { "2", 1 } }, { "3", "4", "5" }
      assert.same(ratings:adapt(support):predict(films), both:adapt(support):predict(films))
      assert.is_nil(ratings.lists)
      assert.equal("ranking", assert(cmml.load(best "/lists")).predicts)
    end)

  it("tells of both, and notes both", function()
    local output = train("/told", "--epochs=1")
    assert.matches("^best epoch 1 of 1: validation mae %d+%.%d+; saved [^\n]+/best.safetensors\n"
      .. "best epoch 1 of 1: validation ndcg %d+%.%d+; lists added to [^\n]+/best.safetensors\n"
      .. "base: [^;]+; score = 1 network %+ [%d.]+ base %+ %([%d.]+ %+ 1/n%)%s+log%s+"
      .. "popularity%s+after%s+a%s+support%s+of%s+n\n$", output)
    local told = runs("info", "--model", best "/told")
    assert.matches("\nbase         [^;]+; score = 1 network", told)
    assert.matches("\nsize         [%d.]+ MB\n?$", told)
    local _, found = cmml.load(best "/told")
    assert.equal(1, found.notes.epoch)
    assert.equal(1, found.notes.lists.epoch)
    assert.equal("number", type(found.notes.lists.valid_ndcg))
  end)

  it("leaves models alone that are named, and takes options of what predicts ratings", function()
    train("/named", "--epochs=1", "--preset=published-code")
    assert.is_nil(assert(cmml.load(best "/named")).lists)
    train("/kind", "--model=item_mean")
    assert.is_nil(assert(cmml.load(best "/kind")).lists)
    train("/options", "--epochs=1", "--encoder=max", "--seed=2")
    local model = assert(cmml.load(best "/options"))
    assert.equal("max", model.options.encoder)
    assert.equal("sum", model.lists.options.encoder)
    train("/asked", "--epochs=1", "--preset=published-code", "--part=both")
    model = assert(cmml.load(best "/asked"))
    assert.equal("published-code", model.options.preset)
    assert.equal("recommended/lists", model.lists.options.preset)
  end)

  it("goes on in either part, to the same file", function()
    train("/first", "--epochs=3", "--part=ratings")
    train("/first", "--epochs=3", "--resume")
    assert.equal(bytes_of "/both", bytes_of "/first")
    train("/second", "--epochs=3", "--part=ratings")
    train("/second/lists", "--epochs=2", "--part=lists")
    train("/second", "--epochs=3", "--resume")
    assert.equal(bytes_of "/both", bytes_of "/second")
    train("/second", "--epochs=3", "--resume") -- of which nothing is left to do
    assert.equal(bytes_of "/both", bytes_of "/second")
  end)

  it("evaluates ratings of the one, lists of the other", function()
    local found = {}
    for i, case in ipairs { { "/both" }, { "/ratings" }, { "/both", "--rank=all" },
      { "/lists", "--rank=all" } } do
      runs("evaluate", "--model", best(case[1]), "--data", data, "--support=4", "--query=3",
        "--draws=1", "--baselines=none", "--quiet", "--out", root .. "/found.json", case[2])
      found[i] = core.json_decode(assert(core.read_file(root .. "/found.json")))
    end
    assert.same(found[2], found[1])
    assert.same(found[4], found[3])
    assert.not_same(found[1], found[3])
  end)

  it("trains lists alone of data without ratings, and refuses the rest of them", function()
    local lines = { "user,item" }
    for _, row in ipairs(people.world({ users = 40, items = 16, rated = 8 }).ratings) do
      lines[#lines + 1] = row[3] >= 4 and row[1] .. "," .. row[2] or nil
    end
    local path = root .. "/taken.csv"
    assert(core.write_file(path, table.concat(lines, "\n") .. "\n"))
    local _, said = runs("train", "--ratings", path, "--out", root .. "/taken", "--epochs=1",
      "--quiet")
    assert.truthy(said:find("what makes lists is trained alone", 1, true), said)
    assert.equal("cmml_lists", assert(cmml.load(best "/taken")).kind)
    for _, part in ipairs { "both", "ratings" } do
      fails("without ratings", "train", "--ratings", path, "--out", root .. "/none", "--epochs=1",
        "--quiet", "--part", part)
    end
    fails("--hybrid is no option of --model cmml_lists", "train", "--ratings", path, "--out",
      root .. "/none", "--quiet", "--hybrid=dot")
  end)

  it("says in which part something went wrong, and what is left", function()
    fails("what makes lists: nothing to learn from", "train", "--data", data, "--out",
      root .. "/unloved", "--epochs=1", "--quiet", "--relevant=100")
    assert.is_nil(assert(cmml.load(best "/unloved")).lists)
    assert(core.write_file(root .. "/both/lists/last.safetensors", "damaged"))
    fails("what makes lists: cannot resume: ", "train", "--data", data, "--out", root .. "/both",
      "--epochs=3", "--quiet", "--resume")
  end)

  it("refuses a part of a kind, and of groups of items", function()
    fails("--part and --model exclude each other", "train", "--data", data, "--out",
      root .. "/none", "--part=both", "--model=cmml")
    assert(core.write_file(root .. "/set.json", "{}"))
    fails("--part and --settings exclude each other", "train", "--data", data, "--out",
      root .. "/none", "--part=lists", "--settings", root .. "/set.json")
    fails("--part does not apply to ", "train", "--data", data, "--out", root .. "/none",
      "--part=lists", "--setting=scenarios")
  end)
end)
