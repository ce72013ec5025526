--- The options of every modulation head.
--
-- @module cmml.network.modulation_options
local known = require("cmml.base.options").declare("modulations: all", {
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

return known
