--- Groups of items: from a function, or from a file that says which item is in which group.
--
-- @module cmml
return function(cmml)
  local core = cmml.core

  -- Collects {name, item row} as columns.
  local function collector()
    local names, groups, rows = core.vocab(), {}, {}
    return {
      add = function(name, row)
        groups[#groups + 1], rows[#rows + 1] = names:add(name), row
      end,
      finish = function(unknown_items)
        local list = {}
        for g = 1, #names do
          list[g] = names:text(g)
        end
        return { names = list, group_ids = core.ids(groups), item_ids = core.ids(rows),
          unknown_items = unknown_items }
      end,
    }
  end

  --- Groups of items by what a function says of each.
  -- @tparam Vocab items raw ids
  -- @tparam function how of an item's row and raw id: the name of its group (a text or number), a
  -- list of names, or nil
  -- @treturn table names (list), group_ids, item_ids (Ids: the pairs), for `scenario_data`
  function cmml.group_by(items, how)
    local all = collector()
    for row = 1, #items do
      local given = how(row, items:text(row))
      for _, name in ipairs(type(given) == "table" and given or { given }) do
        if type(name) ~= "string" and math.type(name) ~= "integer" then
          error(("group_by: the group of item %q must be a text, a whole number or a list of them, "
            .. "not %s"):format(items:text(row), type(name)), 2)
        end
        all.add(name, row)
      end
    end
    return all.finish(0)
  end
end
