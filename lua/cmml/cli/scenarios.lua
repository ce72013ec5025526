--- What commands share that know both settings: ratings of users, and scenarios (groups of items).
--
-- An option that a command declares with the field `setting` is for that one alone.
--
-- @module cmml.cli.scenarios
local experiment = require "cmml.experiment.setting"
local scenario_plan = require "cmml.experiment.scenario_plan"
local scenario_run = require "cmml.experiment.scenario_run"

local scenarios = {}

local about = { user = "user setting (ratings of users)",
  scenario = "scenario setting (groups of items)" }

--- Options that say how scenarios are read.
scenarios.data_options = {}
--- Options that say how their vectors are made.
scenarios.vector_options = {}
for _, option in ipairs(scenario_plan.options) do
  local list = (option.name == "factors" or option.name == "vectors") and scenarios.vector_options
    or scenarios.data_options
  if option.name ~= "protocol" then
    list[#list + 1] = { name = option.name, kind = option.kind, arg = option.arg,
      help = option.help, setting = "scenario" }
  end
end

--- The setting of the data of a command. Raises where --setting names none, and where they are of
-- no known format.
-- @tparam table cmml the library
-- @tparam table values options of the command
-- @treturn string "user" or "scenario"
function scenarios.setting_of(cmml, values)
  local setting = experiment.of { setting = values.setting, data = { values.data } }
  local known, message = true, nil
  if setting == "scenario" then
    known, message = cmml.scenarios.loaders(values.data)
  end
  return known and setting or error(message, 0)
end

--- The preset of a training. Raises where there is none of that name, or it is not of the setting.
-- @tparam table cmml the library
-- @tparam string setting
-- @tparam ?string name default: the published one of the setting
-- @treturn string
function scenarios.preset(cmml, setting, name)
  return experiment.preset("train", cmml, { setting = setting, preset = name })
end

--- What to say where something is of one setting and the rest of the other.
-- @tparam string what such as "--cap"
-- @tparam string is its setting
-- @tparam string other data or model
-- @treturn string
function scenarios.unlike(what, is, other)
  return ("%s is for the %s, but %s is of the %s"):format(what, about[is], other,
    about[is == "user" and "scenario" or "user"])
end

--- Refuses options that mean nothing in a setting, and protocols of the other.
-- @tparam table cmml the library
-- @tparam table command
-- @tparam table values options that were given
-- @tparam string setting
-- @tparam string of what is of that setting, for the message
-- @treturn ?true
-- @treturn ?string message
function scenarios.check_options(cmml, command, values, setting, of)
  for _, option in ipairs(command.options) do
    if option.setting and option.setting ~= setting
      and values[option.name:gsub("-", "_")] ~= nil then
      return nil, scenarios.unlike("--" .. option.name, option.setting, of)
    end
  end
  local of_users = false
  for _, name in ipairs(cmml.users.protocols) do
    of_users = of_users or name == values.protocol
  end
  local of_scenarios = values.protocol == "no-leak" or values.protocol == "published"
  if setting == "scenario" and of_users or setting == "user" and of_scenarios then
    return nil, scenarios.unlike("--protocol " .. values.protocol, of_users and "user"
      or "scenario", of)
  end
  return true
end

--- The scenarios that options name. Raises where there are none.
-- @tparam table cmml the library
-- @tparam table values data, by, min_items, max_items
-- @treturn ScenarioData
function scenarios.read(cmml, values)
  return scenario_run.read(cmml, values.data, { by = values.by, min_items = values.min_items,
    max_items = values.max_items })
end

--- A split as options say.
-- @tparam table values data_seed, valid, protocol
-- @tparam ScenarioData data
-- @tparam[opt] table preset
-- @treturn ScenarioSplit
function scenarios.split(values, data, preset)
  return scenario_run.split(data, { seed = values.data_seed, valid = values.valid,
    protocol = values.protocol }, preset)
end

--- A name as model files may note it: in UTF-8, whatever the data or their folder are called.
-- @tparam string name
-- @treturn string
function scenarios.noted(name)
  return utf8.len(name) and name or (name:gsub("[\x80-\xff]", "?"))
end

--- What a later command has to know of a split, and a resumed run must have unchanged: how it is
-- made, and which scenarios it keeps for the test.
-- @tparam table values options of the command
-- @tparam ScenarioSplit split
-- @treturn table plain data
function scenarios.conditions_of(values, split)
  local opt, kept = split.options, {}
  for i, scenario in ipairs(split.test) do
    kept[i] = scenarios.noted(split.data.scenarios[scenario].name)
  end
  return { setting = "scenario", data = scenarios.noted(split.data.name), by = values.by,
    min_items = values.min_items, max_items = values.max_items, protocol = opt.protocol,
    data_seed = opt.seed, valid = opt.valid, query_fraction = opt.query_fraction,
    vectors = values.vectors, test_scenarios = kept }
end

return scenarios
