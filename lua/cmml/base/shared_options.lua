--- Options that functions of every subject have. Each takes the declaration with a help of its own:
--
--     options.changed(shared.seed, { help = "seed of the split" })
--
-- @module cmml.base.shared_options
return {
  --- The seed of random choices.
  seed = { name = "seed", kind = "integer", default = 1, from = 0,
    help = "seed of the random choices" },
  --- What happens to ids that are not known.
  unknown = { name = "unknown", kind = "string", choices = { "error", "skip" }, default = "error",
    help = "what happens to what is not known; skip: it is left out and listed" },
}
