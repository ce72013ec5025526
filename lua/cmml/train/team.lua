--- Teams: the gradient of a batch, computed in shards by several threads.
--
-- A batch of tasks is cut into shards. The loss and the gradients of each are computed apart, and
-- summed in the order of the shards. The number of shards therefore decides the bits of the result,
-- the number of threads does not.
--
-- The first thread is the caller's. Each other has a Lua state of its own, in which the recommender
-- is made again from what a model file would keep of it, and the parameters are copied at every
-- step. What only this state knows (components that a script registers, fields that were changed)
-- is unknown there.
--
-- @module cmml
local args = require "cmml.base.args"
local worker = require "cmml.train.worker"
local raise = args.error

local known = require("cmml.base.options").declare("team", {
  { name = "shards", kind = "integer", default = 1, from = 1,
    help = "number of parts of a batch, at most one a task; 1: the whole at once" },
  { name = "threads", kind = "integer", default = 1, from = 1,
    help = "number of threads, the caller's among them, at most one a shard" },
  { name = "modules", kind = "table", default = {},
    help = "names of modules that each other thread has to require first" },
})

return function(cmml)
  local core = cmml.core
  local Team = { __name = "cmml.Team" }
  Team.__index = Team

  -- What the other threads make theirs from.
  local function setup_of(model, tasks, optimizer, modules)
    return { path = package.path, cpath = package.cpath, module = "cmml.train.worker",
      modules = modules, dtype = core.info().dtype, model = model:export(),
      names = optimizer.names, setting = model.setting.name, tasks = tasks:export() }
  end

  --- A team that computes gradients of a recommender's loss, which has to be the mean over the
  -- tasks of a batch of something that depends on the task and the parameters alone.
  -- @tparam Recommender model
  -- @tparam Tasks tasks where the batches come from
  -- @tparam ModuleOptimizer optimizer of the model's module, which gets the gradients
  -- @tparam[opt] table options see below
  -- @treturn Team with backward(draw, people) and close()
  function cmml.team(model, tasks, optimizer, options)
    local opt = known:check(options)
    if opt.threads > opt.shards then
      raise(("team: %d threads need at least as many shards, not %d: raise shards or lower threads "
        .. "(the number of shards decides the last digits of the result, that of threads does not)")
        :format(opt.threads, opt.shards), 2)
    end
    local self = setmetatable({ model = model, tasks = tasks, optimizer = optimizer,
      shards = opt.shards }, Team)
    if opt.shards > 1 then
      self.core = core.shard_team(opt.threads, worker.step(model, tasks, optimizer.core),
        optimizer.core, opt.threads > 1 and setup_of(model, tasks, optimizer, opt.modules) or {})
    end
    return self
  end

  local function is_finite(value)
    return value == value and math.abs(value) < math.huge
  end

  local function whole(self, draw, people)
    local loss, _, left_out = worker.loss(self.model, self.tasks, draw, people)
    local value = loss:item()
    if is_finite(value) then
      self.optimizer:backward(loss)
    end
    return value, left_out
  end

  -- The gradients that are there before a batch; nil if all are zero, as after a step.
  local function earlier(optimizer)
    local norm = optimizer:norm()
    if norm == 0 then
      return nil
    end
    local list = {}
    for i, gradient in ipairs(optimizer.core:gradients()) do
      list[i] = gradient:clone()
    end
    optimizer:clear()
    return list
  end

  -- Scales the gradients, and adds others.
  local function combine(optimizer, scale, others)
    if scale == 1 and not others then
      return
    end
    for i, gradient in ipairs(optimizer.core:gradients()) do
      local value = gradient * scale
      gradient:copy_(others and value + others[i] or value)
    end
  end

  --- Adds the gradients of a batch to what the optimiser's next step will use. After an error, or
  -- if the loss is not finite, there are none.
  -- @tparam integer draw see `Tasks:draw`
  -- @tparam table people list of user rows
  -- @treturn number the loss: the mean over the tasks that it does not leave out
  -- @treturn ?table what it leaves out of all shards: count (of tasks) and text (why, of the first)
  function Team:backward(draw, people)
    local count = math.min(self.shards, #people)
    if count <= 1 then
      local ok, loss, left_out = pcall(whole, self, draw, people)
      if not (ok and is_finite(loss)) then
        self.optimizer:clear()
      end
      if not ok then
        raise(loss, 0)
      end
      return loss, left_out
    end
    local shards, before = {}, earlier(self.optimizer)
    for s = 1, count do
      local first, last = (s - 1) * #people // count + 1, s * #people // count
      shards[s] = { draw = draw, people = table.move(people, first, last, 1, {}), all = #people }
    end
    local losses, told = self.core:backward(shards)
    local sum, left_out = 0, nil
    for s, part in ipairs(losses) do
      sum, left_out = sum + part, worker.sum(left_out, told[s])
    end
    -- What shards leave out is known in the end: the mean is over the rest of all.
    local scale = left_out and #people / (#people - left_out.count) or 1
    if not is_finite(sum * scale) then
      self.optimizer:clear()
      return sum * scale, left_out
    end
    core.no_grad(combine, self.optimizer, scale, before)
    return sum * scale, left_out
  end

  --- Ends the team: the states of its threads are closed.
  function Team:close()
    if self.core then
      self.core:close()
    end
  end

  Team.__close = Team.close
end
