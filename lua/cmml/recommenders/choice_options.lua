--- The options that choose a kind of recommender and its preset, wherever they stand together.
--
-- @module cmml.recommenders.choice_options
return {
  kind = { name = "kind", kind = "string", help = "kind of recommender" },
  preset = { name = "preset", kind = "string", help = "one of the kind's presets",
    default_text = "the kind's" },
}
