-- Training: that it learns what only the context tells, stops when it should, and resumes exactly.
local cmml = require "cmml"
local baselines = require "spec.support.baselines"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"
local core = cmml.core

local data = people.data(cmml, { users = 40, items = 16, rated = 8 })

local function fresh(seed)
  return cmml.cmml(data.catalogue, people.small(seed))
end

local function run(changes, model)
  model = model or fresh()
  return cmml.train(model, data, people.training(changes)), model
end

-- The log without its last column, which holds seconds.
local function log_of(folder)
  return (assert(core.read_file(folder .. "/log.csv")):gsub(",[%d.]+\n", "\n"))
end

describe("training", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  it("learns what only the context tells: far better than item mean + user bias", function()
    local world = people.data(cmml)
    local model = cmml.cmml(world.catalogue, people.small(1))
    local result = cmml.train(model, world, people.training { epochs = 30 })
    assert.equal("epochs", result.stopped)
    local function mae(shuffle_labels)
      local models = baselines.fitted(cmml, world, baselines.means)
      local found = cmml.evaluate({ model, models[4] }, cmml.users.tasks { ratings = world.all,
        users = world.test, bags = world.bags, support = 8, query = 4, seed = 77,
        shuffle_labels = shuffle_labels })
      return found[1].mae.mean, found[2].mae.mean
    end
    local cmml_mae, simple_mae = mae(false)
    assert.truthy(cmml_mae < 0.6, cmml_mae)
    assert.truthy(simple_mae > 1.3, simple_mae)
    assert.truthy(mae(true) > 1.1, "permuted labels must cost it its knowledge")
  end)

  it("repeats bit for bit with a seed, and differs with another", function()
    local first, a = run { epochs = 2 }
    local second, b = run { epochs = 2 }
    assert.equal(people.bits(a), people.bits(b))
    assert.equal(first.best, second.best)
    assert.not_equal(people.bits(a), people.bits(select(2, run { epochs = 2, seed = 2 })))
    assert.not_equal(people.bits(fresh(1)), people.bits(fresh(2)))
  end)

  it("leaves best and last model and a log; the model ends with the best weights", function()
    local seen = {}
    local result, model = run { out = folder .. "/a/b", epochs = 5, notes = { who = "spec" },
      on_epoch = function(state, improved)
        seen[state.epoch] = { mae = state.mae, improved = improved }
      end }
    assert.equal(5, result.epoch)
    assert.equal(seen[result.best_epoch].mae, result.best)
    for _, epoch in ipairs(seen) do
      assert.truthy(epoch.mae >= result.best)
    end
    local best, found = assert(cmml.load(folder .. "/a/b/best.safetensors"))
    assert.equal(people.bits(model), people.bits(best))
    assert.equal("spec", found.notes.who)
    assert.equal(result.best_epoch, found.notes.epoch)
    assert.truthy(cmml.load(folder .. "/a/b/last.safetensors"))
    local lines = {}
    for line in assert(core.read_file(folder .. "/a/b/log.csv")):gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    assert.equal(6, #lines)
    assert.equal("epoch,loss,valid_mae,valid_rmse,valid_ndcg_exp@1,seconds", lines[1])
    for i = 2, 6 do
      assert.matches("^" .. i - 1 .. ",%d+%.%d+,%d+%.%d+,%d+%.%d+,%d+%.%d+,%d+%.%d+$", lines[i])
    end
  end)

  it("does not change the tables that it is given, nor remember them", function()
    local notes = { who = "spec" }
    run { out = folder, epochs = 1, notes = notes }
    assert.same({ who = "spec" }, notes)
    run { out = folder .. "/b", epochs = 1 }
    run { out = folder .. "/c", epochs = 1, lr = 1e-6 }
    local _, found = cmml.load(folder .. "/c/best.safetensors")
    assert.equal(1, found.notes.epoch)
    run { epochs = 0, out = folder .. "/d" }
    assert.is_nil(found.notes.who)
  end)

  for _, where in ipairs { "on_step", "on_epoch" } do
    it("resumes bit for bit after an error in " .. where, function()
      local whole = folder .. "/whole"
      local result, model = run { out = whole, epochs = 5 }
      for stop = 1, 4 do
        local out = folder .. "/stopped" .. stop
        refused("pulled the plug", run, { out = out, epochs = 5, [where] = function(at, step)
          local epoch = where == "on_epoch" and at.epoch or at
          if epoch == stop and (where == "on_epoch" or step == 2) then
            error "pulled the plug"
          end
        end })
        local kept = where == "on_epoch" and stop or stop - 1
        if kept > 0 then
          assert(cmml.load(out .. "/last.safetensors"))
          assert(cmml.load(out .. "/best.safetensors"))
          local resumed, other = run({ out = out, epochs = 5, resume = true }, fresh(9))
          assert.equal(people.bits(model), people.bits(other))
          assert.same(result, resumed)
          assert.equal(log_of(whole), log_of(out))
          assert.equal(core.read_file(whole .. "/best.safetensors"),
            core.read_file(out .. "/best.safetensors"))
          local a = assert(cmml.load(whole .. "/last.safetensors"))
          local b = assert(cmml.load(out .. "/last.safetensors"))
          assert.equal(people.bits(a), people.bits(b))
        end
      end
    end)
  end

  it("resumes a finished run by doing nothing, and goes on when given more epochs", function()
    local whole = folder .. "/whole"
    local _, long = run { out = whole, epochs = 4 }
    local result, short = run { out = folder .. "/x", epochs = 2 }
    local again, same = run({ out = folder .. "/x", epochs = 2, resume = true }, fresh(5))
    assert.same(result, again)
    assert.equal(people.bits(short), people.bits(same))
    local _, longer = run { out = folder .. "/x", epochs = 4, resume = true }
    assert.equal(people.bits(long), people.bits(longer))
    assert.equal(log_of(whole), log_of(folder .. "/x"))
  end)

  it("refuses to resume what is not there, or under other settings", function()
    refused("cannot resume: ", run, { out = folder, resume = true })
    refused("resume needs out", run, { resume = true })
    run { out = folder, epochs = 1 }
    for key, other in pairs { lr = 0.02, batch = 8, seed = 3, support = 6, query = 3,
      weight_decay = 0, clip = 1 } do
      refused("cannot resume: " .. key .. " was ", run, { out = folder, resume = true,
        [key] = other })
    end
    local best = assert(core.read_file(folder .. "/best.safetensors"))
    assert(core.write_file(folder .. "/last.safetensors", best))
    refused("holds a model, but no state of a training", run, { out = folder, resume = true })
    assert(core.write_file(folder .. "/last.safetensors", best:sub(1, -9)))
    refused("truncated", run, { out = folder, resume = true })
  end)

  it("stops when the validation has not improved for so many epochs", function()
    local result = run { lr = 1e-30, patience = 3, epochs = 50, out = folder }
    assert.equal("patience", result.stopped)
    assert.equal(1, result.best_epoch)
    assert.equal(4, result.epoch)
    result = run { lr = 1e-30, patience = 3, epochs = 50, out = folder, resume = true }
    assert.equal("patience", result.stopped)
    assert.equal(4, result.epoch)
    assert.equal(6, run({ lr = 1e-30, patience = 0, epochs = 6 }).epoch)
  end)

  it("does without validation users: the training loss chooses", function()
    local few = setmetatable({ valid = {} }, { __index = data })
    local result = cmml.train(fresh(), few, people.training { epochs = 2 })
    assert.equal(2, result.epoch)
    assert.truthy(result.best < 100)
  end)

  it("gives all memory of the core back", function()
    local function live()
      collectgarbage()
      collectgarbage()
      return core.memory().live
    end
    run { out = folder .. "/a", epochs = 1 }
    local before = live()
    run { out = folder .. "/b", epochs = 3 }
    pcall(run, { epochs = 3, on_step = error })
    assert.equal(before, live())
  end)

  it("refuses what cannot be trained", function()
    refused("item_mean learns without gradient training: use model:fit(data)", cmml.train,
      cmml.recommenders.item_mean(data.catalogue), data)
    refused("there are no training users", cmml.train, fresh(), { ratings = data.ratings,
      bags = data.bags, train = {}, valid = {} })
    refused("train: data: ratings must be a table, not nil", cmml.train, fresh(), { train = { 1 },
      valid = {} })
    refused("a recommender was expected, not nil", cmml.train, nil, data)
    refused("a recommender was expected, not table: train(model, data)", cmml.train, data, fresh())
    refused("train: data must be what cmml.cold_users gives", cmml.train, fresh(), data.train)
    refused("made for a catalogue of other items: item 1 is f", cmml.train, fresh(),
      people.data(cmml, { users = 40, items = 20, rated = 8 }))
    refused("unknown option epoch; did you mean epochs?", run, { epoch = 1 })
    refused("query must be at least 1", run, { query = 0 })
    refused("batch must be at least 1, but is 0", run, { batch = 0 })
    refused("valid_draws must be at least 1, but is 0", run, { valid_draws = 0 })
    refused("option epochs must be an integer", run, { epochs = "3" })
    refused("train: lr must be above 0, but is -1", run, { lr = -1 })
    refused("train: lr must be a finite number, but is", run, { lr = 0 / 0 })
    refused("train: weight_decay must be a finite number, but is inf", run,
      { weight_decay = 1 / 0 })
    refused("train: clip must be above 0, but is 0", run, { clip = 0 })
    refused("adam: beta2 must be at least 0 and below 1, but is 1", cmml.optim.adam, fresh().module,
      { beta2 = 1 })
  end)
end)
