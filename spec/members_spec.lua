-- Several networks in one model: each learns as it would alone, and their scores are averaged.
local cmml = require "cmml"
local people = require "spec.support.people"
local told = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"

local base = { factors = 3, ridge = 2, bias_ridge = 1, sweeps = 5 }

local options, training = people.over_base { base = base, neighbours = false, members = 3 }

-- The members of a model as models of their own.
local function apart(library, model, changes)
  local list, values = {}, {}
  for name, tensor in model.module:parameters() do
    local i, inner = name:match "^member(%d+)%.(.+)$"
    local of = math.tointeger(i or 1)
    values[of] = values[of] or {}
    values[of][inner or name] = tensor
  end
  for i, weights in ipairs(values) do
    changes.members = 1
    list[i] = library.cmml(model.catalogue, options(changes))
    list[i].module:load_parameters(weights)
  end
  return list
end

local support = { { "f1", 5 }, { "f2", 1 }, { "f4", 2 }, { "f5", 4.5 } }

describe("members of a model", function()
  local double = cmml.double
  local data = people.data(double, { users = 40, items = 9, rated = 5 })
  local names = { "f1", "f3", "f6", "f9" }
  local batch = double.users.tasks({ ratings = data.all, users = data.test, bags = data.bags,
    support = 3, query = 2, seed = 3 }):draw(1, data.test)

  for name, changes in pairs { ["with a base"] = {}, ["without"] = { base = false },
    ["of absolute errors"] = { loss = "absolute" }, ["of squared errors"] = { loss = "squared" },
    ["refined by steps"] = { refine_steps = 2, refine_rate = 0.01 } } do
    it("score the mean of what each says, and learn as each would alone: " .. name, function()
      local model = double.cmml(data.catalogue, options(changes))
      double.train(model, data, training { epochs = 1 })
      local list, loss = apart(double, model, changes), 0
      assert.equal(3, #list)
      for _, rated in ipairs { support, {} } do
        local found, alone = model:adapt(rated):predict(names), {}
        for i, one in ipairs(list) do
          alone[i] = one:adapt(rated):predict(names)
        end
        for i, score in ipairs(found) do
          assert.truthy(math.abs(score - (alone[1][i] + alone[2][i] + alone[3][i]) / 3) < 1e-12)
        end
        assert.truthy(math.abs(alone[1][1] - alone[2][1]) > 1e-6)
        assert.truthy(math.abs(alone[2][1] - alone[3][1]) > 1e-6)
      end
      for _, one in ipairs(list) do
        loss = loss + one:loss(batch):item() / 3
      end
      assert.truthy(math.abs(loss - model:loss(batch):item()) < 1e-12)
    end)
  end

  it("are one where the option is not given", function()
    local one = double.cmml(data.catalogue, options { members = 1 })
    assert.is_nil(one.module.member2)
    assert.equal(one.module:count() * 3, double.cmml(data.catalogue, options()).module:count())
  end)

  it("begin with bases of other seeds", function()
    local model = double.cmml(data.catalogue, options())
    model:prepare(data)
    for i, one in ipairs(apart(double, model, {})) do
      local alone = double.cmml(data.catalogue, options { members = 1, seed = i })
      alone:prepare(data)
      assert.same(alone.module.base.vectors:totable(), one.module.base.vectors:totable())
    end
  end)

  it("are refused where their number makes no sense", function()
    told("members must be from 1 to 100, but is 0", double.cmml, data.catalogue,
      options { members = 0 })
    told("members must be from 1 to 100, but is 1000", double.cmml, data.catalogue,
      options { members = 1000 })
  end)
end)

describe("a model of several members", function()
  local data = people.data(cmml, { users = 60, items = 16, rated = 10 })
  local folder
  temporary.around(before_each, after_each, function(path)
    folder = path
  end)

  local function trained(opt)
    local model = cmml.cmml(data.catalogue, options { members = 2, neighbours = {} })
    cmml.train(model, data, training(opt))
    return model
  end

  it("is saved and loaded, and goes on after an interruption, bit for bit", function()
    local schedule = { kind = "cosine", steps = 12 }
    local whole = trained { out = folder .. "/whole", schedule = schedule }
    trained { out = folder .. "/cut", epochs = 2, schedule = schedule }
    local resumed = trained { out = folder .. "/cut", resume = true, schedule = schedule }
    assert.equal(people.bits(whole), people.bits(resumed))
    assert(whole:save(folder .. "/m.safetensors"))
    local loaded = assert(cmml.load(folder .. "/m.safetensors"))
    assert.equal(people.bits(whole), people.bits(loaded))
    assert.same(whole:adapt(support):predict { "f1", "f3" },
      loaded:adapt(support):predict { "f1", "f3" })
  end)

  it("has the same bits on any number of threads", function()
    assert.equal(people.bits(trained { shards = 2, threads = 1, epochs = 2 }),
      people.bits(trained { shards = 2, threads = 2, epochs = 2 }))
  end)

  it("scores new items as those that are as they are", function()
    local model = trained { epochs = 1 }
    local record = { id = "new", kind = "calm", tags = { "tag1", "tag2" } }
    local person = model:adapt(support)
    local score = person:predict({ record })[1]
    local wider = model:over(model.catalogue:with_items { record })
    assert.truthy(math.abs(score - wider:adapt(support):predict({ "new" })[1]) < 1e-5)
    for i, one in ipairs(model:adapt(support):predict { "f1", "f3" }) do
      assert.truthy(math.abs(one - wider:adapt(support):predict({ "f1", "f3" })[i]) < 1e-5)
    end
  end)
end)
