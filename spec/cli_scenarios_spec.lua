-- The command line in the scenario setting: train and evaluate on folders of made scenarios; that
-- the numbers are those of the library and of experiments; what is refused.
local cell = require "cmml.experiment.scenario_cell"
local cmml = require "cmml"
local json = require "cmml.base.json"
local people = require "spec.support.people"
local scenario_cli = require "spec.support.scenario_cli"
local core = cmml.core

local runs, fails, contains = scenario_cli.runs, scenario_cli.fails, scenario_cli.contains

-- Rows of all tables of a metric: title and mean.
local function means_of(text, metric)
  local found, column = {}, nil
  for line in text:gmatch "[^\n]+" do
    local cells = {}
    for word in line:gmatch "| ([^|]-) +%f[|]" do
      cells[#cells + 1] = word
    end
    if cells[1] and cells[1]:find "^model" then
      column = nil
      for i, name in ipairs(cells) do
        column = name == metric and i or column
      end
    elseif column and cells[column] then
      found[#found + 1] = { cells[1], tonumber(cells[column]:match "^[%d.]+") }
    end
  end
  return found
end

describe("cmml on scenarios", function()
  local root, tags, places, model
  local small = scenario_cli.small

  local function train(where, ...)
    return scenario_cli.train(tags, root .. where, ...)
  end

  setup(function()
    root = people.folder(core)
    tags = scenario_cli.folder(core, root .. "/tags", "lastfm")
    places = scenario_cli.folder(core, root .. "/places", "yelp", { users = 60, seed = 5 })
    runs(train("/out", "--quiet"))
    model = root .. "/out/best.safetensors"
  end)

  teardown(function()
    people.remove(root)
  end)

  it("trains: tells the data and the split, shows progress, leaves the files", function()
    local text, said = runs(train("/a", "--seed=3"))
    contains(text, "[cmml.ScenarioData tags: ")
    contains(text, "11 scenarios to train, 2 to validate, 3 to test; protocol no-leak")
    assert.matches("\nbest epoch %d of 2: validation recall@20 0%.%d+; saved ", text)
    assert.matches("^epoch 1/2  loss %d+%.%d+  valid recall@10 [^\n]+\nepoch 2/2 [^\n]+\n$", said)
    for _, name in ipairs { "best.safetensors", "last.safetensors", "log.csv" } do
      assert.is_true(core.exists(root .. "/a/" .. name))
    end
  end)

  it("trains what Lua trains, bit for bit, and evaluates it as a cell of an experiment", function()
    local settings = cell.settings(cmml, { min_items = 10, max_items = 100, factors = 8 }, tags)
    settings.kind, settings.seed, settings.preset = "scenario_cmml", 1,
      cmml.presets["recommended/scenario"]
    settings.model, settings.training = { preset = "recommended/scenario" },
      { epochs = 2, rounds = 2, seed = 1 }
    local options = { min_items = 10, max_items = 100 }
    local split = assert(cmml.scenario_source(tags, options)):split { query_fraction = 0.2 }
    local vectors = settings.vectors
    local learnt, served = split:vectors(vectors)
    local own = cmml.scenario_cmml(split:catalogue(learnt), { preset = "recommended/scenario" })
    cmml.train(own, split, { epochs = 2, rounds = 2 })
    own = own:over(split:catalogue(served))
    local loaded = assert(cmml.load(model))
    assert.equal(people.bits(own), people.bits(loaded))
    assert.is_nil(own.catalogue:difference(loaded.catalogue))
    assert.equal(0, (own.catalogue.vectors.users - loaded.catalogue.vectors.users):square():sum()
      :item())
    assert.truthy(learnt ~= served and (learnt.users - served.users):square():sum():item() > 0)

    local text = runs("evaluate", "--data", tags, "--model", model)
    local rows = means_of(text, "recall@10")
    assert.equal(4, #rows, text)
    for i, kind in ipairs { "scenario_cmml", "cf_score", "popularity", "support_popularity" } do
      settings.kind = kind
      settings.preset = i == 1 and settings.preset or nil
      local found, top, bottom = cell.run(cmml, settings), 0, 0
      for s, value in ipairs(found.metrics["recall@10"]) do
        if value == value then
          top, bottom = top + value * found.weights[s], bottom + found.weights[s]
        end
      end
      assert.near(top / bottom, rows[i][2], 0.50001e-4, kind)
    end
    assert.same({ "CMML, seed 1", "CF score", "popularity", "support popularity" },
      { rows[1][1], rows[2][1], rows[3][1], rows[4][1] })
    assert.equal(4, #means_of(text, "ndcg@50"))
    contains(text, "Nothing that is judged was there to be")
  end)

  it("resumes to the same model as without an interruption", function()
    local function run(where, epochs, ...)
      runs(train(where, "--quiet", "--patience=0", "--schedule=plateau", "--epochs", epochs, ...))
      return core.read_file(root .. where .. "/best.safetensors")
    end
    local whole = run("/whole", "4")
    run("/parts", "2")
    assert.equal(whole, run("/parts", "4", "--resume"))
    fails("cannot resume: data_seed was 1, now it is 2", train("/parts", "--resume", "--quiet",
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
    fails("preset recommended is for the setting user, but the data are taken for scenario",
      train("/b", "--preset=recommended"))
    fails('encoder "gri" is not known', train("/b", "--quiet", "--encoder=gri"))
  end)

  it("refuses options of the other setting, naming both", function()
    local tail = ", but " .. tags .. " is of the scenario setting (groups of items)"
    for _, word in ipairs { "--cap=5", "--user-fields=age", "--min-count=2", "--test-users=x" } do
      fails(word:match "^[^=]+" .. " is for the user setting (ratings of users)" .. tail,
        train("/b", word))
    end
    fails("--protocol warm is for the user setting (ratings of users)" .. tail,
      train("/b", "--protocol=warm"))
    fails("--model item_mean is for the user setting (ratings of users)" .. tail,
      train("/b", "--model=item_mean"))
    fails("there is no model of kind cmlm; did you mean cmml?", train("/b", "--model=cmlm"))
    fails("there is no folder " .. root .. "/none", "train", "--data", root .. "/none", "--out",
      root .. "/b")
    fails("has no option by", train("/b", "--by=genre"))
    fails('setting "both" is not known', train("/b", "--setting=both"))
    local ratings = root .. "/ratings"
    assert(core.mkdir(ratings))
    people.write(core, ratings, { users = 40, items = 16, rated = 8 })
    tail = ", but " .. ratings .. " is of the user setting (ratings of users)"
    for _, word in ipairs { "--factors=8", "--by=genre", "--rounds=3", "--protocol=no-leak",
      "--model=cf_score" } do
      fails(word:gsub("^(%-%-[pm]%l+)=", "%1 "):match "^[^=]+" .. " is for the scenario setting"
        .. " (groups of items)" .. tail, "train", "--data", ratings, "--out", root .. "/b", word)
    end
    fails(tail .. ", unless --setting scenario is given", "train", "--data", ratings, "--out",
      root .. "/b", "--by=genre")
    tail = ", but " .. model .. " is of the scenario setting (groups of items)"
    for _, word in ipairs { "--relevant=4", "--shuffle-labels", "--support=0,5" } do
      fails(word:match "^[^=]+" .. " is for the user setting (ratings of users)" .. tail,
        "evaluate", "--data", tags, "--model", model, word)
    end
    fails("--rate is for the user setting (ratings of users)" .. tail, "recommend", "--model",
      model, "--rate=1=5")
    runs("train", "--data", ratings, "--out", root .. "/users", "--quiet", "--model=item_mean")
    fails("best.safetensors is for the user setting (ratings of users), but " .. model,
      "evaluate", "--data", tags, "--model", model .. "," .. root .. "/users/best.safetensors")
  end)

  it("evaluates several models in tables of 80 columns, with options", function()
    runs(train("/b", "--quiet", "--seed=2"))
    local other = root .. "/b/best.safetensors"
    local text = runs("evaluate", "--data", tags, "--model", model .. "," .. other,
      "--cutoffs=1,2,3,4", "--draws=2", "--seed=7", "--max-users=5", "--no-rivals")
    contains(text, "at most 5 users of a scenario")
    contains(text, "mean of 2 draws")
    for _, metric in ipairs { "recall@4", "ndcg@1" } do
      assert.equal(2, #means_of(text, metric), text)
    end
    assert.same(text, runs("evaluate", "--data", tags, "--model", model .. "," .. other,
      "--cutoffs=1,2,3,4", "--draws=2", "--seed=7", "--max-users=5", "--no-rivals"))
    for _, word in ipairs { "--cutoffs=0", "--cutoffs=a", "--cutoffs=3,,4" } do
      fails("--cutoffs must be whole numbers from 1", "evaluate", "--data", tags, "--model", model,
        word)
    end
    fails("max_users must be at least 1", "evaluate", "--data", tags, "--model", model,
      "--max-users=0")
  end)

  it("joins sets, and judges each alone as well", function()
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

  it("says how far a judgement is", function()
    local _, said = runs("evaluate", "--data", tags, "--model", model)
    assert.matches("^CMML, seed 1  judged in %d+%.%d s\nCF score  judged in [^\n]+\n", said)
    _, said = runs("evaluate", "--data", tags, "--model", model, "--quiet", "--no-rivals")
    assert.equal("", said)
  end)

  it("saves what has nothing to learn", function()
    for _, kind in ipairs { "popularity", "cf_score" } do
      contains(runs("train", "--data", tags, "--out", ("%s/%s"):format(root, kind), "--model", kind,
        "--quiet", table.unpack(small)), "saved ")
      contains(runs("evaluate", "--data", tags, "--no-rivals", "--model",
        ("%s/%s/best.safetensors"):format(root, kind)), "Nothing that is judged")
    end
  end)
end)
