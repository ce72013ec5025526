--- What computes the cells of experiments, replaced for a while.
local cmml = require "cmml"
local computations = require "cmml.experiment.computations"

local computing = {}

--- Calls a function while cells are computed by another one, and gives what it gives.
-- @tparam string name of the computation, see experiment/computations.lua
-- @tparam function instead of the function that computes cells: gives the one to use
-- @tparam function f
-- @param ... its arguments
function computing.with(name, instead, f, ...)
  local compute = computations.find(cmml, name)
  computations.add(cmml, name, instead(compute))
  local results = table.pack(pcall(f, ...))
  computations.add(cmml, name, compute)
  assert(results[1], results[2])
  return table.unpack(results, 2, results.n)
end

--- The settings of the cells of an experiment, in order, without computing any.
-- @tparam string|table name
-- @tparam[opt] table options
-- @treturn table list
-- @treturn table what the experiment gives
function computing.settings_of(name, options)
  local list = {}
  local result = computing.with("evaluation", function()
    return function(settings)
      list[#list + 1] = settings
      return { metrics = {} }
    end
  end, cmml.experiment, name, options)
  return list, result
end

return computing
