-- MeLU's quadrants against a count by hand.
local cmml = require "cmml"
local people = require "spec.support.people"
local rated = require "spec.support.rated"
local refused = require("spec.support.refused").with_text

local apart, memoriser, raw, size = rated.apart, rated.memoriser, rated.raw, rated.size

describe("melu_quadrants", function()
  local world = people.world { users = 80, items = 40, rated = 24 }
  for i, item in ipairs(world.items) do
    item.title = ("Film %d (%d)"):format(i, 1993 + i % 10) -- 1993 to 2002
    item.film = item.id
  end
  world.items[3].year, world.items[3].title = "1999", "Without"
  world.schema = cmml.data.schema { item = { { "kind" }, { "film" } } }
  local dataset = cmml.dataset(world)
  local data = assert(cmml.users.melu(dataset, { valid = 0.1, test_users = 0.4, least = 11,
    most = 13, held_out = 3 }))

  local function is_new(item)
    local i = math.tointeger(item:sub(2))
    return i == 3 or 1993 + i % 10 > 1997
  end

  -- What the quadrant of some users and a kind of items holds, by counting.
  local function expected(users, new)
    local by_user, found, kept = {}, {}, {}
    for _, row in ipairs(users) do
      by_user[dataset.users:text(row)] = {}
    end
    for _, row in ipairs(world.ratings) do
      if by_user[row[1]] and is_new(row[2]) == new then
        table.insert(by_user[row[1]], row)
      end
    end
    for user, rows in pairs(by_user) do
      if #rows >= 11 and #rows <= 13 then
        kept[user] = true
        for _, row in ipairs(rows) do
          found[user .. " " .. row[2]] = row[3]
        end
      end
    end
    return found, kept
  end

  local split = dataset:split { valid = 0.1, test = 0.4 }

  it("are the tasks of enough, but not too many ratings", function()
    for i, case in ipairs { { split.train, false }, { split.test, false }, { split.train, true },
      { split.test, true } } do
      local found, kept = expected(case[1], case[2])
      local evaluation = data.evaluations[i]
      local ratings = raw(data, evaluation.tasks.ratings, evaluation.tasks.users)
      if i == 1 then
        for key, value in pairs(raw(data, evaluation.tasks.query_ratings)) do
          assert.is_nil(ratings[key])
          ratings[key] = value
        end
      end
      assert.same(found, ratings)
      assert.equal(size(kept), #evaluation.tasks.users)
      assert.truthy(size(kept) > 1, evaluation.name)
      assert.truthy(size(kept) < #case[1], evaluation.name)
    end
    assert.same({ "warm", "user cold", "item cold", "user and item cold" }, { data.evaluations[1]
      .name, data.evaluations[2].name, data.evaluations[3].name, data.evaluations[4].name })
  end)

  it("learn from existing users on existing items alone, their field values too", function()
    local known = expected(split.train, false)
    for key, value in pairs(expected(split.valid, false)) do
      known[key] = value
    end
    local learnt, held = raw(data, data.ratings), raw(data,
      data.evaluations[1].tasks.query_ratings)
    assert.equal(3 * #data.train, size(held))
    apart(held, learnt)
    for key, value in pairs(learnt) do
      assert.equal(known[key], value)
    end
    assert.equal(size(known), size(learnt) + size(held))
    for i = 1, 40 do
      assert.falsy(is_new("f" .. i) and data.catalogue.items.fields[1].vocab:id("f" .. i), i)
    end
    assert.equal("f40", data.catalogue.items:text(data.catalogue.items:id "f40"))
    cmml.users.check_no_leak(data)
    local found = cmml.users.evaluate_protocol({ memoriser(data) }, data, { draws = 1, query = 3 })
    assert.equal(4, #found)
    for _, evaluation in ipairs(found) do
      assert.truthy(evaluation.by_size[1][1].mae.mean > 90)
    end
  end)

  it("refuse items without a year, and sizes that are none", function()
    local undated = people.dataset(cmml, { users = 10, items = 8, rated = 5 })
    local nothing, message = cmml.users.melu(undated)
    assert.is_nil(nothing)
    assert.truthy(message:find("users.melu: 8 rated items have no year (f", 1, true), message)
    refused("held_out < least <= most was expected, not 13, 13 and 100", cmml.users.melu,
      dataset, { held_out = 13 })
    refused("users.melu: held_out must be at least 1, but is 0", cmml.users.melu, dataset,
      { held_out = 0 })
    refused("not 10, 13 and 12", cmml.users.melu, dataset, { most = 12 })
  end)
end)
