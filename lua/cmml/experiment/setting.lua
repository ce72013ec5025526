--- Experiments that compare networks in the setting of their data: ratings of users, or scenarios.
--
-- @module cmml.experiment.setting
local args = require "cmml.base.args"
local scenario_cell = require "cmml.experiment.scenario_cell"
local scenario_plan = require "cmml.experiment.scenario_plan"
local user_cell = require "cmml.experiment.user_cell"
local user_plan = require "cmml.experiment.user_plan"

local setting = {}

--- The function that computes a cell, of either setting.
setting.run = { "cmml.experiment.setting", "compute" }

--- The option that chooses the setting.
setting.option = { name = "setting", kind = "string", arg = "NAME",
  help = "user (ratings) or scenario (groups of items) [default: what the data are made for: "
    .. "user for ratings.dat, otherwise scenario]" }

--- Options of such an experiment.
-- @tparam table own those that it has alone
-- @treturn table list
function setting.options(own)
  local all, seen = { setting.option }, {}
  for _, list in ipairs { own, scenario_plan.options, user_plan.options } do
    for _, option in ipairs(list) do
      if not seen[option.name] then
        all[#all + 1], seen[option.name] = option, true
      end
    end
  end
  return all
end

--- The setting of the data.
-- @tparam table opt setting, data
-- @treturn string "user" or "scenario"
function setting.of(opt)
  if opt.setting then
    return args.one_of("setting", opt.setting, { "user", "scenario" }, 0)
  end
  local folder = (opt.data or {})[1]
  for _, place in ipairs(folder and { folder, "data/" .. folder } or {}) do
    if next(user_cell.sizes(place, { "ratings.dat" })) then
      return "user"
    end
  end
  return folder and "scenario" or "user"
end

--- Computes a cell.
-- @tparam table cmml the library
-- @tparam table settings
-- @treturn table result
function setting.compute(cmml, settings)
  return require("cmml.experiment." .. (settings.cell or "user_cell")).run(cmml, settings)
end

--- Adds a preset to rows: as it is, and without each of the parts that make it CMML.
-- @tparam table rows
-- @tparam string kind of the recommender
-- @tparam string row its title
-- @tparam string preset
function setting.add_ablated(rows, kind, row, preset)
  rows[#rows + 1] = { row = row, kind = kind, model = { preset = preset } }
  rows[#rows + 1] = { row = row .. " without modulation", kind = kind,
    model = { preset = preset, modulation = "none" } }
  rows[#rows + 1] = { row = row .. " without context", kind = kind,
    model = { preset = preset, encoder = "none" } }
end

--- The option of experiments that exchange parts of a preset.
setting.preset_option = { name = "preset", kind = "string", arg = "NAME",
  help = "settings whose parts are exchanged [default: published-code, or "
    .. "published-code/scenario]" }

--- The preset whose parts are exchanged.
-- @tparam string where what is said of in errors
-- @tparam table cmml the library
-- @tparam table opt preset, and what tells the setting
-- @treturn string opt.preset, or the published one of the setting
function setting.preset(where, cmml, opt)
  local of = setting.of(opt)
  local name = opt.preset or (of == "user" and "published-code" or "published-code/scenario")
  local preset = cmml.presets[name]
  if not preset then
    local known = {}
    for _, other in ipairs(args.keys(cmml.presets)) do
      known[#known + 1] = cmml.presets[other].setting == of and other or nil
    end
    error(("%s: there is no preset %s; %s"):format(where, name, args.suggest(name, known)), 0)
  elseif preset.setting ~= of then
    error(("%s: the preset %s is for the setting %s, but the data are taken for %s; give another "
      .. "preset, data or setting"):format(where, name, preset.setting, of), 0)
  end
  return name
end

--- Options of a network that differs from the preset in its modulation alone, but for the sizes
-- that were published for that modulation.
-- @tparam table cmml the library
-- @tparam table opt of the experiment
-- @tparam string name of the modulation
-- @treturn table options of `cmml.cmml` or `cmml.scenario_cmml`
function setting.modulation(cmml, opt, name)
  local base = setting.preset("experiment", cmml, opt)
  if cmml.presets[base .. "/" .. name] then
    return { preset = base .. "/" .. name }
  end
  return { preset = base, modulation = name, hyper = name == "linear"
    and base == "published-code/scenario" and { 64, 64 } or nil }
end

--- The plan of networks in the setting of the data.
-- @tparam table cmml the library
-- @tparam string experiment its name
-- @tparam table opt options
-- @tparam table rows list of {row, model}
-- @tparam ?string reference a row
-- @treturn table plan
function setting.plan(cmml, experiment, opt, rows, reference)
  local is_user = setting.of(opt) == "user"
  for _, row in ipairs(rows) do
    row.kind = is_user and "cmml" or "scenario_cmml"
  end
  if is_user then
    return user_plan.make(cmml, experiment, opt, rows, reference, { "full" })
  end
  return scenario_plan.make(cmml, experiment, opt, rows, reference)
end

--- What the trials of `cmml.tune` share.
-- @tparam table cmml the library
-- @tparam table opt options of `cmml.tune`
-- @treturn table settings of a cell, with cell, metric (what is judged by) and model.preset
-- @treturn function that makes a model
function setting.tuning(cmml, opt)
  local is_user = setting.of(opt) == "user"
  local shared = is_user and user_cell.settings(cmml, opt)
    or scenario_cell.settings(cmml, opt, opt.data and opt.data[1] or "made", opt.protocol)
  shared.cell = is_user and "user_cell" or "scenario_cell"
  shared.metric = is_user and "MAE" or "recall@20"
  if is_user then
    shared.protocol = opt.protocol or "full"
  end
  shared.seed, shared.model = opt.train_seed, { preset = setting.preset("tune", cmml, opt) }
  return shared, is_user and cmml.cmml or cmml.scenario_cmml
end

return setting
