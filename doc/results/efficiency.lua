-- What the parts of CMML cost beside MeLU; see efficiency.md.
return {
  rows = {
    { row = "CMML, GRU, dot", kind = "cmml", preset = "published-code",
      model = { encoder = "gru", hybrid = "dot" } },
    { row = "CMML, published-code", kind = "cmml", preset = "published-code" },
    { row = "CMML, recommended", kind = "cmml" },
    { row = "MeLU, 5 steps", kind = "melu", preset = "published-code",
      model = { inner_steps = 5 } },
  },
}
