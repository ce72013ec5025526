--- Gradients, of any order.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local plain = require "cmml.base.plain"
local raise = args.error

local known = declare("grad", {
  { name = "create_graph", kind = "boolean", default = false,
    help = "record the gradients, so that they can be differentiated again" },
  { name = "retain", kind = "boolean", default = false,
    help = "keep the graph for another gradient" },
  { name = "grad_out", kind = "any", help = "weight of each element of a loss of several numbers" },
})

return function(cmml)
  local core = cmml.core

  -- Collects the tensors of a nested table in a fixed order, and a function that builds a table of
  -- the same structure from a list of results.
  local function flatten(value, list)
    if cmml.is_tensor(value) then
      list[#list + 1] = value
      local at = #list
      return function(results)
        return results[at]
      end
    end
    if type(value) ~= "table" then
      raise("grad: parameters must be a tensor or a table of tensors, not " .. type(value), 4)
    end
    local keys, builders = {}, {}
    for key in pairs(value) do
      keys[#keys + 1] = key
    end
    plain.sort(keys, function(a, b)
      if type(a) == type(b) and type(a) ~= "table" then
        return a < b
      end
      return type(a) < type(b)
    end)
    for _, key in ipairs(keys) do
      builders[key] = flatten(value[key], list)
    end
    return function(results)
      local built = {}
      for key, build in pairs(builders) do
        built[key] = build(results)
      end
      return built
    end
  end

  --- Gradients of a loss, in the structure of the parameters.
  --
  -- Functional: nothing is stored on the tensors. The graph is used up unless it is kept.
  -- @tparam Tensor loss a single number (or give grad_out)
  -- @tparam Tensor|table params a tracked tensor, or a (nested) table of them
  -- @tparam[opt] table options
  -- @treturn Tensor|table of the structure of params; zeros where the loss does not depend on one
  function cmml.grad(loss, params, options)
    local opt = known:check(options)
    local list = {}
    local build = flatten(params, list)
    return build(args.call(core.grad_list, loss, list, opt.create_graph, opt.retain, opt.grad_out))
  end

  --- A function that gives the value and the gradient of another.
  -- @tparam function f of (params, ...) giving a loss
  -- @treturn function of (params, ...) giving the loss and its gradients in params' structure
  function cmml.value_and_grad(f)
    return function(params, ...)
      local loss = f(params, ...)
      return loss, cmml.grad(loss, params)
    end
  end
end
