--- What options of data and of evaluation are in the setting users where nothing is said.
--
-- @module cmml.settings.users.defaults
return { valid = 0.05, data_seed = 1, support = { 40 }, query = 10, draws = 5, seed = 1000,
  cutoffs = { 1, 3 }, metrics = { "mae", "rmse", "ndcg_exp" }, valid_draws = 2 }
