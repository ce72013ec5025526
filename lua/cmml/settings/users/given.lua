--- A split that is given as files: who is learnt from, chosen by and tested, and which ratings of
-- whom are support and query; see settings/users/split_files.lua.
--
-- @module cmml
local base = require "cmml.settings.users.protocol_base"
local plain = require "cmml.base.plain"
local declare = require("cmml.base.options").declare
local raise = require("cmml.base.args").error

local known = declare("users.given", {
  { name = "split", kind = "string", help = "folder of files of a split, as split_out writes it" },
  { name = "train_users", kind = "string", default_text = "all who are in no other list",
    help = "file of the users to learn from, one raw id a line" },
  { name = "valid_users", kind = "string", default_text = "none",
    help = "file of the users that choose the best epoch" },
  { name = "test_users", kind = "string", default_text = "those of tasks who are in no other list",
    help = "file of the users that nothing is learnt from" },
  { name = "tasks", list = "string", help = "files of user, item, part (support or query) and "
    .. "rating with tabs between them", default_text = "random ones of the test users" },
  base.shared "relevant", base.shared "catalogue",
})

return function(cmml, use)
  local core = cmml.core
  local files = use "settings.users.split_files"
  local sets = use "settings.users.rating_sets"

  -- The paths that options say, those by name before those of a folder.
  local function paths_of(opt)
    local found = { tasks = {} }
    if opt.split then
      local message
      found, message = files.find(opt.split)
      if not found then
        return nil, message
      end
    end
    for _, part in ipairs { "train", "valid", "test" } do
      local own = opt[part .. "_users"]
      found.protocol = not own and found.protocol or nil
      found[part] = own or found[part]
    end
    if opt.tasks then
      found.tasks, found.protocol = {}, nil
      for i, path in ipairs(opt.tasks) do
        found.tasks[i] = { path = path, leaky = false,
          name = path:match("([^/]+)$"):gsub("%.[0-9A-Za-z]+$", "") }
      end
    end
    return found
  end

  -- The lists of people; nil and a message where somebody is in two.
  local function read_lists(dataset, paths)
    local lists, whose = {}, {}
    for _, part in ipairs { "train", "valid", "test" } do
      if paths[part] then
        local rows, message = files.read_people(dataset, paths[part])
        if not rows then
          return nil, message
        end
        for _, row in ipairs(rows) do
          if whose[row] then
            return nil, ("%s: user %s stands in %s, too: a person is in one list"):format(
              paths[part], dataset.users:text(row), whose[row])
          end
          whose[row] = paths[part]
        end
        plain.sort(rows)
        lists[part] = rows
      end
    end
    return lists, whose
  end

  -- For each (user, item) the number of its rating.
  local function places_of(ratings)
    local items, places, row = ratings.items:totable(), {}, 0
    for user, n in ipairs(ratings.users:totable()) do
      for i = row + 1, row + n do
        places[user << 32 | items[i]] = i
      end
      row = row + n
    end
    return places
  end

  -- The ratings at some places, grouped by user: lists of places by user.
  local function subset(all, by_user)
    local lengths, rows = {}, {}
    for user = 1, #all.users do
      local own = by_user[user] or {}
      lengths[user] = #own
      table.move(own, 1, #own, #rows + 1, rows)
    end
    local ids = core.ids(rows)
    return { users = core.segments(lengths), items = core.map_ids(ids, all.items),
      ratings = #rows > 0 and all.ratings:gather_rows(ids) or core.full({ 0 }, 0),
      times = all.times and all.times:gather(ids) }
  end

  -- Adds the places of the rows of a file to lists by user; nil and a message where one is no
  -- rating of the data, is another there, or stands in the file twice.
  local function add_places(dataset, path, read, lists_of, place_of, values)
    local seen = {}
    for i, user in ipairs(read.user) do
      local key = user << 32 | read.item[i]
      local place = place_of[key]
      local trouble
      if not place then
        trouble = "user %s has no rating of item %s in " .. dataset.name:gsub("%%", "%%%%")
      elseif seen[key] then
        trouble = ("user %%s and item %%s stand on line %d already"):format(read.line(seen[key]))
      elseif read.rating and read.rating[i] ~= values[place] then
        trouble = plain.format("the rating of user %%s and item %%s is %g here, but %g in the data",
          read.rating[i], values[place])
      end
      if trouble then
        return nil, ("%s, line %d: %s"):format(path, read.line(i), trouble:format(
          dataset.users:text(user), dataset.items:text(read.item[i])))
      end
      seen[key] = i
      local lists = lists_of(i)
      lists[user] = lists[user] or {}
      table.insert(lists[user], place)
    end
    return true
  end

  -- The tasks of a file: {name, leaky, tasks, left_out}.
  local function read_tasks(dataset, all, entry, place_of, values)
    local read, message = files.read_pairs(dataset, entry.path, { "part" }, { "rating" })
    if not read then
      return nil, message
    end
    local parts = { support = {}, query = {} }
    for i, part in ipairs(read.part) do
      if not parts[part] then
        return nil, ("%s, line %d: part is %q, neither support nor query"):format(entry.path,
          read.line(i), part)
      end
    end
    local ok
    ok, message = add_places(dataset, entry.path, read, function(i)
      return parts[read.part[i]]
    end, place_of, values)
    if not ok then
      return nil, message
    end
    local users, left_out, support, query = {}, 0, 0, 1
    for user, own in pairs(parts.support) do
      left_out, support = left_out + (parts.query[user] and 0 or 1), math.max(support, #own)
    end
    for user, own in pairs(parts.query) do
      users[#users + 1], query = user, math.max(query, #own)
    end
    plain.sort(users)
    if #users == 0 then
      return nil, entry.path .. ": there is no row whose part is query"
    end
    return { name = entry.name, leaky = entry.leaky, left_out = left_out, fixed = true,
      asked = parts.query, tasks = { ratings = subset(all, parts.support),
        query_ratings = subset(all, parts.query), users = users, support = support,
        query = query } }
  end

  -- What may be learnt from: the ratings that a file lists, or of everybody all that no task asks
  -- for.
  local function learnable(dataset, all, paths, evaluations, place_of, values)
    if paths.ratings then
      local read, message = files.read_pairs(dataset, paths.ratings, {}, { "rating" })
      local lists, ok = {}, nil
      if read then
        ok, message = add_places(dataset, paths.ratings, read, function()
          return lists
        end, place_of, values)
      end
      if not ok then
        return nil, message
      end
      for _, own in pairs(lists) do
        plain.sort(own)
      end
      return subset(all, lists)
    end
    local asked = {}
    for _, evaluation in ipairs(evaluations) do
      for _, own in pairs(evaluation.asked) do
        for _, place in ipairs(own) do
          asked[place] = true
        end
      end
    end
    return next(asked) and sets.where(all, function(_, _, row)
      return not asked[row]
    end) or all
  end

  -- Completes the lists: who is tested, and everybody else.
  local function complete(lists, whose, evaluations, all)
    local rest, tested = {}, {}
    for _, evaluation in ipairs(evaluations) do
      for _, user in ipairs(evaluation.tasks.users) do
        tested[user] = true
      end
    end
    for user, n in ipairs(all.users:totable()) do
      if n > 0 and not whose[user] then
        local part = not lists.test and tested[user] and "test" or "train"
        rest[part] = rest[part] or {}
        table.insert(rest[part], user)
      end
    end
    return lists.train or rest.train or {}, lists.valid or {}, lists.test or rest.test or {}
  end

  --- Prepares a data set as files say.
  --
  -- Tasks are taken as they are, in one draw: whole supports, whole queries. What may be learnt
  -- from are the ratings that the folder lists (`ratings.tsv`), else all of the users to train and
  -- validate on but those that a task asks for.
  -- @tparam Dataset dataset
  -- @tparam table options see below
  -- @treturn ?table as from `cold_users`; evaluations are those of the task files, or "cold users"
  -- @treturn ?string message with file, line and value where files do not fit the data
  function cmml.users.given(dataset, options)
    local opt = base.check("users.given", known, dataset, options)
    if not (opt.split or opt.tasks or opt.test_users) then
      raise("users.given: a split needs files: split (a folder), tasks or test_users", 2)
    end
    local paths, message = paths_of(opt)
    local data = { dataset = dataset, evaluations = {} }
    if paths then
      data.all, message = base.ratings(dataset, opt)
    end
    if not data.all then
      return nil, message
    end
    local lists, whose = read_lists(dataset, paths)
    if not lists then
      return nil, whose
    end
    local place_of = places_of(dataset.ratings)
    local values = dataset.ratings.ratings:totable()
    for i, entry in ipairs(paths.tasks) do
      data.evaluations[i], message = read_tasks(dataset, data.all, entry, place_of, values)
      if message then
        return nil, message
      end
    end
    data.ratings, message = learnable(dataset, data.all, paths, data.evaluations, place_of, values)
    if not data.ratings then
      return nil, message
    end
    data.train, data.valid, data.test = complete(lists, whose, data.evaluations, data.all)
    if #data.evaluations == 0 then
      data.evaluations[1] = { name = "cold users", leaky = false,
        tasks = { ratings = data.all, users = data.test } }
    end
    data.protocol = paths.protocol and paths.protocol .. " (from files)" or "given"
    data.conditions = paths.conditions or { protocol = "given" }
    base.finish(data, opt, data.ratings)
    return data
  end
end
