--- A file of records, looked at before it is read: how it is written, and what its columns are.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local dialect = require "cmml.data.dialect"
local names = require "cmml.data.column_names"
local numbers = require "cmml.data.numbers"

return function(cmml)
  local core = cmml.core
  --- A file of records that was opened.
  -- @tfield string path
  -- @tfield Source source
  -- @tfield table dialect what was guessed of it, see data/dialect.lua
  -- @tfield {string,...} first the fields of its first line; the keys of its first JSON objects
  -- @tfield ?table objects true by the keys of which the beginning has objects as values
  -- @tfield ?{string,...} second those of its second line
  -- @tfield ?boolean header whether the first line names the columns, once that is known
  local RecordFile = {}
  RecordFile.__index = RecordFile

  -- Whether a JSON value is an object that has something in it, or a list of such.
  local function holds_object(value)
    if type(value) ~= "table" then
      return false
    end
    local _, first = next(value)
    return first ~= nil and (value[1] == nil or holds_object(value[1]))
  end

  -- The keys of JSON objects, sorted; those whose value is an object in some line, true by key; and
  -- what is wrong with a line, where none has keys.
  local function keys_of(lines)
    local keys, objects, problem = {}, {}, nil
    for _, line in ipairs(lines) do
      local object, message = core.json_decode(line)
      problem = problem or message
      for key, value in pairs(type(object) == "table" and object or {}) do
        key = plain.tostring(key)
        keys[key], objects[key] = true, objects[key] or holds_object(value)
      end
    end
    return args.keys(keys), objects, next(keys) == nil and (problem or "it has no keys") or nil
  end

  -- The beginning of a file, with at least its first line and the next where they are no longer
  -- than half of what is taken for a line.
  local function beginning(source)
    local bytes, head, whole = 1 << 16
    repeat
      head, whole = source:head(bytes)
      bytes = bytes * 2
    until not head or whole or head:find("\n[^\n]*\n") or bytes > 1 << 25
    return head, whole
  end

  local MOST_NAMES = 20 -- of columns that a message repeats

  local record_file = {}

  --- Names of columns as messages have them: each on one line and in short, not more than 20.
  -- @tparam {string,...} list
  -- @tparam string separator between them
  -- @treturn string
  function record_file.names(list, separator)
    local names_shown = {}
    for i = 1, math.min(#list, MOST_NAMES) do
      names_shown[i] = args.shown(list[i])
    end
    return table.concat(names_shown, separator)
      .. (#list > MOST_NAMES and (" .. (%d columns)"):format(#list) or "")
  end

  --- Opens a file and looks at its beginning.
  -- @tparam string path
  -- @tparam table given the options of data/file_options.lua that say how files are written
  -- @tparam ?integer least how many columns it is known to have at least
  -- @treturn ?RecordFile
  -- @treturn ?string message
  function record_file.open(path, given, least)
    local source, message = core.open_table(path, given.encoding)
    if not source then
      return nil, (message:gsub("^open_table: ", ""))
    end
    local head, whole = beginning(source)
    if not head then
      return nil, (whole:gsub("^[0-9A-Za-z:]+: ", ""))
    end
    local found
    found, message = dialect.guess(head, whole, given, least)
    if not found then
      return nil, path .. ": " .. message
    elseif #found.lines == 0 then
      return nil, path .. " is empty"
    end
    local self = setmetatable({ path = path, source = source, dialect = found, given = given },
      RecordFile)
    if found.json then
      self.first, self.objects, message = keys_of(found.lines)
      if message then
        return nil, ("%s: its first line is no JSON object to be read: %s"):format(path,
          (message:gsub("^json_decode: ", "")))
      end
    else
      self.first = dialect.fields(found.lines[1], found.delimiter, found.quotes)
      self.second = found.lines[2] and dialect.fields(found.lines[2], found.delimiter, found.quotes)
    end
    return self
  end

  --- The names of the columns as messages have them.
  -- @tparam string separator between them
  -- @treturn string
  function RecordFile:names(separator)
    return record_file.names(self.first, separator)
  end

  --- Whether a field of the first line is a number, and whether that of the second is.
  -- @tparam integer place
  -- @treturn boolean
  -- @treturn boolean
  function RecordFile:numeric(place)
    local first, second = self.first[place] or "", self.second and self.second[place] or ""
    return numbers.is_like(first), numbers.is_like(second)
  end

  -- The fields of a column in the lines that were looked at, but for the first.
  local function others_of(self, place)
    local found, list = self.dialect, {}
    for i = 2, #found.lines do
      list[i - 1] = dialect.fields(found.lines[i], found.delimiter, found.quotes)[place] or ""
    end
    return list
  end

  -- Whether no first field of columns of ids is a number, where all others of one of them are.
  local function stands_over_numbers(self, places)
    local found = false
    for _, place in ipairs(places) do
      local others = others_of(self, place)
      local numeric = #others > 0
      for _, field in ipairs(others) do
        numeric = numeric and numbers.is_like(field)
      end
      if numbers.is_like(self.first[place] or "") then
        return false
      end
      found = found or numeric
    end
    return found
  end

  --- Whether the first line of a file without JSON names the columns.
  -- @tparam {integer,...} values places of the columns that hold numbers, but in a header
  -- @tparam ?{integer,...} ids those of the columns that hold ids
  -- @treturn boolean
  function RecordFile:has_header(values, ids)
    if self.given.header then
      return self.given.header == "on"
    end
    for _, place in ipairs(values) do
      local first, second = self:numeric(place)
      if not first and second then
        return true
      elseif first then
        return false
      end
    end
    local roles = 0
    for _, field in ipairs(self.first) do
      roles = roles + ((names.role(field) or select(2, names.typed(field))) and 1 or 0)
    end
    return roles >= 2 or roles == 1 and #self.first == 1 or stands_over_numbers(self, ids or {})
  end

  --- Whether the first line has all names of some columns; else those that are numbers are places.
  -- @tparam table list as `column_names.parse` gives it
  -- @treturn boolean
  function RecordFile:has_names(list)
    for _, entry in ipairs(list) do
      if entry.name and not names.place(self.first, entry.name) then
        return false
      end
    end
    return true
  end

  --- The place of a column that the user named.
  -- @tparam string name of a column; or the number of one that no column has as its name
  -- @tparam ?boolean by_number whether a number is a place even where a column has it as its name
  -- @treturn ?integer
  -- @treturn ?string message, which lists the columns
  function RecordFile:place(name, by_number)
    local place, other = names.place(self.first, name)
    local number = math.tointeger(name:find "^%d+$" and plain.tonumber(name) or nil)
    if number and by_number then
      place = nil
    elseif other then
      return nil, ("%s: columns %d and %d are both called %s; say the number of the one that you "
        .. "mean in place of the name"):format(self.path, place, other, name)
    end
    if not place and number and number >= 1 and number <= #self.first then
      place = number
    end
    if place then
      return place
    end
    return nil, ("%s: there is no column %s; its columns are %s"):format(self.path,
      args.shown(name), self:names ", ")
  end

  -- Whether numbers of a column have a comma before the decimals; nil and a message where it may as
  -- well stand between thousands.
  local function has_commas(self, place)
    local some = others_of(self, place)
    some[#some + 1] = not self.header and self.first[place] or nil
    local found, doubtful = numbers.comma(some)
    if doubtful then
      return nil, ("%s, column %d%s: %s may have a comma before decimals or between thousands; %s "
        .. "says the first, and thousands are read without a comma"):format(self.path, place,
        self.header and (" (%s)"):format(self.first[place]) or "", doubtful,
        args.option("decimal", ","))
    end
    return found
  end

  --- Reads columns, and closes the file.
  -- @tparam table columns list of column specs of `core.read_table`: name (a key of the result), at
  -- (its place), kind and others
  -- @treturn ?table as `core.read_table` gives it
  -- @treturn ?string message
  function RecordFile:read(columns)
    local found = self.dialect
    for _, column in ipairs(columns) do
      if column.kind == "number" then
        local comma, message = self.given.decimal == ",", nil
        if not self.given.decimal and not found.json then
          comma, message = has_commas(self, column.at)
        end
        if message then
          return nil, message
        end
        column.comma, self.commas = comma, self.commas or comma
      end
    end
    local specs, by_key = columns, {}
    if found.json then -- there columns are found by the names that are their keys
      specs = {}
      for i, column in ipairs(columns) do
        specs[i] = {}
        for key, value in pairs(column) do
          specs[i][key] = value
        end
        specs[i].name = self.first[column.at] or column.name
        by_key[i] = specs[i].name
      end
    end
    local exact, padded = not found.json, table.move(specs, 1, #specs, 1, {})
    for _, column in ipairs(specs) do
      exact = exact and not column.rest
    end
    for i = #specs + 1, exact and #self.first or 0 do -- so that all lines have as many fields
      padded[i] = { kind = "skip" }
    end
    local data, message = args.call(core.read_table, self.source, { json = found.json,
      delimiter = found.delimiter, quotes = found.quotes, escapes = found.escapes, trim = true,
      exact = exact, header = self.header and "skip" or "none", columns = padded })
    self.info = self.source:info()
    self.source:close()
    if not data then
      return nil, (message:gsub("^read_table: ", ""))
    end
    if found.json then
      local renamed = {}
      for i, column in ipairs(columns) do
        renamed[column.name] = data.columns[by_key[i]]
      end
      data.columns = renamed
    end
    return data
  end

  --- What was guessed of the file, after it was read.
  -- @tparam string words on its columns
  -- @treturn string a line
  function RecordFile:note(words)
    local info, found, parts = self.info, self.dialect, {}
    if found.json then
      parts[1] = "JSON lines"
    else
      parts[1] = ("delimiter %s"):format(dialect.name(found.delimiter))
      parts[2] = self.header and "header" or "no header"
    end
    parts[#parts + 1] = info.guessed and info.encoding ~= "UTF-8" and info.encoding or nil
    parts[#parts + 1] = info.packing and "packed by " .. info.packing or nil
    parts[#parts + 1] = self.commas and "decimal comma" or nil
    parts[#parts + 1] = words
    return ("%s: %s"):format(self.path, table.concat(parts, ", "))
  end

  --- Reads a small file by the order of its columns, such as the support of a person: delimiter,
  -- quotes, encoding and header are guessed.
  -- @tparam string path
  -- @tparam table columns list of {name, kind (of `core.read_table`), id, and optional: whether the
  -- file may lack it and those behind it}. Of a single column a line is a value, whatever stands in
  -- it
  -- @treturn ?table as `core.read_table` gives it
  -- @treturn ?string message
  function record_file.read(path, columns)
    local self, message = record_file.open(path, { delimiter = #columns == 1 and "\t" or nil })
    if not self then
      return nil, message
    end
    local specs, values, ids, needed = {}, {}, {}, 0
    for i, column in ipairs(columns) do
      needed = column.optional and needed or i
      if i <= #self.first then
        specs[i] = { name = column.name, at = i, kind = column.kind, id = column.id }
        values[#values + 1] = (column.kind == "number" or column.kind == "integer") and i or nil
        ids[#ids + 1] = column.id and i or nil
      end
    end
    if self.dialect.json or #self.first < needed or #self.first > #columns then
      local wanted = {}
      for i, column in ipairs(columns) do
        wanted[i] = column.name
      end
      return nil, ("%s, line 1: %d fields where %s are needed"):format(path, #self.first,
        table.concat(wanted, ", "))
    end
    self.header = self:has_header(values, ids)
    local data
    data, message = self:read(specs)
    return data, message -- no tail call, which would leave out a level
  end

  return record_file
end
