--- What options of data and of evaluation are in the setting scenarios where nothing is said.
--
-- @module cmml.settings.scenarios.defaults
return { valid = 0.1, data_seed = 1, draws = 1, seed = 1, cutoffs = { 10, 20, 50 },
  metrics = { "recall", "ndcg", "auc" }, valid_draws = 1 }
