--- From the name of a folder to a split, in whichever setting: what the command line, experiments
-- and tuning stand on.
--
-- @module cmml.pipeline.data
local args = require "cmml.base.args"
local digest = require "cmml.base.digest"
local file_options = require "cmml.data.file_options"
local general = require "cmml.settings.data_options"
local in_memory = require "cmml.pipeline.in_memory"
local options = require "cmml.base.options"
local raise = args.error

-- Bytes of a file whose digest is worth its time.
local most_digested = 1 << 23

return function(cmml, use)
  local files = use "data.files"
  local found = use "settings.loader"
  local pipeline = {}

  local of_all = options.declare("data (in every setting)", general(cmml.settings))

  --- The options that say what the data are and how they are split, in all settings.
  -- @treturn {Options,...} sets, for `options.join`
  function pipeline.option_sets()
    local sets = { of_all }
    for _, setting in cmml.settings:each() do
      sets[#sets + 1] = setting.options
    end
    return table.unpack(sets)
  end

  --- Refuses options that another setting alone has.
  -- @tparam string where prefix of the message
  -- @tparam Options known
  -- @tparam table values that were given, or defaults
  -- @tparam Setting setting
  function pipeline.check_setting(where, known, values, setting)
    for declared in known:each() do
      local own, value = declared.setting, values[declared.name]
      if own and own ~= setting.name and value ~= nil
        and not args.equal(value, declared.default) then
        raise(("%s: %s applies only to %s, but here are %s"):format(where,
          args.named_option(declared.name), cmml.settings:get(own).title, setting.title), 0)
      end
    end
    if values.protocol ~= nil then
      for _, name in ipairs(type(values.protocol) == "table" and values.protocol
        or { values.protocol }) do
        setting:protocol(where, name)
      end
    end
  end

  -- The setting of the lowest rank that has a function.
  local function lowest(name)
    local first
    for _, setting in cmml.settings:each() do
      first = setting[name] and (not first or setting.rank < first.rank) and setting or first
    end
    return first
  end

  --- Makes a file of ratings that was given the source of the data; its path names it from then on.
  -- Raises where there is a folder besides, or files without one of ratings.
  -- @tparam string where prefix of the message
  -- @tparam table opt data, and the options of data/file_options.lua
  -- @tparam ?string prefix of a name in messages, such as "--" of the command line
  -- @treturn ?string the source: what data says, or the path of the file of ratings
  function pipeline.source(where, opt, prefix)
    prefix = prefix or ""
    if opt.ratings and opt.data then
      raise(("%s: %sdata and %sratings exclude each other: the data come from a folder or from a "
        .. "file of ratings"):format(where, prefix, prefix), 0)
    end
    for _, declared in ipairs(file_options) do
      if not opt.ratings and opt[declared.name] ~= nil then
        raise(("%s: %s%s is for files of your own, and needs %sratings FILE"):format(where, prefix,
          prefix == "" and declared.name or declared.name:gsub("_", "-"), prefix), 0)
      end
    end
    return opt.data or opt.ratings
  end

  --- The setting of data: the one that is named, else the one that reads the data, or for a made
  -- world the one of the lowest rank. Raises where there is none.
  -- @tparam string where prefix of the message
  -- @tparam table opt setting, data (a source, or nil for a made world), ratings
  -- @treturn Setting
  function pipeline.setting_of(where, opt)
    local held = in_memory.find(opt.data)
    if held then
      return held.setting
    elseif opt.setting then
      return cmml.settings:find(where .. ": setting", opt.setting, 0)
    elseif opt.ratings then
      return lowest "from_files"
    elseif opt.data then
      local setting, message = found.setting(opt.data)
      return setting or raise(("%s: %s"):format(where, message), 0)
    end
    return lowest "made"
  end

  --- The files of a source that tell it from others: sizes by name, and digests of those that say
  -- how to split. Raises where one is not there, or they are of no format that the setting reads.
  -- @tparam Setting setting
  -- @tparam ?string source nil: a made world, which has none
  -- @tparam table opt options of data/file_options.lua
  -- @treturn table
  function pipeline.files(setting, source, opt)
    local known = {}
    if opt.ratings then
      local paths = files.paths(opt)
      for _, path in ipairs(paths) do
        if not cmml.core.exists(path) then
          raise(("there is no file %s"):format(path), 0)
        end
      end
      known = found.sizes_of(paths)
    elseif source and not in_memory.find(source) then
      local folders, message = found.folders(source, setting.name)
      known = folders and found.sizes(folders) or raise(message, 0)
    end
    local paths = setting.split_paths and setting.split_paths(opt) or {}
    for path, size in pairs(found.sizes_of(paths)) do -- others are refused when they are read
      known[path] = size > most_digested and size or digest(cmml.core.read_file(path) or "")
    end
    return known
  end

  --- Reads data. Raises where there are none.
  -- @tparam Setting setting
  -- @tparam ?string source folder or its name in data/; nil: a small made world
  -- @tparam table opt options of the setting; with ratings: the source is a file of them
  -- @treturn table data
  function pipeline.read(setting, source, opt)
    local held = in_memory.find(source)
    if held then
      return held.data
    end
    local data, message
    if not source then
      if not setting.made then
        raise(("data are missing: the setting %s has no made world"):format(setting.name), 0)
      end
      data, message = setting.made(opt)
    elseif opt.ratings then
      if not setting.from_files then
        raise(("ratings: the setting %s reads no files of your own, only folders"):format(
          setting.name), 0)
      end
      data, message = files.read(opt)
      if data then
        data, message = setting.from_files(data, opt)
      end
    else
      local folders
      folders, message = found.folders(source, setting.name)
      if folders then
        data, message = setting.read(folders, opt)
      end
    end
    return data or raise(message, 0)
  end

  --- Splits data, without what models of it need besides. Raises where that cannot be done.
  -- @tparam Setting setting
  -- @tparam table data see `read`
  -- @tparam table opt protocol, valid, data_seed, and those of the setting
  -- @tparam ?table preset whose own options of the split count before these
  -- @treturn table
  function pipeline.split(setting, data, opt, preset)
    local chosen = {}
    for key, value in pairs(opt) do
      chosen[key] = value
    end
    local implied = setting.implied_protocol and setting.implied_protocol(opt)
    local protocol = setting:protocol("data", opt.protocol or implied)
    for key, value in pairs(setting.defaults) do
      if chosen[key] == nil and not protocol["no_" .. key] then
        chosen[key] = value
      end
    end
    chosen.protocol = protocol.name
    local split, message = setting.split(data, chosen, preset)
    return split or raise(message, 0)
  end

  --- Writes a split to files, if a folder is named. Raises where the setting has no such files.
  -- @tparam Setting setting
  -- @tparam table split
  -- @tparam ?string folder nil: nothing is written
  -- @tparam table opt of its evaluations
  -- @treturn ?boolean true; nil where the folder has a split already or cannot be written
  -- @treturn ?string message
  function pipeline.write_split(setting, split, folder, opt)
    if not folder then
      return true
    elseif not setting.write_split then
      raise(("--split-out: a split of %s cannot be written to files"):format(setting.title), 0)
    end
    return setting.write_split(split, folder, opt)
  end

  --- Reads scores that another program wrote for a split. Raises where the setting reads none.
  -- @tparam Setting setting
  -- @tparam table split
  -- @tparam string path
  -- @treturn ?table what `evaluate` takes for a recommender; nil where they do not fit the split
  -- @treturn ?string message; or words on what was left out
  function pipeline.read_scores(setting, split, path)
    if not setting.read_scores then
      raise(("--scores: no scores of %s are read from files"):format(setting.title), 0)
    end
    return setting.read_scores(split, path)
  end

  --- Makes what models of a split need besides, such as vectors.
  -- @tparam Setting setting
  -- @tparam table split
  -- @tparam table opt options of the setting
  -- @tparam ?table preset
  function pipeline.prepare(setting, split, opt, preset)
    if setting.prepare then
      setting.prepare(split, opt, preset)
    end
  end

  return pipeline
end
