-- What is compared on the official cold users of MovieLens-1M; see users.md.
return {
  title = "Cold users",
  rows = {
    { row = "CMML (recommended)", kind = "cmml", preset = "recommended" },
    { row = "MeLU (tuned)", kind = "melu", preset = "tuned" },
    { row = "MetaCS-DNN (tuned)", kind = "metacs", preset = "tuned" },
    { row = "TaNP (tuned)", kind = "tanp", preset = "tuned" },
    { row = "DCN (tuned)", kind = "dcn", preset = "tuned" },
    { row = "DCN-F (tuned)", kind = "dcnf", preset = "tuned" },
    { row = "factor analysis (tuned)", kind = "factor_analysis", preset = "tuned" },
    { row = "factor analysis", kind = "factor_analysis" },
    { row = "matrix factorisation", kind = "matrix_factorization" },
    { row = "item-kNN (tuned)", kind = "item_knn", preset = "tuned" },
    { row = "item-kNN", kind = "item_knn" },
    { row = "user-kNN (tuned)", kind = "user_knn", preset = "tuned" },
    { row = "user-kNN", kind = "user_knn" },
    { row = "item mean + user bias", kind = "item_user_mean" },
    { row = "item mean", kind = "item_mean" },
  },
  reference = "best", subjects = { "CMML (recommended)" },
}
