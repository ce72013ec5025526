--- Embedding rows that a task may change: copied on write, so that a step of one task is seen by
-- neither the table nor other tasks.
--
-- @module cmml

return function(cmml)
  local core = cmml.core
  --- The rows of a table that several tasks name, once for each task and id.
  -- @tfield Ids ids of the rows; those of pairs that were seen before are not among them
  -- @tfield Ids owners the task of each
  -- @tfield Ids places the numbers of the pairs in the bags
  -- @tfield Segments bags which of these are in which bag
  -- @tfield boolean seen whether pairs were there before, of `beside`
  local TaskRows = { __name = "cmml.TaskRows" }
  TaskRows.__index = TaskRows

  local function pairs_of(bag, rows, tasks, seen)
    local ids, owners, places, bags = core.task_bags(bag.ids, bag.segments, rows, tasks,
      seen and seen.ids, seen and seen.owners)
    return setmetatable({ ids = ids, owners = owners, places = places, bags = bags,
      seen = seen ~= nil }, TaskRows)
  end

  --- The rows that tasks name.
  -- @tparam table bag {ids, segments}: bags of ids, such as the values of a field of all items
  -- @tparam Ids rows which bags
  -- @tparam Segments tasks how many of them each task has
  -- @treturn TaskRows
  function cmml.task_rows(bag, rows, tasks)
    return pairs_of(bag, rows, tasks)
  end

  --- The rows as the table has them, to begin with.
  -- @tparam Tensor table [size, width]
  -- @treturn Tensor [pairs, width]
  function TaskRows:start(table)
    return table:gather_rows(self.ids)
  end

  --- The means (or sums) of the bags, by the rows of the tasks.
  -- @tparam Tensor values [pairs, width] the tasks' own rows
  -- @tparam boolean mean
  -- @tparam ?Tensor table of which the rows are that no task has changed, for bags of `beside`
  -- @treturn Tensor [bags, width]
  function TaskRows:look_up(values, mean, table)
    if self.seen and #self.ids > 0 then
      values = core.concat({ values, self:start(table) }, 1)
    end
    return core.embedding_bag(values, self.places, self.bags, nil, mean)
  end

  --- Further bags of the same tasks, such as those of a query: what their tasks have changed is
  -- read as changed, all else as the table has it.
  -- @tparam table bag see `task_rows`
  -- @tparam Ids rows
  -- @tparam Segments tasks
  -- @treturn TaskRows
  function TaskRows:beside(bag, rows, tasks)
    return pairs_of(bag, rows, tasks, self)
  end
end
