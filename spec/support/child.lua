--- Runs a Lua script in a process of its own, with the module paths of this one.
local interpreter = require "spec.support.interpreter"

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local child = {}

--- The shell command that runs a script.
-- @tparam string script a file
-- @tparam[opt] string argument of it
-- @tparam[opt] string environment settings such as "NAME=value"
-- @treturn string
function child.command(script, argument, environment)
  local paths = ("package.path = %q package.cpath = %q"):format(package.path, package.cpath)
  return ("env %s %s -e %s %s %s"):format(environment or "", quoted(interpreter), quoted(paths),
    quoted(script), argument and quoted(argument) or "")
end

--- The shell command that runs a script with several arguments.
-- @tparam string script a file
-- @tparam string ... its arguments
-- @treturn string
function child.line(script, ...)
  local words = { child.command(script) }
  for i, word in ipairs { ... } do
    words[i + 1] = quoted(word)
  end
  return table.concat(words, " ")
end

--- Runs a script.
-- @tparam string script a file, or (with a line break in it) the script itself
-- @tparam[opt] string environment settings such as "NAME=value"
-- @treturn string what it wrote, errors included
-- @treturn boolean whether it ended well
function child.run(script, environment)
  local path = script
  if script:find "\n" then
    path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(script)
    file:close()
  end
  local pipe = assert(io.popen(child.command(path, nil, environment) .. " 2>&1"))
  local output = pipe:read "a"
  local ok = pipe:close()
  if path ~= script then
    os.remove(path)
  end
  return output, ok or false
end

return setmetatable(child, { __call = function(_, ...)
  return child.run(...)
end })
