--- Context encoders: from the labelled support of a task to one vector (CMML section 3.2).
--
-- An encoder is a module of (samples, segments): samples [rows, inp] holds a row for every support
-- interaction, a segment a task; it gives [tasks, out]. `cmml.encoders` holds the constructors by
-- name; each takes {inp, out, widths, init}. One whose field `reads_joined` is true gets the
-- samples as a joined matrix.
--
-- @module cmml
local args = require "cmml.args"

return function(cmml)
  local nn, core = cmml.nn, cmml.core
  --- Constructors of context encoders by name.
  cmml.encoders = {}

  local MeanEncoder = nn.class "cmml.MeanEncoder"
  MeanEncoder.reads_joined = true

  --- Pooling encoder: an MLP on every sample, then the mean (CMML eq. 6). A task without support
  -- has the context zero.
  -- @tparam table options inp, out, widths (of the hidden layers), init
  -- @treturn MeanEncoder of (samples [rows, inp], segments) giving [tasks, out]
  function cmml.encoders.mean(options)
    local opt = args.check("encoders.mean", options, { inp = "integer", out = "integer",
      widths = "table", init = "table?" })
    local self = MeanEncoder.new()
    local widths = { opt.inp, table.unpack(opt.widths) }
    widths[#widths + 1] = opt.out
    self:register("mlp", nn.mlp { widths = widths, init = opt.init })
    return self
  end

  --- The contexts of tasks.
  -- @tparam Tensor|Joined samples [rows, inp]
  -- @tparam Segments segments one a task
  -- @treturn Tensor [tasks, out]
  function MeanEncoder:forward(samples, segments)
    -- The last layer is affine, so the mean may be taken before it: exactly the same, for a
    -- fraction of the work.
    local hidden = cmml.written_out(self.mlp:hidden(samples))
    local pooled = core.segment_mean(hidden, segments)
    local context = self.mlp:last(pooled)
    if segments:shortest() == 0 then
      local present = core.segment_mean(core.full({ segments:rows(), 1 }, 1), segments)
      context = context * present
    end
    return context
  end
end
