--- The options that say what the data are and how they are split, in every setting.
--
-- @module cmml.settings.data_options
local plain = require "cmml.base.plain"

local file_options = require "cmml.data.file_options"

-- The default fraction of tasks that validate, in each setting.
local function valid_defaults(settings)
  local texts = {}
  for _, setting in settings:each() do
    local valid = setting.defaults.valid
    texts[#texts + 1] = valid and plain.format("%g of the %s", valid, setting.noun[2]) or nil
  end
  return table.concat(texts, ", ")
end

--- The declarations.
-- @tparam Registry settings
-- @treturn table list
return function(settings)
  local list = {
    { name = "data", kind = "string", arg = "DIR", group = "data", short = true, tunable = false,
      help = "data folder, or its name in data/; several of scenarios with + between them" },
    { name = "setting", kind = "string", group = "data", tunable = false,
      choices = function()
        return settings:names()
      end, help = "what a task is", default_text = "what the data are made for" },
    { name = "protocol", kind = "string", arg = "NAME", group = "data", short = true,
      tunable = false, help = "how tasks are split", default_text = "the setting's first" },
    { name = "valid", kind = "number", from = 0, below = 1, group = "data", tunable = false,
      help = "fraction of the training tasks that chooses the best epoch",
      default_text = function()
        return valid_defaults(settings)
      end },
    { name = "data_seed", kind = "integer", from = 0, group = "data", tunable = false,
      help = "seed of the split", default_text = "1" },
    { name = "quick", kind = "boolean", default = false, group = "data", tunable = false,
      help = "a run of seconds, on a small made world if there are no data" },
  }
  return table.move(file_options, 1, #file_options, #list + 1, list)
end
