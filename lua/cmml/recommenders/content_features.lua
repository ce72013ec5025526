--- Content features of items as numbers: one row an item, whatever kinds of fields there are.
--
-- Fields of numbers are taken as they are, in deviations from the mean. Of a field of values
-- (lists, words) rows are what a truncated SVD leaves of them, rare values counting more (TF-IDF).
-- Each field is divided by one number, so that all say as much.
--
-- @module cmml.recommenders.content_features

return function(cmml, use)
  local core = cmml.core
  local directions = use "vectors.directions"
  local tf_idf = use "vectors.tf_idf"
  local content_features = {}

  -- Dims of the rows that are made of values.
  local width = 64

  -- The values of a field as a sparse matrix of unit rows, TF-IDF.
  local function values_of(bag, n)
    local owners = bag.segments and bag.segments:groups()
    local ids = bag.ids
    if not owners then -- one value a row, 0 for none
      local rows = {}
      for row = 1, n do
        rows[row] = row
      end
      owners, ids = core.select_ids(core.ids(rows), bag.ids), core.select_ids(bag.ids, bag.ids)
    end
    local known = core.select_ids(owners, ids)
    ids = core.select_ids(ids, ids)
    local most = 1
    for _, id in ipairs(core.distinct(ids):totable()) do
      most = math.max(most, id)
    end
    local counts = core.sparse(known, ids, nil, n, most)
    return tf_idf.of(counts, n, most)
  end

  -- A field as numbers.
  local function numbers_of(bag, n)
    if bag.values then
      return bag.values
    end
    local x = values_of(bag, n)
    if #x.by_user.columns == 0 then
      return core.full({ n, 1 }, 0)
    end
    return core.sparse_product(x.by_user, directions.of(x, width, 1))
  end

  --- The features of all items.
  -- @tparam Side items of a catalogue
  -- @tparam {string,...} names of fields
  -- @treturn Tensor [items, ..]; nil where no field is named
  function content_features.of(items, names)
    local wanted, parts, n = {}, {}, #items
    for _, name in ipairs(names) do
      wanted[name] = true
    end
    for f, field in ipairs(items.fields) do
      if wanted[field.name] then
        local x = core.no_grad(numbers_of, items.bags[f], n)
        local size = math.sqrt(x:square():sum():item() / math.max(n, 1))
        parts[#parts + 1] = x * (1 / math.max(size, 1e-30))
      end
    end
    return #parts > 1 and core.concat(parts) or parts[1]
  end

  return content_features
end
