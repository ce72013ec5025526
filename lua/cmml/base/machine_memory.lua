--- How much memory the machine has left.
--
-- @module cmml.base.machine_memory
local plain = require "cmml.base.plain"

local machine_memory = {}

-- The first number of a file, or the one behind a name in it; nil where there is none.
local function number_in(path, name)
  local file = io.open(path, "r")
  local text = file and file:read "a"
  if file then
    file:close()
  end
  local digits = text and text:match((name and name .. ":%s*" or "^%s*") .. "(%d+)")
  return digits and math.tointeger(plain.tonumber(digits))
end

--- How many bytes a program may still use, as far as the system tells: what Linux calls available,
-- and what the limit of the program's group leaves.
-- @tparam[opt] string root a folder that stands for "/", for tests
-- @treturn ?integer nil where nothing is told
function machine_memory.available(root)
  root = root or ""
  local free = number_in(root .. "/proc/meminfo", "MemAvailable")
  free = free and free * 1024
  local group = root .. "/sys/fs/cgroup/memory."
  local most, used = number_in(group .. "max"), number_in(group .. "current")
  local left = most and used and math.max(most - used, 0)
  return free and left and math.min(free, left) or free or left
end

return machine_memory
