--- Supports of many people with sequences for `cmml recommend --users`.
--
-- @module cmml.settings.sequences.requests

return function(_, use)
  local requests = use "settings.requests"

  -- The people of data: ids in order, and a function of an id that gives the sequence.
  return requests(function(_, data)
    local ids, first, row = {}, {}, 1
    local lengths, items = data.sequences.users:totable(), data.sequences.items:totable()
    for user, n in ipairs(lengths) do
      ids[user], first[user], row = data.users:text(user), row, row + n
    end
    return ids, function(id)
      local user, given = data.users:id(id), {}
      if not user then
        return nil
      end
      for at = first[user], first[user] + lengths[user] - 1 do
        given[#given + 1] = { data.items:text(items[at]) }
      end
      return given
    end
  end)
end
