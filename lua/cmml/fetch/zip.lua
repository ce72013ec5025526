--- What a zip archive would unpack, read from its central directory, so that an archive that wants
-- to write outside its folder is refused before any program unpacks it.
--
-- @module cmml.fetch.zip
local args = require "cmml.base.args"

local zip = {}

local tail_size, directory_limit = 22 + 65535, 16000000
local symbolic_link = 0xA -- the upper four bits of a Unix file mode

-- The record at the very end of an archive: where its directory is, and how many entries it has.
local function find_directory(file)
  local size = file:seek "end"
  local from = math.max(0, size - tail_size)
  file:seek("set", from)
  local tail = file:read "a"
  for at = #tail - 21, 1, -1 do
    if tail:sub(at, at + 3) == "PK\5\6" then
      local count, bytes, offset, comment = ("<I2I4I4I2"):unpack(tail, at + 10)
      if at + 21 + comment == #tail then
        if offset + bytes > from + at - 1 or bytes > directory_limit then
          return nil, "its directory is damaged, or of a kind that is not read (zip64)"
        end
        return offset, bytes, count
      end
    end
  end
  return nil, "not a zip archive, or only the beginning of one"
end

-- Why a name may not be unpacked, or nil.
local function objection(name, folder, mode)
  if name:find "[\0-\31\127\\]" then
    return "a name with control characters or backslashes"
  elseif folder and name:sub(1, #folder + 1) ~= folder .. "/" then
    return "outside the folder " .. folder
  elseif name:sub(1, 1) == "/" or ("/" .. name .. "/"):find "/%.%.?/" then
    return "a path that leaves its folder"
  elseif mode >> 12 == symbolic_link then
    return "a symbolic link"
  end
  return nil
end

--- Checks that everything in an archive lies in one folder, or where it is unpacked, by plain
-- names, and is not too large.
-- @tparam string path of the archive
-- @tparam string|boolean folder the one that everything must be in; false: none
-- @tparam integer limit of the bytes when unpacked
-- @treturn ?boolean true; nil if the archive cannot be read or must not be unpacked
-- @treturn string the reason
function zip.check(path, folder, limit)
  local file <close>, message = io.open(path, "rb")
  if not file then
    return nil, message
  end
  local offset, bytes, count = find_directory(file)
  if not offset then
    return nil, bytes
  end
  file:seek("set", offset)
  local directory = file:read(bytes) or ""
  local at, total = 1, 0
  for _ = 1, count do
    if at + 45 > #directory or directory:sub(at, at + 3) ~= "PK\1\2" then
      return nil, "its directory is damaged"
    end
    local unpacked, name_size, extra, comment = ("<I4I2I2I2"):unpack(directory, at + 24)
    local attributes = ("<I4"):unpack(directory, at + 38)
    local name = directory:sub(at + 46, at + 45 + name_size)
    local reason = objection(name, folder, attributes >> 16)
    if reason then
      return nil, ("refused, for the entry %s: %s"):format(args.quote(name), reason)
    end
    total = total + unpacked
    at = at + 46 + name_size + extra + comment
  end
  if total > limit then
    return nil, ("refused: %d bytes unpacked, and at most %d were expected"):format(total, limit)
  end
  return true
end

return zip
