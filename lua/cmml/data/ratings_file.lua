--- A file of ratings, interactions or weights: who, what, how good, how often, when.
--
-- @module cmml
local args = require "cmml.base.args"
local names = require "cmml.data.column_names"

return function(cmml, use)
  local core = cmml.core
  local record_file = use "data.record_file"

  local function examples()
    return ("say which are what: %s by names, or user,item,rating,time,skip by position"):format(
      args.option("columns", "user=NAME,item=NAME,rating=NAME,time=NAME"))
  end

  -- Places of roles by the names of the header; nil where one is found twice, or user or item not.
  local function guess(file)
    local places = {}
    for i, field in ipairs(file.first) do
      local role = names.role(field)
      if role and places[role] then
        return nil
      end
      places[role or ""] = i
    end
    places[""] = nil
    places.weight = not places.rating and places.weight or nil
    return places.user and places.item and places or nil
  end

  local function columns_of(file)
    return file.dialect.json and "its keys are " .. file:names ", "
      or ("its first line is %s"):format(file:names " | ")
  end

  -- By the names of a header: places by role; nil and a message.
  local function by_name(file, list)
    local places, number, by_number = {}, false, not file:has_names(list)
    for _, entry in ipairs(list) do
      local place, message = file:place(entry.name, by_number)
      if not place then
        return nil, message
      end
      for role, taken in pairs(places) do
        if taken == place then
          return nil, ("columns: %s and %s are both the column %s"):format(role, entry.role,
            file.first[place])
        end
      end
      places[entry.role] = place
      number = number or by_number and entry.name:find "^%d+$" ~= nil
    end
    if number then -- columns that have a number for a name
      file.header = file:has_header({ places.rating or places.weight or places.time },
        { places.user, places.item })
    elseif file.given.header == "off" then
      return nil, file.path .. ": columns are named, but header is off"
    else
      file.header = true
    end
    return places
  end

  -- By position: places by role; nil and a message.
  local function by_position(file, list)
    if file.dialect.json then
      return nil, ("%s: JSON has no order of columns; name them (user=KEY); %s"):format(file.path,
        columns_of(file))
    end
    local places, numbers = {}, {}
    for i, entry in ipairs(list) do
      if entry.role ~= "skip" then
        places[entry.role] = i
      end
      if entry.role == "rating" or entry.role == "weight" or entry.role == "time" then
        numbers[#numbers + 1] = i
      end
    end
    if #list > #file.first then
      return nil, ("%s: %d columns are named, but its lines have %d (delimiter %s); %s"):format(
        file.path, #list, #file.first, file.dialect.delimiter, columns_of(file))
    end
    file.header = file:has_header(numbers, { places.user, places.item })
    return places
  end

  -- Places of the roles: as the user says, or by the names of public data sets.
  local function resolve(file, list)
    if not list then
      local places = guess(file)
      if places and file.given.header == "off" and not file.dialect.json then
        return nil, ("%s: header is off, but what its columns are is told by their names alone; "
          .. "%s"):format(file.path, examples())
      elseif places then
        file.header = not file.dialect.json
        return places
      end
      return nil, ("%s: which columns hold users and items is not known; %s; %s"):format(file.path,
        columns_of(file), examples())
    end
    local places, message = (list[1].name and by_name or by_position)(file, list)
    if not places then
      return nil, message
    elseif not places.user or not (places.item or places.items) then
      return nil, ("%s: %s is missing; %s"):format(args.option "columns",
        places.user and "item" or "user", examples())
    elseif places.item and places.items then
      return nil, args.option "columns" .. ": item and items exclude each other (items is the rest "
        .. "of the line)"
    elseif places.rating and places.weight then
      return nil, args.option "columns" .. ": rating and weight exclude each other"
    elseif places.items and (places.rating or places.weight or places.time or places.title) then
      return nil, args.option "columns" .. ": beside items, all that follow the user, there is no "
        .. "other column"
    end
    return places
  end

  -- Words on what was taken for what, and on what was not read.
  local function words(file, places)
    local parts, read, unread = {}, {}, {}
    for _, role in ipairs(names.roles) do
      local place = places[role]
      if place then
        parts[#parts + 1] = (file.header or file.dialect.json)
          and ("%s = %s"):format(role, args.shown(file.first[place]))
          or ("%s = column %d"):format(role, place)
        read[place] = true
      end
    end
    for place, name in ipairs(places.items and {} or file.first) do
      unread[#unread + 1] = not read[place] and ((file.header or file.dialect.json)
        and args.shown(name) or ("column %d"):format(place)) or nil
    end
    return table.concat(parts, ", ")
      .. (#unread > 0 and "; not read: " .. record_file.names(unread, ", ") or "")
  end

  -- Quotes are looked for in the beginning of a file: nil and a message where ids farther down
  -- stand in them.
  local function check_quotes(file, vocab)
    if file.dialect.json or file.dialect.quotes or file.given.quotes then
      return true
    end
    for row = 1, #vocab do
      local id = vocab:text(row)
      if id:byte() == 34 and id:find '^".*"$' then
        return nil, ("%s: the id %s stands in quotes, but the beginning of the file has none: %s "
          .. "cuts them, %s leaves them"):format(file.path, args.shown(id),
          args.option("quotes", "on"), args.option("quotes", "off"))
      end
    end
    return true
  end

  -- The titles that stand beside the items: by row of the items, the first that is not empty.
  local function titles_of(item, column)
    local rows, ids, titles = item.ids:totable(), column.ids:totable(), {}
    for i, row in ipairs(rows) do
      local title = titles[row] == nil and column.vocab:text(ids[i]) or ""
      titles[row] = titles[row] or title ~= "" and title or nil
    end
    return titles
  end

  --- Reads a file of ratings.
  -- @tparam string path
  -- @tparam table given options of data/file_options.lua
  -- @treturn ?table users, items (Vocab), user_ids, item_ids (Ids; a row each), values (Tensor, or
  -- nil), times (Times, or nil), titles (texts by row of the items, or nil), joined (of files of a
  -- user a line: lines of users who stand on an earlier one), kind ("ratings", "weights" or
  -- "interactions"), note (a line on how the file was read)
  -- @treturn ?string message
  return function(path, given)
    local list, file, places, message
    if given.columns then
      list, message = names.parse(given.columns, names.roles)
      if not list then
        return nil, ("%s: %s"):format(args.option "columns", message)
      end
    end
    file, message = record_file.open(path, given, list and #list)
    if not file then
      return nil, message
    end
    places, message = resolve(file, list)
    if not places then
      return nil, message
    end
    local specs = { { name = "user", at = places.user, id = true } }
    if places.items then
      specs[2] = { name = "items", at = places.items, kind = "list", rest = not file.dialect.json,
        separator = file.dialect.json and "\31" or nil }
    else
      specs[2] = { name = "item", at = places.item, id = true }
    end
    local value = places.rating or places.weight
    specs[#specs + 1] = value and { name = places.rating and "rating" or "weight", at = value,
      kind = "number" }
    specs[#specs + 1] = places.time and { name = "time", at = places.time, kind = "time" }
    specs[#specs + 1] = places.title and { name = "title", at = places.title }
    local data
    data, message = file:read(specs)
    if not data then
      return nil, message
    elseif data.rows == 0 then
      return nil, path .. " has no line of data"
    end
    local columns = data.columns
    local item, user_ids = columns.item or columns.items, columns.user.ids
    if columns.items then
      user_ids = core.map_ids(item.segments:groups(), user_ids)
    end
    for _, vocab in ipairs { columns.user.vocab, item.vocab } do
      local ok
      ok, message = check_quotes(file, vocab)
      if not ok then
        return nil, message
      end
    end
    local values = columns.rating or columns.weight
    return { users = columns.user.vocab, items = item.vocab, user_ids = user_ids,
      item_ids = item.ids, values = values and values.values,
      times = columns.time and columns.time.values,
      joined = places.items and data.rows - #columns.user.vocab or 0,
      titles = columns.title and titles_of(item, columns.title), kind = places.rating and "ratings"
        or places.weight and "weights" or "interactions", note = file:note(words(file, places)) }
  end
end
