--- The functions that compute cells, by name: of experiments with cells of their own, of
-- evaluations and of trials. A process that computes a cell finds its function here.
--
-- @module cmml.experiment.computations
local raise = require("cmml.base.args").error

local computations = {}
local by_library = setmetatable({}, { __mode = "k" })

--- Adds a function that computes cells.
-- @tparam table cmml the library
-- @tparam string name
-- @tparam function f of the settings of a cell and a function to be called with how far it is;
-- gives the result, plain data
function computations.add(cmml, name, f)
  by_library[cmml] = by_library[cmml] or {}
  by_library[cmml][name] = f
end

--- The function that computes cells under a name; raises where there is none.
-- @tparam table cmml the library
-- @tparam string name
-- @treturn function
function computations.find(cmml, name)
  local found = cmml.experiments and by_library[cmml][name] -- experiments are loaded by their name
  return found or raise(("there is no experiment %s with cells of its own here: name the file that "
    .. "registers it by load or modules"):format(name), 0)
end

return computations
