-- One case of known answers: its config and tensors, handed out to the kind that computes it. What
-- nobody asked for is found at the end: a config key that the kind does not know, an input that it
-- did not use, an expected tensor that it did not compute.
local cmml = require "cmml"

local Case = {}
Case.__index = Case

local Skip = {}

--- A case.
-- @tparam table fields name, description, config, tolerance, tensors (by name: shape, values,
-- integer)
-- @treturn Case
function Case.new(fields)
  return setmetatable({
    name = fields.name, description = fields.description, config = fields.config,
    tolerance = fields.tolerance, tensors = fields.tensors,
    read = {}, used = {}, leaves = {}, computed = {},
  }, Case)
end

--- Gives up on a case that is not covered yet.
-- @tparam string reason
function Case.skip(reason)
  error(setmetatable({ reason = reason }, Skip), 0)
end

--- The reason if an error came from `skip`.
-- @param problem
-- @treturn ?string
function Case.skipped(problem)
  return getmetatable(problem) == Skip and problem.reason or nil
end

--- Skips the case unless the library has these functions.
-- @tparam string ... names of ops
function Case:needs(...)
  for _, name in ipairs { ... } do
    if type(cmml[name]) ~= "function" then
      self.skip(("no op %s yet"):format(name))
    end
  end
end

--- Whether the file has a tensor.
-- @tparam string name
-- @treturn boolean
function Case:has(name)
  return self.tensors[name] ~= nil
end

--- Whether the equation that the file states contains a word, in any case. For the few kinds that
-- differ in their equation alone.
-- @tparam string word
-- @treturn boolean
function Case:says(word)
  return self.description:lower():find(word:lower(), 1, true) ~= nil
end

--- The value of a config key.
-- @tparam string key
-- @param fallback for an absent key; without one the key must be there
-- @return the value
function Case:option(key, fallback)
  self.read[key] = true
  local value = self.config[key]
  if value == nil then
    value = fallback
  end
  if value == nil then
    error(("config has no key %s"):format(key), 0)
  end
  return value
end

--- Demands that a size in the config is that of the data.
-- @tparam string key
-- @tparam number|table actual a number, or (nested) lists of numbers
function Case:size(key, actual)
  local function text(value)
    if type(value) ~= "table" then
      return ("%.14g"):format(value)
    end
    local parts = {}
    for i, part in ipairs(value) do
      parts[i] = text(part)
    end
    return "[" .. table.concat(parts, ", ") .. "]"
  end
  local stated, found = text(self:option(key)), text(actual)
  if stated ~= found then
    error(("config.%s is %s, but the data have %s"):format(key, stated, found), 0)
  end
end

--- A stored tensor as it stands in the file.
-- @tparam string name
-- @treturn table shape, values, integer
function Case:stored(name)
  local stored = self.tensors[name]
  if not stored then
    error(name .. " is missing", 0)
  end
  self.used[name] = true
  return stored
end

--- A parameter or float input; a leaf if the file has its gradient.
-- @tparam string name
-- @treturn Tensor the same one each time
function Case:tensor(name)
  local gradient = name:gsub("^param%.", "")
  if self.leaves[gradient] then
    return self.leaves[gradient]
  end
  local stored = self:stored(name)
  if stored.integer then
    error(name .. " holds integers; floats were expected", 0)
  end
  local tensor = cmml.tensor(#stored.shape == 0 and stored.values[1] or stored.values)
  if #stored.shape > 1 then
    tensor = tensor:reshape(stored.shape):clone()
  end
  if self:has("grad." .. gradient) then
    self:leaf(gradient, tensor:track())
  end
  return tensor
end

--- Announces a tensor that the gradient of the loss is asked for.
-- @tparam string name what follows `grad.`
-- @tparam Tensor tensor
function Case:leaf(name, tensor)
  self.leaves[name] = tensor
end

--- An integer input as a flat list.
-- @tparam string name
-- @treturn table
-- @treturn table shape
function Case:integers(name)
  local stored = self:stored(name)
  if not stored.integer then
    error(name .. " holds floats; integers were expected", 0)
  end
  return stored.values, stored.shape
end

--- An integer input as row numbers: 0-based in the file, 1-based in Lua.
-- @tparam string name
-- @treturn Ids
-- @treturn table shape
function Case:ids(name)
  local list, shape = self:integers(name)
  local ids = {}
  for i, index in ipairs(list) do
    ids[i] = index + 1
  end
  return cmml.ids(ids), shape
end

--- An integer input as lengths of groups.
-- @tparam string name
-- @treturn Segments
function Case:segments(name)
  return cmml.segments((self:integers(name)))
end

--- States a computed value for an expected tensor.
-- @tparam string name
-- @param value a tensor, a number or nested lists
function Case:expect(name, value)
  self.computed[name] = value
end

--- The names that have a prefix, without it, sorted.
-- @tparam string prefix
-- @treturn table
function Case:names(prefix)
  local list = {}
  for name in pairs(self.tensors) do
    if name:sub(1, #prefix) == prefix then
      list[#list + 1] = name:sub(#prefix + 1)
    end
  end
  table.sort(list)
  return list
end

--- States the loss, and the gradients of everything that was handed out as a leaf.
-- @tparam Tensor loss
-- @tparam[opt] table options create_graph, retain
-- @treturn table gradients by name
function Case:differentiate(loss, options)
  self:expect("loss", loss)
  for _, name in ipairs(self:names "param.") do
    if not self:has("grad." .. name) then
      error(("grad.%s is missing"):format(name), 0)
    end
  end
  local gradients = cmml.grad(loss, self.leaves, options)
  for name, gradient in pairs(gradients) do
    self:expect("grad." .. name, gradient)
  end
  return gradients
end

return Case
