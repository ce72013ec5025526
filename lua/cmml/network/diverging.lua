--- Tasks whose steps diverge: found by what is not finite, named, and held at their start.
--
-- @module cmml.network.diverging
local plain = require "cmml.base.plain"

local diverging = {}

--- The tasks whose losses are not finite.
-- @tparam table losses list of Tensors [tasks], one a step
-- @tparam[opt] table bad by task {task, step, loss}, to be added to
-- @treturn table bad
function diverging.in_losses(losses, bad)
  bad = bad or {}
  for step, tensor in ipairs(losses) do
    if not tensor:isfinite() then
      for task, loss in ipairs(tensor:totable()) do
        if loss - loss ~= 0 then
          bad[task] = bad[task] or { task = task, step = step, loss = loss }
        end
      end
    end
  end
  return bad
end

--- The tasks of which a number in a tensor is not finite.
-- @tparam Tensor value its first dim is the task, or that of its owners
-- @tparam ?Ids owners the task of each row
-- @tparam table bad by task {task, step, loss}, to be added to
-- @tparam integer step
function diverging.in_tensor(value, owners, bad, step)
  if value:isfinite() then
    return
  end
  local rows = value:detach():reshape { value.shape[1], -1 }
  local sums = (rows - rows):sum(2):totable() -- 0, or NaN where one is not finite
  local of_rows = owners and owners:totable()
  for row, sum in ipairs(sums) do
    local task = of_rows and of_rows[row] or row
    if sum ~= sum then
      bad[task] = bad[task] or { task = task, step = step }
    end
  end
end

--- The tasks that diverged as a list, in their order.
-- @tparam table bad by task {task, step, loss}
-- @treturn table
function diverging.listed(bad)
  local list = {}
  for _, one in pairs(bad) do
    list[#list + 1] = one
  end
  plain.sort(list, function(a, b)
    return a.task < b.task
  end)
  return list
end

--- Runs until no further task diverges: those that do are held in the next run.
-- @tparam ?table hold tasks that are held from the start: true by number
-- @tparam function run of (held) giving bad tasks by number, and a table that is given `diverged`,
-- the list of those that diverged, in the order of tasks
-- @treturn table that of the last run
function diverging.until_finite(hold, run)
  local held, diverged = {}, {}
  for task in pairs(hold or {}) do
    held[task] = true
  end
  while true do
    local bad, result = run(held)
    local more = false
    for task, what in pairs(bad) do
      if not held[task] then
        held[task], diverged[task], more = true, what, true
      end
    end
    if not more then
      result.diverged = diverging.listed(diverged)
      return result
    end
  end
end

return diverging
