--- Learning-rate schedules.
--
-- All of them have the field lr, the rate for the next step, and the methods step(), to be called
-- after each optimiser step, and update(value), to be called with the metric after each evaluation;
-- both return the rate. A schedule that depends on one of them alone ignores the other. state()
-- gives a plain table from which restore(state) continues with the very same rates.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local plain = require "cmml.base.plain"
local raise = args.error

local min_lr = { name = "min_lr", kind = "number", from = 0, default = 0,
  help = "lower bound of the rate, at most lr" }
local first_lr = { name = "lr", kind = "number", from = 0, required = true,
  help = "learning rate to start from" }

local known = {
  plateau = declare("optim.plateau", {
    first_lr,
    { name = "mode", kind = "string", choices = { "min", "max" }, default = "min",
      help = "whether the least or the greatest value of the metric is the best" },
    { name = "factor", kind = "number", above = 0, below = 1, default = 0.1,
      help = "multiplies the rate when the metric has stopped improving" },
    { name = "patience", kind = "integer", from = 0, default = 10, unit = "values",
      help = "number of values in a row without improvement that are tolerated" },
    { name = "threshold", kind = "number", from = 0, below = 1, default = 1e-4,
      help = "fraction of the best value by which a better one must differ" },
    min_lr,
  }),
  cosine = declare("optim.cosine", {
    first_lr,
    { name = "steps", kind = "integer", from = 1, required = true, unit = "steps",
      help = "length of the descent" },
    min_lr,
    { name = "restarts", kind = "boolean", default = false,
      help = "start again after the last step" },
    { name = "growth", kind = "integer", from = 1, default = 1,
      help = "multiplies the length after each restart" },
  }),
  warmup = declare("optim.warmup", {
    { name = "steps", kind = "integer", from = 1, required = true, unit = "steps",
      help = "length of the warm-up" },
    { name = "start", kind = "number", from = 0, to = 1, default = 0.1,
      help = "fraction of the rate at the first step" },
    { name = "lr", kind = "number", from = 0, help = "rate to reach and keep" },
    { name = "schedule", kind = "table", help = "schedule to follow, instead of lr" },
  }),
}

-- What the fields of a state must be.
local function is_rate(value)
  return math.type(value) ~= nil and value >= 0 and value < math.huge
end

local function is_count(value)
  return math.type(value) ~= nil and value >= 0 and value % 1 == 0
end

local function is_finite(value)
  return math.type(value) ~= nil and value - value == 0
end

local function check_state(name, field, ok)
  if not ok then
    raise(("restore: the state of a %s has no usable %s"):format(
      plain.lower(name:match "[0-9A-Za-z]+$"), field), 3)
  end
end

-- A class of schedules whose state is these fields, with what each must be. JSON has no infinity,
-- so a value that is not finite is left out, and is again what it was at the start.
local function class(name, fields)
  local Schedule = { __name = name, fields = fields }
  Schedule.__index = Schedule

  --- Advances the schedule by one optimiser step.
  -- @treturn number the learning rate for the next step
  function Schedule:step()
    return self.lr
  end

  --- Takes the next value of the metric.
  -- @treturn number the learning rate from now on
  function Schedule:update()
    return self.lr
  end

  --- The state that resuming needs, as plain data.
  -- @treturn table
  function Schedule:state()
    local state = {}
    for field in pairs(fields) do
      state[field] = math.abs(self[field]) < math.huge and self[field] or nil
    end
    return state
  end

  --- Restores that state, or raises and changes nothing.
  -- @tparam table state
  function Schedule:restore(state)
    check_state(name, "table", type(state) == "table")
    for field, is_good in pairs(fields) do
      local value = state[field]
      check_state(name, field, value == nil and math.abs(self[field]) == math.huge
        or is_good(value))
    end
    for field in pairs(fields) do
      self[field] = state[field] or self[field]
    end
  end

  return Schedule
end

return function(cmml)
  local Plateau = class("cmml.Plateau", { lr = is_rate, best = is_finite, bad = is_count })
  local Cosine = class("cmml.Cosine", { lr = is_rate, at = is_count, length = is_count })
  local Warmup = class("cmml.Warmup", { lr = is_rate, at = is_count })

  local function check_min_lr(name, self)
    if self.min_lr > self.lr then
      raise(plain.format("%s: min_lr must be at most lr, %g, but is %g", name, self.lr,
        self.min_lr), 3)
    end
  end

  --- Lowers a learning rate when a metric has stopped improving.
  --
  -- A value that is not better than the best so far by more than the fraction `threshold` of it is
  -- a bad one; after more than `patience` bad ones in a row the rate is multiplied by `factor`.
  -- @tparam table options
  -- @treturn Plateau a schedule, with fields best and bad
  function cmml.optim.plateau(options)
    local self = known.plateau:check(options)
    check_min_lr("optim.plateau", self)
    self.best, self.bad = self.mode == "min" and math.huge or -math.huge, 0
    return setmetatable(self, Plateau)
  end

  --- Takes the next value of the metric; NaN is a bad one.
  -- @tparam number value
  -- @treturn number the learning rate from now on
  function Plateau:update(value)
    if math.type(value) == nil then
      raise("update: the value of the metric was expected, not " .. type(value), 2)
    end
    local better
    if self.mode == "min" then
      better = value < self.best * (1 - self.threshold)
    else
      better = value > self.best * (1 + self.threshold)
    end
    if better then
      self.best, self.bad = value, 0
    else
      self.bad = self.bad + 1
    end
    if self.bad > self.patience then
      self.lr, self.bad = math.max(self.lr * self.factor, self.min_lr), 0
    end
    return self.lr
  end

  --- Lowers a learning rate along half a wave of the cosine (Loshchilov and Hutter 2017): after t
  -- of all steps it is min_lr + (lr - min_lr) (1 + cos(pi t / steps)) / 2, and after the last one
  -- min_lr, or with restarts as at the start.
  -- @tparam table options
  -- @treturn Cosine a schedule
  function cmml.optim.cosine(options)
    local self = known.cosine:check(options)
    check_min_lr("optim.cosine", self)
    self.first, self.at, self.length = self.lr, 0, self.steps
    return setmetatable(self, Cosine)
  end

  --- Advances the schedule by one optimiser step.
  -- @treturn number the learning rate for the next step
  function Cosine:step()
    self.at = math.min(self.at + 1, self.length)
    if self.restarts and self.at == self.length then
      self.at, self.length = 0, self.length * (self.growth + 0.0) -- no wrapping
    end
    local fraction = (1 + math.cos(math.pi * self.at / self.length)) / 2
    self.lr = self.min_lr + (self.first - self.min_lr) * fraction
    return self.lr
  end

  --- Raises a learning rate linearly, then follows another schedule, which takes its first step
  -- when the warm-up is over, but values of the metric from the start.
  -- @tparam table options either lr or schedule, and others
  -- @treturn Warmup a schedule
  function cmml.optim.warmup(options)
    local self = known.warmup:check(options)
    if (self.lr == nil) == (self.schedule == nil) then
      raise("optim.warmup: either lr or schedule was expected", 2)
    elseif self.schedule and (type(self.schedule.update) ~= "function"
      or type(self.schedule.step) ~= "function") then
      raise("optim.warmup: schedule must be a schedule", 2)
    end
    self.schedule = self.schedule or setmetatable({ lr = self.lr }, class("cmml.Constant", {}))
    self.at, self.lr = 0, self.start * self.schedule.lr
    return setmetatable(self, Warmup)
  end

  local function risen(self)
    local fraction = self.start + (1 - self.start) * math.min(self.at / self.steps, 1)
    self.lr = self.at < self.steps and fraction * self.schedule.lr or self.schedule.lr
    return self.lr
  end

  --- Advances the schedule by one optimiser step.
  -- @treturn number the learning rate for the next step
  function Warmup:step()
    if self.at < self.steps then
      self.at = self.at + 1
    else
      self.schedule:step()
    end
    return risen(self)
  end

  --- Takes the next value of the metric, for the schedule that is followed.
  -- @tparam number value
  -- @treturn number the learning rate from now on
  function Warmup:update(value)
    self.schedule:update(value)
    return risen(self)
  end

  --- The state that resuming needs, as plain data.
  -- @treturn table
  function Warmup:state()
    return { lr = self.lr, at = self.at, schedule = self.schedule:state() }
  end

  --- Restores that state.
  -- @tparam table state
  function Warmup:restore(state)
    check_state("cmml.Warmup", "table", type(state) == "table")
    check_state("cmml.Warmup", "lr", is_rate(state.lr))
    check_state("cmml.Warmup", "at", is_count(state.at))
    self.schedule:restore(state.schedule)
    self.lr, self.at = state.lr, state.at
  end
end
