-- A modulation that no paper has, from nothing to a row in a table: the condition shifts a layer.
local cmml = require "cmml"

for _, c in ipairs { cmml, cmml.double } do -- the double library is for checking gradients
  local Shift = c.nn.class "Shift"
  c.register_component("modulation", "shift", function(opt)
    local self = Shift.new()
    local width = opt.backbone[1]
    self:register("layer", c.nn.linear { inp = opt.inp, out = width, init = opt.init })
    self:register("shift", c.nn.linear { inp = opt.cond, out = width, init = opt.init })
    self:register("out", c.nn.linear { inp = width, out = 1, init = opt.init })
    return self
  end)
  function Shift:forward(x, condition)
    return self.out(c.tanh(self.layer(x) + self.shift(condition))):reshape { -1 }
  end
end

local head = cmml.double.component("modulation", "shift", { inp = 2, cond = 3, backbone = { 4 } })
cmml.gradcheck(function(_, x, condition)
  return head(x, condition)
end, { cmml.uniform { 5, 2 }, cmml.uniform { 5, 3 } }, { second = true })

local folder = arg[1] or (arg[0]:match "^(.*)/" or ".") .. "/../data/made"
print(cmml.experiment("modulations", { data = folder, modulations = "film,shift", seeds = 2,
  metrics = "mae,rmse", epochs = 12, batch = 4, lr = 2e-3 }).text)
