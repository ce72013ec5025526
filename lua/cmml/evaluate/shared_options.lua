--- Options of evaluations, wherever models are evaluated.
--
-- @module cmml.evaluate.shared_options
return {
  draws = { name = "draws", kind = "integer", from = 1, unit = "draws",
    help = "number of draws of support and query; a task's value is the mean over them",
    default_text = "5 for users, 1 for scenarios" },
  cutoffs = { name = "cutoffs", list = "integer", from = 1, to = (1 << 31) - 1,
    help = "cutoffs k of metrics such as recall@k",
    default_text = "1 and 3 for users, 10, 20 and 50 for scenarios" },
  metrics = { name = "metrics", list = "string", help = "metrics, see metrics.names; recall is at "
    .. "every cutoff, recall@20 at that one", default_text = "mae, rmse and ndcg_exp for users, "
    .. "recall, ndcg and auc for scenarios" },
  relevant = { name = "relevant", kind = "number", help = "rating from which on a query item is "
    .. "relevant; adds the ranking metrics to the default ones" },
}
