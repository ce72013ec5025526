--- Items of data as the catalogue of a model numbers them.
--
-- @module cmml.data.rows_in_catalogue

return function(cmml)
  local core = cmml.core

  --- The rows of a catalogue that items of other data have.
  -- @tparam Catalogue catalogue
  -- @tparam Vocab vocab the raw ids of the data's items
  -- @tparam Ids used rows of `vocab`, each as often as it is to be translated
  -- @tparam string what was done with them, such as "rated in NAME"
  -- @treturn ?Ids as `used`, in the catalogue's rows; nil if one of them is not in the catalogue
  -- @treturn ?string message
  return function(catalogue, vocab, used, what)
    local rows, n = {}, #vocab
    for row = 1, n do
      rows[row] = catalogue.items:id(vocab:text(row)) or 0
    end
    local counts = core.scatter_add_rows(core.full({ n }, 0), core.full({ #used }, 1), used)
    local missing, first = 0, nil
    for row, count in ipairs(counts:totable()) do
      if rows[row] == 0 and count > 0 then
        missing, first = missing + 1, first or vocab:text(row)
      end
    end
    if missing > 0 then
      return nil, ("%d item%s %s %s not in the model's catalogue (%s, for one): it was made from "
        .. "other data"):format(missing, missing == 1 and "" or "s", what,
        missing == 1 and "is" or "are", first)
    end
    return core.map_ids(used, core.ids(rows))
  end
end
