-- What is compared on scenarios; see scenarios-tuned.md.
return {
  title = "Scenarios never seen",
  rows = {
    { row = "CMML (recommended)", kind = "cmml", preset = "recommended/scenario" },
    { row = "CMML (tuned)", kind = "cmml", preset = "tuned" },
    { row = "CMML (paper)", kind = "cmml", preset = "paper/scenario" },
    { row = "DCN (tuned)", kind = "dcn", preset = "tuned" },
    { row = "DCN-F (tuned)", kind = "dcnf", preset = "tuned" },
    { row = "CoNet, one each (tuned)", kind = "conet", preset = "tuned" },
    { row = "CoNet, pooled (tuned)", kind = "conet_pooled", preset = "tuned" },
    { row = "S2Meta (tuned)", kind = "s2meta", preset = "tuned" },
    { row = "CF score", kind = "cf_score" },
    { row = "popularity", kind = "popularity" },
  },
  reference = "best", subjects = { "CMML (recommended)", "CMML (tuned)" },
}
