--- Splits by time: supports of what people rated earlier, queries of what they rated later.
--
-- Of equal times the order of the data (their lines) decides; how many people that concerns is
-- counted.
--
-- @module cmml
local base = require "cmml.settings.users.protocol_base"
local plain = require "cmml.base.plain"
local declare = require("cmml.base.options").declare

local last_n = { name = "last_n", kind = "integer", default = 10, from = 1, unit = "ratings",
  help = "number of a person's latest ratings that are predicted, at most half of them" }
local known_last = base.declare("users.last", { last_n })
local known_time = declare("users.time", { last_n,
  { name = "cut", kind = "number", default = 0.8,
    help = "time from which on ratings are tested, a whole number as in the data; or the fraction "
      .. "of all ratings, below 1, that is to lie before it" },
  base.shared "valid", base.shared "data_seed", base.shared "population",
  base.shared "relevant", base.shared "catalogue" })

return function(cmml, use)
  local core = cmml.core
  use "settings.users.split"

  -- Whether times tell anything; nil and why not.
  local function check_times(dataset)
    local times = dataset.ratings.times
    local least, most
    if times then
      least, most = times:range()
    end
    local why = not times and "has no times"
      or not least and "has no ratings"
      or least == most and ("has the time %d in all of its %d ratings"):format(least, #times)
    if why then
      return nil, ("%s %s: it cannot be split by time. Name the column that holds times, or take "
        .. "another protocol (full, warm)"):format(dataset.name, why)
    end
    return true
  end

  -- Calls visit(user, first row, number of ratings) for each user with ratings.
  local function each_user(ratings, visit)
    local row = 1
    for user, n in ipairs(ratings.users:totable()) do
      if n > 0 then
        visit(user, row, n)
      end
      row = row + n
    end
  end

  -- How many of the n ratings from a row on, which are sorted, lie before a time.
  local function count_before(times, row, n, time)
    local low, high = 0, n
    while low < high do
      local middle = (low + high) // 2
      if times:at(row + middle) < time then
        low = middle + 1
      else
        high = middle
      end
    end
    return low
  end

  -- Divides the ratings of each user, sorted by time, into the first heads[user] and the others.
  -- Gives both, and how many of some users have equal times on both sides.
  local function divide(sorted, heads)
    local tied = {}
    each_user(sorted, function(user, row, n)
      local border = row + heads[user] - 1
      tied[user] = heads[user] > 0 and heads[user] < n
        and sorted.times:at(border) == sorted.times:at(border + 1)
    end)
    local earlier, later = core.divide_ratings(sorted, core.segments(heads))
    return earlier, later, function(users)
      local count = 0
      for _, user in ipairs(users) do
        count = count + (tied[user] and 1 or 0)
      end
      return count
    end
  end

  -- An evaluation of some users on their later ratings.
  local function evaluation(name, users, earlier, later, ties)
    local lengths, tested = later.users:totable(), {}
    for _, user in ipairs(users) do
      tested[#tested + 1] = lengths[user] > 0 and user or nil
    end
    return { name = name, leaky = false, ties = ties(tested), left_out = #users - #tested,
      tasks = { ratings = earlier, query_ratings = later, users = tested } }
  end

  --- Prepares a data set for predicting the latest ratings of each person from earlier ones.
  --
  -- A task's query is the last `last_n` ratings of a person by time, at most half of them (rounded
  -- down), and its support those before. People to train on show what lies before alone; who has
  -- one rating is in no evaluation.
  -- @tparam Dataset dataset with times that are not all equal
  -- @tparam[opt] table options see below
  -- @treturn ?table as from `cold_users`; evaluations are "warm users", training users, and "cold
  -- users", whom nothing was learnt from; nil where there are no times
  -- @treturn ?string message
  function cmml.users.last(dataset, options)
    local opt = base.check("users.last", known_last, dataset, options)
    local ok, message = check_times(dataset)
    if not ok then
      return nil, message
    end
    local data
    data, message = base.begin(dataset, opt)
    if not data then
      return nil, message
    end
    local sorted, heads = core.ratings_by_time(data.all), {}
    for user, n in ipairs(sorted.users:totable()) do
      heads[user] = n - math.min(opt.last_n, n // 2)
    end
    local earlier, later, ties = divide(sorted, heads)
    data.ratings, data.protocol = earlier, "last"
    data.conditions = { protocol = "last", data_seed = opt.data_seed, valid = opt.valid,
      last_n = opt.last_n }
    data.evaluations = { evaluation("warm users", data.train, earlier, later, ties),
      evaluation("cold users", data.test, earlier, later, ties) }
    base.finish(data, opt, earlier)
    return data
  end

  -- The time that a cut says.
  local function time_of(cut, times)
    if cut >= 0 and cut < 1 then
      return times:ranked(math.min(math.floor(cut * #times) + 1, #times))
    end
    return math.tointeger(cut)
  end

  --- Prepares a data set for predicting what comes after a time from what lies before it.
  --
  -- Learnt is from ratings before the cut alone, of the people who have any. Two kinds of people
  -- are tested: those, on their ratings from the cut on, with supports of earlier ones ("warm
  -- users"); and the new ones, whose first rating lies at the cut or behind it ("cold users"). Of
  -- the latter the query is the last `last_n` ratings, at most half (rounded down), and the support
  -- those before. Where lists are evaluated, supports of the latter are their first ratings, and
  -- all others are to be found.
  -- @tparam Dataset dataset with times that are not all equal
  -- @tparam[opt] table options see below
  -- @treturn ?table as from `cold_users`; evaluations are "warm users" and "cold users"; nil where
  -- there are no times, or all ratings lie on one side of the cut
  -- @treturn ?string message
  function cmml.users.time(dataset, options)
    local opt = base.check("users.time", known_time, dataset, options)
    local ok, message = check_times(dataset)
    if not ok then
      return nil, message
    end
    local least, most = dataset.ratings.times:range()
    local cut = time_of(opt.cut, dataset.ratings.times)
    if not cut or cut <= least or cut > most then
      return nil, ("cut %s: no rating of %s lies %s it (times from %d to %d): give a whole number "
        .. "between them, or a fraction below 1"):format(plain.tostring(opt.cut), dataset.name,
        cut and cut > most and "at or behind" or "before", least, most)
    end
    local heads, new = {}, {}
    local sorted = core.ratings_by_time(dataset.ratings)
    for user = 1, #dataset.users do
      heads[user] = 0
    end
    each_user(sorted, function(user, row, n)
      heads[user] = count_before(sorted.times, row, n, cut)
      if heads[user] == 0 then
        new[#new + 1] = dataset.users:text(user)
        heads[user] = n - math.min(opt.last_n, n // 2)
      end
    end)
    local data
    data, message = base.begin(dataset, { test_users = new, valid = opt.valid,
      data_seed = opt.data_seed, population = opt.population, catalogue = opt.catalogue })
    if not data then
      return nil, message
    end
    -- with the item rows of the catalogue, if one is given
    local all = core.ratings_by_time(data.all)
    local earlier, later, ties = divide(all, heads)
    data.ratings, data.protocol = earlier, "time"
    data.conditions = { protocol = "time", data_seed = opt.data_seed, valid = opt.valid,
      cut = cut, last_n = opt.last_n }
    data.evaluations = { evaluation("warm users", data.train, earlier, later, ties),
      evaluation("cold users", data.test, earlier, later, ties) }
    -- lists: the first ratings of those who come later say what the others are found by
    local cold = data.evaluations[2]
    cold.lists = { ratings = all, users = cold.tasks.users, in_order = true }
    base.finish(data, opt, earlier)
    return data
  end
end
