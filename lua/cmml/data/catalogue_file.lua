--- What a model file keeps of a catalogue, and a catalogue made of it again. Nothing that a file
-- says is trusted.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local raise = args.error

return function(cmml, use)
  local kinds, scale = use "data.field_kinds", use "data.scale"
  local source_domain = use "data.source_domain"
  local catalogues = use "data.catalogue"
  local core, Catalogue = cmml.core, catalogues.Catalogue

  -- Settings of a field that a model has no use for: it keeps what stood in the file.
  local unsaved = { file = true }

  -- The declared fields of a side as plain data. Categories and lists look as they did before there
  -- were other kinds.
  local function declared_of(fields)
    local list = {}
    for i, field in ipairs(fields) do
      local kind = kinds[field.kind]
      if kind.formerly then
        list[i] = { name = field.name, multi = not kind.single }
      else
        list[i] = { name = field.name, kind = field.kind }
        for declared in kind.settings:each() do
          list[i][declared.name] = not unsaved[declared.name] and field[declared.name] or nil
        end
        for _, key in ipairs(kind.learnt or {}) do
          list[i][key] = field[key]
        end
      end
    end
    return list
  end

  -- The entry of vectors of a name: those of collaborative filtering have the oldest one.
  local function vectors_entry(of, name)
    return of .. ".vectors" .. (name == "cf" and "" or "." .. name)
  end

  --- What a model file keeps of the catalogue.
  -- @tparam ?table needs of the model's kind: without `source` the source domain is left out
  -- @treturn table list of {name, value} for write_archive
  -- @treturn table plain data for its configuration
  function Catalogue:export(needs)
    local entries = {}
    local function add(name, value)
      entries[#entries + 1] = { name = "catalogue." .. name, value = value }
    end
    local function add_vocab(name, vocab)
      local bytes, offsets = vocab:export()
      add(name .. ".bytes", bytes)
      add(name .. ".offsets", offsets)
    end
    for _, names in ipairs(catalogues.sides) do
      local of = self[names[1]]
      if of.ids then
        add_vocab(names[1], of.ids)
      end
      for _, name in ipairs(args.keys(of.vectors)) do
        add(vectors_entry(names[1], name), of.vectors[name])
      end
    end
    for _, of in ipairs { self.items, self.users } do
      for f, field in ipairs(of.fields) do
        if field.vocab then
          add_vocab("values." .. field.name, field.vocab)
        end
        local bag = of.bags and of.bags[f] or {}
        if bag.ids then
          add("ids." .. field.name, bag.ids:totable())
        end
        if bag.segments then
          add("lengths." .. field.name, bag.segments:totable())
        end
        if bag.values then
          add("numbers." .. field.name, bag.values)
        end
      end
    end
    if self.items.counts then
      add("counts", self.items.counts)
    end
    if self.items.titles then
      add("titles", self.items:title_lines())
    end
    if self.source and needs and needs.source then
      add("source.lengths", self.source.users:totable())
      add("source.items", self.source.items:totable())
      add("source.domain", self.source.domain:totable())
    end
    return entries, { setting = self.setting, item = declared_of(self.items.fields),
      user = declared_of(self.users.fields), unknown = self.schema.unknown,
      min_count = self.schema.min_count, vectors = self.schema.vectors, scale = self.scale,
      relevant = self.relevant }
  end

  -- Titles are shown on terminals, which obey control characters.
  local function read_titles(text)
    local titles = {}
    for line in (text:gsub("[\0-\9\11-\31\127]", " ") .. "\n"):gmatch "(.-)\n" do
      titles[#titles + 1] = line
    end
    return titles
  end

  -- A reader of entries that trusts none: get(name), need(name, what it has to be), vocab(name) and
  -- names(prefix).
  local function reader(values)
    local function get(name)
      return values["catalogue." .. name]
    end
    local function need(name, fits)
      local value = get(name)
      if type(fits) == "string" and type(value) ~= fits
        or type(fits) == "function" and not fits(value) then
        raise(("catalogue.%s is missing or of a wrong type"):format(name), 0)
      end
      return value
    end
    local function vocab(name)
      local result, message = core.vocab(need(name .. ".bytes", "string"),
        need(name .. ".offsets", "table"))
      return result or raise(message, 0)
    end
    -- The names behind a prefix, sorted.
    local function names(prefix)
      local list, start = {}, "catalogue." .. prefix
      for _, key in ipairs(args.keys(values)) do
        list[#list + 1] = key:sub(1, #start) == start and #key > #start and key:sub(#start + 1)
          or nil
      end
      return list
    end
    return { get = get, need = need, vocab = vocab, names = names }
  end

  local function is_matrix(value)
    return cmml.is_tensor(value) and value.ndim == 2 and value:isfinite()
  end

  -- The numbers of a field, which a file has for every row of a side.
  local function read_numbers(read, field, width, n_rows, what)
    local values = read.need("numbers." .. field.name, is_matrix)
    if values.shape[1] ~= n_rows or values.shape[2] ~= width then
      raise(("data.catalogue: field %s does not fit the %d %s"):format(field.name, n_rows, what), 0)
    end
    return { values = values }
  end

  -- The ids of the values of a field, likewise.
  local function read_ids(read, field, n_values, n_rows, what)
    local ids = read.need("ids." .. field.name, "table")
    for _, id in ipairs(ids) do
      if id > n_values then
        raise(("catalogue.ids.%s: id %d of %d values"):format(field.name, id, n_values), 0)
      end
    end
    local bag = { ids = core.ids(ids) }
    if not kinds[field.kind].single then
      bag.segments = core.segments(read.need("lengths." .. field.name, "table"))
    end
    if #(bag.segments or bag.ids) ~= n_rows
      or bag.segments and bag.segments:rows() ~= #bag.ids then
      raise(("data.catalogue: field %s does not fit the %d %s"):format(field.name, n_rows, what), 0)
    end
    return bag
  end

  -- Ids and vectors of a side. Where the configuration says of which kind they are, there must be
  -- vectors of collaborative filtering.
  local function read_side(read, name, has_ids, needs_cf)
    local fields = { vectors = {} }
    fields.ids = has_ids and read.vocab(name) or nil
    local names = read.names(vectors_entry(name, ""))
    if needs_cf or read.get(vectors_entry(name, "cf")) then
      table.insert(names, 1, "cf")
    end
    for _, own in ipairs(names) do
      local entry = vectors_entry(name, own)
      if not has_ids then
        raise(("catalogue.%s: the setting has no ids of %s"):format(entry, name), 0)
      end
      local vectors = read.need(entry, is_matrix)
      if vectors.shape[1] ~= #fields.ids then
        raise(("catalogue.%s: %d vectors of %d %s"):format(entry, vectors.shape[1], #fields.ids,
          name), 0)
      end
      fields.vectors[own] = vectors
    end
    return fields
  end

  -- The values of the fields of a side, row by row.
  local function read_bags(read, of, what)
    local bags, of_ids = {}, {}
    for f, field in ipairs(of.fields) do
      local kind = kinds[field.kind]
      bags[f] = (kind.gives == "ids" and read_ids or read_numbers)(read, field, kind.size(field),
        #of, what)
      of_ids[#of_ids + 1] = bags[f].ids and bags[f] or nil
    end
    bags.merged = core.merge_bags(of_ids)
    return bags
  end

  -- The fields of a side as a schema declares them, without what was learnt of them.
  local function declarations(fields)
    local list = args.copy(fields)
    for _, given in pairs(type(list) == "table" and list or {}) do
      local kind = type(given) == "table" and kinds[given.kind]
      for _, key in ipairs(kind and kind.learnt or {}) do
        given[key] = nil
      end
    end
    return list
  end

  -- A field as it was when the file was written.
  local function read_field(read, of, declared, given, schema)
    local field = of:field(declared, schema)
    local kind = kinds[field.kind]
    for _, key in ipairs(kind.learnt or {}) do
      field[key] = given[key]
    end
    if kind.gives == "ids" and not field.hash then
      field.vocab = read.vocab("values." .. field.name)
    end
    local problem = kind.check and kind.check(field)
    return problem and raise(("data.catalogue: field %s: %s"):format(field.name, problem), 0)
      or field
  end

  local function read_counts(read, n_items)
    local counts = read.need("counts", function(value)
      return cmml.is_tensor(value) and value.ndim == 1 and value.count == n_items
        and value:isfinite()
    end)
    if core.lt(counts, 0):sum():item() > 0 then
      raise("catalogue.counts holds negative numbers, but counts how many took each item", 0)
    end
    return counts
  end

  -- What users took of items that lie in no scenario.
  local function read_source(read, n_users, n_items)
    local source = { users = core.segments(read.need("source.lengths", "table")),
      items = core.ids(read.need("source.items", "table")),
      domain = core.ids(read.need("source.domain", "table")) }
    local problem = source_domain.problem(source, n_users, n_items)
    return problem and raise("catalogue.source: " .. problem, 0) or source
  end

  --- A catalogue from what `export` gave; raises plain messages.
  -- @tparam table values of the entries by name
  -- @tparam table schema plain data of the configuration
  -- @tparam table setting which setting it is for: name, and knows_users (its files have the raw
  -- ids of users, and counts)
  -- @treturn Catalogue
  return function(values, schema, setting)
    local read = reader(values)
    local has_vectors = schema.vectors ~= nil
    local problem = scale.problem(schema.scale)
    if problem then
      raise("data.catalogue: scale: " .. problem, 0)
    end
    local relevant = schema.relevant
    if relevant ~= nil and (math.type(relevant) == nil or relevant - relevant ~= 0) then
      raise("data.catalogue: relevant must be a finite number", 0)
    end
    local declared = cmml.data.schema { item = declarations(schema.item),
      user = declarations(schema.user), unknown = schema.unknown, min_count = schema.min_count }
    declared.vectors = has_vectors and plain.tostring(schema.vectors) or nil
    local self = catalogues.new { setting = setting.name, schema = declared, scale = schema.scale,
      relevant = relevant, users = read_side(read, "users", setting.knows_users, has_vectors),
      items = read_side(read, "items", true, has_vectors) }
    local of_users, of_items = self.users.vectors.cf, self.items.vectors.cf
    if of_users and of_items and of_users.shape[2] ~= of_items.shape[2] then
      raise("data.catalogue: vectors of users and items are of different widths", 0)
    end
    for _, names in ipairs(catalogues.sides) do
      local of = self[names[1]]
      for i, field in ipairs(declared[names[2]]) do
        of.fields[i] = read_field(read, of, field, schema[names[2]][i], declared)
      end
    end
    self.items.bags = read_bags(read, self.items, "items")
    local first = self.users.fields[1]
    if first and (read.get("ids." .. first.name) or read.get("numbers." .. first.name)) then
      self.users.bags = read_bags(read, self.users, "users")
    end
    if setting.knows_users or read.get "counts" then
      self.items.counts = read_counts(read, #self.items)
    end
    if read.get "titles" then
      self.items.titles = read_titles(read.need("titles", "string"))
    end
    if read.get "source.lengths" then
      self.source = read_source(read, #self.users, #self.items)
    end
    return self
  end
end
