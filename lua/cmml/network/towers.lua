--- Networks that score a user's and an item's vector, with weights that may be one a task.
--
-- A tower is a table by name in `cmml.towers`: `make(width, widths, init)` gives a module of
-- parameters for vectors of that width, `stacks(module)` the MLPs of which it is made, in the order
-- of its parameters, and `score(layers, users, items, segments)` the scores [rows] of rows whose
-- vectors are users and items [rows, width], by layers of each stack (see network/task_layers.lua).
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  use "network.task_layers"
  local core, nn, task_layers = cmml.core, cmml.nn, cmml.task_layers
  --- The parameters of a tower of several stacks, which `towers` by name make.
  local Tower = nn.class "cmml.Tower"

  -- An MLP whose biases begin at 0.
  local function mlp(init, ...)
    local module = nn.mlp { widths = { ... }, init = init }
    for _, pair in ipairs(module:named_parameters()) do
      if pair[1]:find "bias$" then
        cmml.no_grad(pair[2].copy_, pair[2], core.full(pair[2].shape, 0))
      end
    end
    return module
  end

  --- Towers by name: `mlp`, an MLP of both vectors; `hybrid`, a linear layer of what an MLP makes
  -- of both vectors and of their product, element by element; `dot`, the product of what an MLP
  -- makes of the user's and another one of the item's. A script may add its own.
  cmml.towers = {}

  cmml.towers.mlp = {
    make = function(width, widths, init)
      local all = { table.unpack(widths) }
      all[#all + 1] = 1
      return mlp(init, 2 * width, table.unpack(all))
    end,
    stacks = function(module)
      return { module }
    end,
    score = function(layers, users, items, segments)
      local x = core.concat({ users, items }, 2)
      return task_layers.mlp(x, layers[1], segments):reshape { -1 }
    end,
  }

  cmml.towers.hybrid = {
    make = function(width, widths, init)
      local module = Tower.new()
      module:register("deep", mlp(init, 2 * width, table.unpack(widths)))
      module:register("out", mlp(init, widths[#widths] + width, 1))
      return module
    end,
    stacks = function(module)
      return { module.deep, module.out }
    end,
    score = function(layers, users, items, segments)
      local deep = task_layers.mlp(core.concat({ users, items }, 2), layers[1], segments)
      local all = core.concat({ deep, users * items }, 2)
      return task_layers.mlp(all, layers[2], segments):reshape { -1 }
    end,
  }

  cmml.towers.dot = {
    make = function(width, widths, init)
      local module = Tower.new()
      module:register("user", mlp(init, width, table.unpack(widths)))
      module:register("item", mlp(init, width, table.unpack(widths)))
      return module
    end,
    stacks = function(module)
      return { module.user, module.item }
    end,
    score = function(layers, users, items, segments)
      return core.row_dot(task_layers.mlp(users, layers[1], segments),
        task_layers.mlp(items, layers[2], segments))
    end,
  }

  -- Raises for arguments that are wrong, before a function of a tower is called.
  for name, tower in pairs(cmml.towers) do
    local make, stacks, score = tower.make, tower.stacks, tower.score
    local what = "towers." .. name
    tower.make = function(width, widths, init)
      args.expect(what .. ".make: width", width, "integer")
      args.sizes(what .. ".make: widths", widths)
      return make(width, widths, init)
    end
    tower.stacks = function(module)
      args.expect(what .. ".stacks: module", module, "table")
      return stacks(module)
    end
    tower.score = function(layers, users, items, segments)
      args.list(what .. ".score: layers", layers)
      return args.call(score, layers, users, items, segments)
    end
  end

  --- The tower of that name; raises, with the nearest name, where there is none.
  -- @tparam string what prefix of the message
  -- @tparam string name
  -- @treturn table
  function cmml.tower_of(what, name)
    args.expect("tower_of: what", what, "string")
    return cmml.towers[name] or raise(("%s: there is no tower %s; %s"):format(what,
      args.shown(name), args.suggest(name, args.keys(cmml.towers))), 2)
  end

  --- The layers of a tower's stacks, of other tensors than its parameters.
  -- @tparam table tower
  -- @tparam Module module what it made
  -- @tparam[opt] table values list of tensors, as many as there are parameters and in their order,
  -- [tasks, ..] each; default: the parameters
  -- @treturn table list of layers of each stack
  function cmml.tower_layers(tower, module, values)
    args.expect("tower_layers: tower", tower, "table")
    args.expect("tower_layers: tower.stacks", tower.stacks, "function")
    args.expect("tower_layers: values", values or {}, "table")
    local all, at = {}, 0
    for s, stack in ipairs(tower.stacks(module)) do
      all[s] = task_layers.of(stack)
      for _, layer in ipairs(values and all[s] or {}) do
        layer.weight, layer.bias, at = values[at + 1], values[at + 2], at + 2
      end
    end
    return all
  end
end
