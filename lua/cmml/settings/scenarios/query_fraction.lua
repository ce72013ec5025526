--- The option of a split of scenarios that the preset of a kind may decide, too.
--
-- @module cmml.settings.scenarios.query_fraction
return { name = "query_fraction", kind = "number", default = 0, from = 0, below = 1,
  help = "fraction of the known interactions of every user that stays out of background, and that "
    .. "alone is trained on, so that vectors made of background have not seen what training asks "
    .. "for, as they have not seen what the test asks for" }
