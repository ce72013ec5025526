--- What specs of CMML for lists have in common: a small world, a small model, somebody who likes
-- loud films.
local people = require "spec.support.people"
local with = require "spec.support.merged"

return function(cmml)
  local lists = {
    world = { users = 60, items = 12, rated = 8 },
    options = { width = 16, backbone = { 16, 16 }, hyper = { 16, 16 }, dropout = 0.2 },
    training = { epochs = 6, batch = 16, support = 4, query = 3, lr = 0.01 },
    loud = { { "f1", 5 }, { "f3", 4.5 }, { "f2", 1 } },
  }

  lists.data = people.data(cmml, lists.world)

  --- A model trained on a data set.
  -- @tparam Dataset of
  -- @tparam[opt] table options of the model, beside those above
  -- @tparam[opt] table changes of the training
  -- @treturn Recommender
  -- @treturn table what `cmml.train` gives
  function lists.trained(of, options, changes)
    local model = cmml.recommenders.cmml_lists(of.catalogue, with(lists.options, options or {}))
    return model, cmml.train(model, of, with(lists.training, changes or {}))
  end

  --- The raw ids that a model lists after a support.
  -- @tparam Recommender model
  -- @tparam table support
  -- @tparam[opt=5] integer n
  -- @treturn table
  function lists.list_of(model, support, n)
    local list = {}
    for i, shown in ipairs(model:adapt(support):recommend { n = n or 5 }) do
      list[i] = shown.item
    end
    return list
  end

  return lists
end
