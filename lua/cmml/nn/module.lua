--- Modules: trees of named parameters.
--
-- A module is a table with a `forward` method. Parameters are tensors in its fields, children are
-- modules; both are announced once, in order, with `register`. Layers read their weights from their
-- fields alone, so `cmml.nn.functional` can run any module, also one written by a user, with other
-- weights: it calls a copy of the tree whose fields hold those.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local nn = cmml.nn

  --- What every layer is. `module(..)` calls its forward.
  -- @tfield table registered names of the parameters and children, in order
  -- @tfield table flat which children's parameters are named as the module's own
  -- @tfield ?table unlearnt which of its own parameters no optimiser changes, as what is chosen by
  -- other means than gradients: true by name
  local Module = { __name = "cmml.Module" }
  Module.__index = Module
  nn.Module = Module

  --- A class of modules.
  -- @tparam string name shown by tostring, for example "cmml.Linear"
  -- @treturn Module the class: give it a forward method; make objects with class.new()
  function nn.class(name)
    args.expect("nn.class: name", name, "string")
    local class = setmetatable({ __name = name, __tostring = Module.__tostring }, Module)
    class.__index = class
    class.__call = function(self, ...)
      return self:forward(...)
    end
    function class.new()
      return setmetatable({ registered = {}, flat = {} }, class)
    end
    return class
  end

  -- Two parameters of one name could be neither saved nor told apart.
  local function check_names(self, child)
    local taken = {}
    for name in self:parameters() do
      taken[name] = true
    end
    for name in child:parameters() do
      if taken[name] then
        raise(("register: %s has a parameter %s already"):format(tostring(self), name), 3)
      end
    end
  end

  --- Announces a parameter (a tensor, which becomes tracked) or a child module as a field.
  -- @tparam string name field; names are joined by dots in `parameters`
  -- @param value a tensor or a module
  -- @tparam[opt] boolean flat name the child's parameters as if they were the parent's own
  -- @return value
  function Module:register(name, value, flat)
    args.expect("register: name", name, "string", 2)
    if self[name] ~= nil then
      raise(("register: %s has a %s already"):format(tostring(self), name), 2)
    end
    if cmml.is_tensor(value) then
      args.call(value.track, value)
    elseif type(value) ~= "table" or type(value.named_parameters) ~= "function" then
      raise(("register: %s must be a tensor or a module, not %s"):format(name, type(value)), 2)
    end
    if flat then
      check_names(self, value)
    end
    self.registered[#self.registered + 1] = name
    self.flat[name] = flat or nil
    self[name] = value
    return value
  end

  -- The name of a module's field, given the module's own prefix.
  local function path_of(module, prefix, name)
    return module.flat[name] and prefix or prefix .. name .. "."
  end

  -- A module that contains itself would be walked until memory is full.
  local deepest = 1000
  local function check_depth(depth)
    if depth > deepest then
      raise(("modules are nested more than %d deep: does one contain itself?")
        :format(deepest), 0)
    end
  end

  local function walk(module, prefix, depth, visit)
    check_depth(depth)
    for _, name in ipairs(module.registered) do
      local value = module[name]
      if cmml.is_tensor(value) then
        visit(prefix .. name, value, not (module.unlearnt and module.unlearnt[name]))
      else
        walk(value, path_of(module, prefix, name), depth + 1, visit)
      end
    end
  end

  --- All parameters in a fixed order.
  -- @tparam[opt=false] boolean learnt whether those that no optimiser changes are left out
  -- @treturn table list of {name, tensor}
  function Module:named_parameters(learnt)
    local list = {}
    walk(self, "", 0, function(name, tensor, is_learnt)
      list[#list + 1] = (is_learnt or not learnt) and { name, tensor } or nil
    end)
    return list
  end

  --- Iterates over names and tensors in a fixed order.
  -- @treturn function
  function Module:parameters()
    local list, i = self:named_parameters(), 0
    return function()
      i = i + 1
      if list[i] then
        return list[i][1], list[i][2]
      end
    end
  end

  --- How many numbers the parameters hold.
  -- @treturn integer
  function Module:count()
    local sum = 0
    for _, tensor in self:parameters() do
      sum = sum + tensor.count
    end
    return sum
  end

  --- Sets parameters from a table by name; every parameter must be there, with its shape.
  -- @tparam table values tensors by name
  function Module:load_parameters(values)
    if type(values) ~= "table" then
      raise("load_parameters: a table of tensors by name was expected, not " .. type(values), 2)
    end
    cmml.no_grad(function()
      for name, tensor in self:parameters() do
        local value = values[name]
        if not value then
          raise(("load_parameters: %s is missing"):format(name), 0)
        end
        if table.concat(value.shape, "x") ~= table.concat(tensor.shape, "x") then
          raise(("load_parameters: %s has shape %s, but %s was expected"):format(name,
            table.concat(value.shape, "x"), table.concat(tensor.shape, "x")), 0)
        end
        tensor:copy_(value)
      end
    end)
  end

  --- The tree with shapes and the number of parameters, as text.
  -- @treturn string
  function Module:describe()
    local lines = {}
    for name, tensor in self:parameters() do
      lines[#lines + 1] = ("%-36s %s"):format(name, table.concat(tensor.shape, "x"))
    end
    lines[#lines + 1] = ("%-36s %d"):format("parameters", self:count())
    return table.concat(lines, "\n")
  end

  function Module:__tostring()
    return ("[%s, %d parameters]"):format(getmetatable(self).__name, self:count())
  end

  --- Runs a module with other weights than its own.
  -- @tparam Module module
  -- @tparam table params tensors by name, as `named_parameters` names them; the others stay
  -- @treturn Module a module over those weights, sharing all else
  function cmml.nn.functional(module, params)
    if type(module) ~= "table" or type(module.registered) ~= "table" then
      raise("nn.functional: a module was expected, not " .. type(module), 2)
    elseif type(params) ~= "table" then
      raise("nn.functional: a table of tensors by name was expected, not " .. type(params), 2)
    end
    for name, value in pairs(params) do
      if not cmml.is_tensor(value) then
        raise(("nn.functional: %s must be a tensor, not %s"):format(args.shown(name),
          type(value)), 2)
      end
    end
    local used = {}
    local function copy(original, prefix, depth)
      check_depth(depth)
      local clone = setmetatable({}, getmetatable(original))
      for key, value in pairs(original) do
        clone[key] = value
      end
      for _, name in ipairs(original.registered) do
        if not cmml.is_tensor(original[name]) then
          clone[name] = copy(original[name], path_of(original, prefix, name), depth + 1)
        elseif params[prefix .. name] then
          clone[name], used[prefix .. name] = params[prefix .. name], true
        end
      end
      return clone
    end
    local result = copy(module, "", 0)
    for name in pairs(params) do
      if not used[name] then
        raise(("nn.functional: %s has no parameter %s"):format(tostring(module),
          args.shown(name)), 2)
      end
    end
    return result
  end
end
