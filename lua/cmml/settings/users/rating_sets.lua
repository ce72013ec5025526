--- Parts of a set of ratings, as the protocols of the user setting take them apart.
--
-- @module cmml.settings.users.rating_sets

--- The functions over a library.
-- @tparam table cmml
-- @treturn table where, set_of, hold_out, overlap
return function(cmml)
  local core, sets = cmml.core, {}

  -- visit(user, item, rating) of the rows of some users (true by row; nil: all), in order.
  local function each(ratings, users, visit)
    local items, values, row = ratings.items:totable(), ratings.ratings:totable(), 0
    for user, length in ipairs(ratings.users:totable()) do
      if not users or users[user] then
        for r = row + 1, row + length do
          visit(user, items[r], values[r], r)
        end
      end
      row = row + length
    end
  end

  --- The ratings that are to be kept, grouped by user as before, with their times if there are any.
  -- @tparam table ratings grouped by user
  -- @tparam function keep of (user row, item row, number of the rating): true to keep it
  -- @treturn table
  function sets.where(ratings, keep)
    local items, values, rows, lengths = {}, {}, {}, {}
    for user = 1, #ratings.users do
      lengths[user] = 0
    end
    each(ratings, nil, function(user, item, value, row)
      if keep(user, item, row) then
        lengths[user] = lengths[user] + 1
        items[#items + 1], values[#values + 1], rows[#rows + 1] = item, value, row
      end
    end)
    return { users = core.segments(lengths), items = core.ids(items),
      ratings = #values > 0 and core.tensor(values) or core.full({ 0 }, 0),
      times = ratings.times and ratings.times:gather(core.ids(rows)) }
  end

  --- A list of user rows as a set.
  -- @tparam table ... lists
  -- @treturn table true by row
  function sets.set_of(...)
    local set = {}
    for _, list in ipairs { ... } do
      for _, row in ipairs(list) do
        set[row] = true
      end
    end
    return set
  end

  -- {[user] = {[item] = true}} of some users.
  local function pairs_of(ratings, users)
    local by_user = {}
    each(ratings, users, function(user, item)
      by_user[user] = by_user[user] or {}
      by_user[user][item] = true
    end)
    return by_user
  end

  --- Takes a fixed random choice of ratings away from some users: `count` of each, but at most half
  -- (rounded down) of what a user has. It depends on seed and user alone.
  -- @tparam table ratings grouped by user
  -- @tparam table users list of rows
  -- @tparam integer count
  -- @tparam integer seed
  -- @treturn table the ratings held out
  -- @treturn table the others, of all users
  function sets.hold_out(ratings, users, count, seed)
    local lengths, held = ratings.users:totable(), {}
    -- draws of training count from 1, so that this one is never drawn again
    local _, query = core.draw_tasks(ratings, core.ids(users), { seed = seed, draw = 0, support = 0,
      query = count })
    local items, row = query.items:totable(), 0
    for t, length in ipairs(query.segments:totable()) do
      local user = users[t]
      held[user] = {}
      for i = row + 1, row + math.min(length, lengths[user] // 2) do
        held[user][items[i]] = true
      end
      row = row + length
    end
    local function is_held(user, item)
      return held[user] ~= nil and held[user][item] == true
    end
    return sets.where(ratings, is_held), sets.where(ratings, function(user, item)
      return not is_held(user, item)
    end)
  end

  --- A rating that two sets have both.
  -- @tparam table one grouped by user
  -- @tparam table other likewise
  -- @tparam table users set of rows: of these
  -- @treturn ?integer user row; nil if there is none
  -- @treturn ?integer item row
  function sets.overlap(one, other, users)
    if next(users) == nil then
      return nil
    end
    local known, user_found, item_found = pairs_of(one, users), nil, nil
    each(other, users, function(user, item)
      if not user_found and known[user] and known[user][item] then
        user_found, item_found = user, item
      end
    end)
    return user_found, item_found
  end

  return sets
end
