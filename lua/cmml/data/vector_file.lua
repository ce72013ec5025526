--- Vectors by raw id from a .safetensors file, such as embeddings of texts or pictures.
--
-- The file has `vectors` [n, width] (F32, F64, F16 or BF16) and `ids`: n whole numbers (I64, I32),
-- or n texts (U8), an id a line. What else it holds is not read.
--
-- @module cmml.data.vector_file
local args = require "cmml.base.args"

return function(cmml)
  local core = cmml.core
  local vector_file = {}

  -- The ids of an entry as a list.
  local function list_of(value)
    if type(value) ~= "string" then
      return value
    end
    local list = {}
    for line in (value:gsub("\n$", "") .. "\n"):gmatch "(.-)\n" do
      list[#list + 1] = line
    end
    return list
  end

  -- What keeps a file from being read: the names that it has, and the dtypes that are not read.
  local function lacking(archive, name)
    local names = {}
    for _, entry in ipairs(archive.tensors) do
      names[#names + 1] = entry.name
    end
    for _, entry in ipairs(archive.skipped) do
      if entry.name == name then
        return ("%s has dtype %s, which is not read"):format(name, entry.dtype)
      end
      names[#names + 1] = entry.name
    end
    return ("there is no entry %s (it needs ids and vectors); it has %s"):format(name,
      #names > 0 and table.concat(names, ", ", 1, math.min(#names, 10)) or "none")
  end

  -- The two entries.
  local function entries_of(archive)
    local found = {}
    for _, entry in ipairs(archive.tensors) do
      found[entry.name] = entry
    end
    for _, name in ipairs { "ids", "vectors" } do
      if not found[name] then
        return nil, lacking(archive, name)
      end
    end
    local ids, vectors = found.ids.value, found.vectors.value
    if type(ids) ~= "string" and type(ids) ~= "table" then
      return nil, ("ids must be whole numbers (I64, I32) or text (U8), not %s"):format(
        found.ids.dtype)
    elseif type(vectors) ~= "userdata" or vectors.ndim ~= 2 or vectors.shape[2] == 0 then
      return nil, ("vectors must be a matrix [n, width] of floating-point numbers, not %s of shape "
        .. "%s"):format(found.vectors.dtype, table.concat(found.vectors.shape, "x"))
    end
    return list_of(ids), vectors
  end

  -- The row of the first vector with a number that is not finite.
  local function first_bad(vectors)
    local low, high = 1, vectors.shape[1]
    while low < high do
      local middle = (low + high) // 2
      if vectors:slice(1, low, middle):isfinite() then
        low = middle + 1
      else
        high = middle
      end
    end
    return low
  end

  -- Bytes of a header that is looked at: more describe other files.
  local MOST_HEADER = 1 << 20

  --- Whether a file has vectors by id, by its header alone.
  -- @tparam string path
  -- @treturn boolean
  function vector_file.is(path)
    local file = io.open(path, "rb")
    local start = file and file:read(8)
    local size = start and #start == 8 and ("<i8"):unpack(start) or 0
    local header = size > 0 and size <= MOST_HEADER and file:read(size) or ""
    if file then
      file:close()
    end
    local entries = #header == size and core.json_decode(header, path)
    return type(entries) == "table" and entries.ids ~= nil and entries.vectors ~= nil
  end

  --- Reads a file.
  -- @tparam string path
  -- @treturn ?table ids (Vocab), vectors (Tensor [#ids, width]), skipped (list of {name, dtype} of
  -- what the file holds beside, of dtypes that are not read); nil if it cannot be read
  -- @treturn ?string message
  function vector_file.read(path)
    local archive, message = core.read_archive(path)
    if not archive then
      return nil, message
    end
    local list, vectors = entries_of(archive)
    if not list then
      return nil, ("%s: %s"):format(path, vectors)
    elseif #list ~= vectors.shape[1] then
      return nil, ("%s: %d ids, but %d vectors"):format(path, #list, vectors.shape[1])
    elseif not vectors:isfinite() then
      local row = first_bad(vectors)
      return nil, ("%s: the vector of %s (row %d) holds a number that is not finite"):format(path,
        args.describe(list[row]), row)
    end
    local ids = core.vocab()
    for row, id in ipairs(list) do
      local ok, at = pcall(ids.add, ids, id)
      if not ok or at ~= row then
        return nil, ("%s: row %d of ids: %s"):format(path, row, ok and ("%s is there twice"):format(
          ids:text(at)) or at:gsub("^add: ", ""))
      end
    end
    return { ids = ids, vectors = vectors, skipped = archive.skipped }
  end

  return vector_file
end
