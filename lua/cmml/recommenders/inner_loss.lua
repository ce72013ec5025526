--- The loss of kinds whose tasks take gradient steps: the mean over tasks, without those whose
-- steps diverge.
--
-- @module cmml
local diverging = require "cmml.network.diverging"
local plain = require "cmml.base.plain"
local raise = require("cmml.base.args").error

return function(cmml)
  -- What became of a task, in words.
  local function described(self, batch, what, advice)
    local row = type(batch.tasks) == "table" and batch.tasks[what.task]
    local number = what.loss and plain.format("the loss of its support is %g", what.loss)
      or what.query and plain.format("the loss of its query is %g", what.query)
      or "a weight is not finite"
    return ("%s: task %d of a batch%s diverged: %s%s; lower %s"):format(
      self.kind, what.task, row and (" (row %s)"):format(tostring(row)) or "", number,
      what.step and (" at inner step %d"):format(what.step) or " after the inner steps", advice)
  end

  -- The losses of the tasks, all finite, with the tasks that diverged held at their start.
  local function finite_losses(losses_of, diverged)
    local hold = {}
    while true do
      local losses, own = losses_of(hold)
      for _, what in ipairs(own) do
        diverged[#diverged + 1], hold[what.task] = what, true
      end
      local again = false
      for task, what in pairs(diverging.in_losses { losses }) do
        if not hold[task] then -- else it is the model that has diverged, which training finds
          diverged[#diverged + 1] = { task = task, query = what.loss }
          hold[task], again = true, true
        end
      end
      if not again then
        return losses
      end
    end
  end

  --- The mean loss of a batch of tasks. What becomes of tasks that diverge is the option
  -- diverging's to say: an error, or they are left out, and the model's field `left_out` counts
  -- them: {count, text (about the first of them)}.
  -- @tparam Recommender self
  -- @tparam table batch
  -- @tparam function losses_of of (hold: tasks that take no steps, true by number): losses [tasks],
  -- and the list of tasks that diverged
  -- @tparam[opt="inner_rate or inner_steps"] string advice what to lower where tasks diverge
  -- @treturn Tensor a single number; not a number if all tasks diverge, so that training stops
  -- @treturn integer number of tasks that the mean is over
  return function(self, batch, losses_of, advice)
    advice = advice or "inner_rate or inner_steps"
    local diverged = {}
    local losses = finite_losses(losses_of, diverged)
    if #diverged == 0 then
      return losses:mean(), losses.count
    elseif self.options.diverging == "stop" then
      raise(described(self, batch, diverged[1], advice), 0)
    end
    local out = self.left_out or { count = 0, text = described(self, batch, diverged[1], advice) }
    out.count, self.left_out = out.count + #diverged, out
    if #diverged == losses.count then
      return losses:mean() * (0 / 0), 0
    end
    return cmml.mean_of_tasks(losses, diverged), losses.count - #diverged
  end
end
