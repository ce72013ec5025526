--- Sequences of files of one's own, read by the general reader.
--
-- @module cmml.settings.sequences.from_files
local args = require "cmml.base.args"

return function(cmml, use)
  use "settings.sequences.data"

  -- The fields that were asked for, in the order of the files; all by default.
  local function chosen(fields, wanted)
    if not wanted then
      return fields
    end
    local names, asked, list = {}, {}, {}
    for i, field in ipairs(fields) do
      names[i] = field[1]
    end
    for _, name in ipairs(wanted) do
      asked[args.one_of("features", name, names, 0)] = true
    end
    for _, field in ipairs(fields) do
      list[#list + 1] = asked[field[1]] and field or nil
    end
    return list
  end

  -- What sequences do not read of the files, in words.
  local function unread(data)
    local what = { data.values and data.kind or nil }
    what[#what + 1] = #data.user_fields > 0 and "what is known of users" or nil
    return #what > 0 and ("sequences do not read %s: every line is an interaction"):format(
      table.concat(what, " and ")) or nil
  end

  --- Sequence data of files that were read.
  -- @tparam table data see data/files.lua
  -- @tparam table opt features (names of fields of items), text_width
  -- @treturn ?SequenceData with notes; nil where the files do not fit
  -- @treturn ?string message
  return function(data, opt)
    local ok, found = pcall(function()
      return cmml.sequences.data { name = data.name, items = data.item_records,
        schema = { item = chosen(data.item_fields, opt.features) },
        interactions = { users = data.users, items = data.items, user_ids = data.user_ids,
          item_ids = data.item_ids, times = data.times } }
    end)
    if not ok then
      return nil, (tostring(found):gsub("^sequences%.data: ", ""))
    end
    local notes = data.notes
    notes[#notes + 1] = unread(data)
    found.notes = table.move(found.notes, 1, #found.notes, #notes + 1, notes)
    return found
  end
end
