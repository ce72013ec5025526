--- Model files that a command reads: what their notes say of their training, and whether that
-- allows a judgement.
--
-- @module cmml.cli.loaded
local args = require "cmml.base.args"
local defaults = require("cmml.settings.scenarios.filters").defaults

local loaded = {}

--- Loads the files of a list.
-- @tparam table cmml the library
-- @tparam string list paths with commas between them
-- @treturn ?table list of {path, model, notes}
-- @treturn ?string message
function loaded.read(cmml, list)
  local entries = {}
  for path in list:gmatch("[^,]+") do
    local model, found = cmml.load(path)
    if not model then
      return nil, found
    end
    entries[#entries + 1] = { path = path, model = model,
      notes = type(found.notes) == "table" and found.notes or {} }
  end
  if #entries == 0 then
    return nil, "--model names no file"
  end
  return entries
end

--- What a model is called in a table: by its seed, or by its path if that does not tell it apart.
-- @tparam table entry of `read`
-- @tparam table entries all of them
-- @treturn string
function loaded.title_of(entry, entries)
  local function name(of)
    return of.notes.seed and ("%s, seed %s"):format(of.model.title, tostring(of.notes.seed))
      or of.model.title
  end
  local same = 0
  for _, other in ipairs(entries) do
    same = same + (name(other) == name(entry) and 1 or 0)
  end
  return same > 1 and entry.path or name(entry)
end

-- What a model file may say of its training. Test users are a list: a text would be a path, which
-- no model file is to choose. Of scenarios the split and the filters; query_fraction and vectors are
-- no options of a command that judges.
local noted = { protocol = "string?", cap = "integer?", data_seed = "integer?", valid = "number?",
  test_users = "table?", by = "string?", min_items = "integer?", max_items = "integer?",
  query_fraction = "number?", vectors = "string?" }

--- Options of a command, where what they leave open is as in the training of a model.
-- @tparam table values
-- @tparam table entry of `read`
-- @treturn table
function loaded.complete(values, entry)
  local filled, notes = setmetatable({}, { __index = values }), {}
  for key in pairs(noted) do
    notes[key] = entry.notes[key]
  end
  if notes.protocol == "full" or values.protocol == "melu" then
    notes.cap = nil -- of which there is none; earlier files note one
  end
  for key, value in pairs(args.check(entry.path .. ": notes", notes, noted, 0)) do
    if values[key] == nil then
      filled[key] = value
    end
  end
  return filled
end

-- Whether a protocol judges people who may be learnt from, by ratings that were kept from training.
local function has_held_out(data)
  for _, evaluation in ipairs(data.evaluations) do
    if evaluation.tasks.query_ratings then
      return true
    end
  end
  return false
end

local function unlike(path, key, was, is, instead)
  return nil, ("%s was trained with %s %s, but is to be judged with %s: what would be judged was "
    .. "not kept from it. Judge it as it was trained%s"):format(path, key,
    was == nil and "unknown" or tostring(was), tostring(is),
    instead and ", or under --protocol " .. instead or "")
end

--- Refuses a judgement on scenarios by a split that is not the one a model was trained on.
-- @tparam table entry of `read`
-- @tparam table values options of the command, see `complete`
-- @treturn ?true
-- @treturn ?string message
function loaded.check_scenarios(entry, values)
  local notes = entry.notes
  if notes.setting ~= "scenario" then -- trained in Lua: its counts have to tell
    return true
  end
  for _, key in ipairs { "data_seed", "by", "min_items", "max_items", "protocol" } do
    local was, is = notes[key] or defaults[key], values[key] or defaults[key]
    if was ~= is and not (key == "protocol" and is == "published") then
      return unlike(entry.path, key, was or "by default", is or "the default",
        key == "protocol" and "published" or nil)
    end
  end
  return true
end

--- Refuses a judgement by what a model was trained on, unless the protocol is the leaky one.
-- @tparam table entry of `read`
-- @tparam table data see `cmml.users.protocol`
-- @treturn ?true
-- @treturn ?string message
function loaded.check_kept(entry, data)
  local path, notes = entry.path, entry.notes
  local listed, count = type(notes.test_users) == "table" and notes.test_users or {}, 0
  local kept = {}
  for _, user in ipairs(listed) do
    kept[user], count = true, count + (kept[user] and 0 or 1)
  end
  if has_held_out(data) then
    for _, key in ipairs { "protocol", table.unpack(args.keys(data.conditions)) } do
      if key ~= "cap" and notes[key] ~= data.conditions[key] then
        return unlike(path, key, notes[key], data.conditions[key], "warm-leaky")
      end
    end
    if count ~= #data.test then
      return unlike(path, "test users:", count, #data.test, "warm-leaky")
    end
  end
  for _, row in ipairs(notes.test_users and data.test or {}) do
    local user = data.dataset.users:text(row)
    if not kept[user] then
      return nil, ("%s was trained on user %s, who is to be tested on: give the users that it was "
        .. "kept from (--test-users)"):format(path, user)
    end
  end
  return true
end

return loaded
