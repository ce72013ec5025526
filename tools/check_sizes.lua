-- One subject a file: no C file over 400 lines, no Lua file over 250.
package.path = "./tools/?.lua;" .. package.path
local gate = require "gate"

local limits = { c = 400, h = 400, lua = 250 }

-- Files that may be longer: { lines, why }.
local exceptions = {}

local checked = 0
for _, path in ipairs(gate.files("csrc lua spec examples bench tools data", ".c", ".h", ".lua")) do
  checked = checked + 1
  local lines = select(2, gate.read(path):gsub("\n", ""))
  local limit = limits[path:match "%.(%w+)$"]
  if exceptions[path] then
    limit = exceptions[path][1]
  end
  if lines > limit then
    gate.report(path, ("%d lines, at most %d"):format(lines, limit))
  end
end
for path in pairs(exceptions) do
  local file = io.open(path)
  if file then
    file:close()
  else
    gate.report(path, "is an exception to the size of files, but is not there")
  end
end

gate.finish("sizes", checked, "files")
