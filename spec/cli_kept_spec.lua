-- The command line in the scenario setting: that nothing is evaluated which was there to be learnt
-- from, and nothing ignored or overwritten.
local cmml = require "cmml"
local scenario_cli = require "spec.support.scenario_cli"
local scenario_folders = require "spec.support.scenario_folders"
local scenario_world = require "spec.support.scenario_world"
local temporary = require "spec.support.temporary"
local core = cmml.core

local runs, fails, contains = scenario_cli.runs, scenario_cli.fails, scenario_cli.contains
local small = scenario_cli.small

describe("cmml with a model of scenarios", function()
  local root, tags, model

  local function train(where, ...)
    return scenario_cli.train(tags, root .. where, ...)
  end

  setup(function()
    root = temporary.folder()
    tags = scenario_cli.folder(core, root .. "/tags", "lastfm")
    runs(train("/out", "--quiet"))
    model = root .. "/out/best.safetensors"
  end)

  teardown(function()
    temporary.remove(root)
  end)

  it("evaluates nothing that a model may have learnt from, unless the table says so", function()
    local function evaluate(file, ...)
      return "evaluate", "--data", tags, "--baselines=none", "--model", file, ...
    end
    fails("was trained with data_seed 1, but is to be evaluated with 2: what would be evaluated "
      .. "was not held out from it. Evaluate it as it was trained",
      evaluate(model, "--data-seed=2"))
    fails("was trained with max_items 100, but is to be evaluated with 90",
      evaluate(model, "--max-items=90"))
    contains(runs(evaluate(model, "--protocol=published")), "| model (leaky) |")
    runs(train("/leaky", "--quiet", "--protocol=published"))
    local leaky = root .. "/leaky/best.safetensors"
    contains(runs(evaluate(leaky)), "| model (leaky) |")
    contains(runs(evaluate(root .. "/out/last.safetensors")), "Nothing that is evaluated")
    contains(runs(evaluate(model, "--min-items=10")), "Nothing that is evaluated")
    local fewer, world = root .. "/fewer/tags", scenario_world.make()
    assert(core.mkdir(root .. "/fewer"))
    assert(core.mkdir(fewer))
    table.remove(world.groups, 1)
    scenario_folders.write_world(core, fewer, "lastfm", world)
    fails("is of other groups of tags: scenario ", "evaluate", "--data", fewer, "--model", model)
    fails("was trained with protocol published, but is to be evaluated with no-leak",
      evaluate(leaky, "--protocol=no-leak"))
    -- from Lua there are no notes: the counts tell
    local bare = root .. "/bare.safetensors"
    assert(assert(cmml.load(leaky)):save(bare))
    fails("it was made of what is to be evaluated", evaluate(bare, "--min-items=10",
      "--max-items=100"))
    local data = assert(cmml.scenarios.read(tags, { min_items = 10, max_items = 100 }))
    local split = data:split { query_fraction = 0.2 }
    local vectors = split:vectors { factors = 4 } -- of less than what is known
    assert(cmml.recommenders.cf_score(split:catalogue(vectors)):save(bare))
    contains(runs(evaluate(bare, "--min-items=10", "--max-items=100")), "Leaks would not be seen")
    assert(cmml.recommenders.cf_score(cmml.scenarios.catalogue { vectors = vectors }):save(bare))
    fails("is of other data than tags: it knows", evaluate(bare, "--min-items=10",
      "--max-items=100"))
  end)

  it("refuses for what does not learn by gradients what would be ignored or lost", function()
    local function count(where, ...)
      return "train", "--data", tags, "--out", root .. where, "--model=popularity", ...
    end
    for _, word in ipairs { "--lr=1", "--resume", "--support=5", "--shuffle=false" } do
      fails(word:match "^[^=]+" .. " does not apply to --model popularity, which is fitted without "
        .. "gradient training", count("/c", word))
    end
    fails("--rounds does not apply to --model cf_score, which has nothing to learn", "train",
      "--data", tags, "--out", root .. "/c", "--model=cf_score", "--rounds=2")
    fails("--encoder is no option of --model popularity for scenarios (groups of items); it has "
      .. "none of its own", count("/c", "--encoder=mean"))
    fails("there is no preset recommended/scenario of popularity", count("/c",
      "--preset=recommended/scenario"))
    local file = root .. "/settings.json"
    assert(core.write_file(file, '{"model": {"width": 3}}'))
    fails("settings.json: model: unknown option width; there are none", count("/c", "--quiet",
      "--settings", file, table.unpack(small)))
    assert(core.write_file(file, '{"training": {"lr": 1}}'))
    fails("settings.json: training does not apply to --model popularity", count("/c", "--quiet",
      "--settings", file, table.unpack(small)))
    local before = core.read_file(model)
    fails("/out holds a run already", count("/out", table.unpack(small)))
    assert.equal(before, core.read_file(model))
    fails("there is no folder " .. root .. "/none", "train", "--data", root .. "/none", "--out",
      root .. "/c", "--cap=5")
  end)
end)
