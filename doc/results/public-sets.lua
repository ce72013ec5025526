-- What is compared on public sets in files of several layouts; see carry-over.md.
return {
  title = "Public sets of ratings",
  rows = {
    { row = "CMML, recommended", kind = "cmml", preset = "recommended" },
    { row = "matrix factorisation", kind = "matrix_factorization" },
    { row = "item-kNN", kind = "item_knn" },
    { row = "user-kNN", kind = "user_knn" },
    { row = "factor analysis", kind = "factor_analysis" },
    { row = "item mean + user bias", kind = "item_user_mean" },
  },
  reference = "best", subjects = { "CMML, recommended" },
}
