-- Protocols of the user setting beside cold users: what is held out stays out, and what is leaky
-- says so.
local cmml = require "cmml"
local baselines = require "spec.support.baselines"
local people = require "spec.support.people"
local rated = require "spec.support.rated"
local refused = require("spec.support.refused").with_text
local temporary = require "spec.support.temporary"
local core = cmml.core

local apart, memoriser, raw, size = rated.apart, rated.memoriser, rated.raw, rated.size

describe("warm users", function()
  local dataset = people.dataset(cmml, { users = 40, items = 40, rated = 30 })

  local function warm(changes)
    local options = { test_users = 0.2, valid = 0.2, held_out = 4 }
    for key, value in pairs(changes or {}) do
      options[key] = value
    end
    return assert(cmml.users.warm(dataset, options))
  end

  it("have a fixed choice of ratings held out, of training users alone", function()
    local data = warm()
    local tasks = data.evaluations[1].tasks
    local held, left, all = raw(data, tasks.query_ratings), raw(data, data.ratings),
      raw(data, data.all)
    assert.equal(4 * #data.train, size(held))
    apart(held, left)
    assert.equal(size(all), size(held) + size(left))
    assert.same(data.train, tasks.users)
    local lengths = tasks.query_ratings.users:totable()
    for row = 1, 40 do
      local is_train = false
      for _, user in ipairs(data.train) do
        is_train = is_train or user == row
      end
      assert.equal(is_train and 4 or 0, lengths[row])
    end
    assert.same(held, raw(data, warm().evaluations[1].tasks.query_ratings))
    local other = warm { data_seed = 2 }
    assert.not_same(held, raw(other, other.evaluations[1].tasks.query_ratings))
    assert.same({ "warm users", "cold users" }, { data.evaluations[1].name,
      data.evaluations[2].name })
    assert.same(data.test, data.evaluations[2].tasks.users)
  end)

  it("keep a rating to learn from, however few they have", function()
    local world = people.world { users = 10, items = 8, rated = 5 }
    world.ratings[#world.ratings + 1] = { "single", "f1", 3 }
    world.ratings[#world.ratings + 1] = { "pair", "f1", 3 }
    world.ratings[#world.ratings + 1] = { "pair", "f2", 5 }
    world.schema = cmml.data.schema {}
    local few = assert(cmml.users.warm(cmml.dataset(world), { test_users = 0, valid = 0 }))
    local lengths = few.evaluations[1].tasks.query_ratings.users:totable()
    assert.same({ 2, 0, 1 }, { lengths[1], lengths[few.dataset.users:id "single"],
      lengths[few.dataset.users:id "pair"] })
    assert.equal(#few.train - 1, #few.evaluations[1].tasks.users)
    assert.equal(12, #few.train)
    assert.equal(0, #few.test)
  end)

  it("are held out of capped ratings, of counts and of field values, too", function()
    local data = warm { cap = 6 }
    local held = raw(data, data.evaluations[1].tasks.query_ratings)
    apart(held, raw(data, data.ratings))
    for _, row in ipairs(data.train) do
      assert.equal(6, data.ratings.users:totable()[row])
    end
    -- a film that only the held-out ratings of training users speak of is as good as unknown
    local world = people.world { users = 40, items = 40, rated = 30 }
    for _, item in ipairs(world.items) do
      item.film = item.id
    end
    world.schema = cmml.data.schema { item = { { "film" } } }
    local films = assert(cmml.users.warm(cmml.dataset(world), { valid = 0.2, cap = 1 }))
    local seen = {}
    for key in pairs(raw(films, films.ratings, films.train)) do
      seen[key:match "%S+$"] = true
    end
    assert.equal(size(seen), films.catalogue.items:sizes()[1].size)
    assert.truthy(size(seen) < 40)
    local means = baselines.fitted(cmml, films, baselines.means)[3]
    local fresh = cmml.recommenders.item_mean(films.catalogue)
    fresh:fit { ratings = films.ratings, users = rated.learners(films) }
    assert.equal(people.bits(fresh), people.bits(means))
  end)

  it("are judged by held-out ratings, with supports from the others, by sizes too", function()
    local data = warm()
    local tasks = cmml.users.tasks { ratings = data.evaluations[1].tasks.ratings,
      query_ratings = data.evaluations[1].tasks.query_ratings, users = data.train,
      bags = data.bags, query = 3, support = 5, batch = 7 }
    local held, left = raw(data, tasks.query_ratings), raw(data, data.ratings)
    local longer, queries = tasks:with_support(9), {}
    for draw = 1, 2 do
      local next_longer = longer:batches(draw)
      for batch in tasks:batches(draw) do
        local other = next_longer()
        assert.same(batch.query.items:totable(), other.query.items:totable())
        local rows = batch.support.people.rows:totable()
        for part, set in pairs { query = held, support = left } do
          local items, at = batch[part].items:totable(), 0
          local more, more_at = other[part].items:totable(), 0
          for t, length in ipairs(batch[part].segments:totable()) do
            assert.equal(part == "query" and 3 or 5, length)
            for i = 1, length do
              assert.is_number(set[data.dataset.users:text(rows[t]) .. " "
                .. data.catalogue.items:text(items[at + i])])
              assert.equal(items[at + i], more[more_at + i])
            end
            at, more_at = at + length, more_at + (part == "query" and 3 or 9)
          end
          queries[draw] = (queries[draw] or "") .. table.concat(batch.query.items:totable(), " ")
        end
      end
    end
    assert.not_equal(queries[1], queries[2])
    local found = cmml.users.evaluate_protocol(baselines.fitted(cmml, data, baselines.means), data,
      { sizes = { 0, 5 },
      draws = 2 })
    assert.equal(2, #found[1].by_size)
    assert.equal(#data.train, found[1].by_size[1][1].mae.tasks)
    assert.equal(#data.test, found[2].by_size[2][4].mae.tasks)
  end)

  it("are judged by nothing that was learnt, unless the protocol is the leaky one", function()
    local leaky = assert(cmml.users.protocol(dataset, { protocol = "warm-leaky", valid = 0.2 }))
    assert.same({ true, false }, { leaky.evaluations[1].leaky, leaky.evaluations[2].leaky })
    assert.equal("warm users (leaky)", leaky.evaluations[1].name)
    local found = cmml.users.evaluate_protocol({ memoriser(leaky) }, leaky, { draws = 1 })
    assert.equal(0, found[1].by_size[1][1].mae.mean)
    assert.truthy(found[2].by_size[1][1].mae.mean > 90)
    local data = warm()
    found = cmml.users.evaluate_protocol({ memoriser(data) }, data, { draws = 1 })
    assert.truthy(found[1].by_size[1][1].mae.mean > 90)
    assert.truthy(found[2].by_size[1][1].mae.mean > 90)
  end)

  it("are the same by a catalogue of other rows", function()
    local world = people.world { users = 40, items = 40, rated = 30 }
    local reversed = { schema = dataset.schema, items = world.items, users = world.users,
      ratings = {} }
    for i, row in ipairs(world.ratings) do
      reversed.ratings[#world.ratings + 1 - i] = row
    end
    local catalogue = cmml.dataset(reversed):catalogue { 1 }
    assert.not_equal(catalogue.items:text(1), dataset.items:text(1))
    local one, other = warm(), warm { catalogue = catalogue }
    assert.same(raw(one, one.evaluations[1].tasks.query_ratings),
      raw(other, other.evaluations[1].tasks.query_ratings))
    assert.same(raw(one, one.ratings), raw(other, other.ratings))
  end)
end)

describe("users.check_no_leak", function()
  local dataset = people.dataset(cmml, { users = 40, items = 40, rated = 30 })

  local function leaks(name, plant, message)
    local data = assert(cmml.users.protocol(dataset, { protocol = name, valid = 0.2 }))
    cmml.users.check_no_leak(data)
    plant(data)
    refused(message, cmml.users.check_no_leak, data)
    refused(message, cmml.users.evaluate_protocol, baselines.fitted(cmml, data, baselines.means),
      data)
    for _, evaluation in ipairs(data.evaluations) do
      evaluation.leaky = true
    end
    cmml.users.check_no_leak(data)
  end

  it("finds a single held-out rating among those to learn from", function()
    leaks("warm", function(data)
      local held = data.evaluations[1].tasks.query_ratings
      local last, at = data.train[#data.train], #held.items
      local users, items, values = {}, data.ratings.items:totable(), data.ratings.ratings:totable()
      for user, length in ipairs(data.ratings.users:totable()) do
        for _ = 1, length do
          users[#users + 1] = user
        end
      end
      users[#users + 1] = last
      items[#items + 1], values[#values + 1] = held.items:totable()[at], 3
      data.ratings = core.group_ratings(core.ids(users), core.ids(items), core.tensor(values), 40)
    end, "users.check_no_leak: warm users: user p")
  end)

  it("finds held-out ratings in supports", function()
    leaks("warm", function(data)
      data.evaluations[1].tasks.ratings = data.all
    end, "is evaluated, but may be shown in the support: leave it out there, or name the "
      .. "evaluation")
  end)

  it("finds unseen users among those to learn from", function()
    for _, name in ipairs { "full", "capped", "warm" } do
      for _, part in ipairs { "train", "valid" } do
        leaks(name, function(data)
          table.insert(data[part], data.test[2])
        end, "users.check_no_leak: cold users: user p")
      end
    end
  end)

  it("finds the leak in the published protocol if it is not named", function()
    leaks("warm", function(data)
      local leaky = assert(cmml.users.protocol(dataset, { protocol = "warm-leaky", valid = 0.2 }))
      data.ratings, data.evaluations = leaky.ratings, leaky.evaluations
      data.evaluations[1].leaky = false
    end, "users.check_no_leak: warm users (leaky): user p")
  end)
end)

describe("users.protocol", function()
  local dataset = people.dataset(cmml, { users = 20, items = 30, rated = 20 })

  it("finds all by their names, with what they can be made again from", function()
    for name, expected in pairs {
      full = {}, capped = { cap = 50 }, warm = { held_out = 10 }, ["warm-leaky"] = {},
    } do
      expected.protocol, expected.data_seed, expected.valid = name, 1, 0.05
      local data = assert(cmml.users.protocol(dataset, { protocol = name }))
      assert.same(expected, data.conditions)
      assert.equal(name, data.protocol)
    end
    refused('users.protocol: protocol "cold" is not known; known: full, capped, warm, '
      .. "warm-leaky, melu",
      cmml.users.protocol, dataset, { protocol = "cold" })
    refused("melu takes no cap", cmml.users.protocol, dataset, { protocol = "melu", cap = 3 })
    refused("full takes no cap: it learns from all ratings", cmml.users.protocol, dataset,
      { cap = 3 })
    refused("cold_users: protocol full takes no cap; give protocol = \"capped\"", cmml.cold_users,
      dataset, { cap = 3 })
    refused("users.warm: cap must be at least 1, but is 0", cmml.users.protocol,
      dataset, { protocol = "warm", cap = 0 })
    refused("users.warm: held_out must be at least 1, but is 0", cmml.users.warm, dataset,
      { held_out = 0 })
  end)
end)

describe("the list of test users that a folder has", function()
  local folder = temporary.folder()
  people.write(core, folder, { users = 30, items = 16, rated = 10 })
  local listed = { "3", "11", "27" }
  temporary.write(folder, "test_users.txt", table.concat(listed, "\n") .. "\n")
  teardown(function()
    temporary.remove(folder)
  end)

  local function names(dataset, rows)
    local list = {}
    for i, row in ipairs(rows) do
      list[i] = dataset.users:text(row)
    end
    table.sort(list, function(a, b)
      return tonumber(a) < tonumber(b)
    end)
    return list
  end

  it("is taken where nothing is said, in Lua as on the command line", function()
    local dataset = assert(cmml.movielens(folder))
    assert.same(listed, names(dataset, dataset:split().test))
    assert.same(listed, names(dataset, cmml.cold_users(dataset).test))
    for _, protocol in ipairs { "full", "capped", "warm", "warm-leaky", "last" } do
      assert.same(listed, names(dataset, assert(cmml.users.protocol(dataset,
        { protocol = protocol })).test), protocol)
    end
    assert.equal(6, #cmml.cold_users(dataset, { test_users = 0.2 }).test)
    local split = cmml.settings:get("users").split(dataset, { protocol = "full", valid = 0.05,
      data_seed = 1 })
    assert.same(listed, names(dataset, split.test))
  end)
end)
