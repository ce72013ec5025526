--- What changes the weights in a training run: an optimiser, and a schedule of its learning rate.
--
-- @module cmml.train.optimisation
local args = require "cmml.base.args"
local raise = args.error

--- The class over a library.
-- @tparam table cmml
-- @treturn table new
return function(cmml)
  local Optimisation = {}
  Optimisation.__index = Optimisation

  local function make_optimizer(module, opt)
    local decoupled = opt.optimizer == "adamw" or nil
    return cmml.optim[decoupled and "adam" or opt.optimizer](module, { lr = opt.lr,
      weight_decay = opt.weight_decay, momentum = opt.momentum, clip = opt.clip,
      clip_norm = opt.clip_norm, groups = opt.groups, decoupled = decoupled })
  end

  -- The options of a schedule as a table of its own, with the defaults of a run: a cosine takes all
  -- steps after the warm-up, a plateau acts after half of the patience with which training waits:
  -- few validation people are noisy, and a rate that falls at their noise ends the learning early.
  local function read_schedule(opt, steps, mode)
    local given = type(opt.schedule) == "string" and { kind = opt.schedule } or opt.schedule
    if type(given) ~= "table" then
      raise("train: schedule must be a name or a table of options, not " .. type(given), 2)
    end
    args.one_of("train: " .. args.option "schedule", given.kind, { "cosine", "plateau" })
    local options = {}
    for key, value in pairs(given) do
      options[key] = value
    end
    if given.kind == "cosine" then
      options.steps = given.steps or math.max(steps - opt.warmup, 1)
    else
      options.patience = given.patience or opt.patience > 0 and opt.patience // 2 or 2
      options.mode = given.mode or mode == "max" and mode or nil
    end
    return options
  end

  local function make_schedule(opt)
    local schedule
    if opt.schedule then
      local options = { lr = opt.lr }
      for key, value in pairs(opt.schedule) do
        options[key] = value
      end
      options.kind = nil
      schedule = cmml.optim[opt.schedule.kind](options)
    end
    if opt.warmup == 0 then
      return schedule
    end
    return cmml.optim.warmup { steps = opt.warmup, schedule = schedule,
      lr = not schedule and opt.lr or nil }
  end

  --- A optimisation.
  -- @tparam Module module
  -- @tparam table opt of `train`; its schedule is replaced by the table that it stands for
  -- @tparam integer steps of the whole run
  -- @tparam[opt="min"] string mode what is better in what an epoch is validated by
  -- @treturn table
  function Optimisation.new(module, opt, steps, mode)
    local self = setmetatable({ optimizer = make_optimizer(module, opt),
      clipped = opt.clip_norm ~= nil }, Optimisation)
    if opt.schedule ~= nil then
      opt.schedule = read_schedule(opt, steps, mode)
    end
    self.schedule = make_schedule(opt)
    self:set_rate()
    return self
  end

  --- Hands the rate of the schedule to the optimiser.
  function Optimisation:set_rate()
    if self.schedule then
      self.optimizer:set_lr(self.schedule.lr)
    end
  end

  --- The learning rate of the next step.
  function Optimisation:rate()
    return self.optimizer.options.lr
  end

  --- One step down the gradient that the optimiser holds.
  -- @treturn boolean false if the gradient is to be scaled to a norm and has none: nothing changed
  function Optimisation:step()
    local norm = self.clipped and self.optimizer:norm() or 0
    if norm ~= norm or norm == math.huge then
      return false
    end
    self.optimizer:step()
    if self.schedule then
      self.schedule:step()
      self:set_rate()
    end
    return true
  end

  --- Takes what an epoch is validated by.
  -- @tparam number value
  function Optimisation:validated(value)
    if self.schedule then
      self.schedule:update(value)
      self:set_rate()
    end
  end

  --- What resuming needs besides the weights.
  -- @treturn table list of {name, tensor}
  -- @treturn integer steps
  -- @treturn ?table state of the schedule
  function Optimisation:state()
    local list, steps = self.optimizer:state()
    return list, steps, self.schedule and self.schedule:state()
  end

  --- Sets that state.
  -- @tparam table values tensors by name
  -- @tparam integer steps
  -- @tparam ?table schedule
  function Optimisation:restore(values, steps, schedule)
    self.optimizer:restore(values, steps)
    if self.schedule then
      self.schedule:restore(schedule)
      self:set_rate()
    end
  end

  return Optimisation
end
