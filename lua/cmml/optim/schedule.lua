--- Learning-rate schedules.
--
-- All of them have the field lr, the rate for the next step, and the methods step(), to be called
-- after each step of the optimiser, and update(value), to be called with the metric after each
-- evaluation; both return the rate. What a schedule does not depend on, it takes without effect.
-- state() gives a plain table from which restore(state) goes on with the very same rates.
--
-- @module cmml
local args = require "cmml.base.args"
local error = args.error

local function check(name, good, what, value, level)
  if not good then
    error(("%s must be %s, not %g"):format(name, what, value), level or 3)
  end
end

-- A class of schedules whose state is these fields. JSON has no infinity, so what is not finite is
-- left out, and comes back as it was at the start.
local function class(name, fields)
  local Schedule = { __name = name, fields = fields }
  Schedule.__index = Schedule

  --- Goes one step of the optimiser on.
  -- @treturn number the learning rate for the next step
  function Schedule:step()
    return self.lr
  end

  --- Takes the next value of the metric.
  -- @treturn number the learning rate from now on
  function Schedule:update()
    return self.lr
  end

  --- What resuming needs, as plain data.
  -- @treturn table
  function Schedule:state()
    local state = {}
    for _, field in ipairs(fields) do
      state[field] = math.abs(self[field]) < math.huge and self[field] or nil
    end
    return state
  end

  --- Goes on from that state.
  -- @tparam table state
  function Schedule:restore(state)
    for _, field in ipairs(fields) do
      if state[field] ~= nil then
        self[field] = state[field]
      end
    end
  end

  return Schedule
end

return function(cmml)
  local Plateau = class("cmml.Plateau", { "lr", "best", "bad" })
  local Cosine = class("cmml.Cosine", { "lr", "at", "length" })
  local Warmup = class("cmml.Warmup", { "lr", "at" })

  -- The bounds of a rate that falls.
  local function check_bounds(name, self)
    check(name .. ": lr", self.lr >= 0 and self.lr < math.huge, "finite and not negative", self.lr,
      4)
    check(name .. ": min_lr", self.min_lr >= 0 and self.min_lr <= self.lr, "from 0 to lr",
      self.min_lr, 4)
  end

  --- Lowers a learning rate when a metric has ceased to improve.
  --
  -- A value is better than the best so far by more than its share `threshold`, or it is a bad one;
  -- after more than `patience` bad ones in a row the rate is multiplied by `factor`.
  -- @tparam table options lr (to start from), mode ("min", the default, or "max": what is better),
  -- factor (default 0.1), patience (10), threshold (1e-4), min_lr (0)
  -- @treturn Plateau a schedule, with fields best and bad
  function cmml.optim.plateau(options)
    local self = args.check("plateau", options, { lr = "number", mode = { "string", "min" },
      factor = { "number", 0.1 }, patience = { "integer", 10 }, threshold = { "number", 1e-4 },
      min_lr = { "number", 0 } })
    args.one_of("plateau: mode", self.mode, { "min", "max" })
    check_bounds("plateau", self)
    check("plateau: factor", self.factor > 0 and self.factor < 1, "above 0 and below 1",
      self.factor)
    check("plateau: patience", self.patience >= 0, "at least 0", self.patience)
    check("plateau: threshold", self.threshold >= 0 and self.threshold < 1, "from 0 to below 1",
      self.threshold)
    self.best, self.bad = self.mode == "min" and math.huge or -math.huge, 0
    return setmetatable(self, Plateau)
  end

  --- Takes the next value of the metric. One that is not a number is a bad one.
  -- @tparam number value
  -- @treturn number the learning rate from now on
  function Plateau:update(value)
    if math.type(value) == nil then
      error("update: the value of the metric was expected, not " .. type(value), 2)
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
  -- of so many steps it is min_lr + (lr - min_lr) (1 + cos(pi t / steps)) / 2, and after them
  -- min_lr, or with restarts as at the start.
  -- @tparam table options lr (to start from), steps, min_lr (default 0), restarts (false: begin
  -- again after the last step), growth (1: after each restart the wave is so many times as long)
  -- @treturn Cosine a schedule
  function cmml.optim.cosine(options)
    local self = args.check("cosine", options, { lr = "number", steps = "integer",
      min_lr = { "number", 0 }, restarts = { "boolean", false }, growth = { "integer", 1 } })
    check_bounds("cosine", self)
    check("cosine: steps", self.steps >= 1, "at least 1", self.steps)
    check("cosine: growth", self.growth >= 1, "at least 1", self.growth)
    self.first, self.at, self.length = self.lr, 0, self.steps
    return setmetatable(self, Cosine)
  end

  --- Goes one step on.
  -- @treturn number the learning rate for the next step
  function Cosine:step()
    self.at = math.min(self.at + 1, self.length)
    if self.restarts and self.at == self.length then
      self.at, self.length = 0, self.length * (self.growth + 0.0) -- no wrapping
    end
    local share = (1 + math.cos(math.pi * self.at / self.length)) / 2
    self.lr = self.min_lr + (self.first - self.min_lr) * share
    return self.lr
  end

  --- Raises a learning rate linearly, then follows another schedule. That one makes its first step
  -- when the warm-up is over; the values of the metric it is told from the start.
  -- @tparam table options steps (of the warm-up), start (the share of the rate at the first step,
  -- default 0.1), lr (to reach and keep), or instead of it `schedule` (to follow)
  -- @treturn Warmup a schedule
  function cmml.optim.warmup(options)
    local self = args.check("warmup", options, { steps = "integer", start = { "number", 0.1 },
      lr = "number?", schedule = "table?" })
    if (self.lr == nil) == (self.schedule == nil) then
      error("warmup: either lr or schedule was expected", 2)
    end
    check("warmup: steps", self.steps >= 1, "at least 1", self.steps)
    check("warmup: start", self.start >= 0 and self.start <= 1, "from 0 to 1", self.start)
    if self.lr then
      check("warmup: lr", self.lr >= 0 and self.lr < math.huge, "finite and not negative", self.lr)
    elseif type(self.schedule.update) ~= "function" or type(self.schedule.step) ~= "function" then
      error("warmup: schedule must be a schedule", 2)
    end
    self.schedule = self.schedule or setmetatable({ lr = self.lr }, class("cmml.Constant", {}))
    self.at, self.lr = 0, self.start * self.schedule.lr
    return setmetatable(self, Warmup)
  end

  local function risen(self)
    local share = self.start + (1 - self.start) * math.min(self.at / self.steps, 1)
    self.lr = self.at < self.steps and share * self.schedule.lr or self.schedule.lr
    return self.lr
  end

  --- Goes one step on.
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

  --- What resuming needs, as plain data.
  -- @treturn table
  function Warmup:state()
    return { lr = self.lr, at = self.at, schedule = self.schedule:state() }
  end

  --- Goes on from that state.
  -- @tparam table state
  function Warmup:restore(state)
    self.lr, self.at = state.lr, state.at
    self.schedule:restore(state.schedule)
  end
end
