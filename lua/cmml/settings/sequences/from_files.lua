--- Sequences of files of one's own, read by the general reader.
--
-- @module cmml.settings.sequences.from_files
local args = require "cmml.base.args"

return function(cmml, use)
  use "settings.sequences.data"
  local texts = use "settings.sequences.texts"

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

  -- Sequences, and what is to be told of them.
  local function make(data, opt)
    local fields, notes = texts.to_vectors(data.item_records, chosen(data.item_fields,
      opt.features), opt.text_width or texts.width)
    local found = cmml.sequences.data { name = data.name, items = data.item_records,
      schema = { item = fields }, interactions = { users = data.users, items = data.items,
        user_ids = data.user_ids, item_ids = data.item_ids, times = data.times, release = true } }
    table.move(found.notes, 1, #found.notes, #notes + 1, notes)
    return found, notes
  end

  --- Sequence data of files that were read.
  -- @tparam table data see data/files.lua
  -- @tparam table opt features (names of fields of items), text_width (see
  -- settings/sequences/texts.lua)
  -- @treturn ?SequenceData with notes; nil where the files do not fit
  -- @treturn ?string message
  return function(data, opt)
    local ok, found, notes = pcall(make, data, opt)
    if not ok then
      return nil, (tostring(found):gsub("^sequences%.data: ", ""))
    end
    found.notes = data.notes
    found.notes[#found.notes + 1] = unread(data)
    found.notes[#found.notes + 1] = data.joined > 0 and ("users who stand on several lines: %d "
      .. "lines were joined to earlier ones, in their order"):format(data.joined) or nil
    table.move(notes, 1, #notes, #found.notes + 1, found.notes)
    return found
  end
end
