-- The command line in the scenario setting: train and evaluate on folders of made scenarios; that
-- the numbers are those of the library and of experiments; what is refused.
local cmml = require "cmml"
local json = require "cmml.base.json"
local people = require "spec.support.people"
local result_tables = require "spec.support.result_tables"
local scenario_cli = require "spec.support.scenario_cli"
local temporary = require "spec.support.temporary"
local core = cmml.core

local runs, fails, contains = scenario_cli.runs, scenario_cli.fails, scenario_cli.contains
local is_wrong, means_of = scenario_cli.is_wrong, result_tables.means

-- The metrics of a text, in order.
local function metrics_of(text)
  local names = {}
  for i, row in ipairs(result_tables.read(text)) do
    names[i] = row[2]
  end
  return names
end

describe("cmml on scenarios", function()
  local root, tags, places, model
  local small = scenario_cli.small

  local function train(where, ...)
    return scenario_cli.train(tags, root .. where, ...)
  end

  setup(function()
    root = temporary.folder()
    tags = scenario_cli.folder(core, root .. "/tags", "lastfm")
    places = scenario_cli.folder(core, root .. "/places", "yelp", { users = 60, seed = 5 })
    runs(train("/out", "--quiet"))
    model = root .. "/out/best.safetensors"
  end)

  teardown(function()
    temporary.remove(root)
  end)

  it("trains: tells the data and the split, shows progress, leaves the files", function()
    local text, said = runs(train("/a", "--seed=3"))
    contains(text, "[cmml.scenarios.Data tags: ")
    contains(text, "11 scenarios to train, 2 to validate, 3 to test; protocol no-leak")
    assert.matches("\nbest epoch %d of 2: validation recall@20 0%.%d+; saved ", text)
    assert.matches("^epoch 1/2  loss %d+%.%d+  valid recall@10 [^\n]+\nepoch 2/2 [^\n]+\n$", said)
    for _, name in ipairs { "best.safetensors", "last.safetensors", "log.csv" } do
      assert.is_true(core.exists(root .. "/a/" .. name))
    end
  end)

  it("trains what Lua trains, bit for bit, and evaluates it as a cell of an experiment", function()
    local options = { min_items = 10, max_items = 100 }
    local split = assert(cmml.scenarios.read(tags, options)):split { query_fraction = 0.2 }
    local vectors = { factors = 8, seed = 1 }
    for key, value in pairs(cmml.presets["recommended/scenario"].vectors) do
      vectors[key] = vectors[key] or value
    end
    local learnt, served = split:vectors(vectors)
    local own = cmml.cmml(split:catalogue(learnt), { preset = "recommended/scenario" })
    cmml.train(own, split, { epochs = 2, rounds = 2 })
    own = own:over(split:catalogue(served))
    local loaded = assert(cmml.load(model))
    assert.equal(people.bits(own), people.bits(loaded))
    assert.is_nil(own.catalogue:difference(loaded.catalogue))
    assert.equal(0, (own.catalogue.users.vectors.cf - loaded.catalogue.users.vectors.cf):square()
      :sum():item())
    assert.truthy(learnt ~= served and (learnt.users - served.users):square():sum():item() > 0)

    local text = runs("evaluate", "--data", tags, "--model", model)
    local rows = means_of(text, "recall@10")
    assert.equal(4, #rows, text)
    local experiment = cmml.experiment { data = { tags }, min_items = 10, max_items = 100,
      factors = 8, seeds = 1, epochs = 2, metrics = { "recall@10" }, rows = {
        { row = "CMML, seed 1", kind = "cmml", preset = "recommended/scenario",
          training = { epochs = 2, rounds = 2 } }, { row = "CF score", kind = "cf_score" },
        { row = "popularity", kind = "popularity" },
        { row = "support popularity", kind = "support_popularity" } } }
    for i, row in ipairs(experiment.rows) do
      assert.equal(row.row, rows[i][1])
      assert.near(row["recall@10"].mean, rows[i][2], 0.50001e-4, row.row)
    end
    assert.equal(4, #means_of(text, "ndcg@50"))
    contains(text, "Nothing that is evaluated was there to be")
  end)

  it("resumes to the same model as without an interruption", function()
    local function run(where, epochs, ...)
      runs(train(where, "--quiet", "--patience=0", "--schedule=plateau", "--epochs", epochs, ...))
      return core.read_file(root .. where .. "/best.safetensors")
    end
    local whole = run("/whole", "4")
    run("/parts", "2")
    assert.equal(whole, run("/parts", "4", "--resume"))
    fails("cannot resume: --data-seed was 1, now it is 2", train("/parts", "--resume", "--quiet",
      "--patience=0", "--schedule=plateau", "--data-seed=2"))
    fails("holds a run already", train("/parts", "--quiet"))
    fails("cannot resume: ", train("/nothing", "--quiet", "--resume"))
  end)

  it("takes settings of a file as cmml tune writes it, and components by name", function()
    local file = root .. "/settings.json"
    assert(core.write_file(file, json.encode { preset = "recommended/scenario",
      model = { backbone = { 6, 6 } }, training = { lr = 0.01, watch = "recall@10" } }))
    local text = runs("train", "--data", tags, "--out", root .. "/file", "--quiet", "--epochs=1",
      "--rounds=1", "--settings", file, "--encoder=max", "--hybrid=none", "--modulation=linear",
      table.unpack(small))
    contains(text, "validation recall@10")
    local options = assert(cmml.load(root .. "/file/best.safetensors")).options
    assert.same({ { 6, 6 }, "max", "none", "linear", "recommended/scenario" },
      { options.backbone, options.encoder, options.hybrid, options.modulation, options.preset })
    fails("train: there is no preset recommended of cmml for scenarios (groups of items); did you "
      .. "mean recommended/scenario?", train("/b", "--preset=recommended"))
    is_wrong('--encoder "gri" is not known; did you mean gru?', train("/b", "--quiet",
      "--encoder=gri"))
  end)

  it("refuses options of the other setting, naming both", function()
    local here = " applies only to ratings of users, but here are scenarios (groups of items)"
    for _, word in ipairs { "--cap=5", "--user-fields=age", "--min-count=2", "--test-users=x",
      "--short-supports=0.5" } do
      fails(word:match "^[^=]+" .. here, train("/b", word))
    end
    fails("there is no protocol warm for scenarios (groups of items); known: no-leak, published",
      train("/b", "--protocol=warm"))
    fails("the kind item_mean is for ratings of users, not for scenarios (groups of items)",
      train("/b", "--model=item_mean"))
    fails("--width is no option of --model cmml for scenarios (groups of items); it has --encoder",
      train("/b", "--width=3"))
    fails("there is no kind of recommender cmlm; did you mean cmml?", train("/b", "--model=cmlm"))
    fails("there is no folder " .. root .. "/none", "train", "--data", root .. "/none", "--out",
      root .. "/b")
    fails("take no --by", train("/b", "--by=genre"))
    is_wrong('--setting "both" is not known; known: scenarios, sequences, users',
      train("/b", "--setting=both"))
    is_wrong('--setting "scenario" is not known; did you mean scenarios?', train("/b",
      "--setting=scenario"))
    local ratings = root .. "/ratings"
    assert(core.mkdir(ratings))
    people.write(core, ratings, { users = 40, items = 16, rated = 8 })
    local function learn(...)
      return "train", "--data", ratings, "--out", root .. "/b", ...
    end
    here = " applies only to scenarios (groups of items), but here are ratings of users"
    for _, word in ipairs { "--factors=8", "--by=genre", "--rounds=3" } do
      fails(word:match "^[^=]+" .. here, learn(word))
    end
    fails("there is no protocol no-leak for ratings of users", learn "--protocol=no-leak")
    fails("the kind cf_score is for scenarios (groups of items), not for ratings of users",
      learn "--model=cf_score")
    fails("--dropout is no option of --model cmml for ratings of users", learn "--dropout=0.1")
    here = " applies only to ratings of users, but here are scenarios (groups of items)"
    for _, word in ipairs { "--relevant=4", "--shuffle-labels", "--support=0,5", "--query=3" } do
      fails(word:match "^[^=]+" .. here, "evaluate", "--data", tags, "--model", model, word)
    end
    fails("--rate" .. here, "recommend", "--model", model, "--rate=1=5")
    runs("train", "--data", ratings, "--out", root .. "/users", "--quiet", "--model=item_mean")
    fails("best.safetensors is for ratings of users, but " .. model .. " is for scenarios",
      "evaluate", "--data", tags, "--model", model .. "," .. root .. "/users/best.safetensors")
    fails("is no folder of a format that is known for scenarios (groups of items)", "evaluate",
      "--data", root, "--model", model)
  end)

  it("evaluates several models in tables of 80 columns, with options", function()
    runs(train("/b", "--quiet", "--seed=2"))
    local other = root .. "/b/best.safetensors"
    local text = runs("evaluate", "--data", tags, "--model", model .. "," .. other,
      "--cutoffs=1,2,3,4", "--draws=2", "--seed=7", "--max-users=5", "--baselines=none")
    contains(text, "at most 5 users of a scenario")
    contains(text, "mean of 2 draws")
    for _, metric in ipairs { "recall@4", "ndcg@1" } do
      assert.equal(2, #means_of(text, metric), text)
    end
    assert.same(text, runs("evaluate", "--data", tags, "--model", model .. "," .. other,
      "--cutoffs=1,2,3,4", "--draws=2", "--seed=7", "--max-users=5", "--baselines=none"))
    for word, message in pairs { ["0"] = "--cutoffs entry 1 must be from 1 to",
      a = "--cutoffs entry 1", ["3,,4"] = '--cutoffs has an empty entry: "3,,4"' } do
      is_wrong(message, "evaluate", "--data", tags, "--model", model, "--cutoffs=" .. word)
    end
    is_wrong("--max-users must be at least 1", "evaluate", "--data", tags, "--model", model,
      "--max-users=0")
    fails("there is no metric recal@5; did you mean recall?", "evaluate", "--data", tags, "--model",
      model, "--metrics=recal@5")
    assert.same({ "auc", "hit@3" }, metrics_of(runs("evaluate", "--data", tags, "--model", model,
      "--metrics=auc,hit@3", "--baselines=none")))
  end)

  it("joins sets, and evaluates each alone as well", function()
    local both = tags .. "+" .. places
    runs("train", "--data", both, "--out", root .. "/both", "--quiet", "--epochs=1", "--rounds=1",
      "--preset=recommended/scenario", table.unpack(small))
    local file = root .. "/both/best.safetensors"
    local text = runs("evaluate", "--data", both, "--model", file)
    contains(text, "scenarios of tags alone:")
    contains(text, "scenarios of places alone:")
    assert.equal(12, #means_of(text, "recall@20"))
    contains(runs("info", "--model", file), "data         tags+places")
    fails("is of other data than tags", "evaluate", "--data", tags, "--model", file)
    assert.matches("^  1 +%-?[%d.]+ +tags:%d+ +Artist %d+\n", runs("recommend", "--model", file,
      "--user=tags:1", "--liked=tags:5"))
  end)

  it("says how far an evaluation is", function()
    local _, said = runs("evaluate", "--data", tags, "--model", model)
    assert.matches("^CMML, seed 1  evaluated in %d+%.%d s\nCF score  evaluated in [^\n]+\n", said)
    _, said = runs("evaluate", "--data", tags, "--model", model, "--quiet", "--baselines=none")
    assert.equal("", said)
  end)

  it("saves what has nothing to learn", function()
    for _, kind in ipairs { "popularity", "cf_score" } do
      contains(runs("train", "--data", tags, "--out", ("%s/%s"):format(root, kind), "--model", kind,
        "--quiet", table.unpack(small)), "saved ")
      contains(runs("evaluate", "--data", tags, "--baselines=none", "--model",
        ("%s/%s/best.safetensors"):format(root, kind)), "Nothing that is evaluated")
    end
  end)
end)
