--- Training by Adam of several tasks at once, each with weights of its own.
--
-- Adam goes entry by entry, so one optimiser over weights that are one a task trains every task as
-- if it were alone. What comes out is constant: methods that differentiate through their steps take
-- `inner_steps`.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local diverging = require "cmml.network.diverging"
local raise = args.error
local shared = require "cmml.network.inner_options"

local known = declare("inner_adam", {
  { name = "steps", kind = "integer", from = 0, to = 100000, required = true,
    help = "number of steps" },
  { name = "adam", kind = "table", default = {}, help = "options of `optim.adam`: lr, clip, .." },
  shared.owners, shared.hold,
})

return function(cmml, use)
  local tools = use "network.inner_steps"
  local core = cmml.core
  --- Weights that are one a task, as an optimiser takes them.
  local TaskWeights = cmml.nn.class "cmml.TaskWeights"

  -- The rows of a tensor whose tasks are not in a set, and those of another tensor where they are.
  local function restored(value, start, back, owners)
    local list, shape = {}, { value.shape[1] }
    for row, task in ipairs(owners and owners:totable() or {}) do
      list[row] = back[task] and 1 or 0
    end
    for row = 1, owners and 0 or shape[1] do
      list[row] = back[row] and 1 or 0
    end
    for dim = 2, value.ndim do
      shape[dim] = 1
    end
    return core.where(core.tensor(list):reshape(shape):expand(value.shape), start, value)
  end

  -- All steps. Gives the weights, the losses before each step, and what diverged by task.
  local function run(start, losses_of, opt)
    local module, count, losses, bad = TaskWeights.new(), 0, {}, {}
    local weights = tools.mapped(function(value)
      count = count + 1
      return module:register(tostring(count), value:detach():clone())
    end, start)
    local optimizer = cmml.optim.adam(module, opt.adam)
    for step = 1, opt.steps do
      local own = tools.losses_at("inner_adam", losses_of, weights, step)
      losses[step] = own:detach()
      if own.tracked then
        optimizer:backward(own:sum())
        optimizer:step()
      end
    end
    diverging.in_losses(losses, bad)
    tools.mapped(function(value, owners)
      diverging.in_tensor(value, owners, bad, opt.steps)
    end, weights, opt.owners)
    local back = {} -- these have the weights of their start
    for task in pairs(opt.hold or {}) do
      back[task], bad[task] = true, nil
    end
    for task in pairs(bad) do
      back[task] = true
    end
    return tools.mapped(function(value, first, owners)
      local found = value:detach()
      return next(back) and restored(found, first:detach(), back, owners) or found:clone()
    end, weights, start, opt.owners), losses, bad
  end

  --- Trains the weights of tasks from a start by Adam (Kingma and Ba 2015), every task down its own
  -- loss, as if it were alone.
  --
  -- A task whose loss, or a weight, ceases to be finite on the way has diverged: it is named, and
  -- has the weights of its start in the end. A task whose loss does not depend on the weights, such
  -- as one with an empty support, keeps those of its start (but for the decay).
  --
  -- Gradients are recorded whoever calls; nothing of them is left in the result.
  -- @tparam Tensor|table start a tensor whose first dim is the task, or a (nested) table of such
  -- (`task_layers.spread` makes them of shared ones); it stays as it is
  -- @tparam function losses_of of (weights, step): the loss of each task [tasks], by weights that
  -- are nested as start
  -- @tparam table options
  -- @treturn Tensor|table weights after the steps, nested as start, constants
  -- @treturn table losses list of the losses before each step, [tasks] each, constants
  -- @treturn table diverged list of {task, step, loss (nil: a weight was not finite)} in the order
  -- of tasks; empty if all is well
  -- @usage
  -- local targets = cmml.tensor { 1, 2 }
  -- local found = cmml.inner_adam(cmml.zeros { 2 }, function(weights)
  --   return (weights - targets):square()
  -- end, { steps = 200, adam = { lr = 0.05 } })
  -- print((found - targets):abs():max():item() < 1e-2)
  function cmml.inner_adam(start, losses_of, options)
    local opt = known:check(options)
    tools.check_start("inner_adam", start, "start")
    args.expect("inner_adam: losses_of", losses_of, "function", 3)
    local was = core.grad_enable(true)
    local ok, weights, losses, bad = pcall(run, start, losses_of, opt)
    core.grad_enable(was)
    if not ok then
      raise(weights, 0)
    end
    return weights, losses, diverging.listed(bad)
  end
end
