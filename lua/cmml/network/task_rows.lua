--- Embedding rows that a task may change: copied on write, so that a step of one task is seen by
-- neither the table nor other tasks.
--
-- @module cmml
local args = require "cmml.base.args"

return function(cmml, use)
  local core = cmml.core
  local classes = use "tensor.classes"
  --- The rows of a table that several tasks name, once for each task and id.
  -- @tfield Ids ids of the rows; those of pairs that were seen before are not among them
  -- @tfield Ids owners the task of each
  -- @tfield Ids places the numbers of the pairs in the bags
  -- @tfield Segments bags which of these are in which bag
  -- @tfield boolean seen whether pairs were there before, of `beside`
  local TaskRows = { __name = "cmml.TaskRows" }
  TaskRows.__index = TaskRows

  local function pairs_of(where, bag, rows, tasks, seen)
    args.expect(where .. ": bag", bag, "table", 4)
    args.expect(where .. ": bag.ids", bag.ids, classes.ids, 4)
    if bag.segments ~= nil then
      args.expect(where .. ": bag.segments", bag.segments, classes.segments, 4)
    end
    args.expect(where .. ": rows", rows, classes.ids, 4)
    args.expect(where .. ": tasks", tasks, classes.segments, 4)
    local ids, owners, places, bags = args.call(core.task_bags, bag.ids, bag.segments, rows, tasks,
      seen and seen.ids, seen and seen.owners)
    return setmetatable({ ids = ids, owners = owners, places = places, bags = bags,
      seen = seen ~= nil }, TaskRows)
  end

  --- The rows that tasks name.
  -- @tparam table bag {ids, segments}: bags of ids, such as the values of a field of all items;
  -- without segments each id is a bag
  -- @tparam Ids rows which bags
  -- @tparam Segments tasks how many of them each task has
  -- @treturn TaskRows
  function cmml.task_rows(bag, rows, tasks)
    return pairs_of("task_rows", bag, rows, tasks)
  end

  --- The rows as the table has them, to begin with.
  -- @tparam Tensor table [size, width]
  -- @treturn Tensor [pairs, width]
  function TaskRows:start(table)
    args.expect("TaskRows:start: table", table, classes.tensor)
    return args.call(core.gather_rows, table, self.ids)
  end

  --- The means (or sums) of the bags, by the rows of the tasks.
  -- @tparam Tensor values [pairs, width] the tasks' own rows
  -- @tparam boolean mean
  -- @tparam ?Tensor table of which the rows are that no task has changed, for bags of `beside`
  -- @treturn Tensor [bags, width]
  function TaskRows:look_up(values, mean, table)
    args.expect("TaskRows:look_up: values", values, classes.tensor)
    if self.seen and #self.ids > 0 then
      values = args.call(core.concat, { values, self:start(table) }, 1)
    end
    return args.call(core.embedding_bag, values, self.places, self.bags, nil, mean)
  end

  --- Further bags of the same tasks, such as those of a query: what their tasks have changed is
  -- read as changed, all else as the table has it.
  -- @tparam table bag see `task_rows`
  -- @tparam Ids rows
  -- @tparam Segments tasks
  -- @treturn TaskRows
  function TaskRows:beside(bag, rows, tasks)
    return pairs_of("TaskRows:beside", bag, rows, tasks, self)
  end
end
