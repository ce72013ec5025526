--- Options that several functions of the setting users have.
--
-- @module cmml.settings.users.shared_options
return {
  valid = { name = "valid", kind = "number", default = 0.05, from = 0, below = 1,
    help = "fraction of the other users that chooses the best epoch" },
  relevant = { name = "relevant", kind = "number",
    help = "rating, or weight, from which on an item is relevant: what models that rank learn "
      .. "from, and what lists are to show",
    default_text = "of ratings three quarters of their scale, such as 4 of 1 to 5, else any" },
  shuffle_labels = { name = "shuffle_labels", kind = "boolean", default = false,
    help = "permute the labels within each support before adapting; the loss in accuracy is what "
      .. "the model reads from them" },
}
