--- Adapting by gradients: steps of several tasks at once, each down its own loss.
--
-- The tasks take their steps together, and none sees another: the gradient of the sum of the tasks'
-- losses by weights that are one a task is the gradient of each task's own loss. What comes out may
-- be differentiated again, through the steps (second order: Finn et al., ICML 2017) or with their
-- gradients held constant (first order). Steps of Adam, through which nothing is differentiated,
-- are those of `inner_adam`.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local diverging = require "cmml.network.diverging"
local shared = require "cmml.network.inner_options"
local raise = args.error

local known = declare("inner_steps", {
  shared.steps,
  { name = "rate", kind = "any", required = true,
    help = "what gradients are multiplied with: a number, a Tensor that broadcasts with the "
      .. "weights of a task (learnt, if it is tracked: Meta-SGD), or a table of such, nested as "
      .. "`start`" },
  shared.order, shared.owners, shared.hold,
})

return function(cmml)
  local core = cmml.core

  -- Calls f(value, ...) for every tensor of a nested table with the entries of the other tables at
  -- its place; a table of what it gives, nested in the same way. Another "table" that is none is
  -- taken for every place.
  local function mapped(f, value, other, more)
    if cmml.is_tensor(value) then
      return f(value, other, more)
    end
    local result = {}
    for key, inner in pairs(value) do
      local a, b = other, more
      if type(other) == "table" then
        a = other[key]
      end
      if type(more) == "table" then
        b = more[key]
      end
      result[key] = mapped(f, inner, a, b)
    end
    return result
  end

  local function check_start(name, value, where)
    if cmml.is_tensor(value) then
      return
    elseif type(value) ~= "table" or next(value) == nil then
      raise(("%s: %s must be a Tensor or a table of such, not %s"):format(name, where,
        type(value) == "table" and "an empty table" or args.describe(value)), 3)
    end
    for key, inner in pairs(value) do
      check_start(name, inner, ("%s.%s"):format(where, tostring(key)))
    end
  end

  local function check_rate(_, rate)
    local number = math.type(rate) and rate == rate and math.abs(rate) < math.huge
    if not number and not cmml.is_tensor(rate) then
      raise(("inner_steps: rate must be a finite number or a Tensor for every tensor of start, not "
        .. "%s"):format(args.describe(rate)), 3)
    end
  end

  -- Weights whose gradient can be asked for.
  local function tracked(value)
    return value.tracked and value or value:detach():track()
  end

  -- The losses of the tasks, looked at.
  local function losses_at(name, losses_of, weights, step)
    local losses = losses_of(weights, step)
    if not cmml.is_tensor(losses) or losses.ndim ~= 1 then
      raise(("%s: losses_of must give a Tensor [tasks], not %s"):format(name,
        cmml.is_tensor(losses) and ("one [%s]"):format(table.concat(losses.shape, ", "))
        or args.describe(losses)), 0)
    end
    return losses
  end

  -- 0 for tasks that are held back and 1 for others, as it broadcasts with a tensor of weights.
  local function mask_for(held, tasks, value, owners)
    local list = {}
    for task = 1, tasks do
      list[task] = held[task] and 0 or 1
    end
    local mask, shape = core.tensor(list), { value.shape[1] }
    if owners then
      mask = mask:gather_rows(owners)
    end
    for dim = 2, value.ndim do
      shape[dim] = 1
    end
    return mask:reshape(shape)
  end

  -- The gradients with those of held tasks set to 0.
  local function without(held, tasks, slopes, owners)
    return mapped(function(slope, own)
      local mask = mask_for(held, tasks, slope, own)
      return core.where(mask:expand(slope.shape), slope, core.full(slope.shape, 0))
    end, slopes, owners)
  end

  -- The tasks whose losses are not finite, but for those that are held.
  local function new_bad(losses, held, step)
    local bad = diverging.in_losses { losses }
    for task, what in pairs(bad) do
      what.step = step
      bad[task] = not held[task] and what or nil
    end
    return bad
  end

  -- All steps, with some tasks held at their start. Gives the tasks that diverged, by number, and
  -- weights with the losses of every step.
  local function run(start, losses_of, opt, held)
    local weights, losses = mapped(tracked, start), {}
    for step = 1, opt.steps do
      local own = losses_at("inner_steps", losses_of, weights, step)
      losses[step] = own:detach()
      local bad = new_bad(losses[step], held, step)
      if next(bad) then
        return bad
      end
      if next(held) then -- a loss that is not finite has no part in the sum
        own = core.where(mask_for(held, own.count, own), own, core.full(own.shape, 0))
      end
      local slopes = cmml.grad(own:sum(), weights, { create_graph = opt.second, retain = true })
      if next(held) then
        slopes = without(held, own.count, slopes, opt.owners)
      end
      slopes = mapped(function(slope, rate)
        return slope * rate
      end, slopes, opt.rate)
      weights = mapped(function(value, change)
        return value - change
      end, weights, slopes)
      if not opt.keeps_graph then
        weights = mapped(function(value)
          return value:detach():track()
        end, weights)
      end
    end
    local bad = {}
    mapped(function(value, owners)
      diverging.in_tensor(value, owners, bad, opt.steps)
    end, weights, opt.owners)
    return bad, { weights = weights, losses = losses }
  end

  --- Takes gradient steps from a start, every task down its own loss.
  --
  -- A task whose loss, or a weight, ceases to be finite on the way has diverged: it is named, and
  -- has the weights of its start in the end, so that the others go on and no gradient is spoilt;
  -- who calls decides what becomes of it. A task whose loss does not depend on the weights, such
  -- as one with an empty support, keeps those of its start.
  --
  -- Gradients are recorded whoever calls; where recording is off, nothing of them is left in the
  -- result, and order does not matter.
  -- @tparam Tensor|table start a tensor whose first dim is the task, or a (nested) table of such
  -- (`task_layers.spread` makes them of shared ones)
  -- @tparam function losses_of of (weights, step): the loss of each task [tasks], by weights that
  -- are nested as start
  -- @tparam table options
  -- @treturn Tensor|table weights after the steps, nested as start
  -- @treturn table losses list of the losses before each step, [tasks] each, constants
  -- @treturn table diverged list of {task, step, loss (nil: a weight was not finite)} in the order
  -- of tasks; empty if all is well
  -- @usage
  -- local targets = cmml.tensor { 1, 2 }
  -- local found = cmml.inner_steps(cmml.zeros { 2 }, function(weights)
  --   return (weights - targets):square()
  -- end, { steps = 20, rate = 0.25 })
  -- print((found - targets):abs():max():item() < 1e-4)
  function cmml.inner_steps(start, losses_of, options)
    local opt = known:check(options)
    check_start("inner_steps", start, "start")
    args.expect("inner_steps: losses_of", losses_of, "function", 3)
    mapped(check_rate, start, opt.rate)
    local was = core.grad_enable(true)
    opt.keeps_graph, opt.second = was, was and opt.order == "second"
    local ok, result = pcall(diverging.until_finite, opt.hold, function(held)
      return run(start, losses_of, opt, held)
    end)
    core.grad_enable(was)
    if not ok then
      raise(result, 0)
    end
    local weights = result.weights
    if not was then
      weights = mapped(function(value)
        return value.tracked and value:detach() or value
      end, weights)
    end
    return weights, result.losses, result.diverged
  end

  --- The mean of tasks' losses, without those that diverged.
  -- @tparam Tensor losses [tasks], finite
  -- @tparam table diverged what `inner_steps` gave
  -- @treturn Tensor a single number; 0 without a gradient if all diverged
  function cmml.mean_of_tasks(losses, diverged)
    args.expect("mean_of_tasks: losses", losses, cmml.tensor_class)
    args.list("mean_of_tasks: diverged", diverged)
    if losses.ndim ~= 1 then
      raise(("mean_of_tasks: losses must be a Tensor [tasks], not one [%s]"):format(
        table.concat(losses.shape, ", ")), 2)
    end
    for i, one in ipairs(diverged) do
      local task = type(one) == "table" and one.task
      if math.type(task) ~= "integer" or task < 1 or task > losses.count then
        raise(("mean_of_tasks: entry %d of diverged must have a task from 1 to %d, not %s")
          :format(i, losses.count, args.shown(task)), 2)
      end
    end
    if #diverged == 0 then
      return losses:mean()
    end
    local left, count = {}, losses.count - #diverged
    for task = 1, losses.count do
      left[task] = 1 / math.max(count, 1)
    end
    for _, one in ipairs(diverged) do
      left[one.task] = 0
    end
    return (losses * core.tensor(left)):sum()
  end

  return { mapped = mapped, check_start = check_start, losses_at = losses_at }
end
