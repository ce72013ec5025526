--- Optimisers.
--
-- @module cmml
local args = require "cmml.args"

return function(cmml)
  local core = cmml.core
  local Adam = { __name = "cmml.Adam" }
  Adam.__index = Adam

  -- Settings that would not descend, or not compute, are refused. Not a number fails them all.
  local function check_range(options)
    local function need(name, good, range)
      if not good then
        error(("adam: %s must be %s, not %g"):format(name, range, options[name]), 4)
      end
    end
    for _, name in ipairs { "lr", "eps", "weight_decay" } do
      need(name, options[name] >= 0 and options[name] < math.huge, "finite and not negative")
    end
    for _, name in ipairs { "beta1", "beta2" } do
      need(name, options[name] >= 0 and options[name] < 1, "from 0 to below 1")
    end
    need("clip", not options.clip or options.clip > 0, "above 0")
  end

  --- Adam over the parameters of a module (Kingma and Ba 2015).
  -- @tparam Module module
  -- @tparam[opt] table options lr (default 1e-3), beta1 (0.9), beta2 (0.999), eps (1e-8),
  -- weight_decay (0; classic L2, added to the gradient; decoupled = true makes it AdamW), clip
  -- (entries of the gradient are limited to [-clip, clip] before the decay; default none)
  -- @treturn table with backward(loss) and step()
  function cmml.adam(module, options)
    local self = setmetatable({}, Adam)
    self.options = args.check("adam", options, { lr = { "number", 1e-3 },
      beta1 = { "number", 0.9 }, beta2 = { "number", 0.999 }, eps = { "number", 1e-8 },
      weight_decay = { "number", 0 }, clip = "number?", decoupled = { "boolean", false } })
    check_range(self.options)
    local list = {}
    self.names = {}
    for i, pair in ipairs(module:named_parameters()) do
      self.names[i], list[i] = pair[1], pair[2]
    end
    self.core = core.optimizer(list)
    return self
  end

  --- Adds the gradients of a loss to what the next step will use, and uses up its graph.
  -- @tparam Tensor loss
  function Adam:backward(loss)
    self.core:backward(loss)
  end

  --- One step; the gradients are zero afterwards.
  function Adam:step()
    self.core:adam(self.options)
  end

  --- What resuming needs besides the parameters: moments by name, and the number of steps.
  -- @treturn table list of {name, tensor} (names "first.<parameter>", "second.<parameter>")
  -- @treturn integer steps
  function Adam:state()
    local first, second = self.core:moments()
    local list = {}
    for i, name in ipairs(self.names) do
      list[#list + 1] = { "first." .. name, first[i] }
      list[#list + 1] = { "second." .. name, second[i] }
    end
    return list, self.core:steps()
  end

  --- Sets that state.
  -- @tparam table values tensors by name
  -- @tparam integer steps
  function Adam:restore(values, steps)
    for _, pair in ipairs((self:state())) do
      local value = values[pair[1]]
      if not value then
        error(("adam: the state lacks %s"):format(pair[1]), 0)
      end
      pair[2]:copy_(value)
    end
    self.core:steps(steps)
  end
end
