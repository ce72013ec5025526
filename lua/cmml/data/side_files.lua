--- Files of what is known of items, or of users: a record a line, or a value a line.
--
-- @module cmml
local plain = require "cmml.base.plain"
local dialect = require "cmml.data.dialect"
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

  -- What stands for a value that is not there.
  local absent = { [""] = true, ["NA"] = true, ["N/A"] = true, ["nan"] = true, ["NaN"] = true,
    ["null"] = true, ["NULL"] = true, ["\\N"] = true }

  -- So many values may all be different, and still be a category or stand for numbers of one.
  local most_different = 20

  local separators = { "|", ";", ", ", "," }

  local function folded(name)
    return (plain.lower(name):gsub(":[%a_]+$", ""):gsub("[%s_%-]", ""))
  end

  -- A name that a field of a schema may have.
  local function field_name(name)
    return (plain.lower(name):gsub(":[%a_]+$", ""):gsub("[^%w_]+", "_"):gsub("^_+", "")
      :gsub("_+$", ""))
  end

  -- The kinds that the typed header of RecBole's atomic files gives.
  local atomic = { token = "category", token_seq = "list", float = "number", float_seq = "skip" }

  local function split(value, separator)
    local list, at = {}, 1
    while true do
      local stop = value:find(separator, at, true)
      local part = value:sub(at, (stop or #value + 1) - 1):match "^%s*(.-)%s*$"
      list[#list + 1] = part ~= "" and part or nil
      if not stop then
        return list
      end
      at = stop + #separator
    end
  end

  -- The separator of values that are lists. A comma stands in texts, too: there the parts must come
  -- again and again where the wholes do not.
  local function separator_of(values)
    for _, separator in ipairs(separators) do
      local n, wholes, parts, n_parts, with = 0, 0, 0, 0, 0
      local seen_whole, seen_part = {}, {}
      for _, value in ipairs(values) do
        local list = split(value, separator)
        n, with = n + 1, with + (#list > 1 and 1 or 0)
        wholes, seen_whole[value] = wholes + (seen_whole[value] and 0 or 1), true
        for _, part in ipairs(list) do
          n_parts = n_parts + 1
          parts, seen_part[part] = parts + (seen_part[part] and 0 or 1), true
        end
      end
      local is_comma = separator:find ","
      if with * 20 >= n and with > 0 and parts * 2 <= n_parts
        and (not is_comma or parts < wholes) then
        return separator
      end
    end
  end

  -- The separator of values that are said to be lists: the first that stands in any.
  local function any_separator(values)
    for _, separator in ipairs(separators) do
      for _, value in ipairs(values) do
        if value:find(separator, 1, true) then
          return separator
        end
      end
    end
  end

  local function is_number(value)
    return plain.tonumber(value) ~= nil and value:find "^[+-]?[%d.]" ~= nil
  end

  -- What a column holds, of its values that are there: a kind, and the separator of a list; "skip"
  -- and why where it is no feature.
  local function kind_of(values)
    local distinct, numbers, words, seen = 0, 0, 0, {}
    for _, value in ipairs(values) do
      distinct, seen[value] = distinct + (seen[value] and 0 or 1), true
      numbers = numbers + (is_number(value) and 1 or 0)
      words = words + select(2, value:gsub("%S+", ""))
    end
    if #values == 0 then
      return "skip", "it is empty"
    elseif numbers == #values then
      return distinct > most_different and "number" or "category"
    end
    local separator = separator_of(values)
    if separator then
      return "list", separator
    elseif distinct * 2 > #values and words >= 4 * #values then
      return "text"
    elseif distinct == #values and distinct > most_different then
      return "skip", "every value is another"
    end
    return "category"
  end

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
      header = header and name:find "^%a[%w_ .:%-]*$" ~= nil
    end
    return best, header and most > 0 and most >= 0.9 * (#file.dialect.lines - 1)
  end

  -- Whether the first line names the columns: it says so, or has no id of the ratings where others
  -- have one.
  local function has_header(file, ids)
    return file:has_header {} or not file.given.header and select(2, place_of_ids(file, ids))
  end

  -- Columns of a file of records: list of {place, role ("id", "title" or a field's name), kind}.
  local function columns_of(file, side, given, ids)
    local list = {}
    if given then
      local parsed, problem = names.parse(given)
      if not parsed then
        return nil, ("%s columns: %s"):format(side:sub(1, -2), problem)
      end
      local by_name = parsed[1].name ~= nil
      if not by_name and file.dialect.json then
        return nil, ("%s: JSON has no order of columns; name them (id=KEY)"):format(file.path)
      elseif not by_name and #parsed > #file.first then
        return nil, ("%s: %d columns are named, but its lines have %d"):format(file.path, #parsed,
          #file.first)
      end
      for i, entry in ipairs(parsed) do
        local place = i
        if by_name then
          place, problem = file:place(entry.name)
          if not place then
            return nil, problem
          end
        end
        if entry.role ~= "skip" then
          list[#list + 1] = { place = place, role = entry.role, kind = entry.kind }
        end
      end
      file.header = not file.dialect.json and (by_name or has_header(file, ids))
      return list
    end
    local own, id_place = id_names[side], nil
    for i, name in ipairs(file.first) do
      local is_id = folded(name) == "id" or names.role(name) == own
      id_place = id_place or is_id and i or nil
    end
    file.header = not file.dialect.json and (id_place ~= nil or has_header(file, ids))
    if not file.dialect.json then
      id_place = id_place or place_of_ids(file, ids)
    end
    if file.dialect.json and not id_place then
      return nil, ("%s: which key holds the id is not known; its keys are %s; say --%s-columns "
        .. "id=KEY"):format(file.path, table.concat(file.first, ", "), own)
    end
    for i, name in ipairs(file.first) do
      local kind
      if file.header then
        kind = atomic[name:match ":([%a_]+)$"]
      end
      local role = i == (id_place or 1) and "id"
        or (file.header or file.dialect.json) and (titles[folded(name)] and "title"
        or field_name(name)) or "column_" .. i
      if kind ~= "skip" then
        list[#list + 1] = { place = i, role = role, kind = kind, atomic = kind ~= nil }
      end
    end
    return list
  end

  -- The field that a file of an id and a value a line is of: "item_brand.dat" has brands.
  local function field_of(path)
    local base = path:match "([^/]+)$":gsub("%.%w+$", ""):gsub("%.%w+$", "")
    local name = field_name(base:match "_([^_]+)$" or base)
    return name ~= "" and name or "value"
  end

  -- The places of id and value where a file holds one of each a line: two columns, or without a
  -- header also three. Nil for a file of records.
  local function relation_of(file, list, field, columns)
    if field and (#file.first < 2 or #file.first > 3) then
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

  -- The rows of a file: ids, and by role what the columns hold; nil and a message.
  local function read_rows(file, columns)
    local specs, has_id = {}, false
    for i, column in ipairs(columns) do
      has_id = has_id or column.role == "id"
      specs[i] = { name = column.role, at = column.place, id = column.role == "id" }
      if file.dialect.json and column.role ~= "id" and column.role ~= "title" then
        specs[i].kind, specs[i].separator = "list", "\31"
      end
    end
    if not has_id then
      return nil, file.path .. ": which column holds the id is not said (id=..)"
    end
    local data, message = file:read(specs)
    if not data then
      return nil, message
    end
    local rows = { n = data.rows }
    for _, column in ipairs(columns) do
      local read = data.columns[column.role]
      rows[column.role] = read.segments and lists_of(read) or texts_of(read)
    end
    return rows
  end

  -- Values of a field as it is declared: list of values by row (nil where there is none), its kind
  -- and what to tell of it.
  local function field_values(column, cells)
    local present, several = {}, false
    for _, cell in ipairs(cells) do
      for _, value in ipairs(type(cell) == "table" and cell or { cell }) do
        present[#present + 1] = not absent[value] and value or nil
      end
      several = several or type(cell) == "table" and #cell > 1
    end
    local kind, how = column.kind, nil
    local separator = column.atomic and kind == "list" and " " or nil
    if several and not kind then
      kind = "list"
    elseif not kind then
      kind, how = kind_of(present)
      separator = kind == "list" and how or nil
    elseif kind == "list" and not separator and not several then
      separator = any_separator(present)
    end
    local values, missing = {}, 0
    for row, cell in ipairs(cells) do
      local list = type(cell) == "table" and cell or { cell }
      local value
      if kind == "list" then
        value = #list == 1 and separator and split(list[1], separator) or list
        value = (value[1] == nil or #value == 1 and absent[value[1]]) and {} or value
        missing = missing + (#value == 0 and 1 or 0)
      else
        value = list[1]
        if value == nil or absent[value] then
          value, missing = nil, missing + 1
        elseif kind == "number" then
          local number = plain.tonumber(value)
          if not number or number ~= number or number == math.huge or number == -math.huge then
            return nil, ("row %d of %s is %q, not a number"):format(row, column.role, value)
          end
          value = number
        end
      end
      values[row] = value
    end
    local note = kind
    if kind == "list" and separator and separator ~= " " then
      note = ("list by %s"):format(separator)
    elseif kind == "skip" then
      note = "left out, " .. how
    end
    note = missing > 0 and kind ~= "skip" and ("%s, %d missing"):format(note, missing) or note
    return values, kind, note
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
    if records.taken[free] then
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

  -- A file of an id and a value a line, by the places of the two; of three columns without a header
  -- the third must say nothing.
  local function read_relation(records, file, side, field, places)
    local columns = { { place = places[1], role = "id" }, { place = places[2], role = "value" } }
    if not file.header and #file.first == 3 then
      columns[3] = { place = 3, role = "third" }
    end
    local rows, message = read_rows(file, columns)
    if not rows then
      return nil, message
    end
    for row = 2, rows.third and rows.n or 0 do
      if rows.third[row] ~= rows.third[1] then
        return nil, ("%s: its lines have three columns and no header; name them (--%s-columns "
          .. "id,FIELD,FIELD)"):format(file.path, side:sub(1, -2))
      end
    end
    local seen, several = {}, false
    for row = 1, rows.n do
      several = several or seen[rows.id[row]] == true
      seen[rows.id[row]] = true
    end
    local kind, note = "list", "list, a value a line"
    if not several then -- numbers without a header are numbers of brands, cities and the like
      rows.value, kind, note = field_values({ role = "value",
        kind = not file.header and "category" or nil }, rows.value)
      if not rows.value then
        return nil, file.path .. ": " .. kind
      end
    end
    local name = field or file.header and field_name(file.first[places[2]]) or field_of(file.path)
    if kind ~= "skip" then
      name = declare(records, name, kind, side)
    end
    for row = 1, kind ~= "skip" and rows.n or 0 do
      local record, value = record_of(records, rows.id[row]), rows.value[row]
      if several then
        record[name] = record[name] or {}
        table.insert(record[name], not absent[value] and value or nil)
      else
        record[name] = value
      end
    end
    records.notes[#records.notes + 1] = file:note(("%s: %s (%s)%s"):format(side, name, note,
      rows.third and (", column 3 is always %s: left out"):format(rows.third[1]) or ""))
    return true
  end

  local function read_records(records, file, side, columns)
    local rows, message = read_rows(file, columns)
    if not rows then
      return nil, message
    end
    local first, words = {}, {}
    for row = 1, rows.n do
      local id = rows.id[row]
      if first[id] then
        return nil, ("%s: record %d has the id %s of record %d; a file of an id and a value a line "
          .. "has two columns"):format(file.path, row, id, first[id])
      end
      first[id] = row
      local record = record_of(records, id)
      record.title = rows.title and rows.title[row] or record.title
    end
    for _, column in ipairs(columns) do
      if column.role ~= "id" and column.role ~= "title" then
        local values, kind, note = field_values(column, rows[column.role])
        if not values then
          return nil, file.path .. ": " .. kind
        end
        if kind ~= "skip" then
          local name = declare(records, field_name(column.role), kind, side)
          for row = 1, rows.n do
            records.by_id[rows.id[row]][name] = values[row]
          end
          words[#words + 1] = ("%s (%s)"):format(name, note)
        else
          words[#words + 1] = ("%s (%s)"):format(column.role, note)
        end
      end
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
      local field, path = entry:match "^([%w_]+)=(.+)$"
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
