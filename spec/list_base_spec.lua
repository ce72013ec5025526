-- The base of CMML for lists: which it is, and how much it counts beside the network.
local cmml = require "cmml"
local with = require "spec.support.merged"
local people = require "spec.support.people"
local temporary = require "spec.support.temporary"

local core = cmml.core

local lists = require "spec.support.small_lists" (cmml)
local data, loud, small = lists.data, lists.loud, lists.options
local list_of, trained, world = lists.list_of, lists.trained, lists.world

local function saved(model)
  local path = os.tmpname()
  assert(model:save(path))
  local loaded = assert(cmml.load(path))
  os.remove(path)
  return loaded
end

describe("the base", function()
  local tasks = cmml.users.tasks { ratings = data.ratings, users = data.valid, bags = data.bags,
    support = 4, query = 3, rank = "all", relevant = data.relevant, seed = 5 }
  local judged = { metrics = { "ndcg" }, cutoffs = { 3 }, draws = 2 }

  it("is what orders best alone for validation people and every fifth of the others", function()
    local seen = {}
    for seed = 1, 5 do
      local of = people.data(cmml, with(world, { seed = seed, users = 40 }))
      local model = cmml.recommenders.cmml_lists(of.catalogue, small)
      model:prepare(of)
      local rest, judges = {}, table.move(of.valid, 1, #of.valid, 1, {})
      for i, user in ipairs(of.train) do
        table.insert(i % 5 == 0 and judges or rest, user)
      end
      local function tasks_of(users)
        return setmetatable(with(tasks, { ratings = of.ratings, users = users, bags = of.bags }),
          getmetatable(tasks))
      end
      model:settle(tasks_of(of.valid), judged, "ndcg@3")
      local function value(candidate)
        local other = cmml.recommenders[candidate[1]](of.catalogue, candidate[2])
        other:fit { ratings = of.ratings, users = rest }
        return cmml.evaluate({ other }, tasks_of(judges), with(judged,
          { draws = math.ceil(2 * #of.valid / #judges) }))[1]["ndcg@3"].mean
      end
      local base = model.base
      local found, options = value(base.candidates[base.choice]), base.model.options
      for _, other in ipairs { { "ease", { keep = 200 } }, { "ials", {} },
        { "ials", { regularization = 100 } }, { "ials", { regularization = 10 } },
        { "ials", { alpha = 3 } }, { "ials", { alpha = 30 } } } do
        assert.is_true(found >= value(other), other[1])
      end
      -- fitted to all training people
      local whole = cmml.recommenders[base.model.kind](of.catalogue, options)
      whole:fit { ratings = of.ratings, users = of.train }
      assert.same(list_of(whole, loud, 12), list_of(base.model, loud, 12))
      assert.equal(whole:adapt(loud):recommend({ n = 1 })[1].score,
        base.model:adapt(loud):recommend({ n = 1 })[1].score)
      seen[base.choice] = true
      assert.equal(base.choice, base:tensors()[1][2][1])
      assert.same(list_of(model, loud, 12), list_of(saved(model), loud, 12))
    end
    assert.truthy(next(seen, next(seen)), "the same one each time")
  end)

  it("is chosen by validation people alone where the others would leave nothing to learn from",
    function()
      local ratings = {}
      for u = 1, 12 do
        for i = 1, 4 do
          ratings[#ratings + 1] = { "p" .. u, "f" .. (u + i) % 6, u < 6 and i < 4 and 5 or 1 }
        end
      end
      local of = assert(cmml.cold_users(cmml.dataset { name = "few", ratings = ratings },
        { test_users = 0.2, valid = 0.2 }))
      local loves, others = {}, {}
      for _, user in ipairs { 1, 2, 3, 4, 5 } do
        loves[#loves + 1] = user
      end
      for user = 6, 12 do
        others[#others + 1] = user
      end
      of.train = { others[1], others[2], others[3], others[4], loves[1] }
      of.valid = { loves[2], loves[3] }
      local _, result = trained(of, {}, { epochs = 1, support = 2 })
      assert.is_true(result.best > 0, result.best)
    end)

  it("is EASE where nobody validates, and never of very many items", function()
    local all = with(data, { valid = {} })
    local model = trained(all, {}, { epochs = 1 })
    assert.same({ "ease", 1 }, { model.base.model.kind, model.base.choice })
    local ratings = {}
    for i = 1, 6001 do
      ratings[i] = { "p" .. i % 9, "i" .. i, 1 + i % 5 }
    end
    local many = cmml.dataset { name = "many", ratings = ratings }
    local of = assert(cmml.cold_users(many, { test_users = 0.3, valid = 0.2 }))
    local large = cmml.recommenders.cmml_lists(of.catalogue, { width = 2, backbone = { 2 },
      hyper = { 2 } })
    assert.equal("ials", large.base.model.kind)
  end)
end)

describe("how much the base counts", function()
  local function settled(options, change)
    local model = cmml.recommenders.cmml_lists(data.catalogue, with(small, options))
    model:prepare(data)
    if change then
      cmml.no_grad(change, model)
    end
    local tasks = cmml.users.tasks { ratings = data.ratings, users = data.valid, bags = data.bags,
      support = 4, query = 3, rank = "all", relevant = data.relevant, seed = 5 }
    local judged = { metrics = { "ndcg" }, cutoffs = { 20 }, draws = 2 }
    local function value()
      return cmml.evaluate({ model }, tasks, judged)[1]["ndcg@20"].mean
    end
    local function mixed(mix)
      cmml.no_grad(model.module.mix.copy_, model.module.mix, core.tensor(mix))
    end
    local start, best = model.module.mix:totable(), -1
    local w, p = start[2], start[3]
    for _, mix in ipairs { { 1, w, p }, { 1, w / math.sqrt(2), p }, { 1, w * math.sqrt(2), p },
      { 1, w / 4, p }, { 1, w * 4, p },
      { 1, w, p + 0.125 }, { 1, w, math.max(p - 0.125, 0) }, { 0, w, p } } do
      mixed(mix)
      best = math.max(best, value())
    end
    mixed(start)
    model:settle(tasks, judged, "ndcg@20")
    return model, value(), best
  end

  it("is what is best of near ones on validation people", function()
    for _, weights in ipairs { { 0.01, 0.5 }, { 1, 0 }, { 1, 3 }, { 50, 0.05 } } do
      local _, value, best = settled { base = "ease", base_weight = weights[1],
        popularity_weight = weights[2] }
      assert.equal(best, value)
    end
  end)

  it("leaves out a network that does harm, and takes it in again", function()
    local function wrong(model)
      local bias = model.module.network.bias
      bias:copy_(-100 * bias)
      model.module.mix:copy_(core.tensor { 1, 0.01, 0 })
    end
    local model = settled({}, wrong)
    assert.equal(0, model.module.mix:totable()[1])
    local list, bias = list_of(model, loud, 12), model.module.network.bias
    cmml.no_grad(bias.copy_, bias, -1 * bias)
    assert.same(list, list_of(model, loud, 12))
    local tasks = cmml.users.tasks { ratings = data.ratings, users = data.train, bags = data.bags,
      support = 4, query = 3, rank = "all", relevant = data.relevant, seed = 5 }
    model = trained(data, { base = "popularity" }, { epochs = 20, valid_draws = 1 })
    cmml.no_grad(model.module.mix.copy_, model.module.mix, core.tensor { 0, 0.1, 0 })
    model:settle(tasks, { metrics = { "ndcg" }, cutoffs = { 20 }, draws = 1 }, "ndcg@20")
    assert.equal(1, model.module.mix:totable()[1])
  end)

  it("is looked for far off where a network does harm beside a base of small scores", function()
    local function out_of_scale(model)
      local base = model.base.model
      base.weights, base.ties = base.weights * 0.01, base.ties * 0.01
      local network = model.module.network
      network.bias:copy_(0 * network.bias)
      model.module.mix:copy_(core.tensor { 0, 20, 0 })
    end
    local model, value, best_of_near = settled({ base = "ease",
      base_options = { ridge = 3 } }, out_of_scale)
    assert.equal(1, model.module.mix:totable()[1])
    assert.is_true(value > best_of_near, value)
  end)

  it("is chosen by more draws of few validation people, unless told", function()
    local folder = temporary.folder()
    local function draws(of, changes)
      trained(of, { base = "popularity" }, with({ epochs = 1, out = folder }, changes))
      local _, file = assert(cmml.load(folder .. "/last.safetensors"))
      temporary.remove(folder)
      return file.notes.conditions.valid_draws
    end
    local n = #data.valid
    assert.is_true(n > 1 and n < 200, n)
    assert.equal(math.ceil(400 / n), draws(data, {}))
    assert.equal(3, draws(data, { valid_draws = 3 }))
  end)

  it("is chosen by people of whom some draws leave nothing to be found", function()
    local world_of_one, loved = people.world(world), {}
    for _, row in ipairs(world_of_one.ratings) do -- one film alone is loved by each
      row[3] = not loved[row[1]] and row[3] >= 4 and 5 or 1
      loved[row[1]] = loved[row[1]] or row[3] == 5
    end
    local of = assert(cmml.cold_users(cmml.dataset { name = "one", ratings = world_of_one.ratings },
      { test_users = 0.2, valid = 0.2 }))
    local _, result = trained(of, { base = "popularity" }, { epochs = 1 })
    assert.is_true(result.best > 0 and result.best <= 1, result.best)
  end)

  it("stays as it was without a base, or without validation people", function()
    local model = settled { base = "none", base_weight = 3 }
    assert.same({ 1, 3, 0.5 }, model.module.mix:totable())
    local all = with(data, { train = table.move(data.valid, 1, #data.valid, #data.train + 1,
      table.move(data.train, 1, #data.train, 1, {})), valid = {} })
    for _, decay in ipairs { { optimizer = "adam" }, { optimizer = "adamw" }, { optimizer = "sgd" },
      { optimizer = "adam", shards = 2, threads = 2 } } do
      local other = trained(all, { base_weight = 3, popularity_weight = 0.25 }, with(decay,
        { epochs = 1, weight_decay = 0.1 }))
      assert.same({ 1, 3, 0.25 }, other.module.mix:totable())
    end
  end)
end)
