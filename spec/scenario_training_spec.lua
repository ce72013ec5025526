-- CMML in the scenario setting: that it learns what scenarios share, stops and resumes exactly.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local temporary = require "spec.support.temporary"
local core = cmml.core

local data = scenario_world.data(cmml)
local split = data:split { seed = 2, valid = 0.2 }
local vectors = cmml.vectors.als { ratings = split.background, n_items = #data.items, factors = 4 }
local catalogue = split:catalogue(vectors)

local function fresh(changes)
  local options = { preset = "paper/scenario", encoder = "mean", encoder_widths = { 8 },
    backbone = { 8, 8 },
    hyper = { 8, 8 } }
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  return cmml.cmml(catalogue, options)
end

local function run(changes, model)
  local options = { epochs = 3, batch = 4, rounds = 3, support = 8, support_negatives = 8,
    query = 8, lr = 0.01, patience = 0 }
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  model = model or fresh()
  return cmml.train(model, split, options), model
end

local function log_of(folder)
  return (assert(core.read_file(folder .. "/log.csv")):gsub(",[%d.]+\n", "\n"))
end

describe("training on scenarios", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  it("learns to rank far better than popularity, in the support or at large", function()
    local world = scenario_world.data(cmml, { users = 200, scenarios = 40 })
    local large = world:split { valid = 0.1 }
    local factors = cmml.vectors.als { ratings = large.background, n_items = #world.items,
      factors = 8 }
    local model = cmml.cmml(large:catalogue(factors), { preset = "paper/scenario", encoder = "mean",
      encoder_widths = { 16 }, backbone = { 16, 16 }, hyper = { 16, 16 } })
    local result = cmml.train(model, large, { epochs = 4, lr = 0.01, batch = 8, support = 32,
      support_negatives = 32, query = 32, rounds = 10 })
    assert.equal("epochs", result.stopped)
    local found = cmml.evaluate({ model, table.unpack(large:rivals(factors)) }, large,
      { cutoffs = { 10 } })
    local recall = {}
    for m, of_model in ipairs(found) do
      recall[m] = of_model["recall@10"].mean
    end
    for rival = 2, 3 do
      assert.truthy(recall[1] > recall[rival] + 0.02, table.concat(recall, " "))
    end
  end)

  it("keeps the epoch of the best recall, which rises", function()
    local seen = {}
    local result, model = run { epochs = 6, lr = 0.03, out = folder, on_epoch = function(state)
      seen[state.epoch] = state["recall@20"]
    end }
    assert.equal(6, #seen)
    for _, value in ipairs(seen) do
      assert.truthy(value <= result.best)
    end
    assert.equal(seen[result.best_epoch], result.best)
    local best, found = assert(cmml.load(folder .. "/best.safetensors"))
    assert.equal(people.bits(model), people.bits(best))
    assert.equal(result.best, found.notes["valid_recall@20"])
    assert.matches("^epoch,loss,valid_recall@10,valid_recall@20,valid_ndcg@20,seconds\n1,",
      assert(core.read_file(folder .. "/log.csv")))
    assert.equal(result.best, cmml.evaluate({ best }, split, { part = "valid",
      max_users = 100, support = 8, support_negatives = 8 })[1]["recall@20"].mean)
  end)

  it("leaves its best over the vectors to serve with, its last over those to learn with", function()
    local wide = cmml.vectors.als { ratings = split.known, n_items = #data.items, factors = 4,
      alpha = 3 }
    local serve = split:catalogue(wide)
    local _, model = run { epochs = 1, out = folder, serve = serve }
    local best = assert(cmml.load(folder .. "/best.safetensors"))
    assert.equal(people.bits(model), people.bits(best))
    assert.is_nil(serve:difference(best.catalogue))
    assert.is_nil(catalogue:difference(assert(cmml.load(folder .. "/last.safetensors")).catalogue))
    assert.is_nil(catalogue:difference(model.catalogue))
    refused("over: the catalogue has vectors of 3 numbers, but the model reads vectors of 4", run,
      { serve = split:catalogue(cmml.vectors.als { ratings = split.known, n_items = #data.items,
        factors = 3 }) })
    refused("option serve must be", run, { serve = vectors })
  end)

  it("resumes bit for bit, schedule and all", function()
    local options = { epochs = 5, schedule = { kind = "plateau", patience = 0, factor = 0.5 },
      watch = "recall@10" }
    options.out = folder .. "/whole"
    local whole, model = run(options)
    options.out, options.epochs = folder .. "/parts", 2
    run(options)
    options.epochs, options.resume = 5, true
    local resumed, again = run(options)
    assert.equal(people.bits(model), people.bits(again))
    assert.equal(whole.best, resumed.best)
    assert.equal(whole.best_epoch, resumed.best_epoch)
    assert.equal(log_of(folder .. "/whole"), log_of(folder .. "/parts"))
    for _, name in ipairs { "best", "last" } do
      local a = assert(cmml.load(("%s/whole/%s.safetensors"):format(folder, name)))
      local b = assert(cmml.load(("%s/parts/%s.safetensors"):format(folder, name)))
      assert.equal(people.bits(a), people.bits(b))
    end
    options.rounds, options.epochs = 4, 6
    refused("cannot resume: rounds was 3, now it is 4", run, options)
  end)

  it("resumes over the vectors it began with alone, but for last digits", function()
    local options = { epochs = 1, out = folder, rounds = 1 }
    run(options)
    options.epochs, options.resume = 2, true
    local small = { preset = "paper/scenario", encoder = "mean", encoder_widths = { 8 },
      backbone = { 8, 8 },
      hyper = { 8, 8 } }
    local others = cmml.vectors.als { ratings = split.background, n_items = #data.items,
      factors = 4, alpha = 50 }
    local function over(given)
      return cmml.cmml(given, small)
    end
    local file = folder .. "/last.safetensors"
    refused(("cannot resume: the vectors of users differ from those in %s"):format(file), run,
      options, over(split:catalogue(others)))
    local mixed = setmetatable({ kind = "als", users = vectors.users, items = others.items,
      interactions = vectors.interactions }, cmml.vectors.Vectors)
    refused("the vectors of items differ from those in", run, options,
      over(split:catalogue(mixed)))
    refused("the counts of items differ from those in", run, options,
      over(cmml.scenarios.catalogue { users = data.users, items = data.items, vectors = vectors,
        interactions = data.interactions }))
    local near = setmetatable({ kind = vectors.kind, users = vectors.users * (1 + 1e-5),
      items = vectors.items * (1 - 1e-5), interactions = vectors.interactions },
      cmml.vectors.Vectors)
    local resumed = run(options, over(split:catalogue(near)))
    assert.equal(2, resumed.epoch)
  end)

  it("lowers the rate of a plateau when the recall stays, not when it rises", function()
    local model, rates = fresh(), {}
    local options = { epochs = 4, lr = 1e-30, schedule = { kind = "plateau", patience = 0 } }
    options.on_epoch = function(state)
      rates[#rates + 1] = state.loss
    end
    options.out = folder
    run(options, model)
    local _, found = assert(cmml.load(folder .. "/last.safetensors"))
    assert.equal("max", found.notes.conditions.schedule.mode)
    assert.truthy(found.notes.schedule.best > 0, "the first recall beats none")
  end)

  it("has the same bits on any number of threads", function()
    local _, one = run { epochs = 1, shards = 3 }
    local _, two = run { epochs = 1, shards = 3, threads = 2 }
    assert.equal(people.bits(one), people.bits(two))
    local _, others = run { epochs = 1, shards = 3, seed = 2 }
    assert.not_equal(people.bits(one), people.bits(others))
  end)

  it("visits scenarios so often that an epoch has 200 steps, unless told", function()
    local steps
    run { epochs = 1, rounds = nil, batch = 16, support = 2, query = 2, on_step = function(_, step)
      steps = step
    end }
    assert.equal(3, steps) -- run() asks for 3 rounds
    cmml.train(fresh(), split, { epochs = 1, batch = 16, support = 2, query = 2, valid_users = 1,
      on_step = function(_, step)
        steps = step
      end })
    assert.equal(200, steps)
    run { epochs = 1, batch = 4, support = 2, query = 2, steps = 10, on_step = function(_, step)
      steps = step
    end }
    local each = math.ceil(#split.train / 4) -- steps of a round
    assert.equal(each * math.ceil(10 / each), steps)
  end)

  it("chooses by the loss without validation scenarios", function()
    local without = data:split { seed = 2, valid = 0 }
    local model = cmml.cmml(without:catalogue(vectors), { preset = "paper/scenario",
      encoder = "mean",
      encoder_widths = { 8 }, backbone = { 8 }, hyper = { 8 } })
    local result = cmml.train(model, without, { epochs = 2, rounds = 2, lr = 0.01 })
    assert.truthy(result.best > 0 and result.best < 2)
  end)

  it("says what diverged", function()
    local result = run { lr = 1e20 }
    assert.equal("diverged", result.stopped)
    assert.matches("no longer a finite number", result.message)
  end)

  it("refuses models, data and options that do not go together", function()
    local of_users = people.data(cmml, { users = 10, items = 8, rated = 4 })
    refused("a cmml over this catalogue learns from ratings of users (cmml.cold_users), not from "
      .. "cmml.ScenarioSplit", cmml.train,
      cmml.cmml(of_users.catalogue, people.small()), split)
    refused("a cmml over this catalogue learns from a split of scenarios (data:split), not from "
      .. "table", cmml.train, fresh(), of_users)
    refused("query must be at least 1", run, { query = 0 })
    refused("train: watch \"mae\" is not known; known: recall@10, recall@20, ndcg@20", run,
      { watch = "mae" })
    refused("train: option rounds applies only to scenarios (groups of items), but the model is "
      .. "for ratings", cmml.train, cmml.cmml(of_users.catalogue, people.small()),
      of_users, { rounds = 2 })
    refused("train: option short_supports applies only to ratings of users, but the model is for "
      .. "scenarios", run, { short_supports = 0.5 })
    local steps = 0
    refused("no user of the validation scenarios has held-out items beside others", cmml.train,
      fresh(), data:split { seed = 2, valid_held_out = 0 }, { rounds = 1, epochs = 1,
        on_step = function()
          steps = steps + 1
        end })
    assert.equal(0, steps)
    local without = setmetatable({}, getmetatable(split))
    for key, value in pairs(split) do
      without[key] = value
    end
    without.train = {}
    refused("there are no training scenarios", cmml.train, fresh(), without)
  end)
end)
