--- Rows of made data of the sizes of MovieLens-1M: fields, popularity of the films.
--
-- @module cmml.settings.users.made_rows

-- field, values, values of one row (mean), side
local fields = {
  { "rate", 6, 1, "item" }, { "genre", 25, 2.5, "item" }, { "director", 2186, 1, "item" },
  { "actor", 8030, 4, "item" }, { "gender", 2, 1, "user" }, { "age", 7, 1, "user" },
  { "occupation", 21, 1, "user" }, { "zip", 3402, 1, "user" },
}
local multi = { genre = true, director = true, actor = true }

--- What makes such rows.
-- @tparam function draw of n, giving a number from 1 to n: `math.random`, or a stream
-- @treturn table n_items, n_users, and functions uniform, schema, records and items
return function(draw)
  local made = { n_items = 3706, n_users = 6040 }

  --- A number from 0 to below 1.
  -- @treturn number
  function made.uniform()
    return (draw(1 << 30) - 1) / (1 << 30)
  end

  --- The declaration of the fields for `cmml.data.schema`.
  -- @treturn table
  function made.schema()
    local declaration = { item = {}, user = {} }
    for _, field in ipairs(fields) do
      table.insert(declaration[field[4]], { field[1], multi = multi[field[1]] })
    end
    return declaration
  end

  --- Records of items or users whose values cover every vocabulary.
  -- @tparam string side "item" or "user"
  -- @treturn table list of {id, <field> = value or list of values}
  function made.records(side)
    local list = {}
    for row = 1, side == "item" and made.n_items or made.n_users do
      list[row] = { id = row }
    end
    for _, field in ipairs(fields) do
      local name, size, mean = field[1], field[2], field[3]
      local at = 0
      for _, record in ipairs(field[4] == side and list or {}) do
        local values = {}
        for k = 1, mean // 1 + (made.uniform() < mean % 1 and 1 or 0) do
          at = at + 1
          values[k] = at <= size and at or draw(size)
        end
        record[name] = multi[name] and values or values[1]
      end
    end
    return list
  end

  --- Different items of one person. By this law 32 tasks of 50 items have about as many distinct
  -- items as with real ratings.
  -- @tparam integer count
  -- @treturn table list of item rows
  function made.items(count)
    local list, taken = {}, {}
    local all = 1 - math.exp(-made.n_items / 575)
    while #list < count do
      local item = 1 + math.floor(-575 * math.log(1 - made.uniform() * all))
      if item <= made.n_items and not taken[item] then
        list[#list + 1], taken[item] = item, true
      end
    end
    return list
  end

  return made
end
