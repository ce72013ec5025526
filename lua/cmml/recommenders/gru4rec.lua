--- GRU4Rec: a GRU over the items of a person (Hidasi et al., ICLR 2016; Tan et al., 2016).
--
-- @module cmml
return function(cmml, use)
  local core, nn = cmml.core, cmml.nn
  local network = use "recommenders.sequence_network"
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

  -- The places of the rows of sequences in a batch of them that is padded.
  local function places_of(segments, time)
    local places = {}
    for k, length in ipairs(segments:totable()) do
      for t = 1, length do
        places[#places + 1] = (k - 1) * time + t
      end
    end
    return core.ids(places)
  end

  cmml.kind(network.declared {
    name = "gru4rec", title = "GRU4Rec", source = "Hidasi et al., ICLR 2016",
    options = {
      { name = "hidden", kind = "integer", from = 1, default = 128, group = "model",
        search = "64|128|256", help = "width of the GRU's state" },
      { name = "dropout", kind = "number", from = 0, below = 1, default = 0.3, group = "model",
        search = "0.1|0.3|0.5", help = "fraction of the vectors of items that is set to 0 in "
          .. "training" },
    },
    presets = {
      recommended = { model = {}, training = { batch = 256, lr = 1e-3, epochs = 100,
        patience = 10 } },
    },
    encoder = encoder_of,
    states = function(self, e, rows, key)
      local encoder = self.module.encoder
      local padded = core.pad_segments(encoder.mask(e, key), rows.segments)
      local states = encoder.gru(padded, rows.segments)
      local time, hidden = states.shape[2], states.shape[3]
      return encoder.out(states:reshape { -1, hidden }:gather_rows(places_of(rows.segments,
        time)))
    end,
    last = function(self, e, rows)
      local encoder = self.module.encoder
      return encoder.out(encoder.gru:last(core.pad_segments(e, rows.segments), rows.segments))
    end,
  })
end
