--- Making tensors.
--
-- Tensors and ops are the core's own: every op is `cmml.<op>(..)` and a method `t:<op>(..)`;
-- `cmml.help()` lists them. Here is what is more comfortable to write in Lua.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

-- What of the core is the library's own beside the ops; the rest is for its parts (`cmml.core`).
local own = { "tensor", "full", "uniform", "normal", "from_bytes", "ids", "segments", "arg_max",
  "top_k", "no_grad", "tidy", "keep", "threads", "kernels", "info", "memory", "ops" }

return function(cmml, use)
  local core = cmml.core
  for name in pairs(core.ops()) do
    cmml[name] = core[name]
  end
  for _, name in ipairs(own) do
    cmml[name] = core[name]
  end

  --- Zeros.
  -- @tparam table shape {2, 3}; {} for a single number
  -- @treturn Tensor of that shape; untracked
  function cmml.zeros(shape)
    return args.call(core.full, shape, 0)
  end

  --- Ones.
  -- @tparam table shape {2, 3}; {} for a single number
  -- @treturn Tensor of that shape; untracked
  function cmml.ones(shape)
    return args.call(core.full, shape, 1)
  end

  --- A leaf with these numbers, tracked, to be learnt.
  -- @tparam Tensor values to start from
  -- @treturn Tensor a copy, of the same shape
  function cmml.parameter(values)
    if not cmml.is_tensor(values) then
      raise("parameter: a tensor of this library was expected, not " .. type(values), 2)
    end
    return values:clone():track()
  end

  --- Whether a value is a tensor of this library.
  -- @param value
  -- @treturn boolean
  function cmml.is_tensor(value)
    local meta = type(value) == "userdata" and getmetatable(value)
    return meta and meta.__name == cmml.tensor_class or false
  end

  --- The name of the class of tensors of this library: the float64 one has another.
  cmml.tensor_class = use("tensor.classes").tensor
end
