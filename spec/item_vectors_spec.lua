-- Vectors of items made of random numbers: the same in every run, and none knows of the items.
local cmml = require "cmml"
local core = cmml.core
local setting = cmml.settings:get "sequences"
local split = assert(cmml.sequences.split(setting.made(), { new_items = 0.1 }))

describe("vectors of items made of random numbers", function()
  local items = split.catalogue.items

  it("are a learnt map of numbers that no seed changes", function()
    local one = cmml.item_vectors { items = items, reads = { "random" }, width = 8,
      init = cmml.nn.init(1) }
    local other = cmml.item_vectors { items = items, reads = { "random" }, width = 8,
      init = cmml.nn.init(2) }
    assert.equal(0, (one.noise - other.noise):abs():max():item())
    assert.same({ #items, 8 }, one.noise.shape)
    assert.truthy((one:all() - other:all()):abs():max():item() > 1e-3)
    local expected = one.noise:matmul(one.random.weight:transpose()) + one.random.bias
    local rows = core.ids { 3, 1, 3 }
    assert.truthy((expected - one:all()):abs():max():item() < 1e-6)
    assert.truthy((expected:gather_rows(rows) - one:of(rows)):abs():max():item() < 1e-6)
  end)

  it("may stand beside others, of which each adds its own", function()
    local all = cmml.item_vectors { items = items, reads = { "ids", "random", "colour" },
      width = 8, init = cmml.nn.init(1) }
    local kept = core.full({ #items }, 0)
    local without_ids = all:all(kept)
    local difference = (all:all() - without_ids - all.ids.weight):abs():max():item()
    assert.truthy(difference < 1e-6)
    local names = {}
    for name in all:parameters() do
      names[#names + 1] = name:match "^%a+"
    end
    table.sort(names)
    assert.truthy(table.concat(names, " "):find("ids missing random random", 1, true))
  end)

  it("are those of training in a model that comes from a file", function()
    local model = cmml.recommenders.sasrec(split.catalogue, { width = 8, inner = 8, heads = 1,
      layers = 1, length = 12, reads = { "random" }, seed = 4 })
    cmml.train(model, split, { epochs = 1, batch = 64 })
    local path = os.tmpname()
    assert(cmml.save(model, path))
    local loaded = assert(cmml.load(path))
    os.remove(path)
    local person = { items:text(3), items:text(5) }
    assert.same(model:adapt(person):recommend { n = 5 }, loaded:adapt(person):recommend { n = 5 })
  end)

  it("are where learning starts from, as numbers of features are, where asked for", function()
    local vectors = core.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } }
    local data = cmml.sequences.data { interactions = { { "u", "a" }, { "u", "b" }, { "v", "c" } },
      schema = { item = { { "look", kind = "vector" } } },
      items = { { id = "a" }, { id = "b" }, { id = "c" },
        vectors = { look = { values = vectors, rows = { 1, 2, 3 } } } } }
    local side = data:catalogue({ 1, 2 }, data.sequences).items
    local fixed = cmml.item_vectors { items = side, reads = { "look", "random" }, width = 4,
      init = cmml.nn.init(1) }
    local learnt = cmml.item_vectors { items = side, reads = { "look", "random" }, width = 4,
      init = cmml.nn.init(1), learn_features = true }
    assert.equal(0, (fixed:all() - learnt:all()):abs():max():item())
    local grown = {}
    for name in learnt:parameters() do
      grown[name] = true
    end
    for name in fixed:parameters() do
      grown[name] = nil
    end
    assert.same({ noise = true, values1 = true }, grown)
    local slopes = cmml.grad(learnt:of(core.ids { 2 }):sum(), { learnt.values1, learnt.noise })
    for _, slope in ipairs(slopes) do
      local of_items = slope:abs():sum(2):totable()
      assert.same({ 0, 0 }, { of_items[1], of_items[3] })
      assert.truthy(of_items[2] > 0)
    end
    assert.equal(0, (side.bags[1].values - fixed.bags[1].values):abs():max():item())
  end)

  it("are a learner of MML", function()
    local mml = cmml.recommenders.mml(split.catalogue, { preset = "recommended/random",
      learner_options = { width = 8, inner = 8, heads = 1, layers = 1, length = 12 },
      learner_training = { epochs = 1, batch = 64 } })
    cmml.fit(mml, split)
    assert.equal("random", mml:facts()[1][2].of[1])
  end)
end)
