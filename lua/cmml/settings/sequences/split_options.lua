--- The options that say how sequences are split.
--
-- @module cmml.settings.sequences.split_options
return {
  { name = "new_users", kind = "number", from = 0, below = 1, default_text = "0.2",
    help = "fraction of the people who are new: nothing learns from them; by time those who came "
      .. "last" },
  { name = "cut_time", kind = "number", arg = "TIME",
    default_text = "so that new_users of the people came later",
    help = "protocol time: the time from which on people are new, a whole number as stats shows "
      .. "times (of dates in seconds); what others do from then on is left out" },
  { name = "new_items", kind = "number", from = 0, below = 1, default_text = "0",
    help = "fraction of the items, drawn at random, that are cut from the sequences of all who may "
      .. "be learnt from, so that they are new, too" },
  { name = "min_length", kind = "integer", from = 2, unit = "interactions", default_text = "4",
    help = "people with fewer interactions are not learnt from" },
  { name = "old_fraction", kind = "number", above = 0, to = 1, default_text = "1",
    help = "fraction of the people to learn from who are learnt from" },
  { name = "fold", kind = "integer", from = 1, default_text = "1",
    help = "new users at random: people are dealt into parts of the size new_users, of which this "
      .. "one is new; parts of one data_seed have nobody in common" },
}
