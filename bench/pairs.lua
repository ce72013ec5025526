--- Is this checkout as quick as another one?
--
--     lua5.4 bench/pairs.lua OTHER [THIS] [--pairs 10] [--turns 3] [--cases LIST] [--epochs 2]
--         [--build FOLDER]
--
-- Both must be built (THIS in --build, by default its folder build), and each runs its own files.
-- The rows are the cases of the benchmark and the training of `bench/run.lua` (its time, and the
-- peak of its memory), and two whole processes of Lua: one that requires the library, and one that
-- also loads a model file, which OTHER wrote. --cases takes names of cases, training, require and
-- load_model, with commas between.
--
-- In each pair both sides take --turns, each time in a new process, and the fastest of a side
-- counts: a machine that slows down for a while slows both. Seconds are those of the processor. A
-- row shows the medians, the median of the pairs' ratios THIS / OTHER with its quartiles, and the
-- ratio of the fastest times of all. A median ratio above 1.02 is marked, and the status is 1:
-- repeat that row with --pairs 30, on a quiet machine, before believing it.
os.setlocale "C" -- figures with a point
local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = ("%s/?.lua;%s/../tools/?.lua;"):format(here, here) .. package.path

local checkouts = require "checkouts"
local report = require "report"

local quote = checkouts.quote
local values = checkouts.parse(arg, "usage: lua5.4 bench/pairs.lua OTHER [THIS] [--pairs N] "
  .. "[--turns N] [--cases LIST] [--epochs N] [--build FOLDER]",
  { pairs = 10, turns = 3, cases = "", epochs = 2 })

local folder = checkouts.output "mktemp -d":match "^[^\n]+"

-- Ends the program, and says why.
local function fail(message)
  os.execute("rm -rf " .. quote(folder))
  checkouts.fail(message)
end

-- What a command of a side prints.
local function output(root, command)
  local text, ok = checkouts.output(("cd %s && %s %s"):format(quote(root), checkouts.lua(root),
    command))
  if not ok then
    fail(("%s: %s failed"):format(root, command))
  end
  return text
end

-- Rows of the benchmark of a side, by the names in the first line.
local function bench(root, cases)
  local names, rows = nil, {}
  for line in output(root, ("bench/run.lua --csv --no-peer --rounds 1 --epochs %d%s"):format(
    values.epochs, cases and " --cases " .. cases or "")):gmatch "[^\n]+" do
    if not line:find "^#" then
      local words, row = {}, {}
      for word in (line .. ","):gmatch "([^,]*)," do
        words[#words + 1] = word
      end
      for i, name in ipairs(names or {}) do
        row[name] = words[i]
      end
      rows[#rows + 1], names = names and row or nil, names or words
    end
  end
  return rows
end

-- Seconds of a process that does something, from its start.
local function process(root, code)
  return tonumber(output(root, "-e " .. quote(code .. " io.write(os.clock())")))
    or fail(("%s: no seconds of %s"):format(root, code))
end

-- A row of the benchmark; `measure` gives what is measured, in the order of `what`, `often` times a
-- turn.
local function case_row(name)
  return { name = name, often = 1, what = { { name, report.time } }, measure = function(root)
    for _, row in ipairs(bench(root, name)) do
      local seconds = row.case == name and tonumber(row.seconds)
      if seconds then
        return { seconds }
      end
    end
    fail(("%s: bench/run.lua has no time of %s"):format(root, name))
  end }
end

local function megabytes(value)
  return ("%.1f MB"):format(value)
end

local training_row = { name = "training", often = 1,
  what = { { "training", report.time }, { "training: peak memory", megabytes } },
  measure = function(root)
    local row = bench(root, "training")[1] or {}
    local seconds, peak = tonumber(row.seconds), tonumber(row.peak_mb_last)
    return seconds and peak and { seconds, peak }
      or fail(("%s: bench/run.lua has no time and peak of training"):format(root))
  end }

local function process_row(name, text, code)
  return { name = name, often = 5, what = { { text, report.time } }, measure = function(root)
    return { process(root, code) }
  end }
end

-- Writes the model file that both sides load.
local function write_model(root)
  local _, ok = checkouts.output(("cd %s && %s train --data data/made --out %s/model "
    .. "--preset published-code --epochs 1 --quiet"):format(quote(root), checkouts.cmml(root),
    folder))
  if not ok then
    fail(root .. ": no model was trained to load")
  end
  return folder .. "/model/best.safetensors"
end

-- The names of a side's cases: those that its benchmark tells when it is asked for one that there
-- is not.
local function cases_of(root)
  local text = checkouts.output(("cd %s && %s bench/run.lua --cases none-such 2>&1"):format(
    quote(root), checkouts.lua(root)))
  local names = {}
  for name in (text:match "there are ([%w_, ]+)" or ""):gmatch "[%w_]+" do
    names[#names + 1] = name ~= "training" and name or nil
  end
  return #names > 0 and names or fail(("%s: bench/run.lua does not tell its cases: %s"):format(root,
    text))
end

-- The names of the rows that were asked for: all, or those named. What is no name is told before
-- anything is measured.
local function chosen_names(other)
  local known = { "require", "load_model" }
  for _, name in ipairs(cases_of(other)) do
    known[#known + 1] = name
  end
  known[#known + 1] = "training"
  local wanted, chosen = {}, {}
  for name in values.cases:gmatch "[^,%s]+" do
    wanted[name] = true
  end
  for _, name in ipairs(known) do
    if values.cases == "" or wanted[name] then
      chosen[#chosen + 1], wanted[name] = name, nil
    end
  end
  if next(wanted) then
    fail(("there is no row %s; there are %s"):format(next(wanted), table.concat(known, ", ")))
  end
  return chosen
end

-- The rows of these names.
local function rows_of(other)
  local made = { training = function()
    return training_row
  end, require = function()
    return process_row("require", 'process: require "cmml"', 'require "cmml"')
  end, load_model = function()
    return process_row("load_model", "process: load a model file",
      ('assert(require "cmml".load %q)'):format(write_model(other)))
  end }
  local rows = {}
  for i, name in ipairs(chosen_names(other)) do
    rows[i] = (made[name] or case_row)(name)
  end
  return rows
end

-- The number below which a part of a list lies, between its neighbours.
local function quantile(list, part)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local at = 1 + part * (#sorted - 1)
  local low, high = sorted[math.floor(at)], sorted[math.ceil(at)]
  return low + (high - low) * (at % 1)
end

-- The least of what the turns of a pair measure: for each side a list. Every second pair begins
-- with the other side.
local function measure_pair(row, pair)
  local least = { {}, {} }
  for turn = 1, 2 * values.turns * row.often do
    local side = (pair + turn) % 2 + 1
    for i, value in ipairs(row.measure(values.roots[side])) do
      least[side][i] = math.min(least[side][i] or value, value)
    end
  end
  return least[1], least[2]
end

-- Measures a row: for each thing measured {other = list, this = list, ratios = list}.
local function measure(row)
  local found = {}
  for i in ipairs(row.what) do
    found[i] = { other = {}, this = {}, ratios = {} }
  end
  for pair = 1, values.pairs do
    local other, this = measure_pair(row, pair)
    for i, list in ipairs(found) do
      list.other[pair], list.this[pair] = other[i], this[i]
      list.ratios[pair] = this[i] / other[i]
    end
  end
  return found
end

local rows = rows_of(values.roots[1])
print(("OTHER %s\nTHIS  %s\n%d pairs a row\n"):format(values.roots[1], values.roots[2],
  values.pairs))
print(("%-26s %10s %10s  %-22s %s"):format("", "OTHER", "THIS", "THIS / OTHER",
  "of the fastest"))
local slower = false
for _, row in ipairs(rows) do
  for i, list in ipairs(measure(row)) do
    local name, show = table.unpack(row.what[i])
    local ratio = report.median(list.ratios)
    slower = slower or ratio > 1.02
    print(("%-26s %10s %10s  %.3f (%.3f to %.3f) %.3f%s"):format(name,
      show(report.median(list.other)), show(report.median(list.this)), ratio,
      quantile(list.ratios, 0.25), quantile(list.ratios, 0.75),
      quantile(list.this, 0) / quantile(list.other, 0), ratio > 1.02 and "  > 1.02" or ""))
  end
  io.stdout:flush()
end
os.execute("rm -rf " .. quote(folder))
os.exit(not slower, true)
