-- The scale of ratings: what it is, where it is kept, and what is said of ratings outside of it.
local cli = require "spec.support.cli"
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scale = require "cmml.data.scale"(cmml)
local temporary = require "spec.support.temporary"
local core = cmml.core

describe("the scale of ratings", function()
  it("has their smallest, largest and step", function()
    local function of(list)
      return scale.of(core.tensor(list))
    end
    assert.same({ smallest = 1, largest = 5, step = 1 }, of { 3, 5, 1, 4, 4 })
    assert.same({ smallest = 0.5, largest = 5, step = 0.5 }, of { 5, 0.5, 4.5, 3 })
    assert.same({ smallest = 0, largest = 10, step = 5 }, of { 5, 0, 10 })
    assert.same({ smallest = -1, largest = 1, step = 2 }, of { -1, 1 })
    assert.same({ smallest = 3, largest = 3 }, of { 3, 3 })
    assert.same({ smallest = 0.1, largest = 1, step = 0.1 }, of { 0.1, 0.4, 1, 0.3, 0.2 })
    assert.same({ smallest = 10, largest = 100, step = 15 }, of { 10, 40, 55, 100 })
    assert.same({ smallest = 1e7, largest = 1e7 }, of { 10000001, 10000003 })
    local many = core.uniform({ 500 }, 0, 1, { seed = 1 })
    assert.is_nil(scale.of(many).step)
    many = core.uniform({ 2000 }, 0, 1, { seed = 1 })
    assert.is_nil(scale.of(many).step)
    assert.truthy(math.abs(scale.of(many).largest - many:max():item()) < 1e-6)
    assert.truthy(math.abs(scale.of(many).smallest + (-many):max():item()) < 1e-6)
    local long = core.concat { core.full({ 1 << 20 }, 2), core.tensor { 0.5, 4.5 } }
    assert.same({ smallest = 0.5, largest = 4.5, step = 0.5 }, scale.of(long))
    assert.is_nil(scale.of(core.full({ 0 }, 0)))
  end)

  it("is told in words, and clips", function()
    local stars = { smallest = 0.5, largest = 5, step = 0.5 }
    assert.equal("0.5 to 5 in steps of 0.5", scale.text(stars))
    assert.equal("3 to 4", scale.text { smallest = 3, largest = 4 })
    assert.same({ 0.5, 5, 3.3 }, { scale.clip(stars, -7), scale.clip(stars, 5.01),
      scale.clip(stars, 3.3) })
    assert.equal(17, scale.clip(nil, 17))
  end)
end)

describe("a model", function()
  local data = people.data(cmml, { users = 40, items = 16, rated = 8 })
  local model = cmml.recommenders.item_mean(data.catalogue)

  it("knows the scale of the ratings that it may learn from, also from its file", function()
    local path = os.tmpname()
    assert(model:save(path))
    for _, one in ipairs { model, (assert(cmml.load(path))) } do
      assert.same({ smallest = 1, largest = 5, step = 0.5 }, one.catalogue.scale)
    end
    os.remove(path)
    local world = people.world { users = 4, items = 8, rated = 3 }
    world.schema, world.ratings[1][3] = cmml.data.schema {}, 77
    local set = cmml.dataset(world)
    assert.equal(77, set:catalogue({ 1, 2, 3, 4 }).scale.largest)
    assert.equal(5, set:catalogue({ 2, 3, 4 }).scale.largest)
    assert.is_nil(assert(cmml.load "spec/files_of_format_1/users_item_mean.safetensors")
      .catalogue.scale)
  end)

  it("is refused from a file with a scale that is none", function()
    for problem, bad in pairs { ["scale: it must be a table"] = 5,
      ["scale: smallest must be a finite number"] = { largest = 5 },
      ["scale: largest must be a finite number"] = { smallest = 1, largest = "5" },
      ["scale: step must be a finite number"] = { smallest = 1, largest = 5, step = {} },
      ["scale: smallest must be at most largest, and step above 0"] = { smallest = 6,
        largest = 5 },
      ["1 to 1000 steps from smallest to largest"] = { smallest = 1, largest = 5, step = 1e-300 },
      ["scale: there must be 1 to 1000 steps"] = { smallest = 1, largest = 5, step = 9 },
      ["scale: there must be"] = { smallest = -1e308, largest = 1e308, step = 1 } } do
      local kept = model:export()
      local schema = {}
      for key, value in pairs(kept.config.schema) do
        schema[key] = value
      end
      schema.scale = bad
      refused(problem, cmml.import_recommender, { entries = kept.entries, config = {
        kind = kept.config.kind, options = kept.config.options, schema = schema } })
    end
  end)

  it("is refused of a catalogue with a scale that is none", function()
    local items = core.vocab()
    refused("data.catalogue: scale: largest must be a finite number", cmml.data.catalogue, {
      schema = cmml.data.schema {}, items = items, item_records = {}, seen_items = {},
      user_records = {}, scale = { smallest = 1 } })
  end)

  it("lists ratings of a support outside of it, or refuses them", function()
    local support = { { "f1", 5 }, { "f2", 10 }, { "f3", 0.5 }, { "f4", 3.7 } }
    local person = model:adapt(support)
    assert.same({ { "f2", 10 }, { "f3", 0.5 } }, person.outside)
    assert.same({}, model:adapt({ { "f1", 1 } }, { strict = true }).outside)
    assert.same({ 1, 5, 3.3 }, { model:stars(-7), model:stars(5.01), model:stars(3.3) })
    refused("the rating of item f2 is 10, outside of the scale of 1 to 5 in steps of 0.5 that the "
      .. "model was trained on", model.adapt, model, support, { strict = true })
  end)

  it("predicts scores that are not clipped", function()
    local person = model:adapt { { "f1", 50 } }
    local found = person:predict({ "f1" })[1]
    assert.equal(found, person:recommend({ include_support = true, items = { "f1" } })[1].score)
    local low = cmml.recommenders.item_user_mean(data.catalogue)
    low:fit { ratings = data.ratings, users = data.train }
    assert.truthy(low:adapt({ { "f1", 500 } }):predict({ "f2" })[1] > 5)
  end)

  it("tells it on the command line, where stars are clipped", function()
    local root = temporary.folder()
    local low = cmml.recommenders.item_user_mean(data.catalogue)
    low:fit { ratings = data.ratings, users = data.train }
    local path = root .. "/model"
    assert(low:save(path))
    local shown, said = cli("recommend", "--model", path, "--rate", "f1=500", "--n=2")
    assert.equal("support: 1 of 1 ratings are outside of the scale that the model was trained on, "
      .. "1 to 5 in steps of 0.5: f1=500\n", said)
    assert.truthy(shown:find("^  1   5.00  "), shown)
    local code
    shown, said, code = cli("recommend", "--model", path, "--rate", "f1=500", "--strict")
    assert.same({ "", 1 }, { shown, code })
    assert.truthy(said:find("outside of the scale of 1 to 5", 1, true), said)
    shown = cli("info", "--model", path)
    assert.truthy(shown:find("ratings      1 to 5 in steps of 0.5", 1, true), shown)
    temporary.remove(root)
  end)
end)
