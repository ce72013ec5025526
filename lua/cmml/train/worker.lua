--- What the threads of a team run: the Lua state of each further thread requires this module.
--
-- @module cmml.train.worker
local worker = {}

--- The loss of some tasks, and what it leaves out of them.
-- @tparam Recommender model
-- @tparam Tasks tasks
-- @tparam integer draw
-- @tparam table people list of user rows
-- @treturn Tensor the mean over the tasks that it does not leave out
-- @treturn integer how many these are
-- @treturn ?table what is left out, see `Recommender`
function worker.loss(model, tasks, draw, people)
  model.left_out = nil
  local loss = model:loss(tasks:draw(draw, people))
  local out = model.left_out
  model.left_out = nil
  return loss, #people - (out and out.count or 0), out
end

--- What two losses left out, as one.
-- @tparam ?table a count, text
-- @tparam ?table b likewise, of what comes later
-- @treturn ?table likewise; nil where there is neither
function worker.sum(a, b)
  if not (a and b) then
    return a or b
  end
  return { count = a.count + b.count, text = a.text }
end

--- The function that computes a shard: its share of the loss, and the gradients of that, which are
-- added to the optimiser's.
-- @tparam Recommender model
-- @tparam Tasks tasks
-- @tparam Optimizer optimizer of the core
-- @treturn function of a shard {draw, people (list of user rows), all (how many the batch has)}
-- giving the sum of the losses of its tasks over `all`, and what it leaves out
function worker.step(model, tasks, optimizer)
  return function(shard)
    local loss, count, out = worker.loss(model, tasks, shard.draw, shard.people)
    if count == 0 then
      return 0, out
    end
    loss = loss * (count / shard.all)
    local value = loss:item()
    optimizer:backward(loss)
    return value, out
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
    optimizer), optimizer
end

return worker
