--- Whether two vocabularies of raw ids number the same things in the same way.
--
-- @module cmml.data.same_ids

local same_ids = {}

--- The first row in which two vocabularies differ.
-- @tparam Vocab mine
-- @tparam Vocab others
-- @treturn ?integer nil where they are equal
-- @treturn ?string the raw id there of the first, or "missing"
-- @treturn ?string likewise of the second
function same_ids.difference(mine, others)
  if mine == others then
    return nil
  end
  local function text(vocab, row)
    return row <= #vocab and vocab:text(row) or "missing"
  end
  for row = 1, math.max(#mine, #others) do
    if row > #mine or row > #others or mine:text(row) ~= others:text(row) then
      return row, text(mine, row), text(others, row)
    end
  end
end

return same_ids
