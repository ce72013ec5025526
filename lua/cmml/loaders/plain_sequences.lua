--- Sequences as they are published with S3-Rec and others: a user a line, the items behind it in
-- order; attributes of items in a file of JSON, and vectors of items by id (.safetensors).
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"

return function(cmml, use)
  local core = cmml.core
  local files = use "data.files"
  local found = use "settings.loader"
  local of_files = use "settings.sequences.from_files"

  local sets = { "sequences", "Beauty", "Sports_and_Outdoors", "Toys_and_Games", "Yelp", "LastFM" }

  -- The attributes of items: records, and why there are none.
  local function attributes_of(path)
    local text, message = core.read_file(path)
    if not text then
      return nil, message
    end
    local of_item
    of_item, message = core.json_decode(text, path)
    if type(of_item) ~= "table" or of_item[1] ~= nil then
      return nil, message or path .. ": an object of lists by item was expected"
    end
    local list = {}
    for _, id in ipairs(args.keys(of_item)) do
      if type(of_item[id]) ~= "table" then
        return nil, ("%s: the attributes of item %s must be a list, not %s"):format(path,
          args.shown(id), args.describe(of_item[id]))
      end
      for _, value in ipairs(of_item[id]) do
        if type(value) ~= "string" and math.type(value) ~= "integer" then
          return nil, ("%s: an attribute of item %s is %s, not a text or a whole number"):format(
            path, args.shown(id), args.describe(value))
        end
      end
      list[#list + 1] = { id = plain.tostring(id), attributes = of_item[id] }
    end
    return list
  end

  -- The first of the sets that a folder has.
  local function set_of(folder)
    for _, name in ipairs(sets) do
      if core.exists(("%s/%s.txt"):format(folder, name)) then
        return name
      end
    end
  end

  -- What stands between the ids, by the first line that has any.
  local function delimiter_of(path)
    for line in io.lines(path) do
      if line:find "[^ \t\r]" then
        return line:find "\t" and "tab" or "blank"
      end
    end
    return "blank"
  end

  -- Looks for ids that have what stands between others in them.
  local function check_ids(path, vocab)
    for row = 1, #vocab do
      local id = vocab:text(row)
      if id:find "[ \t]" then
        return nil, ("%s: the id %s has a blank or a tab in it: one of them stands between all ids "
          .. "of a file"):format(path, args.shown(id))
      end
    end
    return true
  end

  local marks, all = {}, {}
  for i, name in ipairs(sets) do
    marks[i] = name .. ".txt"
    all[2 * i - 1], all[2 * i] = marks[i], name .. "_item2attributes.json"
  end

  cmml.loader {
    name = "plain_sequences", setting = "sequences",
    title = "a user a line (sequences.txt, Beauty.txt ..), item2attributes.json",
    marks = marks, files = all, vectors = true, options = { "features", "text_width" },
    read = function(folder, opt)
      local name = set_of(folder)
      if not name then
        return nil, ("%s has none of %s"):format(folder, table.concat(marks, ", "))
      end
      local vectors, notes = found.vectors(folder)
      local source = found.path(folder, name .. ".txt")
      local data, message = files.read { ratings = source, items = vectors,
        columns = "user,items", header = "off", quotes = "off", delimiter = delimiter_of(source) }
      if not data then
        return nil, message
      end
      for _, vocab in ipairs { data.users, data.items } do
        local ok
        ok, message = check_ids(source, vocab)
        if not ok then
          return nil, message
        end
      end
      data.name = name == sets[1] and folder:match "([^/]+)/*$" or name
      local path = ("%s/%s_item2attributes.json"):format(folder, name)
      if core.exists(path) then
        data.item_records, message = attributes_of(path)
        if not data.item_records then
          return nil, message
        end
        table.insert(data.item_fields, 1, { "attributes", kind = "list" })
      end
      table.move(notes, 1, #notes, #data.notes + 1, data.notes)
      return of_files(data, opt)
    end,
  }
end
