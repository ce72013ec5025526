--- The option of whether what vectors of items are made of is learnt.
--
-- @module cmml.network.learn_features_option
return { name = "learn_features", kind = "boolean", default = false,
  help = "whether numbers of content features, and random ones, are where learning starts from, "
    .. "and learnt too (as published for MML)" }
