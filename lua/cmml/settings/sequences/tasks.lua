--- Batches of tasks: of each person what is shown, in order, and what came next.
--
-- @module cmml
local base = require "cmml.base.shared_options"
local data_options = require "cmml.settings.shared_data_options"
local sets = require "cmml.base.options"

local known = sets.declare("sequences.tasks", {
  { name = "sequences", kind = "table", required = true,
    help = "users (Segments) and items (Ids): what each user did, in order" },
  data_options.users,
  { name = "shown", kind = "integer", default = 0, from = 0, unit = "interactions",
    help = "number of a person's first interactions that are shown; 0: all but the query, which "
      .. "then is the end of the sequence" },
  { name = "next_n", kind = "integer", default = 1, from = 1, unit = "interactions",
    help = "maximum number of the interactions behind them that are to be found" },
  { name = "window", kind = "integer", default = 0, from = 0, unit = "interactions",
    help = "a longer sequence is cut to so many interactions in a row, at random in each draw; 0: "
      .. "none is" },
  { name = "batch", kind = "integer", default = 256, from = 1, unit = "tasks",
    help = "number of tasks at once" },
  sets.changed(base.seed, { help = "seed of windows and order" }),
  { name = "history", kind = "string", choices = { "kept", "removed" }, default = "kept",
    help = "whether lists have the items that were shown" },
  data_options.shuffle,
  { name = "popularity", kind = "table", help = "for metrics of what lists show: counts (Tensor "
    .. "[items]: how many took each) of so many people" },
})

return function(cmml, use)
  local core = cmml.core
  --- Tasks of people with sequences; see `sequences.tasks`.
  -- @tfield string setting "sequences"
  local Tasks = { __name = "cmml.SequenceTasks", setting = "sequences" }
  Tasks.__index = Tasks
  use("settings.user_tasks").mix(Tasks)

  --- A source of tasks, one a user.
  -- @tparam table options see below
  -- @treturn SequenceTasks
  function cmml.sequences.tasks(options)
    return setmetatable(known:check(options), Tasks)
  end

  --- The tasks of some people. A task depends on (seed, draw, user) alone.
  -- @tparam integer draw
  -- @tparam table people list of user rows
  -- @treturn table support and query, each Rows with segments, items and labels (1 each), the
  -- support also following (Ids: the item behind each row); tasks (the list of people), draw, seed
  function Tasks:draw(draw, people)
    local support, query = core.cut_sequences(self.sequences, core.ids(people), {
      shown = self.shown, next = self.next_n, window = self.window, seed = self.seed,
      draw = draw })
    return { support = support, query = query, tasks = people, draw = draw, seed = self.seed }
  end

  --- What another thread makes the tasks from.
  -- @treturn table options of `sequences.tasks`: plain data, Ids, Segments and Tensors
  function Tasks:export()
    return { sequences = { users = self.sequences.users, items = self.sequences.items },
      users = {}, shown = self.shown, next_n = self.next_n, window = self.window,
      seed = self.seed, history = self.history, popularity = self.popularity }
  end

  return Tasks
end
