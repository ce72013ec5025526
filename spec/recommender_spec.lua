-- Adapting to a person: predictions, recommendations, and what is refused.
local cmml = require "cmml"
local close = require "spec.support.close"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local core = cmml.core

local data = people.data(cmml, { users = 30, items = 12, rated = 6 })
local model = cmml.cmml(data.catalogue, people.small(2))
local simple = cmml.recommenders.item_user_mean(data.catalogue)
simple:fit { ratings = data.ratings, users = data.train }
local support = { { "f1", 5 }, { "f2", 1 }, { "f3", 4.5 }, user = { age = "2" } }
local all = {}
for i = 1, 12 do
  all[i] = "f" .. i
end

local function adapted(changes, options)
  return model:adapt(changes or support, options)
end

describe("adapt", function()
  it("takes pairs, named entries and numbers as ids", function()
    local expected = adapted():predict(all)
    assert.same(expected, adapted({ { item = "f1", rating = 5 }, { item = "f2", rating = 1 },
      { "f3", rating = 4.5 }, user = { age = 2 } }):predict(all))
  end)

  it("adapts without any support, and gives finite predictions", function()
    for _, person in ipairs { {}, { user = {} }, { user = { age = "unheard of" } } } do
      for _, value in ipairs(adapted(person):predict(all)) do
        assert.truthy(value == value and math.abs(value) < 100)
      end
    end
    assert.same(adapted({}):predict(all), adapted({ user = { age = "unheard of" } }):predict(all))
    assert.not_same(adapted({}):predict(all), adapted({ user = { age = "2" } }):predict(all))
  end)

  it("does not depend on the order of the support", function()
    local turned = { support[3], support[2], support[1], user = support.user }
    local a, b = adapted():predict(all), adapted(turned):predict(all)
    for i in ipairs(all) do
      assert.truthy(close.difference(a[i], b[i]) < 1e-5)
    end
  end)

  it("lets the last rating of an item count", function()
    local twice = { { "f1", 1 }, { "f2", 1 }, { "f1", 5 }, { "f3", 4.5 }, user = support.user }
    assert.same(adapted():predict(all), adapted(twice):predict(all))
  end)

  it("gives each of two persons their own predictions, whenever they are asked for", function()
    local one, two = adapted(), adapted { { "f1", 1 }, { "f2", 5 } }
    local before = one:predict(all)
    two:recommend()
    assert.same(before, one:predict(all))
    assert.not_same(before, two:predict(all))
  end)

  it("refuses unknown items, or reports those that it was told to skip", function()
    local unknown = { { "f1", 5 }, { "nope", 3 }, { 77, 2 } }
    refused('item nope is not in the catalogue of 12 items; unknown = "skip"', adapted,
      unknown)
    refused('unknown "skp" is not known; did you mean skip?', adapted, {}, { unknown = "skp" })
    refused("unknown option unkown; did you mean unknown?", adapted, {}, { unkown = "skip" })
    local person = adapted(unknown, { unknown = "skip" })
    assert.same({ "nope", 77 }, person.skipped)
    assert.same(adapted({ { "f1", 5 } }):predict(all), person:predict(all))
    assert.same({}, adapted().skipped)
  end)

  it("refuses what is no rating, naming the item", function()
    refused("the rating of item f2 is nan, not a finite number", adapted,
      { { "f2", math.abs(0 / 0) } })
    refused("the rating of item f2 is inf", adapted, { { "f2", 1 / 0 } })
    refused("the rating of item f2 is nil", adapted, { { "f2" } })
    refused("the rating of item f2 is the text \"5\", not a finite number",
      adapted, { { "f2", "5" } })
    refused("a rating is too large for float32", adapted, { { "f2", 1e300 } })
    refused("entry 1 must be {item, rating}", adapted, { "f2" })
    refused("entry 2 must be {item, rating}", adapted, { { "f2", 1 }, { {}, 3 } })
    refused("the support must be a list of {item, rating}", adapted, "f2")
    refused("user must be a table of values by field name, not string", adapted, { user = "F" })
    refused("field age holds a list", adapted, { user = { age = { 1, 2 } } })
    refused("field age holds boolean true, not a text or a number", adapted,
      { user = { age = true } })
    refused("adapt: the item of entry 1: 2.5 is not an id", adapted, { { 2.5, 3 } })
    refused("adapt: the item of entry 2: an id must not be empty", adapted,
      { { "f2", 1 }, { " ", 3 } })
  end)

  it("leaves recording of gradients as it was, also after an error", function()
    assert.is_true(core.grad_enable(true))
    local broken = setmetatable({}, { __index = model })
    broken.score_rows = function()
      error("broken", 0)
    end
    local person = getmetatable(model).adapt(broken, {})
    refused("broken", person.predict, person, { "f1" })
    assert.is_true(core.grad_enable(true))
  end)

  it("raises rather than give numbers that are none", function()
    local person = adapted { { "f1", 3e38 }, { "f2", -3e38 } }
    refused("its scores are not finite numbers", person.predict, person, all)
    refused("its scores are not finite numbers", person.recommend, person)
  end)
end)

describe("predict", function()
  it("gives each item the score it has alone", function()
    local person = adapted()
    local together = person:predict(all)
    for i, item in ipairs(all) do
      assert.truthy(close.difference(together[i], person:predict({ item })[1]) < 1e-6)
    end
    assert.same({}, person:predict {})
  end)

  it("refuses unknown items and other kinds of arguments", function()
    local person = adapted()
    refused("item nope is not in the catalogue", person.predict, person, { "f1", "nope" })
    refused("a list of items was expected, not nil", person.predict, person)
    refused('a list of items was expected, not "f1"', person.predict, person, "f1")
    refused("entry 1 is a record without an id", person.predict, person, { {} })
    refused("entry 2 must be the raw id of an item, not boolean true", person.predict, person,
      { "f1", true })
  end)
end)

describe("recommend", function()
  it("gives the best items in order, with titles, those of the support left out", function()
    local person = adapted()
    local scores, list = person:predict(all), person:recommend { n = 12 }
    assert.equal(9, #list)
    for i, entry in ipairs(list) do
      local number = tonumber(entry.item:match "%d+")
      assert.truthy(number > 3)
      assert.equal("Film " .. number, entry.title)
      assert.truthy(close.difference(scores[number], entry.score) < 1e-6)
      assert.truthy(i == 1 or list[i - 1].score >= entry.score)
    end
    assert.same({ list[1], list[2] }, person:recommend { n = 2 })
    assert.equal(9, #person:recommend())
    assert.equal(12, #person:recommend { n = 1e9 // 1 | 0, include_support = true })
  end)

  it("leaves out what is excluded; unknown items there do no harm", function()
    local person = adapted()
    local best = person:recommend({ n = 1 })[1].item
    for _, entry in ipairs(person:recommend { n = 12, exclude = { best, "nope" } }) do
      assert.not_equal(best, entry.item)
    end
    assert.same({}, person:recommend { exclude = all })
    assert.same({}, person:recommend { n = 0 })
  end)

  it("keeps the order of the catalogue among equals", function()
    local constant = cmml.recommenders.global_mean(data.catalogue)
    constant:fit { ratings = data.ratings, users = data.train }
    local items, vocab = {}, data.catalogue.items
    for i, entry in ipairs(constant:adapt({}):recommend { n = 12 }) do
      items[i] = entry.item
      assert.equal(vocab:text(i), entry.item)
    end
    assert.equal(12, #items)
  end)

  it("refuses options that make no sense", function()
    local person = adapted()
    refused("Adapted:recommend: n must be at least 0, but is -1", person.recommend, person,
      { n = -1 })
    refused("option n must be an integer", person.recommend, person, { n = 2.5 })
    refused("unknown option exlude; did you mean exclude?", person.recommend, person,
      { exlude = {} })
    refused("option exclude must be a table", person.recommend, person, { exclude = "f1" })
  end)
end)

describe("recommender classes", function()
  it("are known by their kind, which can be taken once only", function()
    assert.equal("cmml", model.kind)
    assert.equal("[cmml recommender cmml, 12 items]", tostring(model))
    assert.equal("item mean + user bias", simple.title)
    refused("kind cmml: there is a kind of this name for the setting users already", cmml.kind,
      { name = "cmml", title = "x", settings = { "users" }, learns = "none", make = print,
        adapt = print, score = print })
    refused("kind: name must be a text of letters, digits and _, not nil", cmml.kind, {})
  end)

  it("refuse catalogues that are none", function()
    refused("cmml: catalogue must be a cmml.Catalogue, not nil", cmml.cmml)
    refused("cmml: catalogue must be a cmml.Catalogue, not table", cmml.cmml, {})
  end)
end)
