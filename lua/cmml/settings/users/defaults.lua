--- What options of data and of evaluation are in the setting users where nothing is said.
--
-- @module cmml.settings.users.defaults
return { valid = 0.05, data_seed = 1, support = { 40 }, query = 10, draws = 5, seed = 1000,
  cutoffs = { 1, 3 }, metrics = { "mae", "rmse", "ndcg_exp" }, valid_draws = 2,
  -- where lists are evaluated
  lists = { draws = 1, cutoffs = { 20 }, metrics = { "normalized_recall", "ndcg", "recall",
    "precision", "hit", "mrr", "map", "coverage", "gini", "popularity", "novelty", "diversity" } } }
