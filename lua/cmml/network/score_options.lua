--- The options of what scores rows.
--
-- @module cmml.network.score_options
return {
  parts = { name = "parts", kind = "boolean", default = false,
    help = "return intermediate values, too" },
}
