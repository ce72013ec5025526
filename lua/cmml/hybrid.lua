--- Hybrid context generators: from a task's context and a query row to what modulates the network
-- for that row (CMML eq. 8).
--
-- A hybrid is a module of (x, context), both [rows, width], giving [rows, out]; it has a field
-- `out`. `cmml.hybrids` holds the constructors by name; each takes {width, init}. One whose field
-- `reads_joined` is true gets x as a joined matrix, the contexts as they are ([tasks, width]) and,
-- as a third argument, the task of each row (Ids); it may give a joined matrix.
--
-- @module cmml
local args = require "cmml.args"

return function(cmml)
  local nn = cmml.nn
  cmml.hybrids = {}

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

  --- The condition of each row.
  -- @tparam Joined x [rows, width]
  -- @tparam Tensor context [tasks, width]
  -- @tparam Ids tasks the task of each row
  -- @treturn Joined [rows, width]
  function DotHybrid.forward(_, x, context, tasks)
    return x:scaled_by(context, tasks)
  end
end
