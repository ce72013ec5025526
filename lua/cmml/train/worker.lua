--- What the threads of a team run: the Lua state of each further thread requires this module.
--
-- @module cmml.train.worker
local output = require "cmml.base.output"

local worker = {}

--- The function that computes a shard: its share of the loss, and the gradients of that, which are
-- added to the optimiser's.
-- @tparam Recommender model
-- @tparam Tasks tasks
-- @tparam Optimizer optimizer of the core
-- @tparam ?boolean in_thread whether the caller's state does not see what the model leaves out
-- @treturn function of a shard {draw, people (list of user rows), weight} giving weight * loss
function worker.step(model, tasks, optimizer, in_thread)
  return function(shard)
    local loss = model:loss(tasks:draw(shard.draw, shard.people)) * shard.weight
    local value = loss:item()
    optimizer:backward(loss)
    if model.left_out and in_thread then -- only here it is known
      output.tell(("left out of the loss: %d tasks; the first: %s"):format(model.left_out.count,
        model.left_out.text))
      model.left_out = nil
    end
    return value
  end
end

--- Makes model, tasks and optimiser again in the state of a thread.
-- @tparam table setup as `cmml.team` sends it: modules, dtype, model, tasks, names (of the
-- parameters in the order of the optimiser)
-- @treturn function step
-- @treturn Optimizer
function worker.start(setup)
  -- The process is the caller's to end: other threads are in the midst of their work.
  os.exit = function() -- luacheck: ignore 122
    error("os.exit was called in a thread of a team", 2)
  end
  for _, name in ipairs(setup.modules) do
    require(name)
  end
  local cmml = require "cmml"
  cmml = setup.dtype == "float64" and cmml.double or cmml
  local ok, model = pcall(cmml.import_recommender, setup.model)
  if not ok then
    error(("%s (a thread starts afresh: name what it has to require first, such as the modules "
      .. "that register components of your own, in the option modules)"):format(tostring(model)), 0)
  end
  local parameters, list = {}, {}
  for name, tensor in model.module:parameters() do
    parameters[name] = tensor
  end
  for i, name in ipairs(setup.names) do
    list[i] = parameters[name] or error(("the model made there has no parameter %s"):format(name),
      0)
  end
  local optimizer = cmml.core.optimizer(list, 0)
  return worker.step(model, cmml.settings:get(setup.setting).make_tasks(setup.tasks),
    optimizer, true), optimizer
end

return worker
