-- Kinds from a file of a user's own, one of each sort, driven in both settings as those of the
-- library are: made, trained, resumed, saved, adapted, evaluated, computed by several threads.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local temporary = require "spec.support.temporary"
local toys = require "spec.support.toy_kinds"

local of_users = people.data(cmml, { users = 40, items = 16, rated = 8 })
local split = scenario_world.data(cmml):split { seed = 2, valid = 0.2 }

local worlds = {
  users = { data = of_users, catalogue = of_users.catalogue,
    tasks = cmml.users.tasks { ratings = of_users.all, users = of_users.test,
      bags = of_users.bags, support = 5, query = 3 },
    training = { epochs = 2, batch = 8, support = 5, query = 3, lr = 0.02 },
    support = { { "f1", 5 }, { "f2", 1.5 } }, items = { "f1", "f2", "f3" } },
  scenarios = { data = split, catalogue = split:catalogue(), tasks = split,
    training = { epochs = 2, batch = 4, support = 8, support_negatives = 8, query = 8, rounds = 2,
      valid_users = 20, lr = 0.02 },
    support = { { "u1", "i1", 1 }, { "u2", "i7", 1 }, { "u1", "i3", 0 } },
    items = { "i1", "i2", "i3" }, user = "u5" },
}

-- A model that has learnt.
local function learnt(world, name)
  local model = cmml.recommenders[name](world.catalogue)
  if model.learns == "gradient" then
    cmml.train(model, world.data, world.training)
  elseif model.fit then
    model:fit(model.setting.learnable(world.data))
  end
  return model
end

local function predicted(world, model)
  return model:adapt(world.support):predict(world.items, { user = world.user })
end

local function changed(options, changes)
  local all = {}
  for _, source in ipairs { options, changes } do
    for key, value in pairs(source) do
      all[key] = value
    end
  end
  return all
end

for setting, world in pairs(worlds) do
  describe("kinds of one's own, of " .. setting, function()
    local folder
    temporary.around(before_each, after_each, function(path)
      folder = path
    end)

    it("are listed, found and named as others are", function()
      local names = {}
      for _, name in ipairs(cmml.kinds.names(setting)) do
        names[name] = true
      end
      for _, name in ipairs(toys.names) do
        assert.is_true(names[name])
        local class = assert(cmml.kinds.find(name, setting))
        assert.equal(name, class.kind)
        assert.equal("a spec", class.source)
        local model = cmml.recommenders[name](world.catalogue)
        assert.equal(class, getmetatable(model))
        assert.matches("^toy", model.title)
        assert.matches("recommender " .. name, tostring(model))
      end
    end)

    it("come back from files with the same bits and predictions", function()
      for _, name in ipairs(toys.names) do
        local model, path = learnt(world, name), folder .. "/" .. name
        assert(model:save(path))
        local loaded, found = assert(cmml.load(path))
        assert.equal(name, loaded.kind)
        assert.equal(people.bits(model), people.bits(loaded))
        assert.same(model.options, loaded.options)
        assert.same(predicted(world, model), predicted(world, loaded))
        assert.equal(cmml._VERSION, found.version)
        local copy = cmml.import_recommender(model:export())
        assert.same(predicted(world, model), predicted(world, copy))
      end
    end)

    it("adapt, predict and recommend", function()
      for _, name in ipairs(toys.names) do
        local adapted = learnt(world, name):adapt(world.support)
        local scores = adapted:predict(world.items, { user = world.user })
        local list = adapted:recommend { user = world.user, n = 3, items = world.items,
          include_support = true }
        assert.equal(3, #list)
        for i, entry in ipairs(list) do
          assert.truthy(i == 1 or list[i - 1].score >= entry.score)
          for k, item in ipairs(world.items) do
            assert.truthy(item ~= entry.item or math.abs(scores[k] - entry.score) < 1e-5, name)
          end
        end
      end
    end)

    it("read the support where they adapt", function()
      for name, reads in pairs { toy_forward = true, toy_inner = true, toy_nothing = true,
        toy_fitted = false } do
        local model = learnt(world, name)
        local with = predicted(world, model)
        local without = model:adapt({}):predict(world.items, { user = world.user })
        assert.equal(reads, with[1] ~= without[1], name)
      end
    end)

    it("are evaluated, one beside another", function()
      local models = {}
      for i, name in ipairs(toys.names) do
        models[i] = learnt(world, name)
      end
      local found = cmml.evaluate(models, world.tasks, { draws = 1 })
      assert.equal(#models, #found)
      for i, result in ipairs(found) do
        for metric, values in pairs(result) do
          assert.truthy(values.mean == values.mean, toys.names[i] .. metric)
        end
        local alone = cmml.evaluate({ models[i] }, world.tasks, { draws = 1 })[1]
        assert.same(alone, result)
      end
    end)

    it("take their training from their presets, and options over them", function()
      for _, name in ipairs { "toy_forward", "toy_inner" } do
        local model = cmml.recommenders[name](world.catalogue)
        assert.equal("recommended", model.options.preset)
        assert.same({ 4 }, model.module.start.shape)
        assert.equal(0.02, model.training.lr)
        model = cmml.recommenders[name](world.catalogue, { preset = "wide" })
        assert.same({ 6 }, model.module.start.shape)
        assert.equal(0.01, model.training.lr)
        model = cmml.recommenders[name](world.catalogue, { preset = "wide", width = 2 })
        assert.same({ 2 }, model.module.start.shape)
        local bits = people.bits(model)
        assert.not_equal(bits, people.bits(cmml.recommenders[name](world.catalogue,
          { preset = "wide", width = 2, seed = 2 })))
        local result = cmml.train(model, world.data, { epochs = 1 }) -- all else is the preset's
        assert.equal(1, result.epoch)
        assert.not_equal(bits, people.bits(model))
      end
    end)

    it("learn, and resume bit for bit", function()
      for _, name in ipairs { "toy_forward", "toy_inner" } do
        local function run(epochs, out, resume)
          local model, losses = cmml.recommenders[name](world.catalogue), {}
          cmml.train(model, world.data, changed(world.training, { epochs = epochs, out = out,
            patience = 0, resume = resume, on_epoch = function(state)
              losses[#losses + 1] = state.loss
            end }))
          return people.bits(model), losses
        end
        local whole, losses = run(4, folder .. "/whole" .. name)
        assert.truthy(losses[4] < losses[1], name)
        run(2, folder .. "/parts" .. name)
        assert.equal(whole, (run(4, folder .. "/parts" .. name, true)))
        local best = assert(cmml.load(folder .. "/parts" .. name .. "/best.safetensors"))
        assert.equal(whole, people.bits(best))
      end
    end)

    it("have the same bits on any number of threads, which require their module", function()
      for _, name in ipairs { "toy_forward", "toy_inner" } do
        local function bits(threads, modules)
          local model = cmml.recommenders[name](world.catalogue)
          cmml.train(model, world.data, changed(world.training, { epochs = 1, shards = 3,
            threads = threads, modules = modules }))
          return people.bits(model)
        end
        assert.equal(bits(1), bits(2, { "spec.support.toy_kinds" }))
        refused(("no recommender of kind %s is known"):format(name), bits, 2)
      end
    end)

    it("are trained only where they learn by gradient", function()
      refused("train: toy_fitted learns without gradient training: use model:fit(data)",
        cmml.train, cmml.recommenders.toy_fitted(world.catalogue), world.data)
      refused("train: toy_nothing learns without gradient training: it is ready as it is",
        cmml.train, cmml.recommenders.toy_nothing(world.catalogue), world.data)
      assert.is_nil(cmml.recommenders.toy_nothing(world.catalogue).fit)
      assert.is_nil(cmml.recommenders.toy_forward(world.catalogue).fit)
    end)
  end)
end
