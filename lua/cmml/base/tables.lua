--- Results as they are written out: tables of typed columns as text of 80 columns, CSV and JSON.
--
-- A document is what a command has to say: a plain table
--
--    name      what it is: "evaluation"
--    facts     list of {name, value, text = how text shows it}: what holds for all of it; or a
--              function that gives it when all rows were taken
--    tables    list of {name, columns, rows, note}: rows are tables by name of column, a list of
--              them or an iterator (a function that gives the next one, and nil at the end). A
--              column is {name, kind, head, decimals}: kind is "text", "integer", "number" or
--              "boolean"; head and decimals are what text shows (default: the name, and all that
--              there are)
--    text      optional: a function of the width that gives the text, where it has a form of its
--              own; a second result, an iterator, gives further lines
--
-- What does not exist is nil, or a number that is not finite: it is written as a dash in text, as
-- an empty field in CSV and as null in JSON. Numbers are written so that they are read again bit
-- for bit, in every locale.
--
-- @module cmml.base.tables
local json = require "cmml.base.json"
local null = require("cmml.core").json_null
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"

local tables = {}

--- The formats that documents are written in.
tables.formats = { "text", "csv", "json" }

--- Whether a value exists: it is neither nil nor a number that is not finite.
-- @param value
-- @treturn boolean
function tables.exists(value)
  return value ~= nil and (math.type(value) ~= "float" or value - value == 0)
end

-- The width of each column of a grid.
local function widths_of(grid)
  local widths = {}
  for _, line in ipairs(grid) do
    for c, cell in ipairs(line) do
      widths[c] = math.max(widths[c] or 3, text.width(cell))
    end
  end
  return widths
end

-- A Markdown table of some columns of a grid.
local function table_of(grid, widths, columns)
  local lines = {}
  for i, line in ipairs(grid) do
    local parts, rule = {}, {}
    for k, c in ipairs(columns) do
      parts[k], rule[k] = text.pad(line[c], widths[c]), ("-"):rep(widths[c] + 2)
    end
    lines[#lines + 1] = "| " .. table.concat(parts, " | ") .. " |"
    lines[#lines + 1] = i == 1 and "|" .. table.concat(rule, "|") .. "|" or nil
  end
  return table.concat(lines, "\n")
end

-- The grid with texts of its first column cut, where they leave no room for another column.
local function cut(grid, widths, width)
  local most = width - 7 - math.max(0, table.unpack(widths, 2))
  if widths[1] <= most or most < 4 then
    return grid
  end
  local copy = {}
  for i, line in ipairs(grid) do
    copy[i] = table.move(line, 1, #line, 1, {})
    copy[i][1] = text.shortened(line[1], most)
  end
  widths[1] = most
  return copy
end

--- A grid of texts as a Markdown table, its columns as wide as what stands in them. Where that is
-- too wide it becomes several tables, each of which begins with the columns that tell its lines
-- apart, or with the first one where these leave no room for another.
-- @tparam table grid list of lines, the first one the heads
-- @tparam ?integer width columns of a line at most; nil: any number
-- @tparam ?integer labels how many columns tell the lines apart; default 1
-- @treturn string
function tables.markdown(grid, width, labels)
  local widths, parts = widths_of(grid), {}
  grid = width and cut(grid, widths, width) or grid
  labels = labels or 1
  local function start()
    local columns, taken = {}, 1
    for c = 1, labels do
      columns[c], taken = c, taken + widths[c] + 3
    end
    return columns, taken
  end
  local columns, taken = start()
  if width and labels > 1 and taken + math.max(0, table.unpack(widths, labels + 1)) + 3 > width then
    labels = 1
    columns, taken = start()
  end
  for c = labels + 1, #widths do
    if width and #columns > labels and taken + widths[c] + 3 > width then
      parts[#parts + 1] = table_of(grid, widths, columns)
      columns, taken = start()
    end
    columns[#columns + 1], taken = c, taken + widths[c] + 3
  end
  parts[#parts + 1] = table_of(grid, widths, columns)
  return table.concat(parts, "\n\n")
end

--- A number of a table, or its mean with half the width of its interval.
-- @tparam ?number value
-- @tparam ?integer decimals default: as many as it takes
-- @tparam ?number interval
-- @treturn string "0.4975", "0.4975 ± 0.0184", or "-" where the value does not exist
function tables.number(value, decimals, interval)
  if not tables.exists(value) then
    return "-"
  elseif math.type(value) == "integer" then
    return ("%d"):format(value)
  end
  local form = decimals and ("%%.%df"):format(decimals) or "%.6g"
  local shown = plain.format(form, value)
  return tables.exists(interval) and shown .. " ± " .. plain.format(form, interval) or shown
end

-- A value as text shows it.
local function shown(value, column)
  if not tables.exists(value) then
    return "-"
  elseif type(value) == "number" then
    return tables.number(value, column.decimals)
  elseif type(value) == "boolean" then
    return value and "yes" or "no"
  end
  return text.one_line(plain.tostring(value))
end

-- An iterator over the rows of a table.
local function rows_of(tbl)
  if type(tbl.rows) == "function" then
    return tbl.rows
  end
  local i = 0
  return function()
    i = i + 1
    return tbl.rows[i]
  end
end

local function facts_of(document)
  local facts = document.facts or {}
  return type(facts) == "function" and facts() or facts
end

-- The grid of a table.
local function grid_of(tbl)
  local grid = { {} }
  for c, column in ipairs(tbl.columns) do
    grid[1][c] = column.head or column.name
  end
  for row in rows_of(tbl) do
    local line = {}
    for c, column in ipairs(tbl.columns) do
      line[c] = shown(row[column.name], column)
    end
    grid[#grid + 1] = line
  end
  return grid
end

-- The text of a document that has none of its own.
local function plain_text(document, width)
  local parts, facts, widest = {}, {}, 12
  for _, fact in ipairs(facts_of(document)) do
    widest = math.max(widest, text.width(fact[1]))
  end
  for _, fact in ipairs(facts_of(document)) do
    text.add_term((fact[1]:gsub("_", " ")), fact.text or shown(fact[2], {}), widest + 1, width,
      facts)
  end
  parts[1] = #facts > 0 and table.concat(facts, "\n") or nil
  for _, tbl in ipairs(document.tables or {}) do
    local grid = grid_of(tbl)
    parts[#parts + 1] = tbl.note and text.wrap(tbl.note, 0, width) or nil
    parts[#parts + 1] = #grid > 1 and tables.markdown(grid, width) or nil
  end
  return table.concat(parts, "\n\n")
end

local function write_text(document, put, width)
  if not document.text then
    put(plain_text(document, width) .. "\n")
    return
  end
  local words, lines = document.text(width)
  put(words and words .. "\n" or "")
  for line in lines or function() end do
    put(line .. "\n")
  end
end

-- A field of CSV: in quotes where it has what would end it, or blanks at its ends, which readers
-- cut.
local function field(value)
  if not tables.exists(value) then
    return ""
  elseif type(value) == "number" then
    return plain.number(value)
  elseif type(value) == "table" then
    value = json.encode(value)
  end
  local words = plain.tostring(value)
  return words:find '[",\r\n]' and '"' .. words:gsub('"', '""') .. '"'
    or (words:find "^%s" or words:find "%s$") and '"' .. words .. '"' or words
end

local function record(fields)
  return table.concat(fields, ",") .. "\r\n"
end

-- The columns of all tables, each name once.
local function all_columns(list)
  local columns, seen = {}, {}
  for _, tbl in ipairs(list) do
    for _, column in ipairs(tbl.columns) do
      if not seen[column.name] then
        columns[#columns + 1], seen[column.name] = column.name, true
      end
    end
  end
  return columns
end

-- The facts of a document as a table.
local function table_of_facts(document)
  local rows = {}
  for i, fact in ipairs(facts_of(document)) do
    rows[i] = { name = fact[1], value = fact[2] }
  end
  return { name = "facts", columns = { { name = "name" }, { name = "value" } }, rows = rows }
end

local function write_csv(document, put)
  local list = document.tables or {}
  if #list ~= 1 then
    list = table.move(list, 1, #list, 2, { table_of_facts(document) })
  end
  local names, several = all_columns(list), #list > 1
  put(record(several and table.move(names, 1, #names, 2, { "table" }) or names))
  for _, tbl in ipairs(list) do
    for row in rows_of(tbl) do
      local fields = { several and field(tbl.name) or nil }
      for _, name in ipairs(names) do
        fields[#fields + 1] = field(row[name])
      end
      put(record(fields))
    end
  end
end

-- A value with null in place of what does not exist.
local function nulled(value)
  if not tables.exists(value) then
    return null
  elseif type(value) ~= "table" or value == null then
    return value
  end
  local copy = {}
  for key, inner in pairs(value) do
    copy[key] = nulled(inner)
  end
  return copy
end

local function write_json(document, put)
  local before = "{"
  for _, tbl in ipairs(document.tables or {}) do
    put(("%s%s:["):format(before, json.encode(tbl.name)))
    before = "\n"
    for row in rows_of(tbl) do
      local object = {}
      for _, column in ipairs(tbl.columns) do
        object[column.name] = nulled(row[column.name])
      end
      put(before .. json.encode(object))
      before = ",\n"
    end
    put "]"
    before = ",\n"
  end
  for _, fact in ipairs(facts_of(document)) do
    put(("%s%s:%s"):format(before, json.encode(fact[1]), json.encode(nulled(fact[2]))))
    before = ",\n"
  end
  put((before == "{" and before or "") .. "}\n")
end

local writers = { text = write_text, csv = write_csv, json = write_json }

--- Writes a document in a format, piece by piece.
--
-- - text: for people, at most 79 columns wide: facts a line, tables as Markdown
-- - csv (RFC 4180): a head, then a record a row. Of several tables each record says in its first
--   field, `table`, which one it is of, and fields of other tables are empty. Facts are records of
--   `name` and `value`, of the table `facts` where there are several, and left out beside one
-- - json: an object of its tables by name, lists of objects that have every column, and of its
--   facts by name
-- @tparam table document
-- @tparam string format one of `formats`
-- @tparam function put called with each piece
function tables.write(document, format, put)
  writers[format](document, put, 79)
end

--- A document in a format, as it stands in a file.
-- @tparam table document
-- @tparam string format one of `formats`
-- @treturn string ending in a line end
function tables.render(document, format)
  local parts = {}
  tables.write(document, format, function(part)
    parts[#parts + 1] = part
  end)
  return table.concat(parts)
end

return tables
