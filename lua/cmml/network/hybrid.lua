--- Hybrid context generators: from a task's context and a query row to what modulates the network
-- for that row (CMML eq. 8).
--
-- A hybrid is a module of (x, context), both [rows, width], giving [rows, out]; it has a field
-- `out`. The constructors, by name in `cmml.hybrids`, take {width, init}. One whose field
-- `reads_joined` is true gets x as a joined matrix, the contexts as they are ([tasks, width]) and,
-- as a third argument, the task of each row (Ids); it may give a joined matrix.
--
-- @module cmml
local args = require "cmml.base.args"

return function(cmml, use)
  use "network.component"
  local nn = cmml.nn

  local NoHybrid = nn.class "cmml.NoHybrid"
  NoHybrid.reads_joined = true

  --- The context alone, the same for all rows of a task. No parameters.
  -- @tparam table options width, init
  -- @treturn NoHybrid of (x, context, tasks)
  function cmml.hybrids.none(options)
    local opt = args.check("hybrids.none", options, { width = "integer", init = "table?" })
    local self = NoHybrid.new()
    self.out = opt.width
    return self
  end

  --- The contexts of the rows.
  -- @tparam Joined _ the rows, not read
  -- @tparam Tensor context [tasks, width]
  -- @tparam Ids tasks the task of each row
  -- @treturn Joined [rows, width]
  function NoHybrid.forward(_, _, context, tasks)
    return cmml.joined { { context, tasks } }
  end

  local DotHybrid = nn.class "cmml.DotHybrid"
  DotHybrid.reads_joined = true

  --- The element-wise product of context and query ("dot" in the paper). No parameters.
  -- @tparam table options width, init
  -- @treturn DotHybrid of (x, context [tasks, width], tasks), which reads joined matrices, giving
  -- one [rows, width]
  function cmml.hybrids.dot(options)
    local opt = args.check("hybrids.dot", options, { width = "integer", init = "table?" })
    local self = DotHybrid.new()
    self.out = opt.width
    return self
  end

  --- The products.
  -- @tparam Joined x [rows, width]
  -- @tparam Tensor context [tasks, width]
  -- @tparam Ids tasks the task of each row
  -- @treturn Joined [rows, width]
  function DotHybrid.forward(_, x, context, tasks)
    return x:scaled_by(context, tasks)
  end

  local InnerHybrid = nn.class "cmml.InnerHybrid"

  --- The scalar product of context and query, one number a row: what the paper's word
  -- "dot-product" says, and its code does not do. No parameters.
  -- @tparam table options width, init
  -- @treturn InnerHybrid of (x, context)
  function cmml.hybrids.inner(options)
    args.check("hybrids.inner", options, { width = "integer", init = "table?" })
    local self = InnerHybrid.new()
    self.out = 1
    return self
  end

  --- The scalar products.
  -- @tparam Tensor x [rows, width]
  -- @tparam Tensor context of each row [rows, width]
  -- @treturn Tensor [rows, 1]
  function InnerHybrid.forward(_, x, context)
    return cmml.core.row_dot(x, context):reshape { -1, 1 }
  end

  -- [x ; context]
  local function beside(x, context, tasks)
    local parts = { table.unpack(x.parts) }
    parts[#parts + 1] = { context, tasks }
    return cmml.joined(parts)
  end

  local MlpHybrid = nn.class "cmml.MlpHybrid"
  MlpHybrid.reads_joined = true

  --- Query and context side by side: the modulation's first layers are the MLP ("MLP" in the paper,
  -- as published). No parameters.
  -- @tparam table options width, init
  -- @treturn MlpHybrid of (x, context, tasks)
  function cmml.hybrids.mlp(options)
    local opt = args.check("hybrids.mlp", options, { width = "integer", init = "table?" })
    local self = MlpHybrid.new()
    self.out = 2 * opt.width
    return self
  end

  --- Both side by side.
  -- @tparam Joined x [rows, width]
  -- @tparam Tensor context [tasks, width]
  -- @tparam Ids tasks the task of each row
  -- @treturn Joined [rows, 2 width]
  function MlpHybrid.forward(_, x, context, tasks)
    return beside(x, context, tasks)
  end

  local GeneratorHybrid = nn.class "cmml.GeneratorHybrid"
  GeneratorHybrid.reads_joined = true

  --- A generator with layers of its own: an MLP on query and context side by side.
  -- @tparam table options width, hidden (widths of the hidden layers, default {width}), init
  -- @treturn GeneratorHybrid of (x, context, tasks)
  function cmml.hybrids.generator(options)
    local opt = args.check("hybrids.generator", options, { width = "integer", hidden = "table?",
      init = "table?" })
    local self, hidden = GeneratorHybrid.new(), opt.hidden or { opt.width }
    args.sizes("hybrids.generator: hidden", hidden)
    self.out = opt.width
    local widths = { 2 * opt.width, table.unpack(hidden) }
    widths[#widths + 1] = opt.width
    self:register("mlp", nn.mlp { widths = widths, init = opt.init })
    return self
  end

  --- What the MLP makes of both.
  -- @tparam Joined x [rows, width]
  -- @tparam Tensor context [tasks, width]
  -- @tparam Ids tasks the task of each row
  -- @treturn Tensor [rows, width]
  function GeneratorHybrid:forward(x, context, tasks)
    return self.mlp(beside(x, context, tasks))
  end
end
