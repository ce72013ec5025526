--- One side of a catalogue: its users, or its items.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error
local text = require "cmml.base.text"

return function(cmml)
  local core = cmml.core
  --- The users or the items that a model knows. `#side` is their number.
  -- @tfield ?Vocab ids raw ids; nil where a model knows nobody by id, as in the setting users
  -- @tfield ?table titles texts by row
  -- @tfield table fields list of {name, multi, vocab}: content features and the values they can
  -- have
  -- @tfield ?table bags the values of every row: {ids, segments} for each field, in order
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

  -- A value as the text by which it is known; numbers and text alike. Nil where there is none.
  local function text_of(value, field)
    if math.type(value) == "float" and value - value == 0 then
      return math.tointeger(value) or text.value(value)
    elseif type(value) == "string" then
      return value:find "%S" and value or nil
    elseif math.type(value) ~= "integer" then
      raise(("field %s holds %s, not a text or a number"):format(field.name,
        args.describe(value)), 0)
    end
    return value
  end

  -- The values of a field in a record, as a list of texts.
  local function values_of(record, field)
    local value = record and record[field.name]
    if value == nil then
      return {}
    elseif type(value) ~= "table" then
      return { text_of(value, field) }
    elseif not field.multi then
      raise(("field %s holds a list, but was not declared with multi = true"):format(field.name), 0)
    end
    local list = {}
    for _, inner in ipairs(value) do
      list[#list + 1] = text_of(inner, field)
    end
    return list
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

  --- Declares the content features of the side, with the values that some records have.
  -- @tparam table declared list of {name, multi = true if a row may have several values}
  -- @tparam table schema unknown and min_count, see `data.schema`
  -- @tparam table records those that may be learnt from: values that occur nowhere else are unseen
  function Side:declare(declared, schema, records)
    self.extra = schema.unknown == "learned" and 1 or 0
    for i, field in ipairs(declared) do
      local own = { name = field[1], multi = field.multi }
      own.vocab = vocabulary(records, own, schema.min_count)
      self.fields[i] = own
    end
  end

  --- The values of records as bags of ids, one {ids, segments} a field.
  -- @tparam table records tables of values by field name; a missing one is a row of unknown values
  -- @tparam[opt] integer count of rows, default #records
  -- @treturn table list in the order of the fields; `merged` holds all of them side by side
  function Side:bags_of(records, count)
    local bags = {}
    for f, field in ipairs(self.fields) do
      local vocab, ids, lengths = field.vocab, {}, {}
      local unseen = self.extra == 1 and #vocab + 1 or 0
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

  --- The fields as `network` wants them.
  -- @treturn table list of {name, size, multi}
  function Side:sizes()
    local sizes = {}
    for i, field in ipairs(self.fields) do
      sizes[i] = { name = field.name, multi = field.multi, size = #field.vocab + self.extra }
    end
    return sizes
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
