--- MeLU's four quadrants: users that are known or new, times items that are known or new.
--
-- @module cmml
local plain = require "cmml.base.plain"
local base = require "cmml.settings.users.protocol_base"
local raise = require("cmml.base.args").error

local known = base.declare("users.melu", {
  { name = "last_year", kind = "integer", default = 1997,
    help = "year of the last existing items; later ones are new" },
  { name = "least", kind = "integer", default = 13, from = 2, unit = "ratings",
    help = "minimum number of ratings of a task" },
  { name = "most", kind = "integer", default = 100, unit = "ratings",
    help = "maximum number of ratings of a task" },
  { name = "held_out", kind = "integer", default = 10, from = 1, unit = "ratings",
    help = "number of ratings held out of an existing user" },
})

return function(cmml, use)
  local sets = use "settings.users.rating_sets"

  -- The year of an item: of its record, or at the end of its title.
  local function year_of(record)
    local text = tostring(record.year or ""):match "%d%d%d%d"
      or (record.title or ""):match "%((%d%d%d%d)%)%s*$"
    return math.tointeger(plain.tonumber(text))
  end

  -- Which item rows are new, of those that were rated.
  local function new_items(dataset, last_year)
    local new, missing, first = {}, 0, nil
    local rated = sets.set_of(dataset.ratings.items:totable())
    for row = 1, #dataset.items do
      local year = year_of(dataset.item_records[row])
      if rated[row] and not year then
        missing, first = missing + 1, first or dataset.items:text(row)
      end
      new[row] = year ~= nil and year > last_year
    end
    if missing > 0 then
      return nil, ("users.melu: %d rated items have no year (%s, for one): their records need "
        .. "a field year, or a title that ends in one, as Heat (1995) does"):format(missing, first)
    end
    return new
  end

  --- Prepares a data set for MeLU's four tests. Existing users are those to learn from, new ones
  -- are the test users; existing items came out by `last_year`, new ones after it. The ratings of a
  -- user of one kind of items make a task if there are neither too few nor too many. Learnt is from
  -- existing users on existing items alone, and from the fields of these items: of a new item the
  -- model knows the values that it shares with them.
  --
  -- MeLU evaluates existing users on existing items by what it trained on. Here a fixed random
  -- choice of ratings of each is held out, as in `users.warm`, and evaluated alone.
  -- @tparam Dataset dataset whose item records have a year, or titles that end in one, "(1995)"
  -- @tparam[opt] table options see below
  -- @treturn ?table as from `cold_users`; evaluations are "warm", "user cold", "item cold" and
  -- "user and item cold"
  -- @treturn ?string message
  function cmml.users.melu(dataset, options)
    local opt = base.check("users.melu", known, dataset, options)
    if opt.least <= opt.held_out or opt.most < opt.least then
      raise(("users.melu: held_out < least <= most was expected, not %d, %d and %d")
        :format(opt.held_out, opt.least, opt.most), 2)
    end
    local data, message = base.begin(dataset, opt)
    local new = nil
    if data then
      new, message = new_items(dataset, opt.last_year)
    end
    if not new then
      return nil, message
    end
    local items = dataset.ratings.items:totable() -- rows of the data set, whatever the catalogue

    -- The tasks of some users on new or on existing items: their ratings, and whose they are.
    local function quadrant(users, is_new)
      local wanted = sets.set_of(users)
      local some = sets.where(data.all, function(user, _, row)
        return wanted[user] and new[items[row]] == is_new
      end)
      local lengths, kept = some.users:totable(), {}
      for _, user in ipairs(users) do
        kept[#kept + 1] = lengths[user] >= opt.least and lengths[user] <= opt.most and user or nil
      end
      local has_task = sets.set_of(kept)
      return sets.where(some, function(user)
        return has_task[user]
      end), kept
    end

    local learners = table.move(data.train, 1, #data.train, 1, {})
    local existing, with_tasks = quadrant(table.move(data.valid, 1, #data.valid, #learners + 1,
      learners), false)
    local item_cold, item_users = quadrant(data.train, true)
    local user_cold, user_users = quadrant(data.test, false)
    local both_cold, both_users = quadrant(data.test, true)
    local has_task = sets.set_of(with_tasks)
    for _, part in ipairs { "train", "valid" } do
      local users = {}
      for _, user in ipairs(data[part]) do
        users[#users + 1] = has_task[user] and user or nil
      end
      data[part] = users
    end
    local held
    held, data.ratings = sets.hold_out(existing, data.train, opt.held_out, opt.data_seed)
    data.protocol = "melu"
    data.conditions = { protocol = "melu", data_seed = opt.data_seed, valid = opt.valid,
      held_out = opt.held_out, last_year = opt.last_year, least = opt.least, most = opt.most }
    data.evaluations = {
      { name = "warm", tasks = { ratings = data.ratings, query_ratings = held,
        users = data.train } },
      { name = "user cold", tasks = { ratings = user_cold, users = user_users } },
      { name = "item cold", tasks = { ratings = item_cold, users = item_users } },
      { name = "user and item cold", tasks = { ratings = both_cold, users = both_users } },
    }
    for _, evaluation in ipairs(data.evaluations) do
      evaluation.leaky = false
    end
    base.finish(data, opt, data.ratings)
    return data
  end
end
