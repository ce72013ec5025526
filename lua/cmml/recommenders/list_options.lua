--- Options of whatever gives lists of recommendations.
--
-- @module cmml.recommenders.list_options
local changed = require("cmml.base.options").changed
local shared = require "cmml.base.shared_options"

return {
  --- What becomes of what the model does not know.
  unknown = changed(shared.unknown, {
    help = "what happens to what the model does not know; skip: it is left out and listed" }),
  --- What becomes of ratings outside of the model's scale.
  strict = { name = "strict", kind = "boolean", default = false,
    help = "whether a rating outside of the scale that the model was trained on is an error; "
      .. "otherwise it counts as it is, and is listed" },
  --- The length of a list.
  n = { name = "n", kind = "integer", default = 10, from = 0, unit = "items",
    help = "maximum number of items" },
  --- What to choose from.
  items = { name = "items", kind = "table", help = "list of raw ids to choose from, such as those "
    .. "of a scenario", default_text = "all" },
  --- What must not come.
  exclude = { name = "exclude", kind = "table", default = {},
    help = "list of raw ids that shall not come; unknown ones do no harm" },
  --- Whether what a person has may come.
  include_support = { name = "include_support", kind = "boolean", default = false,
    help = "whether what the support says that the person has may come, too" },
}
