--- Batches of tasks: for each user a support set to adapt to and a query to be judged by.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local core = cmml.core
  --- Tasks of people: supports and queries drawn from their ratings; see `users.tasks`.
  -- @tfield string setting "users"
  local Tasks = { __name = "cmml.Tasks", setting = "users" }
  Tasks.__index = Tasks

  --- A source of tasks, one a user.
  -- @tparam table options ratings (grouped by user, as of a Dataset), query_ratings (likewise:
  -- where queries are drawn from; default: from ratings, beside the support, at most half of
  -- them), users (list of rows), bags (the user fields of all rows, from Catalogue:bags), support
  -- and query (rows of a task at most, default 40 and 10), batch (tasks at once, default 32), seed,
  -- short_supports (fraction of the tasks whose support is cut to a random length, uniform from 0 to
  -- the whole, so that a model learns to adapt to any number of ratings; default 0: none),
  -- shuffle_labels (permute the labels within each support set: how much does the context
  -- matter?), shuffle (visit in a fresh order each draw)
  -- @treturn Tasks
  function cmml.users.tasks(options)
    local opt = args.check("tasks", options, { ratings = "table", users = "table", bags = "table",
      query_ratings = "table?", support = { "integer", 40 }, query = { "integer", 10 },
      batch = { "integer", 32 }, seed = { "integer", 1 }, shuffle_labels = { "boolean", false },
      shuffle = { "boolean", false }, short_supports = { "number", 0 } })
    if opt.query < 1 then
      raise("tasks: query must be at least 1: without query rows there is nothing to judge", 2)
    elseif opt.batch < 1 or opt.support < 0 then
      raise("tasks: batch must be at least 1 and support at least 0", 2)
    elseif not (opt.short_supports >= 0 and opt.short_supports <= 1) then
      raise(("tasks: short_supports must be a fraction from 0 to 1, not %g"):format(
        opt.short_supports), 2)
    end
    return setmetatable(opt, Tasks)
  end

  --- The same tasks with supports of another size: of the two supports of a user's draw one is the
  -- beginning of the other, and the query is the same. None is cut, whatever short_supports was.
  -- @tparam integer size
  -- @treturn Tasks
  function Tasks:with_support(size)
    local options = {}
    for key, value in pairs(self) do
      options[key] = value
    end
    options.support, options.short_supports = size, 0
    return cmml.users.tasks(options)
  end

  --- How many batches a draw has.
  -- @treturn integer
  function Tasks:count()
    return math.ceil(#self.users / self.batch)
  end

  --- Iterates over the people of one draw, batch by batch.
  -- @tparam integer draw epoch, or number of the evaluation draw, from 1
  -- @treturn function giving lists of user rows
  function Tasks:people(draw)
    local users, first = self.users, 1
    if self.shuffle then
      local order = core.choose(#users, #users, { seed = self.seed, epoch = draw,
        stream = core.streams.order }):totable()
      users = {}
      for i, at in ipairs(order) do
        users[i] = self.users[at]
      end
    end
    return function()
      if first > #users then
        return nil
      end
      local last = math.min(first + self.batch - 1, #users)
      local people = table.move(users, first, last, 1, {})
      first = last + 1
      return people
    end
  end

  --- The tasks of some people. A task depends on (seed, draw, user) alone.
  -- @tparam integer draw
  -- @tparam table people list of user rows
  -- @treturn table support and query, each Rows with segments, items, labels and people
  function Tasks:draw(draw, people)
    local rows = core.ids(people)
    local support, query = core.draw_tasks(self.ratings, rows, { seed = self.seed, draw = draw,
      support = self.support, query = self.query_ratings and 0 or self.query,
      short_supports = self.short_supports, shuffle_labels = self.shuffle_labels })
    if self.query_ratings then
      query = core.draw_tasks(self.query_ratings, rows, { seed = self.seed, draw = draw,
        support = self.query, query = 0 })
    end
    support.people = { bags = self.bags, rows = rows }
    query.people = support.people
    return { support = support, query = query }
  end

  --- Iterates over the batches of one draw.
  -- @tparam integer draw
  -- @treturn function giving what `draw` gives
  function Tasks:batches(draw)
    local people = self:people(draw)
    return function()
      local list = people()
      return list and self:draw(draw, list)
    end
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
      short_supports = self.short_supports }
  end

  return Tasks
end
