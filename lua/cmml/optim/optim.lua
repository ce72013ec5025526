--- Optimisers.
--
-- @module cmml
local args = require "cmml.base.args"
local parameter_groups = require "cmml.optim.groups"
local error = args.error

-- What a kind of optimiser takes for each group of parameters.
local settings = {
  adam = { lr = { "number", 1e-3 }, beta1 = { "number", 0.9 }, beta2 = { "number", 0.999 },
    eps = { "number", 1e-8 }, weight_decay = { "number", 0 }, clip = "number?",
    decoupled = { "boolean", false }, sparse = { "boolean", false } },
  sgd = { lr = { "number", 1e-2 }, momentum = { "number", 0 }, nesterov = { "boolean", false },
    weight_decay = { "number", 0 }, clip = "number?" },
}

local moment_names = { "first", "second" }

-- Settings that would not descend, or not compute, are refused. Not a number fails them all.
local function check_range(what, options)
  local function need(names, range, good)
    for _, name in ipairs(names) do
      if options[name] and not good(options[name]) then
        error(("%s: %s must be %s, not %g"):format(what, name, range, options[name]), 6)
      end
    end
  end
  need({ "lr", "eps", "weight_decay" }, "finite and not negative", function(value)
    return value >= 0 and value < math.huge
  end)
  need({ "beta1", "beta2", "momentum" }, "from 0 to below 1", function(value)
    return value >= 0 and value < 1
  end)
  need({ "clip", "clip_norm" }, "above 0", function(value)
    return value > 0
  end)
  if options.nesterov and options.momentum == 0 then
    error(what .. ": nesterov needs a momentum above 0", 5)
  end
end

-- Groups are a list: what stands there under a name would be passed over.
local function check_groups(kind, list)
  for key in pairs(list) do
    if math.type(key) ~= "integer" or key < 1 or key > #list then
      error(("%s: groups must be a list of tables, {{parameters = ..}, ..}, without %s"):format(
        kind, tostring(key)), 5)
    end
  end
end

local function read_options(kind, options)
  local rules = { clip_norm = "number?", groups = { "table", {} } }
  for name, rule in pairs(settings[kind]) do
    rules[name] = rule
  end
  local common = args.check(kind, options, rules, 5)
  check_range(kind, common)
  check_groups(kind, common.groups)
  return common
end

-- The settings of a group: its own over the common ones.
local function read_group(kind, number, group, common)
  local rules = { parameters = "any" }
  for name, rule in pairs(settings[kind]) do
    rules[name] = type(rule) == "table" and { rule[1], common[name] } or { rule, common[name] }
  end
  local what = ("%s: group %d"):format(kind, number)
  local result = args.check(what, group, rules, 5)
  check_range(what, result)
  result.own_lr = group.lr
  return result
end

return function(cmml)
  local core = cmml.core
  local ModuleOptimizer = { __name = "cmml.ModuleOptimizer" }
  ModuleOptimizer.__index = ModuleOptimizer

  -- The parameters lie group by group, so that a step is one loop a group.
  local function make(kind, module, options)
    if type(module) ~= "table" or type(module.named_parameters) ~= "function" then
      error(("%s: a module was expected, not %s"):format(kind, type(module)), 3)
    end
    local common = read_options(kind, options)
    local self = setmetatable({ kind = kind, options = common, groups = {}, names = {},
      first_lr = common.lr }, ModuleOptimizer)
    local names, tensors, wanted, list, moments = {}, {}, {}, {}, kind == "adam" and 2 or 0
    for i, pair in ipairs(module:named_parameters()) do
      names[i], tensors[i] = pair[1], pair[2]
    end
    for g, group in ipairs(common.groups) do
      self.groups[g] = read_group(kind, g, group, common)
      wanted[g] = self.groups[g].parameters
    end
    self.groups[#wanted + 1] = read_group(kind, #wanted + 1, { parameters = {} }, common)
    for g, places in ipairs(parameter_groups.divide(kind, names, wanted)) do
      self.groups[g].parameters = #places
      for _, i in ipairs(places) do
        self.names[#self.names + 1], list[#list + 1] = names[i], tensors[i]
      end
      if self.groups[g].momentum and self.groups[g].momentum > 0 then
        moments = 1
      end
    end
    self.core = core.optimizer(list, moments)
    return self
  end

  --- Adam over the parameters of a module (Kingma and Ba 2015).
  -- @tparam Module module
  -- @tparam[opt] table options lr (default 1e-3), beta1 (0.9), beta2 (0.999), eps (1e-8),
  -- weight_decay (0; classic L2, added to the gradient; decoupled = true makes it AdamW), clip
  -- (entries of the gradient are limited to [-clip, clip] before the decay; default none),
  -- clip_norm (before that, the gradient of all parameters together is scaled down to this 2-norm;
  -- default none), sparse (false), groups.
  --
  -- With sparse = true, rows (of the first dimension) whose gradient is zero throughout are left
  -- out of a step: their values and moments stay as they are. This is another algorithm than Adam,
  -- in which the moments of such rows decay and go on moving them. It suits tables of which a step
  -- uses few rows.
  --
  -- `groups` is a list of tables: `parameters`, a name or a list of names of parameters, of modules
  -- (for all beneath), or with * for any text, and any options but clip_norm and groups, which
  -- hold for these parameters instead of the common ones.
  -- @treturn ModuleOptimizer with backward(loss), step(), norm(), clear(), set_lr(lr), state() and
  -- restore(values, steps)
  function cmml.optim.adam(module, options)
    return (make("adam", module, options))
  end

  --- Gradient descent over the parameters of a module.
  -- @tparam Module module
  -- @tparam[opt] table options lr (default 0.01), momentum (0), nesterov (false), weight_decay (0;
  -- L2, added to the gradient), clip, clip_norm and groups as for `adam`
  -- @treturn ModuleOptimizer
  function cmml.optim.sgd(module, options)
    return (make("sgd", module, options))
  end

  --- Adds the gradients of a loss to what the next step will use, and uses up its graph.
  -- @tparam Tensor loss
  function ModuleOptimizer:backward(loss)
    self.core:backward(loss)
  end

  --- The 2-norm of the gradients of all parameters together; not finite if one of them is not.
  -- @treturn number
  function ModuleOptimizer:norm()
    return self.core:norm()
  end

  --- Drops the gradients.
  function ModuleOptimizer:clear()
    self.core:clear()
  end

  local function blame(self)
    for i, gradient in ipairs(self.core:gradients()) do
      if not gradient:isfinite() then
        return "the gradient of " .. self.names[i]
      end
    end
    return "the norm of the gradients"
  end

  --- One step; the gradients are zero afterwards. A gradient that is not a number makes its
  -- parameter so, too; with `clip_norm`, which cannot scale it, it is an error instead, and nothing
  -- is changed.
  function ModuleOptimizer:step()
    local limit, scale = self.options.clip_norm, 1
    if limit then
      local norm = self.core:norm()
      if norm ~= norm or norm == math.huge then
        error(("%s: %s is not finite: no step was taken"):format(self.kind, blame(self)), 2)
      end
      scale = norm > limit and limit / norm or 1
    end
    self.core[self.kind](self.core, self.groups, scale)
  end

  --- Sets the learning rate. Groups with a rate of their own keep its ratio to the common one.
  -- @tparam number lr
  function ModuleOptimizer:set_lr(lr)
    if math.type(lr) == nil or not (lr >= 0 and lr < math.huge) then
      error(("set_lr: lr must be finite and not negative, not %s"):format(tostring(lr)), 2)
    end
    for g, group in ipairs(self.groups) do
      if group.own_lr and self.first_lr == 0 then
        error(("set_lr: the rate of group %d has no ratio to the common one, 0"):format(g), 2)
      end
    end
    for _, group in ipairs(self.groups) do
      group.lr = group.own_lr and group.own_lr / self.first_lr * lr or lr
    end
    self.options.lr = lr
  end

  --- What resuming needs besides the parameters: moments by name, and the number of steps.
  -- @treturn table list of {name, tensor} (names "first.<parameter>", "second.<parameter>")
  -- @treturn integer steps
  function ModuleOptimizer:state()
    local moments, list = { self.core:moments() }, {}
    for i, name in ipairs(self.names) do
      for k, tensors in ipairs(moments) do
        list[#list + 1] = { moment_names[k] .. "." .. name, tensors[i] }
      end
    end
    return list, self.core:steps()
  end

  --- Sets that state, or raises and leaves all as it was.
  -- @tparam table values tensors by name
  -- @tparam integer steps
  function ModuleOptimizer:restore(values, steps)
    local list = self:state()
    for _, pair in ipairs(list) do
      local name, value = pair[1], values[pair[1]]
      if not value then
        error(("%s: the state lacks %s"):format(self.kind, name), 0)
      end
      local shape, wanted = table.concat(value.shape, ", "), table.concat(pair[2].shape, ", ")
      if shape ~= wanted then
        error(("%s: %s of the state has shape {%s}, but {%s} was expected"):format(self.kind, name,
          shape, wanted), 0)
      end
    end
    if math.type(steps) ~= "integer" or steps < 0 then
      error(("%s: steps must be a whole number, not negative, not %s"):format(self.kind,
        tostring(steps)), 0)
    end
    for _, pair in ipairs(list) do
      pair[2]:copy_(values[pair[1]])
    end
    self.core:steps(steps)
  end
end
