-- The command `embed`: from a delimited file to vectors with raw ids.
local cmml = require "cmml"
local cli = require "spec.support.cli"
local oracle = require "spec.support.cf_oracle"
local temporary = require "spec.support.temporary"
local core = cmml.core

local entries = oracle.planted(23, 17, 2, 0.6)

describe("cmml embed", function()
  local root, path

  setup(function()
    root = temporary.folder()
    path = root .. "/v.safetensors"
  end)

  teardown(function()
    temporary.remove(root)
  end)

  it("makes vectors of a file of interactions, as the library does", function()
    local lines = { "user|when|item|plays" }
    for e, entry in ipairs(entries) do
      lines[#lines + 1] = ("u%d|%d|i%d|%d"):format(entry[1], e, entry[2], e % 4)
    end
    assert(core.write_file(root .. "/plays", table.concat(lines, "\n") .. "\n"))
    assert(core.write_file(root .. "/empty", ""))
    local function embed(...)
      local text, said, code = cli("embed", "--ratings", root .. "/plays", "--out", path,
        "--delimiter", "|", "--factors=3", ...)
      return text, said, code
    end
    local text, said, code = embed("--columns=user,skip,item,weight", "--min-weight=2",
      "--iterations=2", "--alpha=3", "--regularization=0.5")
    assert.equal(0, code, said)
    assert.truthy(text:find("22 users and 16 items, 3 factors", 1, true), text)
    assert.matches("iteration 1/2  loss [%d.]+\niteration 2/2", said)
    local found = assert(cmml.vectors.load(path))
    local list = {}
    for e, entry in ipairs(entries) do
      if e % 4 >= 2 then
        list[#list + 1] = { found.user_ids:id("u" .. entry[1]), found.item_ids:id("i" .. entry[2]),
          e % 4 }
      end
    end
    local expected = cmml.vectors.als { ratings = oracle.ratings(core, list), factors = 3,
      n_users = #found.user_ids, n_items = #found.item_ids, iterations = 2, alpha = 3,
      regularization = 0.5 }
    assert.equal(expected.users:tobytes(), found.users:tobytes())
    assert.equal(expected.items:tobytes(), found.items:tobytes())
    for _, case in ipairs {
      { 1, "line 1, column 4 (weight)", "--columns=user,skip,item,weight", "--header=off" },
      { 1, "--out: there is no folder " .. root .. "/none", "--out", root .. "/none/v" },
      { 2, '--method "sgd" is not known; known: als, bpr', "--method=sgd" },
      { 1, "--columns: user is there twice", "--columns=user,user" },
      { 1, "--columns: rating and weight exclude", "--columns=user,rating,item,weight" },
      { 1, "--columns: \"usr\" is not what a column can be", "--columns=usr,item" },
      { 1, "--columns: item is missing", "--columns=user,skip" },
      { 1, "the lines have no weight", "--columns=user,skip,item,skip",
        "--min-weight=1" },
      { 1, "--rate is an option of --method bpr alone", "--rate=1" },
      { 1, "--alpha is an option of --method als alone", "--method=bpr", "--alpha=1" },
      { 1, "--min-weight: no interaction weighs 4 or more",
        "--columns=user,skip,item,weight", "--min-weight=4" },
      { 1, root .. "/empty is empty", "--ratings=" .. root .. "/empty" },
      { 1, "--data is the earlier name of --ratings", "--data=" .. root .. "/plays" },
    } do
      text, said, code = embed(table.unpack(case, 3))
      assert.equal(case[1], code, text)
      assert.truthy(said:find(case[2], 1, true), said)
    end
    -- what columns are is guessed as in every command that reads ratings
    local usual = assert(core.read_file(root .. "/plays")):gsub("|", ","):gsub("when", "why")
    assert(core.write_file(root .. "/plays.csv", usual))
    text, said, code = cli("embed", "--ratings", root .. "/plays.csv", "--out", path, "--factors=3",
      "--min-weight=2", "--iterations=2", "--alpha=3", "--regularization=0.5")
    assert.equal(0, code, said)
    assert.truthy(said:find("weight = plays; not read: why", 1, true), said)
    assert.equal(expected.users:tobytes(), assert(cmml.vectors.load(path)).users:tobytes(), text)
    text, said, code = embed("--columns=user,skip,item,weight", "--method=bpr",
      "--binary", "--unit-rms=false", "--quiet", "--iterations=2")
    assert.equal(0, code, said)
    assert.equal("", said)
    assert.equal(1, assert(cmml.vectors.load(path)).user_scale, text)
  end)
end)
