--- Options that several commands have.
--
-- @module cmml.cli.shared_options
local tables = require "cmml.base.tables"

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
  --- Where what a command has to say is written; see cli/results.lua.
  out = { name = "out", kind = "string", arg = "FILE", group = "output",
    help = "file to write the results to, whole or not at all", default_text = "standard output" },
  --- In which format.
  format = { name = "format", kind = "string", choices = tables.formats, group = "output",
    help = "text for people; csv and json with all numbers at full precision",
    default_text = "by the end of --out (.csv, .json), else text" },
  --- Whether progress is shown.
  quiet = { name = "quiet", kind = "boolean", default = false,
    help = "no progress" },
}
