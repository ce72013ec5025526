-- Metrics by name: those of the library and those that a user registers can be asked for wherever
-- models are evaluated; what is registered wrongly is refused.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local core, metrics = cmml.core, cmml.metrics

local function nothing()
  return {}
end

-- The part of the rows of each list whose score is at least half of the best one's; of the first k
-- the sum of the labels.
metrics.register { names = { "spec_near_best" }, at = { "spec_gain" }, better = "min",
  compute = function(scores, labels, segments, cutoffs)
    local values, found, first = scores:totable(), { spec_near_best = {} }, 0
    local gains = labels:totable()
    for _, k in ipairs(cutoffs) do
      found["spec_gain@" .. k] = {}
    end
    for t, length in ipairs(segments:totable()) do
      local best, near, order = -math.huge, 0, {}
      for r = first + 1, first + length do
        best, order[#order + 1] = math.max(best, values[r]), r
      end
      for r = first + 1, first + length do
        near = near + (values[r] >= best / 2 and 1 or 0)
      end
      table.sort(order, function(a, b)
        return values[a] > values[b]
      end)
      found.spec_near_best[t] = near / length
      for _, k in ipairs(cutoffs) do
        local sum = 0
        for i = 1, math.min(k, #order) do
          sum = sum + gains[order[i]]
        end
        found["spec_gain@" .. k][t] = sum
      end
      first = first + length
    end
    return found
  end }

local data = people.data(cmml, { users = 40, items = 16, rated = 8 })
local split = scenario_world.data(cmml):split { seed = 2 }
local means = cmml.recommenders.item_mean(data.catalogue)
means:fit(cmml.settings:get("users").learnable(data))

local worlds = {
  users = { models = { means }, options = { relevant = 4, draws = 2 },
    tasks = cmml.users.tasks { ratings = data.all, users = data.test, bags = data.bags,
      support = 2, query = 5 } },
  ["users, lists"] = { models = { means }, options = { draws = 2 }, tasks = cmml.users.tasks {
    ratings = data.all, users = data.test, bags = data.bags, support = 2, query = 5, rank = "all",
    relevant = 4, popularity = { people = 3, counts = core.full({ 16 }, 2) } } },
  scenarios = { models = { cmml.recommenders.support_popularity(
    split:catalogue(split:vectors { factors = 2, iterations = 1 })) },
    options = { draws = 2 }, tasks = split },
}

local function evaluated(world, names, changes)
  local options = { metrics = names }
  for _, source in ipairs { world.options, changes or {} } do
    for key, value in pairs(source) do
      options[key] = value
    end
  end
  return cmml.evaluate(world.models, world.tasks, options)[1]
end

describe("a metric", function()
  it("has each metric of the core in one family", function()
    local owner = {}
    for _, family in ipairs(core.metric_families()) do
      for _, list in ipairs { family.names, family.at } do
        for _, name in ipairs(list) do
          assert.is_nil(owner[name], name)
          owner[name] = family.name
          assert.truthy(family.better[name] == "min" or family.better[name] == "max", name)
        end
      end
    end
    assert.equal("rating", owner.ndcg_exp)
    assert.equal("ranking", owner.ndcg)
  end)

  for setting, world in pairs(worlds) do
    it("of the library can be asked for by name in the setting " .. setting, function()
      local all = metrics.names(setting ~= "users")
      assert.truthy(#all >= 12)
      local at = metrics.find("spec", "recall").at
      assert.is_true(at)
      local together = evaluated(world, all, { cutoffs = { 2, 3 } })
      for _, name in ipairs(all) do
        local own = metrics.find("spec", name)
        local alone = evaluated(world, { own.at and name .. "@3" or name })
        local full = own.at and name .. "@3" or name
        assert.same({ full }, (function()
          local keys = {}
          for key in pairs(alone) do
            keys[#keys + 1] = key
          end
          return keys
        end)())
        assert.truthy(alone[full].mean == alone[full].mean, name)
        assert.equal(together[full].mean, alone[full].mean, name)
        assert.is_nil(own.at and together[name] or nil)
        assert.truthy(not own.at or together[name .. "@2"], name)
      end
    end)

    it("of one's own is computed beside those of the library in the setting " .. setting,
      function()
        local found = evaluated(world, { "spec_near_best", "spec_gain@4", "spec_gain@1", "ndcg@4" })
        for _, name in ipairs { "spec_near_best", "spec_gain@4", "spec_gain@1", "ndcg@4" } do
          assert.truthy(found[name].mean > 0, name)
        end
        assert.truthy(found["spec_gain@4"].mean > found["spec_gain@1"].mean)
        assert.truthy(found.spec_near_best.mean <= 1)
        local text = metrics.format_results({ "means" }, { found }, { "spec_gain@4" })
        assert.truthy(text:find("| spec_gain@4", 1, true), text)
      end)

    it("that does not exist is refused with the nearest name in the setting " .. setting,
      function()
        refused("evaluate: there is no metric recal@20; did you mean recall?", evaluated, world,
          { "recal@20" })
        refused("evaluate: there is no metric spec_gian; did you mean spec_gain?", evaluated, world,
          { "spec_gian" })
        refused("evaluate: there is no metric auc@5; auc takes no cutoff", evaluated, world,
          { "auc@5" })
        refused("evaluate: there is no metric recall@0; recall@k takes a cutoff k from 1 to ",
          evaluated, world, { "recall@0" })
        for _, name in ipairs { "recall@2147483648", "recall@99999999999999999999" } do
          refused("evaluate: there is no metric " .. name, evaluated, world, { name })
        end
        local many = {}
        for k = 1, 1001 do
          many[k] = "recall@" .. k
        end
        refused("evaluate: the cutoffs are too many: at most 1000", evaluated, world, many)
        refused("evaluate: there is no metric recall@x", evaluated, world, { "recall@x" })
      end)
  end

  it("that ranks needs to know of ratings which are relevant", function()
    local world = worlds.users
    for _, name in ipairs { "auc", "recall", "ndcg@3" } do
      refused(("evaluate: %s needs the option relevant: the rating from which on an item is "
        .. "relevant"):format(name), cmml.evaluate, world.models, world.tasks,
        { metrics = { "mae", name } })
    end
    local found = cmml.evaluate(world.models, world.tasks, { metrics = { "ndcg_exp", "mae" } })[1]
    assert.is_number(found["ndcg_exp@1"].mean)
  end)

  it("says what is better in it", function()
    for name, better in pairs { mae = "min", rmse = "min", ["ndcg_exp@3"] = "max",
      ["recall@20"] = "max", auc = "max", spec_near_best = "min", ["spec_gain@1"] = "min" } do
      assert.equal(better, metrics.better(name))
    end
    refused("metrics.better: there is no metric recal; did you mean recall?", metrics.better,
      "recal")
  end)

  it("is refused where it is registered wrongly, and leaves no name behind", function()
    local function refuses(text, family)
      local before = #metrics.names()
      refused("metrics.register: " .. text, metrics.register, family)
      assert.equal(before, #metrics.names())
    end
    refuses("a table with names, at and compute (a function) was expected", nil)
    refuses("a table with names, at and compute (a function) was expected", { names = { "x" } })
    refuses("unknown field name; did you mean names?", { name = "x", compute = nothing })
    refuses('names must be a table, not "x"', { names = "x", compute = nothing })
    refuses("at must be a table, not number 5", { at = 5, compute = nothing })
    refuses("relevance must be a boolean, not number 1", { names = { "x" }, relevance = 1,
      compute = nothing })
    refuses('better "least" is not known; known: max, min', { names = { "x" }, better = "least",
      compute = nothing })
    for _, name in ipairs { "a@1", "", "a b", 5 } do
      refuses("a name in names must be of letters, digits and _, not", { names = { name },
        compute = nothing })
    end
    refuses("the family has no names", { compute = nothing })
    refuses("there is a metric auc already", { names = { "spec_new", "auc" }, compute = nothing })
    refuses("there is a metric spec_new already", { names = { "spec_new" }, at = { "spec_new" },
      compute = nothing })
  end)

  it("must give a list of numbers of its name, one a list", function()
    for name, compute in pairs {
      spec_nothing = nothing,
      spec_no_table = function() end,
      spec_too_few = function(_, _, _)
        return { spec_too_few = { 1 } }
      end,
    } do
      metrics.register { names = { name }, compute = compute }
      refused(("evaluate: what computes the metric %s must give a table with a list of"):format(
        name), evaluated, worlds.users, { name })
    end
  end)

  it("is given labels of 1 and 0 where it asks for them", function()
    local seen = {}
    metrics.register { names = { "spec_relevant" }, relevance = true,
      compute = function(_, labels, segments)
        for _, label in ipairs(labels:totable()) do
          seen[label] = true
        end
        local values = {}
        for i = 1, #segments do
          values[i] = 1
        end
        return { spec_relevant = values }
      end }
    evaluated(worlds.users, { "spec_relevant" })
    assert.same({ [0] = true, [1] = true }, seen)
    assert.equal(1, evaluated(worlds.scenarios, { "spec_relevant" }).spec_relevant.mean)
  end)

  it("belongs to one library: the double one has its own", function()
    assert.is_true(core.info().dtype == "float32")
    refused("there is no metric spec_gain", cmml.double.metrics.better, "spec_gain")
  end)
end)
