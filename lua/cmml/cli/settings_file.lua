--- Settings of a model and its training, from a file: what `cmml tune` found, or a preset of one's
-- own.
--
-- A file of settings is a JSON object of kind (of recommender), preset (a name), model (options of
-- the model over the preset's, such as {"encoder": "gru", "backbone": [64, 64]}) and training
-- (options of `train`); each may be missing.
--
-- @module cmml
local args = require "cmml.base.args"
local choice = require "cmml.recommenders.choice_options"
local options = require "cmml.base.options"
local raise = args.error

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

  local function check(found, path)
    local opt = known:check(found, 0, path)
    local all = training.all()
    for name in pairs(opt.training) do
      local declared = all:find(name)
      if declared and not is_settled(declared) then
        raise(("%s: training: %s is no setting"):format(path, name), 0)
      end
    end
    all:check(opt.training, 0, path .. ": training")
    return opt
  end

  -- What a check gives, or nil and what it raises.
  local function try(f, ...)
    local ok, result = pcall(args.of_file, f, ...)
    return ok and result or nil, not ok and tostring(result) or nil
  end

  local files = {}

  --- Reads a file of settings.
  -- @tparam string path
  -- @treturn ?table kind, preset, model, training
  -- @treturn ?string message
  function files.read(path)
    local text, message = cmml.core.read_file(path, true)
    if not text then
      return nil, message
    end
    local found
    found, message = cmml.core.json_decode(text, path)
    if message then
      return nil, message
    end
    return try(check, found, path)
  end

  --- Whether a kind of recommender takes the options of the model that a file gives.
  -- @tparam string path
  -- @tparam table found what `read` gave
  -- @tparam table class the kind
  -- @treturn ?table the checked options; nil if one is wrong
  -- @treturn ?string message
  function files.check_model(path, found, class)
    return try(class.known.check, class.known, found.model, 0, path .. ": model")
  end

  return files
end
