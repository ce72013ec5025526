--- Model files: one .safetensors with weights, catalogue, options and version, and for resuming the
-- state of the training as well. Data alone: nothing in a file is run.
--
-- @module cmml
local args = require "cmml.base.args"
local json = require "cmml.base.json"
local plain = require "cmml.base.plain"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local Recommender = use "recommenders.recommender"
  local import_catalogue = use "data.catalogue_file"
  local with_lists = use "recommenders.with_lists"

  -- Files of a model with lists are of format 2, which libraries that know of no lists refuse; all
  -- others still are of format 1.
  local format, format_version = "cmml-model", 2

  local function is_recommender(value)
    local catalogue = type(value) == "table" and value.catalogue
    return args.fits(catalogue, "cmml.Catalogue") and type(value.tensors) == "function"
  end

  -- What a model file keeps of a recommender: its arrays, and what makes it again from them.
  local function contents_of(model)
    local entries, schema = model.catalogue:export(model.needs)
    local lists = model.lists
    for _, part in ipairs { { "model.", model }, lists and { "lists.", lists } or nil } do
      if part[2].learnt_over then
        raise(("save: %s over other items than it learnt of has no file: save the model that it "
          .. "was made from, and make it again from what is loaded"):format(part[2].kind), 3)
      end
      for _, pair in ipairs(part[2]:tensors()) do
        entries[#entries + 1] = { name = part[1] .. pair[1], value = pair[2], dtype = pair[3] }
      end
    end
    return entries, { kind = model.kind, options = model.options, schema = schema,
      lists = lists and { kind = lists.kind, options = lists.options } or nil }
  end

  --- Saves a recommender: whole, or the file that stood there stays.
  -- @tparam Recommender model
  -- @tparam string path
  -- @tparam[opt] table extra tensors (list of {name, tensor}) and notes (plain data) to go with it;
  -- graph (entries, and text by which predictors read them) of a frozen one
  -- @treturn ?true
  -- @treturn ?string message
  -- @usage
  -- local path = os.tmpname()
  -- assert(cmml.save(model, path, { notes = { city = "Riverton" } }))
  -- os.remove(path)
  function cmml.save(model, path, extra)
    if not is_recommender(model) or type(path) ~= "string" then
      raise("save: a recommender and the path of a file were expected", 2)
    end
    extra = args.expect("save: extra", extra or {}, "table")
    args.expect("save: tensors of extra", extra.tensors or {}, "table")
    local entries, config = contents_of(model)
    config.notes = extra.notes or {}
    for _, pair in ipairs(extra.tensors or {}) do
      entries[#entries + 1] = { name = "training." .. pair[1], value = pair[2] }
    end
    local graph = extra.graph or { entries = {} }
    table.move(graph.entries, 1, #graph.entries, #entries + 1, entries)
    return args.call(core.write_archive, path, entries, {
      graph = graph.text,
      format = format,
      format_version = config.lists and "2" or "1",
      library_version = cmml._VERSION,
      config = json.encode(config),
    })
  end

  --- Saves the recommender; see `save`.
  -- @tparam string path
  -- @treturn ?true
  -- @treturn ?string message
  function Recommender:save(path)
    return cmml.save(self, path)
  end

  local function parse(path)
    local archive, message = args.call(core.read_archive, path)
    if not archive then
      return nil, message
    end
    local meta, other = archive.metadata, archive.skipped[1]
    if meta.format ~= format then
      return nil, ("%s: a safetensors file, but not a cmml model"):format(path)
    elseif other then
      return nil, ("%s: tensor %s has dtype %s, which no model file has"):format(path,
        args.quote(other.name), args.quote(other.dtype))
    end
    local version = math.tointeger(plain.tonumber(meta.format_version))
    if not version or version > format_version then
      return nil, ("%s: model format %s; this library reads up to %d: update it"):format(path,
        args.shown(meta.format_version), format_version)
    end
    local config
    config, message = core.json_decode(meta.config or "", path)
    if type(config) ~= "table" then
      return nil, message or path .. ": the configuration is no object"
    end
    return archive, config
  end

  -- "12x8", whatever a file gives for a size.
  local function shape_text(shape)
    local sizes = {}
    for i, size in ipairs(shape) do
      sizes[i] = math.type(size) and plain.format("%.0f", size) or plain.tostring(size)
    end
    return table.concat(sizes, "x")
  end

  -- Raises unless the entries of a model file are these, for `restore` of a kind of recommenders:
  -- entries is a list of {name, tensor or list of integers}, expected one of {name, shape}, in
  -- order; without shape a list of integers.
  local function check_entries(entries, expected)
    for i, want in ipairs(expected) do
      local name, value = table.unpack(entries[i] or {})
      if name ~= want[1] or cmml.is_tensor(value) ~= (want[2] ~= nil) then
        raise(("the entry %s is missing"):format(want[1]), 0)
      end
      if want[2] and shape_text(value.shape) ~= shape_text(want[2]) then
        raise(("%s has shape %s, but %s was expected"):format(name, shape_text(value.shape),
          shape_text(want[2])), 0)
      end
    end
  end

  -- The class of a recommender in a file.
  local function class_of(kind, setting)
    return cmml.kinds.of_file(kind, setting.name) or raise(("no recommender of kind %s is known "
      .. "for %s; if it is of your own, register it first (--modules)"):format(args.shown(kind),
      setting.title), 0)
  end

  -- What is wrong with the part that makes lists is told by its name.
  local function of_lists(f, ...)
    local ok, result = pcall(f, ...)
    return ok and result or raise("the part that makes lists: " .. plain.tostring(result), 0)
  end

  local function restore(entries, config)
    if type(config.options) ~= "table" or type(config.schema) ~= "table" then
      raise("the configuration lacks options or schema", 0)
    end
    local setting = cmml.settings:of_file(config.schema.setting or "")
    if not setting then
      raise(("the setting %s is not known; if it is of your own, register it first (--modules)")
        :format(args.shown(config.schema.setting)), 0)
    end
    local class, lists = class_of(config.kind, setting), config.lists
    if lists ~= nil and (type(lists) ~= "table" or type(lists.options) ~= "table") then
      raise("the part that makes lists: its configuration lacks options", 0)
    end
    local classes = { model = class, lists = lists and of_lists(class_of, lists.kind, setting) }
    local catalogue, training, kept = {}, {}, { model = {}, lists = {} }
    for _, entry in ipairs(entries) do
      local section, name = entry.name:match("^([A-Za-z]+)%.(.+)$")
      local of = classes[section]
      if section == "catalogue" then
        catalogue[entry.name] = entry.value
      elseif section ~= "graph" and not cmml.is_tensor(entry.value)
        and not (of and of.integers[name] and type(entry.value) == "table") then
        raise(("%s is not an array of floating-point numbers"):format(args.shown(entry.name)), 0)
      elseif of then
        table.insert(kept[section], { name, entry.value })
        if cmml.is_tensor(entry.value) and not entry.value:isfinite() then
          raise(("%s holds numbers that are not finite"):format(args.shown(entry.name)), 0)
        end
      elseif section == "training" then
        training[name] = entry.value
      end
    end
    local known = import_catalogue(catalogue, config.schema, setting)
    local model = class.restore(known, config.options, kept.model)
    if lists then
      model = of_lists(with_lists.join, model, of_lists(classes.lists.restore, known, lists.options,
        kept.lists))
    end
    return model, training
  end

  --- A recommender as plain data: what a model file would keep of it.
  -- @treturn table for `import_recommender`
  function Recommender:export()
    local entries, config = contents_of(self)
    return { entries = entries, config = config }
  end

  --- A recommender from what `export` gave. Raises if the kind or a component is not known here.
  -- @tparam table data entries and config
  -- @treturn Recommender
  function cmml.import_recommender(data)
    if type(data) ~= "table" or type(data.entries) ~= "table" or type(data.config) ~= "table" then
      raise("import_recommender: what export gave was expected, with entries and config", 2)
    end
    for i, entry in ipairs(data.entries) do
      if type(entry) ~= "table" or type(entry.name) ~= "string" then
        raise(("import_recommender: entry %d has no name"):format(i), 2)
      end
    end
    return (restore(data.entries, data.config))
  end

  --- Loads a model file. Nothing in it is trusted.
  -- @tparam string path
  -- @treturn ?Recommender nil if the file is missing, damaged or no model
  -- @treturn string|table message, or what went with the model: tensors by name, notes, version
  -- @usage
  -- local path = os.tmpname()
  -- assert(model:save(path))
  -- local loaded, found = cmml.load(path) -- nil and a message if it is no model
  -- print(loaded, found.version)
  -- os.remove(path)
  function cmml.load(path)
    if type(path) ~= "string" then
      raise("load: the path of a model file was expected, not " .. type(path), 2)
    end
    local archive, config = parse(path)
    if not archive then
      return nil, config
    end
    local ok, model, training = pcall(restore, archive.tensors, config)
    if not ok then
      local version = archive.metadata.library_version
      return nil, ("%s: %s (written by %s; this is %s)"):format(path, tostring(model),
        version and args.shown(version) or "no known version", cmml._VERSION)
    end
    return model, { tensors = training, notes = config.notes,
      version = archive.metadata.library_version }
  end

  return { check_entries = check_entries }
end
