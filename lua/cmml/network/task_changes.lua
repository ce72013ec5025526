--- What the gradient steps of tasks changed of a network's weights, kept as rows (see
-- `fast_weights`), and the functions that run layers with them.
--
-- @module cmml.network.task_changes

-- Numbers of past rows for each number of a matrix from which on it is quicker to add their
-- products up; and how many steps can be kept as rows at all.
local most_numbers, most_steps = 4, 14

return function(cmml)
  local core = cmml.core
  --- The changes of all layers, by the name of the layer.
  -- @tfield integer tasks
  -- @tfield number rate what gradients are multiplied with
  local Changes = {}
  Changes.__index = Changes

  --- No changes yet.
  -- @tparam integer tasks
  -- @tparam number rate what gradients are multiplied with
  -- @treturn Changes
  function Changes.new(tasks, rate)
    return setmetatable({ tasks = tasks, rate = rate, layers = {},
      scaled = setmetatable({}, { __mode = "k" }) }, Changes)
  end

  -- Segments in which each row of others stands for several.
  local function times(self, segments, each)
    if each == 1 then
      return segments
    end
    local of_segments = self.scaled[segments] or {}
    self.scaled[segments] = of_segments
    if not of_segments[each] then
      local lengths = segments:totable()
      for i, length in ipairs(lengths) do
        lengths[i] = length * each
      end
      of_segments[each] = core.segments(lengths)
    end
    return of_segments[each]
  end

  local function plus(value, more)
    return value and value + more or more
  end

  -- Adds to y what the past rows of tasks change of what a layer gives of x.
  local function changed(self, own, y, x, segments)
    if not own then
      return y
    end
    for _, block in ipairs(own.blocks) do
      y = core.segment_mix_add(block.parts, y, x, segments, block.segments, self.rate,
        own.biased and 1 or 0)
    end
    if own.matrices then
      y = y + core.segment_matmul(x, own.matrices, segments)
    end
    return own.bias and y + own.bias:segment_expand(segments) or y
  end

  -- Adds up the products of a layer's rows: a matrix for each task.
  local function fold(self, own)
    for _, block in ipairs(own.blocks) do
      for i = 1, #block.parts, 2 do
        local x, g = block.parts[i], block.parts[i + 1]
        own.matrices = plus(own.matrices, core.segment_outer(x, g, block.segments) * self.rate)
        if own.biased then
          own.bias = plus(own.bias, g:segment_sum(block.segments) * self.rate)
        end
      end
    end
    own.blocks, own.count = {}, 0
  end

  -- Adds rows to those of a layer.
  local function add_rows(self, own, x, g, segments)
    local block
    for _, other in ipairs(own.blocks) do
      block = other.segments == segments and other or block
    end
    if not block then
      block = { parts = {}, segments = segments }
      own.blocks[#own.blocks + 1] = block
    end
    table.move({ x, g }, 1, 2, #block.parts + 1, block.parts)
    local a, b = x.shape[2], g.shape[2]
    own.count = own.count + x.shape[1]
    if #block.parts >= 2 * most_steps
      or own.count * (a + b) > most_numbers * self.tasks * a * b then
      fold(self, own)
    end
  end

  local identities = {}

  -- The identity matrix: a product with its row picks that row of a table.
  local function identity(n)
    if not identities[n] then
      local numbers = {}
      for i = 1, n do
        numbers[i] = i
      end
      local row = core.tensor(numbers)
      identities[n] = core.keep(core.eq(row, row:reshape { n, 1 }))
    end
    return identities[n]
  end

  -- x without its mean and of variance 1, row by row.
  local function standardised(x, eps)
    local width = x.shape[2]
    return core.layer_norm(x, core.full({ width }, 1), core.full({ width }, 0), eps)
  end

  --- The functions that run layers with the tasks' weights.
  -- @tparam Segments segments of the rows that go through them
  -- @tparam[opt] table seen to which is added what each call read and gave, so that gradients by
  -- what they gave can be asked for
  -- @treturn table linear, norm and position
  function Changes:functions(segments, seen)
    local layers, through = self.layers, {}

    local function note(kind, name, x, y, own, layer)
      if seen then
        y = y.tracked and y or y:track()
        seen[#seen + 1] = { kind = kind, name = name, x = x:detach(), y = y, segments = own,
          biased = layer and layer.bias ~= nil, eps = layer and layer.eps }
      end
      return y
    end

    --- A linear layer.
    -- @tparam string name
    -- @tparam table layer {weight [out, in], bias [out] or nil}
    -- @tparam Tensor x [rows, in]
    -- @tparam[opt=1] integer each how many rows of x there are for a row of the segments
    -- @treturn Tensor [rows, out]
    function through.linear(name, layer, x, each)
      local own = times(self, segments, each or 1)
      local y = changed(self, layers[name], core.linear(x, layer.weight, layer.bias), x, own)
      return note("linear", name, x, y, own, layer)
    end

    --- A layer norm.
    -- @tparam string name
    -- @tparam table layer {weight [width], bias [width], eps}
    -- @tparam Tensor x [rows, width]
    -- @treturn Tensor [rows, width]
    function through.norm(name, layer, x)
      local own = layers[name]
      if not own then
        local y = core.layer_norm(x, layer.weight, layer.bias, layer.eps)
        return note("norm", name, x, y, segments, layer)
      end
      local start = core.concat({ layer.weight, layer.bias }, 1):reshape { 1, -1 }
      local y = core.film(standardised(x, layer.eps),
        (start + own.scales):segment_expand(segments))
      return note("norm", name, x, y, segments, layer)
    end

    --- Adds the rows of a table of positions.
    -- @tparam string name
    -- @tparam table layer {weight [places, width]}
    -- @tparam Tensor e [rows, width]
    -- @tparam Ids places of the rows
    -- @treturn Tensor [rows, width]
    function through.position(name, layer, e, places)
      local x = identity(layer.weight.shape[1]):gather_rows(places)
      local y = changed(self, layers[name], e + layer.weight:gather_rows(places), x, segments)
      return note("position", name, x, y, segments)
    end

    return through
  end

  --- Adds a step to the weights of a layer.
  -- @tparam table one an entry of `seen`
  -- @tparam Tensor g gradient by what the layer gave
  -- @tparam ?Tensor mask [tasks, 1]: 1 for tasks that take the step; nil: all
  function Changes:add(one, g, mask)
    local own = self.layers[one.name]
    if not own then
      own = { kind = one.kind, biased = one.biased, blocks = {}, count = 0 }
      self.layers[one.name] = own
    end
    if mask then
      g = core.where(mask:segment_expand(one.segments), g, core.full({}, 0))
    end
    if one.kind == "norm" then
      own.scales = plus(own.scales, core.concat({ standardised(one.x, one.eps) * g, g }, 2)
        :segment_sum(one.segments) * self.rate)
    else
      add_rows(self, own, one.x, g, one.segments)
    end
  end

  --- What the change of a linear layer's weights makes of rows on their way back: y change, and the
  -- products with the change of its bias.
  -- @tparam string name
  -- @tparam Tensor y [tasks, out], a row for each task
  -- @treturn ?Tensor [tasks, in]; nil if nothing was changed
  -- @treturn ?Tensor [tasks]
  function Changes:turned(name, y)
    local own = self.layers[name]
    if not own then
      return nil
    end
    local lengths = {}
    for task = 1, self.tasks do
      lengths[task] = 1
    end
    local segments, x, shift = core.segments(lengths), nil, core.full({ self.tasks }, 0)
    for _, block in ipairs(own.blocks) do
      local turned = {}
      for i = 1, #block.parts, 2 do
        local g = block.parts[i + 1]
        turned[i], turned[i + 1] = g, block.parts[i]
        if own.biased then
          shift = shift + y:row_dot(g:segment_sum(block.segments)) * self.rate
        end
      end
      x = core.segment_mix_add(turned, x or core.full({ self.tasks, turned[2].shape[2] }, 0), y,
        segments, block.segments, self.rate)
    end
    if own.matrices then
      x = plus(x, core.segment_matmul(y, own.matrices:transpose(), segments))
    end
    return x, own.bias and shift + y:row_dot(own.bias) or shift
  end

  --- Calls a function for tensors that show whether the changes are finite, if losses of all steps
  -- were.
  -- @tparam function f of (tensor, owners (Ids: the task of each row; nil: one a task))
  function Changes:each(f)
    for _, own in pairs(self.layers) do
      for _, block in ipairs(own.blocks) do
        f(block.parts[#block.parts], block.segments:groups())
      end
      for _, key in ipairs { "matrices", "bias", "scales" } do
        if own[key] then
          f(own[key])
        end
      end
    end
  end

  -- The rows of one task.
  local function rows_of(x, segments, task)
    local lengths, first = segments:totable(), 1
    for other = 1, task - 1 do
      first = first + lengths[other]
    end
    return x:slice(1, first, first + lengths[task] - 1)
  end

  -- One task's row of a tensor [tasks, ..].
  local function of_task(x, task)
    return x:slice(1, task, task):reshape { table.unpack(x.shape, 2) }
  end

  --- The changes of one task's weights, written out.
  -- @tparam integer task
  -- @treturn table Tensors by name of the parameter
  function Changes:of(task)
    local found = {}
    for name, own in pairs(self.layers) do
      local weight, bias = name .. ".weight", name .. ".bias"
      local matrix = own.matrices and of_task(own.matrices, task)
      local vector = own.bias and of_task(own.bias, task)
      for _, block in ipairs(own.blocks) do
        for i = 1, #block.parts, 2 do
          local x = rows_of(block.parts[i], block.segments, task)
          local g = rows_of(block.parts[i + 1], block.segments, task) * self.rate
          matrix = plus(matrix, core.matmul(x:transpose(), g))
          vector = own.biased and plus(vector, g:sum(1)) or nil
        end
      end
      if matrix then
        found[weight] = own.kind == "linear" and matrix:transpose() or matrix
      end
      found[bias] = vector
      if own.scales then
        local both, width = of_task(own.scales, task), own.scales.shape[2] // 2
        found[weight], found[bias] = both:slice(1, 1, width), both:slice(1, width + 1, 2 * width)
      end
    end
    return found
  end

  return Changes
end
