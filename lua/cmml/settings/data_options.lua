--- The options that say what the data are and how they are split, in every setting.
--
-- @module cmml.settings.data_options

--- The declarations.
-- @tparam function setting_names giving the names of all settings
-- @treturn table list
return function(setting_names)
  return {
    { name = "data", kind = "string", arg = "DIR", group = "data", short = true, tunable = false,
      help = "data folder, or its name in data/; several of scenarios with + between them" },
    { name = "setting", kind = "string", choices = setting_names, group = "data", tunable = false,
      help = "what a task is", default_text = "what the data are made for" },
    { name = "protocol", kind = "string", arg = "NAME", group = "data", short = true,
      tunable = false, help = "how tasks are split", default_text = "the setting's first" },
    { name = "valid", kind = "number", from = 0, below = 1, group = "data", tunable = false,
      help = "fraction of the training tasks that chooses the best epoch",
      default_text = "0.05 of the users, 0.1 of the scenarios" },
    { name = "data_seed", kind = "integer", from = 0, group = "data", tunable = false,
      help = "seed of the split", default_text = "1" },
    { name = "quick", kind = "boolean", default = false, group = "data", tunable = false,
      help = "a run of seconds, on a small made world if there are no data" },
  }
end
