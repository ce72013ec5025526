-- Lines of the core that ran: coverage.lua BUILD [PATH...], after something ran on a build with
-- --coverage. By folder, or of the files whose paths begin so (csrc/io), one by one. A file that
-- is compiled more than once (two precisions, kernels) counts with its best run.
package.path = "./tools/?.lua;" .. package.path
local gate = require "gate"
local build = assert((...), "usage: coverage.lua BUILD [PATH...]")
local paths = { select(2, ...) }

-- The line that a file counts in; nil if it is not asked for.
local function line_of(path)
  for _, start in ipairs(paths) do
    if path:sub(1, #start) == start then
      return path
    end
  end
  return #paths == 0 and path:match "^csrc/[^/]+" or nil
end

local best = {}
local file
local command = ("find %s -name '*.gcda' -exec gcov -n {} + 2>/dev/null"):format(build)
for _, line in ipairs(gate.lines_of(command)) do
  file = line:match "^File '(.*)'$" or file
  local percent, count = line:match "^Lines executed:([%d.]+)%% of (%d+)"
  if percent and file and file:find "^csrc/" then
    local ran = math.floor(percent * count / 100 + 0.5)
    if not best[file] or ran > best[file].ran then
      best[file] = { ran = ran, count = tonumber(count) }
    end
    file = nil
  end
end

local folders, names = {}, {}
local total = { ran = 0, count = 0 }
for path, lines in pairs(best) do
  local name = line_of(path)
  if name then
    if not folders[name] then
      folders[name] = { ran = 0, count = 0 }
      names[#names + 1] = name
    end
    for _, sum in ipairs { folders[name], total } do
      sum.ran, sum.count = sum.ran + lines.ran, sum.count + lines.count
    end
  end
end
table.sort(names)

local function show(name, sum)
  print(("%-26s %6.1f %%  %5d of %5d lines"):format(name, 100 * sum.ran / sum.count, sum.ran,
    sum.count))
end
for _, name in ipairs(names) do
  show(name, folders[name])
end
if #names == 0 then
  gate.finish("coverage", 0, "lines")
end
show("all", total)
