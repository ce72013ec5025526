-- What protocols are checked with: ratings by raw ids, and a rival that knows them by heart.
local assert = require "luassert"
local cmml = require "cmml"
local stub = require "spec.support.stub"
local core = cmml.core

local rated = {}

--- "user item" = rating, by raw ids, of the rows of some users (nil: all).
function rated.raw(data, ratings, users)
  local wanted, found, row = {}, {}, 0
  for _, user in ipairs(users or {}) do
    wanted[user] = true
  end
  local items, values = ratings.items:totable(), ratings.ratings:totable()
  for user, length in ipairs(ratings.users:totable()) do
    for r = row + 1, row + length do
      if not users or wanted[user] then
        found[data.dataset.users:text(user) .. " " .. data.catalogue.items:text(items[r])]
          = values[r]
      end
    end
    row = row + length
  end
  return found
end

--- How many entries a set has.
function rated.size(set)
  local n = 0
  for _ in pairs(set) do
    n = n + 1
  end
  return n
end

--- Fails if two sets have a key both.
function rated.apart(one, other)
  for key in pairs(one) do
    assert.is_nil(other[key], key)
  end
end

--- The rows of the users that may be learnt from.
function rated.learners(data)
  return table.move(data.valid, 1, #data.valid, #data.train + 1, { table.unpack(data.train) })
end

--- Knows by heart what it was fitted to, and says 100 of everything else.
function rated.memoriser(data)
  local known = rated.raw(data, data.ratings, rated.learners(data))
  return stub(cmml, "users", function(_, support)
    return support.people.rows:totable()
  end, function(_, people, rows)
    local scores, list, at = {}, rows.items:totable(), 0
    for t, length in ipairs(rows.segments:totable()) do
      for i = at + 1, at + length do
        local user, item = data.dataset.users:text(people[t]), data.catalogue.items:text(list[i])
        scores[i] = known[user .. " " .. item] or 100
      end
      at = at + length
    end
    return core.tensor(scores)
  end)
end

return rated
