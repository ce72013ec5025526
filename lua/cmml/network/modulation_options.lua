--- The options of every modulation head, and those of heads whose layers are an MLP's.
--
-- @module cmml.network.modulation_options
local options = require "cmml.base.options"

local known = options.declare("modulations: all", {
  { name = "inp", kind = "integer", from = 0, required = true, help = "columns of the rows" },
  { name = "cond", kind = "integer", from = 0, required = true,
    help = "columns of the condition" },
  { name = "backbone", list = "integer", from = 1, repeats = true, required = true,
    help = "widths of the recommender's layers" },
  { name = "hyper", list = "integer", from = 1, repeats = true, may_be_empty = true,
    required = true, help = "widths of the hypernetwork's layers" },
  { name = "activation", kind = "string", choices = require "cmml.nn.activations",
    required = true, help = "activation of the recommender's layers" },
  (require "cmml.nn.init_option"),
})


local layered = options.join("modulations: layered", known,
  options.declare("modulations: layered alone", {
    { name = "out", kind = "integer", from = 0, default = 1,
      help = "columns of the result of the last map, which is linear; 1: scores [rows]; 0: there "
        .. "is no such map, and the last layer itself is the result" },
    { name = "residual", kind = "boolean", default = false,
      help = "what a layer gives is added to what it reads, which has the same width" },
    { name = "dropout", kind = "number", from = 0, below = 1, default = 0,
      help = "fraction of what a layer gives that is set to 0 in training" },
  }))

return { all = known, layered = layered }
