-- DCN-F: fine-tuned as a copy of DCN for each task alone would be, in both settings; what a support
-- without anything to learn from gives; files.
local cmml = require "cmml"
local close = require "spec.support.close"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local temporary = require "spec.support.temporary"
local core = cmml.core

-- People have a field of numbers, too: it is mapped and not looked up.
local world = people.world { users = 40, items = 16, rated = 8 }
for i, user in ipairs(world.users) do
  user.height = 150 + i
end
world.name = "people"
world.schema = cmml.data.schema { item = { { "kind" }, { "tags", multi = true } },
  user = { { "age" }, { "height", kind = "number" } } }
local data = assert(cmml.cold_users(cmml.dataset(world), { test_users = 0.2, valid = 0.2 }))

local split = scenario_world.data(cmml):split { seed = 2 }
local catalogue = split:catalogue(cmml.vectors.als { ratings = split.background,
  n_items = #split.data.items, factors = 4 })

local steps, rate = 5, 0.02

local settings = {
  users = { catalogue = data.catalogue,
    sizes = { width = 3, project = 5, cross = 3, deep = { 4, 2 }, cross_deviation = 0.5, seed = 3 },
    batch = cmml.users.tasks { ratings = data.ratings, users = data.train, bags = data.bags,
      support = 4, query = 3, batch = 5, seed = 5 }:batches(1)(),
    support = { { "f1", 5 }, { "f2", 1 }, { "f3", 4 }, user = { age = "2", height = 170 } } },
  scenarios = { catalogue = catalogue,
    sizes = { cross = 3, deep = { 4, 2 }, cross_deviation = 0.5, seed = 3 },
    batch = split:tasks { support = 6, support_negatives = 4, query = 5, batch = 4 }:batches(1)(),
    support = { { "u1", "i1", 1 }, { "u1", "i2", 0 }, { "u2", "i2", 1 }, { "u2", "i1", 0 } },
    user = "u5" },
}

local function make(setting, kind, changes)
  local options = {}
  for key, value in pairs(setting.sizes) do
    options[key] = value
  end
  for key, value in pairs(changes or {}) do
    options[key] = value
  end
  return cmml.recommenders[kind](setting.catalogue, options)
end

-- Some rows of a batch as those of one task.
local function taken(rows, task)
  local first, lengths = 0, rows.segments:totable()
  for t = 1, task - 1 do
    first = first + lengths[t]
  end
  local list = {}
  for i = 1, lengths[task] do
    list[i] = first + i
  end
  list = core.ids(list)
  local found = { segments = core.segments { lengths[task] }, items = core.map_ids(list,
    rows.items) }
  found.users = rows.users and core.map_ids(list, rows.users)
  found.labels = rows.labels and rows.labels:gather_rows(list)
  found.people = rows.people and { bags = rows.people.bags,
    rows = core.ids { rows.people.rows:totable()[task] } }
  return found
end

-- The loss of one support under DCN itself.
local function own_loss(model, support)
  local scores = model.score_rows(model, model.adapt_rows(model, support), support)
  if model.setting.name == "users" then
    return cmml.mse(scores, support.labels)
  end
  local pairs_of, lengths = cmml.scenarios.support_pairs(support)
  return cmml.scenarios.pair_loss("hinge", scores, pairs_of, lengths)
end

-- The scores of a task's query by a copy of DCN that was fine-tuned on its support alone.
local function by_itself(setting, support, query)
  local model = make(setting, "dcn")
  local optimiser = cmml.optim.adam(model.module, { lr = rate })
  for _ = 1, steps do
    optimiser:backward(own_loss(model, support))
    optimiser:step()
  end
  return model:scores_of(model:state_of(support), query):totable()
end

local function query_of(batch)
  return batch.query.labels and batch.query or core.paired_rows(batch.query)
end

for _, name in ipairs { "users", "scenarios" } do
  local setting = settings[name]
  describe("DCN-F on " .. name, function()
    it("is DCN fine-tuned for each task alone, embeddings included", function()
      local query = query_of(setting.batch)
      local model = make(setting, "dcnf", { fine_tune_steps = steps, fine_tune_lr = rate })
      local before = people.bits(model)
      local found = model:scores_of(model:state_of(setting.batch.support), query):totable()
      local plain = make(setting, "dcn")
      local untuned = plain:scores_of(plain:state_of(setting.batch.support), query):totable()
      local row, moved = 0, 0
      for task = 1, #query.segments do
        local one = taken(query, task)
        for i, score in ipairs(by_itself(setting, taken(setting.batch.support, task), one)) do
          close.near(score, found[row + i], 2e-4, ("row %d of task %d"):format(i, task))
          moved = moved + math.abs(score - untuned[row + i])
        end
        row = row + #one.items
      end
      assert.is_true(moved / row > 0.02, moved / row)
      assert.equal(before, people.bits(model))
    end)

    it("is DCN without steps, and where a support has nothing to learn from", function()
      local query = taken(query_of(setting.batch), 1)
      local support = taken(setting.batch.support, 1)
      local plain = make(setting, "dcn")
      local wanted = plain:scores_of(plain:state_of(support), query):totable()
      local still = make(setting, "dcnf", { fine_tune_steps = 0 })
      close.near_lists(wanted, still:scores_of(still:state_of(support), query):totable(), 1e-5,
        "no steps")
      local model = make(setting, "dcnf")
      local empty = { segments = core.segments { 0 }, items = core.ids {},
        users = support.users and core.ids {}, people = support.people,
        labels = core.full({ 0 }, 0) }
      close.near_lists(wanted, model:scores_of(model:state_of(empty), query):totable(), 1e-5,
        "empty support")
      if support.users then
        for _, label in ipairs { 0, 1 } do
          support.labels = core.full({ #support.items }, label)
          close.near_lists(wanted, model:scores_of(model:state_of(support), query):totable(),
            1e-5, "labels " .. label)
        end
      end
    end)

    it("names tasks that diverge, which keep the trained weights", function()
      local query = query_of(setting.batch)
      local model = make(setting, "dcnf", { fine_tune_lr = 1e30 })
      local state = model:state_of(setting.batch.support)
      assert.is_true(#state.diverged > 0)
      local task = state.diverged[1].task
      local plain = make(setting, "dcn")
      local one = taken(query, task)
      local wanted = plain:scores_of(plain:state_of(taken(setting.batch.support, task)), one)
      local first = 0
      for t = 1, task - 1 do
        first = first + query.segments:totable()[t]
      end
      close.near_lists(wanted:totable(), model:scores_of(state, query):slice(1, first + 1,
        first + #one.items):totable(), 1e-4, "the first that diverged")
    end)

    it("is trained as DCN is, to the last bit", function()
      local of = name == "users" and data or split
      local function trained(kind)
        local model = make(setting, kind)
        cmml.train(model, of, { epochs = 2, choose = "last", batch = 8,
          steps = name == "scenarios" and 4 or nil })
        return people.bits(model)
      end
      assert.equal(trained "dcn", trained "dcnf")
    end)

    it("serves from its file alone, with raw ids", function()
      local folder = temporary.folder()
      local model = make(setting, "dcnf", { fine_tune_lr = rate })
      assert(model:save(folder .. "/m.safetensors"))
      local loaded = assert(cmml.load(folder .. "/m.safetensors"))
      temporary.remove(folder)
      assert.equal(rate, loaded.options.fine_tune_lr)
      local person, again = model:adapt(setting.support), loaded:adapt(setting.support)
      assert.same(person:recommend { n = 3, user = setting.user },
        again:recommend { n = 3, user = setting.user })
      local untuned = model:adapt {}
      assert.are_not.same(untuned:recommend { n = 3, user = setting.user },
        person:recommend { n = 3, user = setting.user })
    end)

    it("refuses steps and rates out of bounds", function()
      refused("fine_tune_steps must be from 0 to 1000, but is -1", make, setting, "dcnf",
        { fine_tune_steps = -1 })
      refused("fine_tune_lr must be above 0, but is 0", make, setting, "dcnf",
        { fine_tune_lr = 0 })
      refused("unknown option fine_tune_lr", make, setting, "dcn", { fine_tune_lr = 1 })
    end)
  end)
end

describe("DCN-F on users", function()
  it("scores new items by their fields, with the embeddings of the person", function()
    local person = make(settings.users, "dcnf", { fine_tune_lr = rate })
      :adapt(settings.users.support)
    local scores = person:predict { "f1", { id = "new", kind = "loud", tags = { "tag1" } } }
    close.near(scores[1], scores[2], 1e-5, "the same fields as f1")
  end)

  for _, shape in ipairs { { cross = 0 }, { deep = {} }, { cross = 0, deep = {} } } do
    it("adapts without cross layers, or without a deep part", function()
      local model = make(settings.users, "dcnf", shape)
      assert.equal(2, #model:adapt(settings.users.support):predict { "f1", "f2" })
    end)
  end
end)
