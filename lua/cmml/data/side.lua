--- One side of a catalogue: its users, or its items.
--
-- @module cmml

return function(cmml, use)
  local kinds = use "data.field_kinds"
  local core = cmml.core
  --- The users or the items that a model knows. `#side` is their number.
  -- @tfield ?Vocab ids raw ids; nil where a model knows nobody by id, as in the setting users
  -- @tfield ?table titles texts by row
  -- @tfield table fields list of {name, kind, ..}: content features, and what is known of their
  -- values (see `data.field_kinds`)
  -- @tfield ?table bags the values of every row, for each field, in order: see `bags_of`
  -- @tfield table vectors by name, [rows, width] each; "cf" are those of collaborative filtering
  -- @tfield ?Tensor counts [rows], how many interactions each row has
  local Side = { __name = "cmml.Side" }
  Side.__index = Side

  --- Makes a side of a catalogue.
  -- @tparam table fields see the fields of Side; each may be missing
  -- @treturn Side
  local function new(fields)
    fields.fields, fields.vectors = fields.fields or {}, fields.vectors or {}
    return setmetatable(fields, Side)
  end

  --- How many rows there are.
  -- @treturn integer
  function Side:__len()
    return self.ids and #self.ids or 0
  end

  --- The row of a raw id.
  -- @tparam string|number raw
  -- @treturn ?integer nil if it is not known
  function Side:id(raw)
    return self.ids and self.ids:id(raw)
  end

  --- The raw id of a row.
  -- @tparam integer row
  -- @treturn ?string nil where there are no ids
  function Side:text(row)
    return self.ids and self.ids:text(row)
  end

  --- The title of a row, or its raw id where there is none.
  -- @tparam integer row
  -- @treturn ?string
  function Side:title(row)
    local title = self.titles and self.titles[row]
    return title and title ~= "" and title or self:text(row)
  end

  --- Declares the content features of the side, with what is learnt of them from some records.
  -- @tparam table declared list of fields of a schema
  -- @tparam table schema unknown and min_count, see `data.schema`
  -- @tparam table records those that may be learnt from: values that occur nowhere else are unseen
  function Side:declare(declared, schema, records)
    for i, given in ipairs(declared) do
      local field = self:field(given, schema)
      kinds[field.kind].learn(field, records, schema)
      self.fields[i] = field
    end
  end

  --- A field as it was declared, of which nothing was learnt yet.
  -- @tparam table declared of a schema
  -- @tparam table schema
  -- @treturn table name, kind, settings of the kind, and extra: how many rows of its table stand
  -- for values that were never seen
  function Side.field(_, declared, schema)
    local field = { name = declared[1], extra = schema.unknown == "learned" and 1 or 0 }
    for key, value in pairs(declared) do
      if key ~= 1 then
        field[key] = value
      end
    end
    return field
  end

  --- The values of records, as the network reads them.
  -- @tparam table records tables of values by field name; a missing one is a row of unknown values
  -- @tparam[opt] integer count of rows, default #records
  -- @tparam[opt] table told is filled with what was met, by field: how many values are missing,
  -- unknown or beyond (further out than numbers are read)
  -- @treturn table list in the order of the fields, of {ids, segments} or {values = Tensor}: see
  -- `data.field_kinds`; `merged` holds all bags of ids side by side
  function Side:bags_of(records, count, told)
    local bags, of_ids = {}, {}
    count = count or #records
    for f, field in ipairs(self.fields) do
      local kind, met = kinds[field.kind], {}
      if kind.gives == "numbers" then
        bags[f] = { values = kind.values(field, records, count, met) }
      else
        local ids, lengths = kind.values(field, records, count, met)
        bags[f] = { ids = core.ids(ids), segments = not kind.single and core.segments(lengths)
          or nil }
        of_ids[#of_ids + 1] = bags[f]
      end
      if told then
        told[field.name] = met
      end
    end
    bags.merged = core.merge_bags(of_ids)
    return bags
  end

  --- The fields as `network` wants them.
  -- @treturn table list of {name, size, multi}, or {name, inputs} where numbers are read
  function Side:sizes()
    local sizes = {}
    for i, field in ipairs(self.fields) do
      local kind = kinds[field.kind]
      if kind.gives == "numbers" then
        sizes[i] = { name = field.name, inputs = kind.size(field) }
      else
        sizes[i] = { name = field.name, multi = not kind.single, size = kind.size(field) }
      end
    end
    return sizes
  end

  --- The fields in words: "genre (18), price (number, 9.99 with deviation 2)".
  -- @treturn string
  function Side:fields_text()
    local list = {}
    for i, field in ipairs(self.fields) do
      list[i] = ("%s (%s)"):format(field.name, kinds[field.kind].describe(field))
    end
    return #list > 0 and table.concat(list, ", ") or "none"
  end

  --- The names of the fields.
  -- @treturn {string,...}
  function Side:field_names()
    local names = {}
    for i, field in ipairs(self.fields) do
      names[i] = field.name
    end
    return names
  end

  --- The titles as one text for a file, a line a row.
  -- @treturn string
  function Side:title_lines()
    local lines = {}
    for row = 1, #self do
      lines[row] = (self.titles[row] or ""):gsub("\n", " ")
    end
    return table.concat(lines, "\n")
  end

  return { new = new }
end
