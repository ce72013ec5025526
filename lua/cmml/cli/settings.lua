--- Settings of a model and its training, from a file and from options: what `cmml tune` found, or
-- a preset of one's own.
--
-- A file of settings is a JSON object of preset (a name), model (options of the model over the
-- preset's, such as {"encoder": "gru", "backbone": [64, 64]}) and training (options of `train`);
-- each may be missing.
--
-- @module cmml.cli.settings
local args = require "cmml.base.args"

local settings = {}

--- Options of the commands that take settings.
settings.options = {
  { name = "settings", kind = "string", arg = "FILE",
    help = "JSON of preset, model (options of the network) and training, as cmml tune writes it; "
      .. "other options count before it" },
  { name = "encoder", kind = "string", arg = "NAME",
    help = "another encoder than the preset's: none, mean, max, gru, attention, or one of "
      .. "--modules" },
  { name = "hybrid", kind = "string", arg = "NAME",
    help = "another hybrid: none, dot, inner, mlp, generator, or one of --modules" },
  { name = "modulation", kind = "string", arg = "NAME",
    help = "another modulation: none, film, sigmoid, linear, soft, or one of --modules" },
}

-- What a file cannot settle: where results go, and what only a program can give.
local barred = { out = true, resume = true, conditions = true, notes = true, modules = true,
  serve = true, on_step = true, on_epoch = true }

local function check(found)
  local opt = args.check("settings", found, { preset = "string?", model = { "table", {} },
    training = { "table", {} }, notes = "any?" }, 0)
  for key in pairs(opt.training) do
    if barred[key] then
      error(("settings: training: %s is no setting"):format(key), 0)
    end
  end
  return opt
end

--- Reads a file of settings.
-- @tparam table core
-- @tparam string path
-- @treturn ?table preset, model, training
-- @treturn ?string message
function settings.read(core, path)
  local text, message = core.read_file(path)
  if not text then
    return nil, message
  end
  local found
  found, message = core.json_decode(text, path)
  if message then
    return nil, message
  end
  local ok, opt = pcall(check, found)
  if not ok then
    return nil, ("%s: %s"):format(path, opt)
  end
  return opt
end

--- The settings of a command: those of its options over those of the file.
-- @tparam table core
-- @tparam table values options of the command
-- @treturn ?table preset (nil: none is named), model, training
-- @treturn ?string message
function settings.of(core, values)
  local found, message
  if values.settings then
    found, message = settings.read(core, values.settings)
    if not found then
      return nil, message
    end
  end
  found = found or { model = {}, training = {} }
  found.preset = values.preset or found.preset
  for _, kind in ipairs { "encoder", "hybrid", "modulation" } do
    local name = values[kind]
    if name and name ~= found.model[kind] then
      found.model[kind], found.model[kind .. "_options"] = name, nil
    end
  end
  return found
end

return settings
