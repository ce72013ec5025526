--- SASRec: self-attention over the items of a person (Kang and McAuley, ICDM 2018), in the form of
-- BERT with causal attention that RecBole and MML have.
--
-- @module cmml
return function(cmml, use)
  local network = use "recommenders.sequence_network"
  use "network.sequence_encoder"

  local sasrec = {}

  --- The options of the encoder.
  sasrec.options = {
    { name = "layers", kind = "integer", from = 1, default = 2, group = "model", search = "1|2|3",
      help = "number of layers of attention" },
    { name = "heads", kind = "integer", from = 1, default = 2, group = "model", search = "1|2|4",
      help = "number of heads of attention, a divisor of width" },
    { name = "inner", kind = "integer", from = 1, default = 256, group = "model",
      search = "64|128|256", help = "width of the layer behind each attention" },
    { name = "dropout", kind = "number", from = 0, below = 1, default = 0.5, group = "model",
      search = "0.2|0.3|0.5", help = "fraction of the numbers that is set to 0 in training, behind "
        .. "the input, attention and layers" },
  }

  --- The encoder that options ask for.
  -- @tparam table opt width, heads, layers, inner, length, dropout
  -- @tparam table init from `nn.init`
  -- @tparam[opt] Tensor features of items that attention sees, with opt.attention_scale
  -- @tparam[opt] integer layers in place of opt.layers
  -- @treturn SequenceEncoder
  function sasrec.encoder(opt, init, features, layers)
    return cmml.sequence_encoder { width = opt.width, heads = opt.heads, inner = opt.inner,
      layers = layers or opt.layers, length = opt.length, dropout = opt.dropout, init = init,
      features = features and features.shape[2], feature_scale = features and opt.attention_scale }
  end

  --- The presets of kinds over this encoder.
  sasrec.presets = {
    recommended = { model = {}, training = network.training },
    published = { model = { loss = "bpr" }, training = { batch = 256, lr = 1e-3, epochs = 200,
      patience = 10 } },
  }

  cmml.kind(network.declared {
    name = "sasrec", title = "SASRec", source = "Kang and McAuley, ICDM 2018",
    options = sasrec.options, presets = sasrec.presets, encoder = sasrec.encoder,
  })

  return sasrec
end
