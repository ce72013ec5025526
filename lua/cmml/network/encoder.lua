--- Context encoders: from the labelled support of a task to one vector (CMML section 3.2).
--
-- An encoder is a module of (samples, segments): samples [rows, inp] holds a row per support
-- interaction, segments one per task; it gives [tasks, out]. The constructors, by name in
-- `cmml.encoders`, take {inp, out, widths, init}. One whose field `reads_joined` is true gets the
-- samples as a joined matrix. A task without support has the context zero.
--
-- @module cmml
local option_sets = require "cmml.base.options"
local init_option = require "cmml.nn.init_option"
local raise = require("cmml.base.args").error

local sizes = option_sets.declare("encoders: all", {
  { name = "inp", kind = "integer", from = 0, required = true, help = "columns of the samples" },
  { name = "out", kind = "integer", from = 0, required = true, help = "columns of the context" },
  { name = "widths", list = "integer", from = 1, repeats = true, may_be_empty = true,
    required = true, help = "widths of the hidden layers; of gru first that of the GRU" },
  init_option,
})

local known = {}
for _, name in ipairs { "none", "mean", "max", "sum", "gru", "attention" } do
  known[name] = option_sets.join("encoders." .. name, sizes)
end

return function(cmml, use)
  use "network.component"
  local nn, core = cmml.nn, cmml.core

  -- Zeros in the rows of tasks without support. No branch: what is frozen has to do it, too.
  local function of_present(context, segments)
    return context * core.segment_mean(core.full({ segments:rows(), 1 }, 1), segments)
  end

  -- An MLP from one width over those of the hidden layers to another.
  local function mlp(first, widths, last, init)
    local all = { first, table.unpack(widths) }
    all[#all + 1] = last
    return nn.mlp { widths = all, init = init }
  end

  local NoEncoder = nn.class "cmml.NoEncoder"
  NoEncoder.reads_joined = true

  --- No encoder: the context is zero, whatever the support. No parameters.
  -- @tparam table options
  -- @treturn NoEncoder of (samples, segments) giving [tasks, out]
  function cmml.encoders.none(options)
    local opt = known.none:check(options)
    local self = NoEncoder.new()
    self.out = opt.out
    return self
  end

  --- Zeros.
  -- @tparam Tensor|Joined _ the samples, not read
  -- @tparam Segments segments one per task
  -- @treturn Tensor [tasks, out]
  function NoEncoder:forward(_, segments)
    return core.full({ #segments, self.out }, 0)
  end

  local MeanEncoder = nn.class "cmml.MeanEncoder"
  MeanEncoder.reads_joined = true

  --- Pooling encoder: an MLP on every sample, then the mean (CMML eq. 6).
  -- @tparam table options
  -- @treturn MeanEncoder of (samples [rows, inp], segments) giving [tasks, out]
  function cmml.encoders.mean(options)
    local opt = known.mean:check(options)
    local self = MeanEncoder.new()
    self:register("mlp", mlp(opt.inp, opt.widths, opt.out, opt.init))
    return self
  end

  --- The contexts of tasks.
  -- @tparam Tensor|Joined samples [rows, inp]
  -- @tparam Segments segments one per task
  -- @treturn Tensor [tasks, out]
  function MeanEncoder:forward(samples, segments)
    -- The last layer is affine, so the mean may be taken before it: exactly the same, for a
    -- fraction of the work.
    local hidden = cmml.written_out(self.mlp:hidden(samples))
    return of_present(self.mlp:last(core.segment_mean(hidden, segments)), segments)
  end

  local MaxEncoder = nn.class "cmml.MaxEncoder"
  MaxEncoder.reads_joined = true

  --- Pooling encoder: an MLP on every sample, then the largest value of each column (CMML eq. 6).
  -- @tparam table options
  -- @treturn MaxEncoder of (samples [rows, inp], segments) giving [tasks, out]
  function cmml.encoders.max(options)
    local opt = known.max:check(options)
    local self = MaxEncoder.new()
    self:register("mlp", mlp(opt.inp, opt.widths, opt.out, opt.init))
    return self
  end

  --- The contexts of tasks.
  -- @tparam Tensor|Joined samples [rows, inp]
  -- @tparam Segments segments one per task
  -- @treturn Tensor [tasks, out]
  function MaxEncoder:forward(samples, segments)
    return core.segment_max(self.mlp(samples), segments)
  end

  local SumEncoder = nn.class "cmml.SumEncoder"
  SumEncoder.reads_joined = true

  --- Sums: an MLP on every sample, or without widths, where `inp` is `out`, the sample itself; then
  -- tanh of their sum over the root of their number. Unlike a mean the sum grows with the support,
  -- so that the context says how much is known, too. Not in the paper.
  -- @tparam table options
  -- @treturn SumEncoder of (samples [rows, inp], segments) giving [tasks, out]
  function cmml.encoders.sum(options)
    local opt = known.sum:check(options)
    local self = SumEncoder.new()
    if #opt.widths > 0 or opt.inp ~= opt.out then
      self:register("mlp", mlp(opt.inp, opt.widths, opt.out, opt.init))
    end
    return self
  end

  --- The contexts of tasks.
  -- @tparam Tensor|Joined samples [rows, inp]
  -- @tparam Segments segments one per task
  -- @treturn Tensor [tasks, out]
  function SumEncoder:forward(samples, segments)
    local each = cmml.written_out(self.mlp and self.mlp(samples) or samples)
    local count = core.segment_sum(core.full({ segments:rows(), 1 }, 1), segments)
    return (core.segment_sum(each, segments) / count:maximum(1):sqrt()):tanh()
  end

  local GruEncoder = nn.class "cmml.GruEncoder"

  --- Sequential encoder: a GRU over the samples of a task in the order of the rows, from a state of
  -- zeros; an MLP on its last state (CMML eq. 7). Draws of tasks give supports in random order.
  -- @tparam table options widths: of the GRU, then of the hidden layers of the MLP
  -- @treturn GruEncoder of (samples [rows, inp], segments) giving [tasks, out]
  function cmml.encoders.gru(options)
    local opt = known.gru:check(options)
    if #opt.widths == 0 then
      raise("encoders.gru: widths must contain the width of the GRU", 2)
    end
    local self = GruEncoder.new()
    self:register("gru", nn.gru { inp = opt.inp, hidden = opt.widths[1], init = opt.init })
    self:register("mlp", mlp(opt.widths[1], { table.unpack(opt.widths, 2) }, opt.out, opt.init))
    return self
  end

  --- The contexts of tasks.
  -- @tparam Tensor|Joined samples [rows, inp]
  -- @tparam Segments segments one per task
  -- @treturn Tensor [tasks, out]
  function GruEncoder:forward(samples, segments)
    local last = self.gru:last(core.pad_segments(samples, segments), segments)
    return of_present(self.mlp(last), segments)
  end

  local AttentionEncoder = nn.class "cmml.AttentionEncoder"
  AttentionEncoder.reads_joined = true

  --- Attention pooling: an MLP on every sample, then a mean whose weights are the softmax over the
  -- task of a score of each sample's last hidden layer. Not in the paper.
  -- @tparam table options widths: at least one
  -- @treturn AttentionEncoder of (samples [rows, inp], segments) giving [tasks, out]
  function cmml.encoders.attention(options)
    local opt = known.attention:check(options)
    if #opt.widths == 0 then
      raise("encoders.attention: widths must contain a hidden layer, whose values are scored", 2)
    end
    local self = AttentionEncoder.new()
    self:register("mlp", mlp(opt.inp, opt.widths, opt.out, opt.init))
    self:register("weigh", nn.linear { inp = opt.widths[#opt.widths], out = 1, bias = false,
      init = opt.init })
    return self
  end

  --- The contexts of tasks.
  -- @tparam Tensor|Joined samples [rows, inp]
  -- @tparam Segments segments one per task
  -- @treturn Tensor [tasks, out]
  function AttentionEncoder:forward(samples, segments)
    local hidden = self.mlp:hidden(samples)
    local weights = core.segment_softmax(self.weigh(hidden), segments)
    -- weights sum to 1, so the last, affine layer may come after the mean
    return of_present(self.mlp:last(core.segment_sum(hidden * weights, segments)), segments)
  end
end
