--- The option of `cmml train` that says what a model file is to hold.
--
-- @module cmml.cli.part_option

return { name = "part", kind = "string", choices = { "both", "ratings", "lists" }, group = "model",
  short = true, default_text = "both where the data have ratings, lists where they have none; with "
    .. "--model, --preset or --settings that kind alone",
  help = "parts to train into one file" }
