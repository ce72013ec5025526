-- MeLU over the factor base that CMML's recommended preset has, beside both; see refined.md.
return {
  title = "Cold users",
  rows = {
    { row = "MeLU (over a base)", kind = "melu", preset = "recommended/base" },
    { row = "MeLU (tuned)", kind = "melu", preset = "tuned" },
    { row = "CMML (recommended)", kind = "cmml", preset = "recommended" },
    { row = "matrix factorisation", kind = "matrix_factorization" },
  },
  reference = "MeLU (over a base)",
}
