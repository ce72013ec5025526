--- A small model, frozen, and predictors of it.
local people = require "spec.support.people"

return function(cmml)
  local predicting = { data = people.data(cmml, { users = 40, items = 24, rated = 10 }) }
  predicting.model = cmml.cmml(predicting.data.catalogue, people.small(1))
  predicting.frozen = cmml.freeze(predicting.model)

  --- A predictor.
  -- @tparam[opt] table limits
  -- @treturn Predictor
  function predicting.open(limits)
    return assert(cmml.predictor(predicting.frozen, limits))
  end

  return predicting
end
