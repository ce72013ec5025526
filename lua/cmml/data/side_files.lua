--- Files of what is known of items, or of users: a record a line, or a value a line.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local dialect = require "cmml.data.dialect"
local field_values = require "cmml.data.field_values"
local names = require "cmml.data.column_names"

return function(_, use)
  local record_file = use "data.record_file"

  -- What columns of ids and titles are called, in small letters without _, - and blanks.
  local id_names = { items = "item", users = "user" }
  local titles = {}
  for name in ("title movietitle booktitle name itemname moviename artistname artname productname "
    .. "businessname"):gmatch "%S+" do
    titles[name] = true
  end

  -- A name that a field of a schema may have.
  local function field_name(name)
    return (plain.lower((names.typed(name))):gsub("[^0-9A-Za-z_]+", "_"):gsub("^_+", "")
      :gsub("_+$", ""))
  end

  -- The kinds that the typed header of RecBole's atomic files gives.
  local atomic = { token = "category", token_seq = "list", float = "number", float_seq = "skip" }

  -- The column whose values are ids of the ratings in most of the lines that were looked at, and
  -- whether the first line may be a header: it has no such id, but nearly all others do, and its
  -- fields look like names.
  local function place_of_ids(file, ids)
    local best, most, header = nil, 0, false
    for place = 1, #file.first do
      local n, first = 0, nil
      for i, line in ipairs(file.dialect.lines) do
        local value = dialect.fields(line, file.dialect.delimiter, file.dialect.quotes)[place]
        local known = value and value ~= "" and ids:id(value) ~= nil
        n = n + (known and 1 or 0)
        first = i == 1 and known or first
      end
      if n > most then
        best, most, header = place, n, not first
      end
    end
    for _, name in ipairs(file.first) do
      header = header and name:find "^[A-Za-z][0-9A-Za-z_ .:%-]*$" ~= nil
    end
    return best, header and most > 0 and most >= 0.9 * (#file.dialect.lines - 1)
  end

  -- Whether the first line names the columns: it says so, or has no id of the ratings where others
  -- have one.
  local function has_header(file, ids)
    return file:has_header {} or not file.given.header and select(2, place_of_ids(file, ids))
  end

  -- Columns of a file of records: list of {place, role ("id", "title" or a field's name), kind},
  -- with left_out (words on those of no use) where nobody says what they are.
  local function columns_of(file, side, given, ids)
    local list = {}
    if given then
      local parsed, problem = names.parse(given)
      if not parsed then
        return nil, ("%s: %s"):format(args.option(side:sub(1, -2) .. "_columns"), problem)
      end
      local by_name, by_number = parsed[1].name ~= nil, not file:has_names(parsed)
      if not by_name and file.dialect.json then
        return nil, ("%s: JSON has no order of columns; name them (id=KEY)"):format(file.path)
      elseif not by_name and #parsed > #file.first then
        return nil, ("%s: %d columns are named, but its lines have %d"):format(file.path, #parsed,
          #file.first)
      end
      local used = {}
      for i, entry in ipairs(parsed) do
        local place = i
        if by_name then
          place, problem = file:place(entry.name, by_number)
          if not place then
            return nil, problem
          elseif used[place] then
            return nil, ("%s columns: %s and %s are both column %d of %s"):format(side:sub(1, -2),
              used[place], entry.role, place, file.path)
          end
        end
        used[place] = entry.role
        if entry.role ~= "skip" then
          list[#list + 1] = { place = place, role = entry.role, kind = entry.kind }
        end
      end
      file.header = not file.dialect.json and (by_name or has_header(file, ids))
      return list
    end
    local own, id_place = id_names[side], nil
    for i, name in ipairs(file.first) do
      local is_id = names.folded(name) == "id" or names.role(name) == own
      id_place = id_place or is_id and i or nil
    end
    file.header = not file.dialect.json and (id_place ~= nil and file.given.header ~= "off"
      or has_header(file, ids))
    id_place = (file.header or file.dialect.json) and id_place or nil
    if not file.dialect.json then
      id_place = id_place or place_of_ids(file, ids)
    end
    if file.dialect.json and not id_place then
      return nil, ("%s: which key holds the id is not known; its keys are %s; say "
        .. "%s"):format(file.path, file:names ", ", args.option(own .. "_columns", "id=KEY"))
    end
    list.left_out = {}
    local has_names, has_title = file.header or file.dialect.json, false
    for i, name in ipairs(file.first) do
      local kind = file.header and atomic[select(2, names.typed(name))] or nil
      local is_title = has_names and not has_title and titles[names.folded(name)]
      local own_name = has_names and field_name(name) or ""
      local role = i == (id_place or 1) and "id" or is_title and "title"
        or own_name ~= "" and own_name or "column_" .. i
      has_title = has_title or role == "title"
      if role ~= "id" and file.dialect.json and file.objects[name] then
        table.insert(list.left_out, ("%s (left out, it holds objects)"):format(name))
      elseif kind ~= "skip" then
        list[#list + 1] = { place = i, role = role, kind = kind, atomic = kind ~= nil }
      else
        table.insert(list.left_out, ("%s (left out, it holds numbers in lists)"):format(name))
      end
    end
    return list
  end

  -- The field that a file of an id and a value a line is of: "item_brand.dat" has brands.
  local function field_of(path)
    local base = path:match "([^/]+)$":gsub("%.[0-9A-Za-z]+$", ""):gsub("%.[0-9A-Za-z]+$", "")
    local name = field_name(base:match "_([^_]*[A-Za-z][^_]*)$" or base)
    return name ~= "" and name or "value"
  end

  -- The places of id and value where a file holds one of each a line: two columns, or without a
  -- header also three. Nil for a file of records.
  local function relation_of(file, list, field, columns)
    if field and file.dialect.json then
      return nil, ("%s has JSON objects, whose keys name the fields, but %s=FILE is for files of "
        .. "an id and a value a line"):format(file.path, field)
    elseif field and (#file.first < 2 or #file.first > 3) then
      return nil, ("%s has %d columns, but %s=FILE is for files of an id and a value a line")
        :format(file.path, #file.first, field)
    elseif not field and (columns or file.dialect.json) then
      return nil
    elseif not file.header and (#file.first == 2 or #file.first == 3) then
      return { 1, 2 }
    elseif #list == 2 and #file.first == 2 and list[3 - (list[1].role == "id" and 1 or 2)].role
      ~= "title" then
      return list[1].role == "id" and { 1, 2 } or { 2, 1 }
    end
    return nil, field and file.path .. " has a header of more than an id and a value" or nil
  end

  local function texts_of(column)
    local list = column.ids:totable()
    for row, id in ipairs(list) do
      list[row] = column.vocab:text(id)
    end
    return list
  end

  -- The lists of a column of kind "list", row by row.
  local function lists_of(column)
    local ids, lists, at = column.ids:totable(), {}, 0
    for row, length in ipairs(column.segments:totable()) do
      local list = {}
      for i = 1, length do
        list[i] = column.vocab:text(ids[at + i])
      end
      lists[row], at = list, at + length
    end
    return lists
  end

  -- The rows of a file: n, and what each column holds, in the order of the columns; nil and a
  -- message. Roles do not tell columns apart: a header may have two of one name.
  local function read_rows(file, columns)
    local specs, id_at, used = {}, nil, {}
    for i, column in ipairs(columns) do
      id_at = id_at or column.role == "id" and i or nil
      specs[i] = { name = column.role, at = column.place, id = i == id_at }
      if used[column.role] then
        specs[i].name = ("%s in column %d"):format(column.role, column.place)
      end
      used[column.role] = true
      if file.dialect.json and i ~= id_at and column.role ~= "title" then
        specs[i].kind, specs[i].separator = "list", "\31"
      end
    end
    if not id_at then
      return nil, file.path .. ": which column holds the id is not said (id=..)"
    end
    local data, message = file:read(specs)
    if not data then
      return nil, message
    end
    local rows = { n = data.rows, id_at = id_at, columns = {} }
    for i, spec in ipairs(specs) do
      local read = data.columns[spec.name]
      rows.columns[i] = read.segments and lists_of(read) or texts_of(read)
    end
    return rows
  end

  -- The record of an id, made where there is none.
  local function record_of(records, id)
    local record = records.by_id[id]
    if not record then
      record = { id = id }
      records.by_id[id], records[#records + 1] = record, record
    end
    return record
  end

  -- Declares a field, by a name that is free in the schema.
  local function declare(records, name, kind, side)
    local free = name
    if records.taken[free] or free == "id" or free == "title" then
      free = side:sub(1, -2) .. "_" .. free
    end
    local n = 2
    while records.taken[free] do
      free, n = ("%s_%s_%d"):format(side:sub(1, -2), name, n), n + 1
    end
    records.taken[free] = true
    records.fields[#records.fields + 1] = { free, kind = kind }
    return free
  end

  -- A file of an id and a value a line, by the places of the two and the kind that a typed header
  -- gives; of three columns without a header the third must say nothing.
  local function read_relation(records, file, side, field, places)
    local columns = { { place = places[1], role = "id" }, { place = places[2], role = "value" } }
    if not file.header and #file.first == 3 then
      columns[3] = { place = 3, role = "third" }
    end
    local rows, message = read_rows(file, columns)
    if not rows then
      return nil, message
    end
    local ids, values, third = rows.columns[1], rows.columns[2], rows.columns[3]
    for row = 2, third and rows.n or 0 do
      if third[row] ~= third[1] then
        return nil, ("%s: its lines have three columns and no header; name them (--%s-columns "
          .. "id,FIELD,FIELD)"):format(file.path, side:sub(1, -2))
      end
    end
    local seen, several = {}, false
    for row = 1, rows.n do
      several = several or seen[ids[row]] == true
      seen[ids[row]] = true
    end
    local kind, note = "list", "list, a value a line"
    if not several then -- numbers without a header are numbers of brands, cities and the like
      values, kind, note = field_values.of({ role = "value", atomic = places.kind ~= nil,
        kind = places.kind or not file.header and "category" or nil }, values, file.given.decimal)
      if not values then
        return nil, file.path .. ": " .. kind
      end
    end
    local name = field or file.header and field_name(file.first[places[2]]) or field_of(file.path)
    if kind ~= "skip" then
      name = declare(records, name, kind, side)
    end
    for row = 1, kind ~= "skip" and rows.n or 0 do
      local record, value = record_of(records, ids[row]), values[row]
      if several then
        record[name] = record[name] or {}
        table.insert(record[name], not field_values.absent[value] and value or nil)
      else
        record[name] = value
      end
    end
    records.notes[#records.notes + 1] = file:note(("%s: %s (%s)%s"):format(side, name, note,
      third and (", column 3 is always %s: left out"):format(third[1]) or ""))
    return true
  end

  local function read_records(records, file, side, columns)
    local rows, message = read_rows(file, columns)
    if not rows then
      return nil, message
    end
    local ids, first, words = rows.columns[rows.id_at], {}, {}
    for row = 1, rows.n do
      local id = ids[row]
      if first[id] then
        return nil, ("%s: record %d has the id %s of record %d; a file of an id and a value a line "
          .. "has two columns"):format(file.path, row, id, first[id])
      end
      first[id] = row
      record_of(records, id)
    end
    for i, column in ipairs(columns) do
      local cells = rows.columns[i]
      if column.role == "title" then
        for row = 1, rows.n do
          records.by_id[ids[row]].title = cells[row]
        end
      elseif i ~= rows.id_at then
        local values, kind, note = field_values.of(column, cells, file.given.decimal)
        if not values then
          return nil, file.path .. ": " .. kind
        end
        if kind ~= "skip" then
          local name = declare(records, field_name(column.role), kind, side)
          for row = 1, rows.n do
            records.by_id[ids[row]][name] = values[row]
          end
          words[#words + 1] = ("%s (%s)"):format(name, note)
        else
          words[#words + 1] = ("%s (%s)"):format(column.role, note)
        end
      end
    end
    table.move(columns.left_out or {}, 1, #(columns.left_out or {}), #words + 1, words)
    local n_seen = #file.dialect.lines
    if file.dialect.json and columns.left_out and rows.n > n_seen then
      words[#words + 1] = ("keys that the first %d objects lack are left out"):format(n_seen)
    end
    records.notes[#records.notes + 1] = file:note(("%d %s: %s"):format(rows.n, side,
      #words > 0 and table.concat(words, ", ") or "no fields"))
    return true
  end

  --- Reads the files of a side.
  -- @tparam string side "items" or "users"
  -- @tparam {string,...} files paths, or FIELD=path where a file holds an id and a value a line
  -- @tparam ?string columns what the columns of records are, see data/file_options.lua
  -- @tparam table given the options of data/file_options.lua that say how files are written
  -- @tparam table taken names of fields by true, of both sides; those of this one are added
  -- @tparam Vocab ids those of the ratings, by which the column of ids and a header are found
  -- @treturn ?table list of records {id, title, values by field}, with fields (for a schema) and
  -- notes (a line a file on how it was read)
  -- @treturn ?string message
  return function(side, files, columns, given, taken, ids)
    local records = { by_id = {}, fields = {}, notes = {}, taken = taken }
    for _, entry in ipairs(files) do
      local field, path = entry:match "^([0-9A-Za-z_]+)=(.+)$"
      if entry:find "%.safetensors$" then
        path = path or entry
        local name = declare(records, field or field_of(path), "vector", side)
        records.fields[#records.fields].file = path
        records.notes[#records.notes + 1] = ("%s: %s: %s (vectors by id)"):format(path, side, name)
        goto next
      end
      local file, message = record_file.open(path or entry, given)
      if not file then
        return nil, message
      end
      local list, places
      list, message = columns_of(file, side, not field and columns or nil, ids)
      if not list then
        return nil, message
      end
      places, message = relation_of(file, list, field, columns)
      local ok = not message
      if places then
        for _, column in ipairs(list) do
          places.kind = column.place == places[2] and column.atomic and column.kind or places.kind
        end
        ok, message = read_relation(records, file, side, field, places)
      elseif ok then
        ok, message = read_records(records, file, side, list)
      end
      if not ok then
        return nil, message
      end
      ::next::
    end
    return records
  end
end
