-- Lists of contexts in Lua.
local cmml = require "cmml"
local fitted = require("spec.support.fitted_kind").fitted
local predicting = require "spec.support.predicting"(cmml)
local refused = require("spec.support.refused").with_text

local data, model, open = predicting.data, predicting.model, predicting.open

local function ids_of(list)
  local ids = {}
  for i, entry in ipairs(list) do
    ids[i] = entry.item
  end
  return ids
end

-- What sorting the scores of all items gives: the best, of equal ones the first.
local function sorted(person, predictor, n, is_out)
  local list, rows = {}, {}
  for row = 1, predictor.items do
    rows[row] = row
  end
  local scores = person.own:score(predictor.parts, rows, {})
  for row, score in ipairs(scores) do
    list[#list + 1] = not is_out(predictor:id(row)) and { row = row, score = score } or nil
  end
  table.sort(list, function(a, b)
    return a.score > b.score or a.score == b.score and a.row < b.row
  end)
  local ids = {}
  for i = 1, math.min(n, #list) do
    ids[i] = predictor:id(list[i].row)
  end
  return ids
end

local function within(...)
  local is_in = {}
  for _, list in ipairs { ... } do
    for _, id in ipairs(list) do
      is_in[id] = true
    end
  end
  return function(id)
    return is_in[id]
  end
end

local entries = { { "f1", 5 }, { "f4", 1 }, { "f9", 3.5 } }
local known = { "f1", "f4", "f9" }

describe("a list", function()
  local predictor = open { block = 5, list = 20 }
  local person = predictor:context(entries)

  it("has the best items that the support does not, in order", function()
    local list = person:recommend { n = 7 }
    assert.same(sorted(person, predictor, 7, within(known)), ids_of(list))
    for i, entry in ipairs(list) do
      assert.near(person:predict({ entry.item })[1], entry.score, 1e-6)
      assert.is_nil(entry.expected)
      assert.is_true(i == 1 or list[i - 1].score >= entry.score)
    end
    assert.equal(10, #person:recommend())
    assert.same(sorted(person, predictor, 20, within(known)), ids_of(person:recommend { n = 20 }))
  end)

  it("has those of the support if it is to", function()
    assert.same(sorted(person, predictor, 20, within()),
      ids_of(person:recommend { n = 20, include_support = true }))
  end)

  it("leaves out, chooses from and filters", function()
    local out = { "f2", "f3", "f24", "f2" }
    assert.same(sorted(person, predictor, 20, within(known, out)),
      ids_of(person:recommend { n = 20, exclude = out }))
    local some = { "f1", "f2", "f20", "f20", "f5" }
    local is_some = within(some)
    assert.same(sorted(person, predictor, 20, function(id)
      return not is_some(id) or within(known)(id)
    end), ids_of(person:recommend { n = 20, items = some }))
    local asked = {}
    local odd = person:recommend { n = 20, filter = function(id)
      asked[#asked + 1] = id
      return math.tointeger(tonumber(id:sub(2))) % 2 == 1
    end }
    assert.equal(24, #asked)
    assert.same(sorted(person, predictor, 20, function(id)
      return id:match "[02468]$" or within(known)(id)
    end), ids_of(odd))
    assert.same({}, person:recommend { items = {} })
    assert.same({}, person:recommend { items = { "f1" } })
    assert.same({ "f1" }, ids_of(person:recommend { items = { "f1" }, include_support = true }))
    assert.same({}, person:recommend { items = some, exclude = some })
  end)

  it("has the same rows by numbers, into tables that are given", function()
    local rows, scores = {}, {}
    local exclude = { predictor:row "f2" }
    local choice = predictor:choice { "f2", "f3", "f7", "f8", "f1" }
    assert.equal(3, person:recommend_rows(6, rows, scores, exclude, choice))
    local ids = {}
    for i, row in ipairs(rows) do
      ids[i] = predictor:id(row)
    end
    assert.same(ids_of(person:recommend { n = 6, items = { "f3", "f7", "f8", "f1" } }), ids)
    assert.equal(3, #scores)
  end)

  it("in pieces is that at once, whatever else is asked meanwhile", function()
    local rows, scores, calls = {}, {}, 0
    local other = predictor:context { { "f2", 1 } }
    local n
    repeat
      n = person:recommend_some(0, 6, rows, scores)
      calls = calls + 1
      other:recommend()
      person:predict { "f1" }
    until n
    assert.equal(6, n)
    assert.equal(5, calls) -- blocks of 5 of 24
    local ids = {}
    for i, row in ipairs(rows) do
      ids[i] = predictor:id(row)
    end
    assert.same(ids_of(person:recommend { n = 6 }), ids)
    assert.equal(6, person:recommend_some(1e9, 6, rows, scores)) -- all at once
  end)

  it("in pieces begins anew after an interaction, and for another request", function()
    local rows, scores = {}, {}
    local own = person:fork()
    assert.is_nil(own:recommend_some(0, 6, rows, scores))
    assert.is_nil(own:recommend_some(0, 6, rows, scores))
    own:observe("f2", 1)
    local function count(...)
      local calls = 0
      repeat
        calls = calls + 1
      until own:recommend_some(0, ...)
      return calls
    end
    assert.equal(5, count(6, rows, scores))
    assert.is_nil(own:recommend_some(0, 6, rows, scores))
    assert.equal(5, count(7, rows, scores))
    assert.is_nil(own:recommend_some(0, 6, rows, scores))
    assert.equal(5, count(6, rows, scores, { 1 }))
    assert.is_nil(own:recommend_some(0, 6, rows, scores))
    assert.equal(5, count(6, rows, scores, nil, predictor:choice { "f1", "f5" }))
    assert.is_nil(own:recommend_some(0, 6, rows, scores))
    assert.equal(4, count(6, rows, scores)) -- this one went on
  end)

  it("has equal scores in the order of the catalogue", function()
    local means = cmml.recommenders.global_mean(data.catalogue)
    means:fit { ratings = data.ratings, users = data.train }
    local equal = assert(cmml.predictor(cmml.freeze(means), { block = 4 }))
    local list = equal:context({ { "f2", 3 } }):recommend { n = 6, exclude = { "f4" } }
    local first = {}
    for row = 1, 8 do
      local id = equal:id(row)
      first[#first + 1] = id ~= "f2" and id ~= "f4" and id or nil
    end
    assert.same(table.move(first, 1, 6, 1, {}), ids_of(list))
  end)

  it("refuses wrong requests, and is there after them", function()
    refused("Context:recommend: n must be at least 1, but is 0", person.recommend, person,
      { n = 0 })
    refused("number", person.recommend, person, { number = 3 })
    refused("a list of 21 items: it may have from 1 to the limit list = 20", person.recommend,
      person, { n = 21 })
    refused("item nothing is not in", person.recommend, person, { exclude = { "nothing" } })
    refused("item nothing is not in", person.recommend, person, { items = { "nothing" } })
    refused("item nothing is not in", predictor.choice, predictor, { "nothing" })
    refused("a list of 0 items", person.recommend_rows, person, 0, {}, {})
    refused("a list of -5 items", person.recommend_rows, person, -5, {}, {})
    refused("rows must be a table, not nil", person.recommend_rows, person, 5)
    refused("recommend: exclude: entry 1 is no row", person.recommend_rows, person, 5, {}, {},
      { 99 })
    local many = {}
    for i = 1, 100 do
      many[i] = 1
    end
    refused("exclude has more than 24 entries", person.recommend_rows, person, 5, {}, {}, many)
    refused("Choice", person.recommend_rows, person, 5, {}, {}, nil, {})
    local function fails()
      error("no", 0)
    end
    refused("no", person.recommend, person, { filter = fails })
    assert.same(sorted(person, predictor, 7, within(known)), ids_of(person:recommend { n = 7 }))
  end)

  it("of a model with lists is made by these, with the ratings that are expected", function()
    local lists = fitted(cmml, data, "ease")
    local both = assert(cmml.predictor(cmml.freeze(cmml.with_lists(model, lists))))
    local two = both:context(entries)
    local list = two:recommend { n = 5 }
    assert.same(ids_of(assert(cmml.predictor(cmml.freeze(lists))):context(entries)
      :recommend { n = 5 }), ids_of(list))
    for _, entry in ipairs(list) do
      assert.near(person:predict({ entry.item })[1], entry.expected, 1e-6)
      assert.not_equal(entry.score, entry.expected)
    end
  end)
end)
