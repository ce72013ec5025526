--- Model files that a command reads, and what their notes say of how they were trained.
--
-- @module cmml
local args = require "cmml.base.args"
local options = require "cmml.base.options"
local plain = require "cmml.base.plain"

return function(cmml)
  local model_files = {}

  --- Loads the files of a list.
  -- @tparam {string,...} paths
  -- @treturn ?table list of {path, model, notes}
  -- @treturn ?string message
  function model_files.read(paths)
    local entries = {}
    for i, path in ipairs(paths) do
      local model, found = cmml.load(path)
      if not model then
        return nil, found
      end
      entries[i] = { path = path, model = model,
        notes = type(found.notes) == "table" and found.notes or {}, version = found.version }
    end
    return entries
  end

  --- What a model is called in a table: by its seed, or by its path if that does not tell it apart.
  -- @tparam table entry of `read`
  -- @tparam table entries all of them
  -- @treturn string
  function model_files.title_of(entry, entries)
    local function name(of)
      return of.notes.seed and ("%s, seed %s"):format(of.model.title, plain.tostring(of.notes.seed))
        or of.model.title
    end
    local same = 0
    for _, other in ipairs(entries) do
      same = same + (name(other) == name(entry) and 1 or 0)
    end
    return same > 1 and entry.path or name(entry)
  end

  --- What the notes of a model say of its training that a setting's split depends on. Nothing in
  -- them is trusted.
  -- @tparam table entry of `read`
  -- @tparam table opt options that were given
  -- @treturn table by name of an option of the split
  function model_files.noted(entry, opt)
    local setting, notes, known = entry.model.setting, {}, {}
    for key, kind in pairs(setting.noted or {}) do
      notes[key] = entry.notes[key]
      known[#known + 1] = { name = key, kind = (kind:gsub("%?$", "")), help = "noted in the file" }
    end
    plain.sort(known, function(a, b) -- so that the first error is always the same
      return a.name < b.name
    end)
    local set = options.of(entry.path .. ": notes", known)
    notes = args.of_file(set.check, set, notes, 0)
    return setting.complete and setting.complete(opt, notes, entry.model) or notes
  end

  return model_files
end
