--- Options that several kinds of recommenders have.
--
-- @module cmml.recommenders.shared_options
return {
  item_shrink = { name = "item_shrink", kind = "number", default = 5, from = 0, group = "model",
    search = "log:1:30",
    help = "number of imaginary ratings that pull an item's part towards the mean of all" },
  user_shrink = { name = "user_shrink", kind = "number", default = 3, from = 0, group = "model",
    search = "log:1:30",
    help = "number of imaginary ratings that pull a user's part towards 0" },
  item_bias = { name = "item_bias", kind = "string", choices = { "solved", "mean" },
    default_text = "solved", search = "solved|mean",
    help = "solved: item biases are learnt with the factors, which is what somebody without taste "
      .. "would give; mean: the mean of those who chose the item, shrunk towards that of all "
      .. "ratings, which may predict better where nothing is known of a person" },
  read_users = { name = "read_users", kind = "boolean", group = "model", search = "true|false",
    default_text = "the preset's, or true",
    help = "whether the content features of people are read" },
  base = { name = "base", kind = { "table", "boolean" }, group = "model", tunable = false,
    line = false, default_text = "the preset's, or none",
    help = "options of factor_base_options: a matrix factorisation or factor analysis that the "
      .. "scores are added to; false: none" },
  neighbours = { name = "neighbours", kind = { "table", "boolean" }, group = "model",
    tunable = false, line = false, default_text = "the preset's, or none",
    help = "options of neighbour_options: what a trained model leaves over of the ratings of the "
      .. "nearest items of the support is added to its scores; false: nothing" },
  sweeps = { name = "sweeps", kind = "integer", default = 20, from = 1,
    help = "number of sweeps over users and items" },
}
