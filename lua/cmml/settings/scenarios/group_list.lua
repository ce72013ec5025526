--- Groups of items from a list that a script wrote.
--
-- @module cmml.settings.scenarios.group_list
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"

-- The row of an item, which is its number or its raw id as text; nil and what is wrong with it.
-- Unknown raw ids are nil and true.
local function row_of(item, items)
  if type(item) == "string" then
    local row = items:id(item)
    return row, not row
  end
  local row = math.tointeger(item)
  if not row or row < 1 or row > #items then
    return nil, ("item %s is no row of the %d items (raw ids are given as text)"):format(
      plain.tostring(item), #items)
  end
  return row
end

-- The items as they were given, as a list.
local function list_of(given)
  local meta = getmetatable(given)
  if type(given) == "userdata" and type(meta) == "table"
    and tostring(meta.__name):find "%.Ids$" then
    return given:totable()
  end
  return type(given) == "table" and given or nil
end

--- Groups of a list as columns.
-- @tparam table core
-- @tparam table list of {name, items = Ids or a list of row numbers and of raw ids as text, domain}
-- @tparam Vocab items
-- @tparam boolean strict a raw id that is unknown is an error; otherwise it is left out
-- @treturn ?table names, domains (lists), group_ids, item_ids (Ids: the pairs), unknown_items (how
-- many raw ids were left out)
-- @treturn ?string message
return function(core, list, items, strict)
  local result, groups, rows = { names = {}, domains = {}, unknown_items = 0 }, {}, {}
  local skipped = {}
  for g, group in ipairs(list) do
    if type(group) ~= "table" or type(group.name) ~= "string" then
      return nil, ("group %d must be {name = text, items = list}, not %s"):format(g,
        type(group) == "table" and "a table without a name" or type(group))
    end
    local given = list_of(group.items)
    if not given then
      return nil, ("group %s: items must be Ids or a list, not %s"):format(group.name,
        type(group.items))
    end
    result.names[g], result.domains[g] = group.name, group.domain
    for _, item in ipairs(given) do
      local row, wrong = row_of(item, items)
      if wrong == true and strict then
        wrong = ("item %s is unknown; %s leaves such out"):format(args.quote(item),
          args.option("unknown", "skip"))
      end
      if type(wrong) == "string" then
        return nil, ("group %s: %s"):format(args.shown(group.name), wrong)
      elseif row then
        groups[#groups + 1], rows[#rows + 1] = g, row
      elseif not skipped[item] then
        skipped[item], result.unknown_items = true, result.unknown_items + 1
      end
    end
  end
  result.group_ids, result.item_ids = core.ids(groups), core.ids(rows)
  return result
end
