-- Predictors and contexts in Lua.
local cmml = require "cmml"
local people = require "spec.support.people"
local predicting = require "spec.support.predicting"(cmml)
local refusals = require "spec.support.refused"
local refused, told = refusals.with_text, refusals.with_message

local data, model = predicting.data, predicting.model
local frozen, open = predicting.frozen, predicting.open

local entries = { { "f1", 5 }, { "f4", 1 }, { "f9", 3.5 } }

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
