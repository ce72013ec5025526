-- Training with other optimisers and schedules than the preset's.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"
local core = cmml.core

local data = people.data(cmml, { users = 40, items = 16, rated = 8 })

local function run(changes, model)
  model = model or cmml.cmml(data.catalogue, people.small())
  return cmml.train(model, data, people.training(changes)), model
end

local ways = {
  adamw = { optimizer = "adamw", weight_decay = 0.1 },
  momentum = { optimizer = "sgd", lr = 0.003, momentum = 0.9 },
  ["sparse tables and a norm"] = { clip_norm = 1,
    groups = { { parameters = "embedding", sparse = true, lr = 0.02 } } },
  cosine = { schedule = "cosine", warmup = 3 },
  restarts = { schedule = { kind = "cosine", steps = 3, restarts = true, growth = 2 } },
  plateau = { schedule = { kind = "plateau", patience = 0, factor = 0.3, threshold = 0.2 },
    warmup = 2 },
  ["the order of the data"] = { shuffle = false },
  ["short supports"] = { short_supports = 0.5 },
  ["sgd, warm-up alone"] = { optimizer = "sgd", lr = 0.003, warmup = 5 },
}

describe("training", function()
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  for name, way in pairs(ways) do
    it("resumes bit for bit: " .. name, function()
      local function with(changes)
        for key, value in pairs(way) do
          changes[key] = value
        end
        changes.epochs = 5
        return changes
      end
      local plain = select(2, run { epochs = 5 })
      local result, whole = run(with { out = folder .. "/whole" })
      assert.equal("epochs", result.stopped)
      assert.not_equal(people.bits(plain), people.bits(whole))
      for _, stop in ipairs { 1, 3 } do
        local out = folder .. "/" .. stop
        refused("pulled the plug", run, with { out = out, on_epoch = function(state)
          if state.epoch == stop then
            error "pulled the plug"
          end
        end })
        local again, resumed = run(with { out = out, resume = true })
        assert.same(result, again)
        assert.equal(people.bits(whole), people.bits(resumed))
        assert.equal(people.bits(assert(cmml.load(folder .. "/whole/last.safetensors"))),
          people.bits(assert(cmml.load(out .. "/last.safetensors"))))
      end
    end)
  end

  it("refuses to resume with another optimiser or schedule", function()
    local function resume(changes)
      local options = { out = folder, epochs = 1, optimizer = "sgd", lr = 1e-3,
        schedule = "cosine", warmup = 1 }
      for key, value in pairs(changes) do
        options[key] = value or nil
      end
      return run(options)
    end
    resume {}
    for text, change in pairs {
      ["optimizer was sgd, now it is adamw"] = { optimizer = "adamw" },
      ["momentum was not given, now it is 0.5"] = { momentum = 0.5 },
      ["clip_norm was not given, now it is 2"] = { clip_norm = 2 },
      ["short_supports was not given, now it is 0.5"] = { short_supports = 0.5 },
      ["warmup was 1, now it is 2"] = { warmup = 2, schedule = { kind = "cosine", steps = 1 } },
      ["kind of the schedule was cosine, now it is plateau"] = { schedule = "plateau" },
      ["schedule was {kind=cosine,steps=1}, now it is not given"] = { schedule = false },
      ["steps of the schedule was 1, now it is 3 (a schedule is as long as"] = { epochs = 2 },
      ["groups was not given, now it is {lr=0.1,parameters=*.bias}"] =
        { groups = { { parameters = "*.bias", lr = 0.1 } } },
    } do
      change.resume = true
      refused("train: cannot resume: " .. text, resume, change)
    end
    assert.equal(1, resume({ resume = true }).epoch)
  end)

  it("takes a share of short supports of 0 for none, and validates by whole ones", function()
    local lengths = {}
    local function with(share)
      local model = cmml.cmml(data.catalogue, people.small())
      local adapt, loss_of = model.adapt_rows, model.loss
      function model:loss(batch)
        lengths[#lengths + 1] = batch.support.segments:totable()
        return loss_of(self, batch)
      end
      function model:adapt_rows(support) -- what it is validated by
        lengths[#lengths + 1] = support.segments:totable()
        return adapt(self, support)
      end
      run({ short_supports = share, epochs = 1, batch = 1000 }, model)
      return people.bits(model)
    end
    local plain = with(nil)
    assert.equal(plain, with(0))
    assert.not_equal(plain, with(1))
    assert.equal(6, #lengths) -- a batch to learn from and one to validate on, three times
    assert.same(lengths[1], lengths[3])
    assert.not_same(lengths[1], lengths[5])
    assert.same(lengths[2], lengths[6])
    refused("short_supports must be from 0 to 1, but is 1.5", run, { short_supports = 1.5 })
  end)

  it("visits the users in a fresh order each epoch, or in that of the data", function()
    local function visits(shuffle)
      local model, seen = cmml.cmml(data.catalogue, people.small()), {}
      local loss_of = model.loss
      function model:loss(batch)
        for _, row in ipairs(batch.support.people.rows:totable()) do
          seen[#seen + 1] = row
        end
        return loss_of(self, batch)
      end
      run({ shuffle = shuffle, epochs = 2 }, model)
      return seen
    end
    local n = #data.train
    local twice = table.move(data.train, 1, n, n + 1, { table.unpack(data.train) })
    assert.same(twice, visits(false))
    local mixed = visits(nil)
    assert.not_same({ table.unpack(mixed, 1, n) }, { table.unpack(mixed, n + 1) })
    assert.same(mixed, visits(true))
    table.sort(twice)
    table.sort(mixed)
    assert.same(twice, mixed)
  end)

  it("gives the weights of the best epoch, or of the last one", function()
    -- weights do not change: the first epoch is the best, and no later one is better
    local still = { lr = 1e-30, patience = 1, out = folder .. "/best" }
    assert.same({ 2, 1, "patience" }, (function(r)
      return { r.epoch, r.best_epoch, r.stopped }
    end)(run(still)))
    still.choose, still.out = "last", folder .. "/still"
    assert.same({ 4, 4, "epochs" }, (function(r)
      return { r.epoch, r.best_epoch, r.stopped }
    end)(run(still)))
    local maes, out = {}, folder .. "/last"
    local result, model = run { choose = "last", lr = 0.2, out = out, on_epoch = function(state)
      maes[state.epoch] = state.mae
    end }
    assert.equal(maes[4], result.best)
    assert.truthy(math.min(table.unpack(maes)) < maes[4])
    for _, name in ipairs { "best", "last" } do
      assert.equal(people.bits(model), people.bits(assert(cmml.load(("%s/%s.safetensors"):format(
        out, name)))))
    end
    refused('train: choose "first" is not known; known: best, last', run, { choose = "first" })
  end)

  it("follows its schedule", function()
    local function schedule_after(changes)
      changes.epochs, changes.out = 2, folder .. "/" .. tostring(changes):match "%x+$"
      run(changes)
      local _, found = assert(cmml.load(changes.out .. "/last.safetensors"))
      return found.notes.schedule
    end
    assert.truthy(schedule_after({ schedule = "cosine", lr = 0.01 }).lr < 1e-9)
    assert.equal(0.01, schedule_after({ schedule = "plateau", lr = 0.01 }).lr)
    assert.is_nil(schedule_after({ lr = 0.01 }))
    -- weights that do not change: every epoch but the first is without a better validation
    local function rate_after(epochs, changes)
      changes.lr, changes.schedule, changes.choose = 1e-30, changes.schedule or "plateau", "best"
      changes.epochs, changes.out = epochs, folder .. "/" .. tostring(changes):match "%x+$"
      run(changes)
      local _, found = assert(cmml.load(changes.out .. "/last.safetensors"))
      return found.notes.schedule.lr
    end
    assert.equal(1e-30, rate_after(4, { patience = 6 }))
    assert.near(1e-31, rate_after(5, { patience = 6 }), 1e-37)
    assert.near(1e-31, rate_after(4, { patience = 0 }), 1e-37)
    assert.near(1e-31, rate_after(2, { patience = 6,
      schedule = { kind = "plateau", patience = 0 } }), 1e-37)
    local warm = schedule_after({ lr = 0.01, warmup = 1000 })
    assert.truthy(warm.lr > 0.001 and warm.lr < 0.0011, warm.lr)
  end)

  it("stops, says so and keeps the weights when the gradient has no norm", function()
    local model = cmml.cmml(data.catalogue, people.small())
    -- the root of zero: the loss stays finite, its gradient does not
    local loss_of = model.loss
    function model:loss(batch)
      local loss = loss_of(self, batch)
      return loss + (self.module:named_parameters()[1][2] * 0):abs():sum():sqrt()
    end
    local result = run({ clip_norm = 1 }, model)
    assert.equal("diverged", result.stopped)
    assert.matches("^the gradient was no longer a finite number in epoch 1, step 1; lower the "
      .. "learning rate %(now 0.01%)", result.message)
    for _, pair in ipairs(model:tensors()) do
      assert.is_true(pair[2]:isfinite())
    end
  end)

  it("clips nothing if told so, also in a run that is kept and resumed", function()
    local way = { clip = math.huge, groups = { { parameters = "label", clip = math.huge } } }
    local function with(changes)
      for key, value in pairs(way) do
        changes[key] = value
      end
      return changes
    end
    local whole = select(2, run(with { epochs = 2 }))
    run(with { epochs = 1, out = folder })
    local resumed = select(2, run(with { epochs = 2, out = folder, resume = true }))
    assert.equal(people.bits(whole), people.bits(resumed))
    refused("train: cannot resume: clip was inf, now it is 3", run, { clip = 3, resume = true,
      groups = way.groups, out = folder })
  end)

  it("refuses notes that no file can hold before it trains", function()
    for _, key in ipairs { "notes", "conditions" } do
      refused("train: conditions and notes must be plain data: json: a function cannot be written",
        run, { out = folder, [key] = { f = print } })
      assert.is_false(core.exists(folder .. "/last.safetensors"))
    end
  end)

  it("refuses settings that do not exist or do not go together", function()
    refused('train: optimizer "rmsprop" is not known; known: adam, adamw, sgd', run,
      { optimizer = "rmsprop" })
    refused("adam: unknown option momentum", run, { momentum = 0.9 })
    refused('train: schedule "linear" is not known; known: cosine, plateau', run,
      { schedule = "linear" })
    refused("train: schedule must be one of cosine, plateau, not nil", run,
      { schedule = { steps = 2 } })
    refused("train: option schedule must be a string or a table, not number 3", run,
      { schedule = 3 })
    refused("cosine: unknown option patience", run, { schedule = { kind = "cosine",
      patience = 1 } })
    refused("train: warmup must be at least 0, but is -1", run, { warmup = -1 })
    refused("optim.adam: group 1: no parameter is named nothing", run,
      { groups = { { parameters = "nothing" } } })
  end)
end)
