--- Renews the tables of a document from the results of the benchmark:
-- `lua5.4 bench/figures.lua RESULTS.csv DOCUMENT`. What stands between the lines that begin with
-- `<!-- figures` and `<!-- end of figures` is replaced.
os.setlocale "C" -- figures with a point
local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/?.lua;" .. package.path
local report = require "report"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

-- Rows by the names in the first line, and the remarks.
local function parse(text)
  local names, rows, remarks = nil, {}, {}
  for line in text:gmatch "[^\n]+" do
    if line:find "^#" then
      remarks[#remarks + 1] = (line:gsub("^#%s*", ""))
    else
      local words = {}
      for word in (line .. ","):gmatch "([^,]*)," do
        words[#words + 1] = word
      end
      if not names then
        names = words
      else
        local row = {}
        for i, name in ipairs(names) do
          row[name] = words[i] ~= "" and (tonumber(words[i]) or words[i]) or nil
        end
        rows[#rows + 1] = row
      end
    end
  end
  return rows, remarks
end

local function table_of(head, rule, rows, format)
  local lines = { head, rule }
  for _, row in ipairs(rows) do
    lines[#lines + 1] = format(row)
  end
  return #rows > 0 and table.concat(lines, "\n") .. "\n" or ""
end

local function select_rows(rows, wanted)
  local chosen = {}
  for _, row in ipairs(rows) do
    chosen[#chosen + 1] = wanted(row) and row or nil
  end
  return chosen
end

local rows, remarks = parse(read(arg[1]))
local machine = select_rows(rows, function(row)
  return row.case == "sgemm"
end)[1]
local parts = { table.concat(remarks, "; ") .. ".\n" }
if machine then
  parts[2] = ("Matrix products of 1024 x 1024 x 1024 reach %.1f GF/s here.\n"):format(
    machine.gflops)
end
parts[#parts + 1] = table_of("| case | time | MFLOP executed | GF/s |", "|---|---|---|---|",
  select_rows(rows, function(row)
    return row.mflop and row.case ~= "sgemm"
  end), function(row)
    return ("| `%s` | %s | %s | %s |"):format(row.case, report.time(row.seconds),
      row.mflop > 0 and ("%.1f"):format(row.mflop) or "",
      row.mflop > 0 and ("%.1f"):format(row.gflops) or "")
  end)
parts[#parts + 1] = table_of("| case | PyTorch's | cmml | PyTorch | PyTorch / cmml |",
  "|---|---|---|---|---|", select_rows(rows, function(row)
    return row.ratio
  end), function(row)
    return ("| `%s` | `%s` | %s | %s | %.2f |"):format(row.case, row.peer,
      report.time(row.seconds), report.time(row.peer_seconds), row.ratio)
  end)
parts[#parts + 1] = table_of("| training by | time | peak MB after epoch 1 | after the last |",
  "|---|---|---|---|", select_rows(rows, function(row)
    return row.peak_mb_first
  end), function(row)
    return ("| %s | %s | %.1f | %.1f |"):format(row.peer and "PyTorch, `" .. row.peer .. "`"
      or "cmml", report.time(row.seconds), row.peak_mb_first, row.peak_mb_last)
  end)

local text = read(arg[2])
local before, after = text:match "^(.-\n<!%-%- figures[^\n]*\n).-(<!%-%- end of figures.*)$"
assert(before, arg[2] .. ": no lines <!-- figures .. and <!-- end of figures ..")
local file = assert(io.open(arg[2], "w"))
assert(file:write(before, "\n", table.concat(parts, "\n"), "\n", after))
assert(file:close())
