--- `cmml experiment modulations`: every modulation that is registered (CMML's Table 5).
--
-- @module cmml.experiment.modulations
local args = require "cmml.base.args"
local setting = require "cmml.experiment.setting"

local modulations = {
  summary = "every registered modulation on the data given (Table 5)",
  run = setting.run,
  options = setting.options {
    setting.preset_option,
    { name = "modulations", kind = "string", arg = "LIST", list = true,
      help = "modulations: some of them, with commas [default: all that are registered]" },
  },
}

--- What is to be computed.
-- @tparam table cmml the library
-- @tparam table opt options
-- @treturn table budget (a text), tables, cells; see `cmml.experiment.report`
function modulations.plan(cmml, opt)
  local names, rows = opt.modulations or args.keys(cmml.modulations), {}
  for i, name in ipairs(names) do
    if not cmml.modulations[name] then
      error(("experiment modulations: there is no modulation %s; %s"):format(name,
        args.suggest(name, args.keys(cmml.modulations))), 0)
    end
    rows[i] = { row = name, model = setting.modulation(cmml, opt, name) }
  end
  return setting.plan(cmml, "modulations", opt, rows, cmml.modulations.film and "film")
end

return modulations
