--- Optimisers.
--
-- @module cmml
local args = require "cmml.base.args"
local option_sets = require "cmml.base.options"
local plain = require "cmml.base.plain"
local parameter_groups = require "cmml.optim.groups"
local raise = args.error

local weight_decay = { name = "weight_decay", kind = "number", from = 0, default = 0,
  help = "L2 penalty, added to the gradient" }
local clip = { name = "clip", kind = "number", above = 0, infinite = true,
  help = "bound of the absolute value of each gradient entry, before the decay" }

-- What a kind of optimiser takes for each group of parameters.
local of_group = {
  adam = option_sets.declare("optim.adam: of a group", {
    { name = "lr", kind = "number", from = 0, default = 1e-3, help = "learning rate" },
    { name = "beta1", kind = "number", from = 0, below = 1, default = 0.9,
      help = "decay of the mean of the gradients" },
    { name = "beta2", kind = "number", from = 0, below = 1, default = 0.999,
      help = "decay of the mean of their squares" },
    { name = "eps", kind = "number", from = 0, default = 1e-8,
      help = "added to the root of that mean" },
    weight_decay,
    { name = "decoupled", kind = "boolean", default = false,
      help = "take the decay off the parameters instead, as AdamW does" },
    { name = "sparse", kind = "boolean", default = false,
      help = "leave rows whose gradient is zero out of a step" },
    clip,
  }),
  sgd = option_sets.declare("optim.sgd: of a group", {
    { name = "lr", kind = "number", from = 0, default = 1e-2, help = "learning rate" },
    { name = "momentum", kind = "number", from = 0, below = 1, default = 0,
      help = "factor of the last step that is kept" },
    { name = "nesterov", kind = "boolean", default = false,
      help = "look ahead along the momentum (Nesterov)" },
    weight_decay, clip,
  }),
}

local of_all = option_sets.declare("optim: all parameters", {
  { name = "clip_norm", kind = "number", above = 0, infinite = true,
    help = "bound of the 2-norm of the gradient of all parameters together, before clip" },
  { name = "groups", kind = "table", default = {},
    help = "list of {parameters = .., options of their own}" },
})

local known = {
  adam = option_sets.join("optim.adam", of_group.adam, of_all),
  sgd = option_sets.join("optim.sgd", of_group.sgd, of_all),
}

local its_parameters = option_sets.declare("optim: parameters of a group", {
  { name = "parameters", kind = "any", required = true,
    help = "a name or a list of names of parameters, of modules, or with * for any text" },
  { name = "lr_factor", kind = "number", from = 0,
    help = "learning rate in place of lr, as a multiple of the common one, which it follows" },
})

local of_own = {
  adam = option_sets.join("optim.adam groups", its_parameters, of_group.adam),
  sgd = option_sets.join("optim.sgd groups", its_parameters, of_group.sgd),
}

local moment_names = { "first", "second" }

local function check_momentum(what, opt)
  if opt.nesterov and opt.momentum == 0 then
    raise(what .. ": nesterov needs a momentum above 0", 5)
  end
end

-- Groups are a list: an entry under a name would be ignored.
local function check_groups(kind, list)
  for key in pairs(list) do
    if math.type(key) ~= "integer" or key < 1 or key > #list then
      raise(("optim.%s: groups must be a list of tables, {{parameters = ..}, ..}, without %s")
        :format(kind, args.shown(key)), 5)
    end
  end
end

local function read_options(kind, given)
  local common = known[kind]:check(given, 5)
  check_momentum("optim." .. kind, common)
  check_groups(kind, common.groups)
  return common
end

-- The options of a group: its own over the common ones.
local function read_group(kind, number, group, common)
  local what = ("optim.%s: group %d"):format(kind, number)
  local result = of_own[kind]:check(group, 5, what)
  for declared in of_group[kind]:each() do
    local name = declared.name
    if group[name] == nil then
      result[name] = common[name]
    end
  end
  check_momentum(what, result)
  if group.lr_factor and group.lr then
    raise(what .. ": lr and lr_factor exclude each other", 5)
  elseif group.lr_factor then
    result.lr = group.lr_factor * common.lr
  end
  result.own_lr = group.lr
  return result
end

return function(cmml)
  local core = cmml.core
  local ModuleOptimizer = { __name = "cmml.ModuleOptimizer" }
  ModuleOptimizer.__index = ModuleOptimizer

  -- The parameters lie group by group, so that a step is one loop per group.
  local function make(kind, module, options)
    if type(module) ~= "table" or type(module.named_parameters) ~= "function" then
      raise(("optim.%s: a module was expected, not %s"):format(kind, type(module)), 3)
    end
    local common = read_options(kind, options)
    local self = setmetatable({ kind = kind, what = "optim." .. kind, options = common,
      groups = {}, names = {}, first_lr = common.lr }, ModuleOptimizer)
    local names, tensors, wanted, list, moments = {}, {}, {}, {}, kind == "adam" and 2 or 0
    for i, pair in ipairs(module:named_parameters(true)) do
      names[i], tensors[i] = pair[1], pair[2]
    end
    for g, group in ipairs(common.groups) do
      self.groups[g] = read_group(kind, g, group, common)
      wanted[g] = self.groups[g].parameters
    end
    self.groups[#wanted + 1] = read_group(kind, #wanted + 1, { parameters = {} }, common)
    for g, places in ipairs(parameter_groups.divide("optim." .. kind, names, wanted)) do
      self.groups[g].parameters = #places
      for _, i in ipairs(places) do
        self.names[#self.names + 1], list[#list + 1] = names[i], tensors[i]
      end
      if self.groups[g].momentum and self.groups[g].momentum > 0 then
        moments = 1
      end
    end
    self.core = args.call(core.optimizer, list, moments)
    return self
  end

  --- Adam over the parameters of a module (Kingma and Ba 2015).
  --
  -- weight_decay is the classic L2 penalty; with decoupled = true it is AdamW's.
  --
  -- With sparse = true, rows (of the first dimension) whose gradient is zero throughout are left
  -- out of a step: their values and moments stay as they are. This is another algorithm than Adam,
  -- in which the moments of such rows decay and go on moving them. It suits tables of which a step
  -- uses few rows.
  --
  -- `groups` is a list of tables: `parameters`, a name or a list of names of parameters, of modules
  -- (for all beneath), or with * for any text, and any options but clip_norm and groups, which
  -- hold for these parameters instead of the common ones: an `lr` of its own stays where the common
  -- one is changed by an option, as in PyTorch, an `lr_factor` follows it.
  -- @tparam Module module
  -- @tparam[opt] table options
  -- @treturn ModuleOptimizer with backward(loss), step(), norm(), clear(), set_lr(lr), state() and
  -- restore(values, steps)
  function cmml.optim.adam(module, options)
    return (make("adam", module, options))
  end

  --- Gradient descent over the parameters of a module.
  -- @tparam Module module
  -- @tparam[opt] table options groups are as those of `optim.adam`
  -- @treturn ModuleOptimizer
  function cmml.optim.sgd(module, options)
    return (make("sgd", module, options))
  end

  --- Adds the gradients of a loss to those of the next step, and frees its graph.
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

  --- Takes one step; the gradients are zero afterwards. A NaN in a gradient makes its parameter
  -- NaN, too; with `clip_norm`, which cannot scale it, it is an error, and nothing changes.
  function ModuleOptimizer:step()
    local limit, scale = self.options.clip_norm, 1
    if limit then
      local norm = self.core:norm()
      if norm ~= norm or norm == math.huge then
        raise(("%s: %s is not finite: no step was taken"):format(self.what, blame(self)), 2)
      end
      scale = norm > limit and limit / norm or 1
    end
    self.core[self.kind](self.core, self.groups, scale)
  end

  --- Sets the learning rate. Groups with a rate or a factor of their own keep its ratio to the
  -- common one.
  -- @tparam number lr
  function ModuleOptimizer:set_lr(lr)
    if math.type(lr) == nil or not (lr >= 0 and lr < math.huge) then
      raise(("set_lr: lr must be finite and not negative, not %s"):format(plain.tostring(lr)), 2)
    end
    for g, group in ipairs(self.groups) do
      if group.own_lr and self.first_lr == 0 then
        raise(("set_lr: the rate of group %d has no ratio to the common rate, which is 0")
          :format(g), 2)
      end
    end
    for _, group in ipairs(self.groups) do
      group.lr = group.own_lr and group.own_lr / self.first_lr * lr or (group.lr_factor or 1) * lr
    end
    self.options.lr = lr
  end

  --- The state that resuming needs besides the parameters: moments by name, number of steps.
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

  --- Restores that state, or raises and changes nothing.
  -- @tparam table values tensors by name
  -- @tparam integer steps
  function ModuleOptimizer:restore(values, steps)
    local list = self:state()
    for _, pair in ipairs(list) do
      local name, value = pair[1], values[pair[1]]
      if not value then
        raise(("%s: the state lacks %s"):format(self.what, name), 0)
      end
      local shape, wanted = table.concat(value.shape, ", "), table.concat(pair[2].shape, ", ")
      if shape ~= wanted then
        raise(("%s: %s of the state has shape {%s}, but {%s} was expected"):format(self.what, name,
          shape, wanted), 0)
      elseif not value:isfinite() or name:find "^second%." and core.sum(core.lt(value, 0)):item()
        > 0 then
        raise(("%s: %s of the state has numbers that no step leaves"):format(self.what, name), 0)
      end
    end
    if math.type(steps) ~= "integer" or steps < 0 then
      raise(("%s: steps must be a whole number, not negative, not %s"):format(self.what,
        plain.tostring(steps)), 0)
    end
    for _, pair in ipairs(list) do
      pair[2]:copy_(values[pair[1]])
    end
    self.core:steps(steps)
  end
end
