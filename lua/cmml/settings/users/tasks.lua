--- Batches of tasks: for each user a support set to adapt to and a query to be evaluated on.
--
-- @module cmml
local base = require "cmml.base.shared_options"
local data_options = require "cmml.settings.shared_data_options"
local sets = require "cmml.base.options"
local shared = require "cmml.settings.users.shared_options"

local known = sets.declare("users.tasks", {
  { name = "ratings", kind = "table", required = true, help = "ratings grouped by user, as of a "
    .. "Dataset" },
  { name = "query_ratings", kind = "table", default_text = "ratings, beside the support, at most "
    .. "half of them", help = "ratings that queries are drawn from, grouped by user" },
  data_options.users,
  { name = "bags", kind = "table", required = true,
    help = "content features of all users, from Side:bags_of" },
  { name = "support", kind = "integer", default = 40, from = 0, unit = "ratings",
    help = "maximum number of ratings in a support" },
  { name = "query", kind = "integer", default = 10, from = 1, unit = "ratings",
    help = "maximum number of ratings in a query" },
  { name = "batch", kind = "integer", default = 32, from = 1, unit = "tasks",
    help = "number of tasks at once" },
  sets.changed(base.seed, { help = "seed of the draws of supports and queries" }),
  { name = "short_supports", kind = "number", default = 0, from = 0, to = 1,
    help = "fraction of the tasks whose support is cut to a random length, uniform from 0 to the "
      .. "whole, so that a model learns to adapt to any number of ratings" },
  shared.shuffle_labels,
  { name = "rank", kind = "string", choices = { "all", "sampled" },
    help = "what is evaluated: lists of the catalogue without what was shown, of which the query, "
      .. "all that is not set apart for supports, is to be found; all: the whole catalogue, "
      .. "sampled: the relevant items and `candidates` random others",
    default_text = "none: predicted ratings" },
  { name = "candidates", kind = "integer", default = 100, from = 1, unit = "items",
    help = "number of items beside the relevant ones under rank sampled" },
  { name = "reserve", kind = "integer", from = 0, unit = "ratings", default_text = "support",
    help = "under rank number of ratings set apart for supports, so that smaller ones have the "
      .. "same query" },
  { name = "in_order", kind = "boolean", default = false, help = "under rank supports are the "
      .. "first ratings of a person instead of random ones" },
  { name = "relevant", kind = "number", default_text = "any", help = "under rank the rating, or "
    .. "weight, from which on an item of a query is to be found" },
  { name = "popularity", kind = "table", help = "under rank, for metrics of what lists show: "
    .. "counts (Tensor [items]: how many took each) of so many people" },
  data_options.shuffle,
})

return function(cmml, use)
  local core = cmml.core
  --- Tasks of people: supports and queries drawn from their ratings; see `users.tasks`.
  -- @tfield string setting "users"
  local Tasks = { __name = "cmml.Tasks", setting = "users" }
  Tasks.__index = Tasks
  use("settings.user_tasks").mix(Tasks)

  --- A source of tasks, one a user.
  -- @tparam table options see below
  -- @treturn Tasks
  function cmml.users.tasks(options)
    return setmetatable(known:check(options), Tasks)
  end

  --- The same tasks with supports of another size: of the two supports of a user's draw one is the
  -- beginning of the other, and the query is the same. None is cut, whatever short_supports was.
  -- @tparam integer size
  -- @tparam[opt] integer reserve under rank how many are set apart for supports; default: as many
  -- as until now, and at least size
  -- @treturn Tasks
  function Tasks:with_support(size, reserve)
    local options = {}
    for key, value in pairs(self) do
      options[key] = value
    end
    options.support, options.short_supports = size, 0
    options.reserve = self.rank and (reserve or math.max(size, self.reserve or self.support))
      or nil
    return cmml.users.tasks(options)
  end

  --- The tasks of some people. A task depends on (seed, draw, user) alone.
  -- @tparam integer draw
  -- @tparam table people list of user rows
  -- @treturn table support and query, each Rows with segments, items, labels and people; tasks (the
  -- list of people), draw and seed: the key of what is drawn for each task
  function Tasks:draw(draw, people)
    local rows = core.ids(people)
    local reserve = self.rank and not self.query_ratings and (self.reserve or self.support) or nil
    local support, query = core.draw_tasks(self.ratings, rows, { seed = self.seed, draw = draw,
      support = self.support, query = self.query_ratings and 0 or self.query,
      reserve = reserve, in_order = reserve and self.in_order,
      short_supports = self.short_supports, shuffle_labels = self.shuffle_labels })
    if self.query_ratings then
      query = core.draw_tasks(self.query_ratings, rows, { seed = self.seed, draw = draw,
        support = self.rank and #self.query_ratings.items or self.query, query = 0 })
    end
    support.people = { bags = self.bags, rows = rows }
    query.people = support.people
    return { support = support, query = query, tasks = people, draw = draw, seed = self.seed }
  end

  --- What a list must not show: of some people the ratings that are set apart for supports, and
  -- where the query is of ratings that were held out all others.
  -- @tparam integer draw
  -- @tparam table people list of user rows
  -- @treturn table Rows
  function Tasks:set_apart(draw, people)
    local most = self.query_ratings and #self.ratings.items or self.reserve or self.support
    local rows = core.draw_tasks(self.ratings, core.ids(people), { seed = self.seed, draw = draw,
      support = most, query = self.query_ratings and 0 or self.query,
      reserve = not self.query_ratings and most or nil,
      in_order = not self.query_ratings and self.in_order })
    return rows
  end

  --- The highest rating, or weight, that a query can have.
  -- @treturn ?number nil where the users have none
  function Tasks:highest()
    local from = self.query_ratings or self.ratings
    local rows = core.draw_tasks(from, core.ids(self.users), { seed = self.seed, draw = 1,
      support = #from.items, query = 0 })
    return #rows.items > 0 and rows.labels:max():item() or nil
  end

  --- What another thread makes the tasks from.
  -- @treturn table options of `users.tasks`: plain data, Ids, Segments and Tensors
  function Tasks:export()
    local function columns_of(ratings)
      return ratings and { users = ratings.users, items = ratings.items, ratings = ratings.ratings }
    end
    return { users = {}, bags = self.bags, seed = self.seed,
      ratings = columns_of(self.ratings), query_ratings = columns_of(self.query_ratings),
      support = self.support, query = self.query, shuffle_labels = self.shuffle_labels,
      short_supports = self.short_supports, rank = self.rank, candidates = self.candidates,
      reserve = self.reserve, in_order = self.in_order, relevant = self.relevant,
      popularity = self.popularity }
  end

  return Tasks
end
