--- A model from a file.
local cmml = require "cmml"

--- What a model is after it was saved and loaded.
-- @tparam Recommender model
-- @treturn Recommender
return function(model)
  local path = os.tmpname()
  assert(model:save(path))
  local loaded = assert(cmml.load(path))
  os.remove(path)
  return loaded
end
