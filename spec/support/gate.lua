-- Gates over a copy of the sources in which one file is changed.
local interpreter = require "spec.support.interpreter"
local gate = {}

local function read(path)
  local file = io.open(path, "rb")
  if not file then
    return ""
  end
  local text = file:read "a"
  file:close()
  return text
end

-- Where the core is that this process has loaded, from any folder.
local function core_path()
  local core = assert(package.searchpath("cmml.core", package.cpath))
  local pwd = io.popen "pwd"
  local root = core:sub(1, 1) == "/" and "" or pwd:read "l" .. "/"
  pwd:close()
  return root .. core:gsub("cmml/core%.so$", "?.so")
end

--- Runs a gate.
-- @tparam string name that of `make check`: "options" for tools/check_options.lua
-- @tparam string path the file that is changed, or a new one
-- @tparam function change of its text, giving the new one, which must be another
-- @tparam[opt] table others further changes, by path
-- @treturn string exit status
-- @treturn string what it printed
function gate.run(name, path, change, others)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute(("mkdir %s && cp -r bin lua csrc tools types %s"):format(folder, folder)))
  local changes = { [path] = change }
  for other, of in pairs(others or {}) do
    changes[other] = of
  end
  for where, of in pairs(changes) do
    local text = read(where)
    local changed = of(text)
    assert(text ~= changed, "nothing is changed")
    local file = assert(io.open(folder .. "/" .. where, "wb"))
    file:write(changed)
    file:close()
  end
  local pipe = io.popen(("cd %s && env -u LUA_PATH -u LUA_CPATH -u LUA_PATH_5_4 -u LUA_CPATH_5_4 "
    .. "LUA_CPATH='%s' %s tools/check_%s.lua 2>&1; echo $?; rm -rf %s"):format(folder,
    core_path(), interpreter, name, folder))
  local output = pipe:read "a"
  pipe:close()
  return output:match "(%d+)\n$", output
end

--- Fails unless a gate refuses a change and says why.
-- @tparam string name see `run`
-- @tparam string said a part of what it must print
-- @tparam string path see `run`
-- @tparam function change see `run`
-- @tparam[opt] table others see `run`
function gate.refuses(name, said, path, change, others)
  local status, output = gate.run(name, path, change, others)
  assert(status == "1", output)
  assert(output:find(said, 1, true), output)
end

return gate
