--- The numbers of the tables of an experiment as one table of records, and the tables from these.
--
-- @module cmml.experiment.records
local args = require "cmml.base.args"
local diverged = require "cmml.evaluate.diverged"
local plain = require "cmml.base.plain"
local summary = require "cmml.experiment.summary"
local verdict = require "cmml.experiment.verdict"

local records = {}

local columns = {}
for _, column in ipairs { { "table", "text" }, { "leaky", "text" }, { "row", "text" },
  { "metric", "text" }, { "mean", "number" }, { "low", "number" }, { "high", "number" },
  { "reference", "text" }, { "difference", "number" }, { "difference_low", "number" },
  { "difference_high", "number" }, { "tasks", "integer" }, { "left_out", "integer" },
  { "diverged", "integer" }, { "supports", "integer" }, { "untrained", "integer" },
  { "seeds", "integer" }, { "seconds", "number" }, { "train_seconds", "number" },
  { "tuning_seconds", "number" }, { "runs", "integer" }, { "patience", "integer" },
  { "epochs", "number" }, { "cells", "text" }, { "head", "text" }, { "better", "text" },
  { "noun", "text" }, { "place", "integer" }, { "subject", "text" }, { "note", "text" },
  { "told", "text" } } do
  columns[#columns + 1] = { name = column[1], kind = column[2] }
end

-- Columns that files of earlier versions need not have.
local later = { diverged = true, supports = true, untrained = true, told = true }

-- Fields of a row that are not of a metric.
local of_row = { "seeds", "train_seconds", "tuning_seconds", "runs", "patience", "epochs",
  "untrained", "told" }

local function record_of(tbl, row, metric, place)
  local value = row[metric.name] or {}
  local record = { table = tbl.title, row = row.row, metric = metric.name, place = place,
    leaky = summary.leaky(tbl.leaky, row.unchecked), mean = value.mean, low = value.low,
    high = value.high, difference = value.difference, difference_low = value.difference_low,
    difference_high = value.difference_high, tasks = value.tasks, left_out = value.left_out,
    reference = value.difference and tbl.reference or nil, cells = tbl.id, head = metric.head,
    better = metric.better, noun = tbl.noun and tbl.noun[2],
    seconds = row.seeds > 0 and row.seconds or nil }
  record.diverged, record.supports = diverged.counts(row.diverged)
  for _, name in ipairs(of_row) do
    record[name] = row[name]
  end
  if place > 0 or metric ~= tbl.metrics[1] then
    record.told = nil -- a text, which the first line of a row has
  end
  for _, title in ipairs(tbl.subjects or {}) do
    record.subject = title == row.row and "yes" or record.subject
  end
  return record
end

--- The parts of a page as one table of records: a row and a metric each, for every row that it is
-- compared with. `place` is 0 in a table itself and counts further differences; without it a
-- difference is to the best of the other rows by that metric. `diverged` says on how many of
-- `supports` the steps of the row's models did, `untrained` how many tasks their trainings left
-- out as steps diverged, over all seeds, `told`, in the first record of a row alone, what they tell
-- of what they learnt. `note` says why a row is left out, or of the whole table how it was
-- evaluated.
-- @tparam table parts
-- @treturn table see base/tables.lua
function records.of(parts)
  local list = {}
  for _, part in ipairs(parts) do
    local tbl, has = part.tbl, {}
    for place, entry in ipairs { { tbl = tbl, rows = part.rows }, table.unpack(part.others) } do
      for _, row in ipairs(entry.rows) do
        for _, metric in ipairs(tbl.metrics) do
          local record = record_of(entry.tbl, row, metric, place - 1)
          list[#list + 1] = record
          has[table.concat({ row.row, metric.name, record.reference }, "\n")] = true
        end
      end
    end
    for _, one in ipairs(part.verdicts or {}) do
      local name = one.metric.name
      if not has[table.concat({ one.row, name, one.other }, "\n")] then
        list[#list + 1] = { table = tbl.title, cells = tbl.id, row = one.row, metric = name,
          reference = one.other, difference = one.difference, difference_low = one.low,
          difference_high = one.high }
      end
    end
    for _, row in ipairs(args.keys(part.left_out or {})) do
      list[#list + 1] = { table = tbl.title, cells = tbl.id, row = row, seeds = 0,
        note = part.left_out[row] }
    end
    list[#list + 1] = part.rule and { table = tbl.title, cells = tbl.id, note = part.rule }
      or nil
  end
  return { name = "results", columns = columns, rows = list }
end

-- The end of a field in quotes that begins at a place.
local function closing_quote(text, at)
  repeat
    local quote = text:find('"', at + 1, true)
    at = quote and text:sub(quote + 1, quote + 1) == '"' and quote + 1 or nil
    if not at then
      return quote
    end
  until false
end

-- The lines of a CSV text, each a list of fields; nil where a quote is not closed.
local function lines_of(text)
  local lines, line, at = {}, {}, 1
  while at <= #text do
    local stop
    if text:sub(at, at) == '"' then
      stop = closing_quote(text, at)
      if not stop then
        return nil
      end
      line[#line + 1], stop = text:sub(at + 1, stop - 1):gsub('""', '"'), stop + 1
    else
      line[#line + 1], stop = text:match("^([^,\r\n]*)()", at)
    end
    local next_line = text:match("^\r?\n()", stop) or stop > #text and stop
    if next_line then
      lines[#lines + 1], line = line, {}
    end
    at = next_line or stop + 1
  end
  return lines
end

-- The columns of a file by its first line; nil and a message where it has others.
local function columns_in(names)
  local found, c = {}, 1
  for _, column in ipairs(columns) do
    if names[c] == column.name then
      found[c], c = column, c + 1
    elseif not later[column.name] then
      return nil, ("column %d of the numbers is %s, but should be %s: take what cmml experiment "
        .. "NAME --format csv gives"):format(c, tostring(names[c]), column.name)
    end
  end
  return found
end

--- Reads records from the CSV of `cmml experiment NAME --format csv`.
-- @tparam string text
-- @treturn ?table list of records; nil where it is no such text
-- @treturn ?string message
function records.read(text)
  local lines = lines_of(text) or { {} }
  local found, message = columns_in(lines[1])
  if not found then
    return nil, message
  end
  local list = {}
  for i = 2, #lines do
    list[i - 1] = {}
    for c, column in ipairs(found) do
      local value = lines[i][c]
      if value ~= nil and value ~= "" then
        local number = column.kind ~= "text" and plain.tonumber(value)
        list[i - 1][column.name] = column.kind == "integer" and math.tointeger(number)
          or number or value
      end
    end
  end
  return list
end

-- The table of a record, made where it is new; with it how the page is put together.
local function part_of(parts, record)
  local key = ("%s\n%s"):format(record.cells, record.table)
  local part = parts[key]
  if not part then
    part = { rows = {}, others = {}, left_out = {}, by_row = {}, differences = {}, tbl = {
      id = record.cells, title = record.table, leaky = record.leaky == "yes", metrics = {},
      subjects = {}, rows = {} } }
    parts[key], parts[#parts + 1] = part, part
  end
  return part
end

-- Takes what a record says of a row and a metric in the table itself.
local function take_value(part, record)
  local row, tbl = part.by_row[record.row], part.tbl
  if not row then
    row = { row = record.row, seconds = record.seconds or 0,
      unchecked = record.leaky == "unchecked" or nil,
      diverged = record.diverged and { count = record.diverged, of = record.supports } or nil }
    for _, name in ipairs(of_row) do
      row[name] = record[name]
    end
    part.by_row[record.row], part.rows[#part.rows + 1] = row, row
    tbl.rows[#tbl.rows + 1] = record.row
    tbl.subjects[#tbl.subjects + 1] = record.subject and record.row
    tbl.noun = record.noun and { record.noun, record.noun } or nil
  end
  tbl.reference = tbl.reference or record.reference
  if row == part.rows[1] then
    tbl.metrics[#tbl.metrics + 1] = { name = record.metric, head = record.head,
      better = record.better }
  end
  if record.mean then
    row[record.metric] = { mean = record.mean, low = record.low, high = record.high,
      tasks = record.tasks, left_out = record.left_out, difference = record.difference,
      difference_low = record.difference_low, difference_high = record.difference_high }
  end
end

-- Takes what a record says of a row beside another one, in a further table of differences.
local function take_other(part, record)
  local other = part.others[record.place]
  if not other then
    other = { rows = {}, by_row = {}, tbl = setmetatable({}, { __index = part.tbl }) }
    part.others[record.place] = other
  end
  local row = other.by_row[record.row]
  if not row then
    row = { row = record.row, seeds = record.seeds }
    other.by_row[record.row], other.rows[#other.rows + 1] = row, row
  end
  other.tbl.reference = record.reference or other.tbl.reference
  row[record.metric] = { difference = record.difference, difference_low = record.difference_low,
    difference_high = record.difference_high }
end

--- The parts of a page from its records.
-- @tparam table list of records of `of`, a number as a number
-- @treturn table parts
-- @treturn integer how many seeds there are
function records.parts(list)
  local parts, n_seeds = {}, 1
  for _, record in ipairs(list) do
    local part = part_of(parts, record)
    n_seeds = math.max(n_seeds, record.seeds or 0)
    if record.note and record.row then
      part.left_out[record.row] = record.note
    elseif record.note then
      part.rule = record.note
    elseif record.place == 0 then
      take_value(part, record)
    elseif record.place then
      take_other(part, record)
    end
    if record.reference then
      part.differences[table.concat({ record.row, record.metric, record.reference }, "\n")] = record
    end
  end
  for _, part in ipairs(parts) do
    part.verdicts = verdict.of(part.tbl, part.rows, n_seeds, function(row, other, metric)
      return part.differences[table.concat({ row, metric.name, other }, "\n")]
    end)
  end
  return parts, n_seeds
end

return records
