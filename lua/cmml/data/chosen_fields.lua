--- The options that choose fields of what was read.
--
-- @module cmml.data.chosen_fields
return {
  { name = "item_fields", list = "string", may_be_empty = true, default_text = "all",
    help = "fields of items to use" },
  { name = "user_fields", list = "string", may_be_empty = true, default_text = "all",
    help = "fields of users to use" },
}
