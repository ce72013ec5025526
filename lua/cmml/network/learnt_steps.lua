--- Adapting by learnt steps (S2Meta: Du et al., KDD 2019): an update controller for each parameter
-- tensor makes the steps of several tasks at once, and a stop controller ends each task's.
--
-- Gradients of the steps are constants (first order). What comes out can be differentiated by the
-- start of the parameters and by the update controllers; the stop controller learns by REINFORCE.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local diverging = require "cmml.network.diverging"
local raise = args.error

local known = declare("learnt_steps", {
  { name = "tasks", kind = "integer", from = 0, required = true, help = "number of tasks" },
  { name = "idle", kind = "table", default = {},
    help = "tasks that take no step, such as those with an empty support: true by number" },
  { name = "min_step", kind = "integer", from = 0, default = 4, help = "minimum number of steps" },
  { name = "max_step", kind = "integer", from = 0, to = 1000, default = 20,
    help = "maximum number of steps" },
  { name = "greedy", kind = "boolean", default = false,
    help = "stop where that is more likely than not, instead of at random" },
  { name = "query", kind = "function",
    help = "of (parameters, tasks): the losses [tasks] by which stopping is rewarded in training" },
  { name = "on_step", kind = "function",
    help = "called with a table about each step: step, losses, gradients, x (what the stop "
      .. "controller sees), logits, states" },
})

return function(cmml, use)
  use "network.controllers"
  local core = cmml.core
  local classes = use "tensor.classes"

  -- The numbers 1 to n, as Ids.
  local function numbers(n)
    local list = {}
    for i = 1, n do
      list[i] = i
    end
    return core.ids(list)
  end

  -- Calls f with gradients recorded.
  local function recording(f, ...)
    local was = core.grad_enable(true)
    local found = table.pack(pcall(f, ...))
    core.grad_enable(was)
    if not found[1] then
      raise(found[2], 0)
    end
    return table.unpack(found, 2, found.n)
  end

  -- Losses of the tasks and their gradients by parameters that are held constant.
  local function slopes_of(values, losses_of, step, tasks)
    local leaves = {}
    for j, value in ipairs(values) do
      leaves[j] = value:detach():track()
    end
    local losses, chances = losses_of(leaves, tasks, step)
    if not cmml.is_tensor(losses) or losses.ndim ~= 1 or losses.count ~= #tasks then
      raise(("learnt_steps: losses_of must give a Tensor [%d], a loss for each task"):format(
        #tasks), 0)
    end
    return losses:detach(), cmml.grad(losses:sum(), leaves), chances
  end

  -- What the stop controller sees [tasks, parameters + 1].
  local function sizes(slopes, losses)
    local columns = {}
    for j, slope in ipairs(slopes) do
      columns[j] = slope:reshape({ losses.count, -1 }):square():sum(2, true):sqrt()
    end
    columns[#columns + 1] = losses:reshape { -1, 1 }
    return cmml.log_size(core.concat(columns, 2))
  end

  local Run = {}
  Run.__index = Run

  -- The parameters of the tasks that are under way.
  function Run:values()
    local values = {}
    for j, controller in ipairs(self.controllers) do
      values[j] = controller:parameter(self.states[j], self.start[j].shape, #self.active)
    end
    return values
  end

  -- Rows of the tasks at these places among those under way.
  function Run:at(places, rows)
    if #places == #self.active then
      return rows
    end
    local shape = { -1, table.unpack(rows.shape, 2) }
    return rows:reshape({ #self.active, -1 }):gather_rows(places):reshape(shape)
  end

  -- Tasks that take no further step: their parameters are these.
  function Run:finish(places, values, step)
    local own = { tasks = core.map_ids(places, self.active):totable(), values = {} }
    for j, value in ipairs(values) do
      own.values[j] = self:at(places, value)
    end
    for _, task in ipairs(own.tasks) do
      self.steps[task] = step
    end
    self.finished[#self.finished + 1] = own
  end

  -- Leaves tasks under way at these places alone.
  function Run:keep(places)
    for j, state in ipairs(self.states) do
      self.states[j] = self:at(places, state)
    end
    self.stop_state = self:at(places, self.stop_state)
    self.active = core.map_ids(places, self.active)
  end

  -- Which of the tasks under way stop before this step; nil: none.
  local function stopping(logits, chances, step, opt)
    if step < opt.min_step then
      return nil
    end
    local chosen = opt.greedy and core.gt(logits, 0) or core.lt(chances, logits:sigmoid())
    return chosen:sum():item() > 0 and chosen or nil
  end

  -- Notes the tasks under way whose losses before a step are not finite; whether there are any.
  function Run:note_bad(losses, step)
    if losses:isfinite() then
      return false
    end
    local tasks = self.active:totable()
    for place, what in pairs(diverging.in_losses { losses }) do
      local task = tasks[place]
      self.bad[task] = { task = task, step = step + 1, loss = what.loss }
    end
    return true
  end

  -- A step of the tasks under way; false where all have stopped, or one has diverged.
  function Run:step(step, losses_of, opt)
    local values = self:values()
    local losses, slopes, chances = core.tidy(recording, slopes_of, values, losses_of, step,
      self.active)
    if self:note_bad(losses, step) then
      return false
    end
    local x = cmml.no_grad(sizes, slopes, losses)
    local logits
    logits, self.stop_state = self.stop:step(self.stop_state, x)
    local chosen = stopping(logits:detach(), chances, step, opt)
    if chosen then
      local places = numbers(#self.active)
      local stay = core.select_ids(places, core.eq(chosen, 0))
      self:finish(core.select_ids(places, chosen), values, step)
      if #stay == 0 then
        self.active = stay
        return false
      end
      for j, value in ipairs(values) do
        values[j], slopes[j] = self:at(stay, value), self:at(stay, slopes[j])
      end
      losses, logits = self:at(stay, losses), self:at(stay, logits)
      self:keep(stay)
    end
    if opt.query then
      self.decisions[#self.decisions + 1] = { step = step, tasks = self.active, logits = logits,
        loss = core.tidy(cmml.no_grad, opt.query, values, self.active) }
    end
    for j, controller in ipairs(self.controllers) do
      self.states[j] = controller:step(self.states[j], slopes[j], losses, self.packed[j])
    end
    if opt.on_step then
      opt.on_step { step = step, losses = losses, gradients = slopes, x = x, logits = logits,
        states = self.states, tasks = self.active }
    end
    return true
  end

  -- The parameters of all tasks in order.
  function Run:result()
    local places, n = {}, 0
    for _, own in ipairs(self.finished) do
      for _, task in ipairs(own.tasks) do
        n = n + 1
        places[task] = n
      end
    end
    local values, in_order = {}, core.ids(places)
    for j in ipairs(self.start) do
      local parts = {}
      for i, own in ipairs(self.finished) do
        parts[i] = own.values[j]
      end
      values[j] = #parts == 1 and parts[1] or core.concat(parts, 1)
      if #parts > 1 then
        values[j] = values[j]:gather_rows(in_order)
      end
    end
    return values
  end

  -- All steps, with idle tasks at their start. Gives the tasks that diverged, by number, and what
  -- `learnt_steps` gives.
  local function run_all(parts, losses_of, opt, idle_tasks)
    local run = setmetatable({ start = parts.start, controllers = parts.controllers,
      stop = parts.stop, states = {}, packed = {}, steps = {}, finished = {}, decisions = {},
      bad = {}, active = numbers(opt.tasks), stop_state = parts.stop:start(opt.tasks) }, Run)
    for j, controller in ipairs(parts.controllers) do
      run.states[j] = controller:start(parts.start[j], opt.tasks)
      run.packed[j] = controller:packed()
    end
    local ready, idle = {}, {}
    for task = 1, opt.tasks do
      table.insert(idle_tasks[task] and idle or ready, task)
    end
    if #idle > 0 or opt.tasks == 0 then
      run:finish(core.ids(idle), run:values(), 0)
      run:keep(core.ids(ready))
    end
    local step = 0
    while #run.active > 0 and step < opt.max_step and run:step(step, losses_of, opt) do
      step = step + 1
    end
    if next(run.bad) then
      return run.bad
    elseif #run.active > 0 then
      run:finish(numbers(#run.active), run:values(), step)
    end
    local values = run:result()
    for _, value in ipairs(values) do
      diverging.in_tensor(value, nil, run.bad, step)
    end
    return run.bad, { values = values, steps = run.steps, decisions = run.decisions }
  end

  --- Takes the steps of several tasks, every task down its own loss until it stops.
  --
  -- Before each step, from `min_step` on, the stop controller may end a task, which keeps its
  -- parameters from then on; `max_step` ends all. A task whose loss, or a parameter, ceases to be
  -- finite on the way has diverged: it is named, and has the parameters of the start in the end;
  -- who calls decides what becomes of it.
  -- @tparam table parts start (list of the tensors that are adapted, shared by the tasks),
  -- controllers (list of an UpdateController for each), stop (StopController)
  -- @tparam function losses_of of (parameters, tasks, step): the loss of each of these tasks (Ids),
  -- [tasks], by parameters [tasks, ..], and a uniform random number for each, [tasks], that decides
  -- whether it stops; steps count from 0
  -- @tparam table options
  -- @treturn table parameters [tasks, ..] after the steps, as many as start has
  -- @treturn table how many steps each task took
  -- @treturn table list of decisions to go on, for `stop_loss`: step, tasks, logits, loss
  -- @treturn table the tasks that diverged, see `inner_steps`; empty if all is well
  function cmml.learnt_steps(parts, losses_of, options)
    local opt = known:check(options)
    args.expect("learnt_steps: parts", parts, "table", 3)
    for _, key in ipairs { "start", "controllers", "stop" } do
      args.expect("learnt_steps: parts." .. key, parts[key], "table", 3)
    end
    args.expect("learnt_steps: losses_of", losses_of, "function", 3)
    if opt.max_step < opt.min_step then
      raise(("learnt_steps: min_step (%d) must not be above max_step (%d)"):format(opt.min_step,
        opt.max_step), 2)
    end
    local found = diverging.until_finite(opt.idle, function(idle)
      return run_all(parts, losses_of, opt, idle)
    end)
    return found.values, found.steps, found.decisions, found.diverged
  end

  -- Raises unless a list is what `learnt_steps` gives.
  local function check_decisions(decisions)
    args.list("stop_loss: decisions", decisions, 4)
    for i, one in ipairs(decisions) do
      local where = ("stop_loss: decision %d"):format(i)
      args.expect(where, one, "table", 4)
      args.expect(where .. ": step", one.step, "integer", 4)
      args.expect(where .. ": tasks", one.tasks, classes.ids, 4)
      args.expect(where .. ": logits", one.logits, classes.tensor, 4)
      args.expect(where .. ": loss", one.loss, classes.tensor, 4)
    end
  end

  local function stop_loss(decisions, final, steps, penalty)
    local terms, counts = core.full({}, 0), core.tensor(steps)
    for _, one in ipairs(decisions) do
      local gained = cmml.no_grad(function()
        local left = counts:gather_rows(one.tasks) - one.step
        return one.loss - final:detach():gather_rows(one.tasks) - left * penalty
      end)
      terms = terms + (one.logits:softplus() * gained):sum()
    end
    return terms
  end

  --- What the stop controller learns from (REINFORCE): the sum over decisions to go on of -log(1 -
  -- p) times what the remaining steps gained, loss - final - (steps left) * penalty, a constant.
  -- @tparam table decisions of `learnt_steps`
  -- @tparam Tensor final losses after the last step [tasks]
  -- @tparam table steps of `learnt_steps`
  -- @tparam number penalty of a step
  -- @treturn Tensor a single number, the sum over all tasks
  function cmml.stop_loss(decisions, final, steps, penalty)
    check_decisions(decisions)
    args.expect("stop_loss: final", final, classes.tensor)
    args.list("stop_loss: steps", steps)
    args.expect("stop_loss: penalty", penalty, "number")
    return args.call(stop_loss, decisions, final, steps, penalty)
  end
end
