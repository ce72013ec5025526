--- The options of layers that say the sizes of their inputs and outputs.
--
-- @module cmml.nn.size_options
return {
  inp = { name = "inp", kind = "integer", from = 0, required = true,
    help = "columns of the input" },
  out = { name = "out", kind = "integer", from = 0, required = true,
    help = "columns of the output" },
  hidden = { name = "hidden", kind = "integer", from = 1, required = true,
    help = "columns of the state" },
}
