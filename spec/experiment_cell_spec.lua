-- Cells of experiments: their numbers are those of evaluation, in every setting, and what they say
-- of themselves.
local cmml = require "cmml"
local computations = require "cmml.experiment.computations"
local computing = require "spec.support.computing"
local refused = require "spec.support.refused"
local core = cmml.core

-- The settings of the first cell of a row, and what computes it.
local function settings_of(setting, row, changes)
  local options = { rows = { row }, setting = setting, quick = true, seeds = 1 }
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  return computing.settings_of(options)[1], computations.find(cmml, "evaluation")
end

describe("a cell", function()
  it("gives the mean over users of scenarios, as evaluation does", function()
    local settings, compute = settings_of("scenarios", { row = "popularity", kind = "popularity" })
    local result = compute(settings)
    local setting = cmml.settings:get "scenarios"
    local split = setting.made(settings.options):split()
    setting.prepare(split, settings.options)
    local model = cmml.recommenders.popularity(setting.catalogue(split))
    local found = cmml.evaluate({ model }, split, { cutoffs = { 20 } })[1]
    local top, bottom = 0, 0
    for i, value in ipairs(result.metrics["recall@20"]) do
      if value == value then
        local weight = result.weights["recall@20"][i]
        top, bottom = top + value * weight, bottom + weight
      end
    end
    assert.near(found["recall@20"].mean, top / bottom, 1e-12)
    assert.is_nil(result.unchecked)
  end)

  it("gives a value a user, as evaluation and training do", function()
    local settings, compute = settings_of("users", { row = "a", preset = "paper",
      training = { lr = 0.01 } }, { epochs = 2, draws = 3 })
    local result = compute(settings)
    local data = cmml.users.protocol(cmml.settings:get("users").made {}, {})
    local model = cmml.cmml(data.catalogue, { preset = "paper", seed = 1 })
    local trained = cmml.train(model, data, { lr = 0.01, epochs = 2, seed = 1, patience = 5 })
    local found = cmml.evaluate({ model }, cmml.users.tasks { ratings = data.all,
      users = data.test, bags = data.bags, seed = 1000, batch = 64 }, { draws = 3 })[1]
    assert.same(found.mae.values, result.metrics["cold users/mae"])
    assert.same(found["ndcg_exp@3"].values, result.metrics["cold users/ndcg_exp@3"])
    assert.equal(trained.best_epoch, result.best_epoch)
  end)

  it("is decided by settings that are plain data alone", function()
    for _, setting in ipairs { "users", "scenarios" } do
      local settings, compute = settings_of(setting, { row = "a" })
      local text = require("cmml.base.json").encode(settings)
      local again = assert(core.json_decode(text, "settings"))
      local results = { compute(settings), compute(again) }
      for _, result in ipairs(results) do
        assert.is_true(result.train_seconds > 0)
        result.train_seconds = nil
      end
      assert.same(results[1], results[2])
      assert.equal(setting, settings.setting)
      assert.equal("cmml", settings.kind)
      assert.same(cmml.kinds.find("cmml", setting).presets[settings.model.preset].model.backbone,
        settings.preset.model.backbone)
      assert.equal(1, settings.seed)
      assert.is_nil(settings.data)
    end
  end)

  it("tells how far it is", function()
    local settings, compute = settings_of("scenarios", { row = "a" })
    local told = {}
    compute(settings, function(text)
      told[#told + 1] = text
    end)
    local all = table.concat(told, "\n")
    for _, text in ipairs { "reading the data", "epoch 2/2, step 6/6", "task 3/3 evaluated" } do
      assert.truthy(all:find(text, 1, true), all)
    end
    settings, compute = settings_of("users", { row = "a" }, { epochs = 1 })
    compute(settings, function(text)
      told[#told + 1] = text
    end)
    assert.equal("task 48/48 evaluated", told[#told])
    told = {}
    settings, compute = settings_of("sequences", { row = "a", kind = "mml", model = {
      learners = { "ids" }, knn = false, learner_options = { width = 8, inner = 8, length = 8 },
      learner_training = { epochs = 1 } } })
    compute(settings, function(text)
      told[#told + 1] = text
    end)
    all = table.concat(told, "\n")
    assert.truthy(all:find("learning\nstage learner-ids: MML (one learner)\nstage learner-ids: MML "
      .. "(one learner), epoch 1/1, step 1/1", 1, true), all)
  end)

  it("says whether its vectors do not tell what they were made of", function()
    local settings, compute = settings_of("scenarios", { row = "CF", kind = "cf_score" })
    local setting = cmml.settings:get "scenarios"
    local prepare = setting.prepare
    setting.prepare = function(split, ...)
      prepare(split, ...)
      split.catalogues.learn.made_of = {} -- as vectors of a file
    end
    local ok, result = pcall(compute, settings)
    setting.prepare = prepare
    assert.is_true(ok, result)
    assert.is_true(result.unchecked)
  end)

  it("says why the made world has no scenarios under its filters", function()
    refused.with_text("none of the 16 groups is a scenario", cmml.experiment, "scenarios",
      { quick = true, min_items = 1, max_items = 1 })
  end)
end)
