--- Files of one's own as records, whatever setting they are read for: ratings, and what is known of
-- items and users.
--
-- @module cmml
local args = require "cmml.base.args"

return function(_, use)
  local read_ratings = use "data.ratings_file"
  local read_side = use "data.side_files"

  local files = {}

  -- Gives the titles that stand beside the ratings to the records of items that have none.
  local function add_titles(data)
    local records = data.item_records
    for row, title in pairs(data.titles or {}) do
      local id = data.items:text(row)
      local record = records.by_id[id]
      if not record then
        record = { id = id }
        records.by_id[id], records[#records + 1] = record, record
      end
      record.title = record.title ~= "" and record.title or title
    end
  end

  --- Reads files of one's own.
  -- @tparam table given options of data/file_options.lua; ratings is needed
  -- @treturn ?table name, users, items (Vocab), user_ids, item_ids (Ids, a row for each entry),
  -- values (Tensor or nil), times (Times or nil), kind ("ratings", "weights", "interactions"),
  -- joined (number of lines of users who stand on an earlier one, where users have a line each),
  -- item_records, user_records (lists of {id, title, values by field}), item_fields, user_fields
  -- (lists for a schema), notes (lines on how the files were read)
  -- @treturn ?string message
  function files.read(given)
    local taken = {}
    for _, side in ipairs { "item", "user" } do
      if given[side .. "_columns"] and not given[side .. "s"] then
        return nil, ("%s says what a file holds that is missing: %s"):format(args.option(side
          .. "_columns"), args.option(side .. "s", "FILE"))
      end
    end
    local data, message = read_ratings(given.ratings, given)
    if not data then
      return nil, message
    end
    data.name = given.ratings:match("([^/]+)$"):gsub("%.[0-9A-Za-z]+$", "")
    data.notes = { data.note }
    for _, side in ipairs { "items", "users" } do
      local one = side:sub(1, -2)
      local records
      records, message = read_side(side, given[side] or {}, given[one .. "_columns"], given, taken,
        data[side])
      if not records then
        return nil, message
      end
      data[one .. "_records"], data[one .. "_fields"] = records, records.fields
      table.move(records.notes, 1, #records.notes, #data.notes + 1, data.notes)
    end
    add_titles(data)
    return data
  end

  --- The paths of files that options name.
  -- @tparam table given options of data/file_options.lua
  -- @treturn {string,...}
  function files.paths(given)
    local list = { given.ratings }
    for _, key in ipairs { "items", "users" } do
      for _, entry in ipairs(given.ratings and given[key] or {}) do
        list[#list + 1] = entry:match "^[0-9A-Za-z_]+=(.+)$" or entry
      end
    end
    return list
  end

  return files
end
