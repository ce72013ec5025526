-- Kinds of `optim_`: steps of an optimiser on given gradients.
local cmml = require "cmml"

local kinds = {}

local function steps(case)
  local shapes, params, given = case:option "shapes", {}, {}
  local found = {}
  for i = 1, #shapes do
    params[i] = cmml.parameter(case:tensor(("param.p%d"):format(i - 1)))
    given[i] = case:tensor(("input.gradient.p%d"):format(i - 1))
    found[i] = params[i].shape
  end
  case:size("shapes", found)
  case:size("steps", given[1].shape[1])
  local options = { lr = case:option "lr", weight_decay = case:option "weight_decay" }
  local adam = case:has "output.first_moment.p0"
  if adam then
    options.decoupled = case:says "AdamW"
  end
  if case.config.clamp then
    options.clip = case:option "clamp"
  end

  local optimizer = cmml.core.optimizer(params, adam and 2 or 0)
  local history = {}
  for step = 1, given[1].shape[1] do
    for i, gradient in ipairs(optimizer:gradients()) do
      gradient:copy_(given[i]:slice(1, step, step):reshape(found[i]))
    end
    if adam then
      optimizer:adam(options)
    else
      optimizer:sgd(options)
    end
    for i, param in ipairs(params) do
      history[i] = history[i] or {}
      history[i][step] = param:totable()
    end
  end
  local first, second = optimizer:moments()
  for i in ipairs(params) do
    case:expect(("output.p%d"):format(i - 1), history[i])
    if adam then
      case:expect(("output.first_moment.p%d"):format(i - 1), first[i])
      case:expect(("output.second_moment.p%d"):format(i - 1), second[i])
    end
  end
end

kinds[1] = {
  match = function(case)
    return case.config.lr and case.config.shapes
  end,
  run = steps,
}

kinds[2] = {
  match = function(case)
    return case:has "input.task_gradient"
  end,
  -- The mean comes about as in training, from a loss that is a mean over the tasks. Adam with
  -- beta1 = 0 shows in its first moment the gradient that the step took: the clamped one.
  run = function(case)
    local gradient = case:tensor "input.task_gradient"
    local tasks = gradient.shape[1]
    local param = cmml.parameter(cmml.zeros(case:option "shape"))
    case:size("tasks", tasks)
    local optimizer = cmml.core.optimizer { param }
    optimizer:backward(cmml.sum(param * gradient) / tasks)
    case:expect("output.mean", optimizer:gradients()[1]:totable())
    optimizer:adam { beta1 = 0, clip = case:option "limit" }
    case:expect("output.clamped", optimizer:moments()[1])
  end,
}

kinds[3] = {
  match = function(case)
    return case.config.patience
  end,
  run = function(case)
    local plateau = cmml.optim.plateau { lr = case:option "lr", mode = case:option "mode",
      factor = case:option "factor", patience = case:option "patience",
      threshold = case:option "threshold", min_lr = case:option "min_lr" }
    local seen = { lr = {}, bad = {}, best = {} }
    for i, value in ipairs(case:tensor(case:option "metrics"):totable()) do
      plateau:update(value)
      for name, list in pairs(seen) do
        list[i] = plateau[name]
      end
    end
    for name, list in pairs(seen) do
      case:expect("output." .. name, list)
    end
  end,
}

return kinds
