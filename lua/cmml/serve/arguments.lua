--- Arguments of nodes, in the form that graphs have.
--
-- @module cmml.serve.arguments
local arguments = {}

--- Calls a function for each value in an argument, sizes of values among them.
-- @param argument
-- @tparam function f of (value)
function arguments.each_value(argument, f)
  if type(argument) == "table" then
    local value = argument.value or argument.size
    if value then
      f(value)
    end
    for _, inner in pairs(argument.list or argument.fields or {}) do
      arguments.each_value(inner, f)
    end
  end
end

return arguments
