--- GRU4Rec: a GRU over the items of a person (Hidasi et al., ICLR 2016; Tan et al., 2016).
--
-- @module cmml
return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
  local network = use "recommenders.sequence_network"
  local sequence_fine_tuning = use "recommenders.sequence_fine_tuning"
  --- The GRU, and the map of its state to the width of items' vectors.
  -- @tfield Module gru
  -- @tfield Module out
  local Encoder = nn.class "cmml.GruEncoder"

  local function encoder_of(opt, init)
    local self = Encoder.new()
    self.mask = nn.dropout { rate = opt.dropout }
    self:register("gru", nn.gru { inp = opt.width, hidden = opt.hidden, init = init })
    self:register("out", nn.linear { inp = opt.hidden, out = opt.width, init = init })
    return self
  end

  --- Runs the encoder, over the same rows padded.
  -- @tparam Tensor e [rows, width] the vectors of the items
  -- @tparam Segments segments one for each sequence
  -- @tparam[opt] table options key, of dropout; through, of which linear runs the map
  -- @treturn Tensor [rows, width]
  function Encoder:forward(e, segments, options)
    local opt = options or {}
    local padded = core.pad_segments(self.mask(e, opt.key), segments)
    local valid = network.unpadded(self.gru(padded, segments), segments)
    return opt.through and opt.through.linear("out", self.out, valid) or self.out(valid)
  end

  -- Of the last state alone, so that no other one goes through the map.
  local function last(self, e, rows)
    local encoder = self.module.encoder
    return encoder.out(encoder.gru:last(core.pad_segments(e, rows.segments), rows.segments))
  end

  local options = {
    { name = "hidden", kind = "integer", from = 1, default = 128, group = "model",
      search = "64|128|256", help = "width of the GRU's state" },
    { name = "dropout", kind = "number", from = 0, below = 1, default = 0.3, group = "model",
      search = "0.1|0.3|0.5", help = "fraction of the vectors of items that is set to 0 in "
        .. "training" },
  }
  local presets = {
    recommended = { model = {}, training = network.training },
  }

  cmml.kind(network.declared {
    name = "gru4rec", title = "GRU4Rec", source = "Hidasi et al., ICLR 2016",
    options = options, presets = presets, encoder = encoder_of, last = last,
  })

  -- Its last map takes the steps (and items' vectors, where they are asked for); the GRU stays.
  cmml.kind(sequence_fine_tuning.declared {
    name = "gru4rec_tuned", title = "GRU4Rec, fine-tuned", source = "Hidasi et al., ICLR 2016",
    options = options, presets = presets, encoder = encoder_of, last = last,
  })
end
