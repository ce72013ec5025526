--- Supports of many people with ratings for `cmml recommend --users`.
--
-- @module cmml.settings.users.requests

return function(cmml, use)
  local core = cmml.core
  local requests = use "settings.requests"

  -- What a model can know of a person: the fields of a record that it has.
  local function fields_of(model, record)
    local user = {}
    for _, name in ipairs(model.catalogue.users:field_names()) do
      user[name] = record[name]
    end
    return user
  end

  -- The people of a data set: ids in order, and a function of an id that gives the support.
  return requests(function(model, data)
    local ids, first, at = {}, {}, 1
    local lengths = data.ratings.users:totable()
    for row, length in ipairs(lengths) do
      ids[row], first[row], at = data.users:text(row), at, at + length
    end
    local items, ratings = data.ratings.items, data.ratings.ratings
    return ids, function(id)
      local row, given = data.users:id(id), {}
      if not row then
        return nil
      end
      local from, count = first[row], lengths[row] or 0
      if count > 0 then
        local places = {}
        for i = 1, count do
          places[i] = from + i - 1
        end
        local labels = ratings and ratings:slice(1, from, from + count - 1):totable() or {}
        for i, item in ipairs(core.map_ids(core.ids(places), items):totable()) do
          given[i] = { data.items:text(item), labels[i] or 1 }
        end
      end
      given.user = fields_of(model, data.user_records[row])
      return given
    end
  end)
end
