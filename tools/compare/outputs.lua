--- How what two checkouts wrote is compared. Each function takes the texts of the other checkout
-- and of this one, and gives how many things were compared, their kind, and the first difference.
local outputs = {}

-- What the numbers of an entry look like to `string.unpack`.
local codes = { F64 = "<d", F32 = "<f", I64 = "<i8", I32 = "<i4", U8 = "B" }

-- The entries of a model file by name: type (with its shape) and bytes.
local function entries_of(text)
  local length = #text >= 8 and string.unpack("<I8", text) or 0
  local header, entries, covered, count = text:sub(9, 8 + length), {}, 0, 0
  -- quotes within the metadata are escaped, so that this finds none of it
  for name, dtype, shape, first, last in header:gmatch
    '"([^"]*)":{"dtype":"(%w+)","shape":%[([%d,]*)%],"data_offsets":%[(%d+),(%d+)%]}' do
    entries[name] = { dtype = dtype, type = ("%s[%s]"):format(dtype, shape),
      bytes = text:sub(9 + length + first, 8 + length + last) }
    covered, count = covered + last - first, count + 1
  end
  if count == 0 or covered ~= #text - 8 - length then
    error("the header of a model file was not understood: " .. header:sub(1, 200), 0)
  end
  return entries
end

local function sorted(set)
  local list = {}
  for key in pairs(set) do
    list[#list + 1] = key
  end
  table.sort(list)
  return list
end

-- The first number in which two entries of one type differ, or how their types do.
local function unlike(name, other, this)
  if other.type ~= this.type then
    return ("%s is %s | %s"):format(name, other.type, this.type)
  end
  local code = codes[other.dtype]
  local size = string.packsize(code)
  for at = 1, #other.bytes, size do
    if other.bytes:sub(at, at + size - 1) ~= this.bytes:sub(at, at + size - 1) then
      return ("%s, number %d: %.17g | %.17g"):format(name, (at - 1) // size + 1,
        string.unpack(code, other.bytes, at), string.unpack(code, this.bytes, at))
    end
  end
end

-- What is said of entries that one side lacks. Some may have another name on the other side.
local function missing_entries(a, b, missing, new)
  local renamed, gone = {}, {}
  for _, name in ipairs(missing) do
    local found
    for at, other_name in ipairs(new) do
      if a[name].type == b[other_name].type and a[name].bytes == b[other_name].bytes then
        found = table.remove(new, at)
        break
      end
    end
    table.insert(found and renamed or gone, found and name .. " -> " .. found or name)
  end
  local parts = {}
  for _, part in ipairs { { "only in OTHER", gone }, { "only in THIS", new },
    { "equal under another name", renamed } } do
    parts[#parts + 1] = #part[2] > 0 and ("%d entries %s: %s"):format(#part[2], part[1],
      table.concat(part[2], ", ")) or nil
  end
  return table.concat(parts, "; ")
end

--- Compares the entries of two model files; what their metadata say does not count.
-- @tparam string other
-- @tparam string this
-- @treturn integer
-- @treturn string
-- @treturn ?string
function outputs.entries(other, this)
  local a, b = entries_of(other), entries_of(this)
  local count, missing, new = 0, {}, {}
  for _, name in ipairs(sorted(a)) do
    if not b[name] then
      missing[#missing + 1] = name
    elseif a[name].type ~= b[name].type or a[name].bytes ~= b[name].bytes then
      return count, "entries", unlike(name, a[name], b[name])
    else
      count = count + 1
    end
  end
  for _, name in ipairs(sorted(b)) do
    new[#new + 1] = not a[name] and name or nil
  end
  if #missing + #new > 0 then
    return count, "entries", missing_entries(a, b, missing, new) .. ("; the other %d are equal")
      :format(count)
  end
  return count, "entries"
end

--- Compares two lists of numbers or lines.
-- @tparam table a
-- @tparam table b
-- @tparam string kind what they are, in the plural
-- @treturn integer
-- @treturn string
-- @treturn ?string
function outputs.lists(a, b, kind)
  for i = 1, math.max(#a, #b) do
    if a[i] ~= b[i] then
      return i - 1, kind, ("%s %d of %d | %d: %s | %s"):format(kind, i, #a, #b, a[i] or "none",
        b[i] or "none")
    end
  end
  return #a, kind, #a == 0 and "no " .. kind .. " at all" or nil
end

-- The lines of a log without the column of seconds.
local function log_lines(text)
  local list, seconds = {}, nil
  for line in text:gmatch "[^\r\n]+" do
    local words = {}
    for word in (line .. ","):gmatch "([^,]*)," do
      words[#words + 1] = word
    end
    for i, word in ipairs(words) do
      seconds = seconds or #list == 0 and word == "seconds" and i or nil
    end
    if seconds then
      table.remove(words, seconds)
    end
    -- what the columns are called may change
    list[#list + 1] = #list == 0 and #words .. " columns" or table.concat(words, ",")
  end
  return list
end

--- Compares two logs of a training but for the seconds.
-- @tparam string other
-- @tparam string this
-- @treturn integer
-- @treturn string
-- @treturn ?string
function outputs.log(other, this)
  local count, kind, trouble = outputs.lists(log_lines(other), log_lines(this),
    "lines of log.csv")
  return count, kind, trouble or count < 2 and "log.csv has no epoch" or nil
end

-- Adds the numbers of a line to a list: whole words, not digits within words (recall@10).
local function add_numbers(list, line)
  for word in line:gmatch "[%w_@.+/=-]+" do
    local number = word:gsub("%.$", "")
    if tonumber(number) or number:find "^[+-]?nan$" or number:find "^[+-]?inf$" then
      list[#list + 1] = number
    end
  end
end

-- The cells of a line of a table.
local function cells_of(line)
  local cells = {}
  for cell in line:gsub("^%s*|", ""):gmatch "([^|]*)|" do
    cells[#cells + 1] = cell:match "^%s*(.-)%s*$"
  end
  return cells
end

-- The numbers of tables, column by column, and behind them those of the sentences, sorted: a
-- sentence may be put in other words, and a table may be cut into several with some of its columns.
local function report_numbers(text)
  local columns, sentences, heads = {}, {}, nil
  for line in text:gmatch "[^\n]*" do
    if not line:find "^%s*|" then
      heads = nil
      add_numbers(sentences, line)
    elseif not heads then
      heads = cells_of(line)
    else
      for i, cell in ipairs(cells_of(line)) do
        columns[heads[i]] = columns[heads[i]] or {}
        add_numbers(i > 1 and columns[heads[i]] or {}, cell)
      end
    end
  end
  local numbers = {}
  for _, head in ipairs(sorted(columns)) do
    table.move(columns[head], 1, #columns[head], #numbers + 1, numbers)
  end
  table.sort(sentences)
  return table.move(sentences, 1, #sentences, #numbers + 1, numbers)
end

--- Compares the numbers of two reports.
-- @tparam string other
-- @tparam string this
-- @treturn integer
-- @treturn string
-- @treturn ?string
function outputs.report(other, this)
  local a, b = report_numbers(other), report_numbers(this)
  local count, kind, trouble = outputs.lists(a, b, "printed numbers")
  if trouble then
    table.sort(a)
    table.sort(b)
    trouble = trouble .. (table.concat(a, " ") == table.concat(b, " ")
      and "; they are the same numbers in another order" or "")
  end
  return count, kind, trouble
end

--- Compares the numbers of two lists of recommendations.
-- @tparam string other
-- @tparam string this
-- @treturn integer
-- @treturn string
-- @treturn ?string
function outputs.recommended(other, this)
  local a, b = {}, {}
  add_numbers(a, other)
  add_numbers(b, this)
  return outputs.lists(a, b, "printed numbers")
end

--- Compares lines as they are.
-- @tparam string other
-- @tparam string this
-- @treturn integer
-- @treturn string
-- @treturn ?string
function outputs.scores(other, this)
  local a, b = {}, {}
  for list, text in pairs { [a] = other, [b] = this } do
    for line in text:gmatch "[^\n]+" do
      list[#list + 1] = line
    end
  end
  return outputs.lists(a, b, "exact scores")
end

return outputs
