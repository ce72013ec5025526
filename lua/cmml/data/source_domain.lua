--- What a catalogue knows of the source domain: what users took of items that lie in no scenario.
--
-- It is a table {users = Segments, one a user; items = Ids, rising within a user; domain = Ids,
-- rising: all items of the domain, taken by somebody known or not; common = how many of the users
-- are known to have taken items of scenarios as well, where that is known}. Items are rows of the
-- catalogue.
--
-- @module cmml.data.source_domain
local args = require "cmml.base.args"

return function(cmml)
  local core = cmml.core
  local source_domain = {}

  -- Whether a list of items is known and rising within each segment.
  local function is_rising(users, items)
    local lists = { users = users, items = items }
    return (pcall(core.common_interactions, lists, lists))
  end

  --- Where items stand among those of a domain.
  -- @tparam Ids domain rising
  -- @tparam Ids items rows of the catalogue
  -- @tparam integer n_items of the catalogue
  -- @treturn Ids [items]; 0 for one that is not of the domain
  function source_domain.places(domain, items, n_items)
    local place = {}
    for row = 1, n_items do
      place[row] = 0
    end
    for k, row in ipairs(domain:totable()) do
      place[row] = k
    end
    return core.map_ids(items, core.ids(place))
  end

  --- What is wrong with a source domain.
  -- @param source
  -- @tparam integer n_users of the catalogue
  -- @tparam integer n_items of the catalogue
  -- @treturn ?string nil where nothing is
  function source_domain.problem(source, n_users, n_items)
    if type(source) ~= "table" then
      return ("it must be a table of users, items and domain, not %s"):format(args.describe(source))
    end
    for _, field in ipairs { { "users", "Segments" }, { "items", "Ids" }, { "domain", "Ids" } } do
      if not args.describe(source[field[1]]):find("^cmml%d*%." .. field[2] .. "$") then
        return ("its %s must be %s, not %s"):format(field[1], field[2],
          args.describe(source[field[1]]))
      end
    end
    if #source.users ~= n_users then
      return ("it is of %d users, but the catalogue has %d"):format(#source.users, n_users)
    elseif not is_rising(source.users, source.items) then
      return "its items must be rows of the catalogue, rising within each user, as many as its "
        .. "users cover"
    elseif not is_rising(core.segments { #source.domain }, source.domain) then
      return "its domain must be rows of the catalogue, rising"
    end
    local rows = source.domain:totable()
    if #rows > 0 and rows[#rows] > n_items then
      return ("its domain has row %d of %d items"):format(rows[#rows], n_items)
    end
    local ok, places = pcall(source_domain.places, source.domain, source.items, n_items)
    if not ok or #core.select_ids(places, places) < #places then
      return "its items have some that are not of its domain"
    end
  end

  --- Why a kind that learns from a source domain can do nothing with what a catalogue knows of it.
  -- @tparam ?table source nil: nothing
  -- @treturn ?string nil where there is no reason
  function source_domain.lack(source)
    if not source then
      return "the catalogue has no source domain (what users took of items that lie in no "
        .. "scenario); the catalogue of a split (split:catalogue) has one"
    elseif #source.domain == 0 then
      return ("there is no source domain: every item lies in a scenario; narrower filters (%s, %s) "
        .. "leave items that lie in none"):format(args.option "min_items", args.option "max_items")
    elseif #source.items == 0 or source.common == 0 then
      return ("source and target domain have no user in common: none of the users is known to have "
        .. "taken any of the %d items in no scenario%s; other groups, or other filters (%s, %s), "
        .. "make another source domain"):format(#source.domain, #source.items > 0
        and " and an item of a scenario as well" or "", args.option "min_items",
        args.option "max_items")
    end
  end

  return source_domain
end
