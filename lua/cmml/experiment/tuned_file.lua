--- Files of what tuning found: presets `tuned` by setting and kind, as a Lua table that people read
-- and a program adds to; the library's own is recommenders/tuned.lua.
--
-- An entry is a preset (model, training, and what else the preset that it changes decides) with a
-- field `tuned`: how it was found.
--
-- @module cmml.experiment.tuned_file
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local raise = args.error

local tuned_file = {}

local head = [[
--- Settings that tuning found, by setting and kind: each is the kind's preset `tuned`.
--
-- Written by `cmml tune --keep`, entry by entry; `tuned` in an entry says how it was found.
--
-- @module cmml.recommenders.tuned
return ]]

-- A key of a table as Lua takes it; words of the language are none.
local function key_text(key)
  local is_name = key:find "^[A-Za-z_][0-9A-Za-z_]*$" and load(("local %s"):format(key)) ~= nil
  return is_name and key or ("[%q]"):format(key)
end

local value_text

-- Words with commas between them, as many to a line as it holds.
local function filled(words, indent)
  local lines = { "{ " .. words[1] }
  for i = 2, #words do
    local last = lines[#lines]
    if #indent + #last + #words[i] < 84 then
      lines[#lines] = last .. ", " .. words[i]
    else
      lines[#lines + 1] = words[i]
    end
  end
  return table.concat(lines, ",\n" .. indent .. "  ") .. " }"
end

-- A table of plain data, its keys in order; one that holds no table with keys fills lines.
local function table_text(value, indent)
  local inner, words, keys = indent .. "  ", {}, args.keys(value)
  local is_list, is_flat = #value == #keys, true
  for i, key in ipairs(keys) do
    local entry = value[is_list and i or key] -- keys are texts
    is_flat = is_flat and (type(entry) ~= "table" or #entry == #args.keys(entry))
    words[i] = (is_list and "" or key_text(key) .. " = ") .. value_text(entry, inner)
  end
  if #keys == 0 then
    return "{}"
  elseif is_flat then
    return filled(words, indent)
  end
  return ("{\n%s%s,\n%s}"):format(inner, table.concat(words, ",\n" .. inner), indent)
end

function value_text(value, indent)
  if type(value) == "table" then
    return table_text(value, indent)
  elseif type(value) == "string" then
    return (("%q"):format(value):gsub("\\\n", "\\n"))
  elseif type(value) == "number" then
    return value == math.huge and "1 / 0" or plain.number(value)
  end
  return tostring(value)
end

--- The text of such a file.
-- @tparam table all presets by setting and kind
-- @treturn string
function tuned_file.text(all)
  return head .. table_text(all, "") .. "\n"
end

-- Whether a value is presets by setting and kind.
local function is_file(value)
  for _, kinds in pairs(type(value) == "table" and value or { false }) do
    if type(kinds) ~= "table" then
      return false
    end
    for _, preset in pairs(kinds) do
      if type(preset) ~= "table" then
        return false
      end
    end
  end
  return true
end

--- What such a file holds; an empty table where there is none yet. Raises where it is no such file.
-- @tparam table core
-- @tparam string path
-- @treturn table presets by setting and kind
function tuned_file.read(core, path)
  if not core.exists(path) then
    return {}
  end
  local text, message = core.read_file(path)
  local chunk, ok, found
  if text then
    chunk, message = load(text, "=" .. path, "t", {})
  end
  if chunk then
    ok, found = pcall(chunk)
    message = not ok and tostring(found) or not is_file(found) and path .. " is no file of tuned "
      .. "presets: it must return a table of presets by setting and kind" or nil
  end
  return message and raise(("%s: %s"):format(args.option "keep", message), 0) or found
end

--- Raises where presets cannot be kept in such a file: it is none, or its folder is missing.
-- @tparam table core
-- @tparam string path
function tuned_file.check(core, path)
  local folder = path:match "^(.*)/[^/]*$"
  if folder and folder ~= "" and not core.exists(folder) then
    raise(("%s: there is no folder %s to write %s into"):format(args.option "keep", folder,
      path), 0)
  end
  tuned_file.read(core, path)
end

--- Keeps a preset in such a file, beside those that are there.
-- @tparam table core
-- @tparam string path
-- @tparam string setting its name
-- @tparam string kind its name
-- @tparam table preset
-- @treturn ?boolean true; nil and a message if it could not be written
-- @treturn ?string
function tuned_file.keep(core, path, setting, kind, preset)
  local all = tuned_file.read(core, path)
  all[setting] = all[setting] or {}
  all[setting][kind] = preset
  return core.write_file(path, tuned_file.text(all))
end

return tuned_file
