--- Loaders: readers of folders of data, found by the files that a folder has.
--
-- A loader belongs to a setting. What comes with the library (the folder loaders/) and what a user
-- adds by `cmml.loader` are the same thing: every command finds a folder's loader by its files.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local registry = require "cmml.base.registry"
local raise = args.error

local known = { name = "string", setting = "string", title = "string", marks = "table",
  files = "table", options = "table", read = "function", vectors = "boolean" }

return function(cmml, use)
  local core = cmml.core
  local vector_file = use "data.vector_file"
  local loaders = registry.new("loader", "loader")

  --- Declares a loader. What is declared wrongly is refused here.
  -- @tparam table declaration name; setting (the name of a setting); title (for help: "MovieLens-1M
  -- (ratings.dat)"); marks (list of files: a folder that has one of them is read by this loader; a
  -- * stands for the folder's own name, which atomic files have);
  -- files (list of all files that it may read; default: marks); vectors (whether it reads all
  -- vectors by id that the folder has: .safetensors files with entries ids and vectors); options
  -- (list of the names of options that it takes beside those of all loaders of its setting); read
  -- (function of a folder and a table of options, giving data, or nil and a message)
  -- @treturn table the declaration with all fields
  function cmml.loader(declaration)
    if type(declaration) ~= "table" then
      raise("loader: a table was expected, not " .. args.describe(declaration), 2)
    end
    loaders:check_name(declaration.name)
    local where = "loader " .. declaration.name
    args.fields(where, declaration, known, { "setting", "marks", "read" })
    cmml.settings:find(where .. ": setting", declaration.setting)
    local entry = { files = declaration.marks, options = {} }
    for key, value in pairs(declaration) do
      entry[key] = value
    end
    for _, key in ipairs { "marks", "files", "options" } do
      args.texts(("%s: %s"):format(where, key), entry[key])
    end
    if #entry.marks == 0 then
      raise(where .. ": marks names no file", 2)
    end
    return loaders:add(entry.name, entry)
  end

  --- The loaders, in the order in which they were added.
  -- @tparam ?string setting of this one alone
  -- @treturn table list
  function cmml.loaders_of(setting)
    local list = {}
    for _, loader in loaders:each() do
      list[#list + 1] = (not setting or loader.setting == setting) and loader or nil
    end
    return list
  end

  local found = {}

  --- The path of a file of a folder.
  -- @tparam string folder
  -- @tparam string name a * stands for the folder's own name
  -- @treturn string
  function found.path(folder, name)
    local own = folder:match "([^/]+)/*$" or folder
    return folder .. "/" .. name:gsub("%*", (own:gsub("%%", "%%%%")))
  end

  --- The files of a folder that have vectors by id (.safetensors, see data/vector_file.lua).
  -- @tparam string folder
  -- @treturn {string,...} paths, sorted
  -- @treturn {string,...} what to tell of others that are called so, a line a file
  function found.vectors(folder)
    local paths, notes = {}, {}
    for _, name in ipairs(core.list_folder(folder) or {}) do
      local path = folder .. "/" .. name
      if name:find "^[^.].*%.safetensors$" then
        local is = vector_file.is(path)
        table.insert(is and paths or notes, is and path
          or path .. ": no vectors by id (entries ids and vectors): left out")
      end
    end
    plain.sort(paths)
    plain.sort(notes)
    return paths, notes
  end

  local function loader_of(folder, setting)
    for _, loader in ipairs(cmml.loaders_of(setting)) do
      for _, mark in ipairs(loader.marks) do
        if core.exists(found.path(folder, mark)) then
          return loader
        end
      end
    end
  end

  -- The folder of a source and its loader: itself, or what `cmml fetch` put in data/.
  local function find_one(source, setting)
    for _, folder in ipairs { source, "data/" .. source } do
      local loader = source ~= "" and loader_of(folder, setting)
      if loader then
        return { folder = folder, loader = loader }
      end
    end
    if source == "" then
      return nil, "a name of a folder is empty"
    elseif not core.exists(source) and not core.exists("data/" .. source) then
      return nil, ("there is no folder %s, here or in data; `cmml fetch` gets public data sets")
        :format(source)
    end
    local marks, seen = {}, {}
    for _, loader in ipairs(cmml.loaders_of(setting)) do
      for _, mark in ipairs(loader.marks) do
        marks[#marks + 1] = not seen[mark] and found.path(source, mark):match "[^/]+$" or nil
        seen[mark] = true
      end
    end
    return nil, ("%s is no folder of a format that is known%s: it has none of %s; a "
      .. "loader of your own is registered first (--modules)"):format(source,
      setting and " for " .. cmml.settings:get(setting).title or "", table.concat(marks, ", "))
  end

  --- The folders that a source names, and their loaders: one, or several with + between them.
  -- @tparam string source
  -- @tparam ?string setting name; nil: loaders of all settings
  -- @treturn ?table list of {folder, loader}; nil if one is no folder of a known format
  -- @treturn ?string message
  function found.folders(source, setting)
    if type(source) ~= "string" then
      raise("data: the path of a folder was expected, not " .. args.describe(source), 3)
    end
    local one, message = find_one(source, setting)
    if one or not source:find("+", 1, true) then
      return one and { one }, message
    end
    local list = {}
    for part in (source .. "+"):gmatch "([^+]*)%+" do
      list[#list + 1], message = find_one(part:match "^%s*(.-)%s*$", setting)
      if message then
        return nil, message
      end
    end
    return list
  end

  --- The setting that the data of a source are read for, where nobody says which: of those with a
  -- loader for it the one of the lowest rank.
  -- @tparam string source
  -- @treturn ?Setting nil if no setting reads it
  -- @treturn ?string message
  function found.setting(source)
    local best
    for name, setting in cmml.settings:each() do
      if found.folders(source, name) and (not best or setting.rank < best.rank) then
        best = setting
      end
    end
    return best, not best and select(2, found.folders(source)) or nil
  end

  --- What tells files from others: their sizes by path.
  -- @tparam {string,...} paths those that are not there are left out
  -- @treturn table
  function found.sizes_of(paths)
    local sizes = {}
    for _, path in ipairs(paths) do
      local file = io.open(path, "rb")
      if file then
        sizes[path] = file:seek "end"
        file:close()
      end
    end
    return sizes
  end

  --- What tells the files of a source from others: their sizes by path.
  -- @tparam table folders list of {folder, loader}
  -- @treturn table
  function found.sizes(folders)
    local paths = {}
    for _, entry in ipairs(folders) do
      for _, name in ipairs(entry.loader.files) do
        paths[#paths + 1] = found.path(entry.folder, name)
      end
      for _, path in ipairs(entry.loader.vectors and found.vectors(entry.folder) or {}) do
        paths[#paths + 1] = path
      end
    end
    return found.sizes_of(paths)
  end

  return found
end
