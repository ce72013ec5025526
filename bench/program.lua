--- What the programs of the benchmark begin with: the options that they were called with, and how
-- they end where something is wrong. Requiring it gives figures their point.
os.setlocale "C"

local options = require "cmml.base.options"

local program = {}

--- Ends the program.
-- @tparam string message what is wrong
function program.fail(message)
  io.stderr:write("bench: ", (tostring(message):gsub("^%S+:%d+: ", "")), "\n")
  os.exit(1, true)
end

--- The values of the options that the program was called with. With --help it shows `usage` and the
-- options, and ends; where an option is wrong it ends, too.
-- @tparam string name of the file
-- @tparam string usage without an end of line
-- @tparam table declarations of the options; help is added
-- @treturn table
function program.options(name, usage, declarations)
  local all = table.move(declarations, 1, #declarations, 1, {})
  all[#all + 1] = { name = "help", kind = "boolean", help = "this text" }
  local known = options.declare("bench/" .. name, all)
  if table.concat(arg, " "):find "%-%-help" then -- whatever else is missing
    print(usage .. "\n")
    print(table.concat(known:help { all = true }, "\n"))
    os.exit(0, true)
  end
  local values, message = known:parse(arg)
  return values and known:check(values) or program.fail(message)
end

--- The arrays that a peer reads, and what adds to them.
-- @treturn table a list for `core.write_archive`
-- @treturn function of (name, value): adds a Tensor, or a list of integers
function program.arrays()
  local list = {}
  return list, function(name, value)
    list[#list + 1] = { name = name, value = value,
      dtype = type(value) == "table" and "I32" or nil }
  end
end

return program
