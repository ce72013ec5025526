--- Who had what as columns: what data sets make of the forms in which they take it.
--
-- A data set says its form: a table of
--
--    where       prefix of messages: "dataset"
--    name, one   what the entries are called: "ratings", and each: "rating"
--    kind        "ratings" or "weights", which have values, or "interactions", which have none
--    kinds       whether the data set can be told another kind, which messages say then
--    time        at which place of a row the time stands
--
-- @module cmml.data.interaction_columns
local plain = require "cmml.base.plain"
local raw_ids = require "cmml.data.raw_ids"
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local core = cmml.core

  -- What a row is, in words.
  local function row_words(form)
    return form.time == 3 and "{user, item, time}" or "{user, item, rating}"
  end

  local function forms_of(form)
    local values = form.time == 3 and "" or (", %s = .."):format(form.name)
    return ("%s: %s must be a list of %s, or {users = .., items = ..%s} with columns of "
      .. "read_table (t.columns.user, ..)"):format(form.where, form.name, row_words(form), values)
  end

  local function check_id(form, i, what, id)
    if type(id) ~= "string" and math.type(id) == nil then
      raise(("%s: the %s of %s %d must be a string or a number, not %s"):format(form.where, what,
        form.one, i, type(id)), 4)
    end
  end

  -- What a column of a table may be, by its name.
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
  local function columns_of_table(given, form)
    for _, key in ipairs { "users", "items", "ratings", "times" } do
      local column = given[key]
      local is = type(column) == "table" and column.kind or nil
      local optional = key == "times" or key == "ratings" and form.kind == "interactions"
      if not column_kinds[key][is] and not (column == nil and optional) then
        raise(("%s; %s must be a column of kind %s, not %s"):format(forms_of(form), key,
          column_names[key], is and args.quote(is) or type(column)), 3)
      end
    end
    return { users = given.users.vocab, items = given.items.vocab,
      user_ids = given.users.ids, item_ids = given.items.ids,
      ratings = values_of(given.ratings, core.tensor),
      times = values_of(given.times, core.times) }
  end

  -- Raises unless a row's rating is a finite number or, where it is not to have one, nothing.
  local function check_rating(form, i, row)
    local rating = row[3]
    local where = ("%s: %s %d (user %s, item %s)"):format(form.where, form.one, i,
      plain.tostring(row[1]), plain.tostring(row[2]))
    if form.kind == "interactions" then
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
  local function check_time(form, i, time, first)
    if (time == nil) ~= (first == nil) then
      raise(("%s: %s %d has %s time, but %s 1 has %s: all have one or none"):format(form.where,
        form.one, i, time == nil and "no" or "a", form.one, first == nil and "none" or "one"), 4)
    elseif time ~= nil and math.tointeger(time) == nil then
      raise(("%s: the time of %s %d is %s, not a whole number"):format(form.where, form.one, i,
        type(time) == "string" and "the text " .. args.quote(time) or plain.tostring(time)), 4)
    end
  end

  -- Columns from a list of rows.
  local function columns_of(list, form)
    local users, items = core.vocab(), core.vocab()
    local user_ids, item_ids, values, times = {}, {}, {}, {}
    local user_place = ("%s: the user of %s %%d"):format(form.where, form.one)
    local item_place = ("%s: the item of %s %%d"):format(form.where, form.one)
    for i, row in ipairs(list) do
      if type(row) ~= "table" then
        raise(("%s: %s %d must be %s, not %s"):format(form.where, form.one, i, row_words(form),
          type(row)), 3)
      elseif form.time > 3 then
        check_rating(form, i, row)
        values[i] = row[3]
      end
      check_time(form, i, row[form.time], list[1][form.time])
      check_id(form, i, "user", row[1])
      check_id(form, i, "item", row[2])
      user_ids[i] = raw_ids.add(users, row[1], 4, user_place, i)
      item_ids[i] = raw_ids.add(items, row[2], 4, item_place, i)
      times[i] = row[form.time]
    end
    local ratings = form.kind ~= "interactions" and core.tensor(values) or nil
    if ratings and not ratings:isfinite() then
      raise(("%s: a %s is too large for %s"):format(form.where, form.one, core.info().dtype), 3)
    end
    return { users = users, items = items, user_ids = core.ids(user_ids),
      item_ids = core.ids(item_ids), ratings = ratings,
      times = list[1][form.time] ~= nil and core.times(times) or nil, release = true }
  end

  -- Raises where columns of ids have values and should have none, or the other way round.
  local function check_values(given, form)
    if given.ratings == nil and form.kind ~= "interactions" then
      raise(("%s: %s have values, but there is no column ratings; kind = \"interactions\" has none")
        :format(form.where, form.kind), 3)
    elseif given.ratings ~= nil and form.kind == "interactions" then
      raise(("%s: interactions have no column ratings: leave it out%s"):format(form.where,
        form.kinds and ", or say kind = \"ratings\" or \"weights\"" or ""), 3)
    end
  end

  --- The columns, in whichever form they are given. Raises where they are malformed.
  -- @tparam table given a list of rows; columns of `data.read_table`; or these columns
  -- @tparam table form of the data set, see above
  -- @treturn table users, items (Vocab), user_ids, item_ids (Ids), ratings (?Tensor), times
  -- (?Times), first (?Ids), release (?boolean)
  return function(given, form)
    if given.user_ids then
      check_values(given, form)
      return given
    elseif given.users or given.items or given.ratings then
      return columns_of_table(given, form)
    end
    for key in pairs(given) do
      if not (math.type(key) == "integer" and key >= 1 and key <= #given) then
        raise(("%s, not a table with the key %s"):format(forms_of(form), plain.tostring(key)), 3)
      end
    end
    if #given == 0 then
      raise(("%s: there are no %s"):format(form.where, form.name), 3)
    end
    return columns_of(given, form)
  end
end
