--- Dropout of given vectors, task by task: another mask for each task, which does not depend on
-- what other tasks are computed with it.
--
-- @module cmml.nn.masked_rows

-- Tensors one below another, however many.
local function stacked(core, list)
  local most = 64 -- tensors that concat takes
  while #list > 1 do
    local joined = {}
    for first = 1, #list, most do
      joined[#joined + 1] = core.concat(table.move(list, first, math.min(first + most - 1, #list),
        1, {}), 1)
    end
    list = joined
  end
  return list[1]
end

--- Some columns of rows under dropout.
-- @tparam table core
-- @tparam Module layer `nn.dropout`
-- @tparam Tensor x [rows, width]
-- @tparam integer width of the columns from the first on that are masked; the others stay
-- @tparam Ids tasks of the rows, rising from 1
-- @tparam table key seed, draw, tasks (a number for each task)
-- @treturn Tensor of the same shape
return function(core, layer, x, width, tasks, key)
  local owners, list, first = tasks:totable(), {}, 1
  local own = width < x.shape[2] and x:slice(2, 1, width) or x
  while first <= #owners do
    local last = first
    while owners[last + 1] == owners[first] do
      last = last + 1
    end
    list[#list + 1] = layer(own:slice(1, first, last), { seed = key.seed, epoch = key.draw,
      task = key.tasks[owners[first]] })
    first = last + 1
  end
  local masked = stacked(core, list) or own
  return width < x.shape[2] and core.concat({ masked,
    x:slice(2, width + 1, x.shape[2]) }, 2) or masked
end
