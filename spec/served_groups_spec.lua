-- Lists for several people at once.
local cmml = require "cmml"
local fitted = require("spec.support.fitted_kind").fitted
local lists = require "spec.support.small_lists"(cmml)
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text

local data = people.data(cmml, { users = 40, items = 24, rated = 10 })
local ratings = cmml.cmml(data.catalogue, people.small(1))

-- So many people, who know more and more.
local function people_of(predictor, count)
  local list = {}
  for i = 1, count do
    list[i] = predictor:context()
    for k = 1, 2 * (i - 1) do
      list[i]:observe(predictor:id((3 * i + 5 * k) % predictor.items + 1), 1 + (i + k) % 5)
    end
  end
  return list
end

-- Lists for all are those of each.
local function check(predictor, count, n, ...)
  local group, rows, scores, found = people_of(predictor, count), {}, {}, {}
  predictor:recommend_rows(group, n, rows, scores, found, ...)
  assert.equal(count, #found)
  for i, person in ipairs(people_of(predictor, count)) do
    local own, of = {}, {}
    assert.equal(person:recommend_rows(n, own, of, ...), found[i])
    local from = (i - 1) * n
    assert.same(own, table.move(rows, from + 1, from + found[i], 1, {}))
    for k, score in ipairs(of) do
      assert.near(score, scores[from + k], 1e-5 * math.max(1, math.abs(score)))
    end
  end
end

describe("lists for several people", function()
  local kinds = {
    ["a model that scores items"] = ratings,
    ["EASE"] = fitted(cmml, data, "ease"),
    ["iALS"] = fitted(cmml, data, "ials"),
    ["CMML of lists"] = (lists.trained(lists.data)),
    ["ratings and lists"] = cmml.with_lists(ratings, fitted(cmml, data, "ease")),
  }
  for name, model in pairs(kinds) do
    it("are those of each, of " .. name, function()
      local frozen = cmml.freeze(model)
      for _, users in ipairs { 1, 3, 8 } do
        local predictor = assert(cmml.predictor(frozen, { users = users }))
        for _, count in ipairs { 0, 1, 3, 7 } do
          check(predictor, count, 5)
        end
        check(predictor, 4, 6, { 2, 5 }, predictor:choice { predictor:id(1), predictor:id(5),
          predictor:id(9) })
      end
    end)
  end

  it("are made in one product where the model has one", function()
    for name, joint in pairs { ease = true, ials = true, item_knn_implicit = true } do
      local text = cmml.freeze(fitted(cmml, data, name)).text
      assert.equal(joint, text:find('"joint":true', 1, true) ~= nil, name)
    end
    assert.is_nil(cmml.freeze(ratings).text:find('"joint"', 1, true))
  end)

  it("may have some who had lists before, and somebody twice", function()
    local predictor = assert(cmml.predictor(cmml.freeze(fitted(cmml, data, "ease")), { users = 4 }))
    local group = people_of(predictor, 3)
    local first, second = {}, {}
    group[2]:recommend_rows(5, first, {})
    local rows, scores, found = {}, {}, {}
    predictor:recommend_rows({ group[2], group[1], group[2], group[3] }, 5, rows, scores, found)
    assert.same(first, table.move(rows, 1, 5, 1, {}))
    assert.same(first, table.move(rows, 11, 15, 1, {}))
    group[1]:recommend_rows(5, second, {})
    assert.same(second, table.move(rows, 6, 10, 1, {}))
    -- fewer people than before
    predictor:recommend_rows({ group[3] }, 5, {}, {}, found)
    assert.equal(5, found[1])
  end)

  it("are refused for others' contexts, closed ones, and wrong requests", function()
    local predictor = assert(cmml.predictor(cmml.freeze(ratings), { users = 2, list = 6 }))
    local other = predictor:again():context()
    local own = predictor:context()
    local function ask(group, n, ...)
      predictor:recommend_rows(group, n, {}, {}, {}, ...)
    end
    refused("context 3 is of another predictor", ask, { own, own, other }, 5)
    refused("a list of 7 items", ask, { own, own }, 7)
    refused("a list of -1 items", ask, { own }, -1)
    refused("recommend: exclude: entry 1 is no row", ask, { own }, 5, { 99 })
    refused("this model cannot choose candidates", ask, { own }, 5, nil, nil, 6)
    refused("people must be a table, not nil", ask, nil, 5)
    local closed = predictor:context()
    closed:close()
    refused("entry 3 of people must be a context, not", ask, { own, own, 5 }, 5)
    local found = {}
    predictor:recommend_rows({ own }, 5, {}, {}, found)
    assert.same({ 5 }, found) -- and nobody of those before
    refused("recommend: context 2 was closed", ask, { own, closed }, 5)
    refused("entry 2 of people must be a context, not", ask, { own, {} }, 5)
    refused("entry 2 of people must be a context, not boolean false", ask, { own, false }, 5)
    refused("people has 3 entries, but not the one behind the first 1", ask, { own, nil, own }, 5)
    refused("people must be a list of contexts, not one", ask, own, 5)
    refused("number expected", ask, { own }, nil)
    local runner = predictor.own
    refused("recommend: context 1 is no context", runner.recommend, runner, 1, { {} }, 5, {}, {},
      {})
    check(predictor, 3, 6)
  end)

  it("keep nobody who is gone", function()
    local predictor = assert(cmml.predictor(cmml.freeze(ratings), { users = 2 }))
    local gone = setmetatable({}, { __mode = "k" })
    do
      local group = people_of(predictor, 5)
      predictor:recommend_rows(group, 5, {}, {}, {})
      for _, person in ipairs(group) do
        gone[person.own] = true
      end
    end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(gone))
  end)

  it("take memory with the limit alone, which has bounds", function()
    local frozen = cmml.freeze(fitted(cmml, data, "ease"))
    local one, many = assert(cmml.predictor(frozen)), assert(cmml.predictor(frozen, { users = 64 }))
    assert.is_true(many.bytes > one.bytes + 64 * 24 * 4)
    refused("users must be from 1 to 4096, but is 4097", cmml.predictor, frozen, { users = 4097 })
    local none, message = cmml.predictor(frozen, { users = 4096, list = 1 << 20 })
    assert.is_nil(none)
    assert.matches("lists of 1048576 items for 4096 people, the limits list and users", message, 1,
      true)
    none, message = cmml.predictor(frozen, { users = 4096, memory = 1 << 20, list = 1 })
    assert.is_nil(none)
    assert.matches("the limits support, block, candidates, users and list", message, 1, true)
  end)
end)
