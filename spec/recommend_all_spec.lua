-- Lists for many at once are those that one at a time gets.
local cmml = require "cmml"
local people = require "spec.support.people"
local refused = require("spec.support.refused").with_text
local scenario_world = require "spec.support.scenario_world"
local stub = require "spec.support.stub"
local core = cmml.core

local function same_lists(expected, found)
  assert.equal(#expected, #found)
  for i, list in ipairs(expected) do
    local seen = {}
    assert.equal(#list, #found[i])
    for k, entry in ipairs(list) do
      assert.near(entry.score, found[i][k].score, 1e-5)
      seen[found[i][k].item] = true
      -- items of the same score in one more digit may change places
      local next_score, last = (list[k + 1] or {}).score or -1e9, (list[k - 1] or {}).score or 1e9
      if entry.score - next_score > 1e-5 and last - entry.score > 1e-5 and k < #list then
        assert.equal(entry.item, found[i][k].item)
        assert.equal(entry.title, found[i][k].title)
      end
    end
    local count = 0
    for _ in pairs(seen) do
      count = count + 1
    end
    assert.equal(#list, count)
  end
end

describe("recommend_all of people", function()
  local data = people.data(cmml, { users = 30, items = 40, rated = 12 })
  local model = cmml.cmml(data.catalogue, people.small())
  local items = data.catalogue.items
  local supports = {}
  for i = 1, 150 do -- more than are adapted to at once
    local list = {}
    for k = 1, i % 9 do
      list[k] = { items:text((i * 7 + k * 5) % #items + 1), (i + k) % 5 + 1 }
    end
    supports[i] = list
  end

  local function one_by_one(options)
    local lists = {}
    for i, support in ipairs(supports) do
      lists[i] = model:adapt(support):recommend(options)
    end
    return lists
  end

  it("gives what recommend gives, whatever of the support may come", function()
    same_lists(one_by_one { n = 6 }, (model:recommend_all(supports, { n = 6 })))
    for _, options in ipairs { { include_support = true }, { n = 3, exclude = { items:text(1),
      "nobody" } }, { items = { items:text(4), items:text(2), items:text(9), items:text(2) } },
      { n = 0 }, { n = 1000 } } do
      same_lists(one_by_one(options), (model:recommend_all(supports, options)))
    end
    assert.same({}, (model:recommend_all {}))
  end)

  it("scores few rows at a time, and adapts to many people at once", function()
    local adapted, most = 0, 0
    local watching = stub(cmml, "users", function(_, support)
      adapted = adapted + 1
      return #support.segments
    end, function(_, count, rows)
      assert.equal(count, #rows.segments)
      most = math.max(most, #rows.items)
      return core.map_ids(rows.items, rows.items) and core.full({ #rows.items }, 3)
    end, data.catalogue)
    watching:recommend_all(supports, { n = 2 })
    assert.equal(3, adapted) -- 150 people, 64 at a time
    assert.truthy(most > 1000 and most <= 8192, most)
  end)

  it("lists for each support what was left out of it", function()
    local _, skipped, outside = model:recommend_all({ { { "nope", 3 }, { items:text(1), 4 } }, {},
      { { "who", 1 }, { "what", 2 } } }, { unknown = "skip" })
    assert.same({ { "nope" }, {}, { "who", "what" } }, skipped)
    assert.equal(3, #outside)
    refused("recommend_all: support 2: item nope is not in the catalogue", model.recommend_all,
      model, { {}, { { "nope", 3 } } })
    refused("recommend_all: support 1: entry 1 must be {item, rating}", model.recommend_all, model,
      { { 5 } })
    refused("a list of supports was expected, not number 3", model.recommend_all, model, 3)
    refused("entry 1 of items: item x is not in the catalogue", model.recommend_all, model, {},
      { items = { "x" } })
  end)

  it("has no list for those whose scores are not finite numbers, and one for all others",
    function()
      local wild = stub(cmml, "users", function()
        return {}
      end, function(_, _, rows)
        local scores, at = {}, 0
        for task, n in ipairs(rows.segments:totable()) do
          for i = 1, n do
            scores[at + i] = task == 2 and i == 3 and 0 / 0 or i
          end
          at = at + n
        end
        return core.tensor(scores)
      end, data.catalogue)
      local lists = wild:recommend_all({ {}, {}, {} }, { n = 1 })
      assert.is_false(lists[2])
      assert.equal(items:text(#items), lists[1][1].item)
      assert.equal(items:text(#items), lists[3][1].item)
    end)

  it("keeps the best of a catalogue that is scored in several pieces, in order", function()
    local records, ratings = {}, {}
    for i = 1, 20000 do
      records[i] = { id = "i" .. i, taste = "x" }
    end
    ratings[1] = { "anna", "i1", 5 }
    local large = cmml.dataset { name = "large", schema = { item = { { "taste" } } },
      ratings = ratings, items = records }
    local catalogue = cmml.data.catalogue { schema = large.schema, items = large.items,
      item_records = large.item_records, titles = large.titles, seen_items = records,
      user_records = {} }
    local steps = stub(cmml, "users", function()
      return {}
    end, function(_, _, rows)
      local scores = {}
      for i, item in ipairs(rows.items:totable()) do
        scores[i] = item // 7000 == 2 and 5 - item % 3 or item % 3
      end
      return core.tensor(scores)
    end, catalogue)
    local support = { { "i14001", 5 } }
    local alone = steps:adapt(support):recommend { n = 12 }
    same_lists({ alone, alone }, (steps:recommend_all({ support, support }, { n = 12 })))
    assert.equal(5, alone[1].score)
  end)

  it("is refused where a support is not one person's, and the other way round", function()
    local split = scenario_world.data(cmml, { users = 30 }):split()
    local popularity = cmml.recommenders.popularity(split:catalogue())
    refused("in the setting scenarios a support is not one person's", popularity.recommend_all,
      popularity, { {} })
    local person = model:adapt {}
    refused("the model was adapted to one person's own support", person.recommend_all, person,
      { "1" })
  end)
end)

describe("recommend_all of users of a scenario", function()
  local split = scenario_world.data(cmml, { users = 30 }):split()
  local model = cmml.recommenders.cf_score(split:catalogue(split:vectors { factors = 4 }))
  local users, items = model.catalogue.users, model.catalogue.items
  local support = { { users:text(1), items:text(1), 1 }, { users:text(2), items:text(3), 1 },
    { users:text(1), items:text(2), 0 } }

  it("gives what recommend gives each of them", function()
    local adapted, ids, expected = model:adapt(support), {}, {}
    for i = 1, #users do
      ids[i] = users:text(i)
      expected[i] = adapted:recommend { user = ids[i], n = 4 }
    end
    same_lists(expected, adapted:recommend_all(ids, { n = 4 }))
    refused("recommend_all: entry 2: user x is not in the catalogue", adapted.recommend_all,
      adapted, { ids[1], "x" })
    refused("a list of users was expected, not nil", adapted.recommend_all, adapted)
  end)
end)
