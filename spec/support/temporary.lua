--- Folders that stand for as long as a spec needs them.
local core = require "cmml.core"

local temporary = {}

--- A fresh folder, to be removed with `remove`.
-- @treturn string path
function temporary.folder()
  local path = os.tmpname()
  os.remove(path)
  assert(core.mkdir(path))
  return path
end

--- Removes a folder and what is in it.
-- @tparam string path
function temporary.remove(path)
  os.execute("rm -rf '" .. path .. "'")
end

--- Makes a folder before each test, or before the first one, and removes it behind.
-- @tparam function before before_each or setup of the block
-- @tparam function after after_each or teardown of the block
-- @tparam function set called with the path of every folder
function temporary.around(before, after, set)
  local path
  before(function()
    path = temporary.folder()
    set(path)
  end)
  after(function()
    temporary.remove(path)
  end)
end

--- Writes a file into a folder, with the folders that lie between.
-- @tparam string folder
-- @tparam string name relative to the folder
-- @tparam string text
-- @treturn string path of the file
function temporary.write(folder, name, text)
  local path = folder .. "/" .. name
  assert(core.mkdir(path:match "^(.*)/"))
  assert(core.write_file(path, text))
  return path
end

return temporary
