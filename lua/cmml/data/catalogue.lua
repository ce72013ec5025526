--- The catalogue of a model: its items, the values that their and the users' fields can have, and
-- how raw ids and values become numbers. It is saved in every model file, so that a model serves
-- without the data it was trained on.
--
-- @module cmml
local args = require "cmml.base.args"
local error = args.error

return function(cmml)
  local core = cmml.core
  --- The items of a model, and the values that fields can have; see `catalogue`.
  -- @tfield Vocab items raw ids
  -- @tfield table schema
  -- @tfield ?table titles by row of `items`
  -- @tfield table vocabs the values of each field, a Vocab by its name
  -- @tfield table item_bags the items' values: {ids, segments} for each item field, in order
  local Catalogue = { __name = "cmml.Catalogue" }
  Catalogue.__index = Catalogue

  -- The values of a field in a record, as a list; numbers and text alike.
  local function values_of(record, field)
    local value = record and record[field[1]]
    if value == nil then
      return {}
    elseif type(value) ~= "table" then
      return { value }
    elseif not field.multi then
      error(("field %s holds a list, but was not declared with multi = true"):format(field[1]), 0)
    end
    return value
  end

  -- The values that occur often enough in the records, in the order of their first appearance.
  local function vocabulary(records, field, min_count)
    local all, counts = core.vocab(), {}
    for _, record in ipairs(records) do
      for _, value in ipairs(values_of(record, field)) do
        local id = all:add(value)
        counts[id] = (counts[id] or 0) + 1
      end
    end
    if min_count <= 1 then
      return all
    end
    local frequent = core.vocab()
    for id, count in ipairs(counts) do
      if count >= min_count then
        frequent:add(all:text(id))
      end
    end
    return frequent
  end

  --- Makes a catalogue.
  -- @tparam table options schema, items (Vocab of raw ids), item_records (one table of values a
  -- row), titles (list of texts, optional), seen_items and user_records (lists of the records that
  -- may be learnt from: values that occur nowhere else count as unseen)
  -- @treturn Catalogue
  function cmml.data.catalogue(options)
    local opt = args.check("catalogue", options, { schema = "table", items = "any",
      item_records = "table", titles = "table?", seen_items = "table", user_records = "table" })
    local self = setmetatable({ schema = opt.schema, items = opt.items, titles = opt.titles,
      vocabs = {} }, Catalogue)
    local records = { item = opt.seen_items, user = opt.user_records }
    for _, side in ipairs { "item", "user" } do
      for _, field in ipairs(opt.schema[side]) do
        self.vocabs[field[1]] = vocabulary(records[side], field, opt.schema.min_count)
      end
    end
    self.item_bags = self:bags("item", opt.item_records, #opt.items)
    return self
  end

  --- The values of rows as bags of ids, one {ids, segments} a field.
  -- @tparam string side "item" or "user"
  -- @tparam table records tables of values by field name; a missing one is a row of unknowns
  -- @tparam[opt] integer count of rows, default #records
  -- @treturn table list in the order of the fields; `merged` holds all of them side by side
  function Catalogue:bags(side, records, count)
    local bags = {}
    for f, field in ipairs(self.schema[side]) do
      local vocab, ids, lengths = self.vocabs[field[1]], {}, {}
      local unseen = self.schema.unknown == "learned" and #vocab + 1 or 0
      for row = 1, count or #records do
        local values = values_of(records[row], field)
        for _, value in ipairs(values) do
          ids[#ids + 1] = vocab:id(value) or unseen
        end
        if not field.multi and #values == 0 then
          ids[#ids + 1] = 0
        end
        lengths[row] = #values
      end
      bags[f] = { ids = core.ids(ids), segments = field.multi and core.segments(lengths) or nil }
    end
    bags.merged = core.merge_bags(bags)
    return bags
  end

  --- The fields of a side as the network wants them.
  -- @tparam string side
  -- @treturn table list of {name, size, multi}
  function Catalogue:fields(side)
    local extra = self.schema.unknown == "learned" and 1 or 0
    local fields = {}
    for i, field in ipairs(self.schema[side]) do
      fields[i] = { name = field[1], multi = field.multi, size = #self.vocabs[field[1]] + extra }
    end
    return fields
  end

  --- The title of an item row, or its raw id where there is none.
  -- @tparam integer row
  -- @treturn string
  function Catalogue:title(row)
    local title = self.titles and self.titles[row]
    return title and title ~= "" and title or self.items:text(row)
  end

  --- What a model file keeps of the catalogue.
  -- @treturn table list of {name, value} for write_archive
  -- @treturn table plain data for its configuration
  function Catalogue:export()
    local entries = {}
    local function add(name, value)
      entries[#entries + 1] = { name = "catalogue." .. name, value = value }
    end
    local function add_vocab(name, vocab)
      local bytes, offsets = vocab:export()
      add(name .. ".bytes", bytes)
      add(name .. ".offsets", offsets)
    end
    add_vocab("items", self.items)
    for _, side in ipairs { "item", "user" } do
      for f, field in ipairs(self.schema[side]) do
        add_vocab("values." .. field[1], self.vocabs[field[1]])
        if side == "item" then
          local bag = self.item_bags[f]
          add("ids." .. field[1], bag.ids:totable())
          if bag.segments then
            add("lengths." .. field[1], bag.segments:totable())
          end
        end
      end
    end
    if self.titles then
      local titles = {}
      for row = 1, #self.items do
        titles[row] = (self.titles[row] or ""):gsub("\n", " ")
      end
      add("titles", table.concat(titles, "\n"))
    end
    local function plain(fields)
      local list = {}
      for i, field in ipairs(fields) do
        list[i] = { name = field[1], multi = field.multi }
      end
      return list
    end
    return entries, { item = plain(self.schema.item), user = plain(self.schema.user),
      unknown = self.schema.unknown, min_count = self.schema.min_count }
  end

  local function split_lines(text)
    local lines = {}
    for line in (text .. "\n"):gmatch("(.-)\n") do
      lines[#lines + 1] = line
    end
    return lines
  end

  --- A catalogue from what `export` gave. Nothing in it is trusted; raises plain messages.
  -- @tparam table values of the entries by name
  -- @tparam table schema
  -- @treturn Catalogue
  function cmml.import_catalogue(values, schema)
    local function need(name, kind)
      local value = values["catalogue." .. name]
      if type(value) ~= kind then
        error(("catalogue.%s is missing or of a wrong type"):format(name), 0)
      end
      return value
    end
    local function vocab(name)
      local result, message = core.vocab(need(name .. ".bytes", "string"),
        need(name .. ".offsets", "table"))
      return result or error(message, 0)
    end
    local self = setmetatable({ schema = cmml.data.schema(schema), items = vocab "items",
      vocabs = {}, item_bags = {} }, Catalogue)
    local extra = self.schema.unknown == "learned" and 1 or 0
    for _, side in ipairs { "item", "user" } do
      for f, field in ipairs(self.schema[side]) do
        local name = field[1]
        self.vocabs[name] = vocab("values." .. name)
        if side == "item" then
          local ids, most = need("ids." .. name, "table"), #self.vocabs[name] + extra
          for _, id in ipairs(ids) do
            if id > most then
              error(("catalogue.ids.%s: id %d of %d values"):format(name, id, most), 0)
            end
          end
          local bag = { ids = core.ids(ids) }
          if field.multi then
            bag.segments = core.segments(need("lengths." .. name, "table"))
          end
          if #(bag.segments or bag.ids) ~= #self.items
            or bag.segments and bag.segments:rows() ~= #bag.ids then
            error(("catalogue: field %s does not fit the %d items"):format(name, #self.items), 0)
          end
          self.item_bags[f] = bag
        end
      end
    end
    self.item_bags.merged = core.merge_bags(self.item_bags)
    if values["catalogue.titles"] then
      -- Titles are shown on terminals, which obey control characters.
      self.titles = split_lines((need("titles", "string"):gsub("[^\n%C]", " ")))
    end
    return self
  end
end
