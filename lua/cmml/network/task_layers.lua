--- Linear layers whose weights are shared, or another one for each task.
--
-- A layer is a plain table `{weight, bias}`: shared, [out, in] and [out], as `nn.linear` has them,
-- or one a task, [tasks, out, in] and [tasks, out]; the bias may be missing. Rows lie one task
-- behind the other, and Segments say how many each task has. Methods that adapt by gradients start
-- from shared weights, spread them to the tasks (which copies nothing) and go on with those that
-- their steps make.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  local nn, core = cmml.nn, cmml.core
  local classes = use "tensor.classes"
  local task_layers = {}
  --- Linear layers with weights for each task: functions `of`, `sizes`, `spread`,
  -- `narrowed`, `linear`, `mlp`.
  cmml.task_layers = task_layers

  --- The weights of an MLP, or of a list of linear layers, as plain layers.
  -- @tparam Module module `nn.mlp`, or an `nn.list` of `nn.linear`
  -- @treturn table list of {weight, bias}: the parameters themselves
  function task_layers.of(module)
    if type(module) ~= "table" or not module.named_parameters then
      raise("task_layers.of: module must be an nn.mlp or an nn.list of nn.linear, not "
        .. args.describe(module), 2)
    end
    local layers = {}
    local layer = module["0"]
    while layer do
      if not cmml.is_tensor(layer.weight) then
        raise(("task_layers.of: child %d of %s is no linear layer"):format(#layers,
          tostring(module)), 2)
      end
      layers[#layers + 1] = { weight = layer.weight, bias = layer.bias }
      layer = module[tostring(#layers)]
    end
    return layers
  end

  local function check_layer(where, layer)
    local weight = type(layer) == "table" and layer.weight
    if not cmml.is_tensor(weight) or weight.ndim ~= 2 and weight.ndim ~= 3 then
      raise(("%s must be {weight, bias} with a weight [out, in] or [tasks, out, in], not %s")
        :format(where, cmml.is_tensor(weight) and ("one [%s]"):format(
          table.concat(weight.shape, ", ")) or args.describe(layer)), 4)
    elseif layer.bias ~= nil then
      args.expect(where .. ": bias", layer.bias, classes.tensor, 5)
    end
  end

  local function check_layers(where, layers)
    args.list(where, layers, 4)
    for i, layer in ipairs(layers) do
      check_layer(("%s: layer %d"):format(where, i), layer)
    end
  end

  --- How large layers are.
  -- @tparam table layers list of shared {weight, bias}
  -- @treturn integer numbers of their weights, without biases
  -- @treturn integer units of all of them
  function task_layers.sizes(layers)
    check_layers("task_layers.sizes: layers", layers)
    local weights, units = 0, 0
    for _, layer in ipairs(layers) do
      weights, units = weights + layer.weight.count, units + layer.weight.shape[1]
    end
    return weights, units
  end

  local function spread(value, tasks)
    if cmml.is_tensor(value) then
      local shape = { 1, table.unpack(value.shape) }
      local row = value:reshape(shape)
      shape[1] = tasks
      return row:expand(shape)
    end
    local result = {}
    for key, inner in pairs(value) do
      result[key] = spread(inner, tasks)
    end
    return result
  end

  -- Raises unless a value is a tensor or a (nested) table of them.
  local function check_nested(where, value)
    args.expect(where, value, classes.tensor .. " table", 4)
    if not cmml.is_tensor(value) then
      for key, inner in pairs(value) do
        check_nested(("%s.%s"):format(where, args.shown(key)), inner)
      end
    end
  end

  --- Shared tensors as one a task: each is seen as often as there are tasks, and copied nowhere.
  -- @tparam Tensor|table value a tensor [..], or a (nested) table of them
  -- @tparam integer tasks
  -- @treturn Tensor|table of the same structure, each [tasks, ..]
  function task_layers.spread(value, tasks)
    check_nested("task_layers.spread: value", value)
    args.expect("task_layers.spread: tasks", tasks, "integer")
    return args.call(spread, value, tasks)
  end

  --- The weights of the only task that has rows as shared ones, so that what is computed of them
  -- costs what it does for one model; where several tasks have rows, the weights as they are.
  -- @tparam Tensor|table value [tasks, ..], or a (nested) table of them
  -- @tparam Segments segments which rows belong to which task
  -- @treturn Tensor|table of the same structure, each [..], or value itself
  function task_layers.narrowed(value, segments)
    check_nested("task_layers.narrowed: value", value)
    args.expect("task_layers.narrowed: segments", segments, classes.segments)
    local only
    for task, length in ipairs(segments:totable()) do
      if length > 0 and only then
        return value
      end
      only = length > 0 and task or only
    end
    local function of_one(inner)
      if cmml.is_tensor(inner) then
        local shape = inner.shape
        return inner:slice(1, only, only):reshape { table.unpack(shape, 2) }
      end
      local found = {}
      for key, one in pairs(inner) do
        found[key] = of_one(one)
      end
      return found
    end
    return only and args.call(of_one, value) or value
  end

  local function linear(x, layer, segments, activation)
    if layer.weight.ndim == 2 then
      if cmml.is_joined(x) then
        return x:linear(layer.weight, layer.bias, activation)
      end
      return core.linear(x, layer.weight, layer.bias, activation)
    end
    local y = core.segment_matmul(cmml.written_out(x), layer.weight:transpose(), segments)
    if layer.bias then
      y = y + layer.bias:segment_expand(segments)
    end
    return nn.activate(y, activation or "identity")
  end

  local function check_rows(where, x, segments)
    args.expect(where .. ": x", x, classes.rows, 4)
    args.expect(where .. ": segments", segments, classes.segments, 4)
  end

  --- activation(x weight^T + bias), each row with the weights of its task.
  -- @tparam Tensor|Joined x [rows, in]
  -- @tparam table layer {weight, bias}: [out, in] and [out], or [tasks, out, in] and [tasks, out]
  -- @tparam Segments segments which rows belong to which task
  -- @tparam[opt] string activation default "identity"
  -- @treturn Tensor [rows, out]
  function task_layers.linear(x, layer, segments, activation)
    check_rows("task_layers.linear", x, segments)
    check_layer("task_layers.linear: layer", layer)
    return args.call(linear, x, layer, segments, activation)
  end

  local function mlp(x, layers, segments, activation, last)
    for i, layer in ipairs(layers) do
      x = linear(x, layer, segments, i == #layers and last
        or i < #layers and (activation or "relu") or nil)
    end
    return x
  end

  --- Layers one after another, with an activation between them.
  -- @tparam Tensor|Joined x [rows, in]
  -- @tparam table layers list of {weight, bias}; some may be shared and others one a task
  -- @tparam Segments segments which rows belong to which task
  -- @tparam[opt] string activation between the layers, default "relu"
  -- @tparam[opt] string last activation of the last layer, default "identity"
  -- @treturn Tensor [rows, out of the last layer]
  function task_layers.mlp(x, layers, segments, activation, last)
    check_rows("task_layers.mlp", x, segments)
    check_layers("task_layers.mlp: layers", layers)
    return args.call(mlp, x, layers, segments, activation, last)
  end
end
