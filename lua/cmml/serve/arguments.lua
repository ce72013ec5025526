--- Arguments of nodes, in the form that graphs have.
--
-- @module cmml.serve.arguments
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local arguments = {}

--- The entries of a list, or of a table of arguments by their names: always in the same order, so
-- that a model frozen twice is the same file.
-- @param argument with list or fields
-- @treturn function iterator over keys and arguments
function arguments.entries(argument)
  if argument.list then
    return ipairs(argument.list)
  end
  local keys, at = args.keys(argument.fields), 0
  return function()
    at = at + 1
    return keys[at], argument.fields[keys[at]]
  end
end

--- Calls a function for each value in an argument, sizes of values among them.
-- @param argument
-- @tparam function f of (value)
function arguments.each_value(argument, f)
  if type(argument) == "table" then
    local value = argument.value or argument.size
    if value then
      f(value)
    end
    if argument.list or argument.fields then
      for _, inner in arguments.entries(argument) do
        arguments.each_value(inner, f)
      end
    end
  end
end

--- An argument in which other values stand for some.
-- @param argument
-- @tparam function f of (value): the value that stands for it
-- @tparam ?function of_size of (argument): what stands for a size; default: that of what `f` gives
-- @return argument
function arguments.mapped(argument, f, of_size)
  if type(argument) ~= "table" or argument.none then
    return argument
  elseif argument.value then
    return { value = f(argument.value) }
  elseif argument.size then
    return of_size and of_size(argument) or { size = f(argument.size), dim = argument.dim,
      times = argument.times, plus = argument.plus }
  end
  local own = {}
  for key, inner in arguments.entries(argument) do
    own[key] = arguments.mapped(inner, f, of_size)
  end
  return argument.list and { list = own } or { fields = own }
end

--- A text that is the same for arguments that mean the same.
-- @param argument
-- @tparam function name of (value): a text, or number, that belongs to it alone
-- @treturn string
function arguments.key(argument, name)
  if type(argument) ~= "table" then
    return math.type(argument) == "float" and plain.format("%a", argument)
      or type(argument) .. tostring(argument)
  end
  local value = argument.value or argument.size
  if value then
    return plain.format("%s%s.%d.%d.%d", argument.value and "v" or "s", name(value),
      argument.dim or 0, argument.times or 0, argument.plus or 0)
  end
  local words = {}
  if argument.none then
    return "n"
  end
  for key, inner in arguments.entries(argument) do
    words[#words + 1] = tostring(key) .. "=" .. arguments.key(inner, name)
  end
  return (argument.list and "l(" or "f(") .. table.concat(words, ",") .. ")"
end

return arguments
