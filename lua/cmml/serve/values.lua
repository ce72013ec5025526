--- Values of graphs that are being written with less: their sizes in both traces.
--
-- @module cmml.serve.values
local values = {}

--- Whether two values have the same sizes, whatever is given.
-- @tparam table a value
-- @tparam table b value
-- @treturn boolean
function values.same_sizes(a, b)
  if #a.sizes ~= #b.sizes then
    return false
  end
  for d = 1, #a.sizes do
    if a.sizes[d] ~= b.sizes[d] or a.others[d] ~= b.others[d] then
      return false
    end
  end
  return true
end

--- Whether a value has one row, whatever is given.
-- @tparam table value
-- @treturn boolean
function values.is_one_row(value)
  return value.sizes[1] == 1 and value.others[1] == 1
end

--- Whether segments are those of one task.
-- @tparam table value
-- @treturn boolean
function values.is_one_task(value)
  return value.kind == "segments" and values.is_one_row(value)
end

--- The value that an argument is.
-- @param argument
-- @treturn ?table nil where it is none
function values.of(argument)
  return type(argument) == "table" and argument.value or nil
end

--- An argument that may be left out.
-- @param argument
-- @return nil where it is
function values.optional(argument)
  if type(argument) ~= "table" then
    return argument
  end
end

return values
