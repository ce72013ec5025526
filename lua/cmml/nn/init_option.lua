--- The option of layers that says where their initial values come from.
--
-- @module cmml.nn.init_option
return { name = "init", kind = "table", default_text = "a stream that all layers share",
  help = "initial values, from nn.init(seed)" }
