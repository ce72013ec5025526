--- Settings of a model and its training, from a file: what `cmml tune` found, or a preset of one's
-- own.
--
-- A file of settings is a JSON object of kind (of recommender), preset (a name), model (options of
-- the model over the preset's, such as {"encoder": "gru", "backbone": [64, 64]}) and training
-- (options of `train`); each may be missing.
--
-- @module cmml
local choice = require "cmml.recommenders.choice_options"
local options = require "cmml.base.options"
local raise = require("cmml.base.args").error

local known = options.declare("settings", {
  choice.kind, choice.preset,
  { name = "model", kind = "table", default = {}, help = "options of the model over the preset's" },
  { name = "training", kind = "table", default = {}, help = "options of train over the preset's" },
  { name = "notes", kind = "any", help = "what else is noted, which nobody reads" },
})

return function(cmml, use)
  local training = use "train.options"

  -- Options of a training that a file cannot settle: where results go, how many threads compute
  -- them, and what only a program can give.
  local function is_settled(declared)
    return declared.decides or declared.tunable ~= false and declared.kind ~= "function"
  end

  local function check(found)
    local opt = known:check(found, 0)
    local all = training.all()
    for name in pairs(opt.training) do
      local declared = all:find(name)
      if declared and not is_settled(declared) then
        raise(("settings: training: %s is no setting"):format(name), 0)
      end
    end
    return opt
  end

  --- Reads a file of settings.
  -- @tparam string path
  -- @treturn ?table kind, preset, model, training
  -- @treturn ?string message
  return function(path)
    local text, message = cmml.core.read_file(path, true)
    if not text then
      return nil, message
    end
    local found
    found, message = cmml.core.json_decode(text, path)
    if message then
      return nil, message
    end
    local ok, opt = pcall(check, found)
    if not ok then
      return nil, ("%s: %s"):format(path, opt)
    end
    return opt
  end
end
