-- golden_main.lua DIR: runs the cases of a folder. A line a case, `N passed, N failed` last.
local root = arg[0]:match "^(.*)spec/support/[^/]*$" or "./"
package.path = root .. "?.lua;" .. package.path
local golden = require "spec.support.golden"

local folder = arg[1]
if not folder or arg[2] then
  io.stderr:write("usage: lua5.4 spec/support/golden_main.lua DIR\n")
  os.exit(2)
end

local files, why = golden.files(folder)
if not files or #files == 0 then
  io.stderr:write(why or folder .. ": no .safetensors files", "\n")
  print "\n0 passed, 1 failed"
  os.exit(1)
end

local counts = { pass = 0, FAIL = 0, skip = 0 }
for _, file in ipairs(files) do
  local case, problem = golden.read(folder .. "/" .. file)
  local status, detail = "FAIL", problem
  if case then
    status, detail = golden.run(case)
  end
  counts[status] = counts[status] + 1
  print(("%s  %-34s %s"):format(status, file:gsub("%.safetensors$", ""), detail))
end

print(("\n%d skipped"):format(counts.skip))
print(("%d passed, %d failed"):format(counts.pass, counts.FAIL))
os.exit(counts.FAIL == 0, true)
