--- Made data of the sizes of MovieLens-1M: fields, popularity of the films, lengths of the
-- histories, as the peer makes its own (peers/torch_peer.py). Random numbers are those of
-- math.random: seed it first.
local made = {}

made.n_items, made.n_users = 3706, 6040

-- field, values, values of one row (mean), side
local fields = {
  { "rate", 6, 1, "item" }, { "genre", 25, 2.5, "item" }, { "director", 2186, 1, "item" },
  { "actor", 8030, 4, "item" }, { "gender", 2, 1, "user" }, { "age", 7, 1, "user" },
  { "occupation", 21, 1, "user" }, { "zip", 3402, 1, "user" },
}
local multi = { genre = true, director = true, actor = true }

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
  local list, count = {}, side == "item" and made.n_items or made.n_users
  for row = 1, count do
    list[row] = { id = row }
  end
  for _, field in ipairs(fields) do
    local name, size, mean = field[1], field[2], field[3]
    if field[4] == side then
      local at = 0
      for row = 1, count do
        local values = {}
        for k = 1, math.floor(mean) + (math.random() < mean % 1 and 1 or 0) do
          at = at + 1
          values[k] = at <= size and at or math.random(size)
        end
        list[row][name] = multi[name] and values or values[1]
      end
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
    local item = 1 + math.floor(-575 * math.log(1 - math.random() * all))
    if item <= made.n_items and not taken[item] then
      list[#list + 1], taken[item] = item, true
    end
  end
  return list
end

--- A data set whose histories are as long as those of MovieLens-1M once they are cut at 50 ratings:
-- 71 of 100 people have them all. Stars tell the quality of the film, and chance.
-- @tparam table cmml the library
-- @treturn Dataset
function made.dataset(cmml)
  local quality, ratings = {}, {}
  for item = 1, made.n_items do
    quality[item] = 3.6 + 1.2 * (math.random() - 0.5)
  end
  for user = 1, made.n_users do
    for _, item in ipairs(made.items(math.random() < 0.71 and 50 or math.random(20, 49))) do
      local stars = quality[item] + math.random() + math.random() + math.random() - 1
      ratings[#ratings + 1] = { user, item, math.max(1, math.min(5, math.floor(stars))) }
    end
  end
  return cmml.dataset { name = "made", schema = made.schema(), ratings = ratings,
    items = made.records "item", users = made.records "user" }
end

return made
