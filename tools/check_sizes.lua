-- One subject a file: no C file over 400 lines; of Lua files over 400 lines a warning, since their
-- subject decides.
package.path = "./tools/?.lua;" .. package.path
local gate = require "gate"

local limit = 400

-- Files that may be longer: { lines, why }.
local exceptions = {}

local checked = 0
for _, path in ipairs(gate.files("csrc lua spec examples bench tools data", ".c", ".h", ".lua")) do
  checked = checked + 1
  local lines = select(2, gate.read(path):gsub("\n", ""))
  local most = exceptions[path] and exceptions[path][1] or limit
  if lines > most and path:find "%.lua$" then
    print(("%s: warning: %d lines: is it one subject?"):format(path, lines))
  elseif lines > most then
    gate.report(path, ("%d lines, at most %d"):format(lines, most))
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
