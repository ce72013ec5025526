--- Options that several functions of the setting users have.
--
-- @module cmml.settings.users.shared_options
return {
  test_users = { name = "test_users", kind = { "number", "string", "table" },
    default_text = "test_users.txt of the data's folder if there is one, else 0.2",
    help = "users to test on: a fraction drawn at random, the path of a file that lists them, or a "
      .. "list of raw ids" },
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
