--- Weights that each task changes by gradient steps of its own, without a matrix for each task.
--
-- Of a linear layer y = x W^T every step changes W by a sum over the task's rows of outer products:
-- of what the layer read, x_r, and the gradient of the loss by what it gave, g_r. With the rows of
-- all steps kept,
--
--    x (W + change)^T = x W^T - rate sum over past rows r of (x . x_r) g_r
--
-- so that a task's matrix is written out nowhere, the backward pass of a step ends at the outputs
-- of the layers, and all tasks go through one product with W. A bias is a layer of the number 1,
-- norms are two short vectors for each task, and a table of positions is a linear layer that reads
-- the numbers of places. Where there are so many past rows that matrices would be smaller, their
-- products are added up.
--
-- What the steps made are constants: a loss that is computed with them is differentiated by the
-- weights of the start, at the point that the steps came to (first-order MAML: Finn et al., ICML
-- 2017).
--
-- @module cmml
local args = require "cmml.base.args"
local diverging = require "cmml.network.diverging"
local shared = require "cmml.network.inner_options"
local raise = args.error

local known = require("cmml.base.options").declare("fast_weights", {
  shared.steps,
  { name = "lr", kind = "number", from = 0, required = true,
    help = "rate of the steps: what gradients are multiplied with" },
  { name = "rows", kind = "table", default_text = "none",
    help = "tables whose rows belong to tasks and take steps, too: Tensors by name" },
  { name = "row_owners", kind = "table", default_text = "none",
    help = "of each of `rows` the task of each row (Ids), by name" },
  { name = "limits", kind = "table", default_text = "all steps for all",
    help = "how many of the steps each task takes: a list of whole numbers" },
  shared.hold,
  { name = "after", kind = "function", default_text = "nothing",
    help = "called with the weights and the number of steps after each step, without recording" },
})

return function(cmml, use)
  local tools = use "network.inner_steps"
  local Changes = use "network.task_changes"
  local core = cmml.core
  local classes = use "tensor.classes"
  --- Weights of tasks, made by `fast_weights`.
  -- @tfield integer tasks
  -- @tfield table rows the tables of `rows` after the steps, constants
  -- @tfield table losses of the tasks before each step, [tasks] each
  -- @tfield table diverged list of {task, step, loss}: those whose steps diverged, which have the
  -- weights of the start
  local FastWeights = { __name = "cmml.FastWeights" }
  FastWeights.__index = FastWeights

  -- 1 for the tasks that take a step and 0 for the others; nil if all do.
  local function takers(self, opt, held, step)
    local list, all = {}, true
    for task = 1, self.tasks do
      local limit = opt.limits and opt.limits[task] or opt.steps
      list[task] = not held[task] and step <= limit and 1 or 0
      all = all and list[task] == 1
    end
    return not all and core.tensor(list):reshape { -1, 1 } or nil
  end

  local function add_steps(self, seen, slopes, mask, opt)
    for i, one in ipairs(seen) do
      self.changes:add(one, slopes.layers[i], mask)
    end
    for name, slope in pairs(slopes.rows) do
      local owners = opt.row_owners[name]
      local change = slope * -opt.lr
      if mask then
        change = core.where(mask:gather_rows(owners), change, core.full({}, 0))
      end
      self.rows[name] = (self.rows[name] + change):detach():track()
    end
  end

  -- The losses of a step, and what is asked for their gradients.
  local function losses_of_step(self, losses_of, held, step)
    local seen, wanted = {}, {}
    local losses = tools.losses_at("fast_weights", function()
      return losses_of(function(segments)
        return self.changes:functions(segments, seen)
      end, step, self.rows)
    end, nil, step)
    if losses.count ~= self.tasks then
      raise(("fast_weights: losses_of must give %d losses, one for each task, not %d"):format(
        self.tasks, losses.count), 0)
    end
    for i, one in ipairs(seen) do
      wanted[i] = one.y
    end
    local bad = diverging.in_losses { losses }
    for task, what in pairs(bad) do
      what.step = step
      bad[task] = not held[task] and what or nil
    end
    return losses, seen, wanted, bad
  end

  -- The tasks of which a number that the steps made is not finite, by number.
  local function bad_weights(self, opt)
    local bad = {}
    self.changes:each(function(value, owners)
      diverging.in_tensor(value, owners, bad, opt.steps)
    end)
    for name, table_ in pairs(self.rows) do
      diverging.in_tensor(table_, opt.row_owners[name], bad, opt.steps)
    end
    return bad
  end

  -- All steps, with some tasks held at their start. Gives the tasks that diverged, by number, and
  -- the weights.
  local function run(tasks, losses_of, opt, held)
    local self = setmetatable({ tasks = tasks, changes = Changes.new(tasks, -opt.lr), rows = {},
      losses = {} }, FastWeights)
    for name, table_ in pairs(opt.rows or {}) do
      self.rows[name] = table_:detach():track()
    end
    for step = 1, opt.steps do
      local losses, seen, wanted, bad = losses_of_step(self, losses_of, held, step)
      self.losses[step] = losses:detach()
      if next(bad) then
        return bad
      end
      if next(held) then -- a loss that is not finite has no part in the sum
        losses = core.where(takers(self, { steps = step }, held, step):reshape { -1 }, losses,
          core.full({}, 0))
      end
      if losses.tracked then
        local slopes = cmml.grad(losses:sum(), { layers = wanted, rows = self.rows })
        core.no_grad(add_steps, self, seen, slopes, takers(self, opt, held, step), opt)
      end
      if opt.after then
        core.no_grad(opt.after, self, step)
      end
    end
    return bad_weights(self, opt), self
  end

  local function check(tasks, losses_of, opt)
    args.expect("fast_weights: tasks", tasks, "integer", 4)
    args.expect("fast_weights: losses_of", losses_of, "function", 4)
    for name, table_ in pairs(opt.rows or {}) do
      local where = "fast_weights: rows." .. args.shown(name)
      args.expect(where, table_, classes.tensor, 4)
      local owners = opt.row_owners and opt.row_owners[name]
      if type(owners) ~= "userdata" or #owners ~= table_.shape[1] then
        raise(("%s: row_owners must name the task of each of its %d rows"):format(where,
          table_.shape[1]), 3)
      end
    end
    if opt.limits and #opt.limits ~= tasks then
      raise(("fast_weights: limits must be a number of steps for each of %d tasks, not %d"):format(
        tasks, #opt.limits), 3)
    end
  end

  --- Takes gradient steps (plain descent) of each task from the weights of a network, down its own
  -- loss.
  --
  -- The network is run by functions: it calls through.linear(name, layer, x), through.norm(name,
  -- layer, x) and through.position(name, table, e, places) wherever a weight is to be changed. What
  -- it does otherwise keeps the weights of the start.
  --
  -- A task whose loss, or a weight, ceases to be finite has diverged: it is named, and has the
  -- weights of its start in the end. Gradients are recorded whoever calls. What losses_of reads of
  -- other weights should be detached: the graph of a step is used up.
  -- @tparam integer tasks
  -- @tparam function losses_of of (through, step, rows): the loss of each task [tasks];
  -- through(segments) gives the functions for rows of these segments, one segment a task; rows are
  -- the tables of `rows`, as the steps before left them
  -- @tparam table options
  -- @treturn FastWeights of (segments) giving the functions for other rows, such as a query's
  -- @usage
  -- local layer = cmml.nn.linear { inp = 1, out = 1 }
  -- local segments = cmml.segments { 1, 2 }
  -- local x = cmml.tensor { { 1 }, { 1 }, { 2 } }
  -- local y = cmml.tensor { { 1 }, { -1 }, { -2 } }
  -- local function outputs(through)
  --   return through(segments).linear("layer", layer, x)
  -- end
  -- local own = cmml.fast_weights(2, function(through)
  --   return (outputs(through) - y):square():segment_sum(segments):sum(2)
  -- end, { steps = 100, lr = 0.1 })
  -- print((outputs(own) - y):abs():max():item() < 1e-3)
  function cmml.fast_weights(tasks, losses_of, options)
    local opt = known:check(options)
    check(tasks, losses_of, opt)
    local was = core.grad_enable(true)
    local ok, result = pcall(diverging.until_finite, opt.hold, function(held)
      return run(tasks, losses_of, opt, held)
    end)
    core.grad_enable(was)
    if not ok then
      raise(result, 0)
    end
    for name, table_ in pairs(result.rows) do
      result.rows[name] = table_:detach()
    end
    return result
  end

  --- The functions that run layers with the tasks' weights.
  -- @tparam Segments segments of the rows that go through them, one segment a task
  -- @treturn table linear, norm and position, see `fast_weights`
  function FastWeights:through(segments)
    args.expect("FastWeights: segments", segments, classes.segments)
    if #segments ~= self.tasks then
      raise(("FastWeights: segments of %d tasks were expected, not of %d"):format(self.tasks,
        #segments), 2)
    end
    return self.changes:functions(segments)
  end

  FastWeights.__call = FastWeights.through

  --- What the change of a linear layer makes of rows on their way back: for y [tasks, out] the rows
  -- y change, so that y (change x) is theirs with x, and the products with the bias's change.
  -- @tparam string name of the layer
  -- @tparam Tensor y [tasks, out], a row for each task
  -- @treturn ?Tensor [tasks, in]; nil if nothing was changed
  -- @treturn ?Tensor [tasks]
  function FastWeights:turned(name, y)
    args.expect("FastWeights:turned: name", name, "string")
    args.expect("FastWeights:turned: y", y, classes.tensor)
    return self.changes:turned(name, y)
  end

  --- What the steps changed of one task's weights, written out.
  -- @tparam integer task
  -- @treturn table Tensors by name, as the network's parameters are named: a layer's name and
  -- ".weight" or ".bias"; constants
  function FastWeights:changes_of(task)
    args.expect("FastWeights:changes_of: task", task, "integer")
    if task < 1 or task > self.tasks then
      raise(("FastWeights:changes_of: task must be from 1 to %d, not %d"):format(self.tasks, task),
        2)
    end
    return self.changes:of(task)
  end

  --- Gives a module the weights that one task came to, as the program that MML was published with
  -- does for the last task of a batch, by mistake. To be called behind the backward pass: what a
  -- graph reads must not be changed.
  -- @tparam Module module whose parameters are named as the network's
  -- @tparam integer task
  function FastWeights:keep(module, task)
    local changes, parameters = self:changes_of(task), {}
    for name, tensor in module:parameters() do
      parameters[name] = tensor
    end
    for name, change in pairs(changes) do
      local tensor = parameters[name]
      if not tensor then
        raise(("FastWeights:keep: %s has no parameter %s"):format(tostring(module), name), 2)
      end
      args.call(core.no_grad, tensor.copy_, tensor, tensor:detach() + change)
    end
  end
end
