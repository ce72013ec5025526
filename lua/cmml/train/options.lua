--- The options of `train`, each declared once: those of every setting, and what a setting adds.
--
-- @module cmml.train.options
local general = require "cmml.settings.training_options"
local options = require "cmml.base.options"

return function(cmml, use)
  use "settings.setting"
  local own = { known = options.declare("train (in every setting)", general) }
  local joined, count = nil, nil

  --- The options of `train` in all settings that are registered by now.
  -- @treturn Options
  function own.all()
    local sets, n = {}, 0
    for _, setting in cmml.settings:each() do
      n = n + 1
      sets[n] = setting.training_options
    end
    if n ~= count then
      joined, count = options.join("train", own.known, table.unpack(sets)), n
    end
    return joined
  end
  options.later("train", own.all)

  --- The names of the options that decide the numbers of a run in a setting.
  -- @tparam Setting setting
  -- @treturn {string,...}
  function own.decisive(setting)
    local names = {}
    for _, set in ipairs { own.known, setting.training_options } do
      for declared in set:each() do
        names[#names + 1] = declared.decides and declared.name or nil
      end
    end
    return names
  end

  return own
end
