--- Experiments that compare networks in the setting of their data: ratings of users, or scenarios.
--
-- @module cmml.experiment.setting
local user_cell = require "cmml.experiment.user_cell"
local user_plan = require "cmml.experiment.user_plan"

local setting = {}

--- The function that computes a cell, of either setting.
setting.run = { "cmml.experiment.setting", "compute" }

--- Options of such an experiment.
-- @tparam table own those that it has alone
-- @treturn table list
function setting.options(own)
  return table.move(own, 1, #own, #user_plan.options + 1,
    table.move(user_plan.options, 1, #user_plan.options, 1, {}))
end

--- Computes a cell.
-- @tparam table cmml the library
-- @tparam table settings
-- @treturn table result
function setting.compute(cmml, settings)
  return require("cmml.experiment." .. (settings.cell or "user_cell")).run(cmml, settings)
end

--- Options of a network that differs from the published one in its modulation alone, but for the
-- sizes that were published for that modulation.
-- @tparam table cmml the library
-- @tparam table opt of the experiment
-- @tparam string name of the modulation
-- @treturn table options of `cmml.cmml`
function setting.modulation(cmml, opt, name) -- luacheck: ignore 212
  local own = cmml.presets["published-code/" .. name]
  if own and own.setting == "user" then
    return { preset = "published-code/" .. name }
  end
  return { preset = "published-code", modulation = name }
end

--- The plan of networks in the setting of the data.
-- @tparam table cmml the library
-- @tparam string experiment its name
-- @tparam table opt options
-- @tparam table rows list of {row, model}
-- @tparam ?string reference a row
-- @treturn table plan
function setting.plan(cmml, experiment, opt, rows, reference)
  for _, row in ipairs(rows) do
    row.kind = "cmml"
  end
  return user_plan.make(cmml, experiment, opt, rows, reference, { "full" })
end

--- What the trials of `cmml.tune` share.
-- @tparam table cmml the library
-- @tparam table opt options of `cmml.tune`
-- @treturn table settings of a cell, with cell, metric (what is judged by) and model.preset
-- @treturn function that makes a model
function setting.tuning(cmml, opt)
  local shared = user_cell.settings(cmml, opt)
  shared.cell, shared.metric, shared.kind = "user_cell", "MAE", "cmml"
  shared.protocol, shared.seed = opt.protocol or "full", opt.train_seed
  shared.model = { preset = "published-code" }
  return shared, cmml.cmml
end

return setting
