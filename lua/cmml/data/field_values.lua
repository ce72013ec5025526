--- Columns of records as values of fields: what kind they are of, where nobody says.
--
-- @module cmml.data.field_values
local args = require "cmml.base.args"
local numbers = require "cmml.data.numbers"

local field_values = {}

--- What stands for a value that is not there.
local absent = { [""] = true, ["NA"] = true, ["N/A"] = true, ["nan"] = true, ["NaN"] = true,
  ["null"] = true, ["NULL"] = true, ["\\N"] = true }
field_values.absent = absent

-- So many values may all be different, and still be a category or stand for numbers of one.
local most_different = 20

local separators = { "|", ";", ", ", "," }

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

-- How often values are lists by a separator: how many are, how many wholes and how many parts are
-- different, and how many parts there are.
local function count_parts(values, separator)
  local with, wholes, parts, n_parts, seen_whole, seen_part = 0, 0, 0, 0, {}, {}
  for _, value in ipairs(values) do
    local list = split(value, separator)
    with = with + (#list > 1 and 1 or 0)
    wholes, seen_whole[value] = wholes + (seen_whole[value] and 0 or 1), true
    for _, part in ipairs(list) do
      n_parts = n_parts + 1
      parts, seen_part[part] = parts + (seen_part[part] and 0 or 1), true
    end
  end
  return with, wholes, parts, n_parts
end

-- The separator of values that are lists. A comma stands in texts, too: there the parts must come
-- again and again where the wholes do not.
local function separator_of(values)
  for _, separator in ipairs(separators) do
    local with, wholes, parts, n_parts = count_parts(values, separator)
    if with > 0 and with * 20 >= #values and parts * 2 <= n_parts
      and (not separator:find "," or parts < wholes) then
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

-- What a column holds, of its values that are there: a kind, and the separator of a list; "skip"
-- and why where it is no feature.
local function kind_of(values, comma)
  local distinct, n_numbers, words, seen = 0, 0, 0, {}
  for _, value in ipairs(values) do
    distinct, seen[value] = distinct + (seen[value] and 0 or 1), true
    n_numbers = n_numbers + (numbers.of(value, comma) and 1 or 0)
    words = words + select(2, value:gsub("%S+", ""))
  end
  if #values == 0 then
    return "skip", "it is empty"
  elseif n_numbers == #values then
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

-- What is wrong with a text that is no number.
local function problem_of(column, row, text, doubtful)
  return ("row %d of %s is %q, %s"):format(row, column.role, text, doubtful
    and ("whose comma may stand before decimals or between thousands: %s says the first"):format(
      args.option("decimal", ",")) or "not a finite number")
end

-- The kind of a column, the separator of its lists, and why it is left out; whether its numbers
-- have a comma before the decimals, and one of them where that is in doubt.
local function survey(column, cells, decimal)
  local present, several = {}, false
  for _, cell in ipairs(cells) do
    for _, value in ipairs(type(cell) == "table" and cell or { cell }) do
      present[#present + 1] = not absent[value] and value or nil
    end
    several = several or type(cell) == "table" and #cell > 1
  end
  local kind, comma, doubtful = column.kind, decimal == ",", nil
  if not decimal then
    comma, doubtful = numbers.comma(present)
  end
  if kind == "list" then
    return kind, column.atomic and " " or not several and any_separator(present) or nil
  elseif kind then
    return kind, nil, nil, comma, doubtful
  elseif several then
    return "list"
  end
  local how
  kind, how = kind_of(present, comma)
  return kind, kind == "list" and how or nil, kind == "skip" and how or nil, comma
end

-- The list of a cell, empty where nothing is there.
local function list_of(cell, separator)
  local list = type(cell) == "table" and cell or { cell }
  if #list == 1 then
    list = absent[list[1]] and {} or separator and split(list[1], separator) or list
  end
  return list
end

--- The values of a column.
-- @tparam table column role (its name), kind (nil: to be guessed), atomic (blanks stand between the
-- entries of a list)
-- @tparam table cells a text a row, or a list of texts
-- @tparam ?string decimal "." or ",", what stands before decimals; nil: to be guessed
-- @treturn ?table values by row, nil where there is none: numbers, texts, or lists of texts
-- @treturn string the kind: "category", "list", "number", "text" or, where the column is no
-- feature, "skip"; a message where a value is no number of a column of them
-- @treturn ?string what to tell of it
function field_values.of(column, cells, decimal)
  local kind, separator, why, comma, doubtful = survey(column, cells, decimal)
  local values, missing = {}, 0
  for row, cell in ipairs(cells) do
    local list = list_of(cell, kind == "list" and separator or nil)
    local value = list[1]
    missing = missing + (value == nil and 1 or 0)
    if kind == "list" then
      value = list
    elseif kind == "text" then
      value = value and table.concat(list, " ")
    elseif #list > 1 and kind ~= "skip" then
      return nil, ("row %d of %s has %d values where one is needed; kind list reads them all")
        :format(row, column.role, #list)
    elseif kind == "number" and value ~= nil then
      value = numbers.of(value, comma)
      if not value then
        return nil, problem_of(column, row, list[1], doubtful)
      end
    end
    values[row] = value
  end
  if kind == "skip" then
    return values, kind, "left out, " .. why
  end
  local note = separator and separator ~= " " and ("list by %s"):format(separator) or kind
  return values, kind, missing > 0 and ("%s, %d missing"):format(note, missing) or note
end

return field_values
