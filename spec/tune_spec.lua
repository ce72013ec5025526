-- Tuning: spaces, seeded trials, the best of them as settings, resuming; what it may not look at.
local cli = require "spec.support.cli"
local cmml = require "cmml"
local refused = require "spec.support.refused"
local space = require "cmml.experiment.space"
local core = cmml.core

describe("space", function()
  it("reads texts, tables and files alike", function()
    local text = space.read(core, "lr=log:1e-4:1e-2, batch=8|16|32,width=int:4:8,clip=lin:0:1")
    assert.same({ lr = { kind = "log", low = 1e-4, high = 1e-2 },
      batch = { kind = "choice", values = { 8, 16, 32 } },
      width = { kind = "int", low = 4, high = 8 }, clip = { kind = "lin", low = 0, high = 1 } },
      text)
    local path = os.tmpname()
    for ending, contents in pairs {
      lua = "return { lr = 'log:1e-4:1e-2', batch = { 8, 16, 32 }, width = 'int:4:8',"
        .. "clip = 'lin:0:1' }",
      json = '{"lr":"log:1e-4:1e-2","batch":[8,16,32],"width":"int:4:8","clip":"lin:0:1"}',
    } do
      assert(core.write_file(path .. "." .. ending, contents))
      assert.same(text, space.read(core, path .. "." .. ending))
      os.remove(path .. "." .. ending)
    end
    os.remove(path)
    assert.same({ encoder = { kind = "choice", values = { "mean", true, 1.5 } },
      backbone = { kind = "choice", values = { { 64, 64 }, { 128 } } } },
      space.read(core, { encoder = "mean|true|1.5", backbone = { { 64, 64 }, { 128 } } }))
  end)

  it("refuses what is none", function()
    for text, message in pairs { [""] = "settings with their values", ["lr"] = "name=values",
      ["lr=log:0:1"] = "begin above 0", ["lr=lin:2:1"] = "lower one first",
      ["lr=int:1.5:3"] = "two whole numbers", ["lr=exp:1:2"] = "lin, log, int",
      ["lr=1|"] = "empty value", ["lr=1,lr=2"] = "there twice", ["lr=log:a:2"] = "is no range",
      ["lr=lin:0:inf"] = "is no range", ["/no/such.json"] = "/no/such.json",
      ["/no/such.lua"] = "/no/such.lua" } do
      refused.with_text(message, space.read, core, text)
    end
    refused.with_text("were expected", space.read, core, { 1, 2 })
    refused.with_text("lr: a range", space.read, core, { lr = {} })
  end)

  it("draws within it, evenly, each trial by itself", function()
    local entries = space.read(core, "lr=log:1e-4:1e-2,batch=8|16,width=int:4:6,x=lin:-1:1")
    local low, sums, widths = 0, { 0, 0 }, {}
    for trial = 1, 2000 do
      local values = space.sample(core, entries, 3, trial)
      assert.is_true(values.lr >= 1e-4 and values.lr <= 1e-2)
      low = low + (values.lr < 1e-3 and 1 or 0)
      sums[1] = sums[1] + (values.batch == 8 and 1 or 0)
      sums[2] = sums[2] + values.x
      assert.equal("integer", math.type(values.width))
      widths[values.width] = (widths[values.width] or 0) + 1
    end
    assert.near(1000, low, 100)
    assert.near(1000, sums[1], 100)
    assert.near(0, sums[2], 60)
    for width = 4, 6 do
      assert.near(2000 / 3, widths[width], 100)
    end
    local first = space.sample(core, entries, 3, 7)
    assert.same(first, space.sample(core, entries, 3, 7))
    assert.are_not.same(first, space.sample(core, entries, 4, 7))
    entries.more = { kind = "lin", low = 0, high = 1 } -- one setting more changes no other
    local more = space.sample(core, entries, 3, 7)
    more.more = nil
    assert.same(first, more)
  end)
end)

describe("cmml.tune", function()
  local quick = "lr=log:1e-3:1e-1,batch=8|16,width=4|8"

  it("ranks trials by the validation metric, the same for the same seed", function()
    local options = { quick = true, space = quick, trials = 4, epochs = 2, seed = 5 }
    local result = cmml.tune(options)
    assert.same({}, result.failures)
    assert.equal(4, #result.trials)
    for i = 2, 4 do
      assert.is_true(result.trials[i - 1].value <= result.trials[i].value)
    end
    local again = cmml.tune(options)
    for i = 1, 4 do
      assert.same(result.trials[i].values, again.trials[i].values)
      assert.equal(result.trials[i].value, again.trials[i].value)
    end
    assert.matches("| trial | validation mae | best epoch | seconds | batch | lr +| width |",
      result.text)
  end)

  it("gives what a training with these settings gives on the validation users", function()
    local result = cmml.tune { quick = true, preset = "paper", space = { lr = { 0.01 },
      width = { 8 }, context_shrink = { 2 }, short_supports = { 0.5 } }, trials = 3, epochs = 2 }
    assert.equal(1, #result.trials) -- the space has no more
    local data = cmml.users.protocol(cmml.settings:get("users").made {}, {})
    local model = cmml.cmml(data.catalogue, { preset = "paper", width = 8, context_shrink = 2,
      seed = 1 })
    local trained = cmml.train(model, data, { lr = 0.01, short_supports = 0.5, epochs = 2,
      seed = 1, patience = 5 })
    assert.equal(trained.best, result.trials[1].value)
  end)

  it("leaves out values that do not go together, but refuses one that goes with none", function()
    local few, many = { 4, 4 }, { 4, 4, 4 }
    local options = { quick = true, epochs = 1, trials = 30, preset = "recommended",
      space = { backbone = { few, many }, hyper = { few, many } } }
    local result = cmml.tune(options)
    assert.equal(2, #result.failures) -- FiLM wants as many layers of both
    assert.equal(2, #result.trials)
    options.space.hyper[3] = { 4 }
    refused.with_text("hyper=[4]: ", cmml.tune, options)
    options.space = { backbone = { few }, hyper = { many } }
    refused.with_text("backbone=[4,4], hyper=[4,4,4]: ", cmml.tune, options)
  end)

  it("learns as long as the preset says that it changes", function()
    local options = { quick = true, space = "lr=0.001", preset = "recommended" }
    assert.equal(cmml.presets.recommended.training.epochs, cmml.tune(options).trials[1].epochs)
    options.epochs = 2
    assert.equal(2, cmml.tune(options).trials[1].epochs)
  end)

  it("never draws a task of a test user", function()
    local data = cmml.users.protocol(cmml.settings:get("users").made {}, {})
    local is_test, draw, drawn = {}, core.draw_tasks, 0
    for _, row in ipairs(data.test) do
      is_test[row] = true
    end
    core.draw_tasks = function(ratings, rows, ...)
      for _, row in ipairs(rows:totable()) do
        drawn = drawn + 1
        assert(not is_test[row], "a test user was drawn")
      end
      return draw(ratings, rows, ...)
    end
    local ok, result = pcall(cmml.tune, { quick = true, space = quick, trials = 2, epochs = 1 })
    core.draw_tasks = draw
    assert.is_true(ok, result)
    assert.same({}, result.failures)
    assert.is_true(drawn > 100)
  end)

  it("says that a trial diverged, and ranks it last", function()
    local result = cmml.tune { quick = true, space = { lr = { 1e-3, 1e30 } }, trials = 8,
      epochs = 2 }
    assert.equal(2, #result.trials)
    assert.equal(1e30, result.trials[2].values.lr)
    assert.is_nil(result.trials[2].value)
    assert.matches("| diverged +|", result.text)
  end)

  it("refuses what it does not know", function()
    local function tune(changes)
      local options = { quick = true, space = quick }
      for key, value in pairs(changes) do
        options[key] = value
      end
      return cmml.tune(options)
    end
    refused.with_text("did you mean lr?", tune, { space = "lrr=1|2" })
    refused.with_text("space: width must be an integer", tune, { space = "width=a|b" })
    refused.with_text("trials must be from 1 to 100000", tune, { trials = 0 })
    refused.with_text("need out", tune, { jobs = 2 })
    refused.with_text("option data is missing", cmml.tune, { space = quick })
    refused.with_text("there is no preset papre of cmml for ratings of users; did you mean paper?",
      tune, { preset = "papre" })
    refused.with_text("there is no preset paper of cmml for scenarios", tune, { preset = "paper",
      setting = "scenarios", space = "lr=1|2" })
    refused.with_text("tune: model: there is no kind of recommender cmmll; did you mean cmml?",
      tune, { model = "cmmll" })
    refused.with_text("lr is no option of item_knn that can be searched", tune,
      { model = "item_knn", space = "lr=1|2" })
    refused.with_text("item_knn learns without gradient training, in no epochs", tune,
      { model = "item_knn", space = "nearest=1|2", epochs = 3 })
    refused.with_text("global_mean has no options: there is nothing to search", tune,
      { model = "global_mean" })
    refused.with_text("popularity has no options: there is nothing to search", tune,
      { model = "popularity", setting = "scenarios" })
  end)

  it("validates every trial in the same way, whatever it was trained with", function()
    local result = cmml.tune { quick = true, preset = "paper", epochs = 1, trials = 8,
      space = { query = { 1, 10 } } }
    assert.equal(2, #result.trials)
    local data = cmml.users.protocol(cmml.settings:get("users").made {}, {})
    local tasks = cmml.users.tasks { ratings = data.ratings, users = data.valid, bags = data.bags,
      support = 40, query = 10, seed = 1, batch = 32 }
    for _, trial in ipairs(result.trials) do
      local model = cmml.cmml(data.catalogue, { preset = "paper", seed = 1 })
      cmml.train(model, data, { epochs = 1, patience = 5, seed = 1, query = trial.values.query })
      assert.equal(cmml.evaluate({ model }, tasks, { draws = 2 })[1].mae.mean, trial.value)
    end
  end)

  it("refuses to compare trials without anything to validate on", function()
    for _, model in ipairs { "cmml", "item_knn" } do
      refused.with_text("there is nothing to validate on: raise valid", cmml.tune, { quick = true,
        model = model, valid = 0, trials = 2,
        space = model == "cmml" and "lr=0.01|0.1" or "nearest=1|2" })
    end
  end)

  it("searches options of a kind that is fitted, on tasks that it is not fitted to", function()
    local result = cmml.tune { quick = true, model = "item_knn", space = "nearest=1|30",
      trials = 8 }
    assert.same({}, result.failures)
    assert.equal(2, #result.trials)
    local data = cmml.users.protocol(cmml.settings:get("users").made {}, {})
    local tasks = cmml.users.tasks { ratings = data.ratings, users = data.valid, bags = data.bags,
      support = 40, query = 10, seed = 1, batch = 32 }
    for _, trial in ipairs(result.trials) do
      local model = cmml.recommenders.item_knn(data.catalogue, trial.values)
      model:fit { ratings = data.ratings, users = data.train }
      local expected = cmml.evaluate({ model }, tasks, { draws = 2 })[1].mae.mean
      assert.equal(expected, trial.value)
    end
    assert.is_true(result.trials[1].value < result.trials[2].value)
  end)

  it("refuses a trial that no process could compute, before there is one or a folder", function()
    local out = os.tmpname()
    os.remove(out)
    local function tune(setting, text)
      return cmml.tune { quick = true, setting = setting, space = text, trials = 6, epochs = 1,
        out = out, jobs = 2 }
    end
    for text, message in pairs {
      ["encoder=mean|nope"] = 'space: encoder "nope" is not known; did you mean none?',
      ["encoder=mean|gruu"] = 'space: encoder "gruu" is not known; did you mean gru?',
      ["batch=a"] = 'space: batch must be an integer, not "a"',
      ["batch=0"] = "batch must be at least 1, but is 0",
      ["batch=lin:1:9"] = "; whole numbers of a range are int:LOW:HIGH",
      ["epochs=-1"] = "epochs must be at least 0, but is -1", ["epochs=x"] = "epochs must be an",
      ["lr=-1"] = "lr must be above 0", ["lr=lin:-1:1"] = "lr must be above 0, but is -1",
      ["choose=nope"] = "known: best, last", ["seed=1|2"] = "seed is no option of cmml or of its",
      ["optimizer=nope"] = "known: adam, adamw, sgd", ["loss=nope"] = "loss \"nope\" is not known",
      ["activation=nope"] = "is not known; known: identity",
      ["valid_draws=2"] = "valid_draws is no option of cmml",
      ["on_step=1"] = "no option of cmml or of",
    } do
      refused.with_text(message, tune, "users", text)
      refused.with_text(message, tune, "scenarios", text)
    end
    refused.with_text("order is no option of cmml or of its training", tune, "users",
      "order=mixed")
    refused.with_text("dropout must be", tune, "scenarios", "dropout=2")
    refused.with_text("width is no option of cmml or of its training", tune, "scenarios",
      "width=8")
    refused.with_text('there is no protocol nope for ratings of users; known: full', function()
      cmml.tune { quick = true, space = quick, protocol = "nope" }
    end)
    assert.is_false(core.exists(out))
  end)
end)

describe("cmml tune", function()
  it("goes on with more trials, and cmml train takes what it found", function()
    local folder = os.tmpname()
    os.remove(folder)
    local function tune(trials)
      return cli("tune", "--quick", "--space", "lr=log:1e-3:1e-1,width=4|8", "--trials", trials,
        "--epochs", "1", "--out", folder, "--jobs", "2")
    end
    local _, errors, code = tune "2"
    assert.equal(0, code, errors)
    assert.matches("trial 2 done", errors)
    local output
    output, errors, code = tune "3"
    assert.equal(0, code, errors)
    assert.matches("2 of 3 cells are finished already", errors)
    assert.is_nil(errors:find("trial 2 done", 1, true))
    assert.equal(output:match "^(.-\n)\nbest settings", core.read_file(folder .. "/trials.md"))
    assert.matches("\n\n[cmml.Dataset made: 1680 ratings, 120 users, 24 items]\n", output, 1, true)
    local best = core.json_decode(core.read_file(folder .. "/best.json"))
    assert.equal("recommended", best.preset)
    assert.equal("cmml", best.kind)
    assert.equal(1, best.training.epochs)
    assert.truthy(best.training.lr and best.model.width)
    output, errors, code = cli("train", "--data", "data/made", "--settings", folder .. "/best.json",
      "--out", folder .. "/run")
    assert.equal(0, code, errors)
    assert.matches("best epoch 1 of 1", output)
    os.execute("rm -rf '" .. folder .. "'")
  end)
end)
