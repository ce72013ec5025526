--- Hybrid context generators: from a task's context and a query row to what modulates the network
-- for that row (CMML eq. 8).
--
-- A hybrid is a module of (x, context), both [rows, width], giving [rows, out]; it has a field
-- `out`. The constructors, by name in `cmml.hybrids`, take {width, init}. One whose field
-- `reads_joined` is true gets x as a joined matrix, the contexts as they are ([tasks, width]) and,
-- as a third argument, the task of each row (Ids); it may give a joined matrix.
--
-- @module cmml
local option_sets = require "cmml.base.options"
local init_option = require "cmml.nn.init_option"

local sizes = option_sets.declare("hybrids: all", {
  { name = "width", kind = "integer", from = 0, required = true,
    help = "columns of the context and of the query" },
  init_option,
})

local known = {}
for _, name in ipairs { "none", "dot", "inner", "mlp" } do
  known[name] = option_sets.join("hybrids." .. name, sizes)
end
known.generator = option_sets.join("hybrids.generator", sizes,
  option_sets.declare("hybrids.generator alone", {
    { name = "hidden", list = "integer", from = 1, repeats = true, may_be_empty = true,
      default_text = "{width}", help = "widths of the hidden layers" },
  }))

return function(cmml, use)
  use "network.component"
  local nn = cmml.nn

  local NoHybrid = nn.class "cmml.NoHybrid"
  NoHybrid.reads_joined = true

  --- The context alone, the same for all rows of a task. No parameters.
  -- @tparam table options
  -- @treturn NoHybrid of (x, context, tasks)
  function cmml.hybrids.none(options)
    local opt = known.none:check(options)
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
  -- @tparam table options
  -- @treturn DotHybrid of (x, context [tasks, width], tasks), which reads joined matrices, giving
  -- one [rows, width]
  function cmml.hybrids.dot(options)
    local opt = known.dot:check(options)
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

  --- The scalar product of context and query, one number per row: what the paper
  -- calls "dot-product", but its code does not compute. No parameters.
  -- @tparam table options
  -- @treturn InnerHybrid of (x, context)
  function cmml.hybrids.inner(options)
    known.inner:check(options)
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
  -- @tparam table options
  -- @treturn MlpHybrid of (x, context, tasks)
  function cmml.hybrids.mlp(options)
    local opt = known.mlp:check(options)
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
  -- @tparam table options
  -- @treturn GeneratorHybrid of (x, context, tasks)
  function cmml.hybrids.generator(options)
    local opt = known.generator:check(options)
    local self, hidden = GeneratorHybrid.new(), opt.hidden or { opt.width }
    self.out = opt.width
    local widths = { 2 * opt.width, table.unpack(hidden) }
    widths[#widths + 1] = opt.width
    self:register("mlp", nn.mlp { widths = widths, init = opt.init })
    return self
  end

  --- The result of the MLP.
  -- @tparam Joined x [rows, width]
  -- @tparam Tensor context [tasks, width]
  -- @tparam Ids tasks the task of each row
  -- @treturn Tensor [rows, width]
  function GeneratorHybrid:forward(x, context, tasks)
    return self.mlp(beside(x, context, tasks))
  end
end
