--- Rates of the steps of networks that adapt: as they are given, and as parameters that are learnt.
--
-- @module cmml
local raise = require("cmml.base.args").error

return function(cmml)
  local core = cmml.core
  local inner_rates = {}

  --- A rate for each place; raises unless one is given, or one for each.
  -- @tparam string what the function that was called
  -- @tparam {number,...} given
  -- @tparam integer count number of places
  -- @tparam string places in words, as in "3 layers"
  -- @treturn {number,...}
  function inner_rates.each(what, given, count, places)
    if #given ~= 1 and #given ~= count then
      raise(("%s: inner_rate has %d rates for %s; give one, or one for each"):format(what, #given,
        places), 3)
    end
    local list = {}
    for place = 1, count do
      list[place] = given[place] or given[1]
    end
    return list
  end

  --- A parameter of a rate that is learnt.
  -- @tparam table init as `nn.init` gives it
  -- @tparam table shape
  -- @tparam number rate what it begins with
  -- @treturn Tensor
  function inner_rates.parameter(init, shape, rate)
    local parameter = init.uniform(shape, 1)
    cmml.no_grad(parameter.copy_, parameter, core.full(shape, rate))
    return parameter
  end

  return inner_rates
end
