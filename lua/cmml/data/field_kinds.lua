--- The kinds of fields: how the values of records become what a network reads.
--
-- A field has a name, a kind, the settings of the kind, and what was learnt from records. Some
-- kinds give bags of ids, each with a vector of its own (`category`, `list`, `text`), the others
-- rows of numbers, which enter by a linear map (`number`, `vector`): these are in deviations from
-- the mean, with a last column that is 1 where the value is missing, the numbers being 0 then.
--
-- A kind is a table of
--
--    help         for documents
--    settings     options of a declaration beside name and kind
--    gives        "ids" or "numbers"
--    single       of ids: whether a row has exactly one
--    formerly     whether model files of format 1 had it before fields had kinds
--    learnt       names of the fields in which `learn` leaves plain data, for model files
--    learn        of (field, records, schema): fills the field from records that may be learnt from
--    values       of (field, records, count, told): ids and lengths (lists), or a tensor
--    size         of (field): rows of the table of vectors, or columns of the numbers
--    check        of (field): what is wrong with the plain data of a file, or nil
--    describe     of (field): in a few words
--
-- Records are lists of tables of values by field name. `records.vectors[name]` may hold vectors
-- that came from a file: {values = Tensor [n, width], rows = {row or 0, ..} for each record}.
-- `told` is a table that counts what was met: missing, unknown, beyond (see `data.standard`).
--
-- @module cmml.data.field_kinds
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local declare = require("cmml.base.options").declare
local text = require "cmml.base.text"
local words = require "cmml.data.words"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local standard = use "data.standard"
  local kinds = {}

  local none = declare("data.schema: fields of kind category, list and number", {})
  local of_text = declare("data.schema: fields of kind text", {
    { name = "limit", kind = "integer", from = 1, default = 10000, unit = "words",
      help = "number of words that are known: those that most records have" },
    { name = "hash", kind = "integer", from = 1, to = 1 << 24, unit = "vectors",
      default_text = "every known word has its own",
      help = "number of vectors that all words share by their hash, unseen ones too" },
  })
  local of_vector = declare("data.schema: fields of kind vector", {
    { name = "file", kind = "string", default_text = "vectors stand in the records",
      help = ".safetensors file with ids and vectors, see data.vector_file" },
  })

  -- Counts something that was met.
  local function tell(told, what)
    told[what] = (told[what] or 0) + 1
  end

  -- Where a value stands, for messages.
  local function place(field, record)
    local id = record and record.id
    return id == nil and "field " .. field.name
      or ("field %s of %s"):format(field.name, args.shown(id))
  end

  -- A value as the text by which it is known, numbers and texts alike. Nil where there is none.
  local function text_of(value, field, record)
    if math.type(value) == "float" and value - value == 0 then
      return math.tointeger(value) or text.value(value)
    elseif type(value) == "string" then
      return value:find "[^ \t\r\n\v\f]" and value or nil
    elseif math.type(value) ~= "integer" then
      raise(("%s holds %s, not a text or a number"):format(place(field, record),
        args.describe(value)), 0)
    end
    return value
  end

  -- The values of a field in a record, as a list of texts.
  local function values_of(record, field)
    local value = record and record[field.name]
    if value == nil then
      return {}
    elseif field.kind == "text" then
      local list = type(value) == "string" and words.of(value)
      return list or raise(type(value) == "string" and ("%s is not valid UTF-8"):format(
        place(field, record)) or ("%s holds %s, not a text"):format(place(field, record),
        args.describe(value)), 0)
    elseif type(value) ~= "table" then
      return { text_of(value, field, record) }
    elseif field.kind ~= "list" then
      raise(("%s holds a list, but was not declared with kind = \"list\""):format(
        place(field, record)), 0)
    end
    local list = {}
    for _, inner in ipairs(value) do
      list[#list + 1] = text_of(inner, field, record)
    end
    return list
  end

  -- All values, and how often each occurs: of texts, in how many records.
  local function counted(field, records)
    local all, counts = core.vocab(), {}
    for _, record in ipairs(records) do
      local seen = field.kind == "text" and {} or nil
      for _, value in ipairs(values_of(record, field)) do
        local id = all:add(value)
        if not seen or not seen[id] then
          counts[id] = (counts[id] or 0) + 1
          if seen then
            seen[id] = true
          end
        end
      end
    end
    return all, counts
  end

  -- Of how many records the rarest of the `limit` most frequent values is a value, and how many of
  -- those that occur as often have a place.
  local function rarest_of(counts, least, limit)
    local kept = {}
    for _, count in ipairs(counts) do
      kept[#kept + 1] = count >= least and count or nil
    end
    if #kept <= limit then
      return least, #kept
    end
    plain.sort(kept, function(a, b)
      return a > b
    end)
    local places = 0
    for i = limit, 1, -1 do
      if kept[i] ~= kept[limit] then
        break
      end
      places = places + 1
    end
    return kept[limit], places
  end

  -- The values that occur often enough in the records, in the order of their first appearance.
  local function learn_values(field, records, schema)
    local all, counts = counted(field, records)
    local limit = field.limit or math.huge
    if schema.min_count <= 1 and #all <= limit then
      field.vocab = all
      return
    end
    local least, places = rarest_of(counts, schema.min_count, limit)
    local frequent = core.vocab()
    for id, count in ipairs(counts) do
      if count > least or count == least and places > 0 then
        frequent:add(all:text(id))
        places = places - (count == least and 1 or 0)
      end
    end
    field.vocab = frequent
  end

  -- Ids of the values of all records, and how many each has.
  local function ids_of(field, records, count, told)
    local vocab, ids, lengths = field.vocab, {}, {}
    local single = kinds[field.kind].single
    local unseen = field.extra == 1 and #vocab + 1 or 0
    for row = 1, count do
      local values = values_of(records[row], field)
      for _, value in ipairs(values) do
        local id = field.hash and words.group(value, field.hash) or vocab:id(value)
        if not id then
          tell(told, "unknown")
        end
        ids[#ids + 1] = id or unseen
      end
      if #values == 0 then
        tell(told, "missing")
        ids[#ids + 1] = single and 0 or nil
      end
      lengths[row] = #values
    end
    return ids, lengths
  end

  local function size_of_values(field)
    return field.hash or #field.vocab + field.extra
  end

  kinds.category = { help = "one value of a set, each with a vector of its own", settings = none,
    gives = "ids", single = true, formerly = true, learn = learn_values, values = ids_of,
    size = size_of_values,
    describe = function(field)
      return tostring(size_of_values(field))
    end }

  kinds.list = { help = "several values of a set; the mean of their vectors", settings = none,
    gives = "ids", formerly = true, learn = learn_values, values = ids_of, size = size_of_values,
    describe = kinds.category.describe }

  kinds.text = { help = "a text; the mean of the vectors of its words", settings = of_text,
    gives = "ids", values = ids_of, size = size_of_values,
    learn = function(field, records, schema)
      if not field.hash then
        learn_values(field, records, schema)
      end
    end,
    describe = function(field)
      return ("text, %d %s"):format(size_of_values(field), field.hash and "groups of words"
        or "words")
    end }

  local missing_words = { [""] = true, nan = true, na = true, ["n/a"] = true, null = true }

  -- The number of a record; nil where it is missing, which texts say in several ways.
  local function number_of(record, field)
    local value = record and record[field.name]
    local number = value
    if type(value) == "string" then
      local said = value:match "^[ \t\r\n]*(.-)[ \t\r\n]*$"
      if missing_words[plain.lower(said)] then
        return nil
      end
      number = not said:find "[xXnN]" and plain.tonumber(said) or nil
    elseif value == nil or value ~= value then
      return nil
    end
    if math.type(number) == nil or number - number ~= 0 then
      raise(("%s is %s, not a finite number; leave it out where it is missing"):format(
        place(field, record), args.describe(value)), 0)
    end
    return number + 0.0
  end

  -- A list of `width` finite numbers.
  local function is_numbers(list, width, least)
    if type(list) ~= "table" or #list ~= width then
      return false
    end
    for i = 1, width do
      local value = list[i]
      if math.type(value) == nil or value - value ~= 0 or least and value < least then
        return false
      end
    end
    return true
  end

  -- What is wrong with means and deviations of a file.
  local function check_learnt(field, width, least)
    if not is_numbers(field.mean, width) then
      return ("mean must be a list of %d finite numbers"):format(width)
    elseif not is_numbers(field.deviation, width, least) then
      return ("deviation must be a list of %d finite numbers above 0"):format(width)
    end
  end

  kinds.number = { help = "a number, in deviations from the mean", settings = none,
    gives = "numbers", learnt = { "mean", "deviation" },
    learn = function(field, records)
      local list = {}
      for _, record in ipairs(records) do
        list[#list + 1] = number_of(record, field)
      end
      local mean, deviation = standard.of_list(list)
      field.mean, field.deviation = { mean }, { deviation }
    end,
    values = function(field, records, count, told)
      local mean, deviation, list = field.mean[1], field.deviation[1], {}
      for row = 1, count do
        local number, beyond = number_of(records[row], field), false
        list[2 * row - 1], list[2 * row] = 0, number and 0 or 1
        if number then
          list[2 * row - 1], beyond = standard.value(number, mean, deviation)
        end
        if not number or beyond then
          tell(told, number and "beyond" or "missing")
        end
      end
      return count > 0 and core.tensor(list):reshape { count, 2 } or core.full({ 0, 2 }, 0)
    end,
    size = function()
      return 2
    end,
    check = function(field)
      return check_learnt(field, 1, 2.0 ^ -1074)
    end,
    describe = function(field)
      return plain.format("number, %.4g with deviation %.4g", field.mean[1], field.deviation[1])
    end }

  -- A vector that stands in a record.
  local function check_vector(record, field, width)
    local value = record[field.name]
    if not is_numbers(value, width or type(value) == "table" and #value or 0) or #value == 0 then
      raise(("%s must be a list of %s finite numbers, not %s"):format(place(field, record),
        width or "some", type(value) == "table" and ("one of %d values"):format(#value)
        or args.describe(value)), 0)
    end
    return value
  end

  -- The vectors of records, and which of them is whose: 0 where it is missing. Those of a file come
  -- first; one that stands in the record counts before one of the file.
  local function vectors_of(field, records, count)
    local source = records.vectors and records.vectors[field.name]
    local width, rows, own = field.width or source and source.values.shape[2], {}, {}
    local before = source and source.values.shape[1] or 0
    if source and source.values.shape[2] ~= width then
      raise(("field %s has vectors of %d numbers, but the model reads %d"):format(field.name,
        source.values.shape[2], width), 0)
    end
    for row = 1, count do
      local record = records[row]
      if record and record[field.name] ~= nil then
        own[#own + 1] = check_vector(record, field, width)
        width, rows[row] = #own[1], before + #own
      else
        rows[row] = source and source.rows[row] or 0
      end
    end
    local values = source and source.values
    if #own > 0 then
      local table_ = core.tensor(own)
      if not table_:isfinite() then
        raise(("field %s has a number that is too large for %s"):format(field.name,
          core.info().dtype), 0)
      end
      values = values and core.concat({ values, table_ }, 1) or table_
    end
    return values, rows, width
  end

  kinds.vector = { help = "a list of numbers, or a vector by id from a file", settings = of_vector,
    gives = "numbers", learnt = { "width", "mean", "deviation" },
    learn = function(field, records)
      local values, rows, width = vectors_of(field, records, #records)
      local known = {}
      for _, row in ipairs(rows) do
        known[#known + 1] = row > 0 and row or nil
      end
      if not width then
        raise(("field %s: no record that may be learnt from has a vector, nor is there a file of "
          .. "them"):format(field.name), 0)
      end
      field.width = width
      field.mean, field.deviation = standard.of_columns(
        #known > 0 and values:gather_rows(core.ids(known)) or nil, width)
    end,
    values = function(field, records, count, told)
      local values, rows = vectors_of(field, records, count)
      local has, missing = {}, {}
      for row = 1, count do
        has[row], missing[row] = rows[row] > 0 and 1 or 0, rows[row] > 0 and 0 or 1
        if rows[row] == 0 then
          tell(told, "missing")
        end
      end
      if count == 0 or not values then
        return core.concat { core.full({ count, field.width }, 0), core.full({ count, 1 }, 1) }
      end
      local x = standard.columns(core.embedding_bag(values, core.ids(rows)), field.mean,
        field.deviation)
      return core.concat { x * core.tensor(has):reshape { count, 1 },
        core.tensor(missing):reshape { count, 1 } }
    end,
    size = function(field)
      return field.width + 1
    end,
    check = function(field)
      if math.type(field.width) ~= "integer" or field.width < 1 then
        return "width must be a whole number of at least 1"
      end
      return check_learnt(field, field.width, standard.least)
    end,
    describe = function(field)
      return ("vector of %d"):format(field.width)
    end }

  return kinds
end
