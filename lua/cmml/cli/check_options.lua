--- Whether options of a command line apply, once it is known what setting they are for.
--
-- A command line is read before that is known, with the options of all settings; of a name that
-- several have, the declaration of the first one counts until then.
--
-- @module cmml
local options = require "cmml.base.options"
local raise = require("cmml.base.args").error

return function(_, use)
  local pipeline = use "pipeline.data"

  --- Raises where an option was given that another setting alone has, and where a value is not as
  -- the setting's own declaration wants it.
  -- @tparam string where prefix of the message: the command
  -- @tparam {Options,...} own what applies in the setting
  -- @tparam {Options,...} all what was understood
  -- @tparam table values that were given
  -- @tparam Setting setting
  -- @treturn Options what applies, as one set
  return function(where, own, all, values, setting)
    local mine, others = {}, {}
    for _, set in ipairs(own) do
      for declared in set:each() do
        mine[#mine + 1] = declared
      end
    end
    mine = options.of(where, mine)
    for _, set in ipairs(all) do
      for declared in set:each() do
        others[#others + 1] = not mine:find(declared.name) and declared or nil
      end
    end
    pipeline.check_setting(where, options.of(where, others), values, setting)
    for declared in mine:each() do
      local name = declared.name
      if rawget(values, name) ~= nil then
        local value, problem = mine:take(name, values[name])
        if problem then
          raise(("%s: --%s %s"):format(where, name:gsub("_", "-"), problem), 0)
        end
        values[name] = value
      end
    end
    return mine
  end
end
