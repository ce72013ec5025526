--- Texts of items as vectors.
--
-- @module cmml.settings.sequences.texts
local args = require "cmml.base.args"

return function(cmml, use)
  use "vectors.text_vectors"
  local texts = {}

  --- How wide vectors of texts are where nothing is said.
  texts.width = 64

  -- The texts of a field, one a record, and takes them from the records.
  local function take(records, name)
    local list = {}
    for i, record in ipairs(records) do
      local value = record[name]
      if value ~= nil and type(value) ~= "string" then
        args.error(("field %s of %s holds %s, not a text"):format(name, args.shown(record.id),
          args.describe(value)), 0)
      end
      list[i], record[name] = value or "", nil
    end
    return list
  end

  --- Makes vectors of the texts of records, of all of them: what nobody had yet is known by what is
  -- written of it, too. An item without a word has no vector.
  -- @tparam table records list of records of items; of fields that are texts the vectors stand
  -- beside it from then on
  -- @tparam table fields list of fields of a schema
  -- @tparam integer width 0: texts stay as they are, bags of words
  -- @treturn table the fields, those of kind text as vectors
  -- @treturn {string,...} what to tell, a line a field
  function texts.to_vectors(records, fields, width)
    local changed, notes = {}, {}
    for i, field in ipairs(fields) do
      changed[i] = field
      if field.kind == "text" and width > 0 then
        local list = take(records, field[1])
        local ok, values, without, n_words = pcall(cmml.data.text_vectors, list, { width = width })
        if not ok then
          args.error(("field %s: %s"):format(field[1],
            (tostring(values):gsub("^.-data%.text_vectors: ", ""))), 0)
        end
        local rows = {}
        for row = 1, #list do
          rows[row] = row
        end
        for _, row in ipairs(without) do
          rows[row] = 0
        end
        records.vectors = records.vectors or {}
        records.vectors[field[1]] = { values = values, rows = rows }
        changed[i] = { field[1], kind = "vector" }
        notes[#notes + 1] = ("%s of items: vectors of %d numbers from %d words of %d texts, %d "
          .. "items without (%s reads the words themselves)"):format(field[1], width, n_words,
          #list - #without, #without, args.option("text_width", 0))
      end
    end
    return changed, notes
  end

  return texts
end
