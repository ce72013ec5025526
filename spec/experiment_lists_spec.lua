-- experiment lists, the command, and tuning by lists: on a small made world.
local cmml = require "cmml"
local core = cmml.core
local command = require "spec.support.cli"
local refused = require("spec.support.refused").with_text

local function runs(...)
  local text, said, code = command(...)
  assert.equal(0, code, said)
  return text
end

local function fails(message, ...)
  local text, said, code = command(...)
  assert.equal(1, code, text)
  assert.truthy(said:find(message, 1, true), said)
end

describe("lists of an experiment", function()
  it("compare kinds that rank with those that predict ratings, by support", function()
    local result = cmml.experiment("lists", { quick = true, quiet = true, support = { 20 },
      supports = { 1, 5 }, kinds = "popularity,ease,item_mean" })
    assert.same({}, result.failures)
    assert.equal(3, #result.tables)
    assert.truthy(result.text:find("lists of the whole catalogue, support 20, mean of 1 draw", 1,
      true))
    assert.truthy(result.tables[2].title:find("what they show", 1, true))
    local by_row = {}
    for i, tbl in ipairs(result.tables) do
      for _, row in ipairs(tbl.rows) do
        by_row[row.row] = by_row[row.row] or {}
        by_row[row.row][i] = row
      end
    end
    local ease, mean = by_row["EASE (tuned)"], by_row["item mean"]
    assert.truthy(ease[1]["cold users/ndcg@20"].mean > mean[1]["cold users/ndcg@20"].mean)
    assert.truthy(ease[1]["cold users/ndcg@20"].low < ease[1]["cold users/ndcg@20"].mean)
    local coverage = ease[2]["cold users/coverage@20"]
    assert.same({ coverage.mean, coverage.mean }, { coverage.low, coverage.high })
    assert.is_nil(result.text:find("over 1 user", 1, true))
    for _, size in ipairs { 1, 5 } do
      assert.truthy(ease[3]["cold users/normalized_recall@20/" .. size].mean > 0)
    end
  end)

  it("say where candidates are sampled", function()
    local result = cmml.experiment("lists", { quick = true, quiet = true, rank = "sampled",
      candidates = 20, supports = { 1 }, kinds = "popularity", metrics = { "ndcg@10" } })
    assert.truthy(result.tables[1].title:find("SAMPLED candidates", 1, true))
    assert.truthy(result.text:find("lists of SAMPLED candidates", 1, true))
  end)

  it("say of what supports are", function()
    local people = require "spec.support.people"
    local users, heard = cmml.settings:get "users", people.world { users = 20, items = 12,
      rated = 8 }.ratings
    for kind, what in pairs { ratings = "ratings", interactions = "interactions",
      weights = "interactions" } do
      local rows = {}
      for i, row in ipairs(heard) do
        rows[i] = { row[1], row[2], kind ~= "interactions" and row[3] or nil }
      end
      local data = assert(cmml.cold_users(cmml.dataset { name = "d", kind = kind, ratings = rows },
        { test_users = 0.2, valid = 0 }))
      local list = users.evaluations(data, { rank = "all", support = { 3 }, query = 2 })
      local rule = list[1].rule:gsub(", if they are 4 or higher", "")
      assert.equal(("a support is up to 3 random %s of a person, which leaves at least 2 (half of "
        .. "fewer than 4); the others are to be found"):format(what), rule)
    end
  end)

  it("have no place among predicted ratings", function()
    local result = cmml.experiment("users", { quick = true, quiet = true, protocol = { "full" },
      kinds = "item_mean", draws = 1 })
    assert.equal(1, #result.rows)
    refused("ease ranks items and predicts no ratings", cmml.experiment, "users", { quick = true,
      kinds = "ease" })
  end)

  it("are what a kind that ranks is tuned by", function()
    local found = cmml.tune { quick = true, quiet = true, model = "ease", trials = 2 }
    assert.equal("ndcg", found.metric)
    assert.truthy(found.trials[1].value >= found.trials[2].value and found.trials[1].value > 0)
  end)
end)

describe("cmml evaluate --rank", function()
  local folder = os.tmpname()
  os.remove(folder)
  local model = folder .. "/best.safetensors"

  it("ranks the catalogue for a model and baselines of either kind", function()
    runs("train", "--data=data/made", "--model=ease", "--out=" .. folder, "--quiet")
    local text = runs("evaluate", "--data=data/made", "--model", model, "--rank=all",
      "--quiet", "--baselines=item_mean,popularity", "--metrics=ndcg,coverage", "--support=1,10")
    for _, words in ipairs { "in the whole%s+catalogue without the support", "if they are 4 or",
      "ndcg@20", "coverage@20", "| popularity ", "| item mean ", "support 10" } do
      assert.matches(words, text)
    end
    text = runs("evaluate", "--data=data/made", "--model", model, "--rank=sampled", "--quiet",
      "--candidates=30", "--baselines=none", "--metrics=hit@1")
    assert.matches("among 30 random%s+items: SAMPLED candidates", text)
    os.execute("rm -r " .. folder)
  end)

  it("is refused where nothing is relevant to anybody, before any cell", function()
    local lines = { "user,item,rating" }
    for user = 1, 30 do
      for item = 1, 12 do -- the first three give no 5
        lines[#lines + 1] = ("u%d,i%d,%d"):format(user, (user + item) % 20,
          1 + (user * item) % (user <= 3 and 4 or 5))
      end
    end
    assert(core.mkdir(folder))
    local ratings, test = folder .. "/r.csv", folder .. "/test.txt"
    assert(core.write_file(ratings, table.concat(lines, "\n") .. "\n"))
    assert(core.write_file(test, "u1\nu2\nu3\n"))
    local out = folder .. "/model"
    runs("train", "--ratings", ratings, "--test-users", test, "--model=popularity", "--relevant=5",
      "--out", out, "--quiet")
    local message = "nothing is relevant to the users to evaluate on (--relevant 5), "
      .. "whose highest is 4: lower it"
    fails(message, "evaluate", "--ratings", ratings, "--test-users", test, "--rank=all", "--model",
      out .. "/best.safetensors", "--quiet")
    fails(message, "experiment", "lists", "--ratings", ratings, "--test-users", test,
      "--kinds=popularity", "--relevant=5", "--seeds=1", "--out", folder .. "/lists")
    assert.is_false(core.exists(folder .. "/lists/cells"))
    runs("experiment", "lists", "--ratings", ratings, "--test-users", test, "--kinds=popularity",
      "--relevant=4", "--seeds=1", "--out", folder .. "/lists", "--quiet")
    os.execute("rm -r " .. folder)
  end)

  it("is what a model that ranks is told to be evaluated by", function()
    runs("train", "--data=data/made", "--model=ease", "--out=" .. folder, "--quiet")
    fails("ranks items and predicts no ratings: evaluate lists (--rank all)", "evaluate",
      "--data=data/made", "--model", model, "--quiet", "--baselines=none")
    fails("--candidates goes with --rank sampled", "evaluate", "--data=data/made", "--model",
      model, "--quiet", "--rank=all", "--candidates=5")
    os.execute("rm -r " .. folder)
  end)
end)
