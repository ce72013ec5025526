--- Options that several commands have.
--
-- @module cmml.cli.shared_options
return {
  --- The folder of the data.
  data = { name = "data", kind = "string", arg = "DIR", required = true,
    instead = "ratings", group = "data", short = true,
    help = "data folder, or its name in data/; a+b joins scenarios" },
  --- A model file.
  model = { name = "model", kind = "string", arg = "FILE", required = true, group = "model",
    help = "model file" },
  --- Where the split is written to.
  split_out = { name = "split_out", kind = "string", arg = "DIR", group = "data", tunable = false,
    help = "new folder to write the split to: lists of users, ratings to learn from, and tasks; "
      .. "--split reads it again" },
  --- Whether progress is shown.
  quiet = { name = "quiet", kind = "boolean", default = false,
    help = "no progress" },
}
