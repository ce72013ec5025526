--- Data that a program has in memory, where options name a folder or a file.
--
-- The settings of cells are plain data, so such data have a name there, under which this process
-- finds them as long as a call lasts. Other processes do not, nor do kept results tell them from
-- others: both are refused.
--
-- @module cmml.pipeline.in_memory
local args = require "cmml.base.args"
local raise = args.error

local in_memory = {}
local held = {} -- by name: {setting, data}

-- The library that made an object of the core, such as a vocabulary.
local function library_of(object)
  local meta = getmetatable(object)
  return type(meta) == "table" and tostring(meta.__name):find "^cmml64%." and "cmml.double"
    or "cmml"
end

-- The setting whose data these are. Raises if they are of none, or made by the library of the other
-- precision.
local function setting_of(cmml, where, data)
  local classes, mine = {}, library_of(cmml.core.vocab())
  for _, setting in cmml.settings:each() do
    if setting.data_class and args.fits(data, setting.data_class) then
      local theirs = data.users == nil and mine or library_of(data.users)
      if theirs ~= mine then
        raise(("%s: the data were made by %s, whose numbers are of another precision: make them by "
          .. "%s, or call %s.%s"):format(where, theirs, mine, theirs, where), 4)
      end
      return setting
    end
    classes[#classes + 1] = setting.data_class
  end
  raise(("%s: option data must be the name of a folder, or an object (%s), not %s; cmml.dataset "
    .. "makes one of tables"):format(where, table.concat(classes, ", "), args.describe(data)), 4)
end

local function check(where, options, setting)
  if options.ratings ~= nil then
    raise(where .. ": data and ratings exclude each other", 3)
  elseif options.setting ~= nil and options.setting ~= setting.name then
    raise(("%s: the data are of the setting %s, not of %s"):format(where, setting.name,
      args.shown(options.setting)), 3)
  end
  for _, name in ipairs { "out", "processes" } do
    if options[name] then
      raise(("%s: %s needs data in files, not an object: results in a folder and other processes "
        .. "know data by their files"):format(where, name), 3)
    end
  end
  for _, name in ipairs(setting.read_by or {}) do
    if options[name] ~= nil then
      raise(("%s: %s says how data are made of files, but here they are an object: give it to what "
        .. "makes the object"):format(where, name), 3)
    end
  end
  if options.jobs ~= nil and options.jobs ~= 1 then
    raise(where .. ": jobs must be 1 where data are an object, which other processes do not have",
      3)
  end
end

--- Calls a function of options of which `data` may be an object.
-- @tparam table cmml the library
-- @tparam string where prefix of messages
-- @tparam ?table options what it was called with
-- @tparam function f
-- @return what it gives
function in_memory.call(cmml, where, options, f)
  local data = type(options) == "table" and options.data
  if type(data) ~= "table" then
    return f(options)
  end
  local setting = setting_of(cmml, where, data)
  check(where, options, setting)
  local name = ("in memory (%s)"):format(tostring(data.name or setting.name):gsub("[/+]", " "))
  local before, own = held[name], {}
  for key, value in pairs(options) do
    own[key] = value
  end
  own.data, held[name] = name, { setting = setting, data = data }
  local _ <close> = setmetatable({}, { __close = function()
    held[name] = before
  end })
  return f(own)
end

--- The data of a name.
-- @tparam ?string name
-- @treturn ?table setting and data; nil where the name is one of a folder or a file
function in_memory.find(name)
  return held[name or ""]
end

return in_memory
