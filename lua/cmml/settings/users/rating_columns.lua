--- Ratings as columns: what `cmml.dataset` makes of the forms in which it takes them.
--
-- @module cmml.settings.users.rating_columns
local plain = require "cmml.base.plain"
local raw_ids = require "cmml.data.raw_ids"
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local core = cmml.core

  local forms = "dataset: ratings must be a list of {user, item, rating}, or {users = .., items = "
    .. ".., ratings = ..} with columns of read_table (t.columns.user, ..)"

  local function check_id(i, what, id)
    if type(id) ~= "string" and math.type(id) == nil then
      raise(("dataset: the %s of rating %d must be a string or a number, not %s"):format(what, i,
        type(id)), 4)
    end
  end

  -- What a column of a table may be, by its name in `ratings`.
  local column_kinds = { users = { text = true }, items = { text = true },
    ratings = { number = true, integer = true }, times = { integer = true, time = true } }
  local column_names = { users = '"text" (the default)', items = '"text" (the default)',
    ratings = '"number"', times = '"time"' }

  -- Numbers of a column: as they are, or of a list in a tensor or in times.
  local function values_of(column, make)
    local values = column and column.values
    return type(values) == "table" and make(values) or values
  end

  -- The same from columns of a table that was read: two of texts, and one of numbers.
  local function columns_of_table(ratings, kind)
    for _, key in ipairs { "users", "items", "ratings", "times" } do
      local column = ratings[key]
      local is = type(column) == "table" and column.kind or nil
      local optional = key == "times" or key == "ratings" and kind == "interactions"
      if not column_kinds[key][is] and not (column == nil and optional) then
        raise(("%s; %s must be a column of kind %s, not %s"):format(forms, key, column_names[key],
          is and args.quote(is) or type(column)), 3)
      end
    end
    return { users = ratings.users.vocab, items = ratings.items.vocab,
      user_ids = ratings.users.ids, item_ids = ratings.items.ids,
      ratings = values_of(ratings.ratings, core.tensor),
      times = values_of(ratings.times, core.times) }
  end

  -- Raises unless a row's rating is a finite number or, where it is not to have one, nothing.
  local function check_rating(i, row, kind)
    local rating = row[3]
    local where = ("dataset: rating %d (user %s, item %s)"):format(i, plain.tostring(row[1]),
      plain.tostring(row[2]))
    if kind == "interactions" then
      if rating ~= nil then
        raise(("%s is %s, but interactions have no rating: leave it out, or say kind = \"ratings\" "
          .. "or \"weights\""):format(where, plain.tostring(rating)), 4)
      end
    elseif math.type(rating) == nil or rating ~= rating or math.abs(rating) == math.huge then
      raise(("%s is %s, not a finite number"):format(where, type(rating) == "string"
        and "the text " .. args.quote(rating) or plain.tostring(rating)), 4)
    end
  end

  -- Raises unless a row's time is a whole number, or as in the first row nothing.
  local function check_time(i, time, first)
    if (time == nil) ~= (first == nil) then
      raise(("dataset: rating %d has %s time, but rating 1 has %s: all have one or none"):format(i,
        time == nil and "no" or "a", first == nil and "none" or "one"), 4)
    elseif time ~= nil and math.tointeger(time) == nil then
      raise(("dataset: the time of rating %d is %s, not a whole number"):format(i,
        type(time) == "string" and "the text " .. args.quote(time) or plain.tostring(time)), 4)
    end
  end

  -- {users, items, ratings} columns from a list of {user, item, rating, time}.
  local function columns_of(list, kind)
    local users, items = core.vocab(), core.vocab()
    local user_ids, item_ids, values, times = {}, {}, {}, {}
    for i, row in ipairs(list) do
      if type(row) ~= "table" then
        raise(("dataset: rating %d must be {user, item, rating}, not %s"):format(i, type(row)), 3)
      end
      check_rating(i, row, kind)
      check_time(i, row[4], list[1][4])
      check_id(i, "user", row[1])
      check_id(i, "item", row[2])
      user_ids[i] = raw_ids.add(users, row[1], 4, "dataset: the user of rating %d", i)
      item_ids[i] = raw_ids.add(items, row[2], 4, "dataset: the item of rating %d", i)
      values[i], times[i] = row[3], row[4]
    end
    local ratings = kind ~= "interactions" and core.tensor(values) or nil
    if ratings and not ratings:isfinite() then
      raise("dataset: a rating is too large for " .. core.info().dtype, 3)
    end
    return { users = users, items = items, user_ids = core.ids(user_ids),
      item_ids = core.ids(item_ids), ratings = ratings,
      times = list[1][4] ~= nil and core.times(times) or nil, release = true }
  end

  --- The columns of ratings, in whichever form they are. Raises where they are malformed.
  -- @tparam table ratings see `dataset`
  -- @tparam string kind likewise
  -- @treturn table users, items (Vocab), user_ids, item_ids (Ids), ratings (?Tensor), times
  -- (?Times), first (?Ids), release (?boolean)
  return function(ratings, kind)
    if ratings.user_ids then
      if ratings.ratings == nil and kind ~= "interactions" then
        raise(("dataset: %s have values, but there is no column ratings; kind = \"interactions\" "
          .. "has none"):format(kind), 3)
      elseif ratings.ratings ~= nil and kind == "interactions" then
        raise("dataset: interactions have no column ratings: leave it out, or say kind = "
          .. "\"ratings\" or \"weights\"", 3)
      end
      return ratings
    elseif ratings.users or ratings.items or ratings.ratings then
      return columns_of_table(ratings, kind)
    end
    for key in pairs(ratings) do
      if not (math.type(key) == "integer" and key >= 1 and key <= #ratings) then
        raise(("%s, not a table with the key %s"):format(forms, plain.tostring(key)), 3)
      end
    end
    if #ratings == 0 then
      raise("dataset: there are no ratings", 3)
    end
    return columns_of(ratings, kind)
  end
end
