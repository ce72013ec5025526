-- Predictors and contexts in Lua.
local cmml = require "cmml"
local fitted = require("spec.support.fitted_kind").fitted
local people = require "spec.support.people"
local refusals = require "spec.support.refused"
local refused, told = refusals.with_text, refusals.with_message

local data = people.data(cmml, { users = 40, items = 24, rated = 10 })
local model = cmml.cmml(data.catalogue, people.small(1))
local frozen = cmml.freeze(model)

local function open(limits)
  return assert(cmml.predictor(frozen, limits))
end

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

describe("a context", function()
  local predictor = open()

  local function scores(person)
    return person:predict { "f1", "f2", "f3", "f24" }
  end

  it("is of a support, or grows to it, in any way", function()
    local whole, grown = predictor:context(entries), predictor:context()
    for _, entry in ipairs(entries) do
      grown:observe(table.unpack(entry))
      scores(grown) -- adapts in between
    end
    assert.same(entries, whole:support())
    assert.same(entries, grown:support())
    for i, value in ipairs(scores(whole)) do
      assert.near(value, scores(grown)[i], 1e-6)
    end
  end)

  it("replaces the label of an item that is observed again", function()
    local person = predictor:context(entries)
    person:observe("f4", 4)
    person:observe("f4", 2)
    assert.same({ { "f1", 5 }, { "f4", 2 }, { "f9", 3.5 } }, person:support())
    local other = predictor:context { { "f1", 5 }, { "f4", 2 }, { "f9", 3.5 } }
    assert.same(scores(other), scores(person))
  end)

  it("forgets, and is then as if it had never known", function()
    local person = predictor:context(entries)
    scores(person)
    assert.is_true(person:forget "f4")
    assert.is_false(person:forget "f4")
    assert.same({ { "f1", 5 }, { "f9", 3.5 } }, person:support())
    assert.same(scores(predictor:context { { "f1", 5 }, { "f9", 3.5 } }), scores(person))
    assert.is_true(person:forget "f9")
    assert.is_true(person:forget "f1")
    assert.same(scores(predictor:context()), scores(person))
  end)

  it("forks into two that go their own ways", function()
    local person = predictor:context(entries)
    local before, fork = scores(person), person:fork()
    assert.same(before, scores(fork))
    fork:observe("f2", 1)
    assert.same(before, scores(person))
    assert.equal(3, #person:support())
    assert.equal(4, #fork:support())
    person:close()
    assert.equal(4, #scores(fork))
  end)

  it("is saved and restored, by another predictor of the same model, too", function()
    local person = predictor:context(entries)
    local text = person:save()
    assert.matches("^cmml1%.%x+$", text)
    for _, other in ipairs { predictor, open(), predictor:again() } do
      local restored = assert(other:restore(text))
      assert.same(entries, restored:support())
      assert.same(scores(person), scores(restored))
      assert.equal(text, restored:save())
    end
    assert.same({}, assert(predictor:restore(predictor:context():save())):support())
  end)

  it("is not restored from what is no such text, which changes nothing", function()
    local person = predictor:context(entries)
    local text, before = person:save(), scores(person)
    for length = 0, #text - 1 do
      told("the text of a context ", predictor.restore, predictor, text:sub(1, length))
    end
    for at = 1, #text do
      local own = text:sub(at, at)
      told("the text of a context ", predictor.restore, predictor,
        text:sub(1, at - 1) .. (own == "1" and "2" or "1") .. text:sub(at + 1))
    end
    told("is of another version", predictor.restore, predictor, "cmml2" .. text:sub(6))
    told("is none", predictor.restore, predictor, "something else")
    local other = assert(cmml.predictor(cmml.freeze(cmml.cmml(data.catalogue, people.small(2)))))
    told("is of another model", other.restore, other, text)
    told("limit support = 2", open({ support = 2 }).restore, open { support = 2 }, text)
    local ok, message = person.own:restore "cmml1.x"
    assert.is_nil(ok)
    assert.equal("the text of a context is damaged", message)
    assert.same(before, scores(person))
  end)

  it("is not restored from a text whose sum is right and whose entries are not", function()
    local function with_sum(body)
      return body .. ("%08x"):format(cmml.core.hash(body) & 0xffffffff)
    end
    local person = predictor:context(entries)
    local body, before = person:save():sub(1, -9), scores(person)
    assert.equal(person:save(), with_sum(body))
    local head = body:sub(1, 22)
    for _, case in ipairs { { "0000000040a000000000000040a00000", "it has an item twice" },
      { "00000018" .. "40a00000", "item 24: the model has items 0 to 23" },
      { "ffffffff" .. "40a00000", "is damaged" }, { "00000000" .. "7fc00000", "finite" },
      { "00000000" .. "7f800000", "finite" }, { "0000000G" .. "40a00000", "is damaged" },
      { "00000000" .. "40A00000", "is damaged" } } do
      local ok, message = person.own:restore(with_sum(head .. case[1]))
      assert.is_nil(ok)
      assert.truthy(message:find(case[2], 1, true), message)
      assert.same(entries, person:support())
      assert.same(before, scores(person))
      assert.equal(10, #person:recommend()) -- nothing is left marked
    end
    assert.is_true(person.own:restore(with_sum(head .. "00000002" .. "40000000")))
    assert.same({ { predictor:id(3), 2 } }, person:support())
  end)

  it("refuses what no label and no item is, and stays as it was", function()
    local person = predictor:context(entries)
    local before = scores(person)
    refused("observe: item nothing is not in the catalogue of 24", person.observe, person,
      "nothing", 5)
    for _, label in ipairs { 0 / 0, math.huge, -math.huge, "much", false } do
      refused("observe: the label must be a finite number", person.observe, person, "f2", label)
    end
    for _, label in ipairs { 1e39, -1e39 } do -- in float32
      refused("observe: the label is not a finite number", person.observe, person, "f2", label)
    end
    refused("observe: the label must be a finite number, not nil", person.observe, person, "f2")
    refused("recommend_rows: scores must be a table, not nil", person.recommend_rows, person, 3, {})
    for _, budget in ipairs { -1, 0 / 0, "x" } do
      refused("recommend_some: the budget must be a number of microseconds from 0 on, not ",
        person.recommend_some, person, budget, 3, {}, {})
    end
    refused("item nothing is not in", person.forget, person, "nothing")
    refused("item nothing is not in", person.predict, person, { "f1", "nothing" })
    refused("item nothing is not in", predictor.context, predictor, { { "nothing", 5 } })
    refused("entry 2 must be {item, label}", predictor.context, predictor,
      { { "f1", 5 }, { "f2" } })
    refused("the support", predictor.context, predictor, 3)
    refused("observe: 0 is no row of the catalogue of 24", person.own.observe, person.own, 0, 1)
    refused("observe: 25 is no row", person.own.observe, person.own, 25, 1)
    refused("score: entry 2 is no row of the catalogue of 24", person.score_rows, person, { 1, 25 },
      {})
    refused("score: entry 1 is no row", person.score_rows, person, { "x" }, {})
    assert.same(entries, person:support())
    assert.same(before, scores(person))
  end)

  it("refuses scores that are no numbers, until they are again", function()
    local person = predictor:context(entries)
    local before = scores(person)
    person:observe("f2", 3e38)
    person:observe("f3", -3e38)
    local ok, message = pcall(scores, person)
    assert(ok or tostring(message):find("scores are not finite numbers", 1, true), message)
    person:forget "f2"
    person:forget "f3"
    for i, value in ipairs(scores(person)) do
      assert.near(before[i], value, 1e-6)
    end
  end)

  it("takes as many interactions as the limit allows", function()
    local person = open({ support = 2 }):context()
    person:observe("f1", 1)
    person:observe("f2", 2)
    refused("a context of 2 interactions is full: the predictor was made with the limit "
      .. "support = 2", person.observe, person, "f3", 3)
    person:observe("f2", 5)
    person:forget "f1"
    person:observe("f3", 3)
    assert.same({ { "f2", 5 }, { "f3", 3 } }, person:support())
    assert.equal(4, #scores(person))
  end)

  it("is one of many", function()
    local many = {}
    for k = 1, 300 do
      many[k] = predictor:context { { "f" .. k % 24 + 1, k % 5 + 1 } }
    end
    for k = 1, 300, 7 do
      assert.same(scores(predictor:context { { "f" .. k % 24 + 1, k % 5 + 1 } }), scores(many[k]))
    end
  end)
end)

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

describe("a predictor", function()
  it("tells what it is", function()
    local predictor = open { support = 9, list = 8, block = 7 }
    assert.equal(24, predictor.items)
    assert.equal(1, predictor.parts)
    assert.is_true(predictor.bytes > 10000)
    assert.same({ 9, 8, 7 }, { predictor.support, predictor.list, predictor.block })
    assert.equal("[cmml.Predictor of 24 items]", tostring(predictor))
    assert.equal("[cmml.Context]", tostring(predictor:context()))
    for row = 1, 24 do
      assert.equal(row, predictor:row(predictor:id(row)))
    end
    assert.is_nil(predictor:row "nothing")
    for _, row in ipairs { 0, 25, -1, math.maxinteger, math.mininteger } do
      refused("a row of the catalogue was expected", predictor.id, predictor, row)
    end
    assert.is_true(open({ support = 200, block = 24 }).bytes > predictor.bytes)
  end)

  it("refuses limits that are none, and those that take too much", function()
    refused("predictor: support must be from 1 to 1048576, but is 0", cmml.predictor, frozen,
      { support = 0 })
    refused("predictor: block must be", cmml.predictor, frozen, { block = 1 << 21 })
    refused("predictor: ", cmml.predictor, frozen, { list = 0.5 })
    refused("lists", cmml.predictor, frozen, { lists = 3 })
    told("takes more memory than the limit memory = 1000 bytes", cmml.predictor, frozen,
      { memory = 1000 })
    refused("takes more memory than", open().again, open(), { memory = 1000 })
    refused("support must be from 0 to", cmml.core.open_predictor, "x", { support = -1 })
  end)

  it("refuses what has no graph, is no file, or is damaged", function()
    local path = os.tmpname()
    refused("the path of a model file was expected, or what freeze gave, not", cmml.predictor, 3)
    refused("the path of a model file was expected", cmml.predictor, model)
    assert(cmml.save(model, path))
    told("has no frozen graph: make a file that has one with `cmml freeze`", cmml.predictor, path)
    assert(cmml.core.write_file(path, "nothing"))
    told(path, cmml.predictor, path)
    os.remove(path)
    told(path, cmml.predictor, path)
  end)

  it("is shared by others of the same model", function()
    local predictor = open()
    local other = predictor:again { block = 3 }
    predictor:close()
    assert.equal(7, #other:context(entries):recommend { n = 7 })
  end)

  it("is closed before or behind its contexts", function()
    local predictor = open()
    local first, second = predictor:context(entries), predictor:context()
    do
      local _ <close> = first
    end
    first:close()
    for _, call in ipairs { "support", "save", "fork", "recommend" } do
      refused("the context was closed", first[call], first)
    end
    refused("the context was closed", first.observe, first, "f1", 3)
    refused("the context was closed", first.predict, first, { "f1" })
    predictor:close()
    predictor:close()
    for _, call in ipairs { "support", "save", "fork", "recommend" } do
      refused("the predictor of the context was closed", second[call], second)
    end
    refused("the predictor was closed", second.observe, second, "f1", 3)
    refused("the predictor of the context was closed", second.own.observe, second.own, 1, 3)
    refused("the predictor of the context was closed", second.score_rows, second, { 1 }, {})
    refused("the predictor was closed", predictor.context, predictor)
    refused("the predictor was closed", predictor.again, predictor)
    refused("the predictor was closed", predictor.row, predictor, "f1")
    refused("the predictor was closed", predictor.restore, predictor, "x")
    second:close()
    collectgarbage()
  end)

  it("and its contexts are collected in any order", function()
    for _ = 1, 20 do
      local contexts = {}
      do
        local predictor = open()
        for k = 1, 5 do
          contexts[k] = predictor:context(entries)
        end
      end
      collectgarbage()
      assert.equal(4, #contexts[3]:predict { "f1", "f2", "f3", "f5" })
      contexts[2] = nil
      collectgarbage()
      contexts[1]:close()
    end
    collectgarbage()
  end)
end)
