--- What options are where nothing is said, by setting, in words: each setting tells its own, so
-- that a declaration that serves all of them need not list them.
--
-- @module cmml.base.setting_defaults
local text = require "cmml.base.text"

local setting_defaults = {}
local names, by_name = {}, {}

--- Notes the defaults of a setting.
-- @tparam string name of the setting
-- @tparam table values by name of an option; a list where the option takes one
function setting_defaults.add(name, values)
  names[#names + 1] = not by_name[name] and name or nil
  by_name[name] = values
end

--- The default of an option in every setting that has one, for a declaration's `default_text`.
-- @tparam string option its name
-- @treturn function giving words such as "5 for users, 1 for scenarios"
function setting_defaults.of(option)
  return function()
    local parts, is_list = {}, false
    for _, name in ipairs(names) do
      local value = by_name[name][option]
      if value ~= nil then
        is_list = is_list or type(value) == "table"
        parts[#parts + 1] = ("%s for %s"):format(type(value) == "table" and table.concat(value, ",")
          or text.value(value), name)
      end
    end
    return #parts > 0 and table.concat(parts, is_list and "; " or ", ") or "the setting's"
  end
end

return setting_defaults
