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
