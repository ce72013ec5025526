--- Learning-rate schedules.
--
-- @module cmml
local args = require "cmml.args"

return function(cmml)
  local Plateau = { __name = "cmml.Plateau" }
  Plateau.__index = Plateau

  --- Lowers a learning rate when a metric has ceased to improve.
  --
  -- A value is better than the best so far by more than its share `threshold`, or it is a bad one;
  -- after more than `patience` bad ones in a row the rate is multiplied by `factor`.
  -- @tparam table options lr (to start from), mode ("min", the default, or "max": what is better),
  -- factor (default 0.1), patience (10), threshold (1e-4), min_lr (0)
  -- @treturn table with fields lr, best, bad and the method update(value)
  function cmml.plateau(options)
    local self = args.check("plateau", options, { lr = "number", mode = { "string", "min" },
      factor = { "number", 0.1 }, patience = { "integer", 10 }, threshold = { "number", 1e-4 },
      min_lr = { "number", 0 } })
    args.one_of("plateau: mode", self.mode, { "min", "max" })
    if not (self.factor > 0 and self.factor < 1) then
      error(("plateau: factor must be above 0 and below 1, not %g"):format(self.factor), 2)
    end
    self.best, self.bad = self.mode == "min" and math.huge or -math.huge, 0
    return setmetatable(self, Plateau)
  end

  --- Takes the next value of the metric. One that is not a number is a bad one.
  -- @tparam number value
  -- @treturn number the learning rate from now on
  function Plateau:update(value)
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
end
