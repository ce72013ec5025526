--- Options that several functions of the setting scenarios have.
--
-- @module cmml.settings.scenarios.shared_options
local ways = require("cmml.settings.scenarios.filters").ways

return {
  users = { name = "users", kind = "any", help = "Vocab of raw ids" },
  items = { name = "items", kind = "any", help = "Vocab of raw ids" },
  support = { name = "support", kind = "integer", default = 64, from = 0,
    help = "number of positives in a support" },
  support_negatives = { name = "support_negatives", kind = "integer", default = 64, from = 0,
    help = "number of negatives in a support, in proportion where there are fewer positives" },
  query_negatives = { name = "query_negatives", kind = "integer", default = 1, from = 1,
    help = "number of negatives beside each positive of a query" },
  order = { name = "order", kind = "string", choices = { "mixed", "positives-first" },
    default = "mixed", help = "order of a support; mixed is a fresh random one each draw" },
  negatives = { name = "negatives", kind = "string", choices = { "untouched", "published" },
    default = "untouched",
    help = "negatives of a support; untouched: uniform over the items of the scenario that the "
      .. "user is not known to have taken, one after another for each positive; "
      .. "published: of a random positive's user, only other than that item" },
  by = { name = "by", kind = "string", choices = ways, default = "genre",
    help = "groups of films: of a genre, of two genres, of both kinds, or of a tag" },
  min_rating = { name = "min_rating", kind = "number", default_text = "every rating",
    help = "lowest rating that is an interaction" },
  min_plays = { name = "min_plays", kind = "number", default = 1, unit = "plays",
    help = "minimum number of plays of an interaction" },
  theme_items = { name = "items", kind = "string", choices = { "clicked", "pool" },
    default = "clicked",
    help = "items of a theme: those clicked in it, or those of its pool (theme_item_pool.csv) that "
      .. "were clicked in any" },
}
