--- Supports of several people as Rows, and Rows of items to score for them: what settings share in
-- which a task is a person.
--
-- @module cmml.settings.support_rows

return function(cmml)
  local core = cmml.core
  local support_rows = {}

  local function set_of(rows)
    local set = {}
    for _, row in ipairs(rows) do
      set[row] = true
    end
    return set
  end

  -- Item rows some times over, kept for the next call with the same ones.
  local function repeated(kept, items, times)
    if times == 1 then
      return core.ids(items)
    elseif kept.items ~= items or kept.times ~= times then
      local list = {}
      for i = 0, times - 1 do
        table.move(items, 1, #items, i * #items + 1, list)
      end
      kept.ids, kept.items, kept.times = core.ids(list), items, times
    end
    return kept.ids
  end

  --- Supports of some people.
  -- @tparam table lists of each person the item rows, in order
  -- @tparam {number,...} labels of all rows, person by person
  -- @tparam ?table people what is known of the persons, see data/rows.lua
  -- @treturn table rows (Rows, a task a person), taken (a function of a number giving the set of
  -- item rows that this support has), list (a function of the first and the last number and of item
  -- rows giving Rows in which each of these people has these items) and each (a function of a list
  -- of item rows for each person giving Rows in which each has its own)
  function support_rows.of(lists, labels, people)
    local function joined(own)
      local lengths, items = {}, {}
      for i, list in ipairs(own) do
        lengths[i] = #list
        table.move(list, 1, #list, #items + 1, items)
      end
      return { segments = core.segments(lengths), items = core.ids(items), people = people }
    end
    local rows, kept = joined(lists), {}
    rows.labels = #labels > 0 and core.tensor(labels) or core.full({ 0 }, 0)
    return { rows = rows, taken = function(i)
      return set_of(lists[i])
    end, list = function(first, last, list)
      local lengths = {}
      for i = 1, #lists do
        lengths[i] = i >= first and i <= last and #list or 0
      end
      return { segments = core.segments(lengths), people = people,
        items = repeated(kept, list, last - first + 1) }
    end, each = joined }
  end

  --- The support of one person, of what `of` gives of one.
  -- @tparam table all what `of` gave
  -- @treturn table rows, taken (a function giving the set of item rows that the support has) and
  -- list (a function of item rows giving Rows to be scored)
  function support_rows.of_one(all)
    return { rows = all.rows, taken = function()
      return all.taken(1)
    end, list = function(list)
      return all.list(1, 1, list)
    end }
  end

  return support_rows
end
