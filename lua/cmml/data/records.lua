--- Records of items or of users: which fields they have, and the vectors that a file has of them.
--
-- Records are a list of tables of values by field name, beside `id` and `title`. A list may have
-- `vectors`: by field name {values = Tensor [n, width], rows = {row or 0, ..}}, which of the
-- vectors is whose.
--
-- @module cmml.data.records
local args = require "cmml.base.args"
local raw_ids = require "cmml.data.raw_ids"
local raise = args.error

return function(_, use)
  local vector_file = use "data.vector_file"
  local records = {}

  -- What records have beside fields.
  local own = { id = true, title = true }

  --- The records of some rows, with their vectors.
  -- @tparam table list
  -- @tparam {integer,...} rows
  -- @treturn table
  function records.select(list, rows)
    local some = {}
    for i, row in ipairs(rows) do
      some[i] = list[row]
    end
    for name, source in pairs(list.vectors or {}) do
      local chosen = {}
      for i, row in ipairs(rows) do
        chosen[i] = source.rows[row]
      end
      some.vectors = some.vectors or {}
      some.vectors[name] = { values = source.values, rows = chosen }
    end
    return some
  end

  -- The kind of a value: "number", "text", or of lists "numbers" (not all whole) and "list".
  local function kind_of(value)
    if type(value) ~= "table" then
      return type(value) == "number" and "number" or type(value) == "string" and "text"
    end
    local whole = true
    for _, inner in ipairs(value) do
      if type(inner) ~= "number" then
        return "list"
      end
      whole = whole and math.tointeger(inner) ~= nil
    end
    return #value > 0 and not whole and "numbers" or "list"
  end

  -- The kind of a field of whose values these kinds were seen, in lists of these lengths.
  local function field_kind(name, kinds, shortest, longest)
    local lists = kinds.list or kinds.numbers
    if kinds.numbers and not (kinds.list or kinds.number or kinds.text) then
      return shortest == longest and "vector"
        or raise(("the field %s has vectors of %d numbers and of %d: give all of one width, or "
          .. "declare its kind in a schema"):format(name, shortest, longest), 0)
    elseif lists then
      return "list"
    end
    return kinds.number and not kinds.text and "number" or "category"
  end

  -- The records with other names of some fields, as copies.
  local function renamed(list, names)
    local copies = {}
    for i, record in ipairs(next(names) and list or {}) do
      copies[i] = {}
      for key, value in pairs(record) do
        copies[i][names[key] or key] = value
      end
    end
    return next(names) and copies or list
  end

  -- The vectors that a list has, for rows of a vocabulary that have some of its records.
  local function aligned_vectors(list, places, count)
    local vectors
    for name, source in pairs(list.vectors or {}) do
      local rows = {}
      for row = 1, count do
        rows[row] = places[row] and source.rows[places[row]] or 0
      end
      vectors = vectors or {}
      vectors[name] = { values = source.values, rows = rows }
    end
    return vectors
  end

  --- Records by row of a vocabulary; rows are added for records of ids that are new to it.
  -- @tparam string where prefix of messages
  -- @tparam string what "items" or "users"
  -- @tparam table list of records {id = .., fields}
  -- @tparam Vocab vocab raw ids
  -- @treturn table a record, or an empty table, for each row; with the vectors of the list
  function records.align(where, what, list, vocab)
    local rows, places = {}, {}
    for i, record in ipairs(list) do
      if type(record) ~= "table" or record.id == nil then
        raise(("%s: record %d of %s has no id"):format(where, i, what), 4)
      end
      local row = raw_ids.add(vocab, record.id, 4, "%s: record %d of %s", where, i, what)
      if rows[row] then
        raise(("%s: %s has two records with the id %s"):format(where, what,
          args.shown(record.id)), 4)
      end
      rows[row], places[row] = record, i
    end
    for row = 1, #vocab do
      rows[row] = rows[row] or {}
    end
    rows.vectors = aligned_vectors(list, places, #vocab)
    return rows
  end

  --- The fields of records that nobody declared: texts are categories, lists lists, numbers
  -- numbers, and lists of numbers that are not whole and of one length vectors. Id and title are no
  -- fields.
  -- @tparam table list
  -- @tparam table taken names of fields of the other side, true by name; gets those of this one
  -- @tparam string prefix in front of names that are taken
  -- @treturn table fields as `data.schema` takes them, sorted by name
  -- @treturn table list of what was left out and why, each a text
  -- @treturn table the records, as copies where fields got another name; an error where vectors of
  -- one field have several widths
  function records.infer(list, taken, prefix)
    local seen = {}
    for _, record in ipairs(list) do
      for key, value in pairs(record) do
        if not own[key] then
          local found = seen[key] or { kinds = {}, shortest = math.huge, longest = 0 }
          seen[key] = found
          local kind, length = kind_of(value), type(value) == "table" and #value or 0
          found.kinds[kind or "other"] = found.kinds[kind or "other"] or value
          found.shortest = math.min(found.shortest, length)
          found.longest = math.max(found.longest, length)
        end
      end
    end
    local fields, left_out, names = {}, {}, {}
    for _, name in ipairs(args.keys(seen)) do
      local found = seen[name]
      if not found then -- no text
        left_out[#left_out + 1] = ("%s (its name is no text)"):format(name)
      elseif not name:find "^[0-9A-Za-z_]+$" then
        left_out[#left_out + 1] = ("%s (a field has a name of letters, digits and _)"):format(name)
      elseif found.kinds.other ~= nil then
        left_out[#left_out + 1] = ("%s (it holds %s)"):format(name,
          args.describe(found.kinds.other))
      else
        local free = name
        while taken[free] or free ~= name and seen[free] do
          free = prefix .. free
        end
        taken[free], names[name] = true, free ~= name and free or nil
        fields[#fields + 1] = { free,
          kind = field_kind(name, found.kinds, found.shortest, found.longest) }
      end
    end
    return fields, left_out, renamed(list, names)
  end

  --- What was chosen by `infer`, in a line.
  -- @tparam string what "items" or "users"
  -- @tparam table fields
  -- @tparam table left_out
  -- @treturn ?string nil where there is nothing to tell
  function records.infer_note(what, fields, left_out)
    local words = {}
    for i, field in ipairs(fields) do
      words[i] = ("%s (%s)"):format(field[1], field.kind)
    end
    if #words == 0 and #left_out == 0 then
      return nil
    end
    return ("fields of %s, as the records have them: %s%s"):format(what,
      #words > 0 and table.concat(words, ", ") or "none",
      #left_out > 0 and "; left out: " .. table.concat(left_out, ", ") or "")
  end

  --- The fields of a schema that some record has.
  -- @tparam table fields
  -- @tparam table list of records
  -- @treturn table
  function records.present(fields, list)
    local found, chosen = {}, {}
    for _, record in ipairs(list) do
      for key in pairs(record) do
        found[key] = true
      end
    end
    for _, field in ipairs(fields) do
      chosen[#chosen + 1] = found[field[1]] and field or nil
    end
    return chosen
  end

  --- Raises where a field is declared that no record has.
  -- @tparam string where prefix of the message
  -- @tparam string what "items" or "users"
  -- @tparam table fields of a schema
  -- @tparam table list of records
  -- @tparam integer level
  function records.check_fields(where, what, fields, list, level)
    local keys = {}
    for _, record in ipairs(#fields > 0 and list or {}) do
      for key in pairs(record) do
        keys[key] = key ~= "id" or nil
      end
    end
    for _, field in ipairs(fields) do
      local name = field[1]
      local has_vectors = field.file or list.vectors and list.vectors[name]
      if not keys[name] and not has_vectors and not (name == "id" and #list > 0) then
        raise(#list == 0 and ("%s: the schema has the field %s of %s, but there are no records of "
          .. "%s"):format(where, name, what, what) or ("%s: no record of %s has the field %s; %s")
          :format(where, what, name, args.suggest(name, args.keys(keys))), level + 1)
      end
    end
  end

  --- Reads the vectors that fields have in files, and gives them to records.
  -- @tparam string where prefix of messages
  -- @tparam string what "items" or "users"
  -- @tparam table fields of a schema
  -- @tparam table list of records, one a row of the vocabulary; gets `vectors`
  -- @tparam Vocab vocab raw ids
  -- @tparam integer level of errors
  -- @treturn {string,...} what to tell, a line a field
  function records.read_vectors(where, what, fields, list, vocab, level)
    local notes = {}
    for _, field in ipairs(fields) do
      if field.file then
        local file, message = vector_file.read(field.file)
        if not file then
          raise(("%s: field %s: %s"):format(where, field[1], message), level + 1)
        end
        local rows, found = {}, 0
        for row = 1, #vocab do
          rows[row] = file.ids:id(vocab:text(row)) or 0
          found = found + (rows[row] > 0 and 1 or 0)
        end
        if found == 0 then
          raise(("%s: field %s: none of the %d ids of %s is an id of %s; one of them is %s, one of "
            .. "the %s %s"):format(where, field[1], #file.ids, field.file, what,
            #file.ids > 0 and file.ids:text(1) or "missing", what, #vocab > 0 and vocab:text(1)
            or "missing"), level + 1)
        end
        list.vectors = list.vectors or {}
        list.vectors[field[1]] = { values = file.vectors, rows = rows }
        notes[#notes + 1] = ("%s of %s: %d of %d have a vector of %d numbers in %s%s"):format(
          field[1], what, found, #vocab, file.vectors.shape[2], field.file,
          found < #file.ids and ("; %d vector%s of no %s"):format(#file.ids - found,
            #file.ids - found == 1 and " is" or "s are", what) or "")
        for _, skipped in ipairs(file.skipped) do
          notes[#notes + 1] = ("%s: %s has dtype %s, which is not read: left out"):format(
            field.file, skipped.name, skipped.dtype)
        end
      end
    end
    return notes
  end

  --- How many records match no rating. Raises where none of them matches one.
  -- @tparam string where prefix of the message
  -- @tparam string one what they are to match: "rating"
  -- @tparam string what "items" or "users"
  -- @tparam table list of records as they were given
  -- @tparam Vocab vocab raw ids
  -- @tparam {integer,...} counts how many ratings each row has
  -- @tparam integer level
  -- @treturn integer
  -- @treturn ?string what to tell
  function records.unmatched(where, one, what, list, vocab, counts, level)
    local unmatched, first = 0, nil
    for _, record in ipairs(list) do
      if counts[vocab:id(record.id)] == 0 then
        unmatched, first = unmatched + 1, first or record.id
      end
    end
    if unmatched == 0 then
      return 0
    elseif unmatched == #list then
      local rated = 1
      while counts[rated] == 0 do
        rated = rated + 1
      end
      raise(("%s: none of the %d records of %s matches %s: one has the id %s, but the "
        .. "%ss have ids such as %s"):format(where, #list, what, args.with_article(one),
        args.shown(first), one, vocab:text(rated)), level + 1)
    end
    return unmatched, ("%d of %d records of %s match no %s (%s, for one)"):format(unmatched,
      #list, what, one, args.shown(first))
  end

  return records
end
