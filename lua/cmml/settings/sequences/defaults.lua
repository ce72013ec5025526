--- What options of data and of evaluation are in the setting sequences where nothing is said.
--
-- @module cmml.settings.sequences.defaults
return { valid = 0.1, data_seed = 1, new_users = 0.2, new_items = 0, min_length = 4,
  old_fraction = 1, fold = 1, shown = { 0 }, next_n = 1, history = "kept", draws = 1, seed = 1000,
  cutoffs = { 10 }, metrics = { "hit", "ndcg", "mrr", "recall" }, valid_draws = 1 }
