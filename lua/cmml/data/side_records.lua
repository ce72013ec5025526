--- What is known of the items and users of a data set: its records by row of the vocabularies, and
-- the schema of their fields.
--
-- `where` is the prefix of messages, and `sides` says which the data set has: "items", or both
-- "items" and "users".
--
-- @module cmml.data.side_records
return function(cmml, use)
  local records = use "data.records"
  local core = cmml.core
  local side_records = {}

  local function singular(side)
    return side:sub(1, -2)
  end

  --- The schema that was given, or else one of all that the records have.
  -- @tparam table opt schema, items, users; those of which a field got another name are replaced
  -- @tparam {string,...} sides
  -- @treturn table schema
  -- @treturn {string,...} what to tell of it
  function side_records.schema_of(opt, sides)
    if opt.schema then
      return cmml.data.schema(opt.schema), {}
    end
    local notes, declared, taken = {}, {}, {}
    for _, side in ipairs(sides) do
      local fields, left_out
      fields, left_out, opt[side] = records.infer(opt[side], taken, singular(side) .. "_")
      declared[singular(side)] = fields
      notes[#notes + 1] = records.infer_note(side, fields, left_out)
    end
    return cmml.data.schema(declared), notes
  end

  --- Gives a data set its records: item_records and user_records by row of its vocabularies, and
  -- titles.
  -- @tparam string where
  -- @tparam table data items, users (Vocab), schema and notes, which are added to
  -- @tparam table opt items, users: lists of records
  -- @tparam {string,...} sides
  -- @tparam boolean check whether fields are looked for that no record has
  function side_records.read(where, data, opt, sides, check)
    for _, side in ipairs(sides) do
      data[singular(side) .. "_records"] = records.align(where, side, opt[side], data[side])
    end
    data.titles = {}
    for row, record in ipairs(data.item_records) do
      data.titles[row] = record.title or ""
    end
    for _, side in ipairs(sides) do
      local one = singular(side)
      if check then
        records.check_fields(where, side, data.schema[one], opt[side], 3)
      end
      local notes = records.read_vectors(where, side, data.schema[one], data[one .. "_records"],
        data[side], 3)
      table.move(notes, 1, #notes, #data.notes + 1, data.notes)
    end
  end

  -- How many interactions each row of a side has.
  local counts_of = {
    users = function(_, grouped)
      return grouped.users:totable()
    end,
    items = function(data, grouped)
      return core.scatter_add_rows(core.full({ #data.items }, 0), core.full({ #grouped.items }, 1),
        grouped.items):totable()
    end,
  }

  --- How many records of each side match nothing. Raises where none of them does.
  -- @tparam string where
  -- @tparam string one what they match: "rating"
  -- @tparam table data items, users (Vocab) and notes, which are added to
  -- @tparam table grouped by user: users (Segments), items (Ids)
  -- @tparam table opt items, users: lists of records
  -- @tparam {string,...} sides
  -- @treturn table number by side
  function side_records.unmatched(where, one, data, grouped, opt, sides)
    local found = {}
    for _, side in ipairs(sides) do
      found[side] = 0
      if #grouped.items > 0 and #opt[side] > 0 then
        found[side], data.notes[#data.notes + 1] = records.unmatched(where, one, side, opt[side],
          data[side], counts_of[side](data, grouped), 3)
      end
    end
    return found
  end

  return side_records
end
