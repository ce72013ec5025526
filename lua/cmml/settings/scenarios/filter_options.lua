--- The options that say which groups of items are scenarios, for everything that makes scenarios.
--
-- @module cmml.settings.scenarios.filter_options
return {
  { name = "min_items", kind = "integer", from = 1, default = 101, setting = "scenarios",
    group = "scenarios", decides = true, help = "minimum number of items of a scenario" },
  { name = "max_items", kind = "integer", from = 1, default = 999, setting = "scenarios",
    group = "scenarios", decides = true, help = "maximum number of items of a scenario" },
  { name = "min_users", kind = "integer", from = 1, default = 2, setting = "scenarios",
    group = "scenarios", decides = true, help = "minimum number of users of a scenario" },
}
