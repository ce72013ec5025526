-- Tuning at an equal budget: what kinds declare to be searched, several of them, kept presets.
local child = require "spec.support.child"
local cli = require "spec.support.cli"
local cmml = require "cmml"
local options = require "cmml.base.options"
local range = require "cmml.base.range"
local refused = require "spec.support.refused"
local temporary = require "spec.support.temporary"
local tuned = require "cmml.recommenders.tuned"
local tuned_file = require "cmml.experiment.tuned_file"
require "spec.support.toy_kinds"
local core = cmml.core

describe("what an option declares to be searched", function()
  local function declare(fields)
    fields.name, fields.help = "x", "a thing"
    return options.of("f", { fields }):find "x"
  end

  it("is a range or choice of its values", function()
    for _, search in ipairs { "log:1e-3:1", "lin:0.1:0.9", "0.1|0.5", { 0.1, 0.2 } } do
      assert.equal(search, declare { kind = "number", above = 0, to = 1, search = search }.search)
    end
    assert.truthy(declare { list = "integer", search = { { 8, 4 }, { 16 } } })
    declare { list = "number", above = 0, search = "log:1e-3:1" } -- numbers are lists of one
    refused.with_text("search: entry 1 must be above 0, but is 0", declare, { list = "number",
      above = 0, search = "lin:0:1" })
    refused.with_text("search: must be above 0 and at most 1, but is 2", declare, { kind = "number",
      above = 0, to = 1, search = "lin:0.5:2" })
    refused.with_text("search: must be an integer, not number 0.5", declare, { kind = "integer",
      search = "1|0.5" })
    refused.with_text('search: "exp" is not known', declare, { kind = "number",
      search = "exp:1:2" })
    refused.with_text("search: log:0:1 must begin above 0", declare, { kind = "number",
      search = "log:0:1" })
    refused.with_text('search: "c" is not known; known: a, b', declare, { kind = "string",
      choices = { "a", "b" }, search = "a|c" })
  end)

  it("is the same training for every kind, and values that its options take", function()
    assert.truthy(cmml.train)
    local training, count = {}, 0
    for _, class in ipairs(cmml.kinds.list()) do
      local found = {}
      for declared in require("cmml.base.options").registered().train:each() do
        local setting = declared.setting
        if declared.search and (not setting or setting == class.setting.name)
          and not class.known:find(declared.name) then
          found[declared.name] = declared.search
        end
      end
      local setting = class.setting.name
      if class.learns == "gradient" then
        training[setting] = training[setting] or found
        assert.same(training[setting], found)
      end
      for declared in class.known:each() do
        local entry = declared.search and assert(range.read(declared.search))
        if entry then
          entry.list = declared.list ~= nil
        end
        local values = entry and range.examples(entry)
        for _, value in ipairs(values or {}) do
          local taken, problem = class.known:take(declared.name, value)
          assert.is_true(taken ~= nil, problem)
          count = count + 1
        end
      end
    end
    for _, name in ipairs { "lr", "weight_decay", "batch" } do
      assert.truthy(training.users[name] and training.scenarios[name], name)
    end
    assert.is_true(count > 20)
  end)

  it("of a training may be another range in a setting", function()
    local found = cmml.tune { quick = true, trials = 8, seed = 3, model = "toy_forward" }
    local drawn = {}
    for _, trial in ipairs(found.trials) do
      drawn[trial.values.query or "preset"] = true
      assert.is_nil(trial.values.query_negatives)
    end
    assert.is_true(drawn.preset and (drawn[10] or drawn[20] or drawn[40]))
    for _, setting in cmml.settings:each() do
      for name, search in pairs(setting.search or {}) do
        local known = options.registered().train
        for _, value in ipairs(range.examples(assert(range.read(search)))) do
          assert.is_true(known:take(name, value) ~= nil, name)
        end
      end
    end
  end)
end)

describe("tune without a space", function()
  it("begins with the preset as it is, and learns until validation stops improving", function()
    local found = cmml.tune { quick = true, trials = 3, seed = 2, epochs = 4, model = "cmml" }
    assert.same({}, found.failures)
    assert.equal(3, #found.trials)
    for _, trial in ipairs(found.trials) do
      assert.equal(trial.trial == 1, next(trial.values) == nil)
      if trial.trial > 1 then
        assert.equal("adamw", trial.values.optimizer)
        assert.equal("plateau", trial.values.schedule)
        assert.truthy(trial.values.lr and trial.values.weight_decay and trial.values.batch
          and trial.values.width and trial.values.backbone)
      end
    end
  end)

  it("has patience decide where nothing is said, and over a space the preset", function()
    local function training(changes)
      local given = { data = "data/made", epochs = 2, trials = 1, model = "toy_forward" }
      for key, value in pairs(changes or {}) do
        given[key] = value
      end
      return cmml.tune(given).trials[1].settings.training
    end
    assert.same({ epochs = 2, patience = 10 }, training())
    assert.same({ epochs = 2, patience = 0, lr = 0.01 }, training { space = "lr=0.01" })
    local own = training { model = "cmml", epochs = 1 } -- no cosine down to the last epoch
    assert.same({ epochs = 1, patience = 10, schedule = "plateau" }, own)
    assert.same({ epochs = 2, patience = 10, lr = 0.01 }, training { space = "lr=0.01",
      budget = "converged" })
  end)

  it("draws a list of one number for an option that is a list", function()
    local found = cmml.tune { quick = true, trials = 2, epochs = 1, model = "melu",
      space = "inner_rate=log:1e-3:1e-1" }
    assert.same({}, found.failures)
    local rate = found.trials[1].values.inner_rate
    assert.is_true(#rate == 1 and rate[1] >= 1e-3 and rate[1] <= 0.1)
    assert.matches("| %[0%.%d+%] +|", found.text)
  end)

  it("searches the rank of EASE, for catalogues that the closed form is too large for", function()
    local found = cmml.tune { quick = true, trials = 2, model = "ease", space = { rank = { 2, 40 },
      ridge = { 50 } } }
    assert.same({}, found.failures)
    assert.same({ 2, 40 }, { math.min(found.trials[1].values.rank, found.trials[2].values.rank),
      math.max(found.trials[1].values.rank, found.trials[2].values.rank) })
    assert.is_true(found.trials[1].value > found.trials[2].value)
  end)

  it("refuses a kind of which nothing is declared", function()
    refused.with_text("the options of toy_fitted declare nothing to search; give space", cmml.tune,
      { quick = true, model = "toy_fitted" })
  end)
end)

describe("tune_kinds", function()
  local folder

  before_each(function()
    folder = temporary.folder()
  end)

  after_each(function()
    temporary.remove(folder)
  end)

  it("tunes every kind with as many trials, and keeps what it finds", function()
    local path = folder .. "/tuned.lua"
    local names = "toy_forward,toy_inner,item_knn"
    local function tune(trials)
      return cmml.tune_kinds { quick = true, kinds = names, trials = trials, epochs = 2,
        patience = 1, out = folder .. "/out", keep = path }
    end
    local result = tune(2)
    assert.same({}, result.failures)
    local kept = tuned_file.read(core, path).users
    for i, name in ipairs { "toy_forward", "toy_inner", "item_knn" } do
      local entry = result.kinds[i]
      assert.equal(name, entry.kind)
      assert.equal(2, #entry.trials)
      local best, preset = entry.trials[1], kept[name]
      for key, value in pairs(best.values) do
        assert.same(value, (preset.model[key] ~= nil and preset.model or preset.training)[key])
      end
      assert.equal(best.value, preset.tuned.value)
      assert.equal(2, preset.tuned.trials)
      assert.near(entry.seconds, preset.tuned.seconds, 0.06)
      assert.equal("full", preset.tuned.protocol)
      assert.equal(0.05, preset.tuned.valid)
    end
    assert.equal(4, kept.toy_forward.model.width) -- what was not searched is the preset's
    assert.equal(2, kept.toy_inner.training.epochs)
    assert.equal(1, kept.toy_inner.training.patience)
    assert.is_nil(kept.item_knn.training)
    assert.matches("| toy_inner +| 2 +|", result.text)
    local again = tune(3)
    assert.equal(3, #again.kinds[1].trials)
    assert.equal(3, tuned_file.read(core, path).users.item_knn.tuned.trials)
    for line in result.narrow:gmatch "[^\n]+" do
      assert.is_true(#line <= 79, line)
    end
  end)

  it("goes on with the others where a kind cannot be tuned, and tells it", function()
    local result = cmml.tune_kinds { quick = true, kinds = "toy_fitted,item_mean", trials = 2 }
    assert.equal(1, #result.failures)
    assert.matches("toy_fitted: .* declare nothing to search", result.failures[1].message)
    assert.equal(0, #result.kinds[1].trials)
    assert.equal(2, #result.kinds[2].trials)
  end)

  it("tunes all that learn, also when they adapt, in both settings, and no other", function()
    for _, setting in ipairs { "users", "scenarios" } do
      local known = {}
      for _, class in ipairs(cmml.kinds.list(setting)) do
        known[class.kind] = class.seeded and "gradient" or class.learns
      end
      local result = cmml.tune_kinds { quick = true, setting = setting, kinds = "all", trials = 1,
        epochs = 1 }
      assert.same({}, result.failures)
      for _, entry in ipairs(result.kinds) do
        assert.not_equal("none", known[entry.kind])
        assert.equal(1, #entry.trials, entry.kind)
        known[entry.kind] = nil
      end
      for name, learns in pairs(known) do
        assert.not_equal("gradient", learns, name)
      end
    end
  end)

  it("takes the options of data of every setting, as tune of one kind does", function()
    for _, setting in cmml.settings:each() do
      for declared in setting.options:each() do
        for _, name in ipairs { "tune", "tune_kinds" } do
          assert.truthy(options.registered()[name]:find(declared.name), declared.name)
        end
      end
    end
    local function value(given)
      given.quick, given.kinds, given.trials = true, "item_knn", 1
      return cmml.tune_kinds(given).kinds[1].trials[1].value
    end
    assert.not_equal(value {}, value { test_users = 0.5 })
  end)

  it("refuses what is for one kind, and files that are none of presets", function()
    local function tune(changes)
      local given = { quick = true, kinds = "item_knn", trials = 1 }
      for key, value in pairs(changes) do
        given[key] = value
      end
      return cmml.tune_kinds(given)
    end
    refused.with_text("unknown option space", tune, { space = "lr=1|2" })
    refused.with_text("there is no kind of recommender item_kn; did you mean item_knn?", tune,
      { kinds = "item_kn" })
    local path = folder .. "/rows.lua"
    for text, message in pairs { ["return { 3 }"] = "is no file of tuned presets",
      ["return"] = "is no file of tuned presets", ["x ="] = "rows.lua:1:",
      ["return print()"] = "rows.lua:1:" } do
      assert(core.write_file(path, text))
      refused.with_text(message, tune, { keep = path })
      assert.equal(text, core.read_file(path))
    end
    refused.with_text("there is no folder " .. folder .. "/none", tune, { keep = folder
      .. "/none/kept.lua" })
    local _, errors, code = cli("tune", "--quick", "--kinds", "all", "--model", "cmml", "--out",
      folder .. "/never")
    assert.equal(1, code)
    assert.matches("--model is for one kind, and does not go with --kinds", errors, 1, true)
    assert.is_false(core.exists(folder .. "/never"))
    _, errors, code = cli("tune", "--quick", "--kinds", "global_mean", "--out", folder .. "/none")
    assert.equal(1, code)
    assert.matches("global_mean has no options: there is nothing to search", errors, 1, true)
  end)

  it("keeps a preset that the kind then has by the name tuned", function()
    local path = folder .. "/tuned.lua"
    local kinds = cmml.tune_kinds { quick = true, kinds = "item_knn,cmml", trials = 2, epochs = 2,
      keep = path }.kinds
    local output, ok = child.run(([[
      local found = dofile %q
      package.preload["cmml.recommenders.tuned"] = function() return found end
      local cmml = require "cmml"
      local data = cmml.users.protocol(cmml.settings:get("users").made {}, {})
      for _, name in ipairs { "item_knn", "cmml" } do
        local class = cmml.kinds.find(name, "users")
        print(name, class.default_preset, class.presets.tuned.tuned.trials,
          class.presets.recommended ~= nil)
      end
      local model = cmml.cmml(data.catalogue, { preset = "tuned", seed = 1 })
      local result = cmml.train(model, data, { seed = 1 })
      print(result.best)
      local path = os.tmpname()
      assert(model:save(path))
      print(assert(cmml.load(path)).options.preset)
      os.remove(path)
    ]]):format(path))
    assert.is_true(ok, output)
    assert.equal(("item_knn\tnil\t2\tfalse\ncmml\trecommended\t2\ttrue\n%s\ntuned\n"):format(
      require("cmml.base.plain").tostring(kinds[2].trials[1].value)), output)
  end)
end)

describe("a file of tuned presets", function()
  it("is read as what was written, whatever the values", function()
    local all = { users = { ["a b"] = { model = { widths = { 8, 8 }, empty = {}, name = 'a "b"',
      ["end"] = 1, base = { factors = 3, inner = { { 1 }, { 2, 3 } } }, flag = false },
      training = { lr = 0.1 + 0.2, clip = math.huge } } } }
    local found = load(tuned_file.text(all))()
    assert.same(all, found)
  end)

  it("of the library holds presets that their kinds take", function()
    for setting, kinds in pairs(tuned) do
      for name, preset in pairs(kinds) do
        local class = assert(cmml.kinds.find(name, setting))
        require("cmml.recommenders.kind_checks").preset(name, preset, class.known,
          { class.setting }, 0)
        assert.truthy(preset.tuned.data and preset.tuned.trials and preset.tuned.seconds)
      end
    end
    assert.equal(core.read_file "lua/cmml/recommenders/tuned.lua", tuned_file.text(tuned))
  end)
end)
