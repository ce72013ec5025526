-- The floors of lua/cmml, from the ground up: a folder may use itself and those named before it.
-- The gate of floors holds every file to it, and the library loads its parts in this order.
--
-- `late` names floors that are loaded when something of theirs is first asked for.
return {
  order = { "base", "tensor", "nn", "optim", "analysis", "data", "vectors", "network", "evaluate",
    "settings", "loaders", "fetch", "recommenders", "serve", "train", "svg", "pipeline",
    "experiment", "cli" },
  late = { analysis = true, serve = true, train = true, pipeline = true, svg = true,
    experiment = true, cli = true },
}
